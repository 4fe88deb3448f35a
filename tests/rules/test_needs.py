"""What a carried or shrunk position does not need goes home when its paid time ends (PL-D38, PL-D54, PL-D55)."""

from tests.rules.scene import DAY, Scene, protected


def carried(price=920, **more):
    """Taken over at 0.78 in second 60, unsold for 48 h; the price is 0.92 when it is carried: CR 1.288 < LMCR.

    LCR ≥ 1.55 needs D − lp2 ≤ 140,000 · 0.92 / 1.55 = 83,096.8, so lp2 ≥ 16,904: of 20,000 there are 3,096 too many.
    """
    scene = protected(risk_share="0", **more)
    scene.feed(780)
    scene.wait(seconds=60)
    scene.feed(price)
    scene.wait(days=2)
    assert scene.state("ann") == ("carried", "PL-33")
    return scene


def test_pl_d38_what_a_carried_position_does_not_need_goes_home_when_its_paid_time_ends():
    """Judged on day 23, when the fund would pay; 3,096 go home on day 30. The fund pays for 16,904:

    1 % are 169.04, rounded up 170, of which the lenders' part is 170 − 17 = 153 (PL-D26).
    """
    scene = carried()
    scene.insure("eve", 10_000, "USD")
    scene.now = 23 * DAY
    scene.wait()
    assert scene.loan(1).principal == 20_000
    assert scene.free("bob", "USD") == 180 + 153
    scene.now = 30 * DAY
    scene.wait()

    assert scene.loan(1).principal == 16_904
    assert scene.pool(1).available == 30_000 + 3_096
    assert scene.loan(1).paid_until == 60 * DAY


def test_pl_d38_a_loan_dearer_than_the_carry_rate_goes_home_and_is_not_paid_for():
    """25 % a year, over 20 %: 20,000 · 0.25 · 30 / 365 = 410.96. At 0.88 all of it would be needed."""
    scene = carried(price=880, rate="1/4", prepaid=411)
    scene.insure("eve", 10_000, "USD")
    scene.now = 30 * DAY - 1
    scene.wait()
    assert scene.live("ann") == [1]
    scene.wait(seconds=1)

    assert scene.loan(1).ended_by == "PL-D55"
    assert scene.free("bob", "USD") == 411 - 41
    assert scene.fund("USD") == 10_000 + 41


def test_pl_d55_dearest_first():
    """Loans of 20,000 at 12.17 % and 2,000 at 16.22 %, 5,096 too many: the dear one whole, and 3,096 of the other."""
    scene = protected(risk_share="0")
    scene.lend("dan", 2_000, "USD", "73/450", 60, period_days=30)
    scene.prepay("ann", 100, "USD")
    scene.borrow("ann", 2_000, "USD", pools=(2,))
    scene.unprepay("ann", "USD")
    scene.feed(780)
    scene.wait(seconds=60)
    scene.feed(920)
    scene.wait(days=2)
    scene.insure("eve", 10_000, "USD")
    scene.now = 30 * DAY
    scene.wait()

    assert scene.loan(2).ended_by == "PL-D55"
    assert scene.loan(1).principal == 16_904


def test_pl_d55_the_newest_first_at_a_tie():
    scene = protected(risk_share="0")
    scene.lend("dan", 2_000, "USD", "73/600", 60, period_days=30)
    scene.prepay("ann", 20, "USD")
    scene.borrow("ann", 2_000, "USD", pools=(2,))
    scene.feed(780)
    scene.wait(seconds=60)
    scene.feed(920)
    scene.wait(days=2)
    scene.insure("eve", 10_000, "USD")
    scene.now = 30 * DAY
    scene.wait()

    assert (scene.loan(2).ended_by, scene.loan(1).principal) == ("PL-D55", 16_904)


def test_pl_d55_one_that_is_needed_is_passed_over_for_the_next():
    """C 1,600, D 1,000, lp1 70 at 10 %, lp2 60 at 15 %, LMCR 1.54, price 0.873: LCR = 1,457.91 / 940 = 1.55097.

    The slack over 1.55 · 940 = 1,457 is 0.91: no unit of USD can go (1.55), one of BTS can (0.873).
    """
    scene = Scene(risk_share="0", lmcr=1540)
    scene.lend("bob", 70, "BTS", "1/10", 30)
    scene.lend("dan", 60, "USD", "3/20", 30)
    scene.prepay("ann", 1, "BTS")
    scene.prepay("ann", 1, "USD")
    scene.position("ann", 1600, 1000)
    scene.borrow("ann", 70, "BTS")
    scene.borrow("ann", 60, "USD")
    assert scene.live("ann") == [1, 2]
    scene.feed(680)
    scene.wait(seconds=60)
    scene.feed(873)
    scene.wait(days=2)
    assert scene.state("ann") == ("carried", "PL-33")
    scene.now = 23 * DAY
    scene.wait()

    assert scene.loan(2).goes_home == 0
    assert scene.loan(1).goes_home == 1


