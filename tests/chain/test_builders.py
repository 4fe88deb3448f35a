"""Every operation that is built here is serialised as the node itself does it (`get_transaction_hex_without_sig`)."""

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Authority, Units
from bsip_mplp.chain.envelope import seal_plain
from bsip_mplp.chain.transactions import binds_units, fees_of, prepare, prepare_at, serialise, with_fees

CORE, OTHER = "1.3.0", "1.3.1"
EXPIRES = 1_900_000_000


def built(key, prefix):
    """One of each, by name; `key` is a public key of the chain."""
    memo = seal_plain("mplp order 7", prefix, 5)
    money = Units(CORE, 12_345)
    authority = Authority(2, (("1.2.100", 1), ("1.2.17", 1), ("1.2.9", 3)), ((key, 1),))
    pay = builders.transfer("1.2.17", "1.2.18", money, memo)
    adjust = builders.call_order_update("1.2.18", Units(CORE, -(10**14)), Units(OTHER, -7), 1900)
    change = builders.account_update("1.2.18", owner=authority)
    return {
        "transfer": [pay],
        "transfer plain": [builders.transfer("1.2.17", "1.2.18", money)],
        "adjust": [adjust],
        "adjust without target": [builders.call_order_update("1.2.18", Units(CORE, 1), Units(OTHER, 0), None)],
        "several": [pay, adjust, builders.transfer("1.2.18", "1.2.17", money)],
        "sell": [builders.limit_order_create("1.2.17", money, Units(OTHER, 3), EXPIRES)],
        "sell or nothing": [builders.limit_order_create("1.2.17", money, Units(OTHER, 3), EXPIRES, fill_or_kill=True)],
        "cancel": [builders.limit_order_cancel("1.2.17", "1.7.123456789")],
        "account": [builders.account_create("1.2.17", "vault-17", authority, key, key)],
        "account by accounts": [
            builders.account_create("1.2.17", "vault-17", authority._replace(keys=()), authority, key)
        ],
        "owner": [change],
        "active": [builders.account_update("1.2.18", active=authority)],
        "both": [builders.account_update("1.2.18", owner=key, active=key)],
        "upgrade": [builders.account_upgrade("1.2.17")],
        "settle": [builders.asset_settle("1.2.17", Units(OTHER, 5))],
        "claim": [builders.asset_claim_fees("1.2.17", Units(OTHER, 5))],
        "propose": [builders.proposal_create("1.2.17", [pay, adjust, change], EXPIRES)],
        "propose to propose": [
            builders.proposal_create("1.2.17", [builders.proposal_create("1.2.18", [pay], EXPIRES), pay], EXPIRES)
        ],
        "approve": [builders.proposal_update("1.2.17", "1.10.300", approve=["1.2.100", "1.2.17"])],
        "think better": [builders.proposal_update("1.2.17", "1.10.300", revoke=["1.2.17"])],
        "veto": [builders.proposal_delete("1.2.17", "1.10.300")],
    }


@pytest.mark.parametrize("name", built("K", "P"))
def test_the_node_packs_it_the_same(world, name):
    operations = built(world.faucet.key, world.network.prefix)[name]
    transaction, _ = prepare(world.chain, operations, expiration_seconds=60)
    told = world.chain.call("get_transaction_hex_without_sig", transaction)
    assert serialise(transaction, world.network.prefix).hex() == told


def test_fees_of_what_is_proposed_are_filled_in_and_bound(world):
    operations = built(world.faucet.key, world.network.prefix)
    (plain,) = with_fees(world.chain, operations["transfer"])
    transaction = prepare_at(world.chain, operations["propose to propose"], 1, EXPIRES)
    outer, inner = transaction["operations"][0][1], transaction["operations"][0][1]["proposed_ops"][0]["op"][1]
    assert outer["proposed_ops"][1]["op"] == inner["proposed_ops"][0]["op"] == plain
    assert fees_of(transaction) == {CORE: int(outer["fee"]["amount"])}
    assert binds_units(transaction) == sum(int(one["fee"]["amount"]) for one in (outer, inner, plain[1]))


def test_an_authority_is_in_the_chains_order():
    found = Authority(2, (("1.2.100", 1), ("1.2.17", 2))).json()
    assert found["account_auths"] == [["1.2.17", 2], ["1.2.100", 1]]
