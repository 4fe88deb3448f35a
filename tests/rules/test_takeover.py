"""The takeover by the management account (PL-23), and the order in which a position is judged (PL-26)."""

from tests.rules.scene import DAY, protected

ROUND = 900


def test_pl_23_under_mssr_the_position_is_taken_over_and_auctioned():
    """CR 1.4 · 0.78 = 1.092 < 1.1, held for 60 s."""
    scene = protected()
    scene.feed(780)
    scene.wait(seconds=59)
    assert scene.state("ann") == ("protected", "PL-11")

    scene.wait(seconds=1)

    assert scene.state("ann") == ("taken_over", "PL-23")
    assert scene.auction().rule == "PL-23"
    assert scene.of("ann").holder == "ann"


def test_pl_23_at_mssr_or_over_it_there_is_an_auction_only():
    """CR 1.4 · 0.786 = 1.1004; LCR 1.3755 < MCR."""
    scene = protected()
    scene.feed(786)
    scene.wait(days=1)

    assert scene.state("ann") == ("in_auction", "PL-22")


def test_pl_25_one_bad_tick_takes_nothing_over():
    """Under MSSR for 50 s, over it for a moment, under it for 50 s; LCR stays under MCR: an auction at 60."""
    scene = protected()
    scene.feed(780)
    scene.wait(seconds=50)
    scene.feed(800)
    scene.feed(780)
    scene.wait(seconds=50)
    assert scene.state("ann") == ("in_auction", "PL-22")

    scene.wait(seconds=10)

    assert scene.state("ann") == ("taken_over", "PL-23")


def test_pl_26_takeover_goes_before_auction():
    """Both are complete in second 60: one change of state, by PL-23."""
    scene = protected()
    scene.feed(780)
    scene.wait(seconds=60)

    assert scene.ways("ann")[1:] == [(60, "PL-23", "protected", "taken_over")]


def test_pl_26_lcr_is_taken_again_without_the_short_loans_that_ended():
    """With a short loan of 5,000 LCR is 140,000 · 0.88 / 75,000 = 1.643; CR 1.232 ends it, and LCR is 1.54."""
    scene = protected()
    scene.lend("dan", 5_000, "USD", "73/600", 14)
    scene.prepay("ann", 100, "USD")
    scene.borrow("ann", 5_000, "USD", pools=(2,))
    scene.feed(880)
    assert scene.loan(2).ended_by == "PL-17"
    scene.wait(seconds=60)

    assert scene.state("ann") == ("in_auction", "PL-22")
    assert scene.auction().opened == 60, "the hold began with the same feed"


def test_pl_d11_what_changes_lcr_is_looked_at_as_a_feed_is():
    """Two long loans at 0.885: LCR is 140,000 · 0.885 / 70,000 = 1.77. dan's 10,000 end with their term: 1.549."""
    scene = protected()
    scene.lend("dan", 10_000, "USD", "73/600", 30, renews=False)
    scene.prepay("ann", 1000, "USD")
    scene.borrow("ann", 10_000, "USD", pools=(2,))
    scene.feed(885)
    scene.wait(days=30)
    assert scene.loan(2).ended_by == "PL-6"
    assert scene.state("ann")[0] == "protected"
    scene.wait(seconds=60)

    assert scene.state("ann") == ("in_auction", "PL-22")
    assert scene.auction().opened == 30 * DAY + 60


def test_pl_d19_a_takeover_during_an_auction_changes_nothing_in_it():
    """Opened at 60 by LCR, taken over at 160; cat's bid of before stands, and its round closes at 960."""
    scene = protected()
    scene.feed(880)
    scene.wait(seconds=60)
    scene.bid("cat", 200)
    scene.wait(seconds=40)
    scene.feed(780)
    scene.wait(seconds=60)
    assert scene.state("ann") == ("taken_over", "PL-23")
    assert scene.of("ann").auction == 1
    assert scene.auction().rule == "PL-22"
    scene.wait(seconds=800)

    assert scene.state("ann") == ("protected", "PL-28")
    assert scene.auction().ended == 960


def test_pl_d19_the_limit_still_counts_from_the_opening():
    scene = protected()
    scene.feed(880)
    scene.wait(seconds=60)
    scene.wait(days=1)
    scene.feed(780)
    scene.now = 60 + 2 * DAY
    scene.wait()

    assert scene.ways("ann")[-2:] == [
        (60 + DAY + 60, "PL-23", "in_auction", "taken_over"),
        (60 + 2 * DAY, "PL-33", "taken_over", "carried"),
    ]


def test_pl_d15_after_missed_interest_was_judged_a_fall_goes_the_way_of_pl_23():
    """Missed on day 23 at CR 1.4: the loan ends on day 30. The fall to 1.092 on day 25 opens no auction at once."""
    scene = protected()
    scene.now = 25 * DAY
    scene.feed(780)
    assert scene.state("ann") == ("protected", "PL-11")
    scene.wait(seconds=60)

    assert scene.state("ann") == ("taken_over", "PL-23")


def test_pl_21_missed_interest_under_mssr_opens_an_auction_at_once_and_then_the_takeover_follows():
    """The fall came 30 s before day 23: the auction opens on day 23, the takeover's hold is complete 30 s later."""
    scene = protected()
    scene.now = 23 * DAY - 30
    scene.feed(780)
    scene.wait(seconds=60)

    assert scene.ways("ann")[1:] == [
        (23 * DAY, "PL-21", "protected", "in_auction"),
        (23 * DAY + 30, "PL-23", "in_auction", "taken_over"),
    ]


def test_pl_28_the_winner_holds_the_position_and_can_borrow_for_it():
    """cat prepays, names ann's account, and borrows; ann can't any more."""
    scene = protected()
    scene.feed(780)
    scene.wait(seconds=60)
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)
    scene.feed(1000)
    for name in ("ann", "cat"):
        scene.prepay(name, 100, "USD")

    scene.borrow("ann", 5000, "USD")
    assert scene.refused == "PL-28"
    scene.borrow("cat", 5000, "USD", position="ann")
    assert scene.refused is None
    assert scene.of("ann").lp2 == 25_000


def test_pl_28_interest_falls_due_for_the_winner_as_agreed():
    scene = protected(prepaid=1000)
    scene.feed(880)
    scene.wait(seconds=60)
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)
    scene.feed(1000)
    scene.prepay("cat", 1000, "USD")
    scene.now = 53 * DAY
    scene.wait()

    assert scene.prepaid("cat", "USD") == 800
    assert scene.prepaid("ann", "USD") == 800, "the former holder's is untouched"


def test_pl_d17_armed_requests_end_with_a_win():
    scene = protected()
    scene.feed(880)
    scene.wait(seconds=60)
    scene.protect("ann")
    assert scene.engine.book.protections[1].live
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)

    assert not scene.engine.book.protections[1].live
