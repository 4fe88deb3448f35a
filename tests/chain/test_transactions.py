"""Serialisation, ids and signatures against what bitshares-core 7 recorded."""

import copy
import json
from pathlib import Path

import pytest

from bsip_mplp.chain import transactions
from bsip_mplp.chain.builders import Units, call_order_update, limit_order_create, publish_feed, transfer
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.errors import KeysError, RefusedError, UnreachableError
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.chain.node import _refused
from bsip_mplp.chain.transactions import broadcast, serialise, sign_prepared, transaction_id
from tests.chain.fake import FakeCaller

RECORDED = json.loads((Path(__file__).parent / "data" / "recorded.json").read_text())
WIF = "5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"


def test_a_transaction_is_serialised_as_the_node_does():
    one = RECORDED["hex"]
    signatures = "".join(f"{len(one['transaction']['signatures']):02x}") + "".join(one["transaction"]["signatures"])
    assert serialise(one["transaction"], "BTS").hex() + signatures == one["hex"]


@pytest.mark.parametrize("one", RECORDED["taken"], ids=[one["id"][:8] for one in RECORDED["taken"]])
def test_the_id_computed_here_is_the_nodes(one):
    before = copy.deepcopy(one["transaction"])
    assert transaction_id(one["transaction"], "BTS") == one["id"]
    assert one["transaction"] == before


def test_a_signature_is_of_the_key_and_of_the_chain():
    from graphenebase.ecdsa import verify_message

    keyring = keyring_of([WIF], "TEST")
    chain = Chain(FakeCaller())
    unsigned = {**RECORDED["taken"][1]["transaction"], "signatures": []}
    signed = sign_prepared(chain, unsigned, 5, keyring, keyring.public_keys * 2)
    assert len(signed.transaction["signatures"]) == 1
    message = bytes.fromhex("0" * 64) + serialise(unsigned, "TEST")
    found = verify_message(message, bytes.fromhex(signed.transaction["signatures"][0]))
    from graphenebase.account import PublicKey

    assert str(PublicKey(found.hex(), prefix="TEST")) == keyring.public_keys[0]
    assert signed.id == RECORDED["taken"][1]["id"]  # signatures are no part of it


def test_without_the_fast_library_nothing_is_signed(monkeypatch):
    monkeypatch.setattr("graphenebase.ecdsa.SECP256K1_MODULE", "ecdsa")
    with pytest.raises(KeysError, match="pip install secp256k1"):
        transactions.check_signing()


def test_a_duplicate_is_no_error_and_other_refusals_are():
    class Answering(FakeCaller):
        fault = None

        def broadcast_transaction(self, transaction):
            raise self.fault

    caller = Answering()
    caller.fault = _refused("broadcast_transaction", RECORDED["duplicate"])
    assert caller.fault.is_duplicate
    broadcast(caller, {})
    caller.fault = RefusedError("broadcast_transaction", "insufficient balance", 10, "assert_exception")
    with pytest.raises(RefusedError):
        broadcast(caller, {})
    caller.fault = UnreachableError("gone")
    with pytest.raises(UnreachableError):
        broadcast(caller, {})


@pytest.mark.parametrize("transaction", [{}, {"ref_block_num": 70000}, {"operations": [[99, {}]]}])
def test_what_cannot_be_serialised_is_one_kind_of_error(transaction):
    whole = {**RECORDED["taken"][1]["transaction"], **transaction} if transaction else {}
    with pytest.raises(ValueError, match="can't be serialised"):
        serialise(whole, "BTS")


@pytest.mark.parametrize("units", [0, -1, 10**15 + 1, 1.5, True])
def test_money_is_a_whole_number_in_range(units):
    with pytest.raises(ValueError, match="out of range"):
        transfer("1.2.1", "1.2.2", Units("1.3.0", units))


def test_a_target_ratio_is_per_mille_as_it_is():
    _, fields = call_order_update("1.2.1", Units("1.3.0", -5), Units("1.3.1", 0), 1750)
    assert fields["extensions"] == {"target_collateral_ratio": 1750}
    assert fields["delta_collateral"]["amount"] == -5
    assert call_order_update("1.2.1", Units("1.3.0", 1), Units("1.3.1", 0), None)[1]["extensions"] == {}
    with pytest.raises(ValueError, match="out of range"):
        call_order_update("1.2.1", Units("1.3.0", 1), Units("1.3.1", 0), 175_000)


def test_two_operations_share_nothing():
    money = Units("1.3.0", 5)
    first, second = transfer("1.2.1", "1.2.2", money), transfer("1.2.1", "1.2.2", money)
    first[1]["fee"]["amount"] = 7
    assert second[1]["fee"]["amount"] == 0


def test_the_icr_of_a_feed_is_serialised():
    price = (Units("1.3.1", 5), Units("1.3.0", 1000))
    with_icr = publish_feed("1.2.9", price, mcr=1500, mssr=1100, icr=1550)
    without = publish_feed("1.2.9", price, mcr=1500, mssr=1100, icr=None)
    body = {"ref_block_num": 1, "ref_block_prefix": 2, "expiration": "2026-11-20T09:52:05"}
    long, short = (serialise({**body, "operations": [list(one)]}, "TEST").hex() for one in (with_icr, without))
    assert long.endswith("0100" + (1550).to_bytes(2, "little").hex() + "00")
    assert short.endswith("0000")
    assert limit_order_create("1.2.1", price[0], price[1], 0)[1]["expiration"] == "1970-01-01T00:00:00"
