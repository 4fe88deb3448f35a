"""V-1 to V-4: custody, the account and its authorities, what the holder may ask, and loans as orders."""

from fractions import Fraction

import pytest

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import AssetSeen, Hold, OrderFailed, PositionSeen, SharedPoolSet, VaultSeen
from bsip_mplp.rules.vault_asks import VaultOpen
from tests.rules import invariants
from tests.rules.test_vault_ends import lent
from tests.rules.vault_stage import MONEY, VaultStage

M = MONEY


def opened(collateral=20 * M, debt=10 * M, **more):
    stage = VaultStage(**more)
    stage.lend("bob", 100 * M, "BTS", "73/600", 14)
    stage.prepay("ann", 1 * M, "BTS")
    return stage, stage.open("ann", collateral, debt)


def figures(stage, vault):
    position = stage.of(vault)
    return position.collateral, position.debt


# --- V-1, V-2 -----------------------------------------------------------------------------------------------------


def test_v_1_custody_is_a_property_of_a_position_and_books_stay_as_they_were():
    stage, vault = opened()
    stage.position("cat", 20 * M, 10 * M)
    stage.prepay("cat", 1 * M, "BTS")
    stage.borrow("cat", None, "BTS")

    assert [stage.of(one).custody for one in (vault, "cat")] == ["vault", "books"]
    assert stage.live("cat") == [1]  # made at once: an entry of the ledger
    assert not stage.tasks()
    assert "does not keep the chain from calling you" in "".join(stage.told("cat"))
    invariants.check(stage.engine)


def test_v_2_the_account_is_made_and_nothing_goes_in_before_its_authorities_were_read_back():
    stage = VaultStage()
    stage.open("ann", 20 * M, 10 * M, work=False)
    assert [order.kind for order in stage.orders()] == ["vault_open"]
    order = stage.orders()[0]
    stage.chain.account(order.account, core=0)
    stage.done(order)
    assert not stage.tasks()
    stage.put(VaultSeen(time=0, account=order.account, sound=True))

    assert stage.tasks() == ["enter"]


def test_v_2_where_no_vaults_are_kept_the_money_is_back_at_once_and_no_other_name_is_tried():
    stage = VaultStage()
    stage.open("ann", 20 * M, 10 * M, work=False)
    assert stage.engine.book.free("ann", "BTS") == 0
    (order,) = stage.orders()
    stage.put(OrderFailed(time=stage.now, order=order.number, reason="this operator keeps no vaults", final=True))

    assert stage.engine.book.free("ann", "BTS") == 20 * M
    assert not stage.orders()
    assert "Nothing was opened in" in stage.told("ann")[-1]
    assert "this operator keeps no vaults. The money is your free balance." in stage.told("ann")[-1]
    invariants.check(stage.engine)


def test_v_2_with_other_authorities_nothing_goes_in_and_the_money_is_back():
    stage = VaultStage()
    stage.open("ann", 20 * M, 10 * M, work=False)
    stage._make(stage.orders()[0], sound=False)

    assert not stage.tasks()
    assert stage.free("ann", "BTS") == 20 * M
    assert "another key" in "".join(stage.told("ann"))
    stage.open("ann", 20 * M, 10 * M)
    assert stage.free("ann", "BTS") == 40 * M


def test_v_2_a_name_that_is_taken_is_followed_by_the_next_and_after_five_the_money_is_back():
    stage = VaultStage()
    stage.open("ann", 20 * M, 10 * M, work=False)
    stage.fail(stage.orders()[0], "name taken")
    assert stage.orders()[0].account == "mplp-vault-2"
    for _ in range(4):
        stage.fail(stage.orders()[0], "name taken")

    assert not stage.tasks()
    assert stage.free("ann", "BTS") == 20 * M


def test_v_2_one_vault_for_each_holder_and_market_and_it_is_used_again():
    stage, vault = opened()
    stage.deposit("ann", 20 * M, "BTS", VaultOpen(market="USD", debt=10 * M))
    assert stage.refused == "V-3"
    stage.close("ann", 10 * M)
    stage.work()
    assert stage.on_chain(vault) is None
    stage.open("ann", 30 * M, 10 * M)

    assert len(stage.engine.book.vaults) == 1
    assert figures(stage, vault) == (30 * M, 10 * M)
    stage.audit()


# --- V-3 ----------------------------------------------------------------------------------------------------------


def test_v_3_opening_pays_the_debt_drawn_to_the_holder():
    stage = VaultStage()
    had = stage.holds("ann", "USD")
    vault = stage.open("ann", 20 * M, 10 * M)

    assert stage.on_chain(vault) == (20 * M, 10 * M)
    assert stage.holds("ann", "USD") - had == 10 * M
    assert stage.holds(vault, "BTS") == 0
    stage.audit()


@pytest.mark.parametrize(("collateral", "debt", "rule"), [(16 * M, 10 * M, "V-3"), (16 * M + 1, 10 * M, None)])
def test_v_3_opening_needs_cr_over_icr(collateral, debt, rule):
    stage = VaultStage()
    stage.deposit("ann", collateral, "BTS", VaultOpen(market="USD", debt=debt))

    assert stage.refused == rule


