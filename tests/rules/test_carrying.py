"""Carrying by the management account: interest as it falls due, less debt, and the close (PL-34, PL-36)."""

import pytest

from tests.rules.scene import DAY, carried, protected
from tests.rules.simulated_chain import SimulatedChain


def two_carried():
    """ann: 140,000 / 100,000, CR 1.232 at 0.88. cat: 130,000 / 100,000, CR 1.144, 25,000 lent. Both in protocol."""
    scene = protected("protocol", risk_share="0")
    scene.lend("dan", 25_000, "USD", "73/600", 60, period_days=30)
    scene.prepay("cat", 250, "USD")
    scene.position("cat", 130_000, 100_000, "protocol")
    scene.borrow("cat", 25_000, "USD", pools=(2,))
    scene.feed(880)  # cat's LCR is 114,400 / 75,000 = 1.525
    scene.wait(seconds=60)
    scene.wait(days=2)
    assert scene.state("cat") == scene.state("ann") == ("carried", "PL-33")
    return scene


def fund(scene, units):
    """Bring the insurance fund to have some bitasset more; with risk_share 0 all of it stays there."""
    scene.insure("eve", units, "USD")


def test_pl_34_pl_d26_the_fund_pays_what_falls_due_to_the_lenders_without_a_cut():
    """PL-D26: 200 less the cut of 20 are 180, and nothing of it is income of the fund."""
    scene = carried(risk_share="0")
    fund(scene, 1000)
    scene.now = 23 * DAY
    scene.wait()

    assert scene.free("bob", "USD") == 180 + 180
    assert scene.fund("USD") == 20 + 1000 - 180
    assert scene.risk("USD") == 0
    assert scene.loan(1).paid_until == 60 * DAY


def test_pl_34_what_lacks_of_the_asset_due_is_paid_in_the_other_at_the_feed_price():
    """The fund has 20 USD; 160 more are 160 / 0.88 = 181.8, rounded up 182 BTS."""
    scene = carried(risk_share="0")
    scene.insure("eve", 1000, "BTS")
    scene.now = 23 * DAY
    scene.wait()

    assert scene.free("bob", "USD") == 180 + 20
    assert scene.free("bob", "BTS") == 182
    assert (scene.fund("USD"), scene.fund("BTS")) == (0, 818)


def test_pl_34_interest_due_in_the_core_asset_is_paid_in_it_first():
    """Interest of 200 USD taken in BTS: at 0.88 that is 227.3, rounded up 228, less the cut of 22: 206."""
    scene = protected(prepaid=0, rate="0", risk_share="0")
    scene.repay("ann", 1)
    scene.lend("dan", 20_000, "USD", "73/600", 60, period_days=30, interest_asset="BTS")
    scene.prepay("ann", 200, "BTS")
    scene.borrow("ann", 20_000, "USD", pools=(2,))
    scene.feed(880)
    scene.wait(seconds=60)
    scene.wait(days=2)
    scene.insure("eve", 1000, "BTS")
    scene.now = 23 * DAY
    scene.wait()

    assert scene.free("dan", "BTS") == 180 + 206
    assert scene.fund("BTS") == 20 + 1000 - 206


def test_pl_45_interest_that_cannot_be_paid_in_full_is_not_paid_and_the_next_is_tried():
    """The fund has 130: not the 180 for bob, but the 90 for dan, whose loan comes after."""
    scene = protected(risk_share="0")
    scene.lend("dan", 10_000, "USD", "73/600", 60, period_days=30)
    scene.prepay("ann", 100, "USD")
    scene.borrow("ann", 10_000, "USD", pools=(2,))
    scene.feed(770)
    scene.wait(seconds=60)
    scene.wait(days=2)
    fund(scene, 100)  # with the two cuts, 20 and 10, it has 130
    scene.now = 23 * DAY
    scene.wait()

    assert (scene.free("bob", "USD"), scene.free("dan", "USD")) == (180, 180)
    assert len(scene.loan(1).unpaid) == 1
    assert scene.loan(2).unpaid == []
    assert scene.fund("USD") == 40


