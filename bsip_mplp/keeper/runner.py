"""Running the bots: each on its schedule, retried with back-off, and never taking the others with it.

One thread runs all of them, one after the other: engine and journal have one writer, and what a bot saw cannot have
changed under it before its plan is carried out.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol

from bsip_mplp.bots.bot import Bot
from bsip_mplp.chain.errors import ChainError, UnreachableError
from bsip_mplp.journal import JournalError
from bsip_mplp.keeper.desk import Desk, Done
from bsip_mplp.keeper.logs import without_keys
from bsip_mplp.keeper.status import BotStatus

BACK_OFF_SECONDS_MAX: Final = 60.0
WATCH_SECONDS: Final = 5.0
STUCK_STATUS: Final = 70
"""The exit status of a keeper that made no progress: a supervisor starts it again."""
DOUBLINGS_MAX: Final = 10
AUDITOR: Final = "auditor"
"""The bot whose alarms stop payouts."""

log = logging.getLogger("mplp.keeper")


class Board(Protocol):
    """Where the bots' statuses are kept."""

    def read(self) -> list[BotStatus]: ...  # noqa: D102
    def write(self, status: BotStatus) -> None: ...  # noqa: D102


class NoBoard:
    """A board that keeps nothing, for a dry run."""

    def read(self) -> list[BotStatus]:
        """Nothing."""
        return []

    def write(self, status: BotStatus) -> None:
        """Forget it."""


