"""Feeds and parameters: PL-25, PL-47, with PL-D4, PL-D7, PL-D10, PL-D13, PL-D44, PL-D53 and PL-D59."""

import pytest

from tests.rules.scene import NEVER, Scene


def stage(**parameters):
    """CR 1.4 and LCR 1.8, long."""
    scene = Scene(**parameters)
    scene.lend("bob", 5000, "BTS", "1/10", 60)
    scene.prepay("ann", 1000, "BTS")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 400, "BTS")
    return scene


def suspended(scene):
    return scene.engine.book.markets["USD"].valid_feed is None


def test_pl_25_a_trigger_must_hold_and_one_bad_tick_does_nothing():
    scene = stage()
    scene.feed(860)  # LCR 1.548
    scene.wait(seconds=59)
    scene.feed(1000)
    scene.feed(860)
    scene.wait(seconds=59)
    assert scene.state("ann") == ("protected", "PL-11")

    scene.wait(seconds=1)

    assert scene.state("ann") == ("in_auction", "PL-22")


def test_pl_d10_a_hold_is_complete_in_its_second_though_a_feed_of_that_second_would_break_it():
    scene = stage()
    scene.feed(860)
    scene.now += 60

    scene.feed(1000)

    assert scene.state("ann") == ("in_auction", "PL-22")


def test_pl_d13_without_a_long_loan_nothing_is_held():
    scene = Scene(combined_floor="MCR")
    scene.position("ann", 1400, 1000)

    scene.feed(700)

    assert not scene.of("ann").holds


@pytest.mark.parametrize(
    "changes", [{"expires": 0}, {"mcr": 1300}, {"mssr": 1300}, {"mcr": 1250}], ids=lambda changes: str(changes)
)
def test_pl_47_without_a_valid_feed_there_is_no_new_loan(changes):
    scene = stage()
    scene.feed(1000, **changes)

    scene.borrow("ann", 400, "BTS")

    assert scene.refused == "PL-47"
    assert suspended(scene)


def test_pl_47_without_a_valid_feed_nothing_is_decided_by_a_ratio():
    scene = stage()
    scene.feed(None)

    scene.wait(days=1)
    scene.repay("ann", 1)

    assert scene.refused == "PL-47"
    assert scene.state("ann") == ("protected", "PL-11")


def test_pl_d4_a_price_that_only_converts_may_be_the_last_valid_one():
    scene = Scene()
    scene.feed(900)
    scene.lend("bob", 1000, "USD", "365/100", 10, interest_asset="BTS")
    scene.position("ann", 1500, 1000)
    scene.prepay("ann", 1000, "BTS")
    scene.borrow("ann", 300, "USD")  # 30 USD are 34 BTS
    scene.feed(None)

    scene.wait(days=10)

    assert scene.prepaid("ann", "BTS") == 1000 - 2 * 34


@pytest.mark.parametrize(
    "changes",
    [{"lmcr": 1550}, {"lmcr": 1100}, {"combined_floor": 1549}, {"prepay_lead_days": 30}, {"lcr_cap": 1600}],
    ids=lambda changes: str(changes),
)
def test_pl_d7_and_pl_d53_a_change_that_breaks_the_order_is_refused(changes):
    scene = stage()
    before = scene.engine.book.markets["USD"].parameters

    scene.parameters(**changes)

    assert scene.refused == "PL-D7"
    assert scene.engine.book.markets["USD"].parameters == before


def test_pl_d7_a_suspended_feed_is_judged_anew_after_a_change():
    scene = stage()
    scene.feed(1000, mcr=1300)
    assert suspended(scene)

    scene.parameters(lmcr=1200)

    assert scene.refused is None
    assert not suspended(scene)


def test_pl_d44_a_feed_expires_in_its_second():
    scene = stage()
    scene.feed(1000, expires=100)
    scene.wait(seconds=99)
    assert not suspended(scene)

    scene.wait(seconds=1)

    assert suspended(scene)


def test_pl_d59_held_time_stands_still_in_an_outage_and_then_goes_on():
    scene = stage()
    scene.feed(860, expires=40)  # held from 0 to 40
    scene.wait(days=1)
    scene.feed(860, expires=NEVER)

    scene.wait(seconds=19)
    assert scene.state("ann")[0] == "protected"
    scene.wait(seconds=1)

    assert scene.state("ann") == ("in_auction", "PL-22")


def test_pl_d59_only_a_valid_feed_that_denies_the_trigger_ends_it():
    scene = stage()
    scene.feed(860, expires=40)
    scene.wait(days=1)
    scene.feed(1000, expires=NEVER)
    scene.feed(860)

    scene.wait(seconds=59)

    assert scene.state("ann")[0] == "protected"


def test_pl_d59_a_hold_complete_as_the_feed_expires_waits_for_the_next():
    scene = stage()
    scene.feed(860, expires=60)
    scene.wait(seconds=60)
    assert scene.state("ann")[0] == "protected"

    scene.feed(860, expires=NEVER)

    assert scene.state("ann") == ("in_auction", "PL-22")
