"""Sales and settlements: made once, each fill reported once, and over when the chain says so."""

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.holdings import read_holdings
from bsip_mplp.chain.kinds import deeds_of
from bsip_mplp.chain.orders import Order, Waiting
from bsip_mplp.chain.outbox import Outbox
from bsip_mplp.chain.sales import SALE_SECONDS
from bsip_mplp.rules.inputs import OrderFilled
from tests.chain.test_outbox import EXPIRATION_SECONDS, NOW, RESERVE, STEPS_MAX, Crash, Faulty, Store

LIMIT = (4, 1000)  # at the feed of 5 : 1000 it is a little under


@pytest.fixture
def market(world):
    return world.bitasset()


@pytest.fixture
def pool(world, market):
    pool = world.person("pool", core=10**11)
    world.position(pool, market, 2 * 10**10, 10**7)
    return pool


@pytest.fixture
def buyer(world, market):
    buyer = world.person("buyer", core=10**11)
    world.position(buyer, market, 2 * 10**10, 10**7)
    return buyer


class Ledger:
    """What a ledger does with reports: it counts each once, by its source, and knows what is filled."""

    def __init__(self, order):
        self.order = order
        self.reports = []

    def take(self, progress):
        for one in progress:
            if isinstance(one, OrderFilled):
                assert one.source not in [known.source for known in self.reports]
                self.reports.append(one)
                self.order = self.order._replace(filled=self.order.filled + one.units)

    @property
    def is_done(self):
        return bool(self.reports) and self.reports[-1].done

    @property
    def sums(self):
        return sum(one.units for one in self.reports), sum(one.got for one in self.reports)


def step(world, pool, store, ledger, connection=None):
    outbox = Outbox(
        Chain(connection or world.connection), store, pool.name, pool.keyring,
        expiration_seconds=EXPIRATION_SECONDS, deeds=deeds_of(None),
    )  # fmt: skip
    try:
        progress = outbox.work([ledger.order], NOW, RESERVE)
    except Crash:
        return []
    ledger.take(progress)
    return progress


def until(world, pool, store, ledger, condition, connection=None):
    for _ in range(STEPS_MAX):
        progress = step(world, pool, store, ledger, connection)
        if condition():
            return progress
        world.step()
    raise AssertionError(f"not done: {progress}")


def sale_of(world, market, units=100_000, asset=None):
    return Order(7, "sell", "", asset or world.core, units, "", limit=LIMIT, market=market)


def offer(world, person, pay, receive):
    expires = world.chain.head().time + 3600
    world.send([builders.limit_order_create(person.id, pay, receive, expires)], person)


def units(world, amount, symbol=None):
    return Units(world.chain.asset(symbol or world.core).id, amount)


FAULTS = [
    ([], []),
    (["reply lost"], []),
    (["twice", "twice"], []),
    (["crash after"], ["before save", "after save", "before close", "after close"]),
    (["lost"] * 30, []),
]


@pytest.mark.parametrize(("broadcasts", "crashes"), FAULTS, ids=["none", "reply_lost", "twice", "crashes", "lost"])
def test_a_sale_that_finds_its_buyer_is_made_once_and_reported_once(world, market, pool, buyer, broadcasts, crashes):
    offer(world, buyer, units(world, 1000, market), units(world, 200_000))
    chain, before = Chain(world.connection), Chain(world.connection).balances(pool.name)
    ledger, store = Ledger(sale_of(world, market)), Store(faults=list(crashes))
    until(world, pool, store, ledger, lambda: ledger.is_done, Faulty(world.connection, broadcasts))
    assert ledger.sums == (100_000, 500)
    after = chain.balances(pool.name)
    assert after[market] == before[market] + 500
    (fee,) = {one.fee for one in ledger.reports if one.done}
    assert after[world.core] == before[world.core] - 100_000 - fee
    assert store.attempts(7)[-1].state == "confirmed"


