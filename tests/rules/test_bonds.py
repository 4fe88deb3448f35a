"""Risk bonds: when a series is offered and how large, sold 1 : 1, redeemed from income, passed on (PL-37, PL-39)."""

import pytest

from tests.rules.scene import DAY, carried, protected
from tests.rules.simulated_chain import SimulatedChain


def short_of_interest(**more):
    """In books custody: on day 23 the fund holds 20 and owes 180, so a series of 180 is offered until day 30."""
    scene = carried(risk_share="0", **more)
    scene.now = 23 * DAY
    scene.wait()
    return scene


def short_of_collateral(**more):
    """In protocol custody, at 0.78: worth 140,000 · 0.78 / 1.1 = 99,272 against a debt of 100,000.

    The fund's 20 stand in an order to pay debt. Offered in second 60 + 48 h: the debts, 99,980.
    """
    scene = protected("protocol", risk_share="0", **more)
    scene.feed(780)
    scene.wait(seconds=60)
    scene.wait(days=2)
    assert scene.state("ann") == ("carried", "PL-33")
    return scene


OFFERED = 60 + 2 * DAY
WINDOW_ENDS = OFFERED + 7 * DAY


# --- when, and how much --------------------------------------------------------------------------------------


def test_pl_37_a_series_is_offered_when_the_fund_cannot_pay_on_the_prepay_date():
    scene = carried(risk_share="0")
    scene.now = 23 * DAY - 1
    scene.wait()
    assert scene.engine.book.series == {}
    scene.wait(seconds=1)

    series = scene.series()
    assert (series.amount, series.opened, series.window_ends) == (180, 23 * DAY, 30 * DAY)
    assert series.on_offer


def test_pl_d51_the_amount_is_never_less_than_the_interest_owed():
    """Owed 180, no debts in books custody, less the 20 that the fund has: 160, and so 180."""
    assert short_of_interest().series().amount == 180


def test_pl_37_a_series_is_offered_when_the_collateral_is_not_enough():
    scene = short_of_collateral()

    assert scene.series().opened == OFFERED
    assert scene.series().amount == 100_000 - 20


def test_pl_37_no_series_while_the_collateral_is_enough():
    """At 0.786: 140,000 · 0.786 / 1.1 = 100,036."""
    scene = protected("protocol", risk_share="0")
    scene.feed(786)
    scene.wait(seconds=60)
    scene.wait(days=2)
    assert scene.state("ann") == ("carried", "PL-33")
    assert scene.engine.book.series == {}

    scene.feed(785)  # 99,909, which with 20 ordered lacks 71

    assert scene.series().amount == 99_980


def test_pl_37_a_shortage_that_the_fund_covers_offers_nothing():
    """At 0.78 708 lack (100,000 − 20 − 99,272); the fund has a thousand above its reserve, which goes into debt."""
    scene = protected("protocol", risk_share="0")
    scene.insure("eve", 1000, "USD")
    scene.feed(780)
    scene.wait(seconds=60)
    scene.wait(days=2)

    assert scene.engine.book.series == {}
    assert sum(order.units for order in scene.open_orders("ann")) == 1020


def test_pl_d51_the_amount_counts_what_the_fund_has_in_both_assets():
    """99,980 of debt, less 1,000 BTS at 0.78 = 780. The BTS are not sold for it, so the shortage of 708 stays."""
    scene = protected("protocol", risk_share="0")
    scene.insure("eve", 1000, "BTS")
    scene.feed(780)
    scene.wait(seconds=60)
    scene.wait(days=2)

    assert scene.series().amount == 99_980 - 780


def test_pl_d51_debts_and_the_interest_owed_add_up():
    """Carried in protocol custody on day 24 with 180 owed since day 23, and the fund empty but for 20: no 180.

    At 0.78: 99,980 of debt (20 ordered: interest comes first, but 20 do not pay 180) + 180 − 0.
    """
    scene = protected("protocol", risk_share="0")
    scene.now = 22 * DAY
    scene.feed(780)
    scene.wait(seconds=60)
    scene.wait(days=2)

    assert scene.series().amount == 99_980 + 180


