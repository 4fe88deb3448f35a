"""Black positions: what makes one, what ends it, who may close it, and what is owed still (PL-38, PL-D35)."""

from bsip_mplp.rules.state import Claim
from tests.rules.scene import DAY, carried, protected
from tests.rules.simulated_chain import SimulatedChain

OFFERED = 60 + 2 * DAY
WINDOW_ENDS = OFFERED + 7 * DAY


def black_for_interest(**more):
    """In books custody: the 180 of day 23 are still owed when the window ends on day 30."""
    scene = carried(risk_share="0", **more)
    scene.now = 30 * DAY
    scene.wait()
    assert scene.state("ann") == ("black", "PL-38")
    return scene


def short_of_collateral(price=780, **more):
    """In protocol custody at 0.78: a debt of 100,000, worth 99,272 at feed / MSSR, 20 ordered: 708 lack."""
    scene = protected("protocol", risk_share="0", **more)
    scene.feed(780)
    scene.wait(seconds=60)
    scene.feed(price)
    scene.wait(days=2)
    assert scene.state("ann") == ("carried", "PL-33")
    return scene


def test_pl_38_interest_still_owed_after_the_window_makes_a_position_black():
    scene = carried(risk_share="0")
    scene.now = 30 * DAY - 1
    scene.wait()
    assert scene.state("ann") == ("carried", "PL-33")
    scene.wait(seconds=1)

    assert scene.state("ann") == ("black", "PL-38")


def test_pl_d61_a_series_sold_in_full_does_not_excuse_interest_still_owed():
    """The window is 60 days long. The series is sold in full and pays the 180 of day 23; those of day 53 are owed."""
    scene = carried(risk_share="0", bond_window=60 * DAY)
    scene.now = 23 * DAY
    scene.wait()
    scene.buy_bond("cat", 180)
    assert scene.fund("USD") == 20
    scene.now = 83 * DAY
    scene.wait()

    assert scene.series().sold == scene.series().amount
    assert scene.state("ann") == ("black", "PL-38")


def test_pl_38_income_that_pays_what_is_owed_ends_it():
    scene = black_for_interest()
    scene.insure("eve", 159, "USD")
    assert scene.state("ann") == ("black", "PL-38")
    scene.insure("eve", 1, "USD")

    assert scene.state("ann") == ("carried", "PL-38")
    assert scene.free("bob", "USD") == 360


