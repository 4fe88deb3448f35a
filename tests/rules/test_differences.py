"""Where the engine once differed from the model in tests/model: each case by hand, small, under its rule's name."""

from fractions import Fraction

from bsip_mplp.rules.inputs import OrderFilled
from tests.rules.scene import Scene, carried


def test_pl_16_a_request_armed_on_a_closed_position_stands_in_nobodys_way():
    scene = Scene()
    scene.position("eve", 10, 5)
    scene.position("eve", 0, 0)
    scene.protect("eve", at=Fraction(3, 2))
    scene.position("ann", 2000, 1000)
    scene.lend("bob", 1000, "BTS", "1/10", 14)
    scene.prepay("ann", 100, "BTS")
    scene.protect("ann", at=Fraction(3, 2))

    scene.feed(700)

    assert scene.of("ann").lp1 == 462, "CR is 1.4; the least by PL-13 is 2000 · 1.6 / 1.3 - 2000, rounded up"


def test_pl_50_the_default_trigger_comes_from_the_last_valid_feed():
    scene = Scene()
    scene.feed(1000, mcr=1250)  # not over LMCR: the feed is suspended

    scene.protect("ann")

    assert scene.engine.book.protections[1].at == Fraction(155, 100) * Fraction(21, 20)


def test_pl_26_a_request_that_ran_hides_no_position_from_the_same_feed():
    scene = Scene()
    scene.lend("bob", 10_000, "USD", "1/10", 60)
    scene.prepay("ann", 100, "USD")
    scene.prepay("cat", 100, "USD")
    scene.position("ann", 1500, 1000)
    scene.borrow("ann", 200, "USD")
    scene.position("cat", 1400, 1000)
    scene.borrow("cat", 188, "USD")  # LCR 1400 / 812 = 1.724, ann's is 1500 / 800 = 1.875
    scene.protect("cat", at=Fraction(139, 100), asset="USD", amount=300)

    scene.feed(990, mcr=1900, icr=1900)  # cat's LCR becomes 1386 / 512 = 2.7; ann's is 1485 / 800 = 1.86, under MCR

    assert scene.of("cat").lp2 == 488
    assert set(scene.of("ann").holds) == {"auction"}
    assert not scene.of("cat").holds


def test_pl_d63_what_ends_with_its_term_ends_though_a_part_went_home_before():
    scene = Scene()
    scene.lend("bob", 1000, "USD", "1/10", 30, renews=False)
    scene.prepay("ann", 100, "USD")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 400, "USD")
    scene.wait(days=25)
    scene.position("ann", 500, 301)  # lp2 is cut to 300
    assert scene.loan(1).principal == 300

    scene.wait(days=5)

    assert scene.loan(1).ended_by == "PL-6"
    assert scene.pool(1).available == 1000


def test_pl_d54_what_stays_of_a_loan_pays_and_what_goes_goes_together():
    scene = Scene()
    scene.lend("bob", 1000, "BTS", "1/10", 14)
    scene.lend("dan", 1000, "BTS", "1/20", 14)
    scene.prepay("ann", 1000, "BTS")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 330, "BTS", pools=(1,))
    scene.borrow("ann", 300, "BTS", pools=(2,))
    scene.position("ann", 140, 100)  # LCR 7.7, over 3.2

    scene.wait(days=14)

    # MCR needs 155 - 140 = 15: of the dearer loan, 1, all goes home; of loan 2 all but 15
    assert scene.loan(1).ended_by == "PL-D54"
    assert scene.loan(2).principal == 15
    assert scene.loan(2).paid_until == 28 * 86_400


def test_pl_d27_no_more_than_the_debt_is_ordered_to_be_paid():
    scene = carried("protocol", risk_share="0")
    for number in list(scene.of("ann").orders):
        scene.put(OrderFilled(time=scene.now, order=number, units=0))
    scene.position("ann", 0, 1000, custody="protocol")

    scene.insure("bob", 1_000_000, "USD")

    assert sum(order.units - order.filled for order in scene.open_orders("ann")) == 1000


def test_pl_44_interest_of_a_carried_position_is_not_its_holders():
    scene = Scene()
    scene.lend("bob", 1000, "BTS", "1/10", 30)
    scene.prepay("ann", 100, "BTS")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 400, "BTS")
    scene.unprepay("ann", "BTS")
    scene.wait(days=24)  # missed on day 23
    scene.feed(650)  # CR 0.91
    scene.wait(seconds=120)
    assert scene.state("ann") == ("carried", "PL-49")

    scene.prepay("ann", 100, "BTS")

    assert scene.prepaid("ann", "BTS") == 100


def test_pl_d12_a_takeovers_clock_that_ran_before_a_win_starts_after_the_rest():
    scene = Scene(auction_round=60, cure_window=1000)
    scene.lend("bob", 1000, "BTS", "1/10", 60)
    scene.prepay("ann", 100, "BTS")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 400, "BTS")
    scene.feed(860)  # LCR 1.548: the auction opens at 60, its first round closes at 120
    scene.wait(seconds=90)
    scene.feed(780)  # CR 1.092: the takeover would be due at 150
    scene.bid("cat", 100)
    scene.wait(seconds=30)
    assert scene.state("ann") == ("protected", "PL-28")

    scene.wait(seconds=1000 + 59)
    assert scene.state("ann") == ("protected", "PL-28")
    scene.wait(seconds=1)

    assert scene.state("ann") == ("taken_over", "PL-23")
