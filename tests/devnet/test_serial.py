"""Goal: the binary form and the JSON form are core's. Method: python-bitshares packs the same operations; JSON goes
there and back; wrong values are refused with core's words."""

import pytest
from bitsharesbase import operations as theirs
from bitsharesbase.signedtransactions import Signed_Transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from bsip_mplp.devnet import Chain, ChainError, Transaction
from bsip_mplp.devnet.keys import PrivateKey, base58_decode, base58_encode, key_from_text, key_to_text, recover
from bsip_mplp.devnet.operations import operation
from bsip_mplp.devnet.serial import as_int, pack_varint, time_from_text, time_to_text, wire_int64, wire_uint64

from .kit import amount, key_of, pair

KEY = key_to_text(key_of("ann").public, "TEST")
AUTHORITY = {"weight_threshold": 2, "account_auths": [["1.2.5", 1]], "key_auths": [[KEY, 1]], "address_auths": []}
MEMO = {"from": KEY, "to": KEY, "nonce": 5862723643998573708, "message": "00ff"}
FEE = amount(100)
FEED = {
    "settlement_price": pair(5, 1, 1000),
    "maintenance_collateral_ratio": 1500,
    "maximum_short_squeeze_ratio": 1100,
    "core_exchange_rate": pair(5, 1, 1000),
}
COMMON = {
    "max_supply": 10**15,
    "market_fee_percent": 10,
    "max_market_fee": 1000,
    "issuer_permissions": 511,
    "flags": 1,
    "core_exchange_rate": pair(1, 0, 1, 1),
    "whitelist_authorities": [],
    "blacklist_authorities": [],
    "whitelist_markets": [],
    "blacklist_markets": [],
    "description": "öl",
    "extensions": {},
}
BITASSET = {
    "feed_lifetime_sec": 86400,
    "minimum_feeds": 1,
    "force_settlement_delay_sec": 60,
    "force_settlement_offset_percent": 0,
    "maximum_force_settlement_volume": 2000,
    "short_backing_asset": "1.3.0",
    "extensions": {},
}
ACCOUNT_OPTIONS = {
    "memo_key": KEY,
    "voting_account": "1.2.5",
    "num_witness": 1,
    "num_committee": 0,
    "votes": ["1:3"],
    "extensions": [],
}

OPERATIONS = [
    (0, "Transfer", {"from": "1.2.17", "to": "1.2.300", "amount": amount(1), "memo": MEMO, "extensions": []}),
    (0, "Transfer", {"from": "1.2.17", "to": "1.2.300", "amount": amount(2**40, 5), "extensions": []}),
    (
        1,
        "Limit_order_create",
        {
            "seller": "1.2.17",
            "amount_to_sell": amount(100000),
            "min_to_receive": amount(10000, 105),
            "expiration": "2026-05-18T09:22:05",
            "fill_or_kill": True,
            "extensions": [],
        },
    ),
    (2, "Limit_order_cancel", {"fee_paying_account": "1.2.17", "order": "1.7.51840", "extensions": []}),
    (
        3,
        "Call_order_update",
        {
            "funding_account": "1.2.17",
            "delta_collateral": amount(-100000000),
            "delta_debt": amount(10000, 22),
            "extensions": {"target_collateral_ratio": 12345},
        },
    ),
    (
        5,
        "Account_create",
        {
            "registrar": "1.2.33",
            "referrer": "1.2.27",
            "referrer_percent": 1000,
            "name": "foobar-f124",
            "owner": AUTHORITY,
            "active": AUTHORITY,
            "options": ACCOUNT_OPTIONS,
            "extensions": {},
        },
    ),
    (6, "Account_update", {"account": "1.2.15", "active": AUTHORITY, "new_options": ACCOUNT_OPTIONS, "extensions": {}}),
    (8, "Account_upgrade", {"account_to_upgrade": "1.2.0", "upgrade_to_lifetime_member": True, "extensions": []}),
    (
        10,
        "Asset_create",
        {
            "issuer": "1.2.0",
            "symbol": "THING",
            "precision": 5,
            "common_options": COMMON,
            "bitasset_opts": BITASSET,
            "is_prediction_market": False,
            "extensions": [],
        },
    ),
    (
        14,
        "Asset_issue",
        {"issuer": "1.2.0", "asset_to_issue": amount(0), "issue_to_account": "1.2.0", "extensions": []},
    ),
    (15, "Asset_reserve", {"payer": "1.2.0", "amount_to_reserve": amount(1234567890), "extensions": []}),
    (16, "Asset_fund_fee_pool", {"from_account": "1.2.0", "asset_id": "1.3.5", "amount": 15557238, "extensions": []}),
    (17, "Asset_settle", {"account": "1.2.0", "amount": amount(10), "extensions": []}),
    (19, "Asset_publish_feed", {"publisher": "1.2.0", "asset_id": "1.3.3", "feed": FEED, "extensions": []}),
    (
        38,
        "Override_transfer",
        {"issuer": "1.2.29", "from": "1.2.104", "to": "1.2.2", "amount": amount(10, 4), "extensions": []},
    ),
]


