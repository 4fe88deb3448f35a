"""RE-1: feed publishers, and the attackers, each in situations made by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from bsip_mplp.rehearsal.agents import ATTACKERS, KINDS, publications
from bsip_mplp.rehearsal.prices import outside_prices
from bsip_mplp.rehearsal.scenario import USER_KINDS, Attacker, PathSpec
from bsip_mplp.rehearsal.world import PROTECTED, Event
from bsip_mplp.rules.inputs import Lend
from tests.rehearsal.hand import Hand
from tests.rehearsal.kit import scenario

DAY = 86_400


def attacker(hand, kind, from_day=1.0, share=0.2):
    return ATTACKERS[kind](hand.scenario, Attacker(kind=kind, capital_share=share, from_day=from_day))


def test_there_is_a_kind_for_each_name_of_a_scenario():
    assert list(KINDS) == [*USER_KINDS, "arbitrageur"]
    assert all(kind.name == name for name, kind in KINDS.items())
    assert all(kind.name == f"attack_{name}" for name, kind in ATTACKERS.items())


# --- publishers ----------------------------------------------------------------------------------------------


def minutes(days=3, **path):
    one = scenario(days=days, step_seconds=60, chain={"publishers": 5, "publish_minutes": 10.0})
    spec = PathSpec(kind="trend", params={"start": 1.0, **path})
    outside = outside_prices(spec, days, 60, np.random.SeedSequence(1))
    return one, outside, publications(outside, one, np.random.default_rng(3))


def test_everybody_publishes_the_first_price_at_once_and_then_each_in_its_own_time():
    one, outside, (steps, who, prices) = minutes()
    assert (steps[:5] == 0).all()
    assert sorted(who[:5]) == list(range(5))
    assert (prices[:5] == outside[0]).all()
    assert (np.diff(steps) >= 0).all()
    assert steps.max() < len(outside)
    for publisher in range(5):
        own = who == publisher
        apart, moved = np.diff(steps[own]), np.abs(np.diff(prices[own]) / prices[own][:-1])
        assert apart.min() >= 5, "it looks every 5 to 15 minutes"
        assert apart[1:].max() <= 60 + 15
        assert ((moved >= 0.005) | (apart >= 60 - 15)).all(), "it publishes what has moved, or become old"
    assert one.chain.publishers == 5


def test_while_nothing_moves_a_publisher_publishes_every_hour():
    _, _, (steps, who, _) = minutes(volatility_per_year=0.0)

    assert all(np.median(np.diff(steps[who == one][1:])) >= 60 for one in range(5))
    assert len(steps) == pytest.approx(5 * 3 * 24, rel=0.25)


def test_a_publisher_is_late_by_its_own_delay():
    """Of a price that only grows, what is published was outside one to three minutes before."""
    _, outside, (steps, _, prices) = minutes(volatility_per_year=0.0, change_per_day=0.5)
    later = steps > 20
    seen = np.searchsorted(outside, prices[later])
    late = steps[later] - seen

    assert np.median(late) == pytest.approx(2.0, abs=1.5)
    assert (prices[later] / outside[steps[later]]).max() < 1.01


def test_publishers_differ_a_little():
    _, outside, (steps, _, prices) = minutes(volatility_per_year=0.0)
    spread = np.log(prices[5:] / outside[steps[5:]]).std()

    assert 0.0005 < spread < 0.002


# --- those who press the price --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["short", "spike"])
def test_an_attack_bends_the_outside_price_by_its_capital_and_lets_it_go(kind):
    hand = Hand()
    outside = np.full(4 * 1440, 2.0)
    weak, strong = (attacker(hand, kind, share=share).bend(outside, 60, np.random.default_rng(1)) for share in (0.1, 1))

    assert (weak[:1440] == 2.0).all()
    assert weak.min() < 1.95
    assert strong.min() < weak.min()
    assert strong.min() > 2.0 * np.exp(-attacker(hand, kind).course.depth_most)
    assert weak[-1] == pytest.approx(2.0, rel=0.05)
    assert (outside == 2.0).all(), "the path itself is left alone"


def test_a_spike_lasts_minutes_and_a_short_hours():
    hand = Hand()
    outside = np.full(4 * 1440, 2.0)
    under = {
        kind: int((attacker(hand, kind).bend(outside, 60, np.random.default_rng(1)) < 1.99).sum())
        for kind in ("spike", "short")
    }

    assert 10 <= under["spike"] <= 30
    assert under["short"] > 12 * 60


@pytest.mark.parametrize("kind", ["short", "spike"])
def test_who_presses_the_price_sells_first_buys_called_collateral_and_is_done(kind):
    hand = Hand("none", names=("borrower", "attacker"))
    attack = hand.enter(attacker(hand, kind), "attacker")
    world = hand.world
    world.founding = True
    world.endow(0, core=1_700 * world.whole_core)
    assert world.adjust(0, collateral=170 * world.whole_core, debt=100 * world.whole_bitasset)
    assert hand.has("attacker") == (500, 500)
    assert attack.act(world, Event.FEED) == attack.began
    hand.wait(DAY)
    attack.act(world, Event.TIME)
    assert hand.has("attacker")[0] < 500, "it sells, to make the price fall"
    hand.wait(attack.bottom - world.now)
    hand.feed(0.9)
    attack.act(world, Event.CALLED)
    assert world.debt[0] == 0
    assert attack.bought == pytest.approx(100 / 0.9 * 1.1 * world.whole_core, rel=0.01)
    hand.wait(attack.ends + 1 - world.now)
    hand.feed(1.0)
    assert attack.act(world, Event.TIME) is None
    assert attack.bought == 0


def test_without_calls_an_attack_costs_the_attacker():
    hand = Hand("none", names=("attacker",))
    attack = hand.enter(attacker(hand, "short"), "attacker")
    before = hand.worth("attacker")
    hand.wait(DAY)
    for price in (0.95, 0.9, 0.85):
        hand.feed(price)
        attack.act(hand.world, Event.TIME)
        hand.wait(1800)
    hand.wait(2 * DAY)
    hand.feed(1.0)
    attack.act(hand.world, Event.TIME)

    assert hand.worth("attacker") < before


# --- cheap interest -----------------------------------------------------------------------------------------


def cheap():
    hand = Hand("peer", names=("first", "second", "lender"))
    world = hand.world
    world.founding = True
    world.endow(2, core=10_000 * world.whole_core)
    assert not world.ask(2, Lend(rate=Fraction(1, 10), term_days=30), "CORE", 10_000 * world.whole_core).refusals
    attack = hand.enter(attacker(hand, "cheap_interest"), "first", "second")
    return hand, attack


def test_who_seeks_cheap_interest_borrows_long_and_bids_the_reserve_under_its_other_name():
    """The seed's interest arbitrage: 拍卖阶段为低息,需讨论套利者利用利息套利的情况."""
    hand, attack = cheap()
    world = hand.world
    assert attack.act(world, Event.FEED) == attack.begins
    hand.wait(DAY)
    hand.feed(0.96)
    hand.act(attack)
    assert world.state[0] == PROTECTED
    (loan,) = world.engine.book.loans.values()
    assert loan.long
    hand.feed(0.96 * 0.8)
    hand.wait(61)
    assert world.engine.book.auctions[1].ended is None
    hand.act(attack, Event.AUCTION)
    (bid,) = world.engine.book.bids.values()
    assert bid.account == "second"
    hand.act(attack, Event.AUCTION)
    assert len(world.engine.book.bids) == 1, "one bid is enough"
    hand.wait(900)

    assert world.engine.book.auctions[1].winner == "second"
    assert world.holder[0] == 1
    assert bid.units == pytest.approx(world.engine.book.auctions[1].price)
    assert bid.units < 1.02 * float(loan.principal * Fraction(1, 10) * 30 / 365) * 0.1 * 0.768


