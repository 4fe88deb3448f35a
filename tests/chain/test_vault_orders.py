"""Orders of vaults: an account as agreed, and steps that are done all or not at all, once, whatever goes wrong."""

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import Chain, Position
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.errors import DisagreementError, NotFoundError
from bsip_mplp.chain.inbox import Inbox
from bsip_mplp.chain.kinds import deeds_of
from bsip_mplp.chain.orders import Waiting
from bsip_mplp.chain.outbox import Outbox, is_for_operator
from bsip_mplp.chain.transactions import broadcast, sign
from bsip_mplp.chain.vaults import Terms, fault_of, read_authorities, read_sighting
from bsip_mplp.rules.inputs import OrderDone, OrderFailed
from bsip_mplp.rules.outcomes import Step
from tests.chain.test_inbox import CONTEXT
from tests.chain.test_outbox import EXPIRATION_SECONDS, NOW, RESERVE, Refusing, Store
from tests.chain.vault_town import MARKET_ICR, MARKET_MCR, MARKET_MSSR, VaultTown

LENT = 10**8


@pytest.fixture(scope="module")
def town(world):
    return VaultTown.found(world)


@pytest.fixture(scope="module")
def vault(town):
    return town.open(collateral=10**9, debt=10**6)


def lend(town, vault, units=LENT):
    return (
        Step("transfer", "", vault, town.world.core, units),
        Step("adjust", vault, "", town.market, 0, units, 0),
    )


def bring_home(town, vault, units=LENT):
    return (
        Step("adjust", vault, "", town.market, 0, -units, 0),
        Step("transfer", vault, "", town.world.core, units),
    )


def test_v_2_a_vault_is_made_with_the_authorities_agreed_and_read_back(town):
    name = town.open()
    assert fault_of(town.world.chain, town.terms, name, town.holder.name) is None
    ids = town.world.chain.account_ids([town.pool.name, town.guard.name, town.holder.name])
    found = read_authorities(town.world.chain, name)
    assert found.active["account_auths"] == [[ids[town.pool.name], 1]]
    assert found.active["weight_threshold"] == 1
    assert {who for who, _ in found.owner["account_auths"]} == {ids[town.guard.name], ids[town.holder.name]}
    assert found.owner["weight_threshold"] == 2
    assert found.owner["key_auths"] == found.active["key_auths"] == []


def test_v_2_any_other_authority_is_told(town):
    world, name = town.world, town.open()
    other = world.person("other", core=10**9)
    assert "and not 2 of" in fault_of(world.chain, town.terms, name, other.name)
    assert "the active authority" in fault_of(
        world.chain, Terms((other.name,), town.guard.name), name, town.holder.name
    )
    owner = town.terms.owner(world.chain, town.holder.name)
    world.send([builders.account_update(other.id, owner=owner._replace(threshold=1), active=owner)], other)
    assert "1 of" in fault_of(world.chain, town.terms, other.name, town.holder.name)
    with pytest.raises(NotFoundError):
        fault_of(world.chain, town.terms, "vault-that-nobody-made-1", other.name)


def test_v_2_terms_that_protect_nobody_are_refused(town):
    chain, name = town.world.chain, town.holder.name
    for terms in (
        Terms((), town.guard.name),
        Terms(("a", "b"), town.guard.name, 3),
        Terms(("a", "a"), town.guard.name, 2),
        Terms((town.guard.name,), town.guard.name),
    ):
        with pytest.raises(ValueError, match=r"can't act together|both guard and keeper"):
            terms.active(chain)
    for holder in (town.guard.name, town.pool.name):
        with pytest.raises(ValueError, match="can't hold one"):
            town.terms.owner(chain, holder)
    assert town.terms.owner(chain, name).threshold == 2


FAULTS = [
    ([], []),
    (["reply lost"], []),
    (["lost", "reply lost"], []),
    (["twice", "twice"], []),
    (["crash after"], ["before save", "after save", "before close", "after close"]),
    (["lost"] * 60, ["after save"]),
]


