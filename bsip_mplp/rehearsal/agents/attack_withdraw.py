"""An attacker who lends much and then takes everything out at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.rehearsal.agents import money
from bsip_mplp.rehearsal.scenario import Attacker, Scenario
from bsip_mplp.rehearsal.world import ALWAYS, USD_SYMBOL, Event, World
from bsip_mplp.rules.inputs import ChangePool, LeavePool, Lend, Rewards, Supply, Unlend

TRIES_SECONDS = 6 * 3600
TERM_DAYS = 7


class Withdraw:
    """Lends bitasset at the lowest rate there is; from its day on it takes out whatever comes free, and sells it."""

    name = "attack_withdraw"
    accounts = 1
    wakes = Event.TIME | Event.SWAN
    moved_permille = 0
    feed_band = ALWAYS

    def __init__(self, scenario: Scenario, attacker: Attacker) -> None:
        self.rate = money.rate_of(scenario.users.idle_rate_per_year)
        self.begins_day = attacker.from_day

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Be given the capital in bitasset, and lend it: half to each, where there are both ways."""
        del rng  # it has no private traits
        self.user = int(who[0])
        self.begins = world.now + round(self.begins_day * SECONDS_PER_DAY)
        self.pool = 0
        bitasset, core = world.pair(world.outside_price)
        units = int(world.wealth[self.user]) * bitasset // core
        world.endow(self.user, bitasset=units)
        shared = 0 if not world.rules.shared else units // 2 if world.rules.peer else units
        if shared:
            world.ask(self.user, Supply(market=USD_SYMBOL), USD_SYMBOL, shared)
        if world.rules.peer:
            outcome = world.ask(self.user, Lend(rate=self.rate, term_days=TERM_DAYS), USD_SYMBOL, units - shared)
            if outcome is not None and not outcome.refusals and world.engine is not None:
                self.pool = max(world.engine.book.pools)

    def act(self, world: World, why: Event) -> int | None:
        """From the day on: out with everything that is free, again and again."""
        if why & Event.SWAN:
            money.leave_after_swan(world, self.user)
        if world.now < self.begins:
            return self.begins
        engine = world.engine
        if engine is not None:
            if self.pool and engine.book.pools[self.pool].renews:
                world.ask(self.user, ChangePool(pool=self.pool, renews=False))
            if self.pool and engine.book.pools[self.pool].available:
                world.ask(self.user, Unlend(pool=self.pool))
            if world.rules.shared:
                world.ask(self.user, LeavePool(market=USD_SYMBOL))
                world.ask(self.user, Rewards(market=USD_SYMBOL))
            world.withdraw(self.user, USD_SYMBOL)
        money.sell_all_bitasset(world, self.user)
        return world.now + TRIES_SECONDS
