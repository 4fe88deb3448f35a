"""The worked examples of docs/long-loans.md: their figures by hand, and the page's tables by the same code."""

import pytest

from tests.rules import worked_examples as examples
from tests.rules.scene import DAY


@pytest.mark.parametrize("language", examples.PAGES)
def test_the_page_has_the_tables_that_the_code_makes(language):
    """If this fails: `python -m tests.rules.worked_examples` writes them anew; read what changed."""
    page = examples.PAGES[language].read_text(encoding="utf-8")

    assert page == examples.filled(page, language)
    for name in examples.EXAMPLES:
        assert f"<!-- {name} -->" in page


def _ways(course):
    return [(time, rule, now) for time, rule, _, now in course.scene.ways("ann")][1:]


def test_pl_21_interest_missed_with_cr_over_mssr():
    """CR 1.26 on day 23: nothing but a notice; the loan ends on day 30, bob has the 20,000 back."""
    course = examples.missed_over_mssr()

    assert _ways(course) == [(30 * DAY, "PL-21", "free")]
    assert (course.scene.pool(1).available, course.scene.pool(1).lent) == (50_000, 0)


def test_pl_21_interest_missed_with_cr_under_mssr():
    course = examples.missed_under_mssr()

    assert _ways(course) == [(23 * DAY, "PL-21", "in_auction"), (23 * DAY + 30, "PL-23", "taken_over")]


def test_pl_22_lcr_under_mcr():
    """140,000 · 0.88 / 80,000 = 1.54."""
    assert _ways(examples.lcr_under_mcr()) == [(60, "PL-22", "in_auction")]


def test_pl_23_a_takeover():
    """Won in the fifth round of 15 minutes: 60 s + 5 · 900 s. bob 180 + 180, the fund 16 + 16."""
    course = examples.takeover()

    assert _ways(course) == [(60, "PL-23", "taken_over"), (60 + 5 * 900, "PL-28", "protected")]
    assert (course.scene.free("bob", "USD"), course.scene.fund("USD")) == (360, 32)


def test_pl_28_an_auction_won_in_the_first_round():
    """500 = 200 + 300: bob 180 + 60 more, the fund (20 + 240) · 0.8 = 208 more; the others have their money."""
    course = examples.won_in_the_first_round()

    assert _ways(course)[-1] == (960, "PL-28", "protected")
    assert (course.scene.free("bob", "USD"), course.scene.fund("USD")) == (420, 224)
    assert (course.scene.free("dan", "USD"), course.scene.free("eve", "USD")) == (350, 150)


def test_pl_28_an_auction_won_in_the_hundredth_round():
    course = examples.won_in_the_hundredth_round()

    assert _ways(course)[-1] == (60 + 100 * 900, "PL-28", "protected")
    assert course.scene.of("ann").holder == "cat"


def test_pl_33_an_auction_never_won():
    course = examples.never_won()

    assert _ways(course)[-1] == (60 + 192 * 900, "PL-33", "carried")
    assert course.scene.free("cat", "USD") == 199


def test_pl_26_two_lenders_and_one_short_loan():
    """CR 1.148 ends eve's short loan; LCR without it is 114,800 / 75,000 = 1.531.

    Reserve 200 + 50, surplus 150: 120 to the system, 30 by shares: 24 and 6.
    """
    course = examples.two_lenders_and_a_short_loan()

    assert course.scene.loan(3).ended_by == "PL-17"
    assert _ways(course)[-2:] == [(60, "PL-22", "in_auction"), (960, "PL-28", "protected")]
    assert course.scene.free("bob", "USD") == 180 + 180 + 24
    assert course.scene.free("dan", "USD") == 45 + 45 + 6


def test_pl_31_cured_before_and_after_a_bid_and_too_late():
    assert _ways(examples.cured_before_a_bid())[-1] == (60, "PL-31", "protected")
    after = examples.cured_after_a_bid()
    assert _ways(after)[-1] == (120, "PL-31", "protected")
    assert after.scene.free("cat", "USD") == 1_000
    late = examples.too_late_to_cure()
    assert _ways(late)[-1] == (960, "PL-28", "protected")
    assert late.scene.of("ann").holder == "cat"


