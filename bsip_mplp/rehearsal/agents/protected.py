"""Holders with standing protection: what is to be borrowed is asked for in advance (PL-16, SP-18)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.money import div_ceil, interest_units
from bsip_mplp.rehearsal.agents import money
from bsip_mplp.rehearsal.agents.holders import Holders, Temper
from bsip_mplp.rehearsal.world import CORE_SYMBOL, FREE, PROTECTED, USD_SYMBOL, Event, World
from bsip_mplp.rules.inputs import Protect

TRIGGER_STEPS = 1000


class Protected(Holders):
    """Opens as the tight ones, arms a request with interest paid ahead, and does nothing more than keep that so.

    Where nobody lends, it has what the absent ones have: its collateral. With both ways it asks for both.
    """

    name = "protected"
    in_vault = True
    temper = Temper(
        over_icr=(0.03, 0.4),
        spare=(0.06, 0.15),
        acts_over_mcr=None,
        highest_rate=(0.15, 0.8),
        reopens_days=(2.0, 12.0),
    )
    wakes = Event.LOAN | Event.TIME

    def draw(self, rng: np.random.Generator, count: int) -> None:
        """The traits of all users, and the ratio over MCR at which each wants to borrow."""
        super().draw(rng, count)
        self.triggers = [Fraction(round(at * TRIGGER_STEPS), TRIGGER_STEPS) for at in rng.uniform(1.01, 1.05, count)]
        self.armed: NDArray[np.bool_] = np.zeros(count, dtype=bool)

    def open(self, world: World, place: int) -> None:
        """Open, and see to the protection at once."""
        super().open(world, place)
        if world.debt[self.who[place]]:
            self._arm(world, place)

    def _arm(self, world: World, place: int) -> None:
        user = int(self.who[place])
        if world.rules.shared:
            money.hold_with_pool(world, user)
        if not world.rules.peer:
            return
        at = self.triggers[place] * Fraction(world.mcr, 1000)
        asset = CORE_SYMBOL if self.likes_core[place] else USD_SYMBOL
        highest, longest = self.highest[place], self.temper.longest_days
        # about a quarter of what the loan counts beside is the least that may be borrowed (PL-13)
        beside = int(world.collateral[user] if asset == CORE_SYMBOL else world.debt[user])
        sent = money.have(world, user, asset, interest_units(div_ceil(beside, 4), highest, longest))
        ask: dict[str, Any] = {"market": USD_SYMBOL, "at": at, "asset": asset}
        outcome = world.ask(user, Protect(**ask, highest_rate=highest, longest_days=longest), asset, sent)
        self.armed[place] = outcome is not None and not outcome.refusals

    def act(self, world: World, why: Event) -> int | None:
        """Keep interest paid while a loan is needed; arm again once a loan has ended and the position is free."""
        if why & Event.LOAN and world.rules.peer:
            states = world.state[self.who]
            self.armed[states == PROTECTED] = False
            for place in np.flatnonzero((states == FREE) & ~self.armed & (world.debt[self.who] > 0)).tolist():
                self._arm(world, place)
        return super().act(world, why)
