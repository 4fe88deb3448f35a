"""RE-8: the outside exchange, folded from what reached it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.public.exchange import (
    ANSWER_PREFIX,
    FEE_PERMILLE,
    GRAMMAR,
    Answer,
    Exchange,
    Incoming,
    PricePath,
    after_fee,
    show_price,
    unanswered,
)
from bsip_mplp.ratios import Price

PRECISIONS = {"TEST": 5, "CNY": 4}
START = 1000


def price(text):
    """A price in whole assets as the chain's units have it."""
    found = Fraction(text) / 10
    return Price(found.numerator, found.denominator)


def exchange(*prices):
    return Exchange(PricePath(START, 60, tuple(price(text) for text in prices)), "TEST", "CNY", PRECISIONS)


def sent(memo, units=100_000, side="core", time=START, source="5.0.0", account="ming-1"):
    return Incoming(source, time, account, side, units, memo)


def told(one):
    return [(answer.side, answer.units, answer.text) for answer in one.answers]


@pytest.mark.parametrize("memo", ["sell", "  SELL  ", "Sell"])
def test_a_sale_is_at_the_price_of_its_block_less_the_fee(memo):
    one = exchange("2", "3")
    one.take(sent(memo))
    one.take(sent(memo, time=START + 60, source="6.0.0"))

    assert told(one) == [
        ("bitasset", 19_960, "sold 1.00000 TEST at 2.0000000"),
        ("bitasset", 29_940, "sold 1.00000 TEST at 3.0000000"),
    ]
    assert [(trade.core, trade.bitasset) for trade in one.trades] == [(-100_000, 19_960), (-100_000, 29_940)]


def test_buying_core_asset_is_selling_bitasset():
    one = exchange("2")
    one.take(sent("sell", 20_000, "bitasset"))

    assert told(one) == [("core", 99_800, "sold 2.0000 CNY at 2.0000000")]
    assert one.trades[0].core == 99_800


def test_an_order_waits_for_its_price_and_is_filled_at_the_price_that_came():
    one = exchange("2", "2.2", "2.6", "2.4")
    one.take(sent("sell at 2.5"))
    one.advance(START + 119)
    assert not one.answers
    one.advance(START + 1000)

    assert told(one) == [("bitasset", 25_948, "sold 1.00000 TEST at 2.6000000")]
    assert one.trades[0].time == START + 120
    assert not one.orders


def test_who_buys_core_asset_waits_for_it_to_be_cheap():
    one = exchange("2", "1.5", "0.9")
    one.take(sent("sell at=1", 10_000, "bitasset"))
    one.advance(START + 60)
    assert not one.answers
    one.advance(START + 120)

    assert told(one) == [("core", 110_888, "sold 1.0000 CNY at 0.9000000")]


def test_an_order_whose_price_is_there_is_filled_at_once():
    one = exchange("2")
    one.take(sent("sell at 1.5"))

    assert told(one) == [("bitasset", 19_960, "sold 1.00000 TEST at 2.0000000")]


def test_an_order_that_is_cancelled_comes_back_with_what_was_sent_to_cancel_it():
    one = exchange("2")
    one.take(sent("sell at 9"))
    one.take(sent("cancel 1", 1, source="6.0.0"))

    assert told(one) == [("core", 100_000, "order 1 is cancelled"), ("core", 1, "order 1 is cancelled")]
    assert [answer.source for answer in one.answers] == ["5.0.0", "6.0.0"]


def test_nobody_cancels_somebody_else_s_order():
    one = exchange("2")
    one.take(sent("sell at 9"))
    one.take(sent("cancel 1", 1, source="6.0.0", account="li-1"))

    assert told(one) == [("core", 1, "order 1 is not yours, or waits no more")]
    assert 1 in one.orders


