"""Personal pools: PL-1 to PL-7, PL-50, with PL-D6, PL-D39 and PL-D40."""

from fractions import Fraction

import pytest

from bsip_mplp.cli.pools import RANKINGS
from bsip_mplp.rules.inputs import AssetSeen, Borrow, FeedSeen, Lend, MarketOpened, PositionSeen
from tests.rules.scene import DAY, NEVER, Scene


def borrower(scene, account="ann"):
    """CR 1.4: the least loan is 324 BTS or 188 USD."""
    scene.position(account, 1400, 1000)
    scene.prepay(account, 1000, "BTS")
    scene.prepay(account, 1000, "USD")


def test_pl_1_one_account_has_several_pools():
    scene = Scene()

    first = scene.lend("bob", 500, "BTS", "12/100", 14)
    second = scene.lend("bob", 700, "USD", "1/10", 60)

    assert (first.owner, first.asset, first.rate, first.term_days) == ("bob", "BTS", Fraction(12, 100), 14)
    assert (first.available, first.lent) == (500, 0)
    assert (second.number, second.asset, second.available) == (2, "USD", 700)


def test_pl_1_a_pool_can_be_added_to_by_its_owner_alone():
    scene = Scene()
    pool = scene.lend("bob", 500, "BTS", "1/10", 14)

    scene.deposit("bob", 30, "BTS", Lend(pool=1))
    assert pool.available == 530

    scene.deposit("eve", 30, "BTS", Lend(pool=1))
    assert (scene.refused, pool.available, scene.free("eve", "BTS")) == ("PL-1", 530, 30)


def test_pl_2_what_is_lent_is_locked_and_what_is_available_is_not():
    scene = Scene()
    pool = scene.lend("bob", 500, "BTS", "1/10", 14)
    borrower(scene)
    scene.borrow("ann", 324, "BTS")
    assert (pool.available, pool.lent) == (176, 324)

    scene.unlend("bob", 1, 177)
    assert scene.refused == "PL-2"

    scene.unlend("bob", 1, 176)
    assert (scene.refused, pool.available, pool.lent) == (None, 0, 324)


@pytest.mark.parametrize(("days", "long"), [(29, False), (30, True)])
def test_pl_3_thirty_days_are_long(days, long):
    scene = Scene()
    scene.lend("bob", 500, "BTS", "1/10", days)
    borrower(scene)

    scene.borrow("ann", 324, "BTS")

    assert scene.loan(1).long is long


@pytest.mark.parametrize(
    ("days", "period", "refused"),
    [(90, 30, None), (90, 90, None), (180, 90, None), (45, 30, "PL-3"), (60, 90, "PL-3"), (14, 7, "PL-3")],
)
def test_pl_3_a_long_pool_may_pay_by_the_month_or_the_quarter(days, period, refused):
    scene = Scene()

    scene.deposit("bob", 500, "BTS", Lend(rate=Fraction(1, 10), term_days=days, period_days=period))

    assert scene.refused == refused


def test_pl_4_interest_on_bitasset_may_be_in_the_core_asset():
    scene = Scene()
    scene.feed(900)
    scene.lend("bob", 1000, "USD", "1/10", 30, interest_asset="BTS")
    borrower(scene)
    scene.position("ann", 1500, 1000)  # CR 1.35

    scene.borrow("ann", 300, "USD")

    # 300 · 10 % · 30 / 365 = 2.47, so 3 USD; at 0.9 USD a BTS that is 3.33, so 4 BTS; the cut of 10 % is 0
    assert scene.prepaid("ann", "BTS") == 996
    assert scene.prepaid("ann", "USD") == 1000
    assert scene.free("bob", "BTS") == 4


def test_pl_4_interest_is_in_no_third_asset():
    scene = Scene()

    scene.deposit("bob", 500, "BTS", Lend(rate=Fraction(1, 10), term_days=14, interest_asset="USD"))

    assert scene.refused == "PL-4"
    assert scene.free("bob", "BTS") == 500


def test_pl_5_pools_are_ranked_by_rate_term_available_and_earned():
    assert set(RANKINGS) == {"rate", "term", "available", "earned"}


def test_pl_6_a_loan_renews_at_the_rate_of_that_moment_and_pl_7_keeps_its_own_until_then():
    scene = Scene()
    scene.lend("bob", 1000, "BTS", "365/1000", 10)  # 1 % for ten days
    borrower(scene)
    scene.borrow("ann", 400, "BTS")
    scene.change_pool("bob", 1, rate=Fraction(73, 100))

    assert scene.loan(1).rate == Fraction(365, 1000)
    assert scene.prepaid("ann", "BTS") == 996

    scene.wait(days=10)

    assert scene.loan(1).rate == Fraction(73, 100)
    assert scene.prepaid("ann", "BTS") == 988
    assert scene.loan(1).term_ends == 20 * DAY


