"""Decisions about requests, pools, interest and feeds that the longer stories do not show."""

from fractions import Fraction

import pytest

from bsip_mplp.rules.inputs import AssetSeen, Borrow, FeedSeen, MarketOpened, PositionSeen
from tests.rules.scene import DAY, NEVER, Scene


def with_pool(amount=10_000, asset="BTS", rate="0", days=14, **more):
    """One pool of bob's without interest, so that nothing needs to be prepaid."""
    scene = Scene(**more)
    scene.lend("bob", amount, asset, rate, days)
    return scene


def test_pl_d1_the_least_satisfies_pl_13_and_pl_14():
    """C 1,300, D 1,000, p 1: PL-13 alone gives 300, which makes LCR 1.6, not over it: 301."""
    scene = with_pool()
    scene.position("ann", 1300, 1000)
    scene.borrow("ann", None, "BTS")

    assert scene.of("ann").lp1 == 301


def test_pl_d1_a_position_that_needs_nothing_is_refused():
    scene = with_pool()
    scene.position("ann", 1300, 1000)
    scene.borrow("ann", 301, "BTS")
    scene.borrow("ann", None, "BTS")

    assert scene.refused == "PL-D1"


def test_pl_d2_named_pools_are_all_it_uses_in_the_order_named():
    """Pools 1 (1,000), 2 (250), 3 (200): named are 3 and 2, for 400: 200 of the third, 200 of the second."""
    scene = with_pool(1000)
    scene.lend("dan", 250, "BTS", "1/100", 14)
    scene.lend("eve", 200, "BTS", "1/50", 14)
    scene.prepay("ann", 10, "BTS")
    scene.position("ann", 1300, 1000)
    scene.borrow("ann", 451, "BTS", pools=(3, 2))
    assert scene.refused == "PL-15"
    scene.borrow("ann", 400, "BTS", pools=(3, 2))

    assert [(scene.loan(n).pool, scene.loan(n).principal) for n in scene.live("ann")] == [(3, 200), (2, 200)]


def test_pl_d3_own_pools_are_skipped_and_refused_when_named():
    scene = Scene()
    scene.lend("ann", 1000, "BTS", "0", 14)
    scene.lend("bob", 1000, "BTS", "1/100", 14)
    scene.prepay("ann", 10, "BTS")
    scene.position("ann", 1300, 1000)
    scene.borrow("ann", 400, "BTS", pools=(1,))
    assert scene.refused == "PL-D3"
    scene.borrow("ann", 400, "BTS")

    assert scene.loan(1).pool == 2


def test_pl_d6_a_loan_does_not_renew_into_the_other_kind():
    scene = with_pool()
    scene.position("ann", 1300, 1000)
    scene.borrow("ann", 400, "BTS")
    scene.change_pool("bob", 1, term_days=60)
    scene.wait(days=14)

    assert scene.loan(1).ended_by == "PL-6"


def test_pl_d6_terms_are_fixed_at_the_due_moment_also_if_the_interest_comes_later():
    """Due on day 23 at 0.1 × 30 / 365 of 4,000 = 32.9; dearer from day 24 on; the interest of 33 comes on day 25."""
    scene = Scene()
    scene.lend("bob", 10_000, "BTS", "1/10", 30)
    scene.prepay("ann", 33, "BTS")
    scene.position("ann", 13_000, 10_000)
    scene.borrow("ann", 4_000, "BTS")
    scene.wait(days=24)
    scene.change_pool("bob", 1, rate=Fraction(1, 5))
    scene.wait(days=1)
    scene.prepay("ann", 33, "BTS")

    assert scene.prepaid("ann", "BTS") == 0
    assert (scene.loan(1).paid_until, scene.loan(1).rate) == (60 * DAY, Fraction(1, 10))


def test_pl_d6_a_new_term_sets_the_period_to_it():
    scene = Scene()
    scene.lend("bob", 10_000, "BTS", "1/10", 90, period_days=30)
    scene.change_pool("bob", 1, term_days=60)
    assert scene.pool(1).period_days == 60
    scene.change_pool("bob", 1, term_days=180, period_days=90)
    assert scene.pool(1).period_days == 90


@pytest.mark.parametrize(
    "change",
    [{"lmcr": 1100}, {"lmcr": 1550}, {"combined_floor": 1549}, {"lcr_cap": 1600}, {"prepay_lead_days": 30}],
    ids=str,
)
def test_pl_d7_a_change_that_breaks_the_order_is_refused_while_the_feed_is_valid(change):
    """MSSR 1.1 < LMCR < MCR 1.55 ≤ ICR 1.6; `combined_floor` ≥ MCR; PL-D53: `lcr_cap` > ICR; lead under 30 days."""
    scene = Scene()
    scene.parameters(**change)

    assert scene.refused == "PL-D7"
    assert scene.engine.book.markets["USD"].valid_feed is not None


