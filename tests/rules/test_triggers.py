"""The index of triggers against a plain list and exact ratios (PL-34, PL-D32), and what an outcome shows of objects."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.triggers import TriggerIndex, order_key

from .scene import Scene, carried, protected

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


@given(st.lists(st.tuples(UNITS, UNITS), min_size=1, max_size=20), UNITS, UNITS)
def test_the_index_takes_out_all_from_a_price_on(thresholds, bitasset, core):
    """As `falls` has it: what turns under a limit below its own price is found by every price that is no higher."""
    index = TriggerIndex()
    for name, (debt, collateral) in enumerate(thresholds):
        index.put_at(name, order_key(debt, collateral))
    reached = {name for name, (debt, collateral) in enumerate(thresholds) if bitasset * collateral <= debt * core}
    assert len(index) == len(thresholds)
    assert set(index.take_from(order_key(bitasset, core))) == reached
    assert len(index) == len(thresholds) - len(reached)


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


def looked_at(scene, price, **feed):
    """Whether the engine looks at ann's position for this feed."""
    scene.feed(price, **feed)
    return ("position", "USD/ann") in scene.outcome.objects


def test_a_feed_looks_at_a_held_position_only_if_another_thing_is_true_of_it():
    """LCR is under MCR from 0.88 on, CR under MSSR (1.1) from 0.785 on; both are held for 60 s."""
    scene = protected()
    assert looked_at(scene, 880)
    assert not looked_at(scene, 870)
    assert looked_at(scene, 890), "LCR 1.5575: the hold is dropped"
    assert not looked_at(scene, 900)
    assert looked_at(scene, 880)
    assert looked_at(scene, 780), "the takeover's hold begins"
    assert not looked_at(scene, 775)
    assert looked_at(scene, 800), "it is dropped"
    scene.wait(seconds=60)
    assert scene.state("ann")[0] == "in_auction"
    assert not looked_at(scene, 799)
    assert looked_at(scene, 886), "the hold of a cure begins"
    assert looked_at(scene, 885), "it is dropped"
    assert looked_at(scene, 780)
    assert looked_at(scene, None), "a hold stands still without a valid feed (PL-D59)"
    assert looked_at(scene, 780), "and goes on with one"
    scene.wait(seconds=60)
    assert scene.state("ann")[0] == "taken_over"
    assert not looked_at(scene, 900), "a takeover is not cured"
    assert looked_at(scene, 700), "CR is under the auction floor"
    scene.wait(seconds=60)
    assert scene.state("ann")[0] == "carried"


def test_a_feed_looks_at_all_that_is_held_if_it_brings_other_limits():
    scene = protected()
    scene.feed(880)
    assert looked_at(scene, 880, mcr=1500), "LCR 1.54 is no longer under MCR"
    assert not scene.of("ann").holds
    assert looked_at(scene, 880, mcr=1550), "it is again"
    assert scene.of("ann").holds
    scene.parameters(auction_floor=1200)
    assert ("position", "USD/ann") in scene.outcome.objects


def test_pl_36_a_feed_looks_at_a_carried_position_only_if_cr_passes_lmcr():
    """CR is 1.4 · p, LMCR 1.3: the price is 0.9286, and at LMCR nothing is sold yet."""
    scene = carried("protocol")
    assert not looked_at(scene, 900)
    assert not looked_at(scene, 928)
    assert looked_at(scene, 929)
    assert "close" in [order.kind for order in scene.open_orders("ann")]
    assert not looked_at(scene, 940)


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
