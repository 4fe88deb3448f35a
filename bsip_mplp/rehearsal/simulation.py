"""One run: a scenario under one rule set on one path. The same arguments give the same result, to the last bit.

The course of prices is known before a run begins, and so is the feed: what publishers publish depends on nothing that
users do. So a step costs next to nothing unless something can matter: a feed that changed, something that falls due by
the rules, a price that a kind of user waits for, or an event. Only then is anybody woken.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal import agents
from bsip_mplp.rehearsal.fast_market import FastMarket
from bsip_mplp.rehearsal.feeds import medians
from bsip_mplp.rehearsal.founding import START, Founded, MakeMarket, sequence, stream
from bsip_mplp.rehearsal.makers import WORK_SECONDS
from bsip_mplp.rehearsal.measure import Measure
from bsip_mplp.rehearsal.prices import outside_prices
from bsip_mplp.rehearsal.result import RunResult
from bsip_mplp.rehearsal.rulesets import rule_set as rules_named
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.world import ALWAYS, PAIR_CORE, AgentKind, Event, Scale, World
from bsip_mplp.rules.inputs import Insure

NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Course:
    """What a path brings to every rule set: the outside price by step, and the feed's changes."""

    outside: NDArray[np.float64]
    feed_steps: NDArray[np.int64]
    feed_units: NDArray[np.int64]
    """Bitasset units for `PAIR_CORE` core units."""


def course_of(scenario: Scenario, path_index: int) -> Course:
    """The course of a path, with what attackers do to the outside price in it."""
    return _course(scenario.run_key(), scenario.seed, path_index, _Hidden(scenario))


