"""Goal: rules that the recordings do not show. Method: small situations, worked out by hand."""

import pytest

from bsip_mplp.devnet import Asset, ChainError
from bsip_mplp.devnet.objects import COIN_SECONDS
from bsip_mplp.devnet.operations import Transfer

from .kit import CORE, Stage, amount, pair, usual_stage


def refuses(words):
    return pytest.raises(ChainError, match=words)


def bitasset_of(stage, symbol="USDX"):
    return stage.state.bitasset(stage.chain.asset(symbol))


# ---- black swans -----------------------------------------------------------------------------------------------


def test_when_nobody_is_called_all_pay_the_swan_s_price():
    """With MSSR above MCR a swan can come before anyone is called; then nobody pays a premium."""
    stage = usual_stage()
    stage.borrow("ann", 3_200_000, 10_000)  # 1.6 at 0.005, which is 1.488 at 0.00465
    stage.borrow("bob", 6_000_000, 10_000)
    stage.feed(465, 100_000, mcr=1400, mssr=1500, icr=None)
    assert bitasset_of(stage).is_globally_settled
    assert bitasset_of(stage).settlement_fund == 2 * 3_200_000
    assert stage.balance("bob") == 10**6 * CORE - 3_200_000 - fee_paid(stage, 3)


def test_global_settlement_takes_a_premium_of_the_called():
    stage = usual_stage()
    stage.borrow("ann", 3_200_000, 10_000)
    stage.borrow("bob", 9_000_000, 10_000)
    stage.feed(34, 10_000)  # 0.034: ann is at 1.088, below MSSR
    fund = bitasset_of(stage).settlement_fund
    # at the swan's price a debt of 10,000 is worth 3,200,000; the fund gets that divided by 1.1 from each
    assert fund == 2 * 2_909_091
    assert stage.state.dynamic(stage.chain.asset("USDX")).accumulated_collateral_fees == 3_200_000 - 2_909_091


def fee_paid(stage, number):
    from bsip_mplp.devnet.operations import BY_NUMBER

    return stage.state.fees.required(BY_NUMBER[number]())


def test_bids_revive_an_asset_at_maintenance():
    stage = usual_stage()
    stage.borrow("ann", 3_200_000, 10_000)
    stage.feed(34, 10_000)
    assert bitasset_of(stage).is_globally_settled
    number = stage.assets["USDX"]
    bid = {"bidder": f"1.2.{stage.ids['bob']}", "additional_collateral": amount(3_000_000)}
    stage.send([45, {**bid, "debt_covered": amount(10_000, number)}])
    stage.feed(34, 10_000)
    stage.chain.advance(400)
    assert not bitasset_of(stage).is_globally_settled
    assert stage.position("bob") == (3_000_000 + 2_909_091, 10_000)
    assert stage.state.bids.rows == {}


def test_settling_from_the_fund():
    stage = usual_stage()
    stage.borrow("ann", 3_200_000, 10_000)
    stage.transfer("ann", "bob", 2_500, "USDX")
    stage.feed(34, 10_000)
    before = stage.balance("bob")
    stage.settle("bob", 2_500)
    assert stage.balance("bob") - before == 2_909_091 * 2_500 // 10_000 - fee_paid(stage, 17)


# ---- orders ----------------------------------------------------------------------------------------------------


def take_profit(spread=1000, size=10_000, repeat=False):
    action = {
        "fee_asset_id": "1.3.0",
        "spread_percent": spread,
        "size_percent": size,
        "expiration_seconds": 3600,
        "repeat": repeat,
    }
    return {"on_fill": [[0, action]]}


def market_with_dollars():
    stage = usual_stage()
    stage.borrow("bob", 10**9, 10**6)
    return stage


def test_a_filled_order_takes_its_profit():
    stage = market_with_dollars()
    stage.order("ann", (10**6, "CORE"), (50_000, "USDX"), extensions=take_profit())
    stage.order("bob", (50_000, "USDX"), (10**6, "CORE"))
    (order,) = stage.state.limit_orders
    assert (order.seller, order.for_sale) == (stage.ids["ann"], 50_000)
    # a tenth dearer than it was bought
    assert (order.sell_price.base.amount, order.sell_price.quote.amount) == (50_000, 1_100_000)


def test_the_size_of_the_profit_order():
    stage = market_with_dollars()
    stage.order("ann", (10**6, "CORE"), (50_000, "USDX"), extensions=take_profit(size=2_500))
    stage.order("bob", (50_000, "USDX"), (10**6, "CORE"))
    (order,) = stage.state.limit_orders
    assert order.for_sale == 12_500
    assert stage.balance("ann", "USDX") == 37_500


