"""Lenders: they seek yield, each with a least rate and a term of its own (RE-1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.rehearsal.agents import money, traits
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.world import ALWAYS, CORE_SYMBOL, USD_SYMBOL, Event, World
from bsip_mplp.rules.inputs import ChangePool, Lend, Supply
from bsip_mplp.rules.state import Pool

TERMS_DAYS = (7, 14, 30, 60, 90)
TERM_SHARES = (0.25, 0.35, 0.25, 0.1, 0.05)

FULL, IDLE = 0.9, 0.1
"""The share of a pool lent from which its owner asks for more, and under which for less."""

DEARER, CHEAPER = 1.25, 0.85
RATE_MOST = 1.0


class Lenders:
    """All lenders: bitasset or core asset into a pool of one's own, or into the shared pool, and prices by demand."""

    name = "lenders"
    wakes = Event.TIME | Event.SWAN
    moved_permille = 0
    feed_band = ALWAYS

    def __init__(self, scenario: Scenario) -> None:
        self.idle_rate = scenario.users.idle_rate_per_year

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Draw the traits, be given the capital in the asset to lend, and lend it."""
        count = len(who)
        self.who = who
        self.lends_core = rng.random(count) < 0.4
        self.least = self.idle_rate + rng.exponential(0.08, count)
        self.rate = self.least * (1 + rng.exponential(0.3, count))
        self.term = rng.choice(TERMS_DAYS, count, p=TERM_SHARES)
        self.every = traits.seconds(rng, count, (2.0 * SECONDS_PER_DAY, 7.0 * SECONDS_PER_DAY))
        self.pool_first = rng.random(count) < 0.5
        """With both ways to lend, who goes to the shared pool."""
        self.pool: NDArray[np.int64] = np.zeros(count, dtype=np.int64)
        self.looks = np.where(self.every < traits.NEVER, world.now + self.every, traits.NEVER)
        for place, user in enumerate(who.tolist()):
            self._found(world, place, user)

    def _found(self, world: World, place: int, user: int) -> None:
        core = int(world.wealth[user])
        bitasset, per_core = world.pair(world.outside_price)
        if self.lends_core[place]:
            world.endow(user, core=core)
        else:
            world.endow(user, bitasset=core * bitasset // per_core)
        if world.rules.shared and not self.lends_core[place] and (self.pool_first[place] or not world.rules.peer):
            world.ask(user, Supply(market=USD_SYMBOL), USD_SYMBOL, int(world.bitasset[user]))
        elif world.rules.peer:
            self._lend(world, place, user)

    def _lend(self, world: World, place: int, user: int) -> None:
        asset = CORE_SYMBOL if self.lends_core[place] else USD_SYMBOL
        units = int(world.core[user] if self.lends_core[place] else world.bitasset[user])
        ask = Lend(rate=money.rate_of(self.rate[place]), term_days=int(self.term[place]))
        outcome = world.ask(user, ask, asset, units)
        if outcome is not None and not outcome.refusals and world.engine is not None:
            self.pool[place] = max(world.engine.book.pools)

    def act(self, world: World, why: Event) -> int | None:
        """Look at one's pool now and then: dearer while it is lent out, cheaper while it lies idle."""
        if why & Event.SWAN:
            for user in self.who.tolist():
                money.leave_after_swan(world, user)
        if world.engine is None or not self.pool.any():
            return None
        for place in np.flatnonzero(self.looks <= world.now).tolist():
            self.looks[place] = world.now + int(self.every[place])
            if self.pool[place]:
                self._reprice(world, place, world.engine.book.pools[int(self.pool[place])])
        return traits.earliest(self.looks)

    def _reprice(self, world: World, place: int, pool: Pool) -> None:
        held = pool.available + pool.lent
        used = pool.lent / held if held else 0.0
        factor = DEARER if used >= FULL else CHEAPER if used <= IDLE else 1.0
        rate = float(np.clip(self.rate[place] * factor, self.least[place], RATE_MOST))
        if money.rate_of(rate) != pool.rate:
            self.rate[place] = rate
            world.ask(int(self.who[place]), ChangePool(pool=pool.number, rate=money.rate_of(rate)))
