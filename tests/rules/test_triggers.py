"""The index of triggers against a plain list, and what an outcome shows of the objects it touched."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.triggers import TriggerIndex

from .scene import Scene

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