def test_pl_44_an_unsold_positions_interest_is_the_carriers():
    """It fell due on day 23 in the auction; carried on day 24, when the fund pays it at once."""
    scene = protected(risk_share="0", prepaid=1000)
    fund(scene, 1000)
    scene.now = 22 * DAY
    scene.feed(880)
    scene.wait(seconds=60)
    scene.wait(days=2)

    assert scene.state("ann") == ("carried", "PL-33")
    assert scene.free("bob", "USD") == 360
    assert scene.prepaid("ann", "USD") == 800


def test_pl_48_the_holder_of_a_carried_position_moves_nothing():
    scene = carried()
    scene.prepay("ann", 1000, "USD")
    scene.repay("ann", 1)
    assert scene.refused == "PL-48"
    scene.borrow("ann", 5000, "USD")
    assert scene.refused == "PL-48"


def test_pl_d17_armed_requests_end_with_a_carrying():
    scene = protected()
    scene.protect("ann")
    scene.feed(880)
    scene.wait(seconds=60)
    scene.wait(days=2)

    assert not scene.engine.book.protections[1].live


def test_pl_33_a_carried_position_is_auctioned_and_taken_over_no_more():
    scene = carried()
    scene.feed(780)
    scene.wait(days=3)

    assert scene.state("ann") == ("carried", "PL-33")


# --- less debt -----------------------------------------------------------------------------------------------


def test_pl_34_what_the_fund_holds_pays_down_debt_lowest_cr_first():
    """ann's auction was the first to end, so the 20 + 25 that the fund had went into her debt. 3,000 more go to cat.

    cat may have a debt under 130,000 · 0.88 / 1.3 = 88,000, so it lacks 12,001.
    """
    scene = two_carried()
    fund(scene, 3000)

    assert [order.units for order in scene.open_orders("cat")] == [3000]
    assert [order.units for order in scene.open_orders("ann")] == [45]
    assert scene.fund("USD") == 0


def test_pl_d27_debt_is_paid_by_the_least_that_brings_cr_over_lmcr():
    """cat: 12,001 (CR > 1.3 at a debt of 87,999). ann: 140,000 · 0.88 / 1.3 = 94,769.2, so 5,231."""
    scene = two_carried()
    fund(scene, 20_000)

    assert sum(order.units for order in scene.open_orders("cat")) == 12_001
    assert sum(order.units for order in scene.open_orders("ann")) == 5_231
    assert scene.fund("USD") == 20_045 - 12_001 - 5_231


def test_pl_34_the_reserve_is_not_spent_on_debt():
    scene = two_carried()
    scene.parameters(insurance_reserve=[0, 2500])
    fund(scene, 3000)

    assert [order.units for order in scene.open_orders("cat")] == [500]
    assert scene.fund("USD") == 2500


def test_pl_d33_what_stands_in_orders_to_pay_is_not_ordered_twice():
    scene = two_carried()
    fund(scene, 20_000)
    orders = len(scene.engine.book.orders)
    scene.wait(days=1)
    scene.feed(880)

    assert len(scene.engine.book.orders) == orders


def test_pl_d29_money_returned_from_an_order_is_no_income():
    """Somebody else closed ann's position: the 45 ordered come back to the fund, and go into cat's debt.

    Income would have given half to the risk fund.
    """
    scene = two_carried()
    scene.parameters(risk_share="0.5")
    scene.position("ann", 0, 0, "protocol")
    assert scene.fund("USD") == 0
    SimulatedChain(scene).carry_out(scene.open_orders("ann")[0].number)

    assert scene.risk("USD") == 0
    assert [order.units for order in scene.open_orders("cat")] == [45]


# --- the close -----------------------------------------------------------------------------------------------


def test_pl_36_once_cr_is_over_lmcr_the_sale_is_ordered_with_a_limit():
    """At 0.929 CR is 1.3006. The limit is feed / MSSR: 0.929 / 1.1. At 0.928 (1.2992) nothing is ordered."""
    scene = carried("protocol")
    SimulatedChain(scene).carry_out_all("ann")
    debt = scene.of("ann").debt
    assert debt == 100_000 - 16  # the fund's 16 were paid
    scene.feed(928)
    assert scene.open_orders("ann") == []
    scene.feed(929)

    [order] = scene.open_orders("ann")
    assert (order.kind, order.asset, order.units) == ("close", "BTS", 140_000)
    assert order.limit == (929 * 1000, 1000 * 1100)


