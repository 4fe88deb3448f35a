"""Nodes that fork, lag, stand still, lie and lose replies: nothing is credited or paid that isn't irreversible."""

import pytest

from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.errors import DisagreementError, StaleNodeError
from bsip_mplp.chain.history import read_irreversible
from bsip_mplp.chain.inbox import Inbox
from bsip_mplp.chain.orders import Waiting
from bsip_mplp.chain.outbox import Outbox
from bsip_mplp.rules.inputs import OrderDone
from tests import kit
from tests.chain.test_inbox import CONTEXT
from tests.chain.test_outbox import NOW, RESERVE, Store, order_for


@pytest.fixture(scope="module")
def own_world():
    """A node of its own, since it is made to misbehave; blocks come only when they are asked for."""
    with kit.devnet("--block-interval", "0.1") as url:
        found = kit.World(url)
        yield found
        found.close()


@pytest.fixture
def world(own_world):
    own_world.chain.call("devnet_heal")
    own_world.chain.call("devnet_stall", True)
    yield own_world
    own_world.chain.call("devnet_heal")
    own_world.connection.close()


@pytest.fixture
def people(world):
    return world.people("pool", "ann", core=10**9)


def read(world, pool, after_block=0):
    return Inbox(world.chain, pool.name, pool.keyring, CONTEXT).read(after_block)


def fork(world):
    """The newest block is taken back, and a branch that became longer stands in its place."""
    world.chain.call("devnet_fork", 1)
    world.chain.call("devnet_produce_blocks", 3)


def test_a_deposit_in_a_block_that_is_taken_back_is_never_credited(world, people):
    pool, ann = people
    world.until_irreversible()
    start = read(world, pool).block
    world.pay(ann, pool, 500, "mplp stake")
    assert read(world, pool, start).sent == ()
    assert read(world, pool, start).deposits == ()
    fork(world)
    world.pay(ann, pool, 600, "mplp stake")
    world.until_irreversible()
    assert [one.amount for one in read(world, pool, start).deposits] == [600]


def test_a_payout_in_a_block_that_is_taken_back_is_made_once_in_the_end(world, people):
    pool, _ = people
    receiver = world.person("rae")
    order, store = order_for(receiver, world), Store()
    outbox = Outbox(world.chain, store, pool.name, pool.keyring, expiration_seconds=30)
    outbox.work([order], NOW, RESERVE)
    world.step(0)
    assert world.chain.balances(receiver.name) == {world.core: order.units}
    assert isinstance(outbox.work([order], NOW, RESERVE)[0], Waiting)
    fork(world)
    assert world.chain.balances(receiver.name) == {}
    found = outbox.work([order], NOW, RESERVE)
    for _ in range(100):
        if isinstance(found[0], OrderDone):
            break
        world.step(1)
        found = outbox.work([order], NOW, RESERVE)
    assert isinstance(found[0], OrderDone)
    assert len(store.attempts(17)) == 1  # the very same transaction
    world.until_irreversible()
    assert world.chain.balances(receiver.name) == {world.core: order.units}


def test_a_reply_that_a_node_really_loses(world, people):
    pool, _ = people
    receiver = world.person("rae")
    order, store = order_for(receiver, world), Store()
    world.chain.call("devnet_lose_replies", 1)
    outbox = Outbox(world.chain, store, pool.name, pool.keyring, expiration_seconds=30)
    (waiting,) = outbox.work([order], NOW, RESERVE)
    assert "without a reply" in waiting.reason
    assert "was sent" in outbox.work([order], NOW, RESERVE)[0].reason
    world.until_irreversible()
    (done,) = outbox.work([order], NOW, RESERVE)
    assert isinstance(done, OrderDone)
    assert world.chain.balances(receiver.name) == {world.core: order.units}


def test_a_node_that_falls_behind_is_not_believed(world, people):
    pool, ann = people
    world.pay(ann, pool, 500)
    world.until_irreversible()
    read(world, pool)
    world.chain.call("devnet_lag", 15)
    with pytest.raises(StaleNodeError, match="went back"):
        read(world, pool)
    with pytest.raises(StaleNodeError, match="went back"):
        read_irreversible(world.chain, pool.id, 0)


def test_a_history_that_lies_is_found_out_by_its_block(world, people):
    pool, ann = people
    world.pay(ann, pool, 500)
    world.until_irreversible()
    truth = world.connection.call("history", "get_account_history", pool.id, "1.11.0", 100, "1.11.0")
    truth[0]["op"][1]["amount"]["amount"] = 10**12
    world.chain.call("devnet_lie", "get_account_history", truth)
    with pytest.raises(DisagreementError, match="differently"):
        read(world, pool)
    world.chain.call("devnet_lie", "get_account_history", None)
    assert read(world, pool).deposits[-1].amount == 500


def test_a_node_that_lies_about_a_block_is_found_out_by_another(world, people):
    pool, ann = people
    world.pay(ann, pool, 500)
    world.until_irreversible()
    with kit.devnet("--block-interval", "0.1") as other:
        alone = Chain(Connection([other]))
        assert alone.network == world.network
        alone.call("devnet_produce_blocks", world.chain.head().number)
        alone.connection.close()
        both = Connection([world.url, other])
        with pytest.raises(DisagreementError, match="2 must agree"):
            Inbox(Chain(both), pool.name, pool.keyring, CONTEXT).read(0)
        assert other in both.reports()
        both.close()
    twice = Connection([world.url, world.url + "/"])  # the same node twice: it agrees with itself
    reading = Inbox(Chain(twice), pool.name, pool.keyring, CONTEXT).read(0)
    assert reading.deposits[-1].amount == 500
    twice.close()
