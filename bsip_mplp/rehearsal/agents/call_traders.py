"""Margin-call traders: they buy what called positions sell, if it is cheap enough, and sell it outside (RE-1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.agents import money, traits
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.world import ALWAYS, Event, World


class CallTraders:
    """All of them: bitasset as capital, a discount that each wants, and a time to react."""

    name = "call_traders"
    wakes = Event.CALLED | Event.TIME | Event.SWAN
    moved_permille = 0
    feed_band = ALWAYS

    def __init__(self, scenario: Scenario) -> None:
        del scenario  # nothing of it matters to them but their capital

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Draw the discount and the reaction of each; be given the capital."""
        self.who = who
        self.discount = traits.by_size(rng, len(who), (0.01, 0.08))
        self.reacts = traits.seconds(rng, len(who), (5.0, 900.0))
        self.due = np.full(len(who), traits.NEVER)
        bitasset, core = world.pair(world.outside_price)
        for user in who.tolist():
            world.endow(user, bitasset=int(world.wealth[user]) * bitasset // core)

    def act(self, world: World, why: Event) -> int | None:
        """Once a call is seen, buy after one's reaction; what was bought is sold outside at once."""
        if why & Event.CALLED:
            fresh = self.due == traits.NEVER
            self.due[fresh] = world.now + self.reacts[fresh]
        for place in np.flatnonzero(self.due <= world.now).tolist():
            self.due[place] = traits.NEVER
            user = int(self.who[place])
            money.buy_inside_sell_outside(world, user, int(world.bitasset[user]), 1 - self.discount[place])
        if why & Event.SWAN:
            for user in self.who.tolist():
                money.leave_after_swan(world, user)
        return traits.earliest(self.due)
