"""The index of triggers against a plain list and exact ratios (PL-34, PL-D32), and what an outcome shows of objects."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.triggers import TriggerIndex, order_key

from .scene import Scene

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


NAMES = st.sampled_from("abcde")
STEPS = st.one_of(
    st.tuples(st.just("put"), NAMES, st.integers(0, 4), st.integers(0, 3)),
    st.tuples(st.just("discard"), NAMES),
    st.tuples(st.just("take"), st.integers(0, 4), st.integers(1, 3)),
)


def over(stands, limit):
    """Whether debt over collateral is over a limit; without collateral it always is."""
    debt, collateral = stands
    return not collateral or Fraction(debt, collateral) > limit


@given(st.lists(STEPS, max_size=60))
def test_the_index_takes_what_a_plain_list_would(steps):
    index, plain = TriggerIndex(), {}
    for what, *rest in steps:
        if what == "put":
            name, *stands = rest
            index.put(name, *stands)
            plain[name] = stands
        elif what == "discard":
            index.discard(rest[0])
            plain.pop(rest[0], None)
        else:
            limit = Fraction(*rest)
            taken = index.take(lambda name, limit=limit: over(plain[name], limit))
            assert sorted(taken) == sorted(name for name, stands in plain.items() if over(stands, limit))
            for name in taken:
                del plain[name]


def test_an_engine_that_shows_no_objects_names_them_and_says_all_else_alike():
    scene, silent = Scene(), Engine(shows=False)
    scene.lend("bob", 5000, "BTS", "1/10", 60)
    scene.prepay("ann", 1000, "BTS")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 400, "BTS")
    scene.feed(860)
    scene.wait(seconds=60)
    assert scene.state("ann")[0] == "in_auction"
    for item, shown in zip(scene.inputs, scene.outcomes, strict=True):
        outcome = silent.apply(item)
        assert outcome.objects == {key: {} for key in shown.objects}
        for part in ("time", "entries", "events", "orders", "notices", "refusals"):
            assert getattr(outcome, part) == getattr(shown, part), part
    assert silent.state() == scene.engine.state()
