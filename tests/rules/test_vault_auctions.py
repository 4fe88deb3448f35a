"""V-7 to V-9: auctions, takeovers and carrying of positions in vaults, on a real chain."""

import pytest

from tests.rules import invariants
from tests.rules.vault_stage import MONEY, VaultStage

M = MONEY


def long_lent(asset="USD", **more):
    """ann's vault of 14 M BTS and 10 M USD with 2 M USD (or 3.5 M BTS) of bob's long pool: CR 1.4 · p, LCR 1.75 · p.

    MCR is 1.55, with the buffer 1.6275: under p = 0.93 the auction begins, at 0.8857 the chain would call.
    """
    stage = VaultStage(**more)
    stage.lend("bob", 100 * M, asset, "73/600", 60, period_days=30)
    stage.prepay("ann", 1 * M, asset)
    stage.feed(1200)
    vault = stage.open("ann", 14 * M, 10 * M)
    stage.feed(1000)
    stage.borrow("ann", 2 * M if asset == "USD" else 35 * M // 10, asset)
    assert not stage.refused, stage.outcome.refusals
    stage.work()
    return stage, vault


def auctioned(price=925, **more):
    stage, vault = long_lent(**more)
    stage.feed(price)
    stage.wait(seconds=60)
    assert stage.of(vault).auction is not None
    return stage, vault


def whole(stage):
    stage.audit()
    invariants.check(stage.engine)


def test_v_7_the_auction_begins_over_mcr():
    stage, vault = long_lent()
    stage.feed(930)  # LCR is 1.6275 exactly
    stage.wait(seconds=60)
    assert stage.state(vault)[0] == "protected"
    stage.feed(929)
    stage.wait(seconds=59)
    assert stage.state(vault)[0] == "protected"
    stage.wait(seconds=1)

    assert stage.state(vault) == ("in_auction", "PL-22")


def test_v_7_the_risk_fund_holds_the_ratio_while_the_auction_lasts_and_has_it_back_first():
    stage, vault = auctioned()
    stage.insure("eve", 10 * M, "BTS", "risk")
    stage.work()
    risk = stage.risk("BTS")
    for price in (900, 880, 850):
        stage.feed(price)
        stage.work()
        collateral, debt = stage.on_chain(vault)
        assert collateral * price >= 1.6275 * debt * 1000
        assert collateral * price - price < 1.6275 * debt * 1000  # and not more than that
    assert stage.of(vault).buffer > 0
    assert stage.risk("BTS") < risk
    whole(stage)
    stage.feed(1000)
    stage.wait(seconds=60)
    assert stage.state(vault) == ("protected", "PL-31")
    stage.work()

    assert stage.of(vault).buffer == 0
    assert stage.risk("BTS") == 10 * M
    assert stage.engine.book.markets["USD"].buffer_out == 0
    assert stage.on_chain(vault) == (14 * M, 8 * M)
    whole(stage)


@pytest.mark.parametrize("limit", [[M // 10, M], [M, M // 10]])
def test_v_7_not_over_its_limits_and_then_v_5_c_applies(limit):
    stage, vault = auctioned(buffer_limit=limit)
    stage.insure("eve", 10 * M, "BTS", "risk")
    stage.buyers(860)
    stage.feed(870)
    stage.work()

    assert stage.on_chain(vault) is None
    assert stage.state(vault) == ("closed", "PL-46")
    assert stage.engine.book.unwindings[1].way == "c"
    assert stage.pool(1).available == 100 * M
    assert stage.risk("BTS") >= 10 * M  # the buffer is back too
    whole(stage)


def test_v_8_a_takeover_moves_nothing_and_a_win_only_the_holders_half_of_the_owner_authority():
    stage, vault = auctioned(price=780)  # CR 1.092 < MSSR; the chain has no buyers
    assert stage.state(vault)[0] == "taken_over"
    assert not stage.tasks()
    figures = stage.on_chain(vault)
    stage.take("ann", 1)
    assert stage.refused == "PL-48"
    stage.bid("cat", 1 * M)
    stage.wait(seconds=900)

    assert stage.of(vault).holder == "cat"
    (order,) = stage.orders()
    assert (order.kind, order.account, order.to) == ("vault_owner", vault, "cat")
    assert stage.on_chain(vault) == figures
    stage.done(order)
    assert stage.engine.book.vaults[vault].holder == "cat"
    stage.add("ann", 1 * M, position=vault)
    assert stage.refused == "PL-28"
    stage.add("cat", 1 * M)
    stage.work()
    assert stage.of(vault).collateral == 15 * M
    whole(stage)


def test_v_8_the_owner_authority_that_is_not_changed_leaves_the_holder_of_the_ledger():
    stage, vault = auctioned()
    stage.bid("cat", 1 * M)
    stage.wait(seconds=900)
    stage.fail(stage.orders()[0], "not approved in time")

    assert stage.of(vault).holder == "cat"
    assert "not approved" in "".join(stage.told("cat"))


def test_v_3_and_pl_31_in_an_auction_collateral_may_be_added_as_it_cures():
    stage, vault = auctioned()
    stage.take("ann", 1)
    assert stage.refused == "PL-48"
    stage.wait(seconds=60)
    stage.add("ann", 1 * M)
    stage.work()

    assert stage.state(vault) == ("protected", "PL-31")
    whole(stage)


def carried(**more):
    stage, vault = auctioned(**more)
    stage.wait(days=2)
    assert stage.state(vault) == ("carried", "PL-33")
    stage.work()
    return stage, vault


def test_v_9_the_fund_pays_debt_by_a_real_operation():
    """CR is 1.295 at 0.925: the least that makes it over LMCR 1.3."""
    stage, vault = carried()
    assert stage.of(vault).debt < 10 * M  # by what it had of interest
    stage.insure("eve", 1 * M, "USD")
    assert stage.tasks() == ["pay_down"]
    stage.work()
    collateral, debt = stage.of(vault).collateral, stage.of(vault).debt

    assert collateral * 925 > 1.3 * debt * 1000
    assert stage.on_chain(vault) == (collateral, debt - 2 * M)
    whole(stage)


def test_v_9_refused_by_the_chain_the_money_is_the_funds_again():
    stage, _ = carried()
    stage.insure("eve", 1 * M, "USD")
    held, units = stage.fund("USD"), stage.orders()[0].units
    stage.fail(stage.orders()[0])

    assert stage.fund("USD") == held + units
    assert not stage.tasks()
    stage.wait(seconds=60)
    assert stage.tasks() == ["pay_down"]
    whole(stage)


def test_v_9_over_lmcr_it_is_closed_with_working_capital_and_what_is_left_is_the_funds():
    stage, vault = carried()
    stage.buyers(930)
    stage.insure("eve", 40 * M, "USD", "risk")
    risk = stage.risk("USD") + stage.engine.ledger.balance("risk_lent/USD", "USD")
    stage.feed(960)  # CR 1.344
    assert stage.tasks() == ["wind_up"]
    stage.work()

    assert stage.state(vault) == ("closed", "PL-46")
    assert stage.pool(1).available == 100 * M
    assert stage.fund("BTS") > 0
    assert stage.risk("USD") >= risk
    whole(stage)


@pytest.mark.parametrize("refused", [False, True])
def test_v_9_the_insurance_fund_pays_what_the_capital_lacks(refused):
    """The capital is limited to 4 M of a debt of nearly 10 M; the sale pays that back first, the rest is the fund's."""
    stage, vault = carried(capital_limit=[4 * M, 4 * M])
    stage.buyers(930)
    stage.insure("eve", 40 * M, "USD", "risk")
    stage.feed(960)
    assert not stage.tasks()
    stage.insure("eve", 8 * M, "USD")
    assert stage.tasks() == ["wind_up"]
    if refused:
        before = stage.engine.book.markets["USD"].capital_out
        stage.fail(stage.orders()[0])
        assert (before, stage.engine.book.markets["USD"].capital_out) == (4 * M, 0)
        stage.wait(seconds=60)
    held, risk = stage.fund("USD"), stage.risk("USD")
    stage.work()

    assert stage.state(vault) == ("closed", "PL-46")
    assert stage.risk("USD") >= risk + 4 * M
    assert stage.fund("USD") > held
    assert stage.engine.book.markets["USD"].capital_out == 0
    assert stage.pool(1).available == 100 * M
    whole(stage)


def test_v_9_a_black_position_is_closed_by_who_pays_its_debt():
    stage, vault = carried()
    stage.wait(days=22)
    stage.wait(days=9)
    stage.work()
    assert stage.state(vault)[0] == "black"
    stage.deposit("cat", 30 * M, "USD")
    had = stage.holds("cat", "BTS")
    stage.close_black("cat", vault)
    assert not stage.refused, stage.outcome.refusals
    stage.work()

    assert stage.state(vault)[0] == "closed"
    assert stage.holds("cat", "BTS") - had == 14 * M
    assert stage.pool(1).available == 100 * M
    stage.audit()
