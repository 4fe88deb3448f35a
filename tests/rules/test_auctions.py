"""Auctions: what opens one, its rounds, what the winner pays and to whom, and what ends it unsold."""

import pytest

from tests.rules.scene import DAY, NEVER, protected

ROUND = 900


def opened(**more):
    """`protected()` at a price of 0.88: LCR 1.54, under MCR 1.55. The auction opened in second 60."""
    scene = protected(**more)
    scene.feed(880)
    scene.wait(seconds=60)
    assert scene.state("ann") == ("in_auction", "PL-22")
    return scene


def with_core_loan():
    """The same position with a long loan of 40,000 BTS of eve instead: 400 BTS a period, LCR 1.8 · p."""
    scene = protected(prepaid=0, rate="0")
    scene.repay("ann", 1)
    scene.lend("eve", 50_000, "BTS", "73/600", 60, period_days=30)
    scene.prepay("ann", 400, "BTS")
    scene.borrow("ann", 40_000, "BTS")
    assert not scene.outcome.refusals
    return scene


def test_pl_22_a_combined_ratio_under_mcr_opens_an_auction():
    """LCR = 140,000 · 0.88 / 80,000 = 1.54 < 1.55; at 0.886 it is 1.5505, and nothing happens."""
    scene = protected()
    scene.feed(886)
    scene.wait(seconds=3600)
    assert scene.state("ann") == ("protected", "PL-11")

    scene.feed(885)  # 1.54875
    scene.wait(seconds=60)

    assert scene.state("ann") == ("in_auction", "PL-22")
    assert scene.auction().opened == 3660


def test_pl_25_an_auction_needs_the_whole_hold():
    scene = protected()
    scene.feed(880)
    scene.wait(seconds=59)
    assert scene.state("ann")[0] == "protected"

    scene.wait(seconds=1)

    assert scene.state("ann")[0] == "in_auction"


def test_pl_d10_a_hold_is_complete_in_its_last_second_though_a_feed_of_that_second_breaks_it():
    scene = protected()
    scene.feed(880)
    scene.now = 60
    scene.feed(1000)

    assert scene.auction().opened == 60
    assert scene.state("ann") == ("in_auction", "PL-22")  # the cure has a hold of its own


def test_pl_d10_holds_go_before_rounds_and_rounds_before_interest():
    """In one second: the floor's hold is complete, a round with a valid bid closes, interest falls due.

    The hold goes first: the position is carried and the bid goes back.
    """
    scene = opened()
    scene.bid("cat", 500)  # its round closes at 960
    scene.now = 900
    scene.feed(700)  # CR 0.98 < 1.0, held until 960
    scene.now = 960
    scene.wait()

    assert scene.state("ann") == ("carried", "PL-49")
    assert scene.free("cat", "USD") == 500


def test_pl_d13_a_position_with_short_loans_only_is_neither_auctioned_nor_taken_over():
    scene = protected(days=14, period_days=None)  # the 200 prepaid are more than 14 days cost
    scene.feed(880)  # CR 1.232 < LMCR: the short loan ends at once, and nothing is held
    assert scene.loan(1).ended_by == "PL-17"
    scene.feed(700)
    scene.wait(days=1)

    assert scene.ways("ann") == [(0, "PL-11", "free", "protected"), (0, "PL-17", "protected", "free")]
    assert not scene.engine.book.auctions


# --- rounds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "closes"),
    [
        pytest.param(0, 1, id="the opening's second is in the first round"),
        pytest.param(899, 1, id="the last second of the first round"),
        pytest.param(900, 2, id="a round is open on the right"),
        pytest.param(99 * 900, 100, id="the hundredth round"),
    ],
)
def test_pl_27_rounds_of_fifteen_minutes_count_from_the_opening(after, closes):
    scene = opened()
    scene.wait(seconds=after)
    scene.bid("cat", 500)
    scene.wait(seconds=closes * ROUND - after - 1)
    assert scene.bid_state(1) == "open"

    scene.wait(seconds=1)

    assert scene.bid_state(1) == "won"
    assert scene.auction().ended == 60 + closes * ROUND


