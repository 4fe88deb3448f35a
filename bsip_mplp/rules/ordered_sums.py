"""An ordered map with sums: what stands up to a key, how far a condition on the sums holds, what lies between two.

A treap whose priorities are computed from the numbers of what it holds, so that a replay builds the same tree. Each
operation costs in the logarithm of its size; going through a range costs what the range holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

_MASK = (1 << 64) - 1


class Sums(NamedTuple):
    """How many stand there, and their collateral and debt in smallest units."""

    size: int
    collateral: int
    debt: int

    def more(self, other: Sums) -> Sums:
        """These and those."""
        return Sums(self.size + other.size, self.collateral + other.collateral, self.debt + other.debt)

    def less(self, other: Sums) -> Sums:
        """These without those."""
        return Sums(self.size - other.size, self.collateral - other.collateral, self.debt - other.debt)


NOTHING = Sums(0, 0, 0)

Test = Callable[[Sums, int], bool]
"""Whether a condition holds of the sums up to and with an item, and its key; true of a prefix of the items."""


class _Node:
    __slots__ = ("collateral", "count", "debt", "left", "place", "rank", "right", "sum_c", "sum_d", "sum_n")

    def __init__(self, place: tuple[int, int], sums: Sums) -> None:
        self.place = place
        self.count, self.collateral, self.debt = sums
        self.rank = _rank(place[1])
        self.left: _Node | None = None
        self.right: _Node | None = None
        self.sum_n, self.sum_c, self.sum_d = sums

    def add_up(self) -> _Node:
        """Sum anew what stands at and under this node."""
        count, collateral, debt = self.count, self.collateral, self.debt
        for child in (self.left, self.right):
            if child is not None:
                count, collateral, debt = count + child.sum_n, collateral + child.sum_c, debt + child.sum_d
        self.sum_n, self.sum_c, self.sum_d = count, collateral, debt
        return self


def _rank(number: int) -> int:
    mixed = (number + 1) * 0x9E3779B97F4A7C15 & _MASK
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
    return mixed ^ mixed >> 31


class OrderedSums:
    """Numbers ordered by a key, each with a count, a collateral and a debt; one place each."""

    __slots__ = ("_keys", "_root")

    def __init__(self) -> None:
        self._root: _Node | None = None
        self._keys: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, number: int) -> bool:
        return number in self._keys

    def put(self, number: int, key: int, sums: Sums = NOTHING) -> None:
        """Give a number its place, instead of the one it had."""
        self.discard(number)
        self._keys[number] = key
        self._root = _insert(self._root, _Node((key, number), sums))

    def discard(self, number: int) -> None:
        """Take a number out, if it is there."""
        key = self._keys.pop(number, None)
        if key is not None:
            self._root = _remove(self._root, (key, number))

    def up_to(self, key: int) -> Sums:
        """The sums of all whose key is not over `key`."""
        node, count, collateral, debt = self._root, 0, 0, 0
        while node is not None:
            if node.place[0] > key:
                node = node.left
                continue
            left = node.left
            count, collateral, debt = count + node.count, collateral + node.collateral, debt + node.debt
            if left is not None:
                count, collateral, debt = count + left.sum_n, collateral + left.sum_c, debt + left.sum_d
            node = node.right
        return Sums(count, collateral, debt)

    def total(self) -> Sums:
        """The sums of all."""
        root = self._root
        return NOTHING if root is None else Sums(root.sum_n, root.sum_c, root.sum_d)

    def last_key(self) -> int:
        """The largest key; raises `ValueError` if nothing stands here."""
        node = self._root
        if node is None:
            raise ValueError("nothing stands here")
        while node.right is not None:
            node = node.right
        return node.place[0]

    def last(self, holds: Test) -> int | None:
        """The largest key up to which, item by item, the condition holds."""
        node, before, found = self._root, NOTHING, None
        while node is not None:
            left, count, collateral, debt = node.left, *before
            count, collateral, debt = count + node.count, collateral + node.collateral, debt + node.debt
            if left is not None:
                count, collateral, debt = count + left.sum_n, collateral + left.sum_c, debt + left.sum_d
            here = Sums(count, collateral, debt)
            if holds(here, node.place[0]):
                found, before, node = node.place[0], here, node.right
            else:
                node = left
        return found

    def key_under(self, key: int) -> int | None:
        """The largest key under `key`."""
        node, found = self._root, None
        while node is not None:
            if node.place[0] < key:
                found, node = node.place[0], node.right
            else:
                node = node.left
        return found

    def between(self, over: int, up_to: int) -> Iterator[tuple[int, int]]:
        """(key, number) of all with `over < key ≤ up_to`, in order."""
        path: list[_Node] = []
        node = self._root
        while path or node is not None:
            if node is not None:
                if node.place[0] > over:
                    path.append(node)
                    node = node.left
                else:
                    node = node.right
                continue
            node = path.pop()
            if node.place[0] > up_to:
                return
            yield node.place
            node = node.right


def _insert(root: _Node | None, new: _Node) -> _Node:
    if root is None:
        return new
    if new.rank > root.rank:
        new.left, new.right = _split(root, new.place)
        return new.add_up()
    if new.place < root.place:
        root.left = _insert(root.left, new)
    else:
        root.right = _insert(root.right, new)
    return root.add_up()


def _split(root: _Node | None, place: tuple[int, int]) -> tuple[_Node | None, _Node | None]:
    if root is None:
        return None, None
    if root.place < place:
        root.right, right = _split(root.right, place)
        return root.add_up(), right
    left, root.left = _split(root.left, place)
    return left, root.add_up()


def _join(left: _Node | None, right: _Node | None) -> _Node | None:
    if left is None or right is None:
        return right if left is None else left
    if left.rank > right.rank:
        left.right = _join(left.right, right)
        return left.add_up()
    right.left = _join(left, right.left)
    return right.add_up()


def _remove(root: _Node | None, place: tuple[int, int]) -> _Node | None:
    if root is None:
        return None
    if root.place == place:
        return _join(root.left, root.right)
    if place < root.place:
        root.left = _remove(root.left, place)
    else:
        root.right = _remove(root.right, place)
    return root.add_up()
