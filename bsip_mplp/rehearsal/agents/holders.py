"""Holders of margin positions: what all of them do, each kind by its own temper (RE-1, RE-9).

A holder opens a position, sells what it mints for more collateral, and lives with it: defends it when its ratio falls
(borrows, adds what it kept free, sells collateral while the chain allows it), keeps interest paid while it needs the
loan, and opens anew after a call. What a rule set does not offer, a holder can't do; the rest is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rehearsal.agents import money, traits
from bsip_mplp.rehearsal.agents.traits import NEVER, Range, Times
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.world import ALWAYS, CORE, CORE_SYMBOL, IN_AUCTION, PROTECTED, USD_SYMBOL, Event, World

BACK_SECONDS = 900
"""How long before an interest falls due a holder sees to it, and after it looks what came of it."""

FURTHER = 0.98
"""What a ratio must have fallen to, of what it was, before a user acts once more."""


@dataclass(frozen=True, slots=True)
class Temper:
    """How holders of a kind are; each user's own numbers are drawn from these ranges."""

    over_icr: Range
    """CR at the opening, over ICR: 0.05 is ICR · 1.05."""
    spare: Range
    """The share of its capital that it keeps free."""
    acts_over_mcr: Range | None = None
    """CR over MCR under which it acts; None: it never looks."""
    back_over_mcr: float = 0.15
    """CR over MCR that it wants to reach when it acts."""
    reacts_seconds: Range = (60.0, 3600.0)
    """How long it takes to act, seconds of chain time."""
    borrows: float = 0.0
    """The share of users who borrow, where they can, before they use money of their own."""
    highest_rate: Range = (0.1, 0.6)
    """The highest rate a year that it pays."""
    longest_days: int = 30
    lowers: bool = False
    """Whether it sells collateral to pay debt, while the chain lets it take some out."""
    raises_over_icr: float | None = None
    """CR over ICR from which it mints as much as the chain allows, and sells it."""
    reopens_days: Range | None = None
    """How many days after its position is gone it opens another; None: never."""