def test_pl_27_what_is_auctioned_is_the_position_with_its_long_loans():
    """The short loan went before (CR 1.232 < LMCR); the winner's loan is the long one."""
    scene = protected()
    scene.lend("dan", 10_000, "USD", "73/600", 14)
    scene.prepay("ann", 100, "USD")
    scene.borrow("ann", 5_000, "USD", pools=(2,))
    scene.feed(880)
    assert scene.loan(2).ended_by == "PL-17"
    scene.wait(seconds=60)
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)

    assert scene.of("ann").holder == "cat"
    assert scene.live("ann") == [1]
    assert scene.loan(1).borrower == "cat"


def test_pl_d24_an_auction_keeps_the_round_and_the_limit_it_opened_with():
    scene = opened()
    scene.parameters(auction_round=60, auction_limit=3600)
    scene.bid("cat", 500)
    scene.wait(seconds=60)
    assert scene.bid_state(1) == "open"
    scene.wait(seconds=840)
    assert scene.bid_state(1) == "won"


def test_pl_d24_a_limit_that_is_not_whole_rounds_closes_the_last_round_at_the_limit():
    """Rounds of 900 s, limit 1,000 s: the second round is 100 s long."""
    scene = opened(auction_limit=1000)
    scene.wait(seconds=950)
    scene.bid("cat", 500)
    scene.wait(seconds=50)

    assert scene.bid_state(1) == "won"
    assert scene.auction().ended == 1060


# --- what the winner pays ------------------------------------------------------------------------------------


def test_pl_28_the_bid_is_split_between_lenders_and_the_system():
    """Bid 500, reserve 200 (one period of 20,000 at 1 %), surplus 300.

    Of the reserve 10 % is the system's: 20, and 180 bob's. Of the surplus 80 %: 240, and 60 bob's. The fund's income
    of 260 gives 20 %, 52, to the risk fund. Before, the first interest gave bob 180 and the funds 16 and 4.
    """
    scene = opened()
    scene.bid("cat", 500)
    scene.wait(seconds=ROUND)

    assert scene.free("bob", "USD") == 180 + 180 + 60
    assert scene.fund("USD") == 16 + 260 - 52
    assert scene.risk("USD") == 4 + 52
    assert scene.free("cat", "USD") == 0
    assert scene.of("ann").holder == "cat"
    assert scene.state("ann") == ("protected", "PL-28")


def test_pl_28_the_lenders_part_of_the_surplus_goes_by_their_shares_of_the_interest():
    """Interest 200 (bob) and 100 (dan); bid 333: surplus 33, 80 % rounded down 26 to the system, 7 to the lenders.

    7 · 200/300 = 4.67 and 7 · 100/300 = 2.33: 4 and 2, and the unit left over to the larger share. Of the reserve
    the system has 20 and 10. Before, bob had got 180 and dan 90.
    """
    scene = protected()
    scene.lend("dan", 10_000, "USD", "73/600", 60, period_days=30)
    scene.prepay("ann", 100, "USD")
    scene.borrow("ann", 10_000, "USD", pools=(2,))
    scene.feed(770)  # LCR 140,000 · 0.77 / 70,000 = 1.54; CR 1.078 is under MSSR, so it is taken over
    scene.wait(seconds=60)
    fund = scene.fund("USD") + scene.risk("USD")
    scene.bid("cat", 333)
    scene.wait(seconds=ROUND)

    assert scene.free("bob", "USD") == 180 + 180 + 5
    assert scene.free("dan", "USD") == 90 + 90 + 2
    assert scene.fund("USD") + scene.risk("USD") == fund + 20 + 10 + 26