def test_pl_i3_a_black_positions_loan_lives_unpaid_and_what_is_owed_is_paid_first():
    """Paid until day 30, black; on day 53 another period falls due. 400 pay both periods (180 each), 40 stay + 20."""
    scene = black_for_interest()
    scene.now = 54 * DAY
    scene.wait()
    assert [terms.due // DAY for terms in scene.loan(1).unpaid] == [23, 53]
    scene.insure("eve", 400, "USD")

    assert scene.free("bob", "USD") == 180 + 360
    assert scene.fund("USD") == 60
    assert scene.loan(1).paid_until == 90 * DAY
    assert scene.state("ann") == ("carried", "PL-38")


def test_pl_d32_what_lacks_more_than_the_fund_has_makes_black():
    """At 0.72 CR is 1.008: worth 140,000 · 0.72 / 1.1 = 91,636. Of 100,000 8,364 lack.

    8,344 sold of the series with the fund's 20 are enough to the unit: carried. With 8,343 it is black.
    """
    for sold, state in ((8_344, "carried"), (8_343, "black")):
        scene = short_of_collateral(720)
        scene.buy_bond("cat", sold)
        scene.now = WINDOW_ENDS
        scene.wait()
        assert scene.state("ann")[0] == state, sold


def test_pl_d61_none_lacks_debt_that_was_sold_in_full():
    """The series of 99,980 is sold in full at 0.78; then the price falls to 0.40 before the window ends."""
    scene = short_of_collateral()
    scene.buy_bond("cat", 99_980)
    scene.feed(400)
    assert scene.engine.book.series[1].sold == 99_980
    scene.now = WINDOW_ENDS
    scene.wait()

    assert scene.state("ann") == ("carried", "PL-33")


def test_pl_d32_the_lowest_cr_is_served_first():
    """Two positions lack: ann 100,000 − 91,636 = 8,364, and cat of the same debt with 138,000 BTS: 9,673.

    The money raised, 9,700 with the cuts in the fund, serves cat, the lower CR; ann is black.
    """
    scene = protected("protocol", risk_share="0")
    scene.lend("dan", 20_000, "USD", "73/600", 60, period_days=30)
    scene.prepay("cat", 200, "USD")
    scene.position("cat", 138_000, 100_000, "protocol")
    scene.borrow("cat", 20_000, "USD", pools=(2,))
    scene.feed(780)
    scene.wait(seconds=60)
    scene.feed(720)  # CR of cat 0.9936 is under the auction floor: carried 60 s later
    scene.wait(days=2)
    fund = sum(o.units for name in ("ann", "cat") for o in scene.open_orders(name))
    scene.buy_bond("eve", 9_700 - fund)
    scene.now = WINDOW_ENDS + 60
    scene.wait()

    assert (scene.state("cat")[0], scene.state("ann")[0]) == ("carried", "black")


def test_pl_38_a_black_position_is_carried_again_once_income_covers_what_its_debt_lacks():
    scene = short_of_collateral()
    scene.now = WINDOW_ENDS
    scene.wait()
    assert scene.state("ann") == ("black", "PL-38")
    scene.insure("eve", 707, "USD")
    assert scene.state("ann") == ("black", "PL-38")
    scene.insure("eve", 1, "USD")

    assert scene.state("ann") == ("carried", "PL-38")


def test_pl_38_a_rising_price_ends_it_too():
    """At 0.786 the collateral is worth 100,036."""
    scene = short_of_collateral()
    scene.now = WINDOW_ENDS
    scene.wait()
    scene.feed(786)

    assert scene.state("ann") == ("carried", "PL-38")


def test_pl_38_a_black_position_can_still_be_closed_by_the_management_account():
    """PL-36: at 0.929 CR is over LMCR; in books custody it is free, in protocol custody the sale is ordered."""
    scene = black_for_interest()
    scene.feed(929)
    assert scene.state("ann") == ("free", "PL-36")

    scene = short_of_collateral()
    scene.now = WINDOW_ENDS
    scene.wait()
    scene.feed(929)
    assert scene.open_orders("ann")[-1].kind == "close"


# --- closed by anyone ----------------------------------------------------------------------------------------


def black_in_protocol():
    """Black with 100,000 of debt, of which 20 were paid, and on day 23 180 of interest owed."""
    scene = short_of_collateral()
    SimulatedChain(scene).carry_out_all("ann")
    scene.now = 23 * DAY
    scene.wait()
    assert scene.state("ann") == ("black", "PL-38")
    return scene


def test_pl_d35_who_pays_debt_and_what_it_owes_gets_the_collateral():
    """99,980 of debt and 180 owed. bob gets his 180 at once; the debt's money is set aside until it is paid."""
    scene = black_in_protocol()
    scene.deposit("zoe", 100_160, "USD")
    scene.close_black("zoe", "ann")

    assert scene.refused is None
    assert scene.free("zoe", "USD") == 0
    assert scene.free("bob", "USD") == 360
    [order] = scene.open_orders("ann")
    assert (order.kind, order.units, order.to) == ("hand_over", 99_980, "zoe")
    assert scene.state("ann")[0] in ("black", "carried"), "nothing is assumed done"
    SimulatedChain(scene).carry_out_all("ann")
    assert scene.state("ann") == ("closed", "PL-46")
    assert (scene.pool(1).available, scene.pool(1).lent) == (50_000, 0)
    assert scene.fund("BTS") == 0, "the collateral was handed over, not left"


def test_pl_d35_what_the_payer_gives_for_interest_goes_to_this_positions_lenders():
    """A claim of 50 of another position is older, and the fund has nothing: bob still gets the 180 of ann's loan."""
    scene = black_in_protocol()
    book = scene.engine.book
    claim = Claim(1, "USD", "gone", 1, "old", "USD", 50, made=0)
    book.claims[1], book.markets["USD"].claims[1] = claim, None
    scene.deposit("zoe", 100_160, "USD")
    scene.close_black("zoe", "ann")

    assert scene.free("bob", "USD") == 360
    assert (scene.free("old", "USD"), claim.paid) == (0, None)


def test_pl_d35_less_money_is_refused_and_stays_free_balance():
    scene = black_in_protocol()
    scene.deposit("zoe", 100_159, "USD")
    scene.close_black("zoe", "ann")

    assert scene.refused == "PL-D35"
    assert scene.free("zoe", "USD") == 100_159


def test_pl_d35_not_in_books_custody_and_only_black_positions():
    scene = black_for_interest()
    scene.deposit("zoe", 200_000, "USD")
    scene.close_black("zoe", "ann")
    assert scene.refused == "PL-D35"
    scene.insure("eve", 160, "USD")
    scene.close_black("zoe", "ann")
    assert scene.refused == "PL-38"
    scene.close_black("zoe", "nobody")
    assert scene.refused == "PL-38"


# --- claims --------------------------------------------------------------------------------------------------


def test_pl_d36_interest_owed_stays_a_claim_when_the_position_is_closed():
    """Black since day 30, closed on day 40: ten days begun since the paid time ended.

    20,000 at 12.17 % for 10 days are 66.67, rounded up 67, less the cut of 6: 61. The fund's 20 can't pay it.
    """
    scene = black_for_interest()
    scene.now = 40 * DAY
    scene.position("ann", 0, 0)

    [claim] = scene.engine.book.claims.values()
    assert (claim.lender, claim.units, claim.paid) == ("bob", 61, None)
    assert scene.loan(1).unpaid == []


def test_pl_d36_a_claim_is_paid_first_from_the_funds_income():
    """Before bonds: 60 sold of a series of day 23 stand; 41 come in: with 20 they are the 61 of the claim."""
    scene = carried(risk_share="0")
    scene.now = 23 * DAY
    scene.wait()
    scene.buy_bond("cat", 60)
    scene.now = 40 * DAY
    scene.position("ann", 0, 0)
    assert scene.free("bob", "USD") == 180 + 61  # the fund had 80
    assert scene.fund("USD") == 19

    scene = black_for_interest()
    scene.now = 40 * DAY
    scene.position("ann", 0, 0)
    scene.insure("eve", 40, "USD")
    assert scene.free("bob", "USD") == 180
    scene.insure("eve", 1, "USD")
    assert scene.free("bob", "USD") == 180 + 61
    assert scene.fund("USD") == 0


def test_pl_38_no_dividend_while_a_position_is_black():
    """The target is 0 since day 30. 170 do not pay the 180 owed, and are not paid out on days 35 and 42.

    Once 180 are paid, 100 are left, and paid out on day 49.
    """
    scene = black_for_interest(dividend_target=[0, 20])
    scene.parameters(dividend_target=[0, 0])
    scene.insure("eve", 150, "USD")
    scene.now = 42 * DAY
    scene.wait()

    assert scene.fund("USD") == 170
    scene.insure("eve", 110, "USD")  # 180 are paid, 100 stay
    assert scene.state("ann") == ("carried", "PL-38")
    scene.now = 49 * DAY
    scene.wait()
    assert scene.fund("USD") == 0
    assert scene.free("bob", "USD") == 180 + 180 + 100
