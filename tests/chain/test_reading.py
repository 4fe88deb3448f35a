"""Reads and serialisations against a node: batched, exact, and the same as the library tells where it can tell."""

from fractions import Fraction

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import NO_POSITION, Chain
from bsip_mplp.chain.errors import NotFoundError
from bsip_mplp.chain.library import library
from bsip_mplp.chain.transactions import prepare, serialise
from bsip_mplp.rules.inputs import FeedSeen
from tests.kit import ICR, MCR, MSSR


class Counting:
    """A connection that counts what is asked of it."""

    def __init__(self, connection):
        self._connection = connection
        self.asked = []

    def call(self, api, method, *arguments):
        self.asked.append(method)
        return self._connection.call(api, method, *arguments)

    def __getattr__(self, name):
        return getattr(self._connection, name)


@pytest.fixture(scope="module")
def market(world):
    return world.bitasset((5, 1000))


@pytest.fixture(scope="module")
def holders(world, market):
    people = world.people("ann", "bob", "cat", core=10**10)
    world.position(people[0], market, 10**9, 2_000_000, 1700)
    world.position(people[1], market, 2 * 10**9, 3_000_000)
    return people


def test_the_head_and_what_is_irreversible(world):
    head = world.chain.head()
    assert head.irreversible_number <= head.number
    assert head.irreversible_time == world.chain.block_time(head.irreversible_number)
    assert head.time >= head.irreversible_time
    with pytest.raises(NotFoundError, match="no block"):
        world.chain.block(head.number + 10_000)


def test_names_ids_and_precisions_are_asked_for_once_and_together(world, holders, market):
    counting = Counting(world.connection)
    chain = Chain(counting)
    names = [person.name for person in holders]
    ids = chain.account_ids(names)
    assert ids == {person.name: person.id for person in holders}
    assert chain.account_names(ids.values()) == {person.id: person.name for person in holders}
    assets = chain.assets([market, world.core])
    assert assets[market].precision == 4
    assert chain.assets_by_id([assets[market].id]) == {assets[market].id: assets[market]}
    assert counting.asked == ["get_accounts", "lookup_asset_symbols"]


@pytest.mark.parametrize("read", ["account_ids", "account_names", "assets", "assets_by_id"])
def test_what_the_chain_does_not_have_is_named(world, read):
    unknown = {
        "account_ids": "nobody-1x",
        "account_names": "1.2.999999",
        "assets": "NOSUCHX",
        "assets_by_id": "1.3.99999",
    }
    with pytest.raises(NotFoundError, match=unknown[read]):
        getattr(world.chain, read)([unknown[read]])


def test_a_feed_is_what_the_chain_decides_by(world, market):
    seen = world.chain.feed(market, 77)
    published = world.chain.call("get_objects", [world.chain.asset(market).bitasset_id])[0]
    assert seen == FeedSeen(time=77, market=market, price=(5, 1000), mcr=MCR, mssr=MSSR, icr=ICR, expires=seen.expires)
    from bsip_mplp.chain.clock import seconds_of

    assert seen.expires == seconds_of(published["current_feed_publication_time"]) + 86_400
    assert world.chain.core_of(market) == world.core


def test_a_market_that_nobody_feeds_has_no_price(world):
    symbol = world.bitasset(None)
    assert world.chain.feed(symbol, 5) == FeedSeen(time=5, market=symbol)
    with pytest.raises(NotFoundError, match="is no bitasset"):
        world.chain.feed(world.core, 5)


def test_positions_come_in_one_call_for_all_and_none_is_no_position(world, market, holders):
    counting = Counting(world.connection)
    chain = Chain(counting)
    names = [person.name for person in holders]
    chain.account_ids(names)
    chain.asset(market)
    counting.asked.clear()
    found = chain.positions(market, names)
    assert [(found[name].collateral, found[name].debt, found[name].target_ratio_permille) for name in names] == [
        (10**9, 2_000_000, 1700),
        (2 * 10**9, 3_000_000, None),
        (0, 0, None),
    ]
    assert found[names[2]] == NO_POSITION
    assert counting.asked == ["get_call_orders"]


def test_in_a_large_market_known_positions_are_followed_and_others_found(world, market, holders, monkeypatch):
    monkeypatch.setattr("bsip_mplp.chain.chain.CALL_ORDERS_PER_CALL", 1)
    counting = Counting(world.connection)
    chain = Chain(counting)
    names = [person.name for person in holders]
    assert chain.positions(market, names) == world.chain.positions(market, names)
    assert counting.asked.count("get_full_accounts") == 1
    counting.asked.clear()
    assert chain.positions(market, names[:2]) == world.chain.positions(market, names[:2])
    assert counting.asked == ["get_call_orders", "get_objects"]


def test_balances_are_whole_numbers(world):
    person = world.person("eve", core=123_456_789_012)
    assert world.chain.balances(person.name) == {world.core: 123_456_789_012}


def test_the_library_tells_the_same_positions(world, market, holders):
    from bitshares.account import Account

    instance = library(world.connection)
    account = Account(holders[0].name, full=True, blockchain_instance=instance)
    theirs = next(iter(account.callpositions.values()))
    ours = world.chain.positions(market, [holders[0].name])[holders[0].name]
    assert Fraction(str(float(theirs["collateral"]))) == Fraction(ours.collateral, 10**5)
    assert Fraction(str(float(theirs["debt"]))) == Fraction(ours.debt, 10**4)


def operations(world, market):
    asset, faucet = world.chain.asset(market).id, world.faucet
    core, usd = Units("1.3.0", 10**12), Units(asset, 70_000)
    memo = world.sealed(faucet, faucet, "mplp stake 借")
    key = faucet.key
    return {
        "transfer": builders.transfer(faucet.id, "1.2.3", core, memo),
        "transfer without memo": builders.transfer(faucet.id, "1.2.3", core),
        "position": builders.call_order_update(faucet.id, Units("1.3.0", -5), usd, 1751),
        "position without target": builders.call_order_update(faucet.id, core, Units(asset, -5), None),
        "limit order": builders.limit_order_create(faucet.id, core, usd, 1_800_000_000, fill_or_kill=True),
        "cancel": builders.limit_order_cancel(faucet.id, "1.7.300"),
        "feed": builders.publish_feed(faucet.id, (usd, core), mcr=1500, mssr=1100, icr=1600),
        "feed without icr": builders.publish_feed(faucet.id, (usd, core), mcr=1500, mssr=1100, icr=None),
        "account": builders.account_create(faucet.id, "some-name1", key, key, key),
        "bitasset": builders.bitasset_create(faucet.id, "SOMEUSD", 4, "1.3.0"),
        "asset": builders.asset_create(faucet.id, "SOMEUIA", 2),
        "issue": builders.asset_issue(faucet.id, "1.2.3", usd, memo),
        "claim": builders.asset_claim_fees(faucet.id, usd),
        "claim of what backs it": builders.asset_claim_fees(faucet.id, core, asset),
        "producers": builders.feed_producers(faucet.id, asset, ["1.2.300", "1.2.7"]),
    }


def test_every_operation_is_serialised_as_the_node_does(world, market):
    for name, operation in operations(world, market).items():
        unsigned, reference = prepare(world.chain, [operation], expiration_seconds=60)
        ours = serialise(unsigned, world.network.prefix).hex()
        assert ours == world.chain.call("get_transaction_hex_without_sig", unsigned), name
        assert reference <= world.chain.head().number
        assert unsigned["operations"][0][1]["fee"]["amount"] > 0 or name == "cancel"
