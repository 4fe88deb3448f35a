"""Waiting, with a bound, and with an eye on whoever has to do the work meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from bsip_mplp.story.errors import LateError

POLL_SECONDS = 0.05

Found = TypeVar("Found")


class Patience:
    """Polls until something holds. `look_after` is called meanwhile, and raises if waiting has become pointless."""

    def __init__(self, seconds_max: float, say: Callable[[str], None] = lambda text: None) -> None:
        self._seconds_max = seconds_max
        self._say = say
        self.look_after: Callable[[], None] = lambda: None

    def until(self, what: str, look: Callable[[], Found | None]) -> Found:
        """What `look` returns once that is neither None nor False; raises `LateError` if it takes too long."""
        self._say(what)
        deadline = time.monotonic() + self._seconds_max
        while time.monotonic() < deadline:
            found = look()
            if found is not None and found is not False:
                return found
            self.look_after()
            time.sleep(POLL_SECONDS)
        raise LateError(f"waited {self._seconds_max:g} s in vain for {what}")
