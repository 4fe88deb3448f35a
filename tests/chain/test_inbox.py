"""The inbox: what reached the pool's account, once each, in order, whatever its memo holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsip_mplp.chain.builders import Units, asset_issue, transfer
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.envelope import seal_plain
from bsip_mplp.chain.errors import DisagreementError
from bsip_mplp.chain.inbox import Inbox
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.chain.library import library
from bsip_mplp.chain.memo import Context
from bsip_mplp.rules.inputs import Deposit, Lend, Repay, Stake, Withdraw
from tests.chain.fake import ACCOUNT, START, FakeCaller, transfer_fields

CONTEXT = Context(precisions={"TEST": 5}, markets={"USD": "TEST"}, core_asset="TEST", default_market="USD")
NO_KEYS = keyring_of([], "TEST")


def inbox_of(fake):
    return Inbox(Chain(fake), "pool", NO_KEYS, CONTEXT)


def plain(text):
    return seal_plain(text, "TEST")


# --- in memory: what a node would tell --------------------------------------------------------------------


def test_a_history_becomes_deposits_in_the_chains_order():
    fake = FakeCaller(irreversible=9)
    fake.add(3, transfer_fields("1.2.60", ACCOUNT, 100, memo=plain("mplp stake")))
    fake.add(3, transfer_fields("1.2.61", ACCOUNT, 200))
    fake.add(4, transfer_fields(ACCOUNT, "1.2.60", 50, memo=plain("mplp payout 3")))
    fake.add(5, transfer_fields(ACCOUNT, ACCOUNT, 70))
    fake.add(6, {"fee": {"amount": 0, "asset_id": "1.3.0"}}, kind=2)
    fake.add(8, transfer_fields("1.2.60", ACCOUNT, 5, asset="1.3.1", memo=plain("hello")))
    fake.add(10, transfer_fields("1.2.60", ACCOUNT, 300))
    reading = inbox_of(fake).read()
    first, second, third = reading.deposits
    assert first == Deposit(time=START + 3, account="alice", asset="TEST", amount=100, ask=Stake(), source="3.0.0")
    assert second == Deposit(time=START + 3, account="bob", asset="TEST", amount=200, source="3.1.0")
    assert (third.asset, third.amount, third.source) == ("ODD", 5, "8.0.0")
    assert "begins with mplp" in third.unreadable
    (sent,) = reading.sent
    assert (sent.source, sent.time, len(sent.transaction)) == ("4.0.0", START + 4, 40)
    assert (reading.block, reading.time, reading.operation) == (9, START + 9, "1.11.6")
    fake.irreversible = 10
    rest = inbox_of(fake).read(reading.block, reading.operation)
    assert [one.amount for one in rest.deposits] == [300]
    again = inbox_of(fake).read(rest.block, rest.operation)
    assert (again.deposits, again.sent, again.block, again.operation) == ((), (), 10, "1.11.7")


def test_the_memo_may_name_any_asset_of_the_chain():
    fake = FakeCaller(irreversible=3)
    fake.add(1, transfer_fields("1.2.60", ACCOUNT, 1, memo=plain("mplp withdraw 1.25 ODD")))
    fake.add(2, transfer_fields("1.2.60", ACCOUNT, 1, memo=plain("mplp withdraw 1 NOSUCH")))
    known, unknown = inbox_of(fake).read().deposits
    assert known.ask == Withdraw(asset="ODD", amount=125)
    assert '"NOSUCH" is no asset' in unknown.unreadable


def test_newly_issued_assets_are_their_issuers_deposit():
    fake = FakeCaller(irreversible=3)
    fields = {
        "fee": {"amount": 1, "asset_id": "1.3.0"},
        "issuer": "1.2.60",
        "asset_to_issue": {"amount": "5000000000", "asset_id": "1.3.1"},
        "issue_to_account": ACCOUNT,
        "extensions": [],
    }
    fake.add(2, fields, kind=14)
    (came,) = inbox_of(fake).read().deposits
    assert (came.account, came.asset, came.amount) == ("alice", "ODD", 5_000_000_000)


def test_what_does_not_stand_in_its_block_is_never_credited():
    fake = FakeCaller(irreversible=5)
    fake.add(3, transfer_fields("1.2.60", ACCOUNT, 100))
    fake.blocks[3][0] = {**fake.blocks[3][0], "operations": [[0, transfer_fields("1.2.60", ACCOUNT, 1)]]}
    with pytest.raises(DisagreementError):
        inbox_of(fake).read()


def test_many_blocks_with_something_in_them_are_taken_in_parts(monkeypatch):
    monkeypatch.setattr("bsip_mplp.chain.inbox.BLOCKS_MAX", 3)
    fake = FakeCaller(irreversible=40)
    for block in (2, 2, 5, 9, 20, 20, 33):
        fake.add(block, transfer_fields("1.2.60", ACCOUNT, block))
    block, operation, parts = 0, "", []
    while block < 40:
        part = inbox_of(fake).read(block, operation)
        assert part.time == START + part.block
        parts.append([one.amount for one in part.deposits])
        block, operation = part.block, part.operation
    assert parts == [[2, 2, 5, 9], [20, 20, 33]]


ODD_MEMOS = st.dictionaries(st.sampled_from(["from", "to", "nonce", "message"]), st.text(max_size=40))


@settings(max_examples=60, deadline=None)
@given(st.none() | ODD_MEMOS | st.text(max_size=60).map(plain))
def test_no_memo_stops_the_inbox(memo):
    fake = FakeCaller(irreversible=5)
    fake.add(3, transfer_fields("1.2.60", ACCOUNT, 100, memo=memo))
    (came,) = inbox_of(fake).read().deposits
    assert came.amount == 100
    assert came.ask is None or came.unreadable is None


# --- on a node --------------------------------------------------------------------------------------------


@pytest.fixture
def pool(world):
    return world.person("pool", core=10**9)


def on_node(world, pool):
    context = Context({world.core: 5}, {"USD": world.core}, world.core, "USD")
    return Inbox(world.chain, pool.name, pool.keyring, context)


def read_on(world, pool, after_block):
    world.until_irreversible()
    return on_node(world, pool).read(after_block)


def test_memos_of_any_wallet_encrypted_or_plain_arrive(world, pool):
    ann, bob = world.people("ann", "bob", core=10**9)
    start = read_on(world, pool, 0)
    world.pay(ann, pool, 500, "mplp lend rate=12%/yr days=30")
    world.pay(bob, pool, 600, "mplp stake", seal=lambda text: seal_plain(text, world.network.prefix))
    world.pay(bob, pool, 700)
    world.pay(bob, pool, 800, "no idea")
    stranger = world.sealed(bob, ann, "mplp stake")
    world.send([transfer(bob.id, pool.id, Units("1.3.0", 900), stranger)], bob)
    instance = library(world.connection, [ann.keyring.secret(ann.key)])
    instance.transfer(pool.name, 0.01, world.core, "MPLP repay 17", account=ann.name)
    world.step()
    world.step()  # the library doesn't wait for the block
    reading = read_on(world, pool, start.block)
    assert [(one.account, one.amount, one.ask) for one in reading.deposits] == [
        (ann.name, 500, Lend(rate=reading.deposits[0].ask.rate, term_days=30)),
        (bob.name, 600, Stake()),
        (bob.name, 700, None),
        (bob.name, 800, None),
        (bob.name, 900, None),
        (ann.name, 1000, Repay(loan=17)),
    ]
    said = [one.unreadable for one in reading.deposits]
    assert said[:3] == [None] * 3
    assert "begins with mplp" in said[3]
    assert "not the pool's memo key" in said[4]
    for one in reading.deposits:
        block, place, operation = map(int, one.source.split("."))
        fields = world.chain.block(block)["transactions"][place]["operations"][operation][1]
        assert int(fields["amount"]["amount"]) == one.amount
        assert one.time == world.chain.block_time(block)


def test_several_operations_of_one_transaction_and_ones_that_move_nothing(world, pool):
    ann = world.person("ann", core=10**9)
    start = read_on(world, pool, 0)
    many = [transfer(ann.id, pool.id, Units("1.3.0", units)) for units in (1, 2, 2, 3)]
    world.send([*many, transfer(ann.id, world.faucet.id, Units("1.3.0", 9))], ann)
    symbol = world.asset()
    issued = Units(world.chain.asset(symbol).id, 55)
    world.send([asset_issue(world.faucet.id, pool.id, issued)], world.faucet)
    paid = world.pay(pool, ann, 66)
    reading = read_on(world, pool, start.block)
    assert [(one.amount, one.asset) for one in reading.deposits] == [
        *[(units, world.core) for units in (1, 2, 2, 3)],
        (55, symbol),
    ]
    assert [one.source.split(".")[2] for one in reading.deposits] == ["0", "1", "2", "3", "0"]
    assert len({one.source for one in reading.deposits}) == 5
    assert [one.transaction for one in reading.sent] == [paid.id]


def test_nothing_counts_before_it_cannot_be_undone(world, pool):
    ann = world.person("ann", core=10**9)
    world.until_irreversible()
    block = 0
    world.pay(ann, pool, 5)
    taken = world.chain.head().number
    while True:
        reading = on_node(world, pool).read(block)
        assert reading.block <= world.chain.head().irreversible_number
        block = reading.block
        world.step()
        if reading.deposits and reading.deposits[-1].account == ann.name:
            break
        assert block <= taken + 50
    credited = int(reading.deposits[-1].source.split(".")[0])
    assert credited <= reading.block
    assert world.chain.head().irreversible_number >= credited


def test_the_whole_history_of_an_account_is_the_same_read_at_once_or_in_steps(world, pool):
    ann = world.person("ann", core=10**9)
    for units in range(1, 6):
        world.pay(ann, pool, units)
    whole = read_on(world, pool, 0)
    stepped, block = [], 0
    while block < whole.block:
        part = read_on(world, pool, block)
        stepped += part.deposits
        block = part.block
    assert tuple(stepped[: len(whole.deposits)]) == whole.deposits
    assert [one.amount for one in whole.deposits] == [10**9, 1, 2, 3, 4, 5]
