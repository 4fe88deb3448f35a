"""The outlook: what a fund holds, owes and will have to pay is what the engine then does."""

import pytest

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Tick
from bsip_mplp.rules.outlook import outlook
from tests import long_course
from tests.long_course import CNY, DAY, NOON


def folded(stage):
    engine = Engine()
    for item in long_course.until(stage):
        engine.apply(item)
    return engine


def seen(engine, days=7):
    return outlook(engine.book, engine.book.markets["CNY"], engine.now + days * DAY)


def test_a_market_that_carries_nothing_owes_nothing():
    found = seen(folded(long_course.LENT))
    assert (found.owes, found.falls_due, found.lacks_units, found.carried, found.coupons) == ({}, {}, 0, (), {})


def test_what_falls_due_is_what_the_fund_then_owes():
    engine = folded(long_course.CARRIED)
    before = seen(engine, days=30)
    assert before.carried == ("erin",)
    assert before.owes == {}
    engine.apply(Tick(time=NOON + 4 + 23 * DAY))
    after = seen(engine)
    assert after.owes == before.falls_due
    assert after.lacks_units == before.lacks_units > 0
    assert engine.book.series[1].amount == after.owes_in_bitasset  # PL-D51


def test_nothing_lacks_of_what_falls_due_later_than_asked():
    assert seen(folded(long_course.CARRIED), days=7).falls_due == {}


@pytest.mark.parametrize("stage", [long_course.OWED, long_course.BLACK, long_course.INSURED])
def test_asking_changes_nothing(stage):
    engine = folded(stage)
    before = engine.state()
    seen(engine)
    assert engine.state() == before


def test_a_black_position_and_the_coupon_accrued_are_seen():
    engine = folded(long_course.OFFERED)
    found = seen(engine)
    assert found.black == ("erin",)
    assert found.coupons == {1: 2}  # 1 CNY at 5 % a year for a day: 1.37 units, rounded up
    assert found.holds["CNY"] < found.owes_in_bitasset < 100 * CNY
