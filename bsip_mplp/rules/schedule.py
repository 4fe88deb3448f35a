"""What falls due, in the one order in which it is worked off (G-7, PL-D10)."""

from __future__ import annotations

import heapq
from enum import IntEnum
from typing import NamedTuple


class DueKind(IntEnum):
    """What can fall due; the smaller goes first at equal times."""

    FEED_EXPIRY = 0  # PL-D44: first in its second
    HOLD = 1
    CURE = 2  # PL-D56: a cure holds last among the holds of a second
    ROUND = 3
    INTEREST = 4
    SHARED_INTEREST = 5  # SP-23: the shared pool comes after the interest of personal pools
    SHARED_LEAVING = 6
    SHARED_CALL = 7
    END = 8
    WINDOW = 9
    DIVIDEND = 10


class DueItem(NamedTuple):
    """When, what, and which: the number of what it concerns; `detail` orders the triggers of one position."""

    time: int
    kind: DueKind
    number: int
    detail: int = 0


class Schedule:
    """A queue of due items. What an item refers to may have changed since: who works it off looks again."""

    def __init__(self) -> None:
        self._heap: list[DueItem] = []

    def add(self, item: DueItem) -> None:
        """Put an item in its place."""
        heapq.heappush(self._heap, item)

    def next_time(self) -> int | None:
        """When the earliest item falls due."""
        return self._heap[0].time if self._heap else None

    def take(self, until: int) -> DueItem | None:
        """Take out the earliest item if it fell due at or before `until`."""
        if self._heap and self._heap[0].time <= until:
            return heapq.heappop(self._heap)
        return None
