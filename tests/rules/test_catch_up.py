"""Bots that were down for days: one input after the break does what a tick a minute would have done (G-7, PL-I5)."""

import random

import pytest

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Tick
from bsip_mplp.rules.outcomes import Outcome
from tests.rules.scene import DAY, carried, protected


def replay(inputs, ticks=()):
    """A fresh engine after these inputs, with further ticks at these times among them; also all it brought about."""
    engine = Engine()
    outcomes = []
    times = sorted(ticks)
    for item in inputs:
        while times and times[0] <= item.time:
            outcomes.append(engine.apply(Tick(time=times.pop(0))))
        outcomes.append(engine.apply(item))
    return engine, outcomes


def happened(outcomes: list[Outcome]):
    """All entries, events, orders, notices and refusals in order, whichever input brought them."""
    return [
        item
        for outcome in outcomes
        for kept in (outcome.entries, outcome.events, outcome.orders, outcome.notices, outcome.refusals)
        for item in kept
    ]


def by_kind(outcomes: list[Outcome]):
    """The same, kind by kind: how they are interleaved within one input is not what counts."""
    return [
        [item for outcome in outcomes for item in getattr(outcome, kind)]
        for kind in ("entries", "events", "orders", "notices", "refusals")
    ]


def long_course():
    """Half a year: an auction won, one unsold, a carry, bonds, a black position and its end."""
    scene = protected(prepaid=400, risk_share="0.2", dividend_target=[0, 500])
    scene.lend("dan", 10_000, "USD", "1/10", 14)
    scene.prepay("ann", 500, "USD")
    scene.borrow("ann", 10_000, "USD", pools=(2,))
    scene.wait(days=20)
    scene.feed(880)
    scene.wait(seconds=777)
    scene.bid("cat", 333)
    scene.wait(days=3)
    scene.feed(1000)
    scene.wait(days=40)  # cat prepays nothing: the loan ends with its paid time
    scene.prepay("ann", 1000, "USD")
    scene.prepay("cat", 1000, "USD")
    scene.borrow("cat", 20_000, "USD", position="ann", pools=(1,))
    scene.wait(days=10)
    scene.feed(780)
    scene.wait(days=50)
    scene.buy_bond("eve", 50)
    scene.wait(days=20)
    scene.insure("eve", 5_000, "USD")
    scene.wait(days=30)
    scene.feed(1100)
    scene.wait(days=8)
    return scene


def test_g_7_a_tick_every_hour_brings_the_same_to_the_last_unit():
    scene = long_course()
    ways = [(rule, now) for _, rule, _, now in scene.ways("ann")]
    for way in (("PL-28", "protected"), ("PL-33", "carried"), ("PL-38", "black"), ("PL-38", "carried")):
        assert way in ways

    stepped, outcomes = replay(scene.inputs, range(0, scene.now, 3600))

    assert stepped.state() == scene.engine.state()
    assert by_kind(outcomes) == by_kind(scene.outcomes)


@pytest.mark.parametrize("seed", range(8))
def test_g_7_ticks_at_random_moments_bring_the_same(seed):
    scene = long_course()
    chance = random.Random(seed)
    due = _due_times(scene.inputs)
    ticks = [max(0, chance.choice(due) + chance.choice((-1, 0, 0, 1))) for _ in range(300)]
    stepped, outcomes = replay(scene.inputs, ticks)

    assert stepped.state() == scene.engine.state()
    assert by_kind(outcomes) == by_kind(scene.outcomes)


def _due_times(inputs):
    """The moments at which something falls due in a course."""
    engine = Engine()
    found = {0}
    for item in inputs:
        while (due := engine.next_due()) is not None and due < item.time:
            found.add(due)
            engine.apply(Tick(time=due))
        engine.apply(item)
    return sorted(found)


def test_g_7_one_tick_after_three_months_without_any_bot():
    """Down from day 2 on; one tick on day 92 does all that fell due meanwhile."""
    late = carried(risk_share="0")
    late.wait(days=90)
    early = carried(risk_share="0")
    for _ in range(90 * 24):
        early.wait(seconds=3600)

    assert late.engine.state() == early.engine.state()
    assert late.ways("ann") == early.ways("ann")
    assert [way[:2] for way in late.ways("ann")][-1] == (30 * DAY, "PL-38")
    assert happened(late.outcomes)[-1].time <= late.now


def test_pl_i5_the_same_inputs_give_the_same_state_and_outcomes():
    first, second = long_course(), long_course()

    assert first.engine.state() == second.engine.state()
    assert [repr(outcome) for outcome in first.outcomes] == [repr(outcome) for outcome in second.outcomes]


def test_g_7_an_input_dated_before_the_clock_counts_at_the_clock():
    scene = protected()
    scene.wait(days=1)
    scene.put(Tick(time=5))

    assert scene.engine.now == DAY
