"""The arbitrageur between the outside exchange (the seed's virtual ZB) and the inside market (RE-1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.agents import money
from bsip_mplp.rehearsal.market import Side
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.world import ALWAYS, CORE, USD, Event, World

HOUR_SECONDS = 3600


class Arbitrageur:
    """One user with bitasset and core asset. What it trades inside takes a while to be evened out outside.

    It buys inside what is cheaper there than outside by more than its cost, and the other way round; what it bought
    reaches the outside exchange `arbitrage_hours` later, at the price of then.
    """

    name = "arbitrageur"
    wakes = Event.OUTSIDE | Event.CALLED | Event.TIME
    moved_permille = 3
    feed_band = ALWAYS

    def __init__(self, scenario: Scenario) -> None:
        book = scenario.book
        self.share, self.cost = book.arbitrage_share, book.arbitrage_cost
        self.takes_seconds = round(book.arbitrage_hours * HOUR_SECONDS)

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Be given a share of all debt, half in bitasset and half in core asset."""
        del rng  # it has no private traits
        self.user = int(who[0])
        self.on_the_way: list[tuple[int, Side, int]] = []
        """What is to be evened out, as (when, side to sell, units), the earliest first."""
        bitasset, core = world.pair(world.outside_price)
        units = int(int(world.debt.sum()) * self.share) // 2
        world.endow(self.user, bitasset=units, core=units * core // bitasset)

    def act(self, world: World, why: Event) -> int | None:
        """Trade away the difference between the two prices, as far as the money reaches."""
        while self.on_the_way and self.on_the_way[0][0] <= world.now:
            _, side, units = self.on_the_way.pop(0)
            held = int((world.core if side == CORE else world.bitasset)[self.user])
            if min(units, held) > 0:
                world.outside_trade(self.user, side, min(units, held))
        # what called positions sell stands in no order: only an offer shows whether they sell
        if why & Event.CALLED or world.best_ask < world.outside_price * (1 - self.cost):
            got = money.buy_inside(world, self.user, int(world.bitasset[self.user]), 1 - self.cost)
            self._even_out(world, CORE, got)
        elif world.best_bid > world.outside_price * (1 + self.cost):
            self._even_out(world, USD, money.sell_inside(world, self.user, int(world.core[self.user]), 1 + self.cost))
        return self.on_the_way[0][0] if self.on_the_way else None

    def _even_out(self, world: World, side: Side, units: int) -> None:
        if units > 0:
            self.on_the_way.append((world.now + self.takes_seconds, side, units))