def test_pl_d7_a_suspended_feed_is_judged_anew_after_a_change():
    scene = Scene()
    scene.feed(1000, mcr=1300)
    assert scene.engine.book.markets["USD"].valid_feed is None
    scene.parameters(lmcr=1250)

    assert scene.refused is None
    assert scene.engine.book.markets["USD"].valid_feed is not None


def test_pl_d8_overdue_interest_is_tried_oldest_first_when_the_balance_grows():
    """Loans of day 0 and day 1, each 100 a period, due on days 23 and 24. 100 brought on day 25 pay the older."""
    scene = Scene()
    scene.lend("bob", 10_000, "BTS", "73/60", 60, period_days=30)
    scene.prepay("ann", 200, "BTS")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 1000, "BTS")
    scene.wait(days=1)
    scene.borrow("ann", 800, "BTS")
    scene.unprepay("ann", "BTS")
    scene.wait(days=24)
    scene.prepay("ann", 100, "BTS")

    assert scene.loan(1).paid_until == 60 * DAY
    assert scene.loan(2).paid_until == 31 * DAY


def test_pl_d14_a_short_loan_ends_once_all_interest_of_that_second_was_tried():
    """Interest of 50 and 40 falls due on day 14, and 50 are prepaid: the first is paid, the second ends (PL-45)."""
    scene = Scene()
    scene.lend("bob", 10_000, "BTS", "365/280", 14)  # 1,000 for 14 days: 50
    scene.prepay("ann", 140, "BTS")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 1000, "BTS")
    scene.borrow("ann", 800, "BTS")
    scene.wait(days=14)

    assert scene.live("ann") == [1]
    assert scene.loan(2).ended_by == "PL-17"


def test_pl_d16_without_a_feed_a_missed_interest_waits_until_the_paid_time_ends():
    scene = Scene()
    scene.lend("bob", 10_000, "BTS", "73/60", 60, period_days=30)
    scene.prepay("ann", 100, "BTS")
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 1000, "BTS")
    scene.feed(None)
    scene.wait(days=29)
    assert scene.live("ann") == [1]
    scene.wait(days=1)

    assert scene.loan(1).ended_by == "PL-21"


def test_pl_d39_a_least_size_of_pools_and_loans():
    """Least 100: a pool of 99 is refused; one left with 99 is skipped."""
    scene = Scene()
    scene.put(AssetSeen(time=0, symbol="BTS", precision=5, least_size=100))
    scene.deposit("bob", 99, "BTS")
    with pytest.raises(AssertionError, match="PL-D39"):
        scene.lend("bob", 99, "BTS", "0", 14)
    scene.lend("bob", 150, "BTS", "0", 14)
    scene.unlend("bob", 1, 51)
    scene.lend("dan", 1000, "BTS", "0", 14)
    scene.position("ann", 1300, 1000)
    scene.borrow("ann", 400, "BTS")

    assert scene.loan(1).pool == 2


def test_pl_d40_a_pool_of_core_asset_serves_every_market_and_the_cut_goes_to_the_borrowers():
    """EUR's borrower pays 50 of interest out of the same prepaid balance: 5 to EUR's funds, none to USD's."""
    scene = Scene()
    scene.put(AssetSeen(time=0, symbol="EUR", precision=4))
    scene.put(MarketOpened(time=0, market="EUR", core_asset="BTS", parameters={"lmcr": 1300}))
    scene.put(FeedSeen(time=0, market="EUR", price=(1, 1), mcr=1550, mssr=1100, icr=1600, expires=NEVER))
    scene.lend("bob", 10_000, "BTS", "365/280", 14)
    scene.prepay("ann", 100, "BTS")
    scene.position("ann", 1400, 1000)
    scene.put(PositionSeen(time=0, market="EUR", account="ann", collateral=1400, debt=1000))
    scene.borrow("ann", 1000, "BTS")
    before = scene.fund("BTS")
    scene.ask("ann", Borrow(market="EUR", asset="BTS", amount=1000))

    assert scene.engine.ledger.balance("fund/EUR", "BTS") + scene.engine.ledger.balance("risk/EUR", "BTS") == 5
    assert scene.fund("BTS") == before
    assert scene.prepaid("ann", "BTS") == 0


def test_pl_d41_a_loan_keeps_the_lower_floor_of_its_making_and_today():
    """Made under ICR 1.6 with LCR 1.7: publishers who ask 1.8 end nothing, nor does LCR 1.637 at CR 1.30005."""
    scene = with_pool()
    scene.position("ann", 1350, 1000)
    scene.borrow("ann", 350, "BTS")
    scene.feed(1000, icr=1800)
    assert scene.live("ann") == [1]
    scene.feed(963)

    assert scene.live("ann") == [1]


def test_pl_d41_a_floor_that_fell_holds_for_older_loans_too():
    """Made under a floor of 1.7, today's is ICR 1.6: LCR 1.75 · 0.95 = 1.6625 ends nothing."""
    scene = with_pool(combined_floor=1700)
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 350, "BTS")
    scene.parameters(combined_floor="ICR")
    scene.feed(950)

    assert scene.live("ann") == [1]


