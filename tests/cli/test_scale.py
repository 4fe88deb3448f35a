"""A position as it is drawn: each mark stands exactly where its rule begins to act, and what is drawn is in bounds."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.cli.scale import PART, WHOLE, bar, call_of, fall_text
from bsip_mplp.marks import Stand, marks, nearest
from bsip_mplp.ratios import Price, collateral_ratio

STAND = Stand(
    collateral=100_000_000, debt=3_000_000, lp1=30_000_000, lp2=200_000, price=Price(45, 1000),
    mcr=1500, mssr=1100, icr=1550, lmcr=1300, floor=1550, auction=Fraction(1575), has_short=True, has_long=True,
)  # fmt: skip


def changed(**fields):
    return Stand(**{name: fields.get(name, getattr(STAND, name)) for name in STAND.__slots__})


amounts = st.integers(1, 10**15)


@given(collateral=amounts, debt=amounts, lp1=st.integers(0, 10**15), lent=st.integers(0, 100))
def test_each_mark_is_where_its_ratio_is_reached_exactly(collateral, debt, lp1, lent):
    lp2 = debt * lent // 101
    stand = changed(collateral=collateral, debt=debt, lp1=lp1, lp2=lp2)
    whole, own = (collateral + lp1, debt - lp2), (collateral, debt)
    expected = {
        "V-7": (whole, stand.auction), "PL-18": (whole, stand.floor), "PL-17": (own, stand.lmcr),
        "PL-23": (own, stand.mssr),
    }  # fmt: skip
    found = marks(stand)
    for mark in found:
        if mark.rule in expected:
            (c, d), permille = expected[mark.rule]
            at = Price(mark.price.numerator, mark.price.denominator)
            assert collateral_ratio(c, d, at) == Fraction(permille) / 1000
    assert [mark.price for mark in found] == sorted((mark.price for mark in found), reverse=True)
    assert {"now", "chain", *expected} <= {mark.rule for mark in found}


def test_the_loan_moves_the_chains_call_down():
    at = {mark.text: mark.price for mark in marks(STAND)}
    assert at["the chain calls: its ratio is at MCR"] < at["the chain would have called without the loan"]


def test_without_a_loan_no_rule_of_loans_is_drawn():
    rules = {mark.rule for mark in marks(changed(lp1=0, lp2=0, has_short=False, has_long=False))}
    assert rules == {"now", "chain", "PL-14"}


def test_a_position_without_debt_has_no_marks():
    assert marks(changed(debt=0, lp2=0)) == []
    assert call_of(changed(debt=0, lp2=0), lent=True) is None


@given(value=st.fractions(0, 10), whole=st.fractions(0, 10), width=st.integers(1, 60))
def test_a_bar_is_never_longer_than_its_width_nor_than_its_part(value, whole, width):
    drawn = bar(value, whole, width)
    eighths = drawn.count(WHOLE) * 8 + (PART.index(drawn[-1]) + 1 if drawn and drawn[-1] in PART else 0)
    assert len(drawn) <= width
    if whole:
        assert Fraction(eighths, width * 8) <= value / whole


def test_a_fall_is_told_to_a_tenth():
    assert fall_text(Fraction(877, 1000), Fraction(1)) == "−12.3 %"
    assert fall_text(Fraction(11, 10), Fraction(1)) == "+10.0 %"
    assert fall_text(Fraction(1), Fraction(1)) == ""


def test_the_nearest_mark_is_the_first_that_does_something_as_the_price_falls():
    assert nearest(STAND).rule == "PL-17"
    assert nearest(changed(has_short=False)).rule == "V-7"
    assert nearest(changed(has_long=False, has_short=False)).text == "the chain calls: its ratio is at MCR"
    assert nearest(changed(price=Price(1, 1000))) is None


@given(collateral=amounts, debt=amounts)
def test_a_margin_call_sells_no_more_than_there_is_and_its_penalty_is_mssrs(collateral, debt):
    call = call_of(changed(collateral=collateral, debt=debt, lp1=0, lp2=0), lent=False)
    assert 0 < call.sold <= collateral
    assert call.sold == -(-collateral * 1100 // 1500)
    assert 0 <= call.penalty - Fraction(collateral * 100, 1500) < 2
