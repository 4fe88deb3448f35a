"""An index that finds what a feed triggers without looking at anything else.

A position triggers when `p · C/D` falls under a limit, that is when `D/C` is over `p / limit`. Ordered by `D/C` the
positions that trigger stand in front, whatever the price and the limit are, so neither a new feed nor a new limit
touches the others. An armed request that runs at `CR ≤ x` has a limit of its own: it is ordered by `x · D/C`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)

SCALE_BITS = 112
"""Two unequal `D/C` of amounts up to 2·10^15 differ by more than 2^-103, so this scale keeps their order exactly."""

_NO_COLLATERAL = 1 << 400
_ENTRIES_LEAST = 64


def order_key(debt: int, collateral: int) -> int:
    """`D/C` as a whole number: the larger, the lower is CR at any price; the same for all that have no collateral."""
    return (debt << SCALE_BITS) // collateral if collateral > 0 else _NO_COLLATERAL


class TriggerIndex(Generic[Name]):
    """Names ordered by debt over collateral, one place each: a heap whose stale entries are passed over."""

    __slots__ = ("_heap", "_place", "_stands")

    def __init__(self) -> None:
        self._heap: list[tuple[int, Name]] = []
        self._place: dict[Name, int] = {}
        self._stands: dict[Name, tuple[int, int]] = {}
        """Debt and collateral that a place was reckoned from."""

    def __len__(self) -> int:
        return len(self._place)

    def put(self, name: Name, debt: int, collateral: int) -> None:
        """Give a name its place by `debt / collateral`, instead of the one it had."""
        stands = (debt, collateral)
        if self._stands.get(name) == stands:
            return
        self.put_at(name, order_key(debt, collateral))
        self._stands[name] = stands

    def put_at(self, name: Name, order: int) -> None:
        """Give a name its place by an `order_key`."""
        key = -order
        if self._place.get(name) == key:
            return
        self._place[name] = key
        heapq.heappush(self._heap, (key, name))
        if len(self._heap) > 2 * len(self._place) + _ENTRIES_LEAST:
            self._heap = [(key, name) for name, key in self._place.items()]
            heapq.heapify(self._heap)

    def discard(self, name: Name) -> None:
        """Take a name out, if it is there."""
        if self._place.pop(name, None) is not None:
            self._stands.pop(name, None)

    def take(self, triggers: Callable[[Name], bool]) -> list[Name]:
        """Take out all names in front that trigger; whoever looks at one puts it back in its new place."""
        taken = []
        while self._heap:
            key, name = self._heap[0]
            current = self._place.get(name) == key
            if current and not triggers(name):
                break
            heapq.heappop(self._heap)
            if current:
                self.discard(name)
                taken.append(name)
        return taken

    def take_from(self, order: int) -> list[Name]:
        """Take out all names whose place is no lower than an `order_key`."""
        return self.take(lambda name: -self._place[name] >= order)