def test_pl_d42_icr_is_at_least_mcr():
    """A chain feed without ICR: borrowing needs LCR over MCR 1.55 then."""
    scene = with_pool()
    scene.feed(1000, icr=0)
    scene.position("ann", 1300, 1000)
    scene.borrow("ann", None, "BTS")

    assert scene.of("ann").lp1 == 251  # 1,300 · 1.55 / 1.3 = 1,550 makes LCR 1.55, not over it


def test_pl_d43_a_position_with_no_loan_is_the_chains_to_call():
    """PL-20: at CR ≤ MCR nothing is done here; what the chain did is seen."""
    scene = Scene()
    scene.position("ann", 1400, 1000)
    scene.feed(500)
    scene.wait(days=1)
    assert scene.state("ann") == ("free", "PL-46")
    assert scene.engine.book.orders == {}
    scene.position("ann", 0, 0)

    assert scene.state("ann") == ("closed", "PL-46")


def test_pl_d44_a_feeds_expiry_falls_due_first_in_its_second():
    """The feed expires in the second in which a request for it would count: it is refused."""
    scene = with_pool()
    scene.position("ann", 1300, 1000)
    scene.feed(1000, expires=100)
    scene.now = 99
    scene.borrow("ann", None, "BTS")
    assert scene.refused is None
    scene.repay("ann", 1)
    scene.now = 100
    scene.borrow("ann", None, "BTS")

    assert scene.refused == "PL-47"


def test_pl_d53_lp2_stays_under_the_debt():
    """With a cap that would allow anything, 1,000 of 1,000 are refused; 999 make LCR 1,400."""
    scene = with_pool(asset="USD", lcr_cap=100_000)
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 1000, "USD")
    assert scene.refused == "PL-11"
    scene.borrow("ann", 986, "USD")

    assert scene.refused is None  # 1,400 / 14 = 100


def test_pl_d57_a_floor_is_never_under_todays_mcr():
    """Made under ICR 1.6; today MCR is 1.65: LCR 1.75 · 0.94 = 1.645 ends it, CR 1.316 would not."""
    scene = with_pool()
    scene.position("ann", 1400, 1000)
    scene.borrow("ann", 350, "BTS")
    scene.feed(950, mcr=1650, icr=1650)
    assert scene.live("ann") == [1]
    scene.feed(940)

    assert scene.loan(1).ended_by == "PL-18"


def test_pl_d58_a_short_loan_that_would_not_reach_its_new_floor_does_not_renew():
    """Made at 1.6; ICR is 1.8 when it would renew, and LCR 1.75. A short loan at LCR 1.85 renews."""
    for lent, ended in ((350, "PL-D58"), (450, "")):
        scene = with_pool()
        scene.position("ann", 1400, 1000)
        scene.borrow("ann", lent, "BTS")
        scene.feed(1000, icr=1800)
        scene.wait(days=14)
        assert scene.loan(1).ended_by == ended


def test_pl_d65_parts_under_the_least_size_are_cut_or_skipped():
    """Least 100, request 150, pools 120 and 500: 120 would leave 30, cut to 50, which is too little: 150 of 500."""
    scene = Scene()
    scene.put(AssetSeen(time=0, symbol="BTS", precision=5, least_size=100))
    scene.lend("bob", 120, "BTS", "0", 14)
    scene.lend("dan", 500, "BTS", "1/100", 14)
    scene.prepay("ann", 10, "BTS")
    scene.position("ann", 1550, 1000)
    scene.borrow("ann", 150, "BTS")
    assert scene.refused == "PL-13"
    scene.position("ann", 400, 300)
    scene.borrow("ann", 150, "BTS")

    assert [(scene.loan(n).pool, scene.loan(n).principal) for n in scene.live("ann")] == [(2, 150)]


def test_pl_d65_the_least_is_at_least_the_least_size():
    """C 130, D 100: 31 would do; the least size is 100."""
    scene = Scene()
    scene.put(AssetSeen(time=0, symbol="BTS", precision=5, least_size=100))
    scene.lend("bob", 1000, "BTS", "0", 14)
    scene.position("ann", 130, 100)
    scene.borrow("ann", None, "BTS")

    assert scene.of("ann").lp1 == 100


@pytest.mark.parametrize(("at", "near"), [("1.365", True), ("1.366", False)])
def test_pl_d67_near_lmcr_is_up_to_1_05_of_it(at, near):
    """1.05 · 1.3 = 1.365."""
    scene = Scene()
    scene.protect("ann", at=Fraction(at))

    assert any("near LMCR" in text for text in scene.told("ann")) == near


def test_pl_d67_a_parameter_that_makes_no_feed_valid_runs_no_armed_request():
    """Refused at CR 1.25 under LMCR 1.3 (PL-14). A lower LMCR would allow it, but only the next feed runs it."""
    scene = with_pool()
    scene.position("ann", 1250, 1000)
    scene.protect("ann", at=Fraction(3, 2))
    scene.parameters(lmcr=1200)
    assert scene.live("ann") == []
    scene.feed(1000)

    assert scene.live("ann") == [1]