def test_no_less_than_the_limit_is_taken_and_what_nobody_buys_comes_back(world, market, pool, buyer):
    if not world.is_embedded:
        pytest.skip("it is waited for ten minutes of chain time")
    before = Chain(world.connection).balances(pool.name)
    ledger, store = Ledger(sale_of(world, market)), Store()
    until(world, pool, store, ledger, lambda: store.kept)
    world.step()
    offer(world, buyer, units(world, 399, market), units(world, 100_000))  # under 4 : 1000
    world.until_irreversible()
    (waiting,) = step(world, pool, store, ledger)
    assert isinstance(waiting, Waiting)
    assert "filled in parts" in waiting.reason
    offer(world, buyer, units(world, 120, market), units(world, 30_000))
    until(world, pool, store, ledger, lambda: ledger.reports)
    assert not ledger.is_done
    assert ledger.sums == (30_000, 120)
    world.chain.call("devnet_advance", SALE_SECONDS)
    until(world, pool, store, ledger, lambda: ledger.is_done)
    assert ledger.sums == (30_000, 120)
    after = Chain(world.connection).balances(pool.name)
    assert after[world.core] == before[world.core] - 30_000 - ledger.reports[-1].fee
    assert after[market] == before[market] + 120


def test_a_sale_that_nobody_wanted_costs_what_the_chain_kept(world, market, pool):
    if not world.is_embedded:
        pytest.skip("it is waited for ten minutes of chain time")
    before = Chain(world.connection).balances(pool.name)
    ledger, store = Ledger(sale_of(world, market)), Store()
    until(world, pool, store, ledger, lambda: store.kept)
    world.step()
    world.chain.call("devnet_advance", SALE_SECONDS)
    until(world, pool, store, ledger, lambda: ledger.is_done)
    assert ledger.sums == (0, 0)
    after = Chain(world.connection).balances(pool.name)
    assert after[world.core] == before[world.core] - ledger.reports[-1].fee
    assert after[market] == before[market]


def test_a_sale_taken_off_the_market_by_hand_is_over(world, market, pool, buyer):
    before = Chain(world.connection).balances(pool.name)
    ledger, store = Ledger(sale_of(world, market)), Store()
    until(world, pool, store, ledger, lambda: store.kept)
    world.until_irreversible()
    offer(world, buyer, units(world, 120, market), units(world, 30_000))
    (order,) = world.chain.call("get_full_accounts", [pool.id], False)[0][1]["limit_orders"]
    world.send([builders.limit_order_cancel(pool.id, order["id"])], pool)
    until(world, pool, store, ledger, lambda: ledger.is_done)
    assert ledger.sums == (30_000, 120)
    after = Chain(world.connection).balances(pool.name)
    assert after[world.core] == before[world.core] - 30_000 - ledger.reports[-1].fee


def test_the_bitasset_is_sold_for_no_less_than_the_limit(world, market, pool, buyer):
    offer(world, buyer, units(world, 300_000), units(world, 1001, market))
    ledger = Ledger(sale_of(world, market, 1001, market))
    until(world, pool, Store(), ledger, lambda: ledger.is_done)
    assert ledger.sums == (1001, 300_000)


@pytest.mark.parametrize("change", [{"limit": None}, {"asset": "OTHER"}])
def test_a_sale_without_a_limit_or_of_another_asset_is_not_made(world, market, pool, change):
    order = sale_of(world, market)._replace(**change)
    outbox = Outbox(world.chain, Store(), pool.name, pool.keyring, deeds=deeds_of(None))
    (waiting,) = outbox.work([order], NOW, RESERVE)
    assert "can't be made" in waiting.reason


def test_sp_6_a_settlement_is_paid_at_the_feed_after_its_delay(world, pool):
    if not world.is_embedded:
        pytest.skip("it is waited for the asset's delay")
    market = world.bitasset(settlement_delay_seconds=100)
    world.position(pool, market, 2 * 10**10, 10**7)
    before = Chain(world.connection).balances(pool.name)
    ledger = Ledger(Order(9, "settle", pool.name, market, 5000, "mplp settle 9", market=market))
    store = Store(faults=["after save"])
    until(world, pool, store, ledger, lambda: store.kept, Faulty(world.connection, ["reply lost"]))
    world.until_irreversible()
    step(world, pool, store, ledger)
    assert ledger.reports == []
    world.chain.call("devnet_advance", 100)
    until(world, pool, store, ledger, lambda: ledger.is_done)
    assert ledger.sums == (5000, 10**6)
    after = Chain(world.connection).balances(pool.name)
    assert after[market] == before[market] - 5000
    assert after[world.core] == before[world.core] + 10**6 - ledger.reports[-1].fee


