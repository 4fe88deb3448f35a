"""The simulated outside exchange (the seed's virtual ZB): what it does with each transfer that reaches it. Pure.

Players trade by plain transfers to its account, so that any wallet will do. The memo says what is wanted:

    sell                the money that came along, at the price of the block that took the transfer
    sell at 0.0525      once the price is there (bitasset for one core asset): that much or better
    cancel 3            take order 3 back

Each transfer is answered by exactly one transfer back, named after the place on the chain that it answers. What the
exchange does follows from the transfers and the price path alone: folded again, after a crash, it owes the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bsip_mplp.money import MoneyError, div_floor, format_units, parse_units
from bsip_mplp.ratios import PERMILLE, Price

FEE_PERMILLE = 2

ANSWER_PREFIX = "zb "
"""How the memo of an answer begins; the place of the transfer that it answers follows."""

Side = Literal["core", "bitasset"]

GRAMMAR = 'write "sell", "sell at 0.05" or "cancel 3"'

_MEMO = re.compile(r"^(?:(sell)(?:\s+at[ =]?\s*([0-9.]{1,20}))?|(cancel)\s+#?([0-9]{1,9}))$")


class Incoming(NamedTuple):
    """A transfer to the exchange, in an irreversible block; `memo` is None if it can't be read."""

    source: str
    time: int
    account: str
    side: Side
    units: int
    memo: str | None


class Answer(NamedTuple):
    """A transfer back: what the transfer at `source` comes to."""

    source: str
    account: str
    side: Side
    units: int
    text: str

    @property
    def memo(self) -> str:
        """What its memo says; the beginning tells it from any other."""
        return f"{ANSWER_PREFIX}{self.source} {self.text}"


class OutsideTrade(NamedTuple):
    """What an account bought or sold outside: one is positive, the other negative."""

    time: int
    account: str
    core: int
    bitasset: int


@dataclass(slots=True)
class Order:
    """An order that waits for its price."""

    number: int
    source: str
    account: str
    side: Side
    """What is sold."""
    units: int
    limit: Price


