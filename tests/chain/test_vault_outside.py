"""V-11: what others and the chain itself do to a vault is seen to the last unit, once it can't be undone."""

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import Chain, Position
from bsip_mplp.chain.vaults import read_sighting
from bsip_mplp.rules.inputs import OrderDone, OrderFailed
from bsip_mplp.rules.outcomes import Step
from tests.chain.test_vault_orders import MARKET_ICR, MARKET_MSSR, bring_home, lend
from tests.chain.vault_town import VaultTown

COLLATERAL, DEBT = 4 * 10**8, 10**6


@pytest.fixture
def town(world):
    """A market of its own, where a new vault is the least collateralised position."""
    return VaultTown.found(world, world.bitasset(settlement_delay_seconds=10))


@pytest.fixture
def vault(town):
    return town.open(collateral=COLLATERAL, debt=DEBT)


def seen(town, vault):
    """What the chain has of it, once that is settled."""
    chain = Chain(town.world.connection)
    first = read_sighting(chain, vault, town.market)
    town.world.until_irreversible()
    town.world.step()
    found = read_sighting(chain, vault, town.market)
    assert found.is_settled(first)
    return found


def buyer_of(town, debt, core):
    """Someone who buys core for the bitasset, at a price that a called position may take."""
    world = town.world
    buyer = world.person("buyer", core=10**9)
    world.send([builders.transfer(town.pool.id, buyer.id, town.units(debt, town.market))], town.pool)
    end = world.chain.head().time + 3600
    offer = builders.limit_order_create(buyer.id, town.units(debt, town.market), town.units(core), end)
    world.send([offer], buyer)
    return buyer


def test_v_11_a_margin_call_is_seen_in_part_and_in_whole(town, vault):
    buyer_of(town, 4 * 10**5, 10**8)  # at 4 : 1000, the feed that is to come
    town.world.feed(town.market, (4, 1000))  # the ratio is 1.6: it is called
    found = seen(town, vault)
    assert found.position.debt == DEBT - 4 * 10**5
    assert found.position.collateral == COLLATERAL - 10**8
    assert found.balances == {}
    town.world.feed(town.market, (32, 10_000))  # it had come back to 2.0, and is at 1.6 again
    buyer_of(town, 6 * 10**5, 1875 * 10**5)
    found = seen(town, vault)
    assert found.position == Position(0, 0)
    # this time the position stood in the book first, and gave feed / MSSR
    assert found.balances == {town.world.core: COLLATERAL - 10**8 - 1875 * 10**5 * MARKET_MSSR // 1000}


def test_v_5_an_order_that_the_call_overtook_fails_whole_and_the_rest_still_goes_home(town, vault):
    assert isinstance(town.run(vault, *lend(town, vault, 10**7)), OrderDone)
    buyer_of(town, 2 * DEBT, 5 * 10**8)
    town.world.feed(town.market, (4, 1000))
    found = seen(town, vault)
    assert (found.position, set(found.balances)) == (Position(0, 0), {town.world.core})
    assert isinstance(town.run(vault, *bring_home(town, vault, 10**7)), OrderFailed)
    assert read_sighting(town.world.chain, vault, town.market).balances == found.balances
    home = town.run(vault, Step("transfer", vault, "", town.world.core, 10**7))  # V-5 (c): out of what is left
    assert isinstance(home, OrderDone)
    left = read_sighting(town.world.chain, vault, town.market).balances
    assert left == {town.world.core: found.balances[town.world.core] - 10**7}


def test_v_11_a_settlement_by_others_is_seen(town, vault):
    if not town.world.is_embedded:
        pytest.skip("it is waited for the settlement")
    world = town.world
    other = world.person("other", core=10**9)
    world.send([builders.transfer(town.pool.id, other.id, town.units(10**5, town.market))], town.pool)
    world.send([builders.asset_settle(other.id, town.units(10**5, town.market))], other)
    world.chain.call("devnet_advance", 30)
    found = seen(town, vault)
    assert found.position.debt == DEBT - 10**5
    assert found.position.collateral == COLLATERAL - 2 * 10**7  # at the feed, without an offset


def test_v_11_what_someone_sends_is_seen_of_the_markets_two_assets_alone(town, vault):
    world, other = town.world, town.world.person("other", core=10**9)
    vault_id = world.chain.account_ids([vault])[vault]
    symbol = world.asset()
    spam = Units(world.chain.asset(symbol).id, 5)
    world.send([builders.asset_issue(world.faucet.id, vault_id, spam)], world.faucet)
    world.send([builders.transfer(other.id, vault_id, town.units(7))], other)
    world.send([builders.transfer(town.pool.id, vault_id, town.units(3, town.market))], town.pool)
    assert seen(town, vault).balances == {world.core: 7, town.market: 3}


def test_a_raised_mcr_refuses_a_loan_on_its_way_home_until_it_is_lowered_again(town, vault):
    world = town.world
    assert isinstance(town.run(vault, *lend(town, vault, 10**8)), OrderDone)
    world.feed(town.market, (5, 1000), mcr=2400, mssr=MARKET_MSSR, icr=2450)  # 2.5 now, and 2.0 without the loan
    failed = town.run(vault, *bring_home(town, vault, 10**8))
    assert isinstance(failed, OrderFailed)
    assert town.position(vault) == (COLLATERAL + 10**8, DEBT)
    world.feed(town.market, (5, 1000), icr=MARKET_ICR)
    assert isinstance(town.run(vault, *bring_home(town, vault, 10**8)), OrderDone)
    assert town.position(vault) == (COLLATERAL, DEBT)