def test_pl_d55_what_fell_due_before_is_judged_at_the_carrying():
    """Auctioned from day 22 on, due on day 23, carried on day 24 at 0.92: the fund pays for 16,904 at once."""
    scene = protected(risk_share="0")
    scene.insure("eve", 10_000, "USD")
    scene.now = 22 * DAY
    scene.feed(780)
    scene.wait(seconds=60)
    scene.feed(920)
    scene.wait(days=2)
    assert scene.state("ann") == ("carried", "PL-33")

    assert scene.loan(1).goes_home == 3_096
    assert scene.free("bob", "USD") == 180 + 153


def test_pl_d55_without_a_valid_feed_only_the_carry_rate_is_judged():
    scene = carried()
    scene.insure("eve", 10_000, "USD")
    scene.feed(None)
    scene.now = 23 * DAY
    scene.wait()

    assert scene.loan(1).goes_home == 0
    assert scene.free("bob", "USD") == 360


def test_pl_d55_judged_for_black_positions_too():
    """The fund has 20 and can't pay 153 (of what is needed) on day 23; nobody buys bonds: black on day 30.

    The part of 3,096 goes home on day 30 all the same. What is found on day 53 not to be needed goes at once: its
    paid time has ended, and 23 days are owed for it (PL-D60): 452 at 12.17 % are 3.47, rounded up 4, no cut.
    """
    scene = carried()
    scene.now = 30 * DAY
    scene.wait()
    assert scene.state("ann") == ("black", "PL-38")
    assert scene.loan(1).principal == 16_904
    scene.feed(925)  # CR 1.295; lp2 ≥ 100,000 − 83,548 = 16,452: 452 too many
    scene.now = 53 * DAY
    scene.wait()

    assert (scene.loan(1).principal, scene.loan(1).goes_home) == (16_452, 0)
    assert [claim.units for claim in scene.engine.book.claims.values()] == [4]


def test_pl_d54_a_position_seen_smaller_with_lcr_over_the_cap_gives_back_what_it_does_not_need():
    """C 40,000, D 30,000: LCR 40,000 / 10,000 = 4 > 3.2. LCR ≥ 1.55 needs D − lp2 ≤ 25,806: 15,806 too many.

    On day 23 the interest of 4,194 is taken: 42. On day 30 the rest goes home.
    """
    scene = protected(prepaid=400)
    scene.position("ann", 40_000, 30_000)
    scene.now = 23 * DAY
    scene.wait()
    assert scene.prepaid("ann", "USD") == 158
    scene.now = 30 * DAY
    scene.wait()

    assert scene.loan(1).principal == 4_194


def test_pl_d54_a_position_that_needs_nothing_gives_all_back():
    """C 140,000, D 30,000: CR is 4.67 without any loan."""
    scene = protected(prepaid=400)
    scene.position("ann", 140_000, 30_000)
    scene.now = 30 * DAY
    scene.wait()

    assert scene.loan(1).ended_by == "PL-D54"
    assert scene.prepaid("ann", "USD") == 200
    assert scene.state("ann") == ("free", "PL-D54")


def test_pl_d54_a_position_over_the_cap_by_price_alone_keeps_its_loans():
    """LCR 3.5 at a price of 2: nothing was seen smaller."""
    scene = protected(prepaid=400)
    scene.feed(2000)
    scene.now = 30 * DAY
    scene.wait()

    assert scene.loan(1).principal == 20_000


def test_pl_d37_a_request_over_the_cap_is_refused():
    """LCR ≤ 3.2: 140,000 / (100,000 − lp2) allows lp2 up to 56,250."""
    scene = protected(prepaid=0, rate="0")
    scene.lend("dan", 100_000, "USD", "0", 60)
    scene.borrow("ann", 36_251, "USD", pools=(2,))
    assert scene.refused == "PL-D37"
    scene.borrow("ann", 36_250, "USD", pools=(2,))
    assert scene.refused is None