class PricePath(NamedTuple):
    """The outside price as integers: one for each step since `start`; after the last step the last price stands."""

    start: int
    step_seconds: int
    prices: tuple[Price, ...]

    def step_at(self, time: int) -> int:
        """The step that counts at a time, in chain seconds."""
        return max(0, min((time - self.start) // self.step_seconds, len(self.prices) - 1))

    def at(self, time: int) -> Price:
        """The price at a time."""
        return self.prices[self.step_at(time)]

    def time_of(self, step: int) -> int:
        """When a step begins."""
        return self.start + step * self.step_seconds

    @property
    def ends(self) -> int:
        """When the path is over."""
        return self.time_of(len(self.prices))


@dataclass
class Exchange:
    """The exchange's books, folded from what reached it."""

    path: PricePath
    core: str
    bitasset: str
    precisions: dict[str, int]
    orders: dict[int, Order] = field(default_factory=dict)
    """Orders that wait, by number."""
    answers: list[Answer] = field(default_factory=list)
    """All answers, in the order in which they were owed."""
    trades: list[OutsideTrade] = field(default_factory=list)
    numbers: int = 0
    step: int = 0

    # --- what comes in ----------------------------------------------------------------------------------------

    def take(self, incoming: Incoming) -> None:
        """Fill first what the price has reached since, then do what a transfer asks for."""
        self.advance(incoming.time)
        found = None if incoming.memo is None else _MEMO.match(" ".join(incoming.memo.lower().split()))
        if found is None:
            why = "the memo can't be read" if incoming.memo is None else "the memo is not understood"
            self._give_back(incoming, f"{why}: {GRAMMAR}")
        elif found[3]:
            self._cancel(incoming, int(found[4]))
        elif found[2]:
            self._place(incoming, found[2])
        else:
            self._sell(incoming.source, incoming.account, incoming.side, incoming.units, self.path.at(incoming.time),
                       incoming.time)  # fmt: skip

    def advance(self, time: int) -> None:
        """Fill the orders that wait, step by step up to a time, the oldest first."""
        last = self.path.step_at(time)
        while self.step < last:
            self.step += 1
            price = self.path.prices[self.step]
            for order in [order for order in self.orders.values() if _reached(order, price)]:
                del self.orders[order.number]
                self._sell(order.source, order.account, order.side, order.units, price, self.path.time_of(self.step))

    def _sell(self, source: str, account: str, side: Side, units: int, price: Price, time: int) -> None:
        got = after_fee(units, side, price)
        other: Side = "bitasset" if side == "core" else "core"
        if got <= 0:
            self._answer(source, account, side, units, "too little to sell")
            return
        core, bitasset = (-units, got) if side == "core" else (got, -units)
        self.trades.append(OutsideTrade(time, account, core, bitasset))
        self._answer(source, account, other, got, f"sold {self.show(side, units)} at {self.show_price(price)}")

    def _place(self, incoming: Incoming, text: str) -> None:
        limit = self._limit(text)
        if limit is None:
            self._give_back(incoming, f"{text[:20]} is no price: write for example sell at 0.05")
            return
        self.numbers += 1
        order = Order(self.numbers, incoming.source, incoming.account, incoming.side, incoming.units, limit)
        price = self.path.at(incoming.time)
        if _reached(order, price):
            self._sell(order.source, order.account, order.side, order.units, price, incoming.time)
        else:
            self.orders[order.number] = order

    def _limit(self, text: str) -> Price | None:
        """A price such as 0.0525, exactly: bitasset units for the core units of one whole core asset."""
        try:
            units = parse_units(text, self.precisions[self.bitasset] + LIMIT_DIGITS)
        except MoneyError:
            return None
        return Price(units, 10 ** (self.precisions[self.core] + LIMIT_DIGITS)) if units > 0 else None

    def _cancel(self, incoming: Incoming, number: int) -> None:
        order = self.orders.get(number)
        if order is None or order.account != incoming.account:
            self._give_back(incoming, f"order {number} is not yours, or waits no more")
            return
        del self.orders[number]
        self._answer(order.source, order.account, order.side, order.units, f"order {number} is cancelled")
        self._give_back(incoming, f"order {number} is cancelled")

    def _give_back(self, incoming: Incoming, why: str) -> None:
        self._answer(incoming.source, incoming.account, incoming.side, incoming.units, why)

    def _answer(self, source: str, account: str, side: Side, units: int, text: str) -> None:
        self.answers.append(Answer(source, account, side, units, text))

    # --- for people -------------------------------------------------------------------------------------------

    def symbol(self, side: Side) -> str:
        """The asset of a side."""
        return self.core if side == "core" else self.bitasset

    def show(self, side: Side, units: int) -> str:
        """An amount with its asset."""
        symbol = self.symbol(side)
        return f"{format_units(units, self.precisions[symbol])} {symbol}"

    def show_price(self, price: Price) -> str:
        """A price as bitasset for one core asset, with 7 digits after the point, rounded down."""
        return show_price(price, self.precisions[self.core], self.precisions[self.bitasset])


LIMIT_DIGITS = 6
"""Digits that a limit may have beyond the bitasset's own."""

PRICE_DIGITS = 7


def show_price(price: Price, core_precision: int, bitasset_precision: int) -> str:
    """A price as bitasset for one core asset, rounded down."""
    scaled = price.bitasset * 10 ** (core_precision + PRICE_DIGITS) // (price.core * 10**bitasset_precision)
    return format_units(scaled, PRICE_DIGITS)


def after_fee(units: int, side: Side, price: Price) -> int:
    """What a sale brings, less the exchange's fee, rounded down."""
    keep = PERMILLE - FEE_PERMILLE
    if side == "core":
        return div_floor(units * price.bitasset * keep, price.core * PERMILLE)
    return div_floor(units * price.core * keep, price.bitasset * PERMILLE)


def _reached(order: Order, price: Price) -> bool:
    """Whether a price is an order's limit or better: dearer for who sells core asset, cheaper for who buys it."""
    here, limit = price.bitasset * order.limit.core, order.limit.bitasset * price.core
    return here >= limit if order.side == "core" else here <= limit


def unanswered(exchange: Exchange, answered: Callable[[str], bool]) -> list[Answer]:
    """The answers that were not sent yet, in their order."""
    return [answer for answer in exchange.answers if not answered(answer.source)]