def test_v_3_a_feed_that_falls_meanwhile_gives_the_collateral_back():
    stage = VaultStage()
    stage.open("ann", 17 * M, 10 * M, work=False)
    stage.feed(900)
    stage.work()

    assert stage.free("ann", "BTS") == 17 * M
    assert stage.engine.book.position("USD", "mplp-vault-1") is None


def test_v_3_add_pay_draw_and_take_are_carried_out_on_the_chain():
    stage, vault = opened()
    stage.add("ann", 2 * M)
    stage.work()
    stage.pay("ann", 1 * M)
    stage.work()
    assert stage.on_chain(vault) == figures(stage, vault) == (22 * M, 9 * M)
    had = stage.holds("ann", "BTS"), stage.holds("ann", "USD")
    stage.draw("ann", 1 * M)
    stage.work()
    stage.take("ann", 3 * M)
    stage.work()

    assert stage.on_chain(vault) == figures(stage, vault) == (19 * M, 10 * M)
    assert (stage.holds("ann", "BTS") - had[0], stage.holds("ann", "USD") - had[1]) == (3 * M, 1 * M)
    stage.audit()


@pytest.mark.parametrize(("units", "rule"), [(4 * M, "V-3"), (4 * M - 1, None)])
def test_v_3_what_remains_holds_cr_over_icr_by_own_collateral_alone(units, rule):
    stage, _ = opened()
    stage.take("ann", units)
    assert stage.refused == rule