def test_pl_28_the_cut_is_taken_of_the_reserve_part_of_each_loan():
    """PL-D5 and G-3: floor(5 · 0.1) = 0 of each of two interests of 5, not 1 of their sum."""
    scene = protected(rate="0")
    for number, lender in ((2, "dan"), (3, "eve")):
        scene.lend(lender, 500, "USD", "73/600", 60, period_days=30)
        scene.prepay("ann", 5, "USD")
        scene.borrow("ann", 500, "USD", pools=(number,))
    scene.feed(870)
    scene.wait(seconds=60)
    fund = scene.fund("USD") + scene.risk("USD")
    scene.bid("cat", 10)
    scene.wait(seconds=ROUND)

    assert scene.bid_state(1) == "won"
    assert scene.fund("USD") + scene.risk("USD") == fund
    assert (scene.free("dan", "USD"), scene.free("eve", "USD")) == (10, 10)


def test_pl_28_interest_in_the_core_asset_is_converted_when_the_round_closes():
    """40,000 BTS at 1 % are 400 BTS; at 0.86 that is 344, at 0.851, when the round closes, 340.4, rounded up 341.

    LCR = 180,000 · p / 100,000: 1.548 at 0.86.
    """
    scene = with_core_loan()
    scene.feed(860)
    scene.wait(seconds=60)
    scene.bid("cat", 340)
    scene.bid("dan", 341)
    scene.wait(seconds=ROUND - 1)
    scene.feed(851)
    scene.wait(seconds=1)

    assert [scene.bid_state(1), scene.bid_state(2)] == ["returned", "won"]
    assert scene.free("eve", "USD") == 341 - 34  # paid in the bitasset; the cut is floor(34.1)
    assert scene.free("eve", "BTS") == 360, "the first period was paid in BTS"


def test_pl_d21_the_reserve_of_a_bitasset_loan_is_computed_in_the_bitasset():
    """Interest 200 USD, paid in BTS by the holder: converting there and back at 0.88 would give 228 BTS, 201 USD."""
    scene = protected(prepaid=0, rate="0")
    scene.repay("ann", 1)
    scene.lend("eve", 20_000, "USD", "73/600", 60, period_days=30, interest_asset="BTS")
    scene.prepay("ann", 200, "BTS")
    scene.borrow("ann", 20_000, "USD", pools=(2,))
    scene.feed(880)
    scene.wait(seconds=60)
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)

    assert scene.bid_state(1) == "won"
    assert scene.free("eve", "USD") == 180


def test_pl_d20_with_a_reserve_of_nothing_the_whole_surplus_is_the_systems():
    scene = protected(prepaid=0, rate="0")
    scene.feed(880)
    scene.wait(seconds=60)
    scene.bid("cat", 100)
    scene.wait(seconds=ROUND)

    assert scene.bid_state(1) == "won"
    assert scene.free("bob", "USD") == 0
    assert (scene.fund("USD"), scene.risk("USD")) == (80, 20)


def test_pl_29_what_is_paid_is_a_further_period_after_the_time_already_paid_for():
    """Won in second 960 of day 0 with the loan paid until day 30: now until day 60, and due again on day 53."""
    scene = opened()
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)

    assert scene.loan(1).paid_until == 60 * DAY
    assert scene.loan(1).interest_due == 53 * DAY
    scene.now = 52 * DAY
    scene.wait()
    assert scene.free("bob", "USD") == 180 + 180, "no interest for days that are paid"


def test_pl_d4_a_round_that_ends_without_a_feed_uses_the_last_valid_one():
    """400 BTS at the last valid 0.86 are 344."""
    scene = with_core_loan()
    scene.feed(860)
    scene.wait(seconds=60)
    scene.feed(None)
    scene.bid("cat", 344)
    scene.wait(seconds=ROUND)

    assert scene.bid_state(1) == "won"


def test_pl_32_after_a_win_the_triggers_rest_for_the_cure_window():
    """LCR stays 1.54. Won at 960; the rest ends at 960 + 86,400, and the hold is complete 60 s later (PL-D12)."""
    scene = opened()
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)
    scene.now = 960 + DAY + 59
    scene.wait()
    assert scene.state("ann") == ("protected", "PL-28")

    scene.wait(seconds=1)

    assert scene.state("ann") == ("in_auction", "PL-22")
    assert scene.auction(2).opened == 960 + DAY + 60


