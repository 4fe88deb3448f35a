"""Goal: whatever people do, no money appears or is lost, no crossed orders stay, and every step can be undone.
Method: hypothesis makes up markets and what happens on them; the sums over all objects are the supplies."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsip_mplp.devnet import ChainError
from bsip_mplp.devnet.objects import COIN_SECONDS

from .kit import Stage, amount, pair, state_dump

PEOPLE = ("ann", "bob", "cat", "mm")
UNIT = 10**4


def held(state):
    """What everybody and everything holds of each asset."""
    sums = Counter()
    for balance in state.balances:
        sums[balance.asset_type] += balance.balance
    for order in state.limit_orders:
        if not order.is_settled_debt:  # what such an order sells lies in the asset's fund
            sums[order.sell_price.base.asset_id] += order.for_sale
        sums[0] += order.deferred_fee
        sums[order.deferred_paid_fee.asset_id] += order.deferred_paid_fee.amount
    for call in state.calls:
        sums[call.call_price.base.asset_id] += call.collateral
    for settlement in state.settlements:
        sums[settlement.balance.asset_id] += settlement.balance.amount
    for bid in state.bids:
        sums[bid.inv_swan_price.base.asset_id] += bid.inv_swan_price.base.amount
    for vesting in state.vesting:
        sums[vesting.balance.asset_id] += vesting.balance.amount
    for asset in state.assets:
        dynamic = state.dynamics[asset.dynamic_asset_data_id]
        sums[asset.number] += dynamic.accumulated_fees
        sums[0] += dynamic.fee_pool
    for bitasset in state.bitassets:
        dynamic = state.dynamics[state.asset(bitasset.asset_id).dynamic_asset_data_id]
        backing = bitasset.backing
        sums[backing] += bitasset.settlement_fund + bitasset.individual_settlement_fund
        sums[backing] += dynamic.accumulated_collateral_fees
    for statistics in state.statistics:
        sums[0] += statistics.pending_fees + statistics.pending_vested_fees
    sums[0] += state.dgp.witness_budget
    return sums


def check(state):
    sums = held(state)
    debts = Counter()
    for call in state.calls:
        debts[call.debt_asset] += call.debt
        assert call.debt > 0
        assert call.collateral > 0
    for asset in state.assets:
        supply = state.dynamics[asset.dynamic_asset_data_id].current_supply
        assert sums[asset.number] == supply, asset.symbol
        assert supply <= asset.options.max_supply
    for bitasset in state.bitassets:
        supply = state.dynamics[state.asset(bitasset.asset_id).dynamic_asset_data_id].current_supply
        if bitasset.is_globally_settled:
            assert debts[bitasset.asset_id] == 0
        else:
            assert debts[bitasset.asset_id] + bitasset.individual_settlement_debt == supply
    assert all(balance.balance >= 0 for balance in state.balances)
    assert all(order.for_sale > 0 for order in state.limit_orders)
    for mine, theirs in state.book.groups():
        other = next(state.book.walk((theirs, mine)), None)
        best = next(state.book.walk((mine, theirs)))
        if other is not None:
            assert best.sell_price < ~other.sell_price, "crossed orders"


def act(stage, kind, who, other, size, ratio):
    """One thing that somebody does; the chain may refuse it."""
    person, number = PEOPLE[who], stage.assets["USDX"]
    core = 10 ** (3 + size) + ratio * 7
    usd = max(1, core // 20 * ratio // 100 // 10)
    state = stage.state
    if kind == "borrow":
        stage.borrow(person, core, max(1, usd * 100 // 180), target=[None, 1600, 2000][other % 3])
    elif kind == "repay":
        stage.borrow(person, 0 if other else -core // 3, -max(1, usd // 3))
    elif kind == "feed":
        stage.feed(max(1, 50 * ratio // 100), 1000 * 10)
    elif kind == "sell":
        stage.order(person, (usd, "USDX"), (core * (80 + other * 10) // 100 + 1, "CORE"), kill=size == 1)
    elif kind == "buy":
        profit = {"on_fill": [[0, profit_action(number)]]} if size % 2 else None
        stage.order(person, (core, "CORE"), (usd * (80 + other * 10) // 100 + 1, "USDX"), extensions=profit)
    elif kind == "gold":
        stage.order(person, (size + 1, "GOLD"), (usd, "USDX")) if other % 2 else stage.order(
            person, (usd, "USDX"), (size + 1, "GOLD")
        )
    elif kind == "cancel":
        orders = [o for o in state.limit_orders if o.seller == stage.ids[person]]
        if orders:
            stage.cancel(person, orders[0].id)
    elif kind == "transfer":
        stage.transfer(person, PEOPLE[other], usd, "USDX")
    elif kind == "settle":
        stage.settle(person, usd)
    elif kind == "advance":
        stage.chain.advance([61, 400, 5000, 90_000][other])
    elif kind == "global":
        price = pair(max(1, 45 * ratio // 100), number, 1000 * 10)
        stage.send([18, {"issuer": issuer(stage), "asset_to_settle": f"1.3.{number}", "settle_price": price}])
    elif kind == "bid":
        op = {"bidder": f"1.2.{stage.ids[person]}", "additional_collateral": amount(core * 5)}
        stage.send([45, {**op, "debt_covered": amount(usd * 2, number)}])
    elif kind == "claim":
        stage.send([43, {"issuer": issuer(stage), "amount_to_claim": amount(1, number)}])
    elif kind == "pool":
        stage.send([16, {"from_account": issuer(stage), "asset_id": f"1.3.{number}", "amount": core}])
    elif kind == "reserve":
        stage.send([15, {"payer": f"1.2.{stage.ids[person]}", "amount_to_reserve": amount(1, stage.assets["GOLD"])}])


def profit_action(number):
    return {
        "fee_asset_id": "1.3.0",
        "spread_percent": 500,
        "size_percent": 5000,
        "expiration_seconds": 3600,
        "repeat": True,
    }


def issuer(stage):
    return f"1.2.{stage.ids['issuer']}"


KINDS = (
    ["borrow"] * 6 + ["feed"] * 4 + ["sell"] * 4 + ["buy"] * 4 + ["settle"] * 2 + ["transfer"] * 3 + ["repay"] * 2
) + ["gold", "cancel", "advance", "global", "bid", "bid", "claim", "pool", "reserve"]
STEP = st.tuples(st.sampled_from(KINDS), st.integers(0, 3), st.integers(0, 3), st.integers(0, 7), st.integers(50, 150))
MARKETS = st.fixed_dictionaries(
    {
        "fee": st.sampled_from([0, 25, 500]),
        "flags": st.sampled_from([0, 1]),
        "force_settlement_offset_percent": st.sampled_from([0, 100]),
        "maximum_force_settlement_volume": st.sampled_from([2000, 10000]),
        "extensions": st.fixed_dictionaries(
            {"black_swan_response_method": st.integers(0, 3)},
            optional={"margin_call_fee_ratio": st.sampled_from([10, 60]), "force_settle_fee_percent": st.just(100)},
        ),
    }
)


def market(options):
    stage = Stage().account("issuer", "feeder", *PEOPLE)
    stage.bitasset(**options)
    reward = {"reward_percent": 2000} if options.get("flags") else None
    stage.uia(flags=1, fee=100, extensions=reward)
    for person in PEOPLE:
        stage.issue("GOLD", person, 1000)
    stage.feed(50, 10_000)
    return stage


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MARKETS, st.lists(STEP, min_size=5, max_size=60))
def test_no_money_appears_or_is_lost(options, steps):
    stage = market(options)
    for step in steps:
        try:
            act(stage, *step)
        except ChainError:
            continue
        check(stage.state)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MARKETS, st.lists(STEP, min_size=10, max_size=40), st.integers(0, 30))
def test_every_course_can_be_taken_back(options, steps, at):
    stage = market(options)
    for place, step in enumerate(steps):
        if place == at % len(steps):
            mark, before = stage.chain.snapshot(), state_dump(stage.chain)
        try:
            act(stage, *step)
        except ChainError:
            continue
    stage.chain.revert(mark)
    assert state_dump(stage.chain) == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MARKETS, st.lists(STEP, min_size=5, max_size=40))
def test_a_refusal_leaves_no_trace(options, steps):
    stage = market(options)
    for step in steps:
        before, now = state_dump(stage.chain), stage.chain.now
        try:
            act(stage, *step)
        except ChainError:
            assert (state_dump(stage.chain), stage.chain.now) == (before, now)


def test_rewards_of_market_fees_go_to_registrar_and_referrer():
    stage = market({"fee": 0, "flags": 1, "extensions": {}})
    stage.borrow("ann", 10**9, 10**6)
    stage.order("ann", (10**5, "USDX"), (800, "GOLD"))
    stage.order("bob", (1000, "GOLD"), (10**4, "USDX"))
    check(stage.state)
    rewards = [row for row in stage.state.vesting if row.policy[0] != COIN_SECONDS]
    # ann received 800 pieces of gold less 1 %; a fifth of these 8, rounded down, goes to her registrar, nathan
    assert [(row.owner, row.balance.amount) for row in rewards] == [(17, 1)]


def test_the_sums_see_a_loss():
    """The check itself: money taken away is noticed."""
    stage = market({"extensions": {}})
    check(stage.state)
    balance = next(iter(stage.state.balances))
    stage.state.store.update(balance, balance=balance.balance + 1)
    with pytest.raises(AssertionError):
        check(stage.state)
