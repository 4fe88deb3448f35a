"""Alerts: what `mplp health` has to say is posted to a webhook as it comes up, with a limit on noise.

A thread of its own looks, so that a keeper that hangs is told of too, and a webhook that hangs keeps no bot waiting.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bsip_mplp.chain.errors import KeysError
from bsip_mplp.chain.keys import read_private
from bsip_mplp.config import Alerts
from bsip_mplp.keeper.logs import without_keys

LOOK_SECONDS: Final = 15.0
POST_SECONDS: Final = 10.0
HOUR_SECONDS: Final = 3600
LINES_MAX: Final = 20
TEXT_LENGTH_MAX: Final = 3000
WELL: Final = "all is well again"

log = logging.getLogger("mplp.alerts")


class Noise:
    """Decides what is told, by the monotonic clock in seconds: a reason when it comes up, and again after a while.

    Reasons that differ in figures only are the same one. No more than `per_hour` messages go out in an hour; what
    could not be told then is told with the next. That all is well again is told once.
    """

    def __init__(self, repeat_seconds: float, per_hour: int) -> None:
        self._repeat_seconds = repeat_seconds
        self._per_hour = per_hour
        self._told: dict[str, float] = {}
        self._sent: deque[float] = deque()

    def news(self, reasons: Sequence[str], now: float) -> list[str]:
        """The lines to be told now; nothing if there is no news, or too much was told already."""
        found = {re.sub(r"\d+", "#", reason): reason for reason in reasons}
        due = [key for key in found if now - self._told.get(key, -self._repeat_seconds) >= self._repeat_seconds]
        ended = bool(self._told) and not found
        while self._sent and now - self._sent[0] >= HOUR_SECONDS:
            self._sent.popleft()
        if len(self._sent) >= self._per_hour or not (due or ended):
            return []
        self._sent.append(now)
        self._told = {key: now if key in due else self._told[key] for key in found}
        return [found[key] for key in due] or [WELL]


def read_webhook(path: Path) -> str:
    """The address in a file that only its owner may read, since it is a secret; raises `KeysError`."""
    url = read_private(path, "webhook file").strip()
    if not url.startswith(("https://", "http://")) or len(url.split()) != 1:
        raise KeysError(f"{path}: the webhook file must hold one address, https://…")
    return url


def post(url: str, place: str, lines: Sequence[str]) -> None:
    """Post lines as JSON: `text` for people and chat rooms, `lines` for machines; raises `OSError`."""
    kept = [without_keys(line)[:TEXT_LENGTH_MAX] for line in lines[:LINES_MAX]]
    if len(lines) > LINES_MAX:
        kept.append(f"and {len(lines) - LINES_MAX} more: see mplp health")
    text = f"mplp {place}: " + "\n".join(kept)
    body = {"text": text[:TEXT_LENGTH_MAX], "place": place, "lines": kept, "well": kept == [WELL]}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=POST_SECONDS):
        pass


def look(look_now: Callable[[], Sequence[str]], noise: Noise, send: Callable[[Sequence[str]], None]) -> None:
    """Look once and tell what is new; what goes wrong in that is logged, and never ends the keeper."""
    try:
        reasons = look_now()
    except Exception as error:  # noqa: BLE001  that nobody can look is itself what must be told
        reasons = [f"health can't be read: {type(error).__name__}: {' '.join(str(error).split())}"]
    if lines := noise.news(reasons, time.monotonic()):
        try:
            send(lines)
        except (OSError, ValueError) as error:  # the address is a secret: the fault's text may hold it
            log.warning("an alert could not be posted (%s): %s", type(error).__name__, "; ".join(lines))


@contextmanager
def alerting(alerts: Alerts, place: str, look_now: Callable[[], Sequence[str]]) -> Iterator[None]:
    """Look again and again in a thread of its own, as long as the context is entered, if a webhook is configured.

    Raises a `KeysError` if its address can't be read.
    """
    if alerts.webhook_file is None:
        yield
        return
    url, noise = read_webhook(alerts.webhook_file.expanduser()), Noise(alerts.repeat_seconds, alerts.per_hour)
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(LOOK_SECONDS):
            look(look_now, noise, lambda lines: post(url, place, lines))

    threading.Thread(target=run, name="alerts", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