@pytest.mark.parametrize(("number", "name", "body"), OPERATIONS)
def test_packed_as_python_bitshares_packs(number, name, body):
    body = {"fee": FEE, **body}
    their_op = getattr(theirs, name)(**body, prefix="TEST")
    unsigned = {"ref_block_num": 34294, "ref_block_prefix": 3707022213, "expiration": "2026-04-06T08:29:27"}
    their_bytes = bytes(Signed_Transaction(**unsigned, operations=[their_op]))
    ours = Transaction.parse({**unsigned, "operations": [[number, body]], "extensions": [], "signatures": []})
    assert ours.packed().hex() == their_bytes.hex()


@pytest.mark.parametrize(("number", "name", "body"), OPERATIONS)
def test_json_there_and_back(number, name, body):
    parsed = operation.parse([number, {"fee": FEE, **body}])
    again = operation.parse(operation.json(parsed))
    assert operation.json(again) == operation.json(parsed)
    packed, repacked = bytearray(), bytearray()
    operation.pack(parsed, packed)
    operation.pack(again, repacked)
    assert packed == repacked


@given(st.integers(-(2**63), 2**63 - 1))
def test_wide_integers_are_text(value):
    """fc writes an int64 as a number within 32 bits (sign included), else as text; an uint64 up to 2^32 - 1."""
    assert isinstance(wire_int64(value), str) != (-(2**31) <= value < 2**31)
    assert int(wire_int64(value)) == value
    if value >= 0:
        assert int(wire_uint64(value)) == value
        assert isinstance(wire_uint64(value), str) == (value > 0xFFFFFFFF)


@given(st.integers(0, 2**32 - 1))
def test_times(value):
    assert time_from_text(time_to_text(value)) == value


@given(st.integers(0, 2**64))
def test_varints_end_where_they_should(value):
    out = bytearray()
    pack_varint(value, out)
    assert all(byte & 0x80 for byte in out[:-1])
    assert not out[-1] & 0x80
    assert sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(out)) == value


@given(st.binary(max_size=60))
def test_base58_there_and_back(data):
    assert base58_decode(base58_encode(data)) == data


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_signatures_tell_their_key(digest):
    key = key_of("someone")
    signature = key.sign(digest)
    assert recover(signature, digest) == key.public


def test_keys_as_text():
    wif = "5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"
    key = PrivateKey.from_wif(wif)
    assert key.wif == wif
    text = key_to_text(key.public, "BTS")
    assert text == "BTS6MRyAjQq8ud7hVNYcfnVPJqcVpscN5So8BhtHuGYqET5GDW5CV"
    assert key_from_text(text, "BTS") == key.public
    for wrong in ("BTS", text[:-1] + "W", "TEST" + text[3:], "BTS0OIl"):
        with pytest.raises(ChainError):
            key_from_text(wrong, "BTS")


@pytest.mark.parametrize("value", [[], {}, "x", "1.5", "99999999999999999999", -1, "", "0x1"])
def test_wrong_numbers_are_refused(value):
    with pytest.raises(ChainError):
        as_int(value, 0, 2**16 - 1, "uint64")


def test_a_transaction_is_its_bytes():
    chain = Chain()
    made = chain.transaction([[0, {"from": "1.2.17", "to": "1.2.0", "amount": amount(5)}]], [key_of("x")])
    again = Transaction.parse(made.to_json())
    assert again == made
    assert again.id == made.id
    assert again.signed_by(chain.chain_id) == (key_of("x").public,)
