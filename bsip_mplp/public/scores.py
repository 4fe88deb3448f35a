"""Who earned what, and what is due to whom by the thread's terms (RE-8). Pure; amounts are smallest units.

The terms: every registered name gets a stake. What is left of it becomes due to a player, whatever the result, once
the turnover is N times the stake and a set time has gone by. Arbitrage that succeeded has a prize of its own. The
program keeps and shows who qualifies, and pays nothing real.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bsip_mplp.money import div_floor
from bsip_mplp.ratios import Price

Venue = Literal["outside", "inside"]


class Terms(NamedTuple):
    """The terms of a rehearsal. Amounts in smallest units of the core asset, times in chain seconds."""

    stake: int
    turnover_times: int
    seconds: int
    prize: int
    """For each arbitrage that succeeded."""
    prizes_most: int
    """How many of them count for one player."""
    arbitrage_seconds: int
    """How long the two sides of an arbitrage may be apart."""
    arbitrage_least: int
    """The least core asset that must go through."""


class Trade(NamedTuple):
    """A player's trade: bought is positive, sold negative. `counts` says whether it can be half of an arbitrage.

    Inside only what was traded with the house or with a called position counts: two players could agree on any price.
    """

    time: int
    venue: Venue
    core: int
    bitasset: int
    counts: bool = True


class Arbitrage(NamedTuple):
    """What was bought in one place and sold in the other, in time: core asset through, and bitasset earned."""

    time: int
    core: int
    profit: int


class Holdings(NamedTuple):
    """What a player has, whatever it is in: both assets, and what is owed to the chain."""

    core: int = 0
    bitasset: int = 0
    debt: int = 0

    def worth(self, price: Price) -> int:
        """All of it in core asset, at a price: what is owed rounded up, what is had down."""
        net = self.bitasset - self.debt
        return self.core + div_floor(net * price.core, price.bitasset)


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the table."""

    name: str
    left: int
    """What is left: everything that the player has, in core asset, less what other players gave it."""
    earned: int
    turnover: int
    turnover_needed: int
    due_from: int
    """When the time is over."""
    arbitrages: int
    arbitrage_profit: int
    """In bitasset."""
    prize: int
    qualified: int | None
    """When both terms held first, in chain seconds."""
    due: int | None
    """What was left at that moment: what is due, in core asset."""


def arbitrages(trades: Iterable[Trade], terms: Terms) -> list[Arbitrage]:
    """The arbitrages in a player's trades: core asset bought at one venue and sold at the other, first in first out.

    A sale is matched with what the other venue brought within the time allowed, and the other way round. It is one
    arbitrage for each trade that ends it, if it went through with a profit after all fees.
    """
    open_parts: dict[tuple[Venue, bool], deque[_Part]] = {}
    found = []
    for trade in sorted((one for one in trades if one.counts and one.core), key=lambda one: one.time):
        buys = trade.core > 0
        other: Venue = "inside" if trade.venue == "outside" else "outside"
        waiting = open_parts.setdefault((other, not buys), deque())
        while waiting and waiting[0].time < trade.time - terms.arbitrage_seconds:
            waiting.popleft()
        part = _Part(trade.time, abs(trade.core), abs(trade.bitasset))
        through, profit = 0, 0
        while waiting and part.core:
            core = min(part.core, waiting[0].core)
            ours, theirs = part.take(core, up=buys), waiting[0].take(core, up=not buys)
            through, profit = through + core, profit + (theirs - ours if buys else ours - theirs)
            if not waiting[0].core:
                waiting.popleft()
        if through >= terms.arbitrage_least and profit > 0:
            found.append(Arbitrage(trade.time, through, profit))
        if part.core:
            open_parts.setdefault((trade.venue, buys), deque()).append(part)
    return found


class _Part:
    """What of a trade is not matched yet."""

    def __init__(self, time: int, core: int, bitasset: int) -> None:
        self.time, self.core, self.bitasset = time, core, bitasset

    def take(self, core: int, *, up: bool) -> int:
        """The bitasset of some of the core: rounded up where it was paid, down where it was got."""
        share = self.bitasset * core
        units = -(-share // self.core) if up else share // self.core
        self.core -= core
        self.bitasset -= units
        return units


def turnover(trades: Iterable[Trade], lent: Iterable[int]) -> int:
    """What went through in trades, and what was lent or borrowed, in core asset."""
    return sum(abs(trade.core) for trade in trades) + sum(lent)


class Known(NamedTuple):
    """What is known of a player at one moment."""

    name: str
    registered: int
    holdings: Holdings
    trades: tuple[Trade, ...]
    lent: tuple[int, ...]
    """Loans that it made or took, in core asset."""
    gifts: Holdings
    """What others sent it, less what it sent them."""


def standing(known: Known, terms: Terms, price: Price, now: int, before: tuple[int, int] | None) -> Standing:
    """A player's line; `before` is (when, how much) if it qualified already: what is due then stays."""
    left = known.holdings.worth(price) - known.gifts.worth(price)
    moved, needed = turnover(known.trades, known.lent), terms.turnover_times * terms.stake
    due_from = known.registered + terms.seconds
    qualified, due = before if before is not None else (None, None)
    if before is None and moved >= needed and now >= due_from:
        qualified, due = now, max(0, left)
    found = arbitrages(known.trades, terms)
    return Standing(
        known.name,
        left,
        left - terms.stake,
        moved,
        needed,
        due_from,
        len(found),
        sum(one.profit for one in found),
        min(len(found), terms.prizes_most) * terms.prize,
        qualified,
        due,
    )


def ranked(standings: Iterable[Standing]) -> list[Standing]:
    """Who earned most first; of equals who comes first by name."""
    return sorted(standings, key=lambda one: (-one.earned, one.name))
