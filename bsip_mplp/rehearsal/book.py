"""The order book on plain integers: two sides, best price first, the oldest of equals."""

from __future__ import annotations

from bisect import bisect_left, insort

from bsip_mplp.rehearsal.market import CORE, USD, Side
from bsip_mplp.rehearsal.positions import KEY_SHIFT


class Order:
    """A limit order: `for_sale` is left of what sells at `base` for `quote`."""

    __slots__ = ("base", "for_sale", "key", "number", "quote", "sell", "seller")

    def __init__(self, number: int, seller: int, sell: Side, units: int, receive: int) -> None:
        self.number, self.seller, self.sell = number, seller, sell
        self.for_sale = self.base = units
        self.quote = receive
        self.key = (-((units << KEY_SHIFT) // receive), number)

    def copy(self) -> Order:
        """The order as it is now."""
        made = Order(self.number, self.seller, self.sell, self.base, self.quote)
        made.for_sale = self.for_sale
        return made

    @property
    def worth(self) -> int:
        """What is left to sell at the order's own price, rounded down."""
        return self.for_sale * self.quote // self.base


class Book:
    """The orders of both sides, by number and by price."""

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self._sides: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])

    def add(self, order: Order) -> None:
        """Put an order into the book."""
        self.orders[order.number] = order
        insort(self._sides[order.sell], order.key)

    def remove(self, order: Order) -> None:
        """Take an order off the book."""
        del self.orders[order.number]
        side = self._sides[order.sell]
        del side[bisect_left(side, order.key)]

    def first(self, sell: Side) -> Order | None:
        """The best order that sells an asset."""
        side = self._sides[sell]
        return self.orders[side[0][1]] if side else None

    def copy(self) -> Book:
        """The book as it is now, with orders of its own."""
        made = Book()
        made.orders = {number: order.copy() for number, order in self.orders.items()}
        made._sides = (self._sides[CORE].copy(), self._sides[USD].copy())
        return made