class Keeper:
    """The bots and the desk that they work at. The desk is opened when first needed, and anew after a fault of it."""

    def __init__(
        self,
        open_desk: Callable[[], Desk],
        bots: Sequence[Bot],
        every_seconds: Mapping[str, float],
        board: Board,
        clock: Callable[[], float] = time.time,
        *,
        stuck_seconds: float = 900.0,
        give_up: Callable[[int], object] = os._exit,
    ) -> None:
        self._open_desk = open_desk
        self._bots = {bot.name: bot for bot in bots}
        self._every = every_seconds
        self._board = board
        self._clock = clock
        self._stuck_seconds = stuck_seconds
        self._give_up = give_up
        self._moved_at = time.monotonic()
        self._desk: Desk | None = None
        self._statuses = {status.name: status for status in board.read() if status.name in self._bots}
        self._not_before: dict[str, float] = {}
        """Until when a bot that failed is left alone, by the clock that nobody can set."""

    def run(self, name: str) -> bool:
        """Let a bot look, plan and do once; tells whether it succeeded. A failure is logged, kept and survived."""
        bot = self._bots[name]
        began = int(self._clock())
        before = self._statuses.get(name) or BotStatus(name, round(self._every[name] * 1000))
        status = replace(before, every_milliseconds=round(self._every[name] * 1000), last_run=began)
        try:
            done = self._work(bot)
        except Exception as error:  # noqa: BLE001  whatever goes wrong in one bot must not end the others
            status = self._failed(status, error)
        else:
            wait = max(1, round(self._every[name]))
            status = replace(
                status,
                last_success=int(self._clock()),
                next_run=int(self._clock()) + wait,
                failures=0,
                did=f"{len(done.lines)} done: {done.lines[-1]}" if done.lines else "nothing to do",
                held="\n".join(done.held) or None,
            )
            if status.held != before.held:
                log.info("%s: %s", name, status.held or "nothing is held back any more")
            if before.failures:
                log.info("%s: works again after %d failures", name, before.failures)
        self._statuses[name] = status
        self._moved_at = time.monotonic()
        try:
            self._board.write(status)
        except JournalError as error:
            log.warning("%s: its status is not kept: %s", name, error)
            return False
        return status.failures == 0

    def once(self) -> bool:
        """Run each bot one time, in its turn; tells whether all succeeded, and the audit raised no alarm."""
        done = [self.run(bot.name) for bot in sorted(self._bots.values(), key=lambda bot: bot.turn)]
        audited = self._statuses.get(AUDITOR)
        return all(done) and (audited is None or audited.held is None)

    def dry_run(self) -> list[str]:
        """What each bot would do now, by the same plans; nothing is written or sent."""
        lines: list[str] = []
        for bot in sorted(self._bots.values(), key=lambda bot: bot.turn):
            actions = bot.plan(bot.observe(self.open()))
            planned = [line for action in actions for line in action.lines()]
            lines.extend(f"{bot.name}: {line}" for line in planned or ["nothing to do"])
        return lines

    def serve(self, stop: threading.Event) -> None:
        """Run the bots on their schedules until `stop` is set; a bot that is at work then finishes first."""
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        now = datetime.now(UTC)
        for bot in sorted(self._bots.values(), key=lambda bot: bot.turn):
            scheduler.add_job(
                self._scheduled, "interval", args=[bot.name], id=bot.name, next_run_time=now,
                seconds=self._every[bot.name],
            )  # fmt: skip
        scheduler.start()
        self._moved_at = time.monotonic()
        try:
            while not stop.wait(min(WATCH_SECONDS, self._stuck_seconds)):
                self._watch()
        finally:
            scheduler.shutdown(wait=True)
            self.close()

    def _watch(self) -> None:
        """End the process if no bot came to an end for long: what hangs can't be mended from inside.

        Nothing is lost: starting is recovering.
        """
        seconds = time.monotonic() - self._moved_at
        if seconds > self._stuck_seconds:
            log.critical("no bot came to an end for %.0f s: the keeper ends itself, to be started again", seconds)
            self._give_up(STUCK_STATUS)

    def close(self) -> None:
        """Close the desk."""
        if self._desk is not None:
            self._desk.close()
            self._desk = None

    def _scheduled(self, name: str) -> None:
        # The job is not moved: while the scheduler shuts down, that would wait for the end of this very job
        if time.monotonic() >= self._not_before.get(name, 0.0) and not self.run(name):
            self._not_before[name] = time.monotonic() + self._back_off_seconds(name)

    def open(self) -> Desk:
        """The desk; opened, and the journal folded, if it isn't open. Raises whatever keeps it from opening."""
        if self._desk is None:
            self._desk = self._open_desk()
            log.info("the journal is folded: %d inputs", self._desk.journal.head.seq)
        return self._desk

    def _work(self, bot: Bot) -> Done:
        desk = self.open()
        done = [desk.carry_out(action) for action in bot.plan(bot.observe(desk))]
        lines, held = [line for one in done for line in one.lines], [line for one in done for line in one.held]
        for line in lines:
            log.info("%s: %s", bot.name, line)
        return Done(lines, held)

    def _failed(self, status: BotStatus, error: Exception) -> BotStatus:
        text = without_keys(f"{type(error).__name__}: {' '.join(str(error).split())}")
        status = replace(status, failures=status.failures + 1, last_error=text)
        wait = self._back_off_seconds(status.name, status.failures)
        log.error("%s: failed %d times, again in %.0f s: %s", status.name, status.failures, wait, text)
        log.debug("%s: where it failed", status.name, exc_info=error)
        self._recover(error)
        return replace(status, next_run=int(self._clock() + wait))

    def _recover(self, error: Exception) -> None:
        """After a fault of the chain ask another node; after any other start as after a crash: fold the journal."""
        if self._desk is None:
            return
        if isinstance(error, ChainError) and not self._desk.intake.is_ahead:
            if not isinstance(error, UnreachableError):  # a node that can't be reached was left already
                self._desk.hang_up()
        else:
            log.warning("the journal is opened and folded anew")
            self.close()

    def _back_off_seconds(self, name: str, failures: int | None = None) -> float:
        count = self._statuses[name].failures if failures is None else failures
        longest = max(BACK_OFF_SECONDS_MAX, self._every[name])
        return min(self._every[name] * float(2 ** min(count, DOUBLINGS_MAX)), longest)
