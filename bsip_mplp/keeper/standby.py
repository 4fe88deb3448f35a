"""Standing by: waiting for the lead, with the journal folded ahead meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from bsip_mplp.journal import BrokenChainError, Journal, JournalError, UnreachableError
from bsip_mplp.keeper.errors import OtherKeeperError
from bsip_mplp.keeper.folded import Folded
from bsip_mplp.keeper.lead import Lead, lead
from bsip_mplp.keeper.stop import Stop

STANDBY_SECONDS: Final = 1.0
FOLD_SECONDS_MAX: Final = 2.0
"""How long is folded at once while nobody looks whether the leader is gone."""

log = logging.getLogger("mplp.keeper")


class Ahead:
    """The journal folded ahead, kept up to date while standing by; handed over once."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._folded: Folded | None = None
        self._is_ready = False

    def follow(self) -> bool:
        """Fold what the leader wrote since, a part at a time; tells whether that was all. A fault is put off."""
        try:
            with Journal.open(self._url, read_only=True) as journal:
                if self._folded is None or not self._folded.belongs_to(journal):
                    self._folded = Folded.begin(journal)
                was_ready, self._is_ready = self._is_ready, self._folded.fold_on(journal, FOLD_SECONDS_MAX)
                if self._is_ready and not was_ready:
                    log.info("ready to take over: %d inputs are folded", self._folded.head.seq)
                return self._is_ready
        except BrokenChainError:
            self._folded = None  # whoever leads next folds it from the beginning, and says what is wrong
        except JournalError as error:
            log.debug("the journal can't be followed now: %s", error)
        return True

    def take(self) -> Folded | None:
        """What was folded, for the keeper that leads now; the next one begins from nothing."""
        folded, self._folded = self._folded, None
        return folded


@contextmanager
def leading(database_url: str, stop: Stop, ahead: Ahead, *, standby: bool) -> Iterator[Lead | None]:
    """The lead of the journal's keepers; with `standby` wait for it until told to stop, which gives None.

    Without `standby` raises `OtherKeeperError`, or an `OpenError`; a database that can't be reached is waited for.
    """
    told = ""
    while not stop.was_asked:
        with ExitStack() as stack:
            try:
                held = stack.enter_context(lead(database_url))
            except (OtherKeeperError, UnreachableError) as error:
                if not standby:
                    raise
                fact = error.fact if isinstance(error, OtherKeeperError) else str(error)
                if fact != told:
                    log.info("standing by: %s", told := fact)
            else:
                yield held
                return
        if ahead.follow():
            stop.wait(STANDBY_SECONDS)
    yield None
