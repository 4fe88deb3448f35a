"""The insurance fund and the risk fund: what reaches them, and in which order the first one pays (PL-35, PL-40)."""

import pytest

from tests.rules.scene import DAY, Scene, carried, protected


def test_pl_10_the_cut_of_interest_is_the_funds_first_income():
    """200 of interest: 180 to bob, 20 to the fund, of which 20 %, 4, to the risk fund."""
    scene = protected()

    assert scene.free("bob", "USD") == 180
    assert (scene.fund("USD"), scene.risk("USD")) == (16, 4)


def test_pl_42_anyone_may_add_to_the_fund_and_it_is_income():
    scene = Scene()
    scene.insure("eve", 1000, "USD")
    scene.insure("eve", 501, "BTS")

    assert (scene.fund("USD"), scene.risk("USD")) == (800, 200)
    assert (scene.fund("BTS"), scene.risk("BTS")) == (401, 100)  # 20 % of 501 are 100.2 (PL-D29)


def test_pl_35_the_risk_fund_is_filled_by_deposits():
    scene = Scene()
    scene.insure("eve", 1000, "USD", fund="risk")

    assert (scene.fund("USD"), scene.risk("USD")) == (0, 1000)


def test_pl_42_an_asset_of_another_market_is_refused_with_the_money_as_free_balance():
    scene = Scene()
    scene.insure("eve", 1000, "GOLD")

    assert scene.refused == "PL-42"
    assert scene.free("eve", "GOLD") == 1000


def test_pl_d29_the_risk_share_is_rounded_down():
    scene = Scene()
    scene.insure("eve", 9, "USD")

    assert (scene.fund("USD"), scene.risk("USD")) == (8, 1)


def test_pl_35_the_risk_fund_replaces_loans_of_carried_positions():
    """500 of 20,000: bob has them back, the position keeps lp2, and the fund pays interest on 19,500 only.

    195 less 19 are 176. Interest already taken is not returned (PL-D30).
    """
    scene = carried(risk_share="0")
    scene.insure("eve", 500, "USD", fund="risk")

    assert (scene.pool(1).available, scene.pool(1).lent) == (30_500, 19_500)
    assert scene.of("ann").lp2 == 20_000
    assert scene.risk("USD") == 0
    assert scene.engine.state()["risk_lent"] == {"USD": {"USD": 500}}
    scene.insure("eve", 1000, "USD")
    scene.now = 23 * DAY
    scene.wait()
    assert scene.free("bob", "USD") == 180 + 176


def test_pl_d30_lowest_loan_number_first_in_the_same_asset():
    """The risk fund has 25,000 USD and 7,000 BTS: loan 1 (20,000) whole, 5,000 of loan 2; loan 3 is of BTS."""
    scene = protected(risk_share="0")
    scene.lend("dan", 10_000, "USD", "73/600", 60, period_days=30)
    scene.lend("fay", 10_000, "BTS", "73/600", 60, period_days=30)
    scene.prepay("ann", 100, "USD")
    scene.prepay("ann", 100, "BTS")
    scene.borrow("ann", 10_000, "USD", pools=(2,))
    scene.borrow("ann", 10_000, "BTS", pools=(3,))
    scene.feed(720)  # LCR 150,000 · 0.72 / 70,000 = 1.543, CR 1.008
    scene.wait(seconds=60)
    scene.wait(days=2)
    assert scene.state("ann") == ("carried", "PL-33")
    scene.insure("eve", 25_000, "USD", fund="risk")
    scene.insure("eve", 7_000, "BTS", fund="risk")

    assert scene.loan(1).ended_by == "PL-35"
    assert (scene.loan(2).principal, scene.loan(3).principal) == (5_000, 3_000)


def test_pl_d49_the_risk_fund_lends_to_nobody_else():
    """A protected position, and one in auction, borrow nothing of it; nobody can name it as a pool."""
    scene = protected()
    scene.insure("eve", 5_000, "USD", fund="risk")
    scene.feed(880)
    scene.wait(seconds=60)

    assert scene.state("ann") == ("in_auction", "PL-22")
    assert scene.risk("USD") == 5_004
    assert scene.loan(1).principal == 20_000


def test_pl_35_what_the_risk_fund_lent_comes_back_in_full():
    """PL-I1 for the risk fund too: closed by the chain, or free again."""
    for ends in (lambda scene: scene.position("ann", 0, 0), lambda scene: scene.feed(1000)):
        scene = carried(risk_share="0")
        scene.insure("eve", 500, "USD", fund="risk")
        ends(scene)
        assert scene.risk("USD") == 500
        assert (scene.pool(1).available, scene.of("ann").lp2) == (50_000, 0)