def test_pl_36_carried_until_cr_is_over_lmcr_and_closed():
    """Debt 98,980; needed of lp2: 98,980 − 123,200 / 1.55 = 19,497, so 195, less 19: 176.

    At 0.93 CR is 130,200 / 98,980 = 1.315. Sold at 0.92: 98,980 / 0.92 = 107,587, of 140,000: 32,413 are left.
    """
    course = examples.carried_until_the_close()

    assert _ways(course)[-1] == (23 * DAY, "PL-46", "closed")
    assert course.scene.free("bob", "USD") == 180 + 176
    assert course.scene.fund("BTS") == 32_413
    assert (course.scene.pool(1).available, course.scene.pool(1).lent) == (50_000, 0)


def test_pl_37_the_fund_runs_dry_in_the_middle_of_a_carry():
    course = examples.the_fund_runs_dry()

    assert course.scene.series().amount == 180
    assert course.scene.series().holdings == {"cat": 140}
    assert course.scene.free("bob", "USD") == 3 * 180
    assert course.scene.state("ann") == ("carried", "PL-33")


def test_pl_38_half_a_series_a_black_position_and_its_end():
    """90 of 180 sold. 110 + 80 pay 180 and redeem 10; ten days of 5 % on 80 are 0.11, so 1; 80 more: 19 are left."""
    course = examples.half_sold_black_and_redeemed()

    assert _ways(course)[-2:] == [(30 * DAY, "PL-38", "black"), (30 * DAY, "PL-38", "carried")]
    assert course.scene.free("cat", "USD") == 10 + 1 + 80
    assert course.scene.series().outstanding == 0
    assert course.scene.fund("USD") == 19


def test_pl_39_the_forced_variants():
    option = examples.forced_option().scene
    assert (option.free("cat", "USD"), option.series().holdings) == (80, {"cat": 100})
    compulsory = examples.forced_compulsory().scene
    assert compulsory.series().holdings == {"bob": 150, "dan": 30}
    assert compulsory.free("bob", "USD") == 360


def test_pl_49_loophole_1_the_price_falls_fast_during_an_auction():
    """Opened in second 60; under 1.0 since 360; carried in 420. The takeover, with the same hold, goes before."""
    course = examples.falling_fast_during_an_auction()

    assert _ways(course) == [
        (60, "PL-22", "in_auction"),
        (420, "PL-23", "taken_over"),
        (420, "PL-49", "carried"),
    ]
    assert course.scene.free("cat", "USD") == 1_000
    assert course.scene.loan(1).principal == 19_996, "the risk fund took the place of its 4 (PL-35)"


def test_pl_37_loophole_2_from_6_to_0_1():
    """D 100,000, C worth 140,000 · 0.017 = 2,380: bonds of 99,980.

    Sold in full: a debt of 1,830 may stay, so 98,150 of the money pay debt, and the sale closes the position. An
    income of 1,700 a month pays coupon and principal: 14,617 + 99,980 = 114,597 are 67.4 months of it.
    """
    sold = examples.from_six_to_a_tenth_sold().scene
    assert sold.series().amount == 99_980
    assert sold.series().coupon_paid + 99_980 == 114_597
    assert sold.series().outstanding == 0
    assert sold.free("cat", "USD") == 114_597
    assert (sold.pool(1).available, sold.pool(1).lent) == (50_000, 0)

    unsold = examples.from_six_to_a_tenth_unsold().scene
    assert ("PL-38", "black") in [(rule, now) for _, rule, _, now in unsold.ways("ann")]
    assert (unsold.pool(1).available, unsold.pool(1).lent) == (50_000, 0)
    assert unsold.engine.book.claims == {} or all(claim.paid for claim in unsold.engine.book.claims.values())


def test_pl_12_loophole_3_much_of_the_bitasset_is_locked():
    """Of 200,000 in all 76,000 are locked. The short 56,000 are free in the step of the fall, before anyone sells.

    bob's 20,000 stay locked through auction and carrying until the risk fund takes their place.
    """
    course = examples.much_of_the_bitasset_locked()
    scene = course.scene

    assert scene.loan(2).ended == 0
    assert scene.pool(2).available == 70_000
    assert scene.loan(1).ended_by == "PL-35"
    assert scene.pool(1).available == 50_000
