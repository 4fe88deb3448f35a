"""What falls due, in the one order in which it is worked off (G-7, PL-D10)."""

from __future__ import annotations

import heapq
from bisect import insort
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


class _Second:
    """What of one kind falls due in one second. It is sorted once, when the first of it is taken."""

    __slots__ = ("_is_sorted", "_items", "_taken")

    def __init__(self) -> None:
        self._items: list[DueItem] = []
        self._taken = 0
        self._is_sorted = False

    def add(self, item: DueItem) -> None:
        if self._is_sorted:
            insort(self._items, item, lo=self._taken)
        else:
            self._items.append(item)

    def take(self) -> DueItem:
        if not self._is_sorted:
            self._items.sort()
            self._is_sorted = True
        self._taken += 1
        return self._items[self._taken - 1]

    @property
    def is_done(self) -> bool:
        return self._taken == len(self._items)


class Schedule:
    """A queue of due items. What an item refers to may have changed since: who works it off looks again.

    Thousands of things fall due in the same second, such as rounds: so the queue is of seconds, one queue a kind, and
    what falls due in one second costs no more apiece when there is more of it.
    """

    def __init__(self) -> None:
        self._times: tuple[list[int], ...] = tuple([] for _ in DueKind)
        """Heaps of the seconds in which something of a kind falls due; a kind's earliest is at hand."""
        self._order: list[tuple[int, DueKind]] = []
        """A heap of all of them."""
        self._seconds: tuple[dict[int, _Second], ...] = tuple({} for _ in DueKind)

    def add(self, item: DueItem) -> None:
        """Put an item in its place."""
        seconds = self._seconds[item.kind]
        second = seconds.get(item.time)
        if second is None:
            second = seconds[item.time] = _Second()
            heapq.heappush(self._times[item.kind], item.time)
            heapq.heappush(self._order, (item.time, item.kind))
        second.add(item)

    def next_time(self, kinds: Collection[DueKind] | None = None) -> int | None:
        """When the earliest item of some kinds, or of all, falls due."""
        if kinds is None:
            return self._order[0][0] if self._order else None
        return min((times[0] for kind in kinds if (times := self._times[kind])), default=None)

    def take(self, until: int) -> DueItem | None:
        """Take out the earliest item if it fell due at or before `until`; the smaller kind at equal times."""
        if not self._order or self._order[0][0] > until:
            return None
        time, kind = self._order[0]
        second = self._seconds[kind][time]
        item = second.take()
        if second.is_done:
            heapq.heappop(self._times[kind])
            heapq.heappop(self._order)
            del self._seconds[kind][time]
        return item
