"""Goal: a kept chain goes on where it was, or says why not. Method: chains in folders, whole and damaged."""

import json

import pytest

from bsip_mplp.devnet import Chain, Genesis, Options
from bsip_mplp.devnet.keeping import Keeper, KeepingError
from bsip_mplp.devnet.serial import time_to_text
from bsip_mplp.devnet.serving import make_node

from .kit import Stage, amount, state_dump


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "chain"


def open_node(folder, **more):
    return make_node(Options(data=folder, **more))


def close(node):
    node.keeper.close()


def filled(folder):
    node = open_node(folder)
    stage = Stage(node.chain).account("issuer", "feeder", "ann", "bob")
    stage.bitasset()
    stage.feed(5, 1000)
    stage.borrow("ann", 10**9, 10**6)
    stage.transfer("ann", "bob", 10**5, "USDX")
    return node, stage


def test_a_chain_is_kept(folder):
    node, stage = filled(folder)
    node.chain.advance(100_000)
    before = state_dump(node.chain)
    close(node)
    again = open_node(folder)
    assert state_dump(again.chain) == before
    assert again.chain.head_number == node.chain.head_number
    assert again.clock.next_time(again.chain.now) > again.chain.now
    close(again)


def test_proposals_and_what_came_of_them_are_kept(folder):
    """One carried out by an approval, one when it expired, one that still waits."""
    node, stage = filled(folder)
    payer = f"1.2.{stage.ids['ann']}"
    pay = [0, {"from": payer, "to": f"1.2.{stage.ids['bob']}", "amount": amount(7), "fee": amount(2_000_000)}]
    for lasts, review in ((1000, None), (100, 50), (5000, None)):
        proposal = {
            "fee_paying_account": payer,
            "expiration_time": time_to_text(node.chain.now + lasts),
            "proposed_ops": [{"op": pay}],
        }
        made = stage.send([22, proposal if review is None else {**proposal, "review_period_seconds": review}])[0][1]
        if lasts != 5000:
            stage.send([23, {"fee_paying_account": payer, "proposal": made, "active_approvals_to_add": [payer]}])
    node.chain.advance(1500)
    before = state_dump(node.chain)
    assert [one.number for one in node.chain.state.proposals] == [2]
    assert stage.balance("bob") == 10**11 + 14
    close(node)
    again = open_node(folder)
    assert state_dump(again.chain) == before
    close(again)


def test_a_fork_and_a_revert_are_kept(folder):
    node, stage = filled(folder)
    mark = node.chain.snapshot()
    stage.blocks(5)
    node.chain.revert(mark)
    stage.blocks(3)
    node.chain.fork(2)
    stage.blocks(1)
    before = state_dump(node.chain)
    close(node)
    again = open_node(folder)
    assert state_dump(again.chain) == before
    close(again)


def test_a_torn_last_line_is_cut(folder):
    node, stage = filled(folder)
    close(node)
    file = folder / "blocks.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    again = open_node(folder)
    assert again.chain.head_number == node.chain.head_number - 1
    again.chain.produce_block()
    close(again)
    third = open_node(folder)
    assert third.chain.head_number == node.chain.head_number
    close(third)


def test_a_wrong_line_stops_the_start(folder):
    node, _ = filled(folder)
    close(node)
    file = folder / "blocks.jsonl"
    lines = file.read_text().splitlines()
    row = json.loads(lines[3])
    row["time"] += 1
    lines[3] = json.dumps(row)
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(KeepingError, match="block 4"):
        open_node(folder)


def test_another_chain_s_folder(folder):
    close(filled(folder)[0])
    with pytest.raises(KeepingError, match="keeps the chain"):
        open_node(folder, as_testnet=True)


def test_a_broken_genesis(folder):
    folder.mkdir()
    (folder / "genesis.json").write_text("{}")
    with pytest.raises(KeepingError, match=r"genesis\.json"):
        open_node(folder)


def test_one_node_a_folder(folder):
    node = open_node(folder)
    with pytest.raises(KeepingError, match="in use"):
        open_node(folder)
    close(node)
    close(open_node(folder))


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KeepingError, match="file"):
        open_node(tmp_path / "file" / "chain")


def test_the_keeper_makes_the_chain_that_was_asked_for(folder):
    keeper = Keeper(folder)
    chain = keeper.open(Genesis(maintenance_interval=60))
    assert chain.state.parameters["maintenance_interval"] == 60
    assert Chain(Genesis()).state.parameters["maintenance_interval"] == 300
    keeper.close()