def test_pl_d66_interest_is_paid_from_the_reserve_too():
    """The reserve of 1,000 bounds what goes into debts; the interest of 180 on day 23 comes out of it."""
    scene = carried("protocol", risk_share="0", insurance_reserve=[0, 1000])
    scene.insure("eve", 980, "USD")
    assert scene.open_orders("ann") == []
    scene.now = 23 * DAY
    scene.wait()

    assert scene.free("bob", "USD") == 360
    assert scene.fund("USD") == 820


def test_pl_d28_reserve_and_target_are_pairs_one_amount_for_each_asset():
    scene = Scene()
    scene.parameters(insurance_reserve=[5, 7], dividend_target=[50, 70])
    parameters = scene.engine.book.markets["USD"].parameters
    assert (parameters.insurance_reserve, parameters.dividend_target) == ((5, 7), (50, 70))
    for bad in (5, [5], [-1, 5], ["5", 5]):
        scene.parameters(insurance_reserve=bad)
        assert scene.refused == "PL-D7"


def test_pl_40_interest_goes_before_debt():
    """180 fall due on day 23 of a position in protocol custody; 100 that came before had gone into its debt."""
    scene = carried("protocol", risk_share="0")
    scene.insure("eve", 100, "USD")
    assert sum(order.units for order in scene.open_orders("ann")) == 120
    scene.now = 23 * DAY
    scene.wait()
    assert len(scene.loan(1).unpaid) == 1
    scene.insure("eve", 250, "USD")

    assert scene.loan(1).unpaid == []
    assert sum(order.units for order in scene.open_orders("ann")) == 120 + 70


def test_pl_40_bonds_go_before_debt():
    """On day 23 180 are owed; the series of 180 + the debt is bought for 1,000; on day 30 the window ends.

    cat's 1,000 pay the 180, and 820 go into debt. From then on income redeems: 400 come in, all go to cat.
    """
    scene = carried("protocol", risk_share="0")
    scene.now = 23 * DAY
    scene.wait()
    scene.buy_bond("cat", 1000)
    scene.now = 30 * DAY
    scene.wait()
    ordered = sum(order.units for order in scene.open_orders("ann"))
    assert ordered == 20 + 820
    scene.insure("eve", 400, "USD")

    assert scene.free("cat", "USD") == 400
    assert sum(order.units for order in scene.open_orders("ann")) == ordered


def test_pl_40_dividends_come_last_and_not_while_a_bond_is_outstanding():
    """PL-D31: the date of day 35 passes without a dividend; after the redemption there is one on day 42.

    On day 30 and a second the coupon of 160 is some millionths, rounded up 1: 99 of 100 redeem. On day 35 the coupon
    of 61 is 0.04, rounded up 1: 62 of 1,000 go to cat. 938 are left, 918 over the target.
    """
    scene = carried(risk_share="0", dividend_target=[0, 20])
    scene.now = 23 * DAY
    scene.wait()
    scene.buy_bond("cat", 160)  # with the fund's 20 that pays bob's 180: nothing is owed
    scene.now = 30 * DAY + 1
    scene.wait()
    assert scene.state("ann") == ("carried", "PL-33")
    scene.insure("eve", 100, "USD")
    assert scene.fund("USD") == 0
    scene.now = 35 * DAY
    scene.wait()
    scene.insure("eve", 1000, "USD")
    assert (scene.free("cat", "USD"), scene.fund("USD")) == (162, 938)
    assert scene.free("bob", "USD") == 360
    scene.now = 42 * DAY
    scene.wait()

    assert scene.fund("USD") == 20
    assert scene.free("bob", "USD") == 360 + 918


@pytest.mark.parametrize(("cut", "risk"), [(20, 4), (29, 5), (4, 0)])
def test_pl_d5_the_cut_is_taken_of_what_is_paid_after_conversion(cut, risk):
    """Interest of 200 USD in BTS: at 1.0 200; at 0.69 289.9, rounded up 290; at 5.0 40."""
    price = {20: 1000, 29: 690, 4: 5000}[cut]
    scene = Scene()
    scene.feed(price)
    scene.lend("bob", 20_000, "USD", "73/600", 30, interest_asset="BTS")
    scene.prepay("ann", 300, "BTS")
    scene.position("ann", 140_000 * 1000 // price, 100_000)
    scene.borrow("ann", 20_000, "USD")

    assert scene.fund("BTS") + scene.risk("BTS") == cut
    assert scene.risk("BTS") == risk
