"""The memo grammar: what people type becomes a request or one clear line; `render` is the inverse of `parse`."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bsip_mplp.chain import memo
from bsip_mplp.chain.memo import Context, MemoError, UnknownAssetError
from bsip_mplp.rules.inputs import (
    Bid,
    Borrow,
    BuyBond,
    ChangePool,
    CloseBlack,
    Insure,
    IssueBond,
    KeepBond,
    Lend,
    Operator,
    PassBond,
    Prepay,
    Protect,
    Redeem,
    Repay,
    Stake,
    TakeBond,
    Unlend,
    Unprepay,
    Unprotect,
    Withdraw,
)

CONTEXT = Context(
    precisions={"TEST": 5, "USD": 4, "CNY": 4, "WHOLE": 0},
    markets={"USD": "TEST", "CNY": "TEST"},
    core_asset="TEST",
    default_market="USD",
)
TWELVE = Fraction(3, 25)


def read(text):
    return memo.parse(text, CONTEXT)


def fault(text):
    with pytest.raises(MemoError) as caught:
        read(text)
    said = str(caught.value)
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("mplp lend rate=12%/yr days=30", Lend(rate=TWELVE, term_days=30)),
        (
            "mplp lend rate=0.12 days=90 period=30 interest=core renew=no pool=4",
            Lend(rate=TWELVE, term_days=90, period_days=30, interest_asset="TEST", renews=False, pool=4),
        ),
        ("mplp lend 500 TEST rate=12%", Lend(asset="TEST", amount=50_000_000, rate=TWELVE)),
        ("mplp lend pool=4", Lend(pool=4)),
        ("mplp lend all USD rate=3/25/yr days=7", Lend(asset="USD", rate=TWELVE, term_days=7)),
        ("mplp stake", Stake()),
        ("mplp stake 1000 TEST", Stake(asset="TEST", amount=100_000_000)),
        (
            "mplp change-pool 4 rate=10%/yr days=60 period=30 renew=yes",
            ChangePool(pool=4, rate=Fraction(1, 10), term_days=60, period_days=30, renews=True),
        ),
        ("mplp change-pool #4 renew=no", ChangePool(pool=4, renews=False)),
        ("mplp unlend 4", Unlend(pool=4)),
        ("mplp unlend 4 all", Unlend(pool=4)),
        ("mplp unlend 4 0.5 USD", Unlend(pool=4, amount=5000, asset="USD")),
        ("mplp interest", Prepay()),
        ("mplp interest 7 TEST", Prepay(asset="TEST", amount=700_000)),
        ("mplp interest back 5 USD", Unprepay(asset="USD", amount=50_000)),
        ("mplp interest back all USD", Unprepay(asset="USD")),
        ("mplp borrow least below=12%/yr", Borrow(market="USD", asset="TEST", highest_rate=TWELVE)),
        ("mplp borrow", Borrow(market="USD", asset="TEST")),
        ("mplp borrow least CNY", Borrow(market="CNY", asset="CNY")),
        ("mplp borrow 100", Borrow(market="USD", asset="TEST", amount=10_000_000)),
        ("mplp borrow 100 cny", Borrow(market="CNY", asset="CNY", amount=1_000_000)),
        ("mplp borrow 100CNY", Borrow(market="CNY", asset="CNY", amount=1_000_000)),
        ("mplp borrow 100 TEST market=CNY", Borrow(market="CNY", asset="TEST", amount=10_000_000)),
        (
            "mplp borrow least pools=1,2 days=7..30",
            Borrow(market="USD", asset="TEST", pools=(1, 2), shortest_days=7, longest_days=30),
        ),
        ("mplp borrow least shortest=7", Borrow(market="USD", asset="TEST", shortest_days=7)),
        ("mplp borrow least days=14", Borrow(market="USD", asset="TEST", shortest_days=14, longest_days=14)),
        ("mplp protect", Protect(market="USD")),
        ("mplp protect least", Protect(market="USD")),
        ("mplp protect at=1.60", Protect(market="USD", at=Fraction(8, 5))),
        (
            "mplp protect at=160% 100 USD below=5% longest=30",
            Protect(
                market="USD",
                at=Fraction(8, 5),
                asset="USD",
                amount=1_000_000,
                highest_rate=Fraction(1, 20),
                longest_days=30,
            ),
        ),
        ("mplp unprotect 5", Unprotect(protection=5)),
        ("mplp repay 17", Repay(loan=17)),
        ("mplp withdraw 100 TEST", Withdraw(asset="TEST", amount=10_000_000)),
        ("mplp withdraw all TEST", Withdraw(asset="TEST")),
        ("mplp withdraw all HONEST.XYZ", Withdraw(asset="HONEST.XYZ")),
        ("mplp operator", Operator()),
        ("mplp borrow least position=bob-1", Borrow(market="USD", asset="TEST", position="bob-1")),
        ("mplp protect position=bob", Protect(market="USD", position="bob")),
        ("mplp bid 4", Bid(auction=4)),
        ("mplp bid #4 20 usd", Bid(auction=4, asset="USD", amount=200_000)),
        ("mplp insure", Insure(market="USD")),
        ("mplp insure risk market=CNY", Insure(market="CNY", fund="risk")),
        ("mplp insure risk 5 CNY", Insure(market="CNY", fund="risk", asset="CNY", amount=50_000)),
        ("mplp insure all TEST", Insure(market="USD", asset="TEST")),
        ("mplp buy-bond 2", BuyBond(series=2)),
        ("mplp buy—bond 2 100USD", BuyBond(series=2, asset="USD", amount=1_000_000)),
        (
            "mplp pass-bond 2 100 USD to=bob for=99.5",
            PassBond(series=2, asset="USD", amount=1_000_000, to="bob", price=995_000),
        ),
        ("mplp pass-bond 2 1 USD to = Bob for：0", PassBond(series=2, asset="USD", amount=10_000, to="bob")),
        (
            "mplp pass-bond 2 1 USD to=bob for=1 USD",
            PassBond(series=2, asset="USD", amount=10_000, to="bob", price=10_000),
        ),
        ("mplp take-bond 3", TakeBond(offer=3)),
        ("mplp keep-bond 3", KeepBond(offer=3)),
        ("mplp redeem 2", Redeem(series=2)),
        ("mplp redeem 2 all", Redeem(series=2)),
        ("mplp redeem 2 50 USD", Redeem(series=2, asset="USD", amount=500_000)),
        ("mplp issue-bond 2", IssueBond(series=2)),
        ("MPLP Issue-Bond 2 all", IssueBond(series=2)),
        ("mplp issue-bond 2 0.5 USD", IssueBond(series=2, asset="USD", amount=5_000)),
        ("mplp close-black bob", CloseBlack(market="USD", position="bob")),
        ("mplp close-black bob market=CNY", CloseBlack(market="CNY", position="bob")),
    ],
)
def test_what_people_write(text, ask):
    assert read(text) == ask


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("  MPLP   Lend  RATE = 12 % / YR   Days=30 ", "mplp lend rate=12%/yr days=30"),
        ("ｍｐｌｐ　ｌｅｎｄ　ｒａｔｅ＝１２％／ｙｒ　ｄａｙｓ＝３０", "mplp lend rate=12%/yr days=30"),
        ("mplp lend rate：12％/年 days：30", "mplp lend rate=12%/yr days=30"),
        ("mplp withdraw 100。5 test", "mplp withdraw 100.5 TEST"),
        ("mplp withdraw １００．５ ＴＥＳＴ", "mplp withdraw 100.5 TEST"),
        ("mplp borrow least pools=1，2、3", "mplp borrow least pools=1,2,3"),
        ("mplp borrow least pools=1, 2 days=7～30", "mplp borrow least pools=1,2 days=7..30"),
        ("mplp borrow least days=7…30", "mplp borrow least days=7..30"),
        ("mplp borrow least days=7—30", "mplp borrow least days=7..30"),
        ("mplp lend renew=否 rate=12% days=7", "mplp lend renew=no rate=12% days=7"),
        ("\u200bmplp\u00a0stake\ufeff", "mplp stake"),
    ],
)
def test_input_methods_and_careless_typing_mean_the_same(typed, plain):
    assert read(typed) == read(plain)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with mplp"),
        ("hello", "begins with mplp"),
        ("mplplend", "begins with mplp"),
        ("mplp", "write mplp and one of lend"),
        ("mplp lent rate=1%", "did you mean lend?"),
        ("mplp xyz", "write one of lend"),
        ("mplp lend rat=12%", "did you mean rate?"),
        ("mplp repay 17 rate=12%", 'repay takes no "rate=": write mplp repay 17'),
        ("mplp lend rate=12", "rate=12%/yr if that is meant"),
        ("mplp lend rate=1", "would be 100% a year"),
        ("mplp lend rate=-5%", "write rate=12%/yr"),
        ("mplp lend rate=1/0", "write rate=12%/yr"),
        ("mplp lend rate=", "write rate=12%/yr"),
        ("mplp lend rate=1% rate=2%", "given twice"),
        ("mplp lend days=30d", "days=30"),
        ("mplp lend days=1e3", "days=30"),
        ("mplp lend renew=maybe", "renew=yes or renew=no"),
        ("mplp lend 12% 30", "is no amount"),
        ("mplp withdraw", "mplp withdraw 100 TEST"),
        ("mplp withdraw 100", "the asset is missing"),
        ("mplp withdraw 1,000 TEST", "without commas"),
        ("mplp withdraw 10² TEST", "is no amount"),
        ("mplp withdraw ① TEST", "is no amount"),
        ("mplp withdraw -5 TEST", "is no amount"),
        ("mplp withdraw 1e5 TEST", "write"),
        ("mplp withdraw 0.123456 TEST", "more than 5 digits"),
        ("mplp withdraw 1.5 WHOLE", "more than 0 digits"),
        ("mplp withdraw 99999999999999999 TEST", "out of range"),
        ("mplp withdraw 5 NOSUCH", '"NOSUCH" is no asset'),
        ("mplp withdraw 5 TEST now", '"now" is one word too many'),
        ("mplp unlend", "the number is missing"),
        ("mplp unlend 4 5", "the asset is missing"),
        ("mplp unlend four", "whole number"),
        ("mplp change-pool 4", "nothing to change"),
        ("mplp change-pool 4 colour=red", "write one of rate, days, period, renew"),
        ("mplp interest back", "mplp interest back 5 USD"),
        ("mplp borrow least pools=a", "pools=3,17"),
        ("mplp borrow least pools=" + ",".join(["1"] * 51), "at most 50"),
        ("mplp borrow least days=1..2..3", "days=7..30"),
        ("mplp borrow least days=7 shortest=3", "days= says it already"),
        ("mplp borrow least market=XYZ", "is no market here"),
        ("mplp lend interest=1X", "symbol of an asset"),
        ("mplp lend " + "x" * 400, "too long"),
        ("mplp bid", "the number is missing: write mplp bid 4"),
        ("mplp bid 4 20", "the asset is missing: write mplp bid 4"),
        ("mplp bid 4 all USD", "is no amount"),
        ("mplp buybond 2", "did you mean buy-bond?"),
        ("mplp pass-bond 2 100 USD to=bob", "for=0 gives them away"),
        ("mplp pass-bond 2 100 USD for=99", "amount, to= and for= are needed"),
        ("mplp pass-bond 2 to=bob for=99", "amount, to= and for= are needed"),
        ("mplp pass-bond 2 100 USD to=bob for=99 TEST", '"test" is one word too many'),
        ("mplp pass-bond 2 100 USD to=bob for=-99", "USD"),
        ("mplp pass-bond 2 100 USD to=b_b for=99", "write the name of an account, such as alice"),
        ("mplp close-black", "the account of the position is missing"),
        ("mplp close-black b/b", "write the name of an account"),
        ("mplp redeem 2 50", "the asset is missing"),
        ("mplp insure junk", "is no amount"),
    ],
)
def test_what_is_wrong_gets_one_line_that_says_what_to_write(text, says):
    assert says in fault(text)


def test_a_market_must_be_named_where_there_is_no_default():
    context = Context(CONTEXT.precisions, CONTEXT.markets, "TEST")
    with pytest.raises(MemoError, match="write market= and one of CNY, USD"):
        memo.parse("mplp borrow least", context)
    assert memo.parse("mplp borrow least USD", context).market == "USD"


def test_an_unknown_asset_is_named_so_that_it_can_be_looked_up():
    with pytest.raises(UnknownAssetError) as caught:
        read("mplp withdraw 5 new.coin")
    assert caught.value.symbol == "NEW.COIN"


@given(st.text(max_size=450))
@example("mplp borrow 100 \x00")
@example("mplp lend rate=" + "9" * 300)
def test_any_text_is_a_request_or_a_memo_error(text):
    try:
        ask = read(text)
    except MemoError as error:
        said = str(error)
    else:
        said = memo.render(ask, CONTEXT)
        assert read(said) == ask
    assert len(said.splitlines()) == 1


WORDS = st.sampled_from(
    "lend stake pool unlend interest back borrow protect unprotect repay withdraw operator least all 1 4 100 12.5 .5 "
    "TEST USD usd CNY 100USD rate=12%/yr rate=1/3 days=30 days=7..30 period=30 interest=TEST renew=no pool=2 at=1.6 "
    "below=5% pools=1,2 shortest=3 longest=60 market=CNY market=TEST x= =x bid insure risk buy-bond pass-bond "
    "take-bond keep-bond redeem close-black bob to=bob for=99 position=bob".split()
)


@given(st.lists(WORDS, max_size=8))
def test_any_words_of_the_grammar_are_a_request_or_a_memo_error(words):
    try:
        ask = read(" ".join(["mplp", *words]))
    except MemoError:
        return
    assert read(memo.render(ask, CONTEXT)) == ask


UNITS = st.integers(0, 10**15)
NUMBERS = st.integers(0, 10**12)
SYMBOLS = st.sampled_from(sorted(CONTEXT.precisions))
MARKETS = st.sampled_from(sorted(CONTEXT.markets))
RATES = st.fractions(0, 20, max_denominator=10**6) | st.integers(0, 10**7).map(lambda n: Fraction(n, 10**6))
ONE_SUM = st.fixed_dictionaries({"asset": SYMBOLS, "amount": UNITS})
SUMS = st.just({}) | st.fixed_dictionaries({"asset": SYMBOLS}) | ONE_SUM
MAYBE = st.none() | NUMBERS
NAMES = st.from_regex(r"[a-z][a-z0-9.\-]{0,62}", fullmatch=True)
LIMITS = st.fixed_dictionaries(
    {
        "market": MARKETS,
        "pools": st.lists(NUMBERS, max_size=5).map(tuple),
        "highest_rate": st.none() | RATES,
        "shortest_days": MAYBE,
        "longest_days": MAYBE,
        "position": st.none() | NAMES,
    }
)
TERMS = st.fixed_dictionaries({"rate": st.none() | RATES, "term_days": MAYBE, "period_days": MAYBE})


def build(kind, *parts):
    return st.tuples(*parts).map(lambda found: kind(**{key: value for part in found for key, value in part.items()}))


def named(name, values):
    return values.map(lambda value: {name: value})


ASKS = st.one_of(
    build(
        Lend,
        SUMS,
        TERMS,
        named("interest_asset", st.none() | SYMBOLS),
        named("renews", st.booleans()),
        named("pool", MAYBE),
    ),
    build(Stake, SUMS),
    build(ChangePool, named("pool", NUMBERS), TERMS, named("renews", st.booleans())),
    build(Unlend, named("pool", NUMBERS), st.just({}) | ONE_SUM),
    build(Prepay, SUMS),
    build(Unprepay, named("asset", SYMBOLS), named("amount", st.none() | UNITS)),
    build(Borrow, LIMITS, named("asset", SYMBOLS), named("amount", st.none() | UNITS)),
    build(Protect, LIMITS, SUMS, named("at", st.none() | RATES)),
    build(Unprotect, named("protection", NUMBERS)),
    build(Repay, named("loan", NUMBERS)),
    build(Withdraw, named("asset", SYMBOLS), named("amount", st.none() | UNITS)),
    st.just(Operator()),
    build(Bid, named("auction", NUMBERS), st.just({}) | ONE_SUM),
    build(Insure, named("market", MARKETS), named("fund", st.sampled_from(["insurance", "risk"])), SUMS),
    build(BuyBond, named("series", NUMBERS), st.just({}) | ONE_SUM),
    build(PassBond, named("series", NUMBERS), ONE_SUM, named("to", NAMES), named("price", UNITS)),
    build(TakeBond, named("offer", NUMBERS)),
    build(KeepBond, named("offer", NUMBERS)),
    build(Redeem, named("series", NUMBERS), st.just({}) | ONE_SUM),
    build(IssueBond, named("series", NUMBERS), st.just({}) | ONE_SUM),
    build(CloseBlack, named("market", MARKETS), named("position", NAMES)),
)


@given(ASKS)
def test_render_is_the_inverse_of_parse(ask):
    text = memo.render(ask, CONTEXT)
    assert len(text) <= memo.MEMO_CHARS_MAX
    assert read(text) == ask


@pytest.mark.parametrize(
    "ask",
    [
        Stake(amount=5),
        Lend(rate=Fraction(-1)),
        Lend(rate=Fraction(1, 3**90)),
        Withdraw(asset="NOSUCH", amount=1),
        Withdraw(asset="TEST", amount=-1),
        Protect(market="USD", amount=5),
        Unlend(pool=1, amount=5),
        ChangePool(pool=1),
        Borrow(market="USD", asset="TEST", pools=tuple(range(51))),
    ],
)
def test_what_no_memo_says_is_not_written(ask):
    with pytest.raises(MemoError):
        memo.render(ask, CONTEXT)


def test_the_memo_of_a_payout_names_its_order():
    assert memo.payout_order("mplp payout 17") == 17
    assert memo.payout_order("mplp payout ") is None
    assert memo.payout_order("mplp payout 1x") is None
    assert memo.payout_order("mplp stake") is None
    assert "is nothing that mplp does" in fault("mplp payout 17")