def test_v_3_while_a_loan_is_live_what_remains_holds_pl_14_and_the_cover():
    stage, _ = opened()
    stage.borrow("ann", 8 * M, "BTS")
    stage.work()
    stage.take("ann", 8 * M)
    assert stage.refused == "PL-14"  # CR would be 1.2
    stage.take("ann", 1 * M)
    assert stage.refused == "V-6"  # 8 of 27 is over (MCR - MSSR) / MCR
    stage.take("ann", M // 10)
    assert stage.refused is None
    stage.work()
    stage.feed(850)
    stage.draw("ann", 7 * M)
    assert stage.refused == "PL-14"
    stage.audit()


def test_v_3_requests_follow_the_order_under_way():
    stage, vault = opened()
    stage.add("ann", 1 * M)
    stage.add("ann", 2 * M)
    stage.take("ann", 100 * M)
    stage.draw("ann", 1 * M)
    assert stage.tasks() == ["add"]
    assert len(stage.engine.book.vaults[vault].queue) == 3
    stage.work()

    assert figures(stage, vault) == (23 * M, 11 * M)  # the third was refused when its turn came
    assert any(refusal.rule == "V-3" for out in stage.outcomes for refusal in out.refusals)
    stage.audit()


def test_v_3_closing_brings_every_loan_home_in_one_transaction():
    stage = lent()
    stage.lend("dan", 100 * M, "USD", "73/600", 14)
    stage.prepay("ann", 1 * M, "USD")
    stage.borrow("ann", 1 * M, "USD")
    stage.work()
    vault = stage.vault_of("ann")
    had = stage.holds("ann", "BTS")
    stage.close("ann", 10 * M)
    stage.work()

    assert stage.state(vault) == ("closed", "PL-46")
    assert stage.holds("ann", "BTS") - had == 20 * M
    assert [stage.pool(number).available for number in (1, 2)] == [100 * M, 100 * M]
    assert stage.free("ann", "USD") == 0
    stage.audit()
    invariants.check(stage.engine)


def test_v_3_an_own_position_is_moved_in_by_its_collateral_and_its_debt():
    """It is closed in the own account and the collateral sent along, in one transaction of the holder's."""
    stage = VaultStage()
    stage.position("ann", 20 * M, 10 * M)
    stage.position("ann", 0, 0)
    vault = stage.open("ann", 20 * M, 10 * M)
    stage.lend("bob", 100 * M, "BTS", "73/600", 14)
    stage.prepay("ann", 1 * M, "BTS")
    stage.borrow("ann", None, "BTS")  # her own account's position is closed: the vault's is meant
    stage.work()

    assert stage.of(vault).loans == [1]


def test_v_3_and_pl_d39_nothing_under_the_least_size_is_done_on_the_chain():
    """Each order of a vault costs the operator the chain's fees."""
    stage, _ = opened()
    for asset, precision in (("BTS", 5), ("USD", 4)):
        stage.put(AssetSeen(time=0, symbol=asset, precision=precision, least_size=1000))
    for ask in (stage.add, stage.pay, stage.take, stage.draw):
        ask("ann", 999)
        assert stage.refused == "PL-D39"
    for collateral, debt in ((999, 1), (5000, 999)):
        stage.deposit("cat", collateral, "BTS", VaultOpen(market="USD", debt=debt))
        assert stage.refused == "PL-D39"
    stage.add("ann", 1000)

    assert stage.refused is None


def test_v_3_a_stranger_moves_nothing():
    stage, vault = opened()
    for ask in (stage.take, stage.draw):
        ask("cat", 1 * M, position=vault)
        assert stage.refused == "PL-28"
    stage.take("cat", 1 * M)
    assert stage.refused == "V-3"


# --- V-4 ----------------------------------------------------------------------------------------------------------


def test_v_4_a_loan_is_real_when_its_order_is_done():
    stage, vault = opened()
    stage.borrow("ann", None, "BTS")
    units = stage.pool(1).pending
    assert stage.pool(1).available == 100 * M - units
    assert stage.of(vault).lp1 == 0
    assert stage.free("bob", "BTS") == 0
    stage.work()

    assert (stage.of(vault).lp1, stage.pool(1).lent, stage.pool(1).pending) == (units, units, 0)
    assert stage.on_chain(vault) == (20 * M + units, 10 * M)
    assert figures(stage, vault) == (20 * M, 10 * M)
    assert stage.free("bob", "BTS") > 0
    stage.audit()


def test_v_4_lp2_pays_debt():
    stage = lent("USD")
    vault = stage.vault_of("ann")
    lp2 = stage.of(vault).lp2

    assert lp2 > 0
    assert stage.on_chain(vault) == (20 * M, 10 * M - lp2)
    assert figures(stage, vault) == (20 * M, 10 * M)
    stage.audit()


def test_v_4_refused_by_the_chain_it_was_never_made_and_all_is_back_exactly():
    stage, vault = opened()
    before = stage.engine.ledger.balances(), stage.of(vault).as_json(), stage.pool(1).as_json()
    stage.borrow("ann", None, "BTS")
    stage.fail(stage.orders()[0])

    assert (stage.engine.ledger.balances(), stage.of(vault).as_json(), stage.pool(1).as_json()) == before
    assert not stage.engine.book.loans
    assert "never made" in "".join(stage.told("ann"))


def test_v_4_the_terms_are_those_of_when_it_was_asked_for():
    stage, _ = opened()
    stage.borrow("ann", None, "BTS")
    stage.change_pool("bob", 1, rate=Fraction(1, 2))
    stage.work()

    assert stage.loan(1).rate == Fraction(73, 600)


def test_v_4_one_order_at_a_time_and_all_parts_of_a_request_in_one_transaction():
    stage, vault = opened()
    stage.lend("dan", 2 * M, "BTS", "1/100", 14)
    stage.borrow("ann", None, "BTS")
    stage.borrow("ann", None, "BTS")
    assert stage.refused == "V-4"
    stage.work()

    assert [stage.loan(number).lender for number in stage.live(vault)] == ["dan", "bob"]
    assert len({order.number for order in stage.engine.book.orders.values() if order.task.name == "lend"}) == 1
    stage.audit()


def test_v_4_standing_protection_orders_its_loan_in_the_step_of_the_feed():
    stage, _ = opened()
    stage.protect("ann", at=Fraction(17, 10))
    stage.feed(840)

    assert stage.tasks() == ["lend"]
    stage.work()
    assert stage.live(stage.vault_of("ann")) == [1]


def test_v_4_a_request_armed_before_the_vault_is_open_is_for_it():
    stage = VaultStage()
    stage.lend("bob", 100 * M, "BTS", "73/600", 14)
    stage.prepay("ann", 1 * M, "BTS")
    stage.open("ann", 20 * M, 10 * M, work=False)
    stage.protect("ann", at=Fraction(17, 10))
    stage.work()
    stage.feed(840)

    assert stage.tasks() == ["lend"]


def test_v_3_opening_that_the_chain_refuses_gives_the_collateral_back():
    stage = VaultStage()
    stage.open("ann", 20 * M, 10 * M, work=False)
    stage.carry_out(stage.orders()[0])
    assert stage.tasks() == ["enter"]
    stage.fail(stage.orders()[0])

    assert stage.free("ann", "BTS") == 20 * M
    assert not stage.tasks()
    stage.audit()


def test_sp_18_a_vault_takes_no_part_in_the_shared_pool():
    stage, _ = opened()
    stage.put(SharedPoolSet(time=0, market="USD"))
    stage.deposit("ann", 1 * M, "USD", Hold(market="USD"))

    assert stage.refused == "SP-18"


def test_v_4_the_chain_does_not_call_where_it_would_have():
    """V-4 is what vaults are for: the same position with a loan outlives the price that takes the one without."""
    stage = lent(price=850)
    stage.deposit("cat", 20 * M, "BTS", VaultOpen(market="USD", debt=10 * M))
    stage.work()
    stage.buyers(720)
    stage.feed(770)  # CR is 1.54, under MCR; ann's LCR is over it

    assert stage.on_chain(stage.vault_of("cat")) is None
    assert stage.on_chain(stage.vault_of("ann")) is not None
    stage.work()
    stage.audit()


def test_g_6_a_vault_that_is_not_known_is_refused():
    engine = Engine()
    seen = PositionSeen(time=0, market="USD", account="nobody", collateral=1, debt=1, custody="vault")

    assert engine.apply(seen).refusals[0].rule == "V-2"
    assert engine.apply(VaultSeen(time=0, account="nobody", sound=True)).refusals[0].rule == "V-2"
