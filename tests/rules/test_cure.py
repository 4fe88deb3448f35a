"""The cure: until a bid wins, the holder can end an auction (PL-31), and what it takes (PL-D23, PL-D56)."""

import pytest

from bsip_mplp.rules.inputs import PositionSeen
from tests.rules.scene import DAY, protected

ROUND = 900


def opened(**more):
    """LCR 1.54 at 0.88; opened in second 60 of day 1; the price has stood since day 1."""
    scene = protected(**more)
    scene.now = DAY
    scene.feed(880)
    scene.wait(seconds=60)
    assert scene.state("ann") == ("in_auction", "PL-22")
    return scene


def missed(**more):
    """In auction by PL-21: on day 23 the interest of 200 is not there and CR is 1.092, under MSSR."""
    scene = protected(**more)
    scene.now = 23 * DAY - 30
    scene.feed(780)
    scene.wait(seconds=30)
    assert scene.state("ann") == ("in_auction", "PL-21")
    return scene


def test_pl_31_added_collateral_cures_at_once():
    """PL-D56: 142,000 · 0.88 / 80,000 = 1.562 ≥ 1.55 at a price that stood for 60 s; nothing else changes."""
    scene = opened()
    scene.bid("cat", 500)
    scene.position("ann", 142_000, 100_000)

    assert scene.state("ann") == ("protected", "PL-31")
    assert scene.auction().ended_by == "PL-31"
    assert scene.free("cat", "USD") == 500
    assert scene.of("ann").holder == "ann"
    assert scene.loan(1).paid_until == 30 * DAY


def test_pl_31_paid_debt_cures_at_once():
    """140,000 · 0.88 / (99,000 − 20,000) = 1.5595."""
    scene = opened()
    scene.position("ann", 140_000, 99_000)

    assert scene.state("ann") == ("protected", "PL-31")


def test_pl_31_too_little_collateral_cures_nothing():
    """140,900 · 0.88 / 80,000 = 1.5499."""
    scene = opened()
    scene.position("ann", 140_900, 100_000)

    assert scene.state("ann") == ("in_auction", "PL-22")


def test_pl_31_after_a_win_there_is_nothing_to_cure():
    scene = opened()
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)
    scene.position("ann", 142_000, 100_000)

    assert scene.state("ann") == ("protected", "PL-28")
    assert scene.of("ann").holder == "cat"


def test_pl_31_a_takeover_ends_the_cure():
    scene = opened()
    scene.feed(780)
    scene.wait(seconds=60)
    assert scene.state("ann") == ("taken_over", "PL-23")
    scene.position("ann", 200_000, 100_000)
    scene.feed(1000)
    scene.wait(seconds=3600)

    assert scene.state("ann") == ("taken_over", "PL-23")


def test_pl_d23_a_cure_by_price_alone_must_hold():
    scene = opened()
    scene.feed(900)  # LCR 1.575
    scene.wait(seconds=59)
    assert scene.state("ann") == ("in_auction", "PL-22")

    scene.wait(seconds=1)

    assert scene.state("ann") == ("protected", "PL-31")


def test_pl_d23_one_bad_tick_ends_a_hold_of_the_cure():
    scene = opened()
    scene.feed(900)
    scene.wait(seconds=30)
    scene.feed(880)
    scene.feed(900)
    scene.wait(seconds=59)
    assert scene.state("ann") == ("in_auction", "PL-22")
    scene.wait(seconds=1)
    assert scene.state("ann") == ("protected", "PL-31")


def test_pl_d56_collateral_added_at_a_price_that_has_not_held_waits():
    """The new price is no good alone (0.885: 1.549) and stands for 10 s: the hold of LCR ≥ MCR starts now."""
    scene = opened()
    scene.wait(seconds=120)
    scene.feed(885)
    scene.wait(seconds=10)
    scene.position("ann", 142_000, 100_000)
    assert scene.state("ann") == ("in_auction", "PL-22")
    scene.wait(seconds=59)
    assert scene.state("ann") == ("in_auction", "PL-22")

    scene.wait(seconds=1)

    assert scene.state("ann") == ("protected", "PL-31")


def test_pl_d56_collateral_added_once_the_price_is_over_mcr_does_not_shorten_the_hold():
    """LCR ≥ MCR was true before by the price; the collateral did not make it true."""
    scene = opened()
    scene.feed(900)
    scene.wait(seconds=30)
    scene.position("ann", 150_000, 100_000)
    assert scene.state("ann") == ("in_auction", "PL-22")
    scene.wait(seconds=30)
    assert scene.state("ann") == ("protected", "PL-31")


