"""V-3: what a holder writes about a vault becomes a request or one clear line; `render` is the inverse of `parse`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.chain import memo
from bsip_mplp.chain.memo import Context, MemoError
from bsip_mplp.rules.vault_asks import VaultAdd, VaultClose, VaultDraw, VaultOpen, VaultPay, VaultTake
from tests.chain.test_memo import CONTEXT, MARKETS, NAMES, SUMS, UNITS, build, fault, named, read


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("mplp vault open debt=300", VaultOpen(market="USD", debt=3_000_000)),
        ("mplp vault open debt=300 USD", VaultOpen(market="USD", debt=3_000_000)),
        ("MPLP Vault Open Debt：300.5 market=cny", VaultOpen(market="CNY", debt=3_005_000)),
        ("mplp vault open debt=300 CNY", VaultOpen(market="CNY", debt=3_000_000)),
        (
            "mplp vault open 1000 TEST debt=300 USD",
            VaultOpen(market="USD", debt=3_000_000, asset="TEST", amount=100_000_000),
        ),
        ("mplp vault open all TEST debt=0", VaultOpen(market="USD", debt=0, asset="TEST")),
        ("mplp vault add", VaultAdd(market="USD")),
        ("mplp vault add 100 TEST position=v-1", VaultAdd(market="USD", asset="TEST", amount=10**7, position="v-1")),
        ("mplp vault pay", VaultPay(market="USD")),
        ("mplp vault pay 20CNY", VaultPay(market="CNY", asset="CNY", amount=200_000)),
        ("mplp vault borrow 50 USD", VaultDraw(market="USD", amount=500_000)),
        ("mplp vault borrow 50 CNY position=v-2", VaultDraw(market="CNY", amount=500_000, position="v-2")),
        ("mplp vault take 100 TEST", VaultTake(market="USD", amount=10**7)),
        ("mplp vault take 100 TEST market=CNY", VaultTake(market="CNY", amount=10**7)),
        ("mplp vault close", VaultClose(market="USD")),
        ("mplp vault close market=CNY position=v-1", VaultClose(market="CNY", position="v-1")),
    ],
)
def test_v_3_a_memo_about_a_vault_is_understood(text, ask):
    assert read(text) == ask
    assert read(memo.render(ask, CONTEXT)) == ask


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mplp vault", "vault alone says nothing: write one of open, add, pay, borrow, take, close"),
        ("mplp vault opne", "did you mean open?"),
        ("mplp vault open", "the debt is missing: write mplp vault open debt=300"),
        ("mplp vault open 300 USD", "the debt is missing"),
        ("mplp vault open debt=1,000", "1,000"),
        ("mplp vault open debt=-5", "-5"),
        ("mplp vault open debt=300 TEST", "is no amount"),
        ("mplp vault borrow", "the amount is missing: write mplp vault borrow 50 USD"),
        ("mplp vault borrow all USD", "the amount is missing"),
        ("mplp vault borrow 5 TEST", "the amount is in TEST: write it in USD"),
        ("mplp vault take 5 USD", "the amount is in USD: write it in TEST"),
        ("mplp vault take 5", "the asset is missing: write mplp vault take 100 TEST"),
        ("mplp vault close 5 USD", '"5" is one word too many: write mplp vault close'),
        ("mplp vault add debt=5", 'vault takes no "debt="'),
        ("mplp vault add market=XYZ 5", "the asset is missing"),
        ("mplp vault take 5 TEST market=XYZ", "is no market here"),
    ],
)
def test_what_is_wrong_gets_one_line_that_says_what_to_write(text, says):
    assert says in fault(text)


def test_a_market_must_be_named_where_there_is_no_default():
    context = Context(CONTEXT.precisions, CONTEXT.markets, "TEST")
    with pytest.raises(MemoError, match="write market= and one of CNY, USD"):
        memo.parse("mplp vault close", context)
    assert memo.parse("mplp vault open debt=5 CNY", context).market == "CNY"


WORDS = st.sampled_from(
    "open add pay borrow take close all 1 100 12.5 TEST USD CNY 100USD debt=300 debt=x market=CNY position=v-1 "
    "debt=300USD x".split()
)


@given(st.lists(WORDS, max_size=6))
def test_any_words_of_the_grammar_are_a_request_or_a_memo_error(words):
    try:
        ask = read(" ".join(["mplp", "vault", *words]))
    except MemoError:
        return
    assert read(memo.render(ask, CONTEXT)) == ask


POSITION = named("position", st.none() | NAMES)
MARKET = named("market", MARKETS)
ASKS = st.one_of(
    build(VaultOpen, MARKET, named("debt", UNITS), SUMS),
    build(VaultAdd, MARKET, SUMS, POSITION),
    build(VaultPay, MARKET, SUMS, POSITION),
    build(VaultDraw, MARKET, named("amount", UNITS), POSITION),
    build(VaultTake, MARKET, named("amount", UNITS), POSITION),
    build(VaultClose, MARKET, POSITION),
)


@given(ASKS)
def test_render_is_the_inverse_of_parse(ask):
    text = memo.render(ask, CONTEXT)
    assert len(text) <= memo.MEMO_CHARS_MAX
    assert read(text) == ask