def test_pl_d12_an_auction_by_missed_interest_does_not_rest():
    """Missed on day 23 with CR 1.4, so the loan would end on day 30; auctioned on day 24 for LCR, and won.

    Paid until day 60 by the winner, due again on day 53; the triggers rest for 30 days, until day 54. On day 53 the
    winner has prepaid nothing and CR is 1.092.
    """
    scene = protected(cure_window=30 * DAY)
    scene.now = 24 * DAY
    scene.feed(880)
    scene.wait(seconds=60)
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)
    scene.feed(780)
    scene.now = 53 * DAY
    scene.wait()

    assert scene.state("ann") == ("in_auction", "PL-21")
    assert scene.auction(2).opened == 53 * DAY


def test_pl_33_without_a_valid_bid_in_48_hours_the_position_is_carried():
    scene = opened()
    scene.bid("cat", 199)  # under the reserve in every round it could stand in
    scene.now = 60 + 2 * DAY - 1
    scene.wait()
    assert scene.state("ann") == ("in_auction", "PL-22")

    scene.wait(seconds=1)

    assert scene.state("ann") == ("carried", "PL-33")
    assert scene.auction().ended_by == "PL-33"
    assert scene.free("cat", "USD") == 199


def test_pl_33_a_round_without_a_valid_bid_is_followed_by_the_next():
    scene = opened()
    scene.bid("cat", 199)
    scene.wait(seconds=ROUND)
    assert scene.free("cat", "USD") == 199
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)

    assert scene.of("ann").holder == "cat"


def test_pl_33_a_valid_bid_of_the_last_round_still_wins_at_the_limit():
    scene = opened()
    scene.wait(seconds=2 * DAY - 1)
    scene.bid("cat", 200)
    scene.wait(seconds=1)

    assert scene.state("ann") == ("protected", "PL-28")


def test_pl_44_in_an_auction_no_interest_is_collected_and_the_winner_brings_it():
    """Opened on day 22 (21 days and 60 s); due on day 23 with 200 prepaid. It stays, and the winner pays for it."""
    scene = protected()
    scene.now = 22 * DAY
    scene.feed(880)
    scene.wait(seconds=60)
    scene.prepay("ann", 200, "USD")
    scene.wait(days=1)

    assert scene.prepaid("ann", "USD") == 200
    assert [terms.due for terms in scene.loan(1).unpaid] == [23 * DAY]
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)
    assert scene.prepaid("ann", "USD") == 200
    assert scene.loan(1).unpaid == []
    assert scene.loan(1).paid_until == 60 * DAY


def test_pl_i3_a_loan_lives_unpaid_in_an_auction_and_the_winner_pays_its_day():
    """Opened on day 29; the paid time ends on day 30, in the auction. The win pays from day 30 on: until day 60."""
    scene = protected()
    scene.prepay("ann", 200, "USD")
    scene.unprepay("ann", "USD")
    scene.now = 22 * DAY + 43_200
    scene.feed(780)
    scene.wait(seconds=60)
    assert scene.state("ann") == ("taken_over", "PL-23")
    scene.now = 24 * DAY
    scene.wait()
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)

    assert scene.loan(1).paid_until == 60 * DAY


def test_pl_48_in_an_auction_the_holder_moves_nothing():
    scene = opened()
    scene.prepay("ann", 1000, "USD")
    scene.repay("ann", 1)
    assert scene.refused == "PL-48"
    scene.borrow("ann", 5000, "USD")
    assert scene.refused == "PL-48"


@pytest.mark.parametrize("price", [880, 780])
def test_pl_49_under_the_floor_the_position_is_carried_and_bids_go_back(price):
    """PL-D48: both states of auction. CR at 0.70 is 0.98, under 1.0; it must hold for 60 s (PL-25)."""
    scene = protected()
    scene.feed(price)
    scene.wait(seconds=60)
    scene.bid("cat", 1000)
    scene.wait(seconds=40)
    scene.feed(700)
    scene.wait(seconds=59)
    assert scene.auction().ended is None

    scene.wait(seconds=1)

    assert scene.state("ann") == ("carried", "PL-49")
    assert scene.free("cat", "USD") == 1000