def test_pl_d56_the_interest_may_come_at_any_time_after_the_ratio_has_held():
    """Due on day 23 in the auction. LCR ≥ MCR has held since; the interest cures the moment it comes."""
    scene = protected()
    scene.now = 23 * DAY - 60
    scene.feed(880)
    scene.wait(seconds=60)
    assert scene.state("ann") == ("in_auction", "PL-22")
    scene.feed(900)
    scene.wait(seconds=300)
    assert scene.state("ann") == ("in_auction", "PL-22")

    scene.prepay("ann", 200, "USD")

    assert scene.state("ann") == ("protected", "PL-31")
    assert scene.prepaid("ann", "USD") == 0
    assert scene.loan(1).paid_until == 60 * DAY


def test_pl_d56_the_interest_may_come_before_the_ratio():
    scene = protected()
    scene.now = 23 * DAY - 60
    scene.feed(880)
    scene.wait(seconds=60)
    scene.prepay("ann", 200, "USD")
    assert scene.state("ann") == ("in_auction", "PL-22")
    scene.wait(seconds=100)
    scene.position("ann", 142_000, 100_000)

    assert scene.state("ann") == ("protected", "PL-31")
    assert scene.loan(1).paid_until == 60 * DAY


def test_pl_d56_a_cure_holds_last_among_the_holds_of_a_second():
    """With an auction floor over MCR both holds are complete in one second: the floor goes first, and carries."""
    scene = opened(auction_floor=1400)
    scene.now = DAY + 100
    scene.feed(900)  # LCR 1.575 ≥ MCR, CR 1.26 < 1.4; the floor's hold has run since the opening
    assert scene.state("ann") == ("in_auction", "PL-22")
    scene.feed(1001)  # CR 1.4014: the floor's hold is dropped
    scene.feed(900)  # both are held from now on
    scene.wait(seconds=60)

    assert scene.state("ann") == ("carried", "PL-49")


def test_pl_d23_an_auction_by_missed_interest_is_cured_by_the_interest_alone():
    """CR stays 1.092, under MSSR, for less than 60 s in all: PL-23 looks after that."""
    scene = missed()
    scene.prepay("ann", 199, "USD")
    assert scene.state("ann") == ("in_auction", "PL-21")

    scene.prepay("ann", 1, "USD")

    assert scene.state("ann") == ("protected", "PL-31")
    assert scene.loan(1).paid_until == 60 * DAY
    assert scene.ways("ann")[1:] == [
        (23 * DAY, "PL-21", "protected", "in_auction"),
        (23 * DAY, "PL-31", "in_auction", "protected"),
    ]


def test_pl_d23_the_interest_of_all_loans_must_be_there():
    scene = protected()
    scene.lend("dan", 10_000, "USD", "73/600", 60, period_days=30)
    scene.prepay("ann", 100, "USD")
    scene.borrow("ann", 10_000, "USD", pools=(2,))
    scene.now = 23 * DAY - 30
    scene.feed(780)
    scene.wait(seconds=30)
    scene.prepay("ann", 299, "USD")
    assert scene.state("ann") == ("in_auction", "PL-21")
    scene.prepay("ann", 1, "USD")

    assert scene.state("ann") == ("protected", "PL-31")
    assert scene.prepaid("ann", "USD") == 0


def test_pl_d64_there_is_a_cure_until_the_takeovers_hold_is_complete():
    """CR is 1.092 from 30 s before day 23 on: taken over 30 s after it. Ten seconds before, a cure still counts."""
    scene = missed()
    scene.wait(seconds=20)
    scene.prepay("ann", 200, "USD")
    assert scene.state("ann") == ("protected", "PL-31")

    scene.wait(seconds=10)

    assert scene.state("ann") == ("taken_over", "PL-23")


def test_pl_d64_from_then_on_the_interest_comes_too_late():
    scene = missed()
    scene.wait(seconds=30)
    assert scene.state("ann") == ("taken_over", "PL-23")
    scene.prepay("ann", 200, "USD")

    assert scene.state("ann") == ("taken_over", "PL-23")
    assert scene.prepaid("ann", "USD") == 200


def test_pl_d47_prepaid_interest_can_be_taken_out_during_an_auction():
    scene = opened(prepaid=500)
    scene.unprepay("ann", "USD")

    assert scene.refused is None
    assert scene.free("ann", "USD") == 300


@pytest.mark.parametrize("custody", ["books", "protocol"])
def test_pl_31_a_cure_is_the_same_in_every_custody(custody):
    scene = opened(custody=custody)
    scene.put(
        PositionSeen(time=scene.now, market="USD", account="ann", collateral=142_000, debt=100_000, custody=custody)
    )

    assert scene.state("ann") == ("protected", "PL-31")