def test_who_seeks_cheap_interest_never_pays_a_second_period():
    hand, attack = cheap()
    hand.wait(DAY)
    hand.feed(0.96)
    hand.act(attack)
    book = hand.world.engine.book
    assert book.prepaid("first", "CORE") == 0, "what is over the first period it takes back"
    hand.wait(31 * DAY)
    hand.act(attack, Event.TIME)

    assert book.loans[1].ended is not None
    assert not book.auctions, "its ratio was over MSSR: the loan ended, nothing was auctioned (PL-21)"


# --- the run on the pools -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", ["peer", "shared", "both", "none"])
def test_who_withdraws_all_at_once_gets_what_is_free_and_sells_it(rules):
    hand = Hand(rules, names=("attacker",))
    attack = hand.enter(attacker(hand, "withdraw"), "attacker")
    world = hand.world
    if rules != "none":
        assert hand.has("attacker")[1] == pytest.approx(0, abs=1e-4), "all of it is lent"
    assert attack.act(world, Event.TIME) == attack.begins
    hand.wait(DAY)
    following = attack.act(world, Event.TIME)

    assert following == world.now + 6 * 3600
    assert hand.has("attacker")[0] == pytest.approx(1000, rel=0.01)
    assert hand.has("attacker")[1] == 0


def test_what_is_lent_to_somebody_stays_there_and_comes_out_later():
    """PL-2: a lender can't unlock what is lent."""
    hand = Hand("peer", names=("attacker",))
    attack = hand.enter(attacker(hand, "withdraw"), "attacker")
    pool = hand.world.engine.book.pools[1]
    pool.available, pool.lent = pool.available // 4, pool.available - pool.available // 4
    hand.wait(DAY)
    attack.act(hand.world, Event.TIME)

    assert not pool.renews
    assert pool.available == 0
    assert hand.has("attacker")[0] == pytest.approx(250, rel=0.01)
