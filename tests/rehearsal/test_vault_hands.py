"""Vaults in a rehearsal: real loans in real positions, the chain's own calls, and books that agree with the chain."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from bsip_mplp.rehearsal.estate import short_in_vaults
from bsip_mplp.rehearsal.simulation import Run
from bsip_mplp.rehearsal.world import CORE_SYMBOL, FREE, NONE, PROTECTED, USD_SYMBOL
from bsip_mplp.rules.inputs import Borrow, Lend, Prepay
from tests.rehearsal.hand import Hand
from tests.rehearsal.test_simulation import FALL, MANY, fall

USERS = {"users": MANY["users"]}
ATTACKERS = [{"kind": kind} for kind in ("short", "spike", "cheap_interest", "withdraw")]
COURSES = {
    "auctions": (2, {**USERS, "days": 8, "attackers": ATTACKERS}),
    "black swan": (2, {**USERS, "days": 4, "path": {"kind": "spike"}}),
    "thin book": (
        0,
        {
            **USERS,
            "days": 6,
            "book": {"depth_share": 0.002},
            "chain": {**FALL["chain"], "margin_call_fee": 0.02},
            "parameters": {"auction_round": 600, "lp2_cover": "squeeze"},
        },
    ),
}


def audit(world):
    """Ledger and market, to the last unit: the pool's account, and what stands and lies in every vault (V-4)."""
    market, book, ledger = world.market, world.engine.book, world.engine.ledger
    money = {CORE_SYMBOL: market.core, USD_SYMBOL: market.bitasset}
    for asset, units in money.items():
        assert -ledger.balance("outside", asset) == units[world.wallets.pool]
    placed = {CORE_SYMBOL: 0, USD_SYMBOL: 0}
    for position in book.positions.values():
        vault = book.vaults[position.account]
        account = world.wallets.first_vault + vault.number - 1
        assert (vault.order, vault.queue) == (None, [])
        known = (0, 0) if position.state == "closed" else (position.chain_collateral, position.chain_debt)
        assert (market.collateral[account], market.debt[account]) == known
        assert all(money[asset][account] == vault.loose.get(asset, 0) for asset in money)
        placed[CORE_SYMBOL] += position.placed_lp1 + position.buffer
        placed[USD_SYMBOL] += position.placed_lp2
    assert placed == {asset: -ledger.balance("vaults", asset) for asset in money}


def run_audited(name):
    path, changes = COURSES[name]
    run = Run(fall(**changes), "peer_vaults", path)
    hour = run.measure.hour

    def audited():
        hour()
        audit(run.world)

    run.measure.hour = audited
    run.to_the_end()
    audit(run.world)
    return run, run.measure.result("peer_vaults", path, seconds_used=0.0).figures


def tasks_done(run):
    orders = run.world.engine.book.orders.values()
    return Counter(order.task.name for order in orders if order.task is not None and order.state == "done")


# --- whole runs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["black swan", "thin book"])
def test_v_4_ledger_and_market_agree_at_every_hour(name):
    run, figures = run_audited(name)

    assert tasks_done(run)["lend"] > 0
    assert figures["loans_made"] > 0
    assert figures["black_swans"] == (name == "black swan")


def test_v_5_what_was_lent_comes_home_in_each_way_and_vaults_won_in_auctions_change_hands():
    run, figures = run_audited("auctions")
    done, book = tasks_done(run), run.world.engine.book

    assert {item.way for item in book.unwindings.values()} >= {"a", "b", "c"}
    assert done["gather"] > 0  # the chain has called a vault, and what it left was gathered
    assert figures["positions_called"] > 0
    assert figures["auctions_won"] > 0
    assert done["hold_up"] > 0
    assert sum(order.kind == "vault_owner" and order.state == "done" for order in book.orders.values()) > 0