def test_pl_d48_the_floor_counts_in_both_states_of_auction():
    """From 1.0 to 0.70 at once: taken over at 60, and carried at 120: the clock of PL-49 starts at the opening."""
    scene = protected()
    scene.feed(700)
    scene.wait(seconds=119)
    assert scene.state("ann") == ("taken_over", "PL-23")
    scene.wait(seconds=1)
    assert scene.ways("ann")[1:] == [
        (60, "PL-23", "protected", "taken_over"),
        (120, "PL-49", "taken_over", "carried"),
    ]


def test_pl_d12_the_clock_of_pl_49_starts_at_the_opening():
    """The price is under the floor since 0; the auction opens at 60, so the floor's hold is complete at 120."""
    scene = protected(auction_floor=1300)
    scene.feed(880)  # CR 1.232 < 1.3
    scene.wait(seconds=60)
    assert scene.state("ann") == ("in_auction", "PL-22")
    scene.wait(seconds=59)
    assert scene.state("ann") == ("in_auction", "PL-22")
    scene.wait(seconds=1)
    assert scene.state("ann") == ("carried", "PL-49")


# --- loans that end in an auction ----------------------------------------------------------------------------


def test_pl_d22_a_loan_that_does_not_renew_adds_nothing_and_ends_with_its_term():
    """Two loans of 30 days from day 0: dan's does not renew. On day 29 its further period would be a new term.

    The reserve is bob's 200 alone, who gets the whole lenders' part of the surplus of 100: 20. dan's loan ends on
    day 30.
    """
    scene = protected(days=30)
    scene.lend("dan", 10_000, "USD", "73/600", 30, renews=False)
    scene.prepay("ann", 100, "USD")
    scene.borrow("ann", 10_000, "USD", pools=(2,))
    scene.now = 22 * DAY
    scene.feed(770)
    scene.wait(seconds=60)
    scene.bid("cat", 300)
    scene.wait(seconds=ROUND)

    assert scene.free("bob", "USD") == 180 + 180 + 20
    assert scene.free("dan", "USD") == 90
    scene.now = 30 * DAY
    scene.wait()
    assert scene.loan(2).ended_by == "PL-6"
    assert scene.loan(2).ended == 30 * DAY
    assert scene.live("ann") == [1]


def test_pl_d22_if_no_long_loan_is_left_the_auction_ends_with_bids_back():
    """PL-D52: its last long loan ended by PL-6, so in auction → protected by PL-27, and free by PL-6."""
    scene = protected(days=30, renews=False)
    scene.now = 29 * DAY + 43_200
    scene.feed(880)
    scene.wait(seconds=60)
    scene.wait(seconds=43_200 - 60 - 100)  # 100 s before the term ends
    scene.bid("cat", 500)
    scene.wait(seconds=100)

    assert scene.loan(1).ended == 30 * DAY
    assert scene.ways("ann")[1:] == [
        (29 * DAY + 43_260, "PL-22", "protected", "in_auction"),
        (30 * DAY, "PL-27", "in_auction", "protected"),
        (30 * DAY, "PL-6", "protected", "free"),
    ]
    assert scene.free("cat", "USD") == 500
    assert scene.free("bob", "USD") == 180, "the further period was not sold"


def test_pl_d22_renewal_is_decided_when_the_round_closes():
    """The further period lies in a new term (day 30 on), not yet due: the pool's setting at the round's close counts.

    The rate is doubled before the close: the reserve is 400.
    """
    scene = protected(days=30)
    scene.feed(880)
    scene.wait(seconds=60)
    scene.bid("cat", 399)
    scene.bid("dan", 400)
    scene.change_pool("bob", 1, rate=2 * scene.pool(1).rate)
    scene.wait(seconds=ROUND)

    assert [scene.bid_state(1), scene.bid_state(2)] == ["returned", "won"]
    assert scene.loan(1).rate == scene.pool(1).rate
    assert scene.loan(1).term_ends == 60 * DAY


