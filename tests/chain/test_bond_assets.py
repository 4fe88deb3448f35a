"""Bonds as an asset of a chain (PL-43): made once by rules that hold for good, issued exactly once, and counted."""

import secrets

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.bond_assets import read_supplies
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.errors import NotFoundError, RefusedError
from bsip_mplp.chain.holdings import read_holdings
from bsip_mplp.chain.inbox import Inbox
from bsip_mplp.chain.kinds import deeds_of
from bsip_mplp.chain.memo import Context
from bsip_mplp.chain.orders import Order, Waiting
from bsip_mplp.chain.outbox import Outbox
from bsip_mplp.keeper.outflow import outflow_of
from bsip_mplp.rules.inputs import OrderDone, OrderFailed
from tests.chain.test_outbox import EXPIRATION_SECONDS, NOW, RESERVE, STEPS_MAX, Crash, Faulty, Store

MOST = 1000


@pytest.fixture(scope="module")
def market(world):
    return world.bitasset()


@pytest.fixture
def pool(world):
    return world.person("pool", core=10**12)


def symbol():
    return "MPLP" + "".join(chr(ord("A") + byte % 26) for byte in secrets.token_bytes(6)) + "1"


def asset_of(market, name):
    return Order(3, "bond_asset", "somebody", name, MOST, "mplp bond 3", market=market)


def issue_of(market, name, person, units=400, number=4):
    return Order(number, "bond_issue", person.name, name, units, f"mplp bond {number}", market=market)


def carried_out(world, pool, order, store=None, connection=None):
    """Work at an order until it is reported; gives the report."""
    store = store or Store()
    for _ in range(STEPS_MAX):
        outbox = Outbox(
            Chain(connection or world.connection), store, pool.name, pool.keyring,
            expiration_seconds=EXPIRATION_SECONDS, deeds=deeds_of(None),
        )  # fmt: skip
        try:
            (progress,) = outbox.work([order], NOW, RESERVE)
        except Crash:
            continue
        if not isinstance(progress, Waiting):
            return progress
        world.step()
    raise AssertionError(f"not done: {progress}")


def made(world, pool, market):
    name = symbol()
    assert isinstance(carried_out(world, pool, asset_of(market, name)), OrderDone)
    return name


FAULTS = [
    ([], []),
    (["reply lost"], []),
    (["twice", "twice"], []),
    (["crash after"], ["before save", "after save", "before close", "after close"]),
    (["lost"] * 12, []),
]


@pytest.mark.parametrize(("broadcasts", "crashes"), FAULTS, ids=["none", "reply_lost", "twice", "crashes", "lost"])
def test_pl_43_an_asset_is_made_and_units_are_issued_once(world, market, pool, broadcasts, crashes):
    name, ann, chain = symbol(), world.person("ann"), Chain(world.connection)
    before = chain.balances(pool.name)[world.core]
    fees = 0
    for order in (asset_of(market, name), issue_of(market, name, ann)):
        store = Store(faults=list(crashes))
        done = carried_out(world, pool, order, store, Faulty(world.connection, broadcasts))
        assert isinstance(done, OrderDone)
        assert [one.state for one in store.attempts(order.number)][-1] == "confirmed"
        fees += done.fee
    assert chain.balances(ann.name)[name] == 400
    assert chain.balances(pool.name) == {world.core: before - fees}
    assert read_supplies(chain, [name]) == {name: 400}


