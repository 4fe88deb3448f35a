"""Chain time against the wall clock.

Blocks carry whole seconds. With an interval of a second or more every block moves chain time by at least the
interval, as in core. With a shorter interval chain time follows the wall clock and several blocks share a second:
clients that compute expirations from their own clock stay right however fast blocks come. Time that was moved
forward on demand stays ahead of the wall clock by as much.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Clock:
    """Says when the next block may carry which time."""

    def __init__(self, interval: float, wall: Callable[[], float] = time.time) -> None:
        self.interval = interval
        self._wall = wall
        self.ahead = 0

    @property
    def on_demand(self) -> bool:
        """No blocks by time: one for each transaction, and when asked for."""
        return self.interval == 0

    @property
    def step(self) -> int:
        """Whole seconds that a block must add."""
        return math.ceil(self.interval) if self.interval >= 1 else 0

    @property
    def slot(self) -> int:
        """``block_interval`` of the chain: whole seconds, at least one."""
        return max(1, math.ceil(self.interval))

    def now(self) -> int:
        """The wall clock, moved forward as far as the chain was."""
        return math.floor(self._wall()) + self.ahead

    def next_time(self, head: int) -> int:
        """The time of a block that is made now."""
        now = self.now()
        return max(head + self.step, now - now % self.slot)

    def follow(self, head: int) -> None:
        """The chain was moved: never fall behind its head again."""
        self.ahead = max(self.ahead, head - math.floor(self._wall()))
