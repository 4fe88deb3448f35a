"""Bidders: they buy positions in interest auctions, and risk bonds, for a return that they require (RE-1, PL-27)."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.money import DAYS_PER_YEAR
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rehearsal.agents import money, traits
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.world import ALWAYS, CORE, USD_SYMBOL, Event, World
from bsip_mplp.rules.bond_state import Series
from bsip_mplp.rules.inputs import Bid, BuyBond
from bsip_mplp.rules.state import Auction

HOLDS_DAYS = 20.0
"""How long a bidder reckons that its money is bound by a position it wins."""

SELLING_COST = 0.01
"""What it reckons to lose when it sells the collateral."""

BACK_PERMILLE = 1080
"""Where it can't pay all the debt of a position it won, it brings CR to this over MCR."""

LOOKS_SECONDS = 6 * 3600
"""How often a bidder looks at a position that it won and could not close yet."""

BOND_PART = 4
"""A bidder puts a quarter of its free money, at the most, into one series of bonds."""


class Bidders:
    """All bidders: their capital is bitasset, so that they can pay the debt of what they win."""

    name = "bidders"
    wakes = Event.AUCTION | Event.BOND | Event.TIME | Event.SWAN
    moved_permille = 0
    feed_band = ALWAYS

    def __init__(self, scenario: Scenario) -> None:
        self.idle_rate = scenario.users.idle_rate_per_year

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Draw required return, reaction, how near to its worth each bids; be given the capital."""
        count = len(who)
        self.who = who
        self.required = self.idle_rate + traits.by_size(rng, count, (0.1, 2.0))
        self.reacts = traits.seconds(rng, count, (30.0, 4 * 3600.0))
        self.shares = traits.evenly(rng, count, (0.2, 0.7))
        self.trusts = traits.evenly(rng, count, (0.3, 1.5))
        """What a bidder counts a bond's coupon for."""
        self.seen = 0
        self.plans: list[tuple[int, int, int]] = []
        """What is to be done, as (when, bidder, auction), the earliest first."""
        self.bids: dict[int, list[int]] = {}
        """Who bid, by auction."""
        self.won: dict[int, int] = {}
        """Positions that were won and are not closed, with their bidder."""
        self.looks: dict[int, int] = {}
        """When to look at each of them next."""
        bitasset, core = world.pair(world.outside_price)
        for user in who.tolist():
            world.endow(user, bitasset=int(world.wealth[user]) * bitasset // core)

    def act(self, world: World, why: Event) -> int | None:
        """Look at auctions and bonds; bid what a position is worth to one."""
        if world.engine is None:
            if why & Event.SWAN:
                self._leave(world)
            return None
        book = world.engine.book
        for number in range(self.seen + 1, len(book.auctions) + 1):
            for place in range(len(self.who)):
                heapq.heappush(self.plans, (world.now + int(self.reacts[place]), place, number))
        self.seen = len(book.auctions)
        while self.plans and self.plans[0][0] <= world.now:
            _, place, number = heapq.heappop(self.plans)
            if book.auctions[number].ended is None:
                self._bid(world, place, book.auctions[number])
        for number in [number for number in self.bids if book.auctions[number].ended is not None]:
            self._see_end(world, book.auctions[number])
        for account in [account for account, time in self.looks.items() if time <= world.now]:
            self._look_after(world, self.won[account], account)
        if why & Event.BOND:
            for series in [series for series in book.series.values() if series.on_offer]:
                self._buy_bonds(world, series)
        if why & Event.SWAN:
            self._leave(world)
        return self._next_time(world)

    def _next_time(self, world: World) -> int | None:
        times = [self.plans[0][0]] if self.plans else []
        return min([*times, *self.looks.values()], default=None)

    def _leave(self, world: World) -> None:
        for user in self.who.tolist():
            money.leave_after_swan(world, user)

    # --- bidding --------------------------------------------------------------------------------------------

    def _bid(self, world: World, place: int, auction: Auction) -> None:
        user, account = int(self.who[place]), world.index(auction.account)
        if world.holder[account] == user:
            return
        reserve = money.reserve_units(world, account)
        worth = self._worth(world, place, account)
        if worth <= reserve:
            return
        bid = reserve + int((worth - reserve) * self.shares[place])
        if bid + _to_pay(world, account) > int(world.bitasset[user]):
            return
        outcome = world.ask(user, Bid(auction=auction.number), USD_SYMBOL, bid)
        if outcome is None or outcome.refusals:
            world.withdraw(user, USD_SYMBOL)
        else:
            self.bids.setdefault(auction.number, []).append(place)

    def _worth(self, world: World, place: int, account: int) -> int:
        """What a position brings when it is closed at the outside price, less the return required, in bitasset."""
        bitasset, core = world.pair(world.outside_price)
        brings = int(world.collateral[account]) * bitasset // core
        left = brings * (1 - SELLING_COST) - int(world.debt[account])
        bound = int(world.debt[account]) * self.required[place] * HOLDS_DAYS / DAYS_PER_YEAR
        return int(left - bound)

    def _see_end(self, world: World, auction: Auction) -> None:
        for place in self.bids.pop(auction.number):
            user = int(self.who[place])
            world.withdraw(user, USD_SYMBOL)
            if auction.winner == world.name(user):
                account = world.index(auction.account)
                self.won[account], self.looks[account] = place, world.now

    # --- what was won ---------------------------------------------------------------------------------------

    def _look_after(self, world: World, place: int, account: int) -> None:
        """Close a position that was won and sell its collateral; what can't be closed yet is kept alive."""
        user = int(self.who[place])
        if world.holder[account] != user or not world.debt[account]:
            self._forget(account)
            return
        self.looks[account] = world.now + LOOKS_SECONDS
        collateral, debt = int(world.collateral[account]), int(world.debt[account])
        if debt <= int(world.bitasset[user]) and world.adjust(
            user, collateral=-collateral, debt=-debt, position=account
        ):
            world.outside_trade(user, CORE, collateral)
            self._forget(account)
            return
        part = min(_to_pay(world, account), int(world.bitasset[user]))
        if part > 0:
            world.adjust(user, debt=-part, position=account)
        money.pay_ahead(world, user, account)

    def _forget(self, account: int) -> None:
        del self.won[account], self.looks[account]

    # --- bonds ----------------------------------------------------------------------------------------------

    def _buy_bonds(self, world: World, series: Series) -> None:
        for place, user in enumerate(self.who.tolist()):
            left = series.amount - series.sold
            units = min(left, int(world.bitasset[user]) // BOND_PART)
            if units > 0 and float(series.coupon) * self.trusts[place] >= self.idle_rate:
                outcome = world.ask(user, BuyBond(series=series.number), USD_SYMBOL, units)
                if outcome is None or outcome.refusals:
                    world.withdraw(user, USD_SYMBOL)


def _to_pay(world: World, account: int) -> int:
    """The debt that has to be paid so that a position is over MCR again, in bitasset units."""
    bitasset, core = world.pair(world.feed_price)
    carries = int(world.collateral[account]) * bitasset * PERMILLE * PERMILLE // (core * world.mcr * BACK_PERMILLE)
    return max(0, int(world.debt[account]) - carries)
