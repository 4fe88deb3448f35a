"""Whole runs: the same on both markets to the unit, conserved, repeatable, and changed only by what was changed."""

import numpy as np
import pytest

from bsip_mplp.rehearsal import founding
from bsip_mplp.rehearsal.fast_market import FastMarket
from bsip_mplp.rehearsal.market import CORE, USD
from bsip_mplp.rehearsal.plain_market import PlainMarket
from bsip_mplp.rehearsal.result import FIGURES, GROUP_FIGURES, SERIES
from bsip_mplp.rehearsal.rulesets import RULE_SETS
from bsip_mplp.rehearsal.simulation import Run, course_of, simulate
from bsip_mplp.rehearsal.world import Event
from bsip_mplp.rules import feeds

from .kit import scenario

FALL = {
    "days": 4,
    "step_seconds": 600,
    "path": {"kind": "slow_fall", "params": {"start": 0.05, "end": 0.02, "volatility_per_year": 1.5}},
    "users": {
        "lenders": 8, "tight": 6, "careful": 5, "absent": 3, "protected": 5, "called_on_purpose": 2,
        "bidders": 3, "call_traders": 2, "capital_median": 5000.0, "capital_deviation": 0.5,
    },
    "chain": {"publishers": 5, "publish_minutes": 20.0},
    "parameters": {"auction_round": 600},
}  # fmt: skip

MANY = {**FALL, "days": 5, "users": {kind: n * 3 if isinstance(n, int) else n for kind, n in FALL["users"].items()}}


def fall(**changes):
    return scenario(**{**FALL, **changes})


def same(one, other):
    """Whether two results are the same to the last bit."""
    assert one.figures == other.figures
    assert one.groups == other.groups
    for name in SERIES:
        assert np.array_equal(one.series[name], other.series[name]), name


@pytest.mark.parametrize("rule_set", RULE_SETS)
def test_fast_and_plain_way_agree_to_the_unit_on_the_same_run(rule_set):
    one, other = simulate(fall(), rule_set, 0), simulate(fall(), rule_set, 0, make_market=PlainMarket)
    same(one, other)
    assert one.figures["positions_called"] > 3


@pytest.mark.parametrize("rule_set", ["none", "peer_vaults", "both"])
def test_the_same_arguments_give_the_same_result(rule_set):
    same(simulate(fall(), rule_set, 1), simulate(fall(), rule_set, 1))


def test_a_rule_set_that_is_none_is_refused():
    with pytest.raises(ValueError, match="nothing"):
        simulate(fall(), "nothing", 0)


def test_another_path_or_seed_is_another_run():
    first = simulate(fall(), "none", 0)
    assert not np.array_equal(first.series["outside_price"], simulate(fall(), "none", 1).series["outside_price"])
    assert not np.array_equal(first.series["outside_price"], simulate(fall(seed=8), "none", 0).series["outside_price"])


def test_names_and_lengths_of_what_comes_out():
    spec = fall()
    result = simulate(spec, "both", 0)
    assert tuple(result.figures) == FIGURES
    assert tuple(result.series) == SERIES
    assert {len(values) for values in result.series.values()} == {spec.days * 24}
    assert all(tuple(group) == GROUP_FIGURES for group in result.groups.values())
    assert {"large", "small", "lenders", "tight", "arbitrageur"} <= set(result.groups)


def test_prices_feed_and_users_are_common_to_all_rule_sets():
    results = {name: simulate(fall(), name, 0) for name in RULE_SETS}
    for name in RULE_SETS[1:]:
        for series in ("outside_price", "feed_price"):
            assert np.array_equal(results["none"].series[series], results[name].series[series])
    wealth = {name: Run(fall(), name, 0).world.wealth.tolist() for name in RULE_SETS}
    assert all(wealth[name] == wealth["none"] for name in RULE_SETS)


