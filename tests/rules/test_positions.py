"""Positions seen on the chain: PL-46, PL-51, with PL-D9, PL-D52 and PL-D54."""

from fractions import Fraction

from tests.rules.scene import DAY, Scene


def stage(days=14):
    scene = Scene()
    scene.lend("bob", 2000, "USD", "1/10", days)
    scene.lend("bob", 2000, "BTS", "1/10", days)
    scene.prepay("ann", 500, "USD")
    scene.prepay("ann", 500, "BTS")
    scene.position("ann", 1400, 1000)
    return scene


def test_pl_46_a_closed_position_ends_its_loans_and_its_protection():
    scene = stage()
    scene.borrow("ann", 300, "USD")
    scene.borrow("ann", 100, "BTS")
    scene.protect("ann", at=Fraction(13, 10))

    scene.position("ann", 0, 0)

    assert [scene.loan(n).ended_by for n in (1, 2)] == ["PL-46", "PL-46"]
    assert (scene.pool(1).lent, scene.pool(2).lent) == (0, 0)
    assert not scene.engine.book.protections[1].live
    assert scene.state("ann") == ("closed", "PL-46")


def test_pl_46_and_pl_d52_it_is_free_when_seen_again():
    scene = stage()
    scene.position("ann", 0, 0)

    scene.position("ann", 1500, 1000)

    assert scene.state("ann") == ("free", "PL-46")


def test_pl_46_one_that_shrank_is_judged_by_what_is_left():
    scene = stage()
    scene.borrow("ann", 400, "BTS")  # LCR 1.8

    scene.position("ann", 1000, 900)  # CR 1.11

    assert scene.loan(1).ended_by == "PL-17"


def test_pl_51_and_pl_d9_lp2_is_cut_newest_first_in_part_where_a_part_is_enough():
    scene = stage()
    scene.borrow("ann", 300, "USD")
    scene.borrow("ann", 200, "USD")

    scene.position("ann", 1400, 401)  # lp2 is to be 400

    assert [scene.loan(n).principal for n in scene.live("ann")] == [300, 100]
    assert scene.pool(1).available == 1600
    scene.position("ann", 1400, 201)
    assert scene.loan(2).ended_by == "PL-51"
    assert scene.loan(1).principal == 200


def test_pl_d9_a_debt_just_over_lp2_cuts_nothing():
    scene = stage()
    scene.borrow("ann", 300, "USD")

    scene.position("ann", 1400, 301)

    assert scene.loan(1).principal == 300


def test_pl_51_the_last_unit_goes_home_too():
    scene = stage()
    scene.borrow("ann", 300, "USD")

    scene.position("ann", 1400, 1)

    assert scene.loan(1).ended_by == "PL-51"
    assert scene.state("ann") == ("free", "PL-51")


def test_pl_d54_what_a_shrunk_position_does_not_need_goes_home_with_its_paid_time():
    scene = stage(60)
    scene.borrow("ann", 1000, "BTS")  # LCR 2.4; interest for 60 days is 17
    scene.position("ann", 140, 100)  # LCR 11.4, over 3.2; MCR needs 15 BTS

    scene.wait(days=53)
    assert (scene.loan(1).principal, scene.loan(1).goes_home) == (1000, 985)
    scene.wait(days=7)

    assert scene.loan(1).principal == 15
    assert scene.loan(1).paid_until == 120 * DAY
    assert scene.prepaid("ann", "BTS") == 500 - 17 - 1, "15 · 10 % · 60 / 365 is under 1"


def test_pl_d54_a_position_that_never_shrank_keeps_what_it_borrowed():
    scene = stage(60)
    scene.borrow("ann", 1000, "BTS")
    scene.feed(2000)  # LCR 4.8

    scene.wait(days=60)

    assert scene.loan(1).principal == 1000
