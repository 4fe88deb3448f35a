"""V-2, V-8: vaults that several keepers keep, and new owners: proposed once, approved once by each, done whole."""

from contextlib import suppress

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.errors import UnreachableError
from bsip_mplp.chain.history import read_after
from bsip_mplp.chain.holdings import read_holdings
from bsip_mplp.chain.inbox import Inbox
from bsip_mplp.chain.kinds import deeds_of
from bsip_mplp.chain.orders import Order, Waiting
from bsip_mplp.chain.outbox import Outbox
from bsip_mplp.chain.proposals import Proposed, approval_of, cosign, open_proposals
from bsip_mplp.chain.transactions import broadcast
from bsip_mplp.chain.vault_orders import operations_of, owner_operations
from bsip_mplp.chain.vaults import fault_of
from bsip_mplp.rules.inputs import OrderDone, OrderFailed
from bsip_mplp.rules.outcomes import Step
from tests.chain.test_inbox import CONTEXT
from tests.chain.test_outbox import EXPIRATION_SECONDS, NOW, RESERVE, STEPS_MAX, Crash, Faulty, Store
from tests.chain.vault_town import VaultTown

LENT = 10**8
APPROVAL_SECONDS = 30
LIFE_SECONDS = 200


@pytest.fixture(scope="module")
def town(world):
    """Two of three keepers: the pool's account and two others."""
    town = VaultTown.found(world)
    town.keepers = [town.pool, *world.people("keeper", "other", core=10**10)]
    town.threshold = 2
    return town


def deeds(town, life_seconds=LIFE_SECONDS):
    times = {"life_seconds": life_seconds, "approval_seconds": APPROVAL_SECONDS}
    return deeds_of(town.terms) | {
        "vault": Proposed(operations_of, **times),
        "vault_owner": Proposed(owner_operations(town.terms), **times),
    }


def let_pass(world):
    """Some blocks, and chain time with them."""
    if world.is_embedded:
        world.chain.call("devnet_produce_blocks", 3)
    world.step(3)


class Room:
    """The proposing keeper at work, and others beside; each may end at any moment and start again."""

    def __init__(self, town, order, *, broadcasts=(), crashes=(), life_seconds=LIFE_SECONDS):
        self.town, self.order = town, order
        self.store, self.connection = Store(faults=list(crashes)), Faulty(town.world.connection, broadcasts)
        self.others = Faulty(town.world.connection, broadcasts)
        self.since = town.world.chain.head().irreversible_number
        self.life_seconds = life_seconds
        self.said = []

    def propose(self):
        town = self.town
        outbox = Outbox(
            Chain(self.connection), self.store, town.pool.name, town.pool.keyring,
            expiration_seconds=EXPIRATION_SECONDS, deeds=deeds(town, self.life_seconds),
        )  # fmt: skip
        try:
            return outbox.work([self.order], NOW, RESERVE)[-1]
        except Crash:
            return None

    def cosign(self, keeper, orders=None):
        with suppress(Crash):
            self.said = cosign(
                Chain(self.others), keeper.name, self.town.pool.name, keeper.keyring,
                [self.order] if orders is None else orders, operations_of, self.since,
                approval_seconds=APPROVAL_SECONDS,
            )  # fmt: skip
        return self.said

    def until_done(self, *keepers, also=lambda: None):
        for _ in range(STEPS_MAX):
            said = self.propose()
            if said is not None and not isinstance(said, Waiting):
                return said
            for keeper in keepers:
                self.cosign(keeper)
            also()
            let_pass(self.town.world)
        raise AssertionError(f"not done: {said} {self.said}")


def lending(town, vault, units=LENT):
    steps = (
        Step("transfer", "", vault, town.world.core, units),
        Step("adjust", vault, "", town.market, 0, units, 0),
    )
    return town.order(vault, *steps)


@pytest.fixture(scope="module")
def vault(town):
    name = town.open()
    assert fault_of(town.world.chain, town.terms, name, town.holder.name) is None
    order = town.order(name, *town.entering(name, 10**9, 10**6))
    assert isinstance(Room(town, order).until_done(town.keepers[1]), OrderDone)
    return name


def approvals_of(town, person, since):
    entries = read_after(Chain(town.world.connection), person.id, since)
    return [one for one in entries if one.kind == builders.PROPOSAL_UPDATE and one.virtual is None]


def proposals_of(town, since):
    entries = read_after(Chain(town.world.connection), town.pool.id, since)
    return [one for one in entries if one.kind == builders.PROPOSAL_CREATE]


