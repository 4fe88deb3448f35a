"""Prepaid interest: PL-8 to PL-10, PL-45, with PL-D5, PL-D8 and PL-D14."""

from tests.rules.scene import DAY, Scene

TEN_PERCENT = "365/100"  # a year: 10 % for ten days


def lending(scene, **more):
    scene.lend("bob", 1000, "BTS", TEN_PERCENT, 10, **more)
    scene.position("ann", 1400, 1000)


def test_pl_8_the_first_interest_is_taken_as_the_loan_is_made():
    scene = Scene()
    lending(scene)
    scene.prepay("ann", 40, "BTS")

    scene.borrow("ann", 400, "BTS")

    assert scene.live("ann") == [1]
    assert scene.prepaid("ann", "BTS") == 0
    assert scene.loan(1).paid_until == 10 * DAY


def test_pl_8_without_the_first_interest_nothing_is_lent():
    scene = Scene()
    lending(scene)
    scene.prepay("ann", 39, "BTS")

    scene.borrow("ann", 400, "BTS")

    assert scene.refused == "PL-8"
    assert (scene.live("ann"), scene.prepaid("ann", "BTS")) == ([], 39)


def test_pl_9_what_no_rule_took_can_be_taken_back():
    scene = Scene()
    lending(scene)
    scene.prepay("ann", 50, "BTS")
    scene.borrow("ann", 400, "BTS")

    scene.unprepay("ann", "BTS", 11)
    assert scene.refused == "PL-9"
    scene.unprepay("ann", "BTS")
    assert scene.free("ann", "BTS") == 10


def test_pl_10_and_pl_35_cut_to_the_fund_rest_to_the_lender_at_once():
    scene = Scene(i2="0.15", risk_share="0.5")
    lending(scene)
    scene.prepay("ann", 43, "BTS")

    scene.borrow("ann", 430, "BTS")

    # of 43: 15 % is 6.45, so 6; half of that goes on to the risk fund
    assert (scene.free("bob", "BTS"), scene.fund("BTS"), scene.risk("BTS")) == (37, 3, 3)


def test_pl_d5_the_cut_is_of_what_is_paid_after_conversion():
    scene = Scene(i2="0.5", risk_share="0")
    scene.feed(900)
    scene.lend("bob", 1000, "USD", TEN_PERCENT, 10, interest_asset="BTS")
    scene.position("ann", 1500, 1000)
    scene.prepay("ann", 100, "BTS")

    scene.borrow("ann", 300, "USD")

    # 30 USD are 33.3, so 34 BTS: 17 and 17
    assert (scene.fund("BTS"), scene.free("bob", "BTS")) == (17, 17)


def test_pl_45_interest_is_taken_as_it_fell_due_and_a_loan_gets_all_or_nothing():
    scene = Scene()
    lending(scene)
    scene.lend("dan", 1000, "BTS", "365/1000", 10)
    scene.position("ann", 1400, 1000)
    scene.prepay("ann", 44, "BTS")
    scene.borrow("ann", 400, "BTS", pools=(1,))  # takes 40
    scene.borrow("ann", 400, "BTS", pools=(2,))  # takes 4
    scene.prepay("ann", 39, "BTS")

    scene.wait(days=10)

    assert scene.loan(1).ended_by == "PL-17", "39 are not 40"
    assert scene.loan(2).paid_until == 20 * DAY
    assert scene.prepaid("ann", "BTS") == 35


def test_pl_d8_overdue_interest_is_tried_oldest_first_when_money_comes():
    scene = Scene()
    scene.lend("bob", 1000, "BTS", TEN_PERCENT, 30)  # 30 % for a term
    scene.position("ann", 1400, 1000)
    scene.prepay("ann", 240, "BTS")
    scene.borrow("ann", 400, "BTS")  # 120
    scene.wait(days=1)
    scene.borrow("ann", 400, "BTS")  # 120
    scene.wait(days=24)  # both missed theirs, on day 23 and 24

    scene.prepay("ann", 120, "BTS")

    assert scene.loan(1).paid_until == 60 * DAY
    assert scene.loan(2).paid_until == 31 * DAY


def test_pl_d8_once_more_when_the_paid_time_ends():
    scene = Scene()
    scene.feed(900)
    scene.lend("bob", 1000, "USD", TEN_PERCENT, 30, interest_asset="BTS")
    scene.position("ann", 1500, 1000)
    scene.prepay("ann", 199, "BTS")
    scene.borrow("ann", 300, "USD")  # 90 USD, 100 BTS; 99 are left
    scene.wait(days=24)
    assert scene.loan(1).unpaid
    scene.feed(910)  # 90 USD are 98.9 BTS now

    scene.wait(days=6)

    assert scene.loan(1).paid_until == 60 * DAY
    assert scene.prepaid("ann", "BTS") == 0


def test_pl_d14_all_interest_of_a_second_is_tried_before_a_loan_without_it_ends():
    scene = Scene()
    lending(scene)
    scene.lend("dan", 1000, "BTS", "365/1000", 10)
    scene.prepay("ann", 44, "BTS")
    scene.borrow("ann", 400, "BTS", pools=(1,))
    scene.borrow("ann", 400, "BTS", pools=(2,))
    scene.prepay("ann", 4, "BTS")

    scene.wait(days=10)

    facts = [(e.kind, e.key, e.what) for e in scene.outcome.events if e.kind == "loan"]
    assert facts.index(("loan", "2", "paid")) < facts.index(("loan", "1", "ended"))
