"""V-5: what was lent to a vault comes home in exactly one of three ways, on a real chain; V-10 where it can't."""

import pytest

from tests.rules import invariants
from tests.rules.vault_stage import MONEY, VaultStage

M = MONEY


def lent(asset="BTS", days=14, collateral=20 * M, debt=10 * M, price=1000, **more):
    """ann's vault of 20 M BTS and 10 M USD with bob's least loan; CR is 2.0 · p, ICR 1.6, LMCR 1.3, MSSR 1.1."""
    stage = VaultStage(**more)
    stage.lend("bob", 100 * M, asset, "73/600", days)
    stage.prepay("ann", 1 * M, asset)
    stage.open("ann", collateral, debt)
    if price != 1000:
        stage.feed(price)
    stage.borrow("ann", None, asset)
    assert not stage.refused, stage.outcome.refusals
    stage.work()
    return stage


def item(stage, number=1):
    return stage.engine.book.unwindings[number]


def whole(stage):
    """Everything that always holds, and that the lender's pool has all it was given."""
    stage.audit()
    invariants.check(stage.engine)
    pool = stage.pool(1)
    assert (pool.available, pool.lent, pool.pending) == (100 * M, 0, 0)


def ended(asset="BTS", **more):
    """The price falls until CR is under LMCR: the short loan ends (PL-17), and is still in the vault."""
    stage = lent(asset, **more)
    stage.feed(640)
    vault = stage.vault_of("ann")
    assert stage.state(vault) == ("unwinding", "PL-17")
    assert not stage.tasks()
    return stage, vault


@pytest.mark.parametrize("asset", ["BTS", "USD"])
def test_v_5_a_it_waits_until_the_chain_lets_it_out_and_is_home_in_one_transaction(asset):
    stage, vault = ended(asset)
    stage.feed(700)
    assert not stage.tasks()
    stage.feed(801)  # CR is 1.602: over ICR without the loan
    assert stage.tasks() == ["home"]
    stage.work()

    assert (item(stage).way, item(stage).came) == ("a", item(stage).units)
    assert stage.state(vault) == ("free", "V-5")
    assert stage.on_chain(vault) == (20 * M, 10 * M)
    whole(stage)


def test_v_5_a_at_icr_exactly_the_chain_refuses_and_so_does_the_rule():
    stage, _ = ended()
    stage.feed(800)  # CR is 1.6 exactly

    assert not stage.tasks()


def test_v_5_a_the_holder_brings_it_about_by_adding_collateral():
    stage, vault = ended()
    stage.add("ann", 6 * M)
    stage.work()

    assert item(stage).way == "a"
    assert stage.state(vault) == ("free", "V-5")
    whole(stage)