@pytest.mark.parametrize(
    ("broadcasts", "crashes"), FAULTS, ids=lambda plan: "-".join(plan[:3]).replace(" ", "_") or "none"
)
def test_v_4_a_loan_goes_in_and_comes_home_exactly_once(town, vault, broadcasts, crashes):
    world, chain = town.world, Chain(town.world.connection)
    before, held = town.position(vault), chain.balances(vault)
    pool_before = chain.balances(town.pool.name)[world.core]
    lent = town.run(vault, *lend(town, vault), broadcasts=broadcasts, crashes=crashes)
    assert isinstance(lent, OrderDone)
    assert town.position(vault) == (before[0] + LENT, before[1])
    home = town.run(vault, *bring_home(town, vault), broadcasts=broadcasts, crashes=crashes)
    assert isinstance(home, OrderDone)
    assert town.position(vault) == before
    assert chain.balances(vault) == held
    # the fees of all operations, also those that the vault's account pays, are the operator's
    assert chain.balances(town.pool.name)[world.core] == pool_before - lent.fee - home.fee
    assert lent.fee > 0


def test_the_reserve_must_carry_the_fees_of_all_operations(town, vault):
    order = town.order(vault, *lend(town, vault))
    outbox = Outbox(town.world.chain, Store(), town.pool.name, town.pool.keyring, deeds=deeds_of(town.terms))
    fee = town.carry_out(order).fee
    (waiting,) = outbox.work([order], NOW, fee - 1)
    assert f"the fee is {fee} units" in waiting.reason
    town.run(vault, *bring_home(town, vault))


def test_the_target_ratio_is_read_and_sent_again(town):
    vault = town.open(collateral=10**9, debt=10**6)
    chain = town.world.chain
    held = town.pool  # the keeper sets it, as the vault's active authority lets it
    vault_id = chain.account_ids([vault])[vault]
    bitasset = chain.asset(town.market)
    town.world.pay(held, town.holder, 1)
    fees = builders.transfer(held.id, vault_id, town.units(10**7))
    change = builders.call_order_update(vault_id, town.units(0), builders.Units(bitasset.id, 1), 1900)
    town.world.send([fees, change], held)
    town.run(vault, *lend(town, vault))
    position = chain.positions(town.market, [vault])[vault]
    assert position.target_ratio_permille == 1900
    assert (position.collateral, position.debt) == (10**9 + LENT, 10**6 + 1)


def test_a_position_is_closed_and_the_rest_paid_out_in_one_transaction(town):
    vault = town.open(collateral=10**9, debt=10**6)
    steps = (
        Step("transfer", "", vault, town.market, 10**6),
        Step("adjust", vault, "", town.market, 0, -(10**9), -(10**6)),
        Step("transfer", vault, "", town.world.core, 4 * 10**8),
        Step("transfer", vault, town.holder.name, town.world.core, 6 * 10**8),
    )
    before = town.world.chain.balances(town.holder.name)[town.world.core]
    assert isinstance(town.run(vault, *steps), OrderDone)
    assert town.world.chain.positions(town.market, [vault])[vault] == Position(0, 0)
    assert town.world.chain.balances(town.holder.name)[town.world.core] == before + 6 * 10**8
    assert town.world.chain.balances(vault) == {}


def test_v_4_a_loan_that_the_chain_refuses_was_never_made(town, vault):
    refusing = Refusing(town.world.connection, "assert_exception", "the new position would be under-collateralized")
    store, before = Store(), town.position(vault)
    failed = town.run(vault, *lend(town, vault), store=store, connection=refusing)
    assert isinstance(failed, OrderFailed)
    assert "under-collateralized" in failed.reason
    assert town.position(vault) == before


def test_v_5_what_the_chain_refuses_for_good_is_given_up_with_its_words_and_nothing_is_half_done(town):
    vault = town.open(collateral=4 * 10**8, debt=10**6)  # twice the debt's worth: a half of it can't come out
    before, pool_before = town.position(vault), town.world.chain.balances(town.pool.name)
    failed = town.run(vault, *bring_home(town, vault, 2 * 10**8))
    assert isinstance(failed, OrderFailed)
    assert "collateral" in failed.reason.lower()
    assert town.position(vault) == before
    assert town.world.chain.balances(town.pool.name) == pool_before


