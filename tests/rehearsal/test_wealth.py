"""What holders have, and through what it changed: nothing that is theirs is left out, and nothing is the system's."""

from __future__ import annotations

import pytest

from bsip_mplp.rehearsal.estate import wealth_in_core
from bsip_mplp.rehearsal.parts import quick
from bsip_mplp.rehearsal.scenario import load
from bsip_mplp.rehearsal.simulation import Run
from tests.rehearsal.test_simulation import MANY, fall

USERS = {"users": MANY["users"], "days": 5}
PARTS = ("sold", "passed", "interest", "kept")


def _units(run):
    """Bitasset units for a core unit, outside."""
    return run.world.outside_price * run.world.scale.units_per_price


def test_interest_paid_ahead_to_the_shared_pool_is_the_holders_until_it_is_used():
    run, without = Run(fall(**USERS), "shared", 0), Run(fall(**USERS), "none", 0)
    ledger = run.world.engine.ledger
    ahead = sum(
        units for (account, _), units in ledger.balances().items() if account.startswith("shared/USD/interest/")
    )
    spent = (wealth_in_core(without.world).sum() - wealth_in_core(run.world).sum()) * _units(run)

    assert ahead > 1000
    # what bitasset costs to buy outside, 0.2 %, is all that is gone so far
    assert 0 <= spent <= 0.003 * ahead + len(run.world.wallets.names)


def test_what_was_made_good_of_a_loss_and_came_free_is_the_lenders():
    run = Run(quick(load("march-2020")), "shared", 0)
    world, book, hour, losses = run.world, run.world.engine.book, run.measure.hour, []
    lenders, pool = run.measure.ranges["lenders"], book.shared_pools["USD"]

    def hourly():
        hour()
        elsewhere = world.core[lenders].sum() * _units(run) + world.bitasset[lenders].sum()
        for user in lenders.tolist():
            elsewhere += book.free(world.name(user), "CORE") * _units(run) + book.free(world.name(user), "USD")
        counted = wealth_in_core(world)[lenders].sum() * _units(run) - elsewhere
        stands = pool.lent_units()
        stands += sum(book.ledger.balance(pool.account(name), "USD") for name in ("rewards", "freed", "made_good"))
        assert counted == pytest.approx(stands, abs=len(lenders))
        losses.append((pool.loss, pool.made_good))

    run.measure.hour = hourly
    run.to_the_end()
    assert losses[-1][0] > 0
    assert losses[-1][1] > 10_000


def test_SP_14_a_position_under_a_full_call_is_no_wealth_of_its_holder():
    run = Run(quick(load("march-2020")), "shared", 0)
    count, seen = run.measure.count, set()

    def counting():
        count()
        for name, one in run.world.engine.book.shared_pools["USD"].participants.items():
            account = run.world.index(name)
            assert run.world.wallets.systems[account] == (one.call == "full")
            seen.add(one.call)

    run.measure.count = counting
    run.to_the_end()
    assert seen == {"", "partial", "full"}


@pytest.mark.parametrize("rule_set", ["none", "peer", "shared"])
def test_what_calls_cost_holds_the_sales_that_the_rules_order(rule_set):
    run, costs = Run(fall(**USERS), rule_set, 0), []
    world = run.world
    if world.desk is not None:
        sell = world.desk._sell_at

        def selling(account, units, price):
            is_systems = bool(world.wallets.systems[account])
            sold, brought = sell(account, units, price)
            costs.append(0 if is_systems else sold * _units(run) - brought)
            return sold, brought

        world.desk._sell_at = selling
    calls = run.measure._calls

    def calling():
        costs.extend(call.collateral * _units(run) - call.debt for call in world.chain_calls)
        calls()

    run.measure._calls = calling
    run.to_the_end()
    figures = run.measure.result(rule_set, 0, seconds_used=0).figures

    assert sum(costs) > 0
    assert figures["calls_cost_units"] == pytest.approx(sum(costs))


def test_what_passed_to_others_is_what_was_in_the_positions_at_that_moment():
    run, passed = Run(fall(**USERS), "peer", 2), []
    world, measure = run.world, run.measure
    note, holders = world.desk._note, measure.is_holder

    def noting(outcome):
        for event in outcome.events:
            won = (event.kind, event.what) == ("auction", "ended") and event.values["winner"]
            carried = (event.kind, event.what) == ("position", "changed") and event.values["now"] == "carried"
            if won or carried:
                name = event.key.partition("/")[2] if carried else world.engine.book.auctions[int(event.key)].account
                account = world.index(name)
                if int(world.wallets.holder[account]) in holders:
                    worth = world.collateral[account] * _units(run) - world.debt[account]
                    passed.append((bool(won), max(0.0, float(worth))))
        note(outcome)

    world.desk._note = noting
    run.to_the_end()
    figures = measure.result("peer", 2, seconds_used=0).figures
    nothing = measure._nothing()[measure.holders].sum() * _units(run)

    assert {won for won, _ in passed} >= {True}
    assert figures["holders_passed_permille"] == pytest.approx(-1000 * sum(worth for _, worth in passed) / nothing)


@pytest.mark.parametrize("rule_set", ["none", "peer", "peer_vaults", "both"])
def test_the_parts_of_a_change_are_the_change(rule_set):
    run = Run(fall(**USERS), rule_set, 0)
    run.to_the_end()
    figures = run.measure.result(rule_set, 0, seconds_used=0).figures
    parts = {name: figures[f"holders_{name}_permille"] for name in PARTS}

    assert sum(parts.values()) == pytest.approx(figures["holders_wealth_change_permille"])
    assert parts["sold"] < 0
    assert (parts["interest"] < 0) == (rule_set != "none")
    assert parts["kept"] < 0, "the price fell"