def test_pl_d62_the_interest_owed_is_that_of_the_whole_market():
    """ann's 180 on day 23 fail; cat's claim of a closed position (13) counts with it."""
    scene = protected(risk_share="0")
    scene.lend("dan", 20_000, "USD", "73/600", 30)
    scene.prepay("cat", 200, "USD")
    scene.position("cat", 140_000, 100_000)
    scene.borrow("cat", 20_000, "USD", pools=(2,))
    scene.insure("op", 1, "BTS")
    scene.now = 23 * DAY - 60
    scene.feed(880)
    scene.wait(seconds=59)
    scene.wait(seconds=1)  # both auctions open, and both interests fall due
    assert scene.state("cat")[0] == scene.state("ann")[0] == "in_auction"
    scene.wait(days=2)
    assert scene.state("cat")[0] == scene.state("ann")[0] == "carried"

    # ann's auction ended first: her 180 were owed when the series was offered, cat's followed in the same second
    assert scene.series().amount == 180
    assert [len(scene.loan(n).unpaid) for n in (1, 2)] == [1, 1]
    scene.now = 25 * DAY + 7 * DAY
    scene.wait()
    assert {scene.state("ann"), scene.state("cat")} == {("black", "PL-38")}


def test_pl_d33_one_window_at_a_time():
    """The same shortage offers no second series before the first one's window has ended."""
    scene = short_of_collateral()
    scene.feed(770)
    scene.feed(760)

    assert list(scene.engine.book.series) == [1]


# --- sold ----------------------------------------------------------------------------------------------------


def test_pl_37_bonds_are_sold_one_for_one_in_the_bitasset():
    scene = short_of_collateral()
    scene.buy_bond("cat", 1000)

    assert scene.series().holdings == {"cat": 1000}
    assert scene.free("cat", "USD") == 0


def test_pl_37_what_is_over_the_series_stays_free_balance():
    scene = short_of_interest()
    scene.buy_bond("cat", 500)

    assert scene.series().holdings == {"cat": 180}
    assert scene.free("cat", "USD") == 320
    scene.buy_bond("dan", 10)
    assert scene.refused == "PL-37"
    assert scene.free("dan", "USD") == 10


def test_pl_37_bonds_are_refused_in_another_asset_and_after_the_window():
    scene = short_of_interest()
    scene.buy_bond("cat", 100, asset="BTS")
    assert scene.refused == "PL-37"
    assert scene.free("cat", "BTS") == 100
    scene.wait(days=7)
    scene.buy_bond("cat", 100)
    assert scene.refused == "PL-37"
    assert scene.free("cat", "USD") == 100
    scene.buy_bond("cat", 100, series=7)
    assert scene.refused == "PL-37"


def test_pl_37_the_money_raised_pays_the_interest_due_first():
    """160 and the fund's 20 are the 180 owed: paid the moment they are there."""
    scene = short_of_interest()
    scene.buy_bond("cat", 159)
    assert scene.free("bob", "USD") == 180
    scene.buy_bond("cat", 1)

    assert scene.free("bob", "USD") == 360
    assert scene.fund("USD") == 0


def test_pl_37_then_the_money_raised_pays_debt():
    scene = short_of_collateral()
    scene.buy_bond("cat", 1000)

    assert sum(order.units for order in scene.open_orders("ann")) == 20 + 1000


def test_pl_d29_money_raised_by_bonds_is_no_income():
    """With a risk share of 20 % the risk fund would have 200 of 1,000; it has the 4 of the first cut, lent since."""
    scene = protected("protocol")
    scene.feed(780)
    scene.wait(seconds=60)
    scene.wait(days=2)
    scene.buy_bond("cat", 1000)

    assert scene.risk("USD") == 0
    assert scene.engine.state()["risk_lent"] == {"USD": {"USD": 4}}