def test_pl_43_nobody_can_take_freeze_or_tax_units_or_make_more_than_the_series_has(world, market, pool):
    name, ann = made(world, pool, market), world.person("ann", core=10**8)
    assert isinstance(carried_out(world, pool, issue_of(market, name, ann, MOST)), OrderDone)
    (found,) = Chain(world.connection).call("lookup_asset_symbols", [name])
    assert (int(found["options"]["flags"]), int(found["options"]["issuer_permissions"])) == (0x200, 0x600)
    assert (int(found["options"]["max_supply"]), int(found["options"]["market_fee_percent"])) == (MOST, 0)
    with pytest.raises(RefusedError, match="max_supply"):
        world.send([builders.asset_issue(pool.id, ann.id, Units(found["id"], 1))], pool)

    def change(**options):
        fields = {"issuer": pool.id, "asset_to_update": found["id"], "extensions": {}}
        new = {"new_options": {**found["options"], **options}}
        world.send([(11, {"fee": {"amount": 0, "asset_id": "1.3.0"}, **fields, **new})], pool)

    change(description="it can be described")
    for options, why in (
        ({"issuer_permissions": 0x604}, "reinstate"),  # to take units back
        ({"issuer_permissions": 0x602, "flags": 0x202}, "reinstate"),  # to hold them by a list
        ({"flags": 0x202}, "forbidden by issuer permissions"),
        ({"issuer_permissions": 0x608, "flags": 0x208}, "reinstate"),  # to stop transfers
        ({"issuer_permissions": 0x601, "flags": 0x201}, "reinstate"),  # to tax trades
        ({"issuer_permissions": 0x400, "flags": 0, "max_supply": 2 * MOST}, "reinstate"),
        ({"max_supply": 2 * MOST}, "Can not update max supply"),
    ):
        with pytest.raises(RefusedError, match=why):
            change(**options)
    take = {"issuer": pool.id, "from": ann.id, "to": pool.id, "amount": Units(found["id"], 1).json(), "extensions": []}
    with pytest.raises(RefusedError, match="override"):
        world.send([(38, {"fee": {"amount": 0, "asset_id": "1.3.0"}, **take})], pool)


def test_pl_43_a_symbol_that_somebody_has_fails_for_good(world, market, pool):
    other, name = world.person("other", core=10**12), symbol()
    world.send([builders.asset_create(other.id, name, 4)], other)
    failed = carried_out(world, pool, asset_of(market, name))
    assert isinstance(failed, OrderFailed)
    assert Chain(world.connection).balances(pool.name) == {world.core: 10**12}


def test_pl_43_nothing_is_issued_of_an_asset_that_is_not_as_it_was_made(world, market, pool):
    ann, other, loose, taken = world.person("ann"), world.person("other", core=10**12), symbol(), symbol()
    world.send([builders.asset_create(pool.id, loose, 4)], pool)
    world.send([builders.asset_create(other.id, taken, 4, fixed_supply=MOST)], other)
    for name, why in (
        (loose, "has other permissions or flags than it was made with"),
        (taken, "is not the pool's account's any more"),
        (symbol(), "is not on the chain"),
    ):
        outbox = Outbox(Chain(world.connection), Store(), pool.name, pool.keyring, deeds=deeds_of(None))
        (waiting,) = outbox.work([issue_of(market, name, ann)], NOW, RESERVE)
        assert waiting == Waiting(4, f"can't be made: {name} {why}")


def test_pl_43_what_is_made_issued_and_burnt_is_known_to_the_audit(world, market, pool):
    """Balances taken back over all of it are those from before, and nothing is strange."""
    chain, ann = Chain(world.connection), world.person("ann", core=10**8)
    world.until_irreversible()
    began = chain.head().irreversible_number
    name = made(world, pool, market)
    carried_out(world, pool, issue_of(market, name, ann, 400))
    carried_out(world, pool, issue_of(market, name, pool, 50, number=5))
    asset_id = chain.asset(name).id
    world.pay(ann, pool, 100, symbol=name)
    burn = {"payer": pool.id, "amount_to_reserve": Units(asset_id, 30).json(), "extensions": []}
    operation = (15, {"fee": {"amount": 0, "asset_id": "1.3.0"}, **burn})
    world.send([operation], pool)
    holdings = read_holdings(chain, pool.name, began)
    assert holdings.strange == ()
    assert holdings.balances[name] == 50 + 100 - 30
    assert holdings.at(began) == {world.core: 10**12}
    assert sum(one.units for one in holdings.movements if one.asset == name) == 120
    assert outflow_of(chain, pool.name)({"operations": [operation]})[name] == 30
    assert read_supplies(chain, [name]) == {name: 420}


def test_pl_43_what_the_pool_itself_issues_is_told_as_sent(world, market, pool):
    """So that an issue of another journal, such as one restored from a backup, stops what goes out."""
    ann = world.person("ann")
    name = made(world, pool, market)
    began = Chain(world.connection).head().irreversible_number
    store = Store()
    carried_out(world, pool, issue_of(market, name, ann), store)
    context = Context(precisions={}, markets={}, core_asset=world.core, default_market=None)
    reading = Inbox(Chain(world.connection), pool.name, pool.keyring, context).read(began)
    assert reading.deposits == ()
    assert [one.transaction for one in reading.sent] == [store.attempts(4)[0].transaction_id]


def test_supplies_of_an_asset_that_is_not_there(world):
    with pytest.raises(NotFoundError):
        read_supplies(Chain(world.connection), [symbol()])