def test_orders_can_be_changed():
    stage = market_with_dollars()
    order = stage.order("ann", (10**6, "CORE"), (60_000, "USDX"))
    seller = {"seller": f"1.2.{stage.ids['ann']}", "order": order}
    before = stage.balance("ann")
    stage.send([77, {**seller, "delta_amount_to_sell": amount(500_000)}])
    placed = stage.state.limit_orders[0]
    assert placed.for_sale == 1_500_000
    # what was paid for the order comes back, as nothing of it was filled
    assert stage.balance("ann") == before - 500_000 - fee_paid(stage, 77) + fee_paid(stage, 1)
    with refuses("Cannot deduct all or more"):
        stage.send([77, {**seller, "delta_amount_to_sell": amount(-1_500_000)}])
    stage.order("bob", (50_000, "USDX"), (10**6, "CORE"))
    assert len(stage.state.limit_orders) == 2
    stage.send([77, {**seller, "new_price": pair(10**6, 0, 49_000, 1)}])
    assert stage.balance("ann", "USDX") == 50_000


def test_fill_or_kill():
    stage = market_with_dollars()
    with refuses("unable to fill"):
        stage.order("ann", (10**6, "CORE"), (50_000, "USDX"), kill=True)
    stage.order("bob", (60_000, "USDX"), (10**6, "CORE"))
    stage.order("ann", (10**6, "CORE"), (50_000, "USDX"), kill=True)
    assert stage.balance("ann", "USDX") == 60_000


# ---- assets ----------------------------------------------------------------------------------------------------


def gold(flags=0, **more):
    stage = Stage().account("issuer", "ann", "bob", "cat")
    stage.uia(flags=flags, **more)
    stage.issue("GOLD", "ann", 50 * CORE)
    return stage


def update(stage, **changes):
    asset = stage.chain.asset("GOLD")
    options = {**asset.options.to_json(), "core_exchange_rate": pair(1, 0, 1, asset.number), **changes}
    op = {"issuer": f"1.2.{asset.issuer}", "asset_to_update": asset.id, "new_options": options}
    return stage.send([11, op])


def test_market_fees_are_taken_of_what_is_received():
    stage = gold(flags=1, fee=200)
    stage.order("ann", (1000, "GOLD"), (10**6, "CORE"))
    stage.order("bob", (10**6, "CORE"), (1000, "GOLD"))
    assert stage.balance("bob", "GOLD") == 980
    claim = {"issuer": f"1.2.{stage.ids['issuer']}", "amount_to_claim": amount(20, 1)}
    stage.send([43, claim])
    assert stage.balance("issuer", "GOLD") == 20
    with refuses("Attempt to claim more fees"):
        stage.send([43, claim])


def test_takers_may_pay_another_fee():
    stage = gold(flags=1, fee=200, extensions={"taker_fee_percent": 500})
    stage.order("ann", (1000, "GOLD"), (10**6, "CORE"))
    stage.order("bob", (10**6, "CORE"), (1000, "GOLD"))
    assert stage.balance("bob", "GOLD") == 950
    stage.order("cat", (10**6, "CORE"), (1000, "GOLD"))
    stage.order("ann", (1000, "GOLD"), (10**6, "CORE"))
    assert stage.balance("cat", "GOLD") == 980


def test_fees_in_another_asset_come_from_its_pool():
    stage = gold()
    number = stage.assets["GOLD"]
    made_with = stage.state.dynamic(stage.chain.asset("GOLD")).fee_pool
    stage.send(
        [47, {"issuer": f"1.2.{stage.ids['issuer']}", "asset_id": "1.3.1", "amount_to_claim": amount(made_with)}]
    )
    stage.send([16, {"from_account": "1.2.17", "asset_id": f"1.3.{number}", "amount": 30 * CORE}])
    op = Transfer(from_=stage.ids["ann"], to=stage.ids["bob"], amount=Asset(1, number))
    due = stage.state.fees.required(op)
    pool = stage.state.dynamic(stage.chain.asset("GOLD")).fee_pool
    before = stage.balance("ann"), stage.balance("ann", "GOLD")
    stage.send(op.replaced(fee=Asset(due, number)))
    assert (stage.balance("ann"), stage.balance("ann", "GOLD")) == (before[0], before[1] - 1 - due)
    assert stage.state.dynamic(stage.chain.asset("GOLD")).fee_pool == pool - due
    with refuses("pool"):
        stage.send(op.replaced(fee=Asset(40 * CORE, number)))


