"""Money and limit orders on plain integers: how two orders meet, with the chain's rounding (`db_market.cpp`)."""

# Methods without a docstring of their own are documented by `market.Market`.
# ruff: noqa: D102

from __future__ import annotations

import numpy as np

from bsip_mplp.rehearsal.book import Book, Order
from bsip_mplp.rehearsal.feed_prices import Pair, up
from bsip_mplp.rehearsal.market import CORE, USD, Side, Units


class Exchange:
    """Free money of accounts, and the order book; `market_fee` is of the bitasset, per 10,000."""

    def __init__(self, accounts: int, market_fee: int) -> None:
        self.core: Units = np.zeros(accounts, dtype=np.int64)
        self.bitasset: Units = np.zeros(accounts, dtype=np.int64)
        self.book = Book()
        self.last_price: Pair | None = None
        self.bitasset_fees = 0
        self._market_fee = market_fee
        self._next_number = 0

    # --- money --------------------------------------------------------------------------------------------

    def _money(self, side: Side) -> Units:
        return self.core if side == CORE else self.bitasset

    def create_core(self, account: int, units: int) -> None:
        self.core[account] += units

    def has(self, account: int, side: Side, units: int) -> bool:
        return 0 < units <= int(self._money(side)[account])

    def transfer(self, sender: int, receiver: int, side: Side, units: int) -> bool:
        if not self.has(sender, side, units):
            return False
        money = self._money(side)
        money[sender] -= units
        money[receiver] += units
        return True

    def resting(self) -> list[tuple[int, Side, int]]:
        return [(order.seller, order.sell, order.for_sale) for order in self.book.orders.values()]

    # --- orders -------------------------------------------------------------------------------------------

    def best(self, sells: Side) -> Pair | None:
        order = self.book.first(sells)
        if order is None:
            return None
        return (order.base, order.quote) if sells == USD else (order.quote, order.base)

    def cancel(self, account: int, order: int) -> bool:
        found = self.book.orders.get(order)
        if found is None or found.seller != account:
            return False
        self._give_back(found)
        return True

    def _give_back(self, order: Order) -> None:
        self._money(order.sell)[order.seller] += order.for_sale
        self.book.remove(order)

    def _number(self) -> int:
        self._next_number += 1
        return self._next_number

    def _match_book(self, taker: Order, limit: Pair, *, strictly: bool) -> bool:
        """Match with makers that give more of their asset for the taker's than a limit; true if that ended it."""
        side: Side = USD if taker.sell == CORE else CORE
        gives, takes = limit
        while (maker := self.book.first(side)) is not None:
            better = maker.base * takes - gives * maker.quote
            if better < 0 or (strictly and better == 0):
                return False
            if self._match_orders(taker, maker):
                return True
        return False

    def _match_orders(self, taker: Order, maker: Order) -> bool:
        """One match at the maker's price; true if the taker is done."""
        base, quote = maker.base, maker.quote
        cull_taker = False
        wanted = maker.for_sale * quote // base
        if taker.for_sale <= wanted:
            taker_receives = taker.for_sale * base // quote
            if taker_receives == 0:
                return True
            maker_receives = up(taker_receives, quote, base)
            cull_taker = True
        else:
            maker_receives = wanted
            taker_receives = up(wanted, base, quote)
        self.last_price = (base, quote) if maker.sell == USD else (quote, base)
        taker_gone = self._fill(taker, maker_receives, taker_receives, cull=cull_taker)
        maker_gone = self._fill(maker, taker_receives, maker_receives, cull=True)
        return taker_gone or not maker_gone

    def _fill(self, order: Order, pays: int, receives: int, *, cull: bool) -> bool:
        """Fill an order in part or in full; true if it is gone."""
        if order.sell == CORE:
            fee = receives * self._market_fee // 10_000
            self.bitasset_fees += fee
            self.bitasset[order.seller] += receives - fee
        else:
            self.core[order.seller] += receives
        if pays == order.for_sale:
            self.book.remove(order)
            return True
        order.for_sale -= pays
        return self._cull(order) if cull else False

    def _cull(self, order: Order) -> bool:
        """Cancel an order whose rest would sell for nothing at its own price; true if so."""
        if order.worth:
            return False
        self._give_back(order)
        return True