def test_what_the_vault_lacks_is_not_for_the_operator_to_mend(town, vault):
    steps = (Step("transfer", vault, "", town.world.core, 10**9),)
    assert isinstance(town.run(vault, *steps), OrderFailed)
    pool = "pool-x1"
    assert is_for_operator(f"assert_exception insufficient_balance: {pool}'s balance of 1 TEST is less", pool)
    assert is_for_operator("assert_exception Insufficient Balance: 1 TEST, unable to", pool)
    assert not is_for_operator(
        "assert_exception Insufficient Balance: 1 TEST, unable to transfer '5 TEST' from account 'vault-1' to 'x'", pool
    )
    assert is_for_operator("tx_missing_active_auth Missing Active Authority 1.2.5", pool)
    assert not is_for_operator("assert_exception the position is too thin", pool)


def test_steps_that_take_others_money_are_not_made(town, vault):
    outbox = Outbox(town.world.chain, Store(), town.pool.name, town.pool.keyring, deeds=deeds_of(town.terms))
    stranger = Step("transfer", town.holder.name, "", town.world.core, 1)
    for steps, words in (
        ((stranger,), "takes money of others"),
        ((), "no steps"),
        ((Step("burn", "", "", "", 1),), "kind burn"),
    ):
        (waiting,) = outbox.work([town.order(vault, *steps)], NOW, RESERVE)
        assert isinstance(waiting, Waiting)
        assert words in waiting.reason


def test_an_order_that_the_configuration_knows_nothing_of_waits_and_keeps_no_other_waiting(town, vault):
    outbox = Outbox(town.world.chain, Store(), town.pool.name, town.pool.keyring, deeds=deeds_of(None))
    (waiting,) = outbox.work([town.order(vault, *lend(town, vault))], NOW, RESERVE)
    assert "kind vault are not carried out" in waiting.reason


def test_an_account_name_that_is_taken_fails_and_makes_nothing(town):
    from bsip_mplp.chain.orders import Order

    order = Order(town.number(), "vault_open", town.holder.name, "", 0, "", to=town.holder.name)
    failed = town.carry_out(order)
    assert isinstance(failed, OrderFailed)
    assert "already exists" in failed.reason


def test_a_sighting_counts_once_nothing_can_undo_it_and_nothing_waits(town):
    vault = town.open(collateral=10**9, debt=10**6)
    world, chain = town.world, Chain(town.world.connection)
    world.pay(town.holder, town.guard, 1)
    before = read_sighting(chain, vault, town.market)
    assert not before.is_settled(None)
    world.until_irreversible()
    first = read_sighting(chain, vault, town.market)
    assert first.is_settled(before)
    assert first.position.collateral == 10**9
    vault_id = chain.account_ids([vault])[vault]
    world.send([builders.transfer(town.holder.id, vault_id, town.units(77))], town.holder)
    second = read_sighting(chain, vault, town.market)
    assert second.balances == {world.core: 77}
    assert not second.is_settled(first)
    world.until_irreversible()
    third = read_sighting(chain, vault, town.market)
    assert not third.is_settled(first)
    assert third.is_settled(second)


def test_a_micro_fork_takes_a_loan_back_and_it_is_made_once_all_the_same(town, vault):
    world = town.world
    if not world.is_embedded:
        pytest.skip("forks are made on the embedded node")
    before = town.position(vault)
    store, order = Store(), town.order(vault, *lend(town, vault))
    outbox = Outbox(
        Chain(world.connection), store, town.pool.name, town.pool.keyring,
        expiration_seconds=EXPIRATION_SECONDS, deeds=deeds_of(town.terms),
    )  # fmt: skip
    world.until_irreversible()
    outbox.work([order], NOW, RESERVE)
    world.chain.call("devnet_produce_blocks", 1)
    assert town.position(vault) == (before[0] + LENT, before[1])
    world.chain.call("devnet_fork", 1)
    world.chain.call("devnet_produce_blocks", 3)
    assert isinstance(town.carry_out(order, store=store), OrderDone)
    assert town.position(vault) == (before[0] + LENT, before[1])
    town.run(vault, *bring_home(town, vault))


def feed_of(world, market, price):
    pair = Units(world.chain.asset(market).id, price[0]), Units("1.3.0", price[1])
    return builders.publish_feed(world.faucet.id, pair, mcr=MARKET_MCR, mssr=MARKET_MSSR, icr=MARKET_ICR)


