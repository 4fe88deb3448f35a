"""RE-8: who earned what, and the thread's terms."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.public.scores import (
    Arbitrage,
    Holdings,
    Known,
    Terms,
    Trade,
    arbitrages,
    ranked,
    standing,
    turnover,
)
from bsip_mplp.ratios import Price

TERMS = Terms(
    stake=100, turnover_times=10, seconds=1000, prize=5, prizes_most=2, arbitrage_seconds=60, arbitrage_least=10
)
TWO = Price(2, 1)


STAKE, NOTHING = Holdings(100), Holdings()


def known(holdings=STAKE, trades=(), lent=(), gifts=NOTHING):
    return Known("ming-1", 0, holdings, tuple(trades), tuple(lent), gifts)


def out(time, core, bitasset):
    return Trade(time, "outside", core, bitasset)


def inside(time, core, bitasset, counts=True):
    return Trade(time, "inside", core, bitasset, counts)


def test_what_is_left_counts_everything_and_what_is_owed():
    one = standing(known(Holdings(core=50, bitasset=30, debt=11)), TERMS, TWO, 5, None)

    assert one.left == 50 + 9
    assert one.earned == -41


def test_what_is_owed_is_rounded_up():
    assert Holdings(core=10, debt=3).worth(TWO) == 8
    assert Holdings(core=10, bitasset=3).worth(TWO) == 11


def test_what_others_gave_is_not_earned():
    one = standing(known(Holdings(core=150), gifts=Holdings(core=40, bitasset=20)), TERMS, TWO, 5, None)

    assert one.earned == 0


def test_what_is_left_is_due_after_the_turnover_and_the_time_whatever_the_result():
    """N倍流水+多长期限后不管盈亏都能获得剩余的BTS."""
    trades = [out(1, -500, 1000), out(2, 499, -1000)]
    lost = known(Holdings(core=60), trades, lent=(1,))

    assert standing(lost, TERMS, TWO, 999, None).due is None
    assert standing(known(Holdings(core=60), trades), TERMS, TWO, 1000, None).due is None
    one = standing(lost, TERMS, TWO, 1000, None)
    assert (one.qualified, one.due) == (1000, 60)
    assert one.earned == -40


def test_what_is_due_stays_as_it_was_when_it_first_became_due():
    one = standing(known(Holdings(core=7)), TERMS, TWO, 5000, (1200, 60))

    assert (one.left, one.qualified, one.due) == (7, 1200, 60)


def test_less_than_nothing_is_never_due():
    one = standing(known(Holdings(debt=50), lent=(1000,)), TERMS, TWO, 2000, None)

    assert one.due == 0


def test_turnover_is_what_went_through_trades_and_loans():
    assert turnover([out(1, -30, 60), inside(2, 20, -40, counts=False)], [7]) == 57


def test_an_arbitrage_is_bought_in_one_place_and_sold_in_the_other_with_a_profit():
    assert arbitrages([inside(0, 50, -95), out(30, -50, 100)], TERMS) == [Arbitrage(30, 50, 5)]
    assert arbitrages([out(0, -50, 100), inside(30, 50, -95)], TERMS) == [Arbitrage(30, 50, 5)]


def test_no_arbitrage_without_profit_without_the_other_place_or_too_late():
    assert not arbitrages([inside(0, 50, -100), out(30, -50, 100)], TERMS)
    assert not arbitrages([out(0, 50, -95), out(30, -50, 100)], TERMS)
    assert not arbitrages([inside(0, 50, -95), out(61, -50, 100)], TERMS)
    assert not arbitrages([inside(0, 9, -5), out(30, -9, 18)], TERMS)


def test_what_two_players_agreed_on_is_no_arbitrage():
    assert not arbitrages([inside(0, 50, -1, counts=False), out(30, -50, 100)], TERMS)


def test_parts_are_matched_first_in_first_out():
    trades = [inside(0, 50, -90), inside(1, 50, -110), out(2, -60, 120), out(3, -40, 80)]

    assert arbitrages(trades, TERMS) == [Arbitrage(2, 60, 8)]


def test_prizes_are_for_so_many_and_no_more():
    trades = [one for at in range(0, 1000, 100) for one in (inside(at, 50, -95), out(at + 1, -50, 100))]
    one = standing(known(trades=trades), TERMS, TWO, 5, None)

    assert (one.arbitrages, one.arbitrage_profit, one.prize) == (10, 50, 10)


trades = st.lists(
    st.builds(
        lambda time, venue, core, price, buys: Trade(
            time, venue, core if buys else -core, -core * price if buys else core * price
        ),
        st.integers(0, 200),
        st.sampled_from(["outside", "inside"]),
        st.integers(1, 100),
        st.integers(1, 5),
        st.booleans(),
    ),
    max_size=12,
)


@given(trades)
def test_arbitrage_never_earns_more_than_all_trades_could(found):
    """No unit goes through twice: what is matched is at most what was bought, and what was sold."""
    through = sum(one.core for one in arbitrages(found, TERMS))
    bought = sum(trade.core for trade in found if trade.core > 0)
    sold = -sum(trade.core for trade in found if trade.core < 0)

    assert through <= min(bought, sold)
    assert all(one.profit > 0 and one.core >= TERMS.arbitrage_least for one in arbitrages(found, TERMS))
    assert all(one.profit <= 4 * one.core for one in arbitrages(found, TERMS))


@given(trades)
def test_one_price_for_all_leaves_nothing_to_arbitrage(found):
    same = [Trade(one.time, one.venue, one.core, -one.core * 3) for one in found]

    assert not arbitrages(same, TERMS)


def test_who_earned_most_is_first():
    lines = [
        standing(known(Holdings(core))._replace(name=name), TERMS, TWO, 5, None)
        for name, core in (("b", 90), ("a", 90), ("c", 120))
    ]

    assert [one.name for one in ranked(lines)] == ["c", "a", "b"]
