"""Reading 1,000 positions of one market, beside the library's own ways, from the same embedded node.

The library's `Asset.get_call_orders` gives at most 100; its `Account.callpositions` asks once for each account.
"""

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.library import library
from tests import kit

POSITIONS = 1000
ACCOUNTS_PER_TRANSACTION = 8
POSITIONS_PER_TRANSACTION = 20


@pytest.fixture(scope="module")
def world():
    with kit.devnet("--block-interval", "0.1") as url:
        found = kit.World(url)
        yield found
        found.close()


@pytest.fixture(scope="module")
def market(world):
    return world.bitasset((5, 1000))


@pytest.fixture(scope="module")
def names(world, market):
    """A thousand accounts with the faucet's key, so that one signature is enough for many, each with a position."""
    names = [f"holder-{number}" for number in range(POSITIONS)]
    key, core, debt = world.faucet.key, Units("1.3.0", 10**8), world.chain.asset(market).id
    made = [builders.account_create(world.faucet.id, name, key, key, key) for name in names]
    for part in parts(made, ACCOUNTS_PER_TRANSACTION):
        world.send(part, world.faucet)
    ids = world.chain.account_ids(names)
    for part in parts(names, POSITIONS_PER_TRANSACTION):
        world.send(
            [builders.transfer(world.faucet.id, ids[name], core._replace(units=10**9)) for name in part], world.faucet
        )
    opened = [
        builders.call_order_update(ids[name], core, Units(debt, 100_000 + place), None)
        for place, name in enumerate(names)
    ]
    for part in parts(opened, POSITIONS_PER_TRANSACTION):
        world.send(part, world.faucet)
    return names


def parts(items, size):
    return [items[at : at + size] for at in range(0, len(items), size)]


def check(found, names):
    assert [found[name].debt for name in names] == list(range(100_000, 100_000 + POSITIONS))


def test_positions_watched(benchmark, world, market, names):
    """As the watcher reads them, time after time: known positions are followed by their ids."""
    check(world.chain.positions(market, names), names)
    check(benchmark(world.chain.positions, market, names), names)


def test_positions_for_the_first_time(benchmark, world, market, names):
    """As a keeper that has just started reads them: nothing is known of them but their accounts' names."""
    check(benchmark(lambda: Chain(world.connection).positions(market, names)), names)


def test_library_call_orders(benchmark, world, market, names):
    """The library's 100 least collateralised positions, which is all that it gives."""
    from bitshares.asset import Asset

    instance = library(world.connection)
    asset = Asset(market, full=True, blockchain_instance=instance)
    found = benchmark.pedantic(asset.get_call_orders, (100,), rounds=3)
    assert len(found) == 100


def test_library_call_positions(benchmark, world, market, names):
    """The library's way to all of them: an account at a time."""
    from bitshares.account import Account

    instance = library(world.connection)

    def read():
        Account.clear_cache()
        return [Account(name, full=True, blockchain_instance=instance).callpositions for name in names]

    assert len(benchmark.pedantic(read, rounds=1)) == POSITIONS