def test_v_5_the_chain_calling_the_vault_in_the_same_block_leaves_one_of_two_whole_outcomes(town):
    """A loan's transaction meets a feed by which the chain sells the vault: whichever is first, all or nothing."""
    market = town.world.bitasset()
    own = VaultTown(town.world, town.pool, town.guard, town.holder, market, [town.pool])
    world = own.world
    world.position(town.pool, market, 2 * 10**10, 10**7)
    for is_loan_first in (True, False):
        world.feed(market, (5, 1000))
        vault = own.open(collateral=4 * 10**8, debt=10**6)
        world.step()
        buyer = world.person("buyer", core=10**9)
        world.send([builders.transfer(town.pool.id, buyer.id, own.units(2 * 10**6, market))], town.pool)
        loan, store = own.order(vault, *lend(own, vault, 10**7)), Store()
        outbox = Outbox(
            Chain(world.connection), store, own.pool.name, own.pool.keyring,
            expiration_seconds=EXPIRATION_SECONDS, deeds=deeds_of(own.terms),
        )  # fmt: skip
        end = world.chain.head().time + 600
        world.send([builders.limit_order_create(buyer.id, own.units(10**6, market), own.units(1), end)], buyer)
        falls = [feed_of(world, market, (4, 1000))]  # the ratio is 1.6 then, under MCR
        signed = sign(world.chain, falls, world.faucet.keyring, [world.faucet.key], expiration_seconds=60)
        world.until_irreversible()
        if is_loan_first:
            outbox.work([loan], NOW, RESERVE)
        broadcast(world.connection, signed.transaction)
        outbox.work([loan], NOW, RESERVE)  # both wait for the same block
        world.step(0)
        ended = own.carry_out(loan, store=store)
        collateral, debt = own.position(vault)
        if isinstance(ended, OrderDone):
            assert is_loan_first
            assert (collateral, debt) != (4 * 10**8 + 10**7, 10**6)
        else:
            assert isinstance(ended, OrderFailed)
        assert debt < 10**6


def test_what_comes_home_in_a_transaction_of_the_pools_own_is_no_deposit(town, vault):
    world = town.world
    world.until_irreversible()
    inbox = Inbox(Chain(world.connection), town.pool.name, town.pool.keyring, CONTEXT)
    start = inbox.read(0)
    while (further := inbox.read(start.block)).block != start.block:
        start = further
    lent = town.run(vault, *lend(town, vault))
    home = town.run(vault, *bring_home(town, vault))
    world.pay(town.holder, town.pool, 4_321)
    world.until_irreversible()
    reading = inbox.read(start.block)
    assert [(one.account, one.amount) for one in reading.deposits] == [(town.holder.name, 4_321)]
    assert {one.transaction for one in reading.sent} == {lent.transaction, home.transaction}


def test_a_reply_that_the_node_itself_loses(town, vault):
    if not town.world.is_embedded:
        pytest.skip("the embedded node loses replies on demand")
    before, store, order = town.position(vault), Store(), town.order(vault, *lend(town, vault))
    town.world.chain.call("devnet_lose_replies", 1)
    assert isinstance(town.carry_out(order, store=store), OrderDone)
    assert len(store.attempts(order.number)) == 1
    assert town.position(vault) == (before[0] + LENT, before[1])
    town.run(vault, *bring_home(town, vault))


def test_v_2_a_node_that_lies_about_authorities_is_not_believed_alone(town):
    """Two nodes are named; the one in use says that a vault is sound which is a thief's."""
    world, thief = town.world, town.world.person("thief", core=10**9)
    wanted = town.terms.owner(world.chain, town.holder.name).json()

    class Lying(Connection):
        def call(self, api, method, *arguments):
            found = super().call(api, method, *arguments)
            if method == "get_account_by_name" and arguments == (thief.name,):
                found |= {"owner": wanted, "active": town.terms.active(world.chain).json()}
            return found

    lying = Lying([world.url])
    assert fault_of(Chain(lying), town.terms, thief.name, town.holder.name) is None  # with one node there is no help
    lying.close()
    lying = Lying([world.url, world.url + "/"])
    with pytest.raises(DisagreementError, match=f"the authorities of {thief.name}"):
        fault_of(Chain(lying), town.terms, thief.name, town.holder.name)
    lying.close()
    assert "the owner authority" in fault_of(world.chain, town.terms, thief.name, town.holder.name)
