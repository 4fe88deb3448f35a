"""Payouts: what is under way goes on, the oldest of the rest are begun, what is over a limit waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.bots import payouts
from bsip_mplp.bots.actions import HoldBack, Pay, Warn
from bsip_mplp.bots.registry import BOTS
from bsip_mplp.config import Bots
from bsip_mplp.journal.read import Ordered


def order(number, units=10, asset="TEST"):
    return Ordered(number, number, "payout", "alice", asset, units, f"mplp payout {number}", "open", number)


def test_nothing_is_paid_before_the_chain_was_read():
    assert payouts.plan(payouts.View(orders=[order(1)])) == ()


def test_the_oldest_are_begun_as_many_as_a_run_may():
    orders = [order(n) for n in (1, 2, 3)]
    view = payouts.View(time=9, orders=orders, most_per_run=2, reserve_units=7)
    assert payouts.plan(view) == (Pay((orders[0], orders[1]), 9, 7),)


def test_what_is_under_way_goes_on_whatever_the_limits_say():
    orders = [order(n, units=100) for n in (1, 2)]
    view = payouts.View(time=9, orders=orders, under_way=frozenset({2}), largest_units={"TEST": 50})
    assert payouts.plan(view) == (HoldBack(orders[0], 50), Pay((orders[1],), 9, 0))


def test_a_limit_is_of_one_asset_and_the_limit_itself_may_go():
    orders = [order(1, 50), order(2, 51), order(3, 51, "CNY")]
    view = payouts.View(time=9, orders=orders, most_per_run=9, largest_units={"TEST": 50})
    held, pay = payouts.plan(view)
    assert held == HoldBack(orders[1], 50)
    assert pay.orders == (orders[0], orders[2])
    assert held.lines() == ["order 2 waits: 51 units of TEST are over the limit of 50"]


@pytest.mark.parametrize("kind", ["pay_debt", "close", "hand_over"])
def test_an_order_that_is_no_payout_is_never_paid_out(kind):
    other = order(1)._replace(kind=kind, memo="")
    view = payouts.View(time=9, orders=[other, order(2)], under_way=frozenset({1}), most_per_run=9)
    assert payouts.plan(view) == (Pay((order(2),), 9, 0),)
    assert payouts.plan(payouts.View(time=9, orders=[other], largest_units={"TEST": 1})) == ()


def test_the_limit_of_a_day_is_what_all_payouts_of_an_asset_share():
    orders = [order(1, 60), order(2, 50), order(3, 40), order(4, 99, "CNY")]
    view = payouts.View(time=9, orders=orders, most_per_run=9, day_left_units={"TEST": 100})
    held, pay = payouts.plan(view)
    assert (held.order, held.limit_units) == (orders[1], 40)
    assert held.lines() == ["order 2 waits: 50 units of TEST are over what is left of the day's limit, 40"]
    assert pay.orders == (orders[0], orders[2], orders[3])


def test_while_there_is_a_hold_nothing_is_begun_and_what_is_under_way_is_only_looked_after():
    orders = [order(1), order(2), order(3)]
    view = payouts.View(time=9, orders=orders, under_way=frozenset({2}), most_per_run=9, hold="the audit differs")
    told, pay = payouts.plan(view)
    assert told == Warn(("2 payouts wait: the audit differs",))
    assert pay == Pay((orders[1],), 9, 0, "the audit differs")
    assert payouts.plan(payouts.View(time=9, hold="the audit differs")) == ()


@given(st.lists(st.integers(1, 100), max_size=20), st.integers(1, 5), st.integers(1, 100), st.sets(st.integers(1, 20)))
def test_every_order_is_paid_held_back_or_left_for_the_next_run_and_never_two_of_these(sizes, most, limit, under_way):
    orders = [order(number, units) for number, units in enumerate(sizes, 1)]
    under_way = frozenset(number for number in under_way if number <= len(orders))
    plan = payouts.plan(payouts.View(9, orders, under_way, most, {"TEST": limit}, 5))
    held = [action.order.number for action in plan if isinstance(action, HoldBack)]
    paid = [one.number for action in plan if isinstance(action, Pay) for one in action.orders]
    assert not set(held) & set(paid)
    assert paid == sorted(set(paid))
    assert under_way <= set(paid)
    assert len(set(paid) - under_way) <= most
    assert all(orders[number - 1].units <= limit for number in set(paid) - under_way)
    assert all(orders[number - 1].units > limit for number in held)


def test_the_registry_is_sorted_and_each_bot_has_a_schedule_and_says_what_it_watches():
    names = [bot.name for bot in BOTS]
    assert names == sorted(set(names))
    assert set(names) == set(Bots.model_fields)
    assert all(bot.watches for bot in BOTS)
    assert sorted(bot.turn for bot in BOTS) == list(range(1, len(BOTS) + 1))