def test_pl_d25_in_books_custody_the_loans_end_and_the_holder_has_the_position_again():
    scene = carried()
    scene.feed(929)

    assert scene.state("ann") == ("free", "PL-36")
    assert scene.loan(1).ended_by == "PL-36"
    assert (scene.pool(1).available, scene.pool(1).lent) == (50_000, 0)
    assert scene.engine.book.orders == {}
    scene.prepay("ann", 200, "USD")
    scene.borrow("ann", 20_000, "USD")
    assert scene.refused is None  # CR 1.3006, LCR 1.626


def test_pl_d25_in_books_custody_no_debt_is_paid():
    scene = carried()
    scene.insure("eve", 20_000, "USD")

    assert scene.engine.book.orders == {}
    assert scene.engine.book.series == {}


def test_pl_d50_what_is_left_of_the_collateral_is_income_of_the_fund():
    """Closed at 1.0: 99,984 BTS buy the debt back; 40,016 are left, 20 % of it (8,003.2) for the risk fund."""
    scene = carried("protocol")
    chain = SimulatedChain(scene)
    chain.carry_out_all("ann")
    scene.feed(1000)
    chain.carry_out_all("ann")

    assert scene.state("ann") == ("closed", "PL-46")
    assert (scene.fund("BTS"), scene.risk("BTS")) == (40_016 - 8_003, 8_003)
    assert (scene.pool(1).available, scene.pool(1).lent) == (50_000, 0)


# --- days begun after the paid time --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "prepaid", "owed"),
    [
        pytest.param("73/600", 200, 13, id="20,000 at 12.17 % for 2 days: 13.33, 14 less 1"),
        pytest.param("1/4", 411, 20, id="at 25 % no more than carry_rate: 20,000 at 20 % for 2 days: 21.9, 22 less 2"),
    ],
)
def test_pl_d60_days_begun_after_the_paid_time_are_owed_by_the_fund(rate, prepaid, owed):
    """Missed on day 23, auctioned from day 29 on, paid until day 30, closed on the chain on day 31 and a second."""
    scene = protected(rate=rate, prepaid=prepaid, risk_share="0")
    scene.insure("eve", 1000, "USD")
    scene.now = 29 * DAY + 43_200
    scene.feed(880)
    scene.wait(seconds=60)
    assert scene.state("ann") == ("in_auction", "PL-22")
    scene.now = 31 * DAY + 1
    before = scene.free("bob", "USD")
    scene.position("ann", 0, 0)

    assert scene.free("bob", "USD") - before == owed


def test_pl_d60_nothing_is_owed_up_to_the_end_of_the_paid_time():
    scene = protected(risk_share="0")
    scene.insure("eve", 1000, "USD")
    scene.now = 29 * DAY + 43_200
    scene.feed(880)
    scene.wait(seconds=60)
    scene.now = 30 * DAY
    scene.position("ann", 0, 0)

    assert scene.free("bob", "USD") == 180


def test_pl_d9_a_carried_position_seen_smaller_gives_back_what_the_risk_fund_lent_last():
    """PL-51: lp2 is 20,000, of which the risk fund lends 500; with a debt of 19,900 lp2 is cut to 19,899.

    The peer loan goes first: 101 of its 19,500.
    """
    scene = carried(risk_share="0")
    scene.insure("eve", 500, "USD", fund="risk")
    assert (scene.loan(1).principal, scene.of("ann").risk_lp2) == (19_500, 500)
    scene.position("ann", 20_000, 19_900)

    assert scene.of("ann").lp2 == 19_899
    assert scene.loan(1).principal == 19_399
    scene.position("ann", 500, 400)
    assert scene.live("ann") == []
    assert (scene.of("ann").lp2, scene.risk("USD")) == (399, 101)
