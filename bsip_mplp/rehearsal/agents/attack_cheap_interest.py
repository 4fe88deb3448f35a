"""An attacker who seeks cheap interest: it doesn't pay, and buys its position back in the auction (the seed's
interest arbitrage). The holder of a position can't bid for it (PL-30), so it comes with a second name."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rehearsal.agents import money
from bsip_mplp.rehearsal.scenario import Attacker, Scenario
from bsip_mplp.rehearsal.world import CORE_SYMBOL, PROTECTED, USD_SYMBOL, Event, World
from bsip_mplp.rules.inputs import Bid
from bsip_mplp.rules.state import Auction

OPENS_OVER_ICR = 1.02
BORROWS_UNDER_ICR = 0.99
LONG_DAYS, LONGEST_DAYS = 30, 90
HIGHEST = money.rate_of(1.0)
OTHER_S_PART = 3
"""The second name has a third of the capital, to bid with."""


class CheapInterest:
    """A tight position with a long loan, interest for one period only, and bids at the reserve from the other name."""

    name = "attack_cheap_interest"
    accounts = 2
    in_vault = True
    wakes = Event.FEED | Event.AUCTION | Event.TIME | Event.SWAN
    moved_permille = 0
    feed_band: tuple[float, float] = (0.0, math.inf)

    def __init__(self, scenario: Scenario, attacker: Attacker) -> None:
        del scenario  # the rules are what it plays against
        self.begins_day = attacker.from_day

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Open a tight position under the first name; the second gets bitasset to bid with."""
        del rng  # it has no private traits
        self.names = [int(user) for user in who]
        self.begins = world.now + round(self.begins_day * SECONDS_PER_DAY)
        self.bids: set[int] = set()
        first, second = self.names
        bitasset, core = world.pair(world.outside_price)
        capital = int(world.wealth[first])
        part = capital // OTHER_S_PART
        world.endow(first, core=capital - part)
        world.endow(second, bitasset=part * bitasset // core)
        money.open_position(world, first, OPENS_OVER_ICR, kept=(capital - part) // 20)

    def act(self, world: World, why: Event) -> int | None:
        """Borrow long once the ratio is under ICR; never pay more; bid the reserve for what comes to auction."""
        if why & Event.SWAN:
            for user in self.names:
                money.leave_after_swan(world, user)
        if world.engine is None:
            return None
        if world.now < self.begins:
            return self.begins
        self._borrow(world)
        self._set_band(world)
        if why & (Event.AUCTION | Event.TIME):
            self._bid(world)
        return None

    def _set_band(self, world: World) -> None:
        """It wants to know when the ratio of its position is under ICR."""
        collateral, debt = int(world.collateral[self.names[0]]), int(world.debt[self.names[0]])
        under = (
            BORROWS_UNDER_ICR * world.icr / PERMILLE * debt / (collateral * world.scale.units_per_price)
            if debt
            else 0.0
        )
        self.feed_band = (under, math.inf)

    def _borrow(self, world: World) -> None:
        user = self.names[0]
        if not world.rules.peer or not world.debt[user] or world.holder[user] != user or world.state[user] == PROTECTED:
            return
        if world.ratios()[user] < BORROWS_UNDER_ICR * world.icr / PERMILLE:
            for asset in (USD_SYMBOL, CORE_SYMBOL):
                if money.borrow_least(world, user, asset, HIGHEST, LONGEST_DAYS, LONG_DAYS):
                    money.take_interest_back(world, user)  # the first period is paid; it means to pay no other
                    return

    def _bid(self, world: World) -> None:
        """Bid for one's own position, from the name that doesn't hold it."""
        account = self.names[0]
        holder = int(world.holder[account])
        auction = self._auction(world, account)
        if auction is None or holder not in self.names or auction.number in self.bids:
            return
        bidder = self.names[1] if holder == self.names[0] else self.names[0]
        units = money.reserve_units(world, account)
        if money.have(world, bidder, USD_SYMBOL, units) < units:
            return
        outcome = world.ask(bidder, Bid(auction=auction.number), USD_SYMBOL, units)
        if outcome is None or outcome.refusals:
            world.withdraw(bidder, USD_SYMBOL)
        else:
            self.bids.add(auction.number)

    @staticmethod
    def _auction(world: World, account: int) -> Auction | None:
        """The auction of a position, if one runs."""
        if world.engine is None:
            return None
        position = world.position(account)
        if position is None or position.auction is None:
            return None
        return world.engine.book.auctions[position.auction]