@pytest.mark.parametrize("rule_set", ["none", "peer", "shared"])
def test_the_price_fell_inside_to_what_was_paid_in_forced_sales_never_to_a_bid_that_nobody_sold_to(rule_set):
    run = Run(fall(book={"depth_share": 0.02}), rule_set, 0)
    world, count, lowest = run.world, run.measure.count, [0.0]

    def counting():  # no call and no order of the rules sells for less than the feed over MSSR
        lowest.append(1 - world.feed_price / (world.outside_price * world.mssr / 1000))
        count()

    run.measure.count = counting
    run.to_the_end()
    fall_permille = run.measure.result(rule_set, 0, seconds_used=0).figures["price_fall_inside_permille"]
    assert 10 < fall_permille <= 1000 * max(lowest) + 0.1


@pytest.mark.parametrize("rule_set", ["peer", "peer_vaults", "both"])
def test_looking_at_every_position_that_has_loans_with_every_feed_changes_nothing(monkeypatch, rule_set):
    paths, seen, look_for_triggered = (3, 4), set(), feeds.look_for_triggered
    few = [simulate(fall(), rule_set, path) for path in paths]

    def at_all_of_them(book, market):
        for position in book.positions.values():
            if position.loans:
                book.look_at(position)
                seen.add(position.state)
        look_for_triggered(book, market)

    monkeypatch.setattr(feeds, "look_for_triggered", at_all_of_them)
    for path, found in zip(paths, few, strict=True):
        same(found, simulate(fall(), rule_set, path))
    assert seen == {"protected", "in_auction", "taken_over", "carried"}


# --- conservation ---------------------------------------------------------------------------------------------


def check_conserved(run, created):
    """All core that was made is somewhere, all bitasset is owed or backed by a fund, the ledger agrees."""
    market = run.world.market
    resting = [sum(units for _, side, units in market.resting() if side == kind) for kind in (CORE, USD)]
    bids = sum(core for core, _ in market.bids.values())
    core = int(market.core.sum()) + int(market.collateral.sum()) + resting[CORE] + market.fund + market.fees[0] + bids
    assert core == created
    assert int(market.bitasset.sum()) + resting[USD] + market.fees[1] == market.supply
    if not market.settled:
        assert int(market.debt.sum()) == market.supply
    for array in (market.core, market.bitasset, market.collateral, market.debt):
        assert int(array.min()) >= 0
    if run.world.engine is not None:
        pool, ledger = run.world.wallets.pool, run.world.engine.ledger
        assert -ledger.balance("outside", "CORE") == int(market.core[pool])
        assert -ledger.balance("outside", "USD") == int(market.bitasset[pool])
        assert not market.touched


@pytest.mark.parametrize("rule_set", RULE_SETS)
def test_conservation_holds_over_every_run(rule_set, monkeypatch):
    created = []

    class Counting(FastMarket):
        def create_core(self, account, units):
            created.append(units)
            super().create_core(account, units)

    monkeypatch.setattr(FastMarket, "create_core", FastMarket.create_core)
    attackers = [{"kind": kind} for kind in ("short", "spike", "cheap_interest", "withdraw")]
    for spec in (fall(), fall(attackers=attackers), fall(path={"kind": "jump", "params": {"jump_mean": -0.3}})):
        created.clear()
        run = Run(spec, rule_set, 0, Counting)
        hour = run.measure.hour

        def checked(run=run, hour=hour):
            hour()
            check_conserved(run, sum(created))

        run.measure.hour = checked
        run.to_the_end()
        check_conserved(run, sum(created))


# --- users that do nothing ------------------------------------------------------------------------------------