def test_re_4_users_begin_alike_whether_their_position_is_in_a_vault_or_not():
    one, other = Run(fall(), "peer", 0).world, Run(fall(), "peer_vaults", 0).world

    assert other.wallets.in_vault.sum() == sum(FALL["users"][kind] for kind in ("tight", "careful", "protected"))
    for name in ("collateral", "debt", "core", "bitasset", "wealth"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    held = other.market.collateral[: other.users][other.wallets.in_vault[: other.users]]
    assert not held.any()  # it stands in vaults, and not in their own accounts


# --- by hand --------------------------------------------------------------------------------------------------


@pytest.fixture
def hand():
    """a holds a position at 1.70 of 1,700 whole core assets, in a vault; b lends core asset, c bitasset."""
    made = Hand("peer_vaults")
    world = made.world
    world.founding = True
    for index in range(3):
        world.endow(index, core=5000 * world.whole_core)
        world.market.transfer(world.wallets.makers, index, 1, 5000 * world.whole_bitasset)
    world.founding = False
    assert world.adjust(0, collateral=1700 * world.whole_core, debt=1000 * world.whole_bitasset)
    for index, asset, units in ((1, CORE_SYMBOL, world.whole_core), (2, USD_SYMBOL, world.whole_bitasset)):
        lend = Lend(rate=Fraction(1, 10), term_days=30)
        assert not world.ask(index, lend, asset, 2000 * units).refusals
    world.catch_up()
    return made


def vault_of(world):
    """The market's account of the only vault, and its position."""
    (position,) = world.engine.book.positions.values()
    return world.wallets.first_vault, position


def borrow(hand, asset, price=0.93):
    """a borrows the least of an asset once the feed has fallen."""
    hand.feed(price)
    world = hand.world
    units = 50 * (world.whole_core if asset == CORE_SYMBOL else world.whole_bitasset)
    assert not world.ask(0, Prepay(), asset, units).refusals
    assert not world.ask(0, Borrow(market=USD_SYMBOL, asset=asset)).refusals
    world.catch_up()


@pytest.mark.parametrize("asset", [CORE_SYMBOL, USD_SYMBOL])
def test_v_4_a_loan_is_really_put_into_the_vault(hand, asset):
    world = hand.world
    borrow(hand, asset)
    account, position = vault_of(world)

    assert world.state[0] == PROTECTED
    assert position.lp1 + position.lp2 > 0
    assert (world.collateral[0], world.debt[0]) == (1700 * world.whole_core, 1000 * world.whole_bitasset)
    assert world.market.collateral[account] == world.collateral[0] + world.lp1[0]
    assert world.market.debt[account] == world.debt[0] - world.lp2[0]
    audit(world)


def test_v_5_c_the_chains_call_closes_a_vault_and_lender_and_holder_get_what_is_theirs(hand):
    world = hand.world
    borrow(hand, CORE_SYMBOL)
    lent, before = int(world.lp1[0]), world.core.copy()
    hand.bids_inside(0.7, 5000)
    hand.feed(0.73)  # LCR is under MCR at one blow: no auction has begun
    account, position = vault_of(world)

    assert world.called[0]
    assert not world.called[1:].any()
    assert (world.state[0], world.debt[0], world.collateral[0]) == (NONE, 0, 0)
    assert not world.market.debt[account]
    assert not world.market.core[account]
    (item,) = world.engine.book.unwindings.values()
    assert (item.way, item.came, item.lost) == ("c", lent, 0)
    assert next(iter(world.engine.book.pools.values())).available == 2000 * world.whole_core
    assert world.free(0, CORE_SYMBOL) > 0
    assert world.core[0] == before[0]
    audit(world)


def test_a_vault_does_not_keep_who_stays_in_its_own_account_from_being_called():
    made = Hand("peer_vaults")
    world = made.world
    world.wallets.in_vault[0] = False
    world.founding = True
    world.endow(0, core=2000 * world.whole_core)
    world.founding = False
    assert world.adjust(0, collateral=1700 * world.whole_core, debt=1000 * world.whole_bitasset)

    refused = world.ask(0, Borrow(market=USD_SYMBOL, asset=CORE_SYMBOL)).refusals
    assert [one.rule for one in refused] == ["PL-11"]
    made.bids_inside(0.8, 5000)
    made.feed(0.85)
    assert world.called[0]
    audit(world)


def test_v_3_holders_change_and_close_a_position_in_a_vault(hand):
    world = hand.world
    core, bitasset = int(world.core[0]), int(world.bitasset[0])

    assert world.adjust(0, collateral=500 * world.whole_core, debt=100 * world.whole_bitasset)
    assert world.adjust(0, collateral=-100 * world.whole_core)
    assert world.adjust(0, debt=-50 * world.whole_bitasset)
    assert (world.collateral[0], world.debt[0]) == (2100 * world.whole_core, 1050 * world.whole_bitasset)
    assert world.state[0] == FREE
    assert world.adjust(0, collateral=-2100 * world.whole_core, debt=-1050 * world.whole_bitasset)
    assert (world.collateral[0], world.debt[0], world.state[0]) == (0, 0, NONE)
    assert world.core[0] == core + 1700 * world.whole_core
    assert world.bitasset[0] == bitasset - 1000 * world.whole_bitasset
    audit(world)


def test_v_3_what_the_rules_refuse_changes_nothing(hand):
    world = hand.world
    before = world.core[0], world.bitasset[0], world.collateral[0], world.debt[0]

    assert not world.adjust(0, collateral=-200 * world.whole_core)
    assert "ICR" in world.why
    assert not world.adjust(0, debt=-1000 * world.whole_bitasset)
    assert not world.adjust(0, collateral=6000 * world.whole_core)
    assert (world.core[0], world.bitasset[0], world.collateral[0], world.debt[0]) == before
    audit(world)


def test_v_4_what_the_chain_refuses_is_undone_and_reported(hand):
    """The chain has a feed that the ledger has not seen yet."""
    world = hand.world
    account, _ = vault_of(world)
    world.market.publish(world.pair(0.95), hand.mcr, hand.mssr, hand.icr)
    before = world.core[0], world.collateral[0], world.debt[0], world.market.core[account]

    assert not world.adjust(0, collateral=-50 * world.whole_core)
    assert world.why == "the chain refuses to adjust"
    assert not world.adjust(0, debt=10 * world.whole_bitasset)
    assert (world.core[0], world.collateral[0], world.debt[0], world.market.core[account]) == before
    assert [order.state for order in world.engine.book.orders.values() if order.kind == "vault"][1:] == ["failed"] * 2
    audit(world)


def test_v_4_the_collateral_comes_back_where_the_chain_refuses_to_open(hand):
    world = hand.world
    world.market.publish(world.pair(0.5), hand.mcr, hand.mssr, hand.icr)
    before = world.core[1], world.bitasset[1]

    assert not world.adjust(1, collateral=1700 * world.whole_core, debt=1000 * world.whole_bitasset)
    assert (world.core[1], world.bitasset[1]) == before
    assert world.free(1, CORE_SYMBOL) == 0


def test_v_5_bitasset_that_was_lent_is_bought_back_inside_where_somebody_bids(hand):
    """What the call left is core asset; the lender of bitasset waits for a bid at no less than feed / MSSR."""
    world = hand.world
    borrow(hand, USD_SYMBOL)
    owed = int(world.lp2[0])
    hand.bids_inside(0.7, (int(world.debt[0]) - owed) / world.whole_bitasset)
    hand.feed(0.73)
    hands = world.desk.vaults

    assert len(hands.sales) == 1
    world.desk.retry()
    assert len(hands.sales) == 1
    hand.bids_inside(0.72, 5000)
    world.desk.retry()
    world.catch_up()
    (item,) = world.engine.book.unwindings.values()
    assert not hands.sales
    assert (item.way, item.came, item.lost, item.in_other) == ("c", owed, 0, 0)
    audit(world)


def test_v_10_what_own_collateral_no_longer_has_counts_as_the_lenders_loss_after_the_funds(hand):
    """The chain called a part of it at a bad price, and then nobody bid; at last a black swan closes it."""
    world = hand.world
    borrow(hand, CORE_SYMBOL)
    assert not short_in_vaults(world).any()
    hand.bids_inside(0.6, 400)
    hand.feed(0.62)
    hand.feed(0.5)
    _, position = vault_of(world)
    price = 0.5 * world.scale.units_per_price
    lacks = position.debt - position.collateral * price

    assert position.state != "closed"
    assert 0 < lacks < position.placed_lp1 * price
    assert short_in_vaults(world)[0] == pytest.approx(lacks)
    hand.feed(0.45)
    (item,) = world.engine.book.unwindings.values()
    assert position.state == "closed"
    assert 0 < item.came < item.units
    assert short_in_vaults(world)[0] == pytest.approx((item.units - item.came) * 0.45 * world.scale.units_per_price)
    audit(world)
