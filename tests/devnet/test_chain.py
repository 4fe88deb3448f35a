"""Goal: transactions, blocks, finality and time are core's; going back is exact. Method: one chain in process."""

import pytest

from bsip_mplp.devnet import Asset, Chain, ChainError, Funded, Genesis
from bsip_mplp.devnet.operations import Transfer

from .kit import CORE, FAUCET_KEY, Stage, amount, key_of, state_dump, usual_stage


def payment(chain, units=1, **more):
    return chain.transaction([Transfer(from_=17, to=6, amount=Asset(units, 0))], [FAUCET_KEY], **more)


def refused(chain, transaction, words):
    before = state_dump(chain)
    with pytest.raises(ChainError, match=words):
        chain.push(transaction)
    assert state_dump(chain) == before


# ---- transactions ----------------------------------------------------------------------------------------------


def test_the_same_transaction_is_taken_once():
    chain = Stage().chain
    transaction = payment(chain)
    chain.push(transaction)
    refused(chain, transaction, "already in the database")
    chain.produce_block()
    refused(chain, transaction, "already in the database")


def test_a_transaction_names_a_recent_block():
    chain = Stage().chain
    for _ in range(3):
        chain.produce_block()
    good = payment(chain)
    refused(chain, good.replaced(ref_block_prefix=good.ref_block_prefix ^ 1, signatures=()), "Missing Active")
    chain.verify_signatures = False
    refused(chain, good.replaced(ref_block_prefix=good.ref_block_prefix ^ 1), "tapos_block_summary")
    refused(chain, good.replaced(ref_block_num=good.ref_block_num + 5), "tapos_block_summary")
    chain.push(good)


def test_a_transaction_expires():
    chain = Stage().chain
    chain.verify_signatures = False
    soon = payment(chain).replaced(expiration=chain.now)
    chain.push(soon)
    chain.produce_block()
    late = payment(chain).replaced(expiration=chain.now - 1)
    refused(chain, late, "now <= trx.expiration")
    far = payment(chain).replaced(expiration=chain.now + 86_401)
    refused(chain, far, "maximum_time_until_expiration")


def test_the_memory_of_transactions_ends_with_their_expiration():
    chain = Stage().chain
    chain.push(payment(chain, expires_in=60))
    chain.produce_block()
    assert len(chain.state.transactions) == 1
    chain.advance(3 * 3600)
    assert len(chain.state.transactions) == 0


def test_all_operations_of_a_transaction_or_none():
    chain = Stage().chain
    operations = [Transfer(from_=17, to=6, amount=Asset(5, 0)), Transfer(from_=17, to=6, amount=Asset(10**15, 0))]
    refused(chain, chain.transaction(operations, [FAUCET_KEY]), "Insufficient Balance")


def test_validation_changes_nothing():
    chain = Stage().chain
    before = state_dump(chain)
    assert chain.validate(payment(chain))
    assert state_dump(chain) == before


def test_a_virtual_operation_cannot_be_sent():
    chain = Stage().chain
    chain.verify_signatures = False
    fill = [
        4,
        {
            "order_id": "1.7.0",
            "account_id": "1.2.17",
            "pays": amount(1),
            "receives": amount(1),
            "fill_price": {"base": amount(1), "quote": amount(1, 1)},
        },
    ]
    refused(chain, chain.transaction([fill]), "virtual operation")


def test_no_operations_no_transaction():
    chain = Stage().chain
    refused(chain, chain.transaction([], [FAUCET_KEY]), "at least one operation")


# ---- blocks ----------------------------------------------------------------------------------------------------


def test_two_thirds_of_the_witnesses_make_a_block_final():
    chain = Chain()
    seen = []
    for _ in range(100):
        chain.produce_block()
        seen.append(chain.head_number - chain.irreversible_number)
    # core orders the 11 witnesses' last blocks and takes the fourth oldest: seven or more stand behind it
    assert chain.irreversible_number == sorted(chain.head_number - back for back in _last_blocks(chain))[3]
    assert all(7 <= lag <= 20 for lag in seen[33:])


