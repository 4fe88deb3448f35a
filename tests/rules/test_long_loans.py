"""Interest and ends of long loans: PL-21, PL-24, PL-47, with PL-D6, PL-D8, PL-D15 and PL-D16."""

import pytest

from tests.rules.scene import DAY, Scene


def stage(prepaid=100, units=1000, **parameters):
    """CR 1.4, LCR 2.4; 100 BTS of interest for each period of 30 days."""
    scene = Scene(**parameters)
    scene.lend("bob", 2000, "BTS", "73/60", 60, period_days=30)
    scene.prepay("ann", prepaid, "BTS")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", units, "BTS")
    assert scene.live("ann") == [1]
    return scene


def test_pl_21_interest_is_taken_seven_days_before_the_paid_time_ends():
    scene = stage(200)

    scene.wait(days=23, seconds=-1)
    assert scene.prepaid("ann", "BTS") == 100
    scene.wait(seconds=1)

    assert scene.prepaid("ann", "BTS") == 0
    assert scene.loan(1).paid_until == 60 * DAY


def test_pl_21_missed_interest_ends_the_loan_with_the_paid_time():
    scene = stage()
    scene.wait(days=23)
    assert any("lacks its next interest" in text for text in scene.told("ann")), "the holder is told at once"

    scene.wait(days=7, seconds=-1)
    assert scene.live("ann") == [1]
    scene.wait(seconds=1)

    assert scene.loan(1).ended_by == "PL-21"
    assert scene.state("ann") == ("free", "PL-21")


def test_pl_21_not_at_all_if_the_interest_is_there_by_then():
    scene = stage()
    scene.wait(days=29)

    scene.prepay("ann", 100, "BTS")
    scene.wait(days=1)

    assert scene.live("ann") == [1]
    assert scene.loan(1).paid_until == 60 * DAY


def test_pl_21_at_once_is_the_stricter_reading():
    scene = stage(missed_prepay_ends="at_once")

    scene.wait(days=23)

    assert scene.loan(1).ended_by == "PL-21"


def test_pl_21_under_mssr_the_position_goes_into_auction_instead():
    scene = stage()
    scene.wait(days=22, seconds=86_390)
    scene.feed(700)  # CR 0.98

    scene.wait(seconds=10)

    assert scene.state("ann") == ("in_auction", "PL-21")
    assert scene.live("ann") == [1]


@pytest.mark.parametrize(("price", "refused"), [(857, "PL-24"), (858, None)])
def test_pl_24_no_end_by_the_borrower_under_the_mean_of_lmcr_and_mssr(price, refused):
    """(1.3 + 1.1) / 2 is 1.2; CR is 1.4 × the price: 1.1998 and 1.2012."""
    scene = stage()
    scene.feed(price)

    scene.repay("ann", 1)

    assert scene.refused == refused


def test_pl_24_interest_taken_is_not_returned():
    scene = stage(200)

    scene.repay("ann", 1)

    assert scene.loan(1).ended_by == "PL-24"
    assert scene.prepaid("ann", "BTS") == 100


def test_pl_47_interest_is_taken_without_a_feed():
    scene = stage(200)
    scene.feed(None)

    scene.wait(days=23)

    assert scene.loan(1).paid_until == 60 * DAY


def test_pl_47_missed_interest_is_judged_by_the_next_valid_feed():
    scene = stage()
    scene.feed(None)
    scene.wait(days=25)
    assert scene.state("ann") == ("protected", "PL-11")

    scene.feed(700)

    assert scene.state("ann") == ("in_auction", "PL-21")


def test_pl_d15_it_is_judged_once():
    scene = stage()
    scene.wait(days=23)  # CR 1.4: it ends with its paid time

    scene.feed(700)
    scene.wait(seconds=59)

    assert scene.state("ann")[0] == "protected"
    scene.wait(seconds=1)
    assert scene.state("ann") == ("taken_over", "PL-23"), "the fall goes the way of PL-23"


def test_pl_d16_without_a_feed_it_waits_no_longer_than_the_paid_time():
    scene = stage()
    scene.feed(None)

    scene.wait(days=30)

    assert scene.loan(1).ended_by == "PL-21"


def test_pl_d63_what_was_fixed_at_the_due_moment_holds():
    scene = stage(1000)
    scene.change_pool("bob", 1, renews=False)
    scene.wait(days=53)  # the next period would lie in a new term

    scene.change_pool("bob", 1, renews=True)
    scene.wait(days=7)

    assert scene.loan(1).ended_by == "PL-6"