@pytest.mark.parametrize(
    ("memo", "says"),
    [
        (None, "the memo can't be read"),
        ("", "the memo is not understood"),
        ("buy", "the memo is not understood"),
        ("sell at", "the memo is not understood"),
        ("sell at 1e3", "the memo is not understood"),
        ("cancel", "the memo is not understood"),
        ("sell at 0", "0 is no price"),
        ("sell at 1.2.3", "1.2.3 is no price"),
        ("sell at 0.00000000001", "0.00000000001 is no price"),
    ],
)
def test_what_is_not_understood_comes_back_with_the_grammar(memo, says):
    one = exchange("2")
    one.take(sent(memo))
    ((side, units, text),) = told(one)

    assert (side, units) == ("core", 100_000)
    assert text.startswith(says)
    assert "sell at 0.05" in text
    assert "sell at 0.05" in GRAMMAR
    assert not one.trades


def test_what_is_too_little_to_sell_comes_back():
    one = exchange("2")
    one.take(sent("sell", 1))

    assert told(one) == [("core", 1, "too little to sell")]


transfers = st.lists(
    st.tuples(
        st.sampled_from(["sell", "sell at 2.1", "sell at 1.9", "cancel 1", "cancel 2", "what", None]),
        st.sampled_from(["core", "bitasset"]),
        st.integers(1, 10**9),
        st.integers(0, 500),
        st.sampled_from(["a-1", "b-1"]),
    ),
    max_size=15,
)


@given(transfers, st.integers(0, 600))
def test_every_transfer_is_answered_once_at_the_most_and_no_money_is_made(asked, more):
    """What is answered or waits is what came: each transfer is an answer or an order, never both."""
    one = exchange("2", "2.05", "2.2", "1.95", "1.8", "2")
    asked = sorted(asked, key=lambda item: item[3])
    for number, (memo, side, units, time, account) in enumerate(asked):
        one.take(Incoming(f"{number}.0.0", START + time, account, side, units, memo))
    one.advance(START + 500 + more)
    answered = [answer.source for answer in one.answers]
    waiting = [order.source for order in one.orders.values()]

    assert sorted(answered + waiting) == sorted(f"{number}.0.0" for number in range(len(asked)))
    for trade in one.trades:
        assert (trade.core > 0) != (trade.bitasset > 0)
        worst = after_fee(abs(trade.core), "core", price("2.2"))
        assert trade.core > 0 or trade.bitasset <= worst


@given(transfers)
def test_folded_again_it_owes_the_same(asked):
    """After a crash the exchange is folded anew, in one go, and owes what it owed."""
    prices = ("2", "2.05", "2.2", "1.95", "1.8", "2")
    step_by_step, at_once = exchange(*prices), exchange(*prices)
    for number, (memo, side, units, time, account) in enumerate(sorted(asked, key=lambda item: item[3])):
        incoming = Incoming(f"{number}.0.0", START + time, account, side, units, memo)
        for between in range(START, START + time, 7):
            step_by_step.advance(between)
        step_by_step.take(incoming)
        at_once.take(incoming)
    for one in (step_by_step, at_once):
        one.advance(START + 900)

    assert step_by_step.answers == at_once.answers
    assert step_by_step.trades == at_once.trades


def test_what_was_answered_already_is_not_answered_again():
    one = exchange("2")
    one.take(sent("sell"))
    one.take(sent("sell", source="6.0.0"))

    assert [answer.source for answer in unanswered(one, {"5.0.0"}.__contains__)] == ["6.0.0"]


def test_an_answer_names_the_transfer_in_its_memo():
    memo = Answer("12.3.0", "ming-1", "core", 1, "sold").memo

    assert memo.removeprefix(ANSWER_PREFIX).split(" ")[0] == "12.3.0"


@given(st.integers(1, 10**12), st.integers(1, 10**9), st.integers(1, 10**9))
def test_there_and_back_always_costs(units, bitasset, core):
    here = Price(bitasset, core)
    back = after_fee(after_fee(units, "core", here), "bitasset", here)

    assert back <= units * (1000 - FEE_PERMILLE) // 1000


def test_the_price_of_a_time_is_that_of_its_step_and_the_last_one_stays():
    path = exchange("1", "2", "3").path
    shown = [show_price(path.at(time), 5, 4) for time in (0, START, START + 59, START + 60, START + 10**6)]

    assert shown == ["1.0000000", "1.0000000", "1.0000000", "2.0000000", "3.0000000"]
    assert path.ends == START + 180