def test_pl_d24_a_series_keeps_the_window_and_the_coupon_it_opened_with():
    scene = short_of_interest()
    scene.parameters(bond_window=DAY, bond_coupon="50%", bond_forced="option")

    series = scene.series()
    assert series.window_ends == 30 * DAY
    assert (str(series.coupon), series.forced) == ("1/20", "no")


# --- redeemed ------------------------------------------------------------------------------------------------


def half_sold(*buyers):
    """50,000 of 99,980 sold. 16,001 bring the debt to 83,999, CR over 1.3, and the position is sold and closed.

    73 days after the window's end 5 % a year have made 1 %.
    """
    scene = short_of_collateral()
    for name, units in buyers or [("cat", 50_000)]:
        scene.buy_bond(name, units)
    SimulatedChain(scene).carry_out_all("ann")
    scene.now = WINDOW_ENDS
    scene.wait()
    return scene


def test_pl_39_income_pays_the_coupon_then_principal():
    """10,500 after 73 days are 500 of coupon and 10,000 of principal."""
    scene = half_sold()
    scene.now = WINDOW_ENDS + 73 * DAY
    scene.insure("eve", 10_500, "USD")

    assert scene.free("cat", "USD") == 10_500
    assert (scene.series().outstanding, scene.series().coupon_paid) == (40_000, 500)


def test_pl_d34_the_coupon_runs_from_the_windows_end_on_the_principal_outstanding():
    """73 days on 50,000 make 500; 10,000 are redeemed; 73 days more on 40,000 make 400."""
    scene = half_sold()
    scene.now = WINDOW_ENDS + 73 * DAY
    scene.insure("eve", 10_500, "USD")
    scene.now += 73 * DAY
    scene.insure("eve", 400, "USD")

    assert (scene.series().outstanding, scene.series().coupon_paid) == (40_000, 900)


def test_pl_d34_the_coupon_is_exact_to_the_second_and_rounded_up_once_per_payment():
    """One second on 50,000 at 5 %: 2,500 / 31,536,000, rounded up 1. What was overpaid is not charged later."""
    scene = half_sold()
    scene.now = WINDOW_ENDS + 1
    scene.insure("eve", 1, "USD")

    assert (scene.series().coupon_paid, scene.series().accrued) == (1, 0)
    assert scene.series().outstanding == 50_000


def test_pl_d34_a_coupon_paid_in_part_leaves_the_rest_exactly():
    """500 accrued, 200 paid: 300 stay, and grow by the day's part of what the principal earns."""
    scene = half_sold()
    scene.now = WINDOW_ENDS + 73 * DAY
    scene.insure("eve", 200, "USD")
    assert (scene.series().coupon_paid, scene.series().accrued) == (200, 300)
    scene.now += 73 * DAY
    scene.insure("eve", 800, "USD")

    assert (scene.series().coupon_paid, scene.series().outstanding) == (1000, 50_000)


def test_pl_d34_left_over_units_go_out_one_each_largest_holding_first():
    """Principal of 10 to holdings of 25,000, 15,000 and 10,001: 4.9, 2.9, 1.9: 4, 2, 1, and 3 units one each."""
    scene = half_sold(("cat", 10_001), ("dan", 25_000), ("eve", 15_000))
    scene.insure("op", 8, "USD")  # in the window's last second no coupon has run

    # 8 · 25,000 / 50,001 = 3.99, 2.39, 1.60: 3, 2, 1; two left over, to dan and eve
    assert [scene.free(name, "USD") for name in ("dan", "eve", "cat")] == [4, 3, 1]
    assert scene.series().holdings == {"cat": 10_000, "dan": 24_996, "eve": 14_997}


def test_pl_39_only_income_above_the_reserve_redeems():
    scene = half_sold()
    held = scene.fund("USD")  # what was raised and not needed; it is no income
    scene.parameters(insurance_reserve=[0, held + 300])
    scene.insure("eve", 500, "USD")

    assert (scene.free("cat", "USD"), scene.fund("USD")) == (200, held + 300)


