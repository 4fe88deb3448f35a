"""The one order of positions by CR, which the index of triggers and carrying share (PL-34, PL-D32)."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.rules.triggers import TriggerIndex, order_key

UNITS = st.integers(1, 2 * 10**15)


@given(UNITS, UNITS, UNITS, UNITS)
def test_the_key_orders_positions_as_their_exact_ratios_do(debt, collateral, other_debt, other_collateral):
    ours, others = order_key(debt, collateral), order_key(other_debt, other_collateral)
    exactly = Fraction(debt, collateral), Fraction(other_debt, other_collateral)
    assert (ours > others) == (exactly[0] > exactly[1])


@given(UNITS, UNITS, UNITS)
def test_without_collateral_the_ratio_is_the_lowest_whatever_the_debt(debt, other_debt, collateral):
    assert order_key(debt, 0) == order_key(other_debt, 0) > order_key(debt, collateral)


@given(st.lists(st.tuples(UNITS, st.integers(0, 2 * 10**15)), min_size=1, max_size=20), st.fractions(0, 10))
def test_the_index_takes_out_those_that_trigger_and_no_other(positions, limit):
    index = TriggerIndex()
    for name, (debt, collateral) in enumerate(positions):
        index.put(name, debt, collateral)
    low = {name for name, (debt, collateral) in enumerate(positions) if collateral < limit * debt}
    assert set(index.take(lambda name: name in low)) == low