def test_pl_6_a_pool_not_set_to_renew_has_its_principal_back_at_the_terms_end():
    scene = Scene()
    pool = scene.lend("bob", 1000, "BTS", "1/10", 10, renews=False)
    borrower(scene)
    scene.borrow("ann", 400, "BTS")

    scene.wait(days=10, seconds=-1)
    assert scene.live("ann") == [1]
    scene.wait(seconds=1)

    assert (scene.loan(1).ended_by, pool.available, pool.lent) == ("PL-6", 1000, 0)


@pytest.mark.parametrize(("was", "now"), [(14, 30), (30, 14)])
def test_pl_d6_no_loan_renews_into_the_other_kind(was, now):
    scene = Scene()
    scene.lend("bob", 1000, "BTS", "1/10", was)
    borrower(scene)
    scene.borrow("ann", 400, "BTS")
    scene.change_pool("bob", 1, term_days=now)

    scene.wait(days=was)

    assert scene.loan(1).ended_by == "PL-6"


def test_pl_d6_a_new_term_sets_the_period():
    scene = Scene()
    pool = scene.lend("bob", 1000, "BTS", "1/10", 90, period_days=30)

    scene.change_pool("bob", 1, term_days=60)
    assert (pool.term_days, pool.period_days) == (60, 60)

    scene.change_pool("bob", 1, term_days=180, period_days=90)
    assert (pool.term_days, pool.period_days) == (180, 90)


def test_pl_d6_what_a_long_loan_renews_at_is_fixed_seven_days_before_its_term_ends():
    scene = Scene()
    scene.lend("bob", 1000, "BTS", "365/1000", 30)  # 3 % for 30 days
    borrower(scene)
    scene.unprepay("ann", "BTS", 988)
    scene.borrow("ann", 400, "BTS")  # 12 BTS, and nothing is left
    scene.wait(days=25)
    scene.change_pool("bob", 1, rate=Fraction(73, 100))

    scene.prepay("ann", 12, "BTS")

    assert scene.loan(1).paid_until == 60 * DAY
    assert scene.loan(1).rate == Fraction(365, 1000)


def test_pl_d39_nothing_under_the_least_size_is_a_pool():
    scene = Scene()
    scene.put(AssetSeen(time=0, symbol="BTS", precision=5, least_size=100))

    scene.deposit("bob", 99, "BTS", Lend(rate=Fraction(1, 10), term_days=14))
    assert scene.refused == "PL-D39"
    scene.deposit("bob", 100, "BTS", Lend(rate=Fraction(1, 10), term_days=14))
    assert scene.refused is None


def test_pl_d40_a_core_pool_and_prepaid_interest_serve_every_market():
    scene = Scene(risk_share="0")
    scene.put(AssetSeen(time=0, symbol="EUR", precision=4))
    scene.put(MarketOpened(time=0, market="EUR", core_asset="BTS", parameters={"risk_share": "0"}))
    scene.put(
        FeedSeen(time=0, market="EUR", price=(1, 1), mcr=1550, mssr=1100, icr=1600, expires=NEVER),
    )
    scene.put(PositionSeen(time=0, market="EUR", account="ann", collateral=1400, debt=1000))
    scene.position("ann", 1400, 1000)
    scene.lend("bob", 1000, "BTS", "365/100", 10)  # 10 % for ten days
    scene.prepay("ann", 80, "BTS")

    scene.borrow("ann", 400, "BTS")
    scene.ask("ann", Borrow(market="EUR", asset="BTS", amount=400))

    assert scene.prepaid("ann", "BTS") == 0
    assert scene.fund("BTS") == 4
    assert scene.engine.ledger.balance("fund/EUR", "BTS") == 4


def test_pl_50_a_stake_takes_the_going_rate_by_amount():
    scene = Scene(stake_rate="0.02", stake_term_days=14)
    assert scene.stake("cat", 100, "BTS").rate == Fraction(2, 100), "nothing runs yet"
    scene.lend("bob", 150, "BTS", "1/10", 7)
    scene.lend("dan", 1000, "BTS", "1/5", 7)
    borrower(scene)
    scene.borrow("ann", 400, "BTS", pools=(2, 3))  # 150 at 10 %, 250 at 20 %

    pool = scene.stake("eve", 100, "BTS")

    assert (pool.rate, pool.term_days, pool.renews) == (Fraction(1, 5), 14, True)