def test_too_small_a_fee():
    stage = Stage()
    with refuses("Insufficient Fee Paid"):
        stage.send(Transfer(from_=17, to=6, amount=Asset(1, 0), fee=Asset(1, 0)))


def test_an_issuer_may_move_its_asset():
    stage = gold(flags=4)
    names = {"issuer": "issuer", "from": "ann", "to": "cat"}
    op = {key: f"1.2.{stage.ids[name]}" for key, name in names.items()}
    stage.send([38, {**op, "amount": amount(9_000, 1)}])
    assert stage.balance("cat", "GOLD") == 9_000
    update(stage, flags=0)
    with refuses("override|permission"):
        stage.send([38, {**op, "amount": amount(1, 1)}])


def test_white_lists():
    stage = gold(flags=2)
    stage.send(Transfer(from_=17, to=stage.ids["issuer"], amount=Asset(10**9 * CORE // 10**3 * 100, 0)))
    stage.send([8, {"account_to_upgrade": f"1.2.{stage.ids['issuer']}", "upgrade_to_lifetime_member": True}])
    issuer = f"1.2.{stage.ids['issuer']}"
    update(stage, flags=2, whitelist_authorities=[issuer])
    with refuses("[Ww]hitelist"):
        stage.transfer("ann", "bob", 1, "GOLD")
    for name in ("ann", "bob"):
        op = {"authorizing_account": issuer, "account_to_list": f"1.2.{stage.ids[name]}", "new_listing": 1}
        stage.send([7, op])
    stage.transfer("ann", "bob", 1, "GOLD")
    with refuses("[Ww]hitelist"):
        stage.transfer("ann", "cat", 1, "GOLD")


def test_restricted_transfers():
    stage = gold(flags=8)
    with refuses("transfer_restricted|restricted"):
        stage.transfer("ann", "bob", 1, "GOLD")
    stage.transfer("ann", "issuer", 1, "GOLD")


def test_burning_and_the_supply():
    stage = gold()
    stage.send([15, {"payer": f"1.2.{stage.ids['ann']}", "amount_to_reserve": amount(50 * CORE - 1, 1)}])
    assert stage.state.dynamic(stage.chain.asset("GOLD")).current_supply == 1
    with refuses("more than the current supply"):
        stage.send([15, {"payer": f"1.2.{stage.ids['ann']}", "amount_to_reserve": amount(2, 1)}])


# ---- feeds, fees, vesting --------------------------------------------------------------------------------------


def test_the_median_of_feeds():
    stage = Stage().account("issuer", "f1", "f2", "f3")
    stage.bitasset(producers=("f1", "f2", "f3"), minimum_feeds=2)
    stage.feed(5, 1000, by="f1")
    assert bitasset_of(stage).current_feed.settlement_price.is_null
    stage.feed(7, 1000, by="f3")
    stage.feed(6, 1000, by="f2")
    price = bitasset_of(stage).current_feed.settlement_price
    assert (price.base.amount, price.quote.amount) == (6, 1000)
    with refuses("producer|publisher|authorized|feed"):
        stage.feed(5, 1000, by="issuer")


def test_fees_are_shared_at_maintenance():
    """A lifetime member's referral share comes back as cashback that vests."""
    stage = Stage().account("ann")
    for _ in range(10):
        stage.transfer("ann", "nathan", 1)
    assert stage.state.vesting.rows == {}
    stage.chain.advance(400)
    owners = {row.owner for row in stage.state.vesting if row.policy[0] == COIN_SECONDS}
    assert 17 in owners


def test_vested_money_can_be_withdrawn():
    stage = Stage().account("ann")
    for _ in range(50):
        stage.transfer("ann", "nathan", 1)
    stage.chain.advance(400)
    row = next(row for row in stage.state.vesting if row.owner == 17)
    withdraw = [33, {"vesting_balance": row.id, "owner": "1.2.17", "amount": amount(row.balance.amount)}]
    with refuses("."):
        stage.send(withdraw)
    stage.chain.advance(366 * 86_400)
    before = stage.balance("nathan")
    stage.send(withdraw)
    assert stage.balance("nathan") > before


def test_unknown_operations_are_refused():
    from bsip_mplp.devnet.operations import operation

    with refuses("not implemented by this development node"):
        operation.parse([25, {}])
    with refuses(r"tag < count\(\)"):
        operation.parse([99, {}])