@pytest.mark.parametrize("asset", ["BTS", "USD"])
def test_v_5_b_working_capital_closes_it_and_a_sale_replaces_the_capital(asset):
    stage, vault = ended(asset)
    stage.buyers(640)
    stage.insure("eve", 30 * M, "USD", "risk")
    had, risk = stage.holds("ann", "BTS"), stage.risk("USD") + 10 * M
    assert stage.tasks() == ["wind_up"]
    stage.work("vault")

    sold = -(-10 * M * 1000 * 11 // (640 * 10))
    assert stage.holds("ann", "BTS") - had == 20 * M - sold  # the rest is the holder's, in the same transaction
    assert stage.tasks() == ["replace"]
    assert item(stage).way == "b"
    assert stage.state(vault) == ("closed", "V-5")
    assert stage.risk("USD") == risk - 10 * M
    whole(stage)
    stage.work()

    assert stage.risk("USD") == risk
    assert stage.engine.book.markets["USD"].capital_out == 0
    assert stage.free("ann", "USD") > 0  # sold better than feed / MSSR: what is over is the holder's
    whole(stage)


def test_v_5_b_not_over_its_limits():
    stage, _ = ended(capital_limit=[10 * M - 1, 100 * M])
    stage.insure("eve", 30 * M, "USD", "risk")
    assert not stage.tasks()
    stage.parameters(capital_limit=[10 * M, 10 * M - 1])
    assert not stage.tasks()
    stage.parameters(capital_limit=[10 * M, 10 * M])

    assert stage.tasks() == ["wind_up"]


@pytest.mark.parametrize("asset", ["BTS", "USD"])
@pytest.mark.parametrize("capital", [0, 30 * M])
def test_v_5_c_the_chain_calls_and_the_loan_goes_home_from_what_is_left(asset, capital):
    stage, vault = ended(asset)
    if capital:  # too late for (b): it comes only after the call
        stage.parameters(capital_limit=[0, 0])
        stage.insure("eve", capital, "USD", "risk")
        stage.parameters(capital_limit=None)
        stage.orders("vault") and stage.fail(stage.orders("vault")[0])
    stage.buyers(600)
    stage.feed(610)
    assert stage.on_chain(vault) is None
    assert stage.tasks() == ["gather"]
    stage.work()

    assert (item(stage).way, item(stage).came) == ("c", item(stage).units)
    assert stage.state(vault) == ("closed", "PL-46")
    assert stage.free("ann", "BTS") > 0
    assert not stage.events("unwinding", "lost")
    whole(stage)


def test_v_5_the_chain_refuses_the_way_home_and_it_is_tried_again():
    stage, _ = ended()
    stage.feed(801)
    stage.fail(stage.orders("vault")[0])
    assert not stage.tasks()
    stage.wait(seconds=59)
    assert not stage.tasks()
    stage.wait(seconds=1)
    assert stage.tasks() == ["home"]
    stage.work()

    assert item(stage).way == "a"
    whole(stage)


def test_v_5_the_days_on_the_way_home_are_paid():
    """Paid for 14 days, home on day 20: 6 days more at the loan's rate, from the prepaid interest."""
    stage, _ = ended()
    stage.wait(days=20)
    had, prepaid = stage.free("bob", "BTS"), stage.prepaid("ann", "BTS")
    stage.feed(900)
    stage.work()

    interest = -(-item(stage).units * 73 * 6 // (600 * 365))
    assert stage.prepaid("ann", "BTS") == prepaid - interest
    assert stage.free("bob", "BTS") == had + interest - interest // 10
    whole(stage)


def test_v_5_the_days_on_the_way_home_are_claimed_of_the_fund_if_nothing_is_prepaid():
    stage, _ = ended()
    stage.unprepay("ann", "BTS")
    stage.wait(days=20)
    stage.feed(900)
    stage.work()

    claim = stage.engine.book.claims[1]
    assert (claim.lender, claim.asset, claim.paid is None) == ("bob", "BTS", claim.units > stage.fund("BTS"))
    whole(stage)


def test_v_5_a_new_loan_lets_the_old_one_home():
    stage = lent(price=810)
    vault = stage.vault_of("ann")
    stage.change_pool("bob", 1, renews=False)
    stage.feed(740)
    stage.wait(days=14)
    assert stage.state(vault) == ("unwinding", "PL-6")
    stage.lend("dan", 100 * M, "BTS", "73/600", 14)
    stage.borrow("ann", None, "BTS", pools=(2,))
    assert stage.refused == "V-6"  # both at once are not covered
    stage.add("ann", 2 * M)
    stage.work()
    stage.borrow("ann", None, "BTS", pools=(2,))
    stage.work()

    assert item(stage).way == "a"
    assert stage.state(vault) == ("protected", "PL-11")
    assert stage.pool(1).available == 100 * M
    stage.audit()


# --- V-10 ---------------------------------------------------------------------------------------------------------


def gap(asset="BTS", **more):
    """The price falls through everything at once: the chain's call brings less than what was lent."""
    stage = lent(asset, **more)
    stage.buyers(450)
    return stage


def fall(stage, price=470):
    stage.feed(price)
    stage.work()


@pytest.mark.parametrize("asset", ["BTS", "USD"])
def test_v_10_the_prepaid_interest_goes_first_then_the_funds_then_bonds_and_the_lenders_last(asset):
    stage = gap(asset)
    fall(stage)
    found = item(stage)
    lacks = found.units - found.came

    assert lacks > 0
    assert not stage.prepaid("ann", asset)
    assert stage.events("position", "short")[0][1] == "V-10"
    assert stage.series().amount > 0
    stage.audit()
    stage.wait(days=7)  # nobody buys a bond

    assert (found.way, found.lost) == ("c", found.units - found.came)
    assert found.lost > 0
    assert stage.events("unwinding", "lost")[0][1] == "V-10"
    assert "is lost" in "".join(stage.told("bob"))
    assert stage.pool(1).available == 100 * M - found.lost
    assert stage.pool(1).lent == 0
    stage.audit()


@pytest.mark.parametrize("fund", ["insurance", "risk"])
def test_v_10_a_fund_makes_it_good(fund):
    stage = gap()
    stage.insure("eve", 20 * M, "BTS", fund)
    fall(stage)

    assert (item(stage).way, item(stage).lost) == ("c", 0)
    assert stage.events("position", "made good")
    whole(stage)


def test_v_10_bonds_that_are_bought_make_it_good():
    stage = gap("USD")
    fall(stage)
    assert item(stage).came < item(stage).units
    stage.buy_bond("eve", stage.series().amount)

    assert (item(stage).way, item(stage).lost) == ("c", 0)
    whole(stage)


def test_v_10_the_lenders_of_a_position_lose_by_share():
    stage = VaultStage()
    stage.lend("bob", 2 * M, "BTS", "73/600", 14)
    stage.lend("dan", 100 * M, "BTS", "73/600", 14)
    stage.prepay("ann", 1 * M, "BTS")
    stage.open("ann", 20 * M, 10 * M)
    stage.borrow("ann", None, "BTS")
    stage.work()
    stage.buyers(470)
    stage.feed(490)
    stage.work()
    stage.wait(days=7)
    one, two = item(stage, 1), item(stage, 2)

    assert one.lost > 0
    assert two.lost > 0
    assert abs(one.lost * two.units - two.lost * one.units) <= 8 * max(one.units, two.units)
    stage.audit()