def test_pl_d63_once_the_due_moment_has_passed_what_was_fixed_then_holds():
    """Due on day 23, in the auction, at 200; the pool asks for 400 from then on: the reserve stays 200."""
    scene = protected(days=30)
    scene.now = 23 * DAY - 30
    scene.feed(880)
    scene.wait(seconds=60)
    scene.change_pool("bob", 1, rate=2 * scene.pool(1).rate)
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)

    assert scene.bid_state(1) == "won"
    assert scene.loan(1).rate == scene.pool(1).rate / 2


def test_pl_31_a_round_that_nobody_won_decides_nothing():
    """A bid under the reserve came and went on day 0; the next interest is due on day 23, not before.

    So the cure needs no interest, and the lender may still change what the new term costs (PL-D63).
    """
    scene = protected(days=30, prepaid=400)
    scene.feed(880)
    scene.wait(seconds=60)
    scene.bid("cat", 100)
    scene.wait(seconds=ROUND)
    assert scene.loan(1).unpaid == []
    scene.feed(1000)
    scene.wait(seconds=60)

    assert scene.state("ann") == ("protected", "PL-31")
    assert scene.prepaid("ann", "USD") == 200
    assert scene.loan(1).paid_until == 30 * DAY
    scene.change_pool("bob", 1, rate=scene.pool(1).rate / 2)
    scene.now = 23 * DAY
    scene.wait()
    assert scene.prepaid("ann", "USD") == 100


def test_pl_34_what_is_unsold_is_paid_by_the_fund_when_it_falls_due_and_not_before():
    """Carried on day 2; the loan is paid until day 30, so the fund pays its 180 (PL-D26) on day 23."""
    scene = opened(risk_share="0")
    scene.insure("eve", 1000, "USD")
    scene.wait(days=2)
    assert scene.state("ann") == ("carried", "PL-33")
    assert scene.free("bob", "USD") == 180
    scene.now = 23 * DAY - 1
    scene.wait()
    assert scene.free("bob", "USD") == 180

    scene.wait(seconds=1)

    assert scene.free("bob", "USD") == 360


def test_pl_d46_in_books_custody_an_auction_says_that_it_gives_no_hold_on_the_account():
    scene = opened()
    assert any("gives nobody a hold on the account on the chain" in text for text in scene.told("bob"))
    scene.bid("cat", 200)
    scene.wait(seconds=ROUND)

    assert any("gives you no hold on the account on the chain" in text for text in scene.told("cat"))


def test_pl_46_a_position_seen_closed_ends_its_auction_and_loans_with_bids_back():
    scene = opened()
    scene.bid("cat", 500)
    scene.position("ann", 0, 0)

    assert scene.state("ann") == ("closed", "PL-46")
    assert scene.free("cat", "USD") == 500
    assert (scene.pool(1).available, scene.pool(1).lent) == (50_000, 0)
    assert scene.auction().ended_by == "PL-46"


def test_pl_47_a_hold_waits_for_a_valid_feed_and_goes_on_where_it_stood():
    """PL-D59: 40 s held, then no feed for an hour, then 20 s more."""
    scene = protected()
    scene.feed(880)
    scene.wait(seconds=40)
    scene.feed(None)
    scene.wait(seconds=3600)
    assert scene.state("ann")[0] == "protected"
    scene.feed(880)
    scene.wait(seconds=19)
    assert scene.state("ann")[0] == "protected"

    scene.wait(seconds=1)

    assert scene.state("ann") == ("in_auction", "PL-22")


def test_pl_d59_a_hold_complete_in_the_second_in_which_the_feed_expires_waits():
    scene = protected()
    scene.feed(880, expires=60)
    scene.wait(seconds=100)
    assert scene.state("ann")[0] == "protected"

    scene.feed(880, expires=NEVER)
    scene.wait(seconds=0)

    assert scene.state("ann") == ("in_auction", "PL-22")