class Idle:
    """A kind that opens positions far over MCR, or holds money, and never acts."""

    wakes = Event.FEED | Event.OUTSIDE | Event.TIME
    moved_permille = 1

    def __init__(self, name):
        self.name, self.acts = name, 0

    def enter(self, world, who, rng):
        for user in who.tolist():
            units = int(world.wealth[user])
            world.endow(user, core=units)
            bitasset, core = world.pair(world.outside_price)
            if self.name == "tight":
                world.adjust(user, collateral=units, debt=units * bitasset // (core * 20))

    def act(self, world, why):
        self.acts += 1


@pytest.mark.parametrize("rule_set", RULE_SETS)
def test_users_that_do_nothing_change_nothing(rule_set, monkeypatch):
    made = []

    def idle(name):
        def make(*_):
            made.append(Idle(name))
            return made[-1]

        return make

    monkeypatch.setattr(founding, "KINDS", {name: idle(name) for name in founding.KINDS})
    run = Run(fall(), rule_set, 0)
    market, users = run.world.market, run.world.users
    before = [array[:users].copy() for array in (market.core, market.bitasset, market.collateral, market.debt)]
    run.to_the_end()
    assert sum(kind.acts for kind in made) > 100
    result = run.measure.result(rule_set, 0, seconds_used=0.0)
    if rule_set == "dividends":
        before[1] = market.bitasset[:users]  # the makers' own trades pay fees, and those who hold bitasset get them
    for array, was in zip((market.core, market.bitasset, market.collateral, market.debt), before, strict=True):
        assert np.array_equal(array[:users], was)
    assert {name: result.figures[name] for name in ("positions_called", "loans_made", "auctions_held")} == {
        "positions_called": 0,
        "loans_made": 0,
        "auctions_held": 0,
    }
    assert result.figures["bad_debt_units"] == 0


# --- a rule changed on purpose --------------------------------------------------------------------------------

OF_THE_SURPLUS = {
    "insurance_end_units",
    "insurance_least_units",
    "lenders_yield_per_year",
    "interest_paid_units",  # what reached the lenders
}


def test_the_split_of_the_surplus_changes_exactly_the_figures_it_should():
    """PL-28: what a winner pays over the reserve goes to the fund, or to the lenders. Nobody else sees a difference."""
    spec = fall(**{**MANY, "parameters": {"auction_round": 600, "surplus_to_system": "0"}})
    to_lenders = simulate(spec, "peer", 0)
    to_system = simulate(spec.changed({"parameters.surplus_to_system": "1"}), "peer", 0)
    assert to_lenders.figures["auctions_won"] > 0
    differ = {name for name in FIGURES if to_lenders.figures[name] != to_system.figures[name]}
    assert differ <= OF_THE_SURPLUS
    assert to_system.figures["insurance_end_units"] > to_lenders.figures["insurance_end_units"]
    assert to_system.figures["lenders_yield_per_year"] < to_lenders.figures["lenders_yield_per_year"]
    assert {name for name in SERIES if not np.array_equal(to_lenders.series[name], to_system.series[name])} == {
        "insurance_units"
    }
    groups = {name for name in to_lenders.groups if to_lenders.groups[name] != to_system.groups[name]}
    assert groups == {"lenders"}


def test_the_fund_gets_what_the_lenders_lose_of_the_surplus():
    spec = fall(**{**MANY, "parameters": {"auction_round": 600, "surplus_to_system": "0", "risk_share": "0"}})
    ends = {}
    for share in ("0", "1"):
        run = Run(spec.changed({"parameters.surplus_to_system": share}), "peer", 0)
        run.to_the_end()
        balances = run.world.engine.ledger.balances()
        ends[share] = (
            sum(units for (account, asset), units in balances.items() if account == "fund/USD" and asset == "USD"),
            sum(
                units for (account, asset), units in balances.items() if account.startswith("free/") and asset == "USD"
            ),
        )
    moved = ends["1"][0] - ends["0"][0]
    assert moved > 0
    assert ends["0"][1] - ends["1"][1] == moved


# --- the feed -------------------------------------------------------------------------------------------------


def test_the_feed_is_the_chains_median_of_what_publishers_publish():
    course = course_of(fall(), 0)
    assert course.feed_steps[0] == 0
    assert np.all(np.diff(course.feed_steps) > 0)
    assert np.all(np.diff(course.feed_units) != 0)
    at = np.searchsorted(course.feed_steps, np.arange(len(course.outside)), side="right") - 1
    feed = course.feed_units[at] / 1e9 * 10
    assert np.max(np.abs(feed / course.outside - 1)) < 0.1