class Holders:
    """All holders of one kind."""

    name: ClassVar[str]
    temper: ClassVar[Temper]
    in_vault: ClassVar[bool] = False
    """Whether it may want to borrow, so that its position is in a vault where loans are made in vaults."""
    wakes = Event.FEED | Event.LOAN | Event.TIME | Event.CALLED
    moved_permille = 0
    feed_band: tuple[float, float] = ALWAYS

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    # --- entering -------------------------------------------------------------------------------------------

    def enter(self, world: World, who: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Draw the traits, be given the capital as core asset, and open the positions."""
        self.who = who
        self.draw(rng, len(who))
        for place, user in enumerate(who.tolist()):
            world.endow(user, core=int(world.wealth[user]))
            self.open(world, place)
            world.catch_up()
        self._set_band(world)

    def draw(self, rng: np.random.Generator, count: int) -> None:
        """The traits of all users; the same draws whatever the rule set."""
        temper = self.temper
        acts = temper.acts_over_mcr or (-1.0, -1.0)
        self.opens_at = 1 + traits.evenly(rng, count, temper.over_icr)
        self.keeps = traits.evenly(rng, count, temper.spare)
        self.acts_at = 1 + traits.evenly(rng, count, acts)
        self.reacts = traits.seconds(rng, count, temper.reacts_seconds)
        self.borrows = rng.random(count) < temper.borrows
        self.likes_core = rng.random(count) < 0.5
        self.highest = [money.rate_of(rate) for rate in traits.evenly(rng, count, temper.highest_rate)]
        days = temper.reopens_days
        self.waits = traits.seconds(rng, count, days) * SECONDS_PER_DAY if days else np.full(count, NEVER)
        self.due: Times = np.full(count, NEVER)
        """When a user will act on what it saw."""
        self.acted = np.full(count, np.inf)
        """The ratio at which a user acted last: it acts again only when that has fallen further."""
        self.refused_with: Times = np.full(count, -1)
        """The free core asset with which a user was refused a loan: with no more than that it doesn't ask again."""
        self.pays: Times = np.full(count, NEVER)
        """When a user looks after the interest of its loans."""
        self.returns: Times = np.full(count, NEVER)
        """When a user opens a new position."""

    def open(self, world: World, place: int) -> None:
        """Open a position as high as the user's trait has it."""
        user = int(self.who[place])
        money.open_position(world, user, self.opens_at[place], kept=int(self.keeps[place] * int(world.core[user])))

    # --- acting ---------------------------------------------------------------------------------------------

    def act(self, world: World, why: Event) -> int | None:
        """Look at all positions of the kind at once, and act for those that have to."""
        ratios = world.ratios(self.who)
        if why & Event.FEED:
            self._see(world, ratios)
        if why & Event.LOAN:
            self._see_loans(world)
        if self.temper.reopens_days:
            gone = (ratios == np.inf) & (self.returns == NEVER)
            self.returns[gone] = world.now + self.waits[gone]
        for place in np.flatnonzero(self.due <= world.now).tolist():
            self.due[place] = NEVER
            if ratios[place] < self._acts_under(world)[place]:
                self.defend(world, place)
        for place in np.flatnonzero(self.pays <= world.now).tolist():
            self._look_after_loans(world, place)
        for place in np.flatnonzero(self.returns <= world.now).tolist():
            self.returns[place] = NEVER
            if not world.debt[self.who[place]] and world.feed_price > 0:
                self.open(world, place)
        self._set_band(world)
        return traits.earliest(np.minimum(np.minimum(self.due, self.pays), self.returns))

    def _acts_under(self, world: World) -> NDArray[np.float64]:
        """The ratio under which each user acts."""
        return self.acts_at * (world.mcr / PERMILLE)

    def _set_band(self, world: World) -> None:
        """The feed prices at which nobody of the kind has anything to do."""
        debt = world.debt[self.who]
        has = debt > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            price = np.where(has, debt / (world.collateral[self.who] * world.scale.units_per_price), 0.0)
        acts = self._acts_under(world)
        falls = price * np.minimum(acts, self.acted * FURTHER)
        rises = np.where(has & (self.acted < np.inf), price * acts, np.inf)
        if self.temper.raises_over_icr is not None:
            raises = price * ((1 + self.temper.raises_over_icr) * world.icr / PERMILLE)
            rises = np.minimum(rises, np.where(has, raises, np.inf))
        waits = self.due == NEVER
        self.feed_band = float(falls[waits].max(initial=0.0)), float(rises.min(initial=np.inf))

    def _see(self, world: World, ratios: NDArray[np.float64]) -> None:
        under = ratios < self._acts_under(world)
        fresh = under & (self.due == NEVER) & (ratios <= self.acted * FURTHER)
        self.due[fresh] = world.now + self.reacts[fresh]
        self.acted[fresh] = ratios[fresh]
        self.acted[~under] = np.inf
        raises = self.temper.raises_over_icr
        if raises is not None:
            for place in np.flatnonzero((ratios < np.inf) & (ratios >= (1 + raises) * world.icr / PERMILLE)).tolist():
                self._raise_debt(world, place)

    def _raise_debt(self, world: World, place: int) -> None:
        """Mint as much as the kind's opening ratio allows, and put what it brings into the position."""
        user = int(self.who[place])
        bitasset, core = world.pair(world.feed_price)
        most = int(world.collateral[user]) * bitasset * PERMILLE // (core * int(self.opens_at[place] * world.icr))
        more = most - int(world.debt[user])
        if more >= world.whole_bitasset and world.adjust(user, debt=more):
            money.sell_all_bitasset(world, user)

    # --- defending ------------------------------------------------------------------------------------------

    def defend(self, world: World, place: int) -> None:
        """Do what it takes to raise the ratio, the means that cost least first."""
        user = int(self.who[place])
        if not world.debt[user] or world.holder[user] != user:
            return
        if self.borrows[place] and self.protect(world, place):
            return
        self._add_spare(world, user)
        if self._lacks(world, user) > 0 and self.temper.lowers:
            self._lower(world, user)
        if self._lacks(world, user) > 0:
            self.protect(world, place)

    def protect(self, world: World, place: int) -> bool:
        """Borrow the least, or hold with the shared pool: whether the position has help from others now."""
        user = int(self.who[place])
        if world.state[user] == PROTECTED or world.state[user] == IN_AUCTION:
            return False
        if world.rules.shared and money.hold_with_pool(world, user):
            return True
        if not world.rules.peer or world.core[user] <= self.refused_with[place]:
            return False
        first, second = (CORE_SYMBOL, USD_SYMBOL) if self.likes_core[place] else (USD_SYMBOL, CORE_SYMBOL)
        highest, longest = self.highest[place], self.temper.longest_days
        for asset in (first, second):
            if money.borrow_least(world, user, asset, highest, longest):
                self.refused_with[place] = -1
                return True
        self.refused_with[place] = int(world.core[user])
        return False

    def _lacks(self, world: World, user: int) -> int:
        """The collateral that is missing for the ratio wanted, in core units; negative if there is more."""
        bitasset, core = world.pair(world.feed_price)
        wanted = round((1 + self.temper.back_over_mcr) * world.mcr)
        return int(world.debt[user]) * wanted * core // (bitasset * PERMILLE) - int(world.collateral[user])

    def _add_spare(self, world: World, user: int) -> None:
        added = min(self._lacks(world, user), int(world.core[user]))
        if added > 0:
            world.adjust(user, collateral=added)

    def _lower(self, world: World, user: int) -> None:
        """Take collateral out, as far as the chain allows (not under ICR), sell it outside and pay debt with it."""
        bitasset, core = world.pair(world.feed_price)
        stays = int(world.debt[user]) * world.icr * core // (bitasset * PERMILLE) + world.whole_core
        wanted = (1 + self.temper.back_over_mcr) * world.mcr / PERMILLE
        # selling x at the price pays x of debt: (C - x)·p / (D - x·p) is what is wanted
        sold = min(int(self._lacks(world, user) / (wanted - 1)), int(world.collateral[user]) - stays)
        if sold > 0 and world.adjust(user, collateral=-sold):
            world.outside_trade(user, CORE, sold)
            paid = min(int(world.bitasset[user]), int(world.debt[user]))
            world.adjust(user, debt=-paid)

    # --- loans ----------------------------------------------------------------------------------------------

    def _see_loans(self, world: World) -> None:
        for place in np.flatnonzero((world.state[self.who] == PROTECTED) & (self.pays == NEVER)).tolist():
            self._look_again(world, place)

    def _look_again(self, world: World, place: int) -> None:
        dues = [loan.interest_due for loan in money.loans_of(world, int(self.who[place]))]
        due = min(dues, default=NEVER)
        self.pays[place] = due - BACK_SECONDS if due - BACK_SECONDS > world.now else min(due + BACK_SECONDS, NEVER)

    def _look_after_loans(self, world: World, place: int) -> None:
        """Pay the next interest if the position still needs the loan; else it ends with what was paid for."""
        user = int(self.who[place])
        ratio = world.ratios(self.who[place : place + 1])[0]
        if world.debt[user] and ratio < (1 + self.temper.back_over_mcr) * world.mcr / PERMILLE:
            money.pay_ahead(world, user, user)
        else:
            money.take_interest_back(world, user)
        self._look_again(world, place)
