"""Ends of short loans: PL-17 to PL-20, PL-26, with PL-D41, PL-D43, PL-D57 and PL-D58."""

from fractions import Fraction

from tests.rules.scene import DAY, Scene


def stage(units=400, **parameters):
    """CR 1.4 and LCR 1.8 with 400 BTS for ten days."""
    scene = Scene(**parameters)
    scene.lend("bob", 5000, "BTS", "365/1000", 10)  # 1 % for ten days
    scene.prepay("ann", 2 * -(-units // 100), "BTS")  # two periods
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", units, "BTS")
    assert scene.live("ann") == [1]
    return scene


def test_pl_17_it_ends_once_cr_is_under_lmcr():
    scene = stage(1000)
    scene.feed(929)  # CR 1.3006
    assert scene.live("ann") == [1]

    scene.feed(928)  # CR 1.2992

    assert scene.loan(1).ended_by == "PL-17"
    assert scene.pool(1).available == 5000
    assert scene.state("ann") == ("free", "PL-17")


def test_pl_17_it_ends_without_the_interest_for_the_next_period():
    scene = stage()
    scene.wait(days=10)
    assert scene.loan(1).paid_until == 20 * DAY

    scene.wait(days=10)

    assert scene.loan(1).ended_by == "PL-17"


def test_pl_18_it_ends_once_lcr_is_under_the_floor():
    scene = Scene()
    scene.lend("bob", 5000, "USD", "1/10", 10)
    scene.prepay("ann", 8, "USD")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 188, "USD")  # LCR 1400 / 812 = 1.724

    scene.position("ann", 2000, 1430)  # CR 1.3986, LCR 2000 / 1242 = 1.6103
    assert scene.live("ann") == [1]
    scene.position("ann", 2000, 1439)  # CR 1.3899, LCR 2000 / 1251 = 1.5987

    assert scene.loan(1).ended_by == "PL-18"


def test_pl_18_the_floor_may_be_mcr():
    scene = Scene(combined_floor="MCR")
    scene.lend("bob", 5000, "USD", "1/10", 10)
    scene.prepay("ann", 8, "USD")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 188, "USD")

    scene.position("ann", 2000, 1478)  # LCR 2000 / 1290 = 1.5504
    assert scene.live("ann") == [1]
    scene.position("ann", 2000, 1479)  # LCR 2000 / 1291 = 1.5492
    assert scene.loan(1).ended_by == "PL-18"


def test_pl_19_the_borrower_ends_it_at_any_time_and_interest_stays_paid():
    scene = stage()

    scene.repay("eve", 1)
    assert scene.refused == "PL-19"
    scene.repay("ann", 1)

    assert scene.loan(1).ended_by == "PL-19"
    assert scene.prepaid("ann", "BTS") == 4


def test_pl_20_and_pl_d43_without_a_loan_the_ledger_does_nothing_at_any_ratio():
    scene = Scene()
    scene.position("ann", 1400, 1000)

    scene.feed(1107)  # CR 1.5498, under MCR: the chain's to call
    scene.feed(500)
    scene.wait(days=1)

    assert scene.state("ann") == ("free", "PL-46")
    assert not scene.engine.book.auctions


def test_pl_26_one_end_brings_the_next():
    """With the loan of the higher floor gone, LCR is under the floor of the other."""
    scene = Scene()
    scene.lend("bob", 5000, "USD", "1/10", 10)
    scene.prepay("ann", 100, "USD")
    scene.position("ann", 2000, 1400)
    scene.borrow("ann", 263, "USD")  # LCR 2000 / 1137 = 1.759, floor 1.6
    scene.parameters(combined_floor=1700)
    scene.borrow("ann", 100, "USD")  # LCR 2000 / 1037 = 1.929, floor 1.7

    scene.position("ann", 2090, 1600)  # CR 1.306; LCR 2090 / 1237 = 1.690, and then 2090 / 1337 = 1.563

    assert [key for _, rule, key in scene.events("loan", "ended") if rule == "PL-18"] == ["2", "1"]


def test_pl_d41_a_risen_icr_ends_no_loan_whose_price_did_not_move():
    scene = stage()  # LCR 1.8, floor 1.6

    scene.feed(1000, icr=1900)

    assert scene.live("ann") == [1]


def test_pl_d41_a_fallen_floor_helps_at_once():
    scene = Scene()
    scene.lend("bob", 5000, "USD", "1/10", 10)
    scene.prepay("ann", 100, "USD")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 188, "USD")
    scene.parameters(combined_floor="MCR")

    scene.position("ann", 2000, 1440)  # LCR 2000 / 1252 = 1.5974

    assert scene.live("ann") == [1]


def test_pl_d57_a_kept_floor_is_never_under_todays_mcr():
    scene = stage()  # LCR 1.8, floor 1.6

    scene.feed(1000, mcr=1810, icr=1900)

    assert scene.loan(1).ended_by == "PL-18"


def test_pl_d58_it_does_not_renew_into_a_floor_that_it_would_not_reach():
    scene = stage()
    scene.feed(1000, icr=1900)

    scene.wait(days=10)

    assert scene.loan(1).ended_by == "PL-D58"
    assert scene.prepaid("ann", "BTS") == 4, "no interest is taken for a period that does not come"
    assert scene.loan(1).rate == Fraction(365, 1000)