def _last_blocks(chain):
    """How many blocks ago each witness made its last one."""
    last = {}
    for back, block in enumerate(reversed(chain.blocks)):
        last.setdefault(block.header.witness, back)
    return last.values()


def test_every_witness_once_a_round():
    chain = Chain()
    for _ in range(44):
        chain.produce_block()
    for start in range(0, 44, 11):
        assert len({block.header.witness for block in chain.blocks[start : start + 11]}) == 11


def test_missed_blocks_are_counted():
    chain = Chain()
    chain.produce_block()
    chain.produce_block(missed=2)
    state = chain.state
    assert sum(state.witnesses[w].total_missed for w in state.gpo.active_witnesses) == 2
    assert state.dgp.current_aslot == 4
    assert state.dgp.recent_slots_filled & 0b1111 == 0b1100  # two missed after the newest filled ones
    assert chain.blocks[1].header.timestamp - chain.blocks[0].header.timestamp == 3 * chain.block_interval


def test_blocks_are_linked_and_signed():
    chain = Stage().chain
    chain.push(payment(chain))
    chain.produce_block()
    for before, after in zip(chain.blocks, chain.blocks[1:], strict=False):
        assert after.header.previous == before.id
        assert after.header.timestamp > before.header.timestamp
    assert any(chain.blocks[-1].header.transaction_merkle_root)
    assert len(chain.blocks[-1].header.witness_signature) == 65


def test_time_does_not_go_back():
    chain = Stage().chain
    with pytest.raises(ValueError, match="before the head"):
        chain.produce_block(chain.now - 1)


# ---- time ------------------------------------------------------------------------------------------------------


def test_a_feed_expires():
    stage = usual_stage()
    bitasset = stage.state.bitasset(stage.state.asset(1))
    assert not bitasset.current_feed.settlement_price.is_null
    stage.chain.advance(86_399 - 60)
    assert not bitasset.current_feed.settlement_price.is_null
    stage.chain.advance(120)
    assert bitasset.current_feed.settlement_price.is_null
    with pytest.raises(ChainError):
        stage.borrow("ann", 10**9, 10**5)


def test_an_order_expires_and_its_money_comes_back():
    stage = usual_stage()
    before = stage.balance("ann")
    order = stage.order("ann", (10**6, "CORE"), (10**5, "USDX"), expires_in=600)
    assert stage.balance("ann") < before - 10**6
    stage.chain.advance(700)
    assert stage.state.limit_orders.get(int(order.split(".")[2])) is None
    fee = stage.state.fees.required
    assert stage.balance("ann") >= before - fee_of(stage, fee)
    assert "cancel" in type(stage.state.history[max(stage.state.history.rows)].op).__name__.lower()


def fee_of(stage, required):
    from bsip_mplp.devnet.operations import LimitOrderCancel, LimitOrderCreate

    return required(LimitOrderCreate(seller=17)) + required(LimitOrderCancel(fee_paying_account=17))