def test_pl_39_the_oldest_series_is_redeemed_first():
    """Series 1 (160 sold on day 23 for the interest of day 23), series 2 for that of day 53."""
    scene = short_of_interest()
    scene.buy_bond("cat", 160)
    scene.now = 53 * DAY
    scene.wait()
    assert scene.series(2).amount == 180
    scene.buy_bond("dan", 180, series=2)
    scene.now = 60 * DAY
    scene.wait()
    scene.insure("eve", 100, "USD")  # 160 · 5 % · 30 / 365 = 0.66, rounded up 1

    assert (scene.series(1).outstanding, scene.series(2).outstanding) == (61, 180)
    scene.insure("eve", 161, "USD")
    assert scene.engine.book.markets["USD"].series == {2: None}
    assert scene.series(2).outstanding == 80


def test_pl_39_nothing_is_redeemed_while_the_series_is_on_offer():
    scene = short_of_interest()
    scene.buy_bond("cat", 160)
    scene.insure("eve", 100, "USD")

    assert scene.series().outstanding == 160
    assert scene.fund("USD") == 100


def test_pl_39_core_income_redeems_no_bonds():
    """PL-D28: bonds are paid in bitasset."""
    scene = half_sold()
    scene.insure("eve", 5000, "BTS")

    assert scene.series().outstanding == 50_000


# --- the forced variants -------------------------------------------------------------------------------------


def test_pl_39_option_a_holder_may_exchange_as_far_as_the_fund_has_any():
    """The reserve keeps 300 from other uses; a holder may take it 1 : 1, and its coupon stays with the series."""
    scene = short_of_interest(bond_forced="option", insurance_reserve=[0, 300])
    scene.buy_bond("cat", 180)
    scene.now = 30 * DAY + 73 * DAY
    scene.insure("eve", 50, "USD")
    held = scene.fund("USD")
    accrued = scene.series().coupon * 180 * 73 / 365
    scene.redeem("cat", held + 1)
    assert scene.refused == "PL-39"
    scene.redeem("cat", held)

    assert scene.refused is None
    assert scene.free("cat", "USD") == held
    assert scene.fund("USD") == 0
    assert scene.series().holdings == {"cat": 180 - held}
    assert scene.series().accrued == accrued, "what is exchanged leaves its coupon with the series (PL-D34)"


def test_pl_39_without_the_option_an_exchange_is_refused():
    scene = short_of_interest()
    scene.buy_bond("cat", 160)
    scene.redeem("cat", 10)
    assert scene.refused == "PL-39"
    scene.redeem("dan", 10)
    assert scene.refused == "PL-39"


def test_pl_39_compulsory_what_was_not_raised_is_exchanged_from_the_pools_by_share():
    """Owed 180, none sold. Pools: bob 50,000 (20,000 of it lent), dan 10,000: 150 and 30, from what is available.

    Their owners hold bonds; the 180 and the fund's 20 pay bob's interest of 180.
    """
    scene = carried(risk_share="0", bond_forced="compulsory")
    scene.lend("dan", 10_000, "USD", "1", 14)
    scene.now = 30 * DAY
    scene.wait()

    assert scene.series().holdings == {"bob": 150, "dan": 30}
    assert (scene.pool(1).available, scene.pool(1).lent) == (30_000 - 150, 20_000)
    assert scene.pool(2).available == 9_970
    assert scene.free("bob", "USD") == 360
    assert scene.fund("USD") == 20
    assert scene.state("ann") == ("carried", "PL-33")


def test_pl_39_compulsory_takes_lent_bitasset_where_nothing_is_available():
    """bob's pool keeps nothing available: 180 of his loan end, and the position has 19,820 of lp2."""
    scene = carried(risk_share="0", bond_forced="compulsory")
    scene.unlend("bob", 1)
    scene.now = 30 * DAY
    scene.wait()

    assert scene.loan(1).principal == 19_820
    assert scene.series().holdings == {"bob": 180}
    assert (scene.pool(1).available, scene.pool(1).lent) == (0, 19_820)