@pytest.mark.parametrize(
    ("broadcasts", "crashes"),
    [
        ([], []),
        (["reply lost"] * 4, []),
        (["crash after"] * 3, []),
        (["twice"] * 6, []),
        (["lost", "crash before", "lost", "reply lost"], ["after save", "before close", "after close"]),
        (["refused"] * 5, []),
    ],
    ids=["none", "reply_lost", "crash_after", "twice", "several", "refused"],
)
def test_v_2_it_is_proposed_once_approved_once_by_each_and_done_once(town, vault, broadcasts, crashes):
    world, chain = town.world, Chain(town.world.connection)
    before, pool_before = town.position(vault), chain.balances(town.pool.name)[world.core]
    head = world.chain.head().number
    room = Room(town, lending(town, vault), broadcasts=broadcasts, crashes=crashes)
    done = room.until_done(town.keepers[1])
    assert isinstance(done, OrderDone)
    assert town.position(vault) == (before[0] + LENT, before[1])
    assert len(proposals_of(town, head)) == 1
    assert len(approvals_of(town, town.pool, head)) == len(approvals_of(town, town.keepers[1], head)) == 1
    assert chain.balances(town.pool.name)[world.core] == pool_before - LENT - done.fee
    holdings = read_holdings(chain, town.pool.name, head)
    assert holdings.strange == ()
    assert holdings.at(head)[world.core] == pool_before
    assert {one.report for one in holdings.movements} == {done.source}
    assert {one.transaction for one in holdings.movements} == {done.transaction}
    reading = Inbox(chain, town.pool.name, town.pool.keyring, CONTEXT).read(room.since)
    assert {one.transaction for one in reading.sent} == {done.transaction}
    assert reading.deposits == ()
    home = Step("adjust", vault, "", town.market, 0, -LENT, 0), Step("transfer", vault, "", world.core, LENT)
    back = Room(town, town.order(vault, *home)).until_done(town.keepers[2])
    assert isinstance(back, OrderDone)
    reading = Inbox(chain, town.pool.name, town.pool.keyring, CONTEXT).read(room.since)
    assert reading.deposits == ()
    assert chain.balances(town.pool.name)[world.core] == pool_before - done.fee - back.fee
    assert read_holdings(chain, town.pool.name, head).at(head)[world.core] == pool_before


def test_one_keeper_alone_moves_nothing_and_the_order_fails_in_time_with_its_fees(town, vault):
    if not town.world.is_embedded:
        pytest.skip("it is waited for the proposal's end")
    world, chain = town.world, Chain(town.world.connection)
    before, pool_before = town.position(vault), chain.balances(town.pool.name)[world.core]
    room = Room(town, lending(town, vault), life_seconds=60)
    for _ in range(8):
        room.propose()
        let_pass(world)
    assert town.position(vault) == before
    assert "other approvals are waited for" in room.propose().reason
    failed = room.until_done()
    assert isinstance(failed, OrderFailed)
    assert "approvals were missing" in failed.reason
    assert town.position(vault) == before
    assert chain.balances(town.pool.name)[world.core] == pool_before - failed.fee
    assert failed.fee > 0


def test_a_keeper_approves_nothing_but_what_its_own_ledger_ordered(town, vault):
    world = town.world
    room = Room(town, lending(town, vault))
    for _ in range(6):
        room.propose()
        let_pass(world)
    other = room.order._replace(steps=lending(town, vault, LENT + 1).steps)
    for orders in ([], [other], [lending(town, vault, LENT)._replace(account=vault, steps=room.order.steps[:1])]):
        (said,) = room.cosign(town.keepers[1], orders)
        assert "it is not approved" in said
    (proposal,) = open_proposals(Chain(world.connection), town.pool.name, room.since)
    assert isinstance(room.until_done(town.keepers[2]), OrderDone)
    assert open_proposals(Chain(world.connection), town.pool.name, room.since) == []
    account = world.chain.account(town.keepers[1].name)
    said = approval_of(world.chain, proposal, account, town.keepers[1].keyring, world.chain.head().irreversible_time)
    assert "carried out, or gone" in said


def test_what_the_chain_refuses_when_approved_is_told_and_fails_whole(town, vault):
    if not town.world.is_embedded:
        pytest.skip("it is waited for the proposal's end")
    before = town.position(vault)
    too_much = town.order(vault, Step("adjust", vault, "", town.market, 0, -(9 * 10**8), 0))
    room = Room(town, too_much, life_seconds=60)
    seen = []
    failed = room.until_done(town.keepers[1], also=lambda: seen.extend(room.said))
    assert isinstance(failed, OrderFailed)
    assert any("collateral" in line.lower() for line in seen)
    assert town.position(vault) == before


def approve_by_hand(town, person, room):
    """As any wallet does it."""
    chain = Chain(town.world.connection)
    for proposal in open_proposals(chain, town.pool.name, room.since):
        account = chain.account(person.name)
        signed = approval_of(chain, proposal, account, person.keyring, chain.head().irreversible_time)
        if not isinstance(signed, str):
            broadcast(chain.connection, signed.transaction)


def test_v_8_the_holders_half_changes_with_the_old_holders_and_the_guards_approval(town):
    world = town.world
    winner = world.person("winner", core=10**9)
    vault = town.open()
    order = Order(town.number(), "vault_owner", vault, "", 0, "", to=winner.name)
    room = Room(town, order, broadcasts=["reply lost", "lost"])
    for _ in range(10):
        room.propose()
        approve_by_hand(town, town.guard, room)
        let_pass(world)
    assert fault_of(world.chain, town.terms, vault, town.holder.name) is None  # the guard alone changes nothing
    done = room.until_done(also=lambda: approve_by_hand(town, town.holder, room))
    assert isinstance(done, OrderDone)
    assert fault_of(world.chain, town.terms, vault, winner.name) is None
    assert "and not 2 of" in fault_of(world.chain, town.terms, vault, town.holder.name)
    assert world.chain.balances(vault) == {}


def test_a_lost_proposal_is_made_anew_only_when_the_first_can_no_longer_count(town, vault):
    room = Room(town, lending(town, vault), broadcasts=["lost"] * 16)
    head = town.world.chain.head().number
    try:
        assert isinstance(room.until_done(town.keepers[1]), OrderDone)
    except UnreachableError:
        raise AssertionError("a lost message is no fault of the outbox") from None
    assert len(proposals_of(town, head)) == 1
    states = [one.state for one in room.store.attempts(room.order.number)]
    assert states == ["expired"] * (len(states) - 1) + ["confirmed"]