def test_a_settlement_is_carried_out_when_due():
    stage = usual_stage()
    stage.borrow("ann", 10**10, 10**8 // 4)
    stage.transfer("ann", "bob", 10**6, "USDX")
    stage.settle("bob", 10**6)
    before = stage.balance("bob")
    stage.chain.advance(61)
    assert stage.balance("bob") - before == 10**6 * 1000 // 5
    assert stage.position("ann") == (10**10 - 2 * 10**8, 10**8 // 4 - 10**6)


def test_two_days_take_no_time_and_do_maintenance():
    stage = usual_stage()
    due = stage.state.dgp.next_maintenance_time
    number = stage.chain.head_number
    stage.chain.advance(2 * 86_400)
    assert stage.chain.head_number == number + 1
    assert stage.state.dgp.next_maintenance_time > stage.chain.now >= due


def test_ninety_days_in_hours():
    chain = Stage().chain
    for _ in range(90 * 24):
        chain.advance(3600)
    assert chain.now >= 90 * 86_400


# ---- going back ------------------------------------------------------------------------------------------------


def busy(stage):
    stage.borrow("bob", 10**9, 10**6)
    stage.order("bob", (5 * 10**5, "USDX"), (10**8, "CORE"))
    stage.order("cat", (10**8, "CORE"), (4 * 10**5, "USDX"))
    stage.transfer("ann", "bob", 7)
    stage.chain.advance(500)
    stage.feed(4, 1000)


def test_revert_brings_everything_back():
    stage = usual_stage()
    stage.transfer("ann", "bob", 5)
    before, head, blocks = state_dump(stage.chain), stage.chain.head_number, list(stage.chain.blocks)
    mark = stage.chain.snapshot()
    for _ in range(2):
        busy(stage)
        assert state_dump(stage.chain) != before
        stage.chain.revert(mark)
        assert state_dump(stage.chain) == before
        assert stage.chain.head_number == head
        assert stage.chain.blocks == blocks


def test_revert_keeps_what_was_pending():
    chain = Stage().chain
    chain.push(payment(chain, 5))
    mark = chain.snapshot()
    chain.produce_block()
    chain.push(payment(chain, 6))
    chain.revert(mark)
    assert len(chain.pending) == 1
    chain.produce_block()
    assert chain.state.balance(6, 0) == 5


def test_snapshots_nest():
    chain = Stage().chain
    first, _ = chain.snapshot(), chain.push(payment(chain))
    second = chain.snapshot()
    chain.revert(first)
    with pytest.raises(KeyError):
        chain.revert(second)
    chain.revert(first)


def test_the_past_comes_out_the_same_again():
    stage = usual_stage()
    mark = stage.chain.snapshot()
    busy(stage)
    first = state_dump(stage.chain)
    trx = [(block.header.timestamp, block.missed, block.transactions) for block in stage.chain.blocks]
    stage.chain.revert(mark)
    for time, missed, transactions in trx[stage.chain.head_number :]:
        for transaction in transactions:
            stage.chain.push(transaction, verify=False)
        stage.chain.produce_block(time, missed=missed)
    assert state_dump(stage.chain) == first


def test_a_fork_takes_back_blocks_and_their_transactions():
    stage = Stage().account("ann")
    stage.blocks(30)
    chain = stage.chain
    head, before = chain.head_number, state_dump(chain)
    stage.transfer("nathan", "ann", 5)
    stage.blocks(2)
    old = chain.blocks[-3:]
    taken = chain.fork(3)
    assert [trx.id for trx in taken] == [old[0].transactions[0].id]
    assert chain.head_number == head
    assert state_dump(chain) == before
    stage.blocks(3)
    assert {block.id for block in chain.blocks[-3:]}.isdisjoint({block.id for block in old})
    chain.push(taken[0], verify=False)  # it was taken back, so it may come again
    assert stage.balance("ann") > 10**6 * CORE


def test_a_fork_may_keep_the_transactions():
    stage = Stage().account("ann")
    stage.blocks(30)
    before = stage.balance("ann")
    stage.transfer("nathan", "ann", 5)
    stage.chain.fork(1, keep_transactions=True)
    assert len(stage.chain.pending) == 1
    stage.chain.produce_block()
    assert stage.balance("ann") == before + 5


def test_what_is_final_cannot_be_taken_back():
    stage = Stage()
    stage.blocks(50)
    reversible = stage.chain.head_number - stage.chain.irreversible_number
    with pytest.raises(ValueError, match="can be taken back"):
        stage.chain.fork(reversible + 1)
    stage.chain.fork(reversible)


# ---- genesis ---------------------------------------------------------------------------------------------------


def test_genesis_is_core_s_development_genesis():
    chain = Chain()
    assert chain.account("nathan").number == 17
    assert [chain.account(f"init{n}").number for n in range(11)] == list(range(6, 17))
    assert chain.account("committee-account").number == 0
    assert chain.asset("TEST").precision == 5
    assert chain.state.balance(17, 0) == 10**15
    assert chain.account("nathan").is_lifetime_member


def test_accounts_funded_at_the_start():
    chain = Chain(Genesis(funded=(Funded.named("rich", 5 * CORE),)))
    rich = chain.account("rich")
    assert chain.state.balance(rich.number, 0) == 5 * CORE
    assert chain.state.balance(17, 0) == 10**15 - 5 * CORE
    assert key_of("rich").public not in [key for key, _ in rich.active.key_auths]
