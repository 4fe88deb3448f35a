"""Dividends: once a week, above the target, by amount × time locked (PL-41, PL-D31)."""

from bsip_mplp.rules.inputs import FeedSeen
from tests.rules.scene import DAY, Scene, protected


def lent_by_two(**more):
    """bob lends 20,000 from day 0 on, dan 10,000 from day 4 on: on day 7 their weights are 140,000 and 30,000 days."""
    scene = protected(risk_share="0", **more)
    scene.lend("dan", 10_000, "USD", "73/600", 60, period_days=30)
    scene.prepay("ann", 100, "USD")
    scene.now = 4 * DAY
    scene.borrow("ann", 10_000, "USD", pools=(2,))
    return scene


def test_pl_41_once_a_week_what_is_over_the_target_goes_out_by_amount_and_time():
    """The fund has 20 + 10 and gets 1,700: 1,030 over a target of 700: 848.2 and 181.8, each rounded down (PL-D31)."""
    scene = lent_by_two(dividend_target=[0, 700])
    scene.insure("eve", 1700, "USD")
    scene.now = 7 * DAY - 1
    scene.wait()
    assert scene.free("bob", "USD") == 180
    scene.wait(seconds=1)

    assert scene.free("bob", "USD") == 180 + 848
    assert scene.free("dan", "USD") == 90 + 181
    assert scene.fund("USD") == 701, "what rounding leaves stays"


def test_pl_d31_weights_count_since_the_last_date():
    """In the second week bob has 20,000 and dan 10,000 for seven days each: 2 to 1."""
    scene = lent_by_two(dividend_target=[0, 30])
    scene.now = 7 * DAY
    scene.wait()
    scene.insure("eve", 300, "USD")
    before = (scene.free("bob", "USD"), scene.free("dan", "USD"))
    scene.now = 14 * DAY
    scene.wait()

    assert (scene.free("bob", "USD") - before[0], scene.free("dan", "USD") - before[1]) == (200, 100)


def test_pl_d31_a_loan_that_ended_counts_for_the_days_it_was_locked():
    """bob 20,000 for 7 days; dan 10,000 from day 4 to day 5: 140,000 and 10,000 days of 1,500."""
    scene = lent_by_two(dividend_target=[0, 30])
    scene.now = 5 * DAY
    scene.repay("ann", 2)
    scene.insure("eve", 1500, "USD")
    scene.now = 7 * DAY
    scene.wait()

    assert scene.free("bob", "USD") == 180 + 1400
    assert scene.free("dan", "USD") == 90 + 100


def test_pl_d31_core_counts_at_the_last_feed():
    """bob 20,000 USD and fay 10,000 BTS for seven days, at 0.95 on the date: 20,000 to 9,500 of 2,950."""
    scene = protected(risk_share="0", dividend_target=[0, 20])
    scene.lend("fay", 10_000, "BTS", "0", 60)
    scene.borrow("ann", 10_000, "BTS")
    scene.feed(950)
    scene.insure("eve", 2950, "USD")
    scene.feed(None)
    scene.now = 7 * DAY
    scene.wait()

    assert scene.free("bob", "USD") == 180 + 2000
    assert scene.free("fay", "USD") == 950


def test_pl_d28_each_asset_has_its_own_target():
    scene = protected(risk_share="0", dividend_target=[100, 1000])
    scene.insure("eve", 150, "BTS")
    scene.insure("eve", 500, "USD")
    scene.now = 7 * DAY
    scene.wait()

    assert scene.free("bob", "BTS") == 50
    assert (scene.fund("BTS"), scene.fund("USD")) == (100, 520)


def test_pl_41_nothing_is_paid_without_a_target_or_without_lenders():
    scene = protected(risk_share="0")
    scene.insure("eve", 1000, "USD")
    scene.wait(days=7)
    assert scene.fund("USD") == 1020

    scene = Scene(dividend_target=[0, 0], risk_share="0")
    scene.lend("bob", 1000, "USD", "0", 14)  # available, not locked
    scene.insure("eve", 1000, "USD")
    scene.wait(days=7)
    assert scene.fund("USD") == 1000


def test_pl_d31_weeks_count_from_the_markets_start():
    """The market started in second 0; a first loan on day 6 is on the first date, a day later."""
    scene = Scene(dividend_target=[0, 0], risk_share="0")
    scene.insure("eve", 1000, "USD")
    scene.now = 6 * DAY
    scene.lend("bob", 20_000, "USD", "0", 14)
    scene.position("ann", 140_000, 100_000)
    scene.borrow("ann", 20_000, "USD")
    scene.now = 7 * DAY
    scene.wait()

    assert scene.free("bob", "USD") == 1000


def test_pl_d4_a_dividend_without_a_valid_feed_uses_the_last_valid_one():
    scene = protected(risk_share="0", dividend_target=[0, 20])
    scene.insure("eve", 100, "USD")
    scene.put(FeedSeen(time=0, market="USD", price=None))
    scene.wait(days=7)

    assert scene.free("bob", "USD") == 280
