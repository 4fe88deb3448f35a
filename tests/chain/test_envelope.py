"""Memos in their envelopes: ours and the library's open each other, plain ones are read, damage is a reason."""

import pytest
from bitsharesbase.account import PrivateKey, PublicKey
from bitsharesbase.memo import decode_memo, encode_memo
from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.chain.envelope import NULL_KEY_BODY, EnvelopeError, seal, seal_plain, unseal
from bsip_mplp.chain.keys import keyring_of

ALICE = "5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"
POOL = str(PrivateKey("a" * 64))
ALICES, POOLS = keyring_of([ALICE], "TEST"), keyring_of([POOL], "TEST")
(ALICE_KEY,), (POOL_KEY,) = ALICES.public_keys, POOLS.public_keys
TEXT = "mplp lend rate=12%/yr days=30 借贷"


def test_what_is_sealed_is_opened_by_both_sides():
    sealed = seal(TEXT, ALICES, ALICE_KEY, POOL_KEY)
    assert unseal(sealed, POOLS) == TEXT
    assert unseal(sealed, ALICES) == TEXT
    assert TEXT.encode().hex() not in sealed["message"]


@pytest.mark.parametrize("text", ["", "x", "y" * 11, "z" * 12, TEXT])
def test_the_library_reads_ours_and_we_read_the_librarys(text):
    nonce = 17329630356955254641
    sealed = seal(text, ALICES, ALICE_KEY, POOL_KEY, nonce)
    theirs = encode_memo(PrivateKey(ALICE), PublicKey(POOL_KEY, prefix="TEST"), nonce, text)
    assert sealed["message"] == theirs
    assert decode_memo(PrivateKey(POOL), PublicKey(ALICE_KEY, prefix="TEST"), nonce, sealed["message"]) == text
    assert unseal({"from": ALICE_KEY, "to": POOL_KEY, "nonce": nonce, "message": theirs}, POOLS) == text


def test_each_nonce_is_another_one():
    assert len({seal(TEXT, ALICES, ALICE_KEY, POOL_KEY)["message"] for _ in range(50)}) == 50
    assert len({seal_plain(TEXT, "TEST")["nonce"] for _ in range(50)}) == 50


def test_a_plain_memo_is_read_with_or_without_the_checksum_that_it_does_not_need():
    sealed = seal_plain(TEXT, "TEST")
    assert sealed["from"] == "TEST" + NULL_KEY_BODY
    assert unseal(sealed, POOLS) == TEXT
    assert unseal({**sealed, "message": TEXT.encode().hex()}, POOLS) == TEXT


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"message": "zz"}, "not in a form"),
        ({"message": "abcd"}, "no multiple of 16"),
        ({"message": ""}, "no multiple of 16"),
        ({"message": "00" * 32}, "checksum"),
        ({"message": "00" * 5000}, "too long"),
        ({"nonce": "7"}, "checksum"),
        ({"nonce": None}, "not in a form"),
        ({"from": None}, "no public key"),
        ({"from": "TEST6MRyAjQq8ud7hVNYcfnVPJqcVpscN5So8BhtHuGYqET5GDW5CX"}, "no public key"),
        ({"to": ALICE_KEY}, "not the pool's memo key"),
        ({"from": "TEST" + NULL_KEY_BODY, "message": "00000000ff"}, "no text"),
    ],
)
def test_a_memo_that_cannot_be_opened_says_why(change, says):
    with pytest.raises(EnvelopeError, match=says) as caught:
        unseal({**seal(TEXT, ALICES, ALICE_KEY, POOL_KEY), **change}, POOLS)
    assert len(str(caught.value).splitlines()) == 1


def test_a_key_off_the_curve_is_a_reason_and_no_crash():
    off = str(PublicKey("02" + "00" * 31 + "05", prefix="TEST"))
    with pytest.raises(EnvelopeError, match="no public key"):
        unseal({**seal(TEXT, ALICES, ALICE_KEY, POOL_KEY), "from": off}, POOLS)


@given(
    st.dictionaries(
        st.sampled_from(["from", "to", "nonce", "message"]),
        st.none() | st.integers() | st.text(max_size=70) | st.binary(max_size=64).map(bytes.hex) | st.just(POOL_KEY),
    )
)
def test_whatever_stands_in_a_memo_is_text_or_a_reason(memo):
    try:
        assert isinstance(unseal(memo, POOLS), str)
    except EnvelopeError as error:
        fault = str(error)
        assert len(fault.splitlines()) <= 1
