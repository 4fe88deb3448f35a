"""What falls due, in the one order in which it is worked off (G-7, PL-D10)."""

from __future__ import annotations

import heapq
from collections.abc import Collection
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
    VAULT = 11  # an order that the chain refused is tried again


class DueItem(NamedTuple):
    """When, what, and which: the number of what it concerns; `detail` orders the triggers of one position."""

    time: int
    kind: DueKind
    number: int
    detail: int = 0


class Schedule:
    """A queue of due items. What an item refers to may have changed since: who works it off looks again."""

    def __init__(self) -> None:
        self._heaps: tuple[list[DueItem], ...] = tuple([] for _ in DueKind)
        """One heap a kind, so that the earliest of a kind is at hand without a search."""

    def add(self, item: DueItem) -> None:
        """Put an item in its place."""
        heapq.heappush(self._heaps[item.kind], item)

    def next_time(self, kinds: Collection[DueKind] = tuple(DueKind)) -> int | None:
        """When the earliest item of some kinds, or of all, falls due."""
        return min((heap[0].time for kind in kinds if (heap := self._heaps[kind])), default=None)

    def take(self, until: int) -> DueItem | None:
        """Take out the earliest item if it fell due at or before `until`."""
        first = min((heap[0] for heap in self._heaps if heap), default=None)
        if first is None or first.time > until:
            return None
        return heapq.heappop(self._heaps[first.kind])