def test_a_settlement_that_is_given_back_is_over(world, pool):
    if not world.is_embedded:
        pytest.skip("it is waited for the asset's delay")
    market = world.bitasset(feed_lifetime_seconds=60, settlement_delay_seconds=100)
    world.position(pool, market, 2 * 10**10, 10**7)
    before = Chain(world.connection).balances(pool.name)
    ledger, store = Ledger(Order(9, "settle", pool.name, market, 5000, "", market=market)), Store()
    until(world, pool, store, ledger, lambda: store.kept)
    world.until_irreversible()
    world.chain.call("devnet_advance", 65)
    world.chain.call("devnet_advance", 50)  # there is no feed any more when it falls due
    until(world, pool, store, ledger, lambda: ledger.is_done)
    assert ledger.sums == (0, 0)
    assert Chain(world.connection).balances(pool.name)[market] == before[market]


# --- what the account holds meanwhile -----------------------------------------------------------------------


def reckoned(world, pool, since):
    """What is held at the head, and what the movements since a block make of what was held then."""
    holdings = read_holdings(Chain(world.connection), pool.name, since)
    return holdings, holdings.at(since)


def test_the_holdings_at_any_block_are_told_through_every_kind_of_operation(world, market, pool, buyer):
    """Goal: balances at earlier blocks. Method: they are noted as they were, and told again from the movements."""
    noted = {}

    def note():
        holdings = read_holdings(Chain(world.connection), pool.name, world.chain.head().number)
        assert holdings.strange == ()
        noted[holdings.head] = dict(holdings.balances)

    note()
    ledger, store = Ledger(sale_of(world, market)), Store()
    until(world, pool, store, ledger, lambda: store.kept)
    world.step()
    note()
    offer(world, buyer, units(world, 120, market), units(world, 30_000))
    note()
    (order,) = world.chain.call("get_full_accounts", [pool.id], False)[0][1]["limit_orders"]
    world.send([builders.limit_order_cancel(pool.id, order["id"])], pool)
    note()
    unfilled = Ledger(sale_of(world, market)._replace(number=8))
    until(world, pool, store, unfilled, lambda: 8 in store.kept)
    world.step()
    (order,) = world.chain.call("get_full_accounts", [pool.id], False)[0][1]["limit_orders"]
    note()
    world.send([builders.limit_order_cancel(pool.id, order["id"])], pool)
    note()
    world.send([builders.asset_settle(pool.id, units(world, 100, market))], pool)
    note()
    world.send([builders.account_upgrade(pool.id)], pool)
    world.pay(buyer, pool, 77)
    world.pay(pool, buyer, 55)
    note()
    first = min(noted)
    holdings = read_holdings(Chain(world.connection), pool.name, first)
    assert holdings.strange == ()
    for block, balances in noted.items():
        assert holdings.at(block) == balances, block
    # seen from the middle, what was begun before is still told right
    for since in sorted(noted):
        later = read_holdings(Chain(world.connection), pool.name, since)
        assert later.at(since) == noted[since]
    sold = {one.transaction for one in holdings.movements if one.report in {r.source for r in ledger.reports}}
    assert sold <= {store.attempts(7)[0].transaction_id}
    ids = {one.transaction for one in holdings.movements}
    assert {store.attempts(7)[0].transaction_id, store.attempts(8)[0].transaction_id} <= ids


def test_every_movement_of_a_sale_is_counted_under_a_report_of_it(world, market, pool, buyer):
    offer(world, buyer, units(world, 120, market), units(world, 30_000))
    world.step()
    since = world.chain.head().number
    ledger, store = Ledger(sale_of(world, market)), Store()
    until(world, pool, store, ledger, lambda: ledger.reports)
    holdings = read_holdings(Chain(world.connection), pool.name, since)
    mine = [one for one in holdings.movements if one.transaction == store.attempts(7)[0].transaction_id]
    assert [one.report for one in mine if not one.units] == [""]  # the fee is counted when it is over
    offer(world, buyer, units(world, 280, market), units(world, 70_000))
    until(world, pool, store, ledger, lambda: ledger.is_done)
    holdings = read_holdings(Chain(world.connection), pool.name, since)
    mine = [one for one in holdings.movements if one.transaction == store.attempts(7)[0].transaction_id]
    by_report = {}
    for one in mine:
        by_report.setdefault(one.report, []).append(one)
    assert set(by_report) == {one.source for one in ledger.reports}
    for report in ledger.reports:
        moved = by_report[report.source]
        assert sum(one.units for one in moved if one.asset == world.core) == -report.units
        assert sum(one.units for one in moved if one.asset == market) == report.got
        assert sum(one.fee_units for one in moved) == report.fee