# --- passed on -----------------------------------------------------------------------------------------------


def with_bonds():
    scene = short_of_interest()
    scene.buy_bond("cat", 160)
    return scene


def test_pl_43_bonds_change_hands_against_bitasset_once_both_agree():
    scene = with_bonds()
    scene.pass_bond("cat", 100, "dan", price=90)
    assert scene.series().holdings == {"cat": 160}
    scene.take_bond("dan")
    assert scene.refused == "PL-43"  # the price is not there
    scene.deposit("dan", 90, "USD")
    scene.take_bond("dan")

    assert scene.series().holdings == {"cat": 60, "dan": 100}
    assert (scene.free("cat", "USD"), scene.free("dan", "USD")) == (90, 0)


def test_pl_43_an_offer_can_be_taken_back():
    scene = with_bonds()
    scene.pass_bond("cat", 100, "dan")
    scene.keep_bond("dan")
    assert scene.refused == "PL-43"
    scene.keep_bond("cat")
    scene.take_bond("dan")

    assert scene.refused == "PL-43"
    assert scene.series().holdings == {"cat": 160}


HOLDS = "you hold 0.0160 USD of series 1"


@pytest.mark.parametrize(("amount", "to", "why"), [(161, "dan", HOLDS), (0, "dan", HOLDS), (10, "cat", "another")])
def test_pl_43_one_passes_what_one_holds_to_somebody_else(amount, to, why):
    scene = with_bonds()
    scene.pass_bond("cat", amount, to)

    assert scene.refused == "PL-43"
    assert why in scene.outcome.refusals[0].reason


def test_pl_43_an_offer_of_what_was_passed_on_or_redeemed_since_is_refused():
    scene = with_bonds()
    scene.pass_bond("cat", 160, "dan")
    scene.pass_bond("cat", 160, "eve")
    scene.take_bond("dan", 1)
    scene.take_bond("eve", 2)

    assert scene.refused == "PL-43"
    assert scene.series().holdings == {"dan": 160}


def test_pl_43_nobody_else_can_take_an_offer():
    scene = with_bonds()
    scene.pass_bond("cat", 100, "dan")
    scene.take_bond("eve")

    assert scene.refused == "PL-43"


def test_pl_39_option_a_series_on_offer_stays_though_all_that_was_sold_is_exchanged():
    """cat buys 50 and exchanges them within the window; dan's 130 of later are redeemed from income all the same."""
    scene = short_of_interest(bond_forced="option")
    scene.buy_bond("cat", 50)
    scene.redeem("cat", 50)
    assert scene.free("cat", "USD") == 50
    scene.buy_bond("dan", 130)
    scene.now = 30 * DAY
    scene.wait()
    assert scene.engine.book.markets["USD"].series == {1: None}
    scene.insure("eve", 180 - 150 + 130, "USD")  # the 180 owed first; the fund has 150

    assert scene.free("dan", "USD") == 130
    assert scene.series().outstanding == 0


def test_pl_39_option_a_series_exchanged_whole_is_gone_with_its_coupon():
    """PL-D31: none is outstanding, so it keeps no dividend back; PL-D34: its coupon is nobody's any more."""
    scene = short_of_interest(bond_forced="option", insurance_reserve=[0, 1000], dividend_target=[0, 20])
    scene.buy_bond("cat", 180)
    scene.now = 40 * DAY
    scene.insure("eve", 500, "USD")
    scene.redeem("cat")
    assert scene.free("cat", "USD") == 180
    scene.now = 42 * DAY
    scene.wait()

    assert scene.series().coupon_paid == 0
    assert scene.fund("USD") == 20
    assert scene.free("bob", "USD") == 360 + 320


def test_pl_39_option_a_series_exchanged_whole_within_its_window_ends_with_it():
    scene = short_of_interest(bond_forced="option", dividend_target=[0, 20])
    scene.buy_bond("cat", 50)
    scene.redeem("cat")
    scene.now = 30 * DAY
    scene.wait()

    assert scene.engine.book.markets["USD"].series == {}
