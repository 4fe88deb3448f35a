"""Attackers who press the outside price down to force calls inside, and buy what the called positions sell (RE-1)."""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.rehearsal.agents import money
from bsip_mplp.rehearsal.scenario import Attacker, Scenario
from bsip_mplp.rehearsal.world import ALWAYS, CORE, Event, World

MINUTE_SECONDS = 60
CHEAP_ENOUGH = 0.99
"""What it pays inside for collateral, at the most, of the outside price."""


class Course(NamedTuple):
    """How an attack goes. Times in minutes."""

    depth_for_capital: float
    """How far the price falls for a capital of all other users together, in logarithms."""
    depth_most: float
    falls: float
    stays: float
    returns: float
    stays_down: float
    """The share of the fall that is left when it is over."""
    sells: float
    """The share of its core asset that it has to sell outside for that."""
    every: int
    """How often it acts meanwhile."""

    def depth(self, capital_share: float) -> float:
        """The fall, in logarithms, that a capital can make: the more, the less each further part does."""
        return self.depth_most * (1 - math.exp(-self.depth_for_capital * capital_share / self.depth_most))


class Pressing:
    """One attacker with core asset and bitasset, half each: sells the one outside, buys it back cheaper inside."""

    name: ClassVar[str]
    course: ClassVar[Course]
    accounts = 1
    wakes = Event.TIME | Event.CALLED
    moved_permille = 0
    feed_band = ALWAYS

    def __init__(self, scenario: Scenario, attacker: Attacker) -> None:
        del scenario  # it acts by its own means
        self.capital_share = attacker.capital_share
        self.begins_day = attacker.from_day

    def bend(self, outside: NDArray[np.float64], step_seconds: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """The outside price with what its selling does to it."""
        del rng  # when it acts is known
        course = self.course
        minutes = np.arange(len(outside)) * (step_seconds / MINUTE_SECONDS)
        start = self.begins_day * SECONDS_PER_DAY / MINUTE_SECONDS
        corners = np.cumsum([start, course.falls, course.stays, course.returns])
        depth = course.depth(self.capital_share)
        pressed: NDArray[np.float64] = np.interp(minutes, corners, [0.0, -depth, -depth, -depth * course.stays_down])
        return np.asarray(outside * np.exp(pressed), dtype=np.float64)

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Be given the capital, half in each asset."""
        del rng  # it has no private traits
        self.user = int(who[0])
        bitasset, core = world.pair(world.outside_price)
        half = int(world.wealth[self.user]) // 2
        world.endow(self.user, core=half, bitasset=half * bitasset // core)
        self.began = world.now + round(self.begins_day * SECONDS_PER_DAY)
        course = self.course
        self.bottom = self.began + round(course.falls * MINUTE_SECONDS)
        self.ends = self.bottom + round((course.stays + course.returns) * MINUTE_SECONDS)
        self.to_sell = int(half * course.sells)
        self.bought = 0
        self.wakes_at = self.began

    def act(self, world: World, why: Event) -> int | None:
        """While the price falls: sell outside. From then on: buy what is sold cheaply inside. In the end: sell that."""
        if self.began <= world.now <= self.ends:
            if world.now < self.bottom and why & Event.TIME:
                self._sell_a_part(world)
            self.bought += money.buy_inside(world, self.user, int(world.bitasset[self.user]), CHEAP_ENOUGH)
        elif world.now > self.ends and self.bought:
            world.outside_trade(self.user, CORE, min(self.bought, int(world.core[self.user])))
            self.bought = 0
        if world.now < self.began:
            return self.began
        if world.now > self.ends:
            return None
        if why & Event.TIME:
            self.wakes_at = world.now + self.course.every
        return min(self.wakes_at, self.ends + 1)

    def _sell_a_part(self, world: World) -> None:
        left = max(1, (self.bottom - world.now) // self.course.every)
        part = self.to_sell // left
        if part > 0 and world.outside_trade(self.user, CORE, min(part, int(world.core[self.user]))) > 0:
            self.to_sell -= part