class _Hidden:
    """A scenario beside the key that names it: all of these are equal."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hidden)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _course(key: str, seed: int, path_index: int, hidden: _Hidden) -> Course:
    scenario, chain = hidden.scenario, hidden.scenario.chain
    outside = outside_prices(
        scenario.path, scenario.days, scenario.step_seconds, sequence(scenario, path_index, "prices")
    )
    for attacker in scenario.attackers:
        bend = getattr(agents.ATTACKERS[attacker.kind](scenario, attacker), "bend", None)
        if bend is not None:
            outside = bend(outside, scenario.step_seconds, stream(scenario, path_index, f"bend_{attacker.kind}"))
    steps, publisher, prices = agents.publications(outside, scenario, stream(scenario, path_index, "publishers"))
    scale = Scale(chain.core_precision, chain.bitasset_precision)
    units = np.maximum(1, np.rint(prices * scale.units_per_price * PAIR_CORE)).astype(np.int64)
    life_steps = max(1, round(chain.feed_life_minutes * 60 / scenario.step_seconds))
    changed, median = medians(steps, publisher, units, count=chain.publishers, life_steps=life_steps)
    return Course(outside, changed, median)


def simulate(scenario: Scenario, rule_set: str, path_index: int, *, make_market: MakeMarket = FastMarket) -> RunResult:
    """Run a scenario under a rule set on one of its paths. Pure: no I/O, no clock but for `seconds_used`.

    `make_market` is for tests: the plain market in place of the fast one gives the same result.
    Raises `ValueError` for a rule set that is none.
    """
    began = time.process_time()
    run = Run(scenario, rule_set, path_index, make_market)
    run.to_the_end()
    return run.measure.result(rule_set, path_index, seconds_used=time.process_time() - began)


class _Sleeper:
    """A kind of user, and what wakes it next."""

    __slots__ = ("at", "band", "high", "kind", "low", "wakes")

    def __init__(self, kind: AgentKind, world: World) -> None:
        self.kind, self.wakes = kind, int(kind.wakes)
        self.sleep(world, world.now)

    def sleep(self, world: World, at: int | None) -> None:
        """Take down what wakes it next, after it acted."""
        self.at = NEVER if at is None else at
        self.band = getattr(self.kind, "feed_band", ALWAYS)
        moved = self.kind.moved_permille / 1000
        price = world.outside_price
        self.low, self.high = (price * (1 - moved), price * (1 + moved)) if self.wakes & _OUTSIDE else (0.0, np.inf)

    def why(self, world: World, events: int) -> int:
        """What wakes it now, as flags of `Event`; nothing if it sleeps on."""
        why = events & self.wakes
        if why & _FEED and self.band[0] < world.feed_price < self.band[1]:
            why -= _FEED
        if world.now >= self.at:
            why |= _TIME
        if not self.low < world.outside_price < self.high:
            why |= _OUTSIDE
        return why


_TIME, _FEED, _OUTSIDE = int(Event.TIME), int(Event.FEED), int(Event.OUTSIDE)
"""Plain integers: flags of an enumeration cost too much in what runs in every step."""


class Run:
    """One run, step by step."""

    def __init__(
        self, scenario: Scenario, rule_set: str, path_index: int, make_market: MakeMarket = FastMarket
    ) -> None:
        self.scenario, self.rules = scenario, rules_named(rule_set, scenario.chain)
        self.course = course_of(scenario, path_index)
        self.path_index = path_index
        first_feed = (int(self.course.feed_units[0]), PAIR_CORE)
        self.founded = Founded(scenario, self.rules, path_index, float(self.course.outside[0]), first_feed, make_market)
        self.world, self.makers = self.founded.world, self.founded.makers
        self.sleepers = [_Sleeper(kind, self.world) for kind in self.founded.kinds]
        self.measure = Measure(scenario, self.founded)
        self.feed_life = round(scenario.chain.feed_life_minutes * 60)
        self.fees_every = 86_400 * (scenario.chain.dividend_days if self.rules.dividends else 1)

    def to_the_end(self) -> None:
        """All steps. What may happen in a step is asked first by comparing numbers, and only then done."""
        world, makers, course = self.world, self.makers, self.course
        step_seconds, outside = self.scenario.step_seconds, course.outside.tolist()
        feeds = dict(zip(course.feed_steps.tolist(), course.feed_units.tolist(), strict=True))
        fees_at, work_at, hour_at = START + self.fees_every, START + WORK_SECONDS, START + 3600
        for step in range(1, len(outside)):
            now = START + step * step_seconds
            world.step, world.now = step, now
            price = world.outside_price = outside[step]
            if world.desk is not None:
                world.desk.tick(now)
            if step in feeds:
                world.publish((feeds[step], PAIR_CORE), now + self.feed_life)
                self.measure.feed()
            if not makers.low < price < makers.high or (now >= work_at and makers.stirred()):
                makers.look()
                work_at = now + WORK_SECONDS
                world.catch_up()
            if world.desk is not None:
                world.desk.retry()
                world.catch_up()
            self._wake(price, now)
            if now >= fees_at:
                fees_at += self.fees_every
                self._fees()
            if world.rule_events or world.chain_calls:
                self.measure.count()
            if now >= hour_at:
                hour_at += 3600
                self.measure.hour()
        self.measure.count()

    def _wake(self, price: float, now: int) -> None:
        world = self.world
        events, world.events = int(world.events), Event(0)
        for sleeper in self.sleepers:
            if not (events or now >= sleeper.at or not sleeper.low < price < sleeper.high):
                continue
            why = sleeper.why(world, events)
            if why:
                sleeper.sleep(world, sleeper.kind.act(world, Event(why)))
                world.catch_up()

    def _fees(self) -> None:
        """The owner claims the market's fees: for the funds (PL-42), or for those who hold the bitasset."""
        world, market = self.world, self.world.market
        me = world.wallets.issuer
        if world.desk is None and not self.rules.dividends:
            return
        market.claim_fees(me)
        if self.rules.dividends:
            self.measure.dividends(self._pay_dividends())
            return
        if market.core[me]:
            world.outside_trade(me, 0, int(market.core[me]))
        units = int(market.bitasset[me])
        if world.desk is not None and units:
            fund = "insurance" if self.rules.peer else "shared"
            world.desk.ask(me, Insure(market="USD", fund=fund), "USD", units)  # type: ignore[arg-type]
            world.catch_up()

    def _pay_dividends(self) -> int:
        """A snapshot dividend: all fees, as bitasset, to who holds bitasset, by share; gives the units paid."""
        world, market = self.world, self.world.market
        me = world.wallets.issuer
        if market.core[me]:
            world.outside_trade(me, 0, int(market.core[me]))
        held, units = world.bitasset.copy(), int(market.bitasset[me])
        total, paid = int(held.sum()), 0
        for user in np.flatnonzero(held).tolist() if total else []:
            share = units * int(held[user]) // total
            if share:
                market.transfer(me, user, 1, share)
                paid += share
        return paid
