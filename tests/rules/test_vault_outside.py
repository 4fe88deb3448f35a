"""V-11: what is done to a vault from outside is seen in the next irreversible block, and booked exactly."""

import pytest

from bsip_mplp.rules.inputs import PositionSeen, VaultBalance, VaultSeen
from tests.rules import invariants
from tests.rules.test_vault_ends import item, lent
from tests.rules.vault_stage import MONEY, WHALE

M = MONEY
GLOBAL, NO_SETTLEMENT, TO_FUND, TO_ORDER = 0, 1, 2, 3


def whole(stage):
    stage.audit()
    invariants.check(stage.engine)


def test_v_11_a_settlement_takes_of_debt_and_collateral_and_what_is_lent_stays_whole():
    stage = lent(price=810)
    vault = stage.vault_of("ann")
    before = stage.on_chain(vault)
    stage.chain.settle(WHALE, 1 * M, "USD")
    stage.chain.chain.advance(3600)
    stage.sync()
    after, position = stage.on_chain(vault), stage.of(vault)

    assert after != before
    assert (position.collateral, position.debt) == (20 * M + after[0] - before[0], 10 * M + after[1] - before[1])
    assert stage.events("position", "changed from outside") == [(0, "V-11", f"USD/{vault}")]
    assert "from outside" in "".join(n.text for out in stage.outcomes for n in out.notices if n.rule == "V-11")
    whole(stage)


def test_v_11_a_margin_call_in_parts_is_booked_part_by_part():
    stage = lent()
    vault = stage.vault_of("ann")
    stage.buyers(600, units=5 * M)
    stage.feed(610)
    assert 0 < stage.on_chain(vault)[1] < 10 * M
    assert (stage.of(vault).chain_collateral, stage.of(vault).chain_debt) == stage.on_chain(vault)
    whole(stage)
    stage.buyers(540)
    stage.feed(550)  # what is left is over MCR again until then
    stage.work()

    assert stage.state(vault)[0] == "closed"
    assert item(stage).way == "c"
    assert stage.pool(1).available == 100 * M
    whole(stage)


@pytest.mark.parametrize("response", [GLOBAL, NO_SETTLEMENT, TO_FUND, TO_ORDER])
def test_v_11_a_black_swan_with_each_response_method(response):
    """The price falls under everything: what the chain leaves goes home, and what lacks is V-10's."""
    stage = lent(response=response)
    vault = stage.vault_of("ann")
    stage.feed(300)
    stage.work()
    stage.audit()
    closed = stage.on_chain(vault) is None

    assert closed == (response != NO_SETTLEMENT)
    assert (stage.state(vault)[0] == "closed") == closed
    if closed:
        stage.wait(days=7)
        assert item(stage).way == "c"
        assert item(stage).lost > 0
        assert stage.events("unwinding", "lost")
        assert not stage.engine.book.markets["USD"].short
    else:  # it stays, with its price capped: nothing goes home, and nothing is lost yet
        assert item(stage).way == ""
    stage.audit()


def test_v_11_nothing_is_left_and_it_is_counted_all_the_same():
    stage = lent(response=TO_FUND)
    vault = stage.vault_of("ann")
    stage.feed(200)

    assert stage.holds(vault, "BTS") == 0
    assert not stage.of(vault).called
    assert item(stage).came < item(stage).units
    stage.audit()


def test_v_11_what_somebody_sends_to_the_vault_is_seen_and_the_holders_once_it_is_closed():
    stage = lent()
    vault = stage.vault_of("ann")
    stage.chain.transfer(WHALE, vault, 7, "USD")
    stage.sync()
    assert stage.engine.book.vaults[vault].loose == {"USD": 7}
    stage.audit()
    stage.close("ann", 10 * M)
    stage.work()
    stage.sync()
    had = stage.holds("ann", "USD")
    stage.close("ann")
    assert stage.tasks() == ["take_loose"]
    stage.work()

    assert stage.holds("ann", "USD") - had == 7
    assert stage.engine.book.vaults[vault].loose == {}
    whole(stage)


def test_v_11_an_authority_that_was_changed_is_told_and_nothing_more_goes_in():
    stage = lent()
    vault = stage.vault_of("ann")
    stage.put(VaultSeen(time=0, account=vault, sound=False, reason="an owner key was added"))
    for who in ("ann", "bob", "operator"):
        assert "an owner key was added" in "".join(stage.told(who))
    stage.prepay("ann", 1 * M, "BTS")
    stage.borrow("ann", 1 * M, "BTS")
    assert stage.refused == "V-2"
    stage.add("ann", 1 * M)
    assert stage.refused == "V-2"
    stage.put(VaultSeen(time=0, account=vault, sound=False, reason="an owner key was added"))
    assert not stage.told("ann")
    stage.put(VaultSeen(time=0, account=vault, sound=True))
    stage.add("ann", 1 * M)

    assert stage.refused is None


def test_v_11_the_owner_of_the_asset_changes_mcr():
    """MCR rises over LCR: the chain calls, and the loan comes home from what is left."""
    stage = lent()
    vault = stage.vault_of("ann")
    stage.buyers(990)
    stage.feed(1000, mcr=2500, icr=2600)
    stage.work()

    assert stage.state(vault)[0] == "closed"
    assert item(stage).way == "c"
    assert stage.pool(1).available == 100 * M
    whole(stage)


def test_v_11_the_lenders_are_told_if_the_cover_is_not_enough_any_more():
    """MSSR rises from 1.1 to 1.28: (MCR - MSSR) / MCR of 24.6 is 4.3, and 4.6 are lent; V-12 is told with it."""
    stage = lent()
    stage.feed(1000, mssr=1280)

    assert stage.events("position", "uncovered") == [(0, "V-11", f"USD/{stage.vault_of('ann')}")]
    assert "would lack" in "".join(stage.told("bob"))
    assert stage.events("market", "uncovered") == [(0, "V-12", "USD")]
    stage.feed(999)
    assert len(stage.events("position", "uncovered")) == 1
    stage.feed(1000, mssr=1100)

    assert stage.events("market", "covered") == [(0, "V-12", "USD")]


def test_v_11_the_chain_calls_in_the_block_of_an_order():
    """The order fails for good, and only then is the position seen: closed."""
    stage = lent()
    vault = stage.vault_of("ann")
    stage.buyers(600)
    stage.add("ann", 1 * M)
    (order,) = stage.orders()
    stage.feed(610)  # the chain has called meanwhile; nothing is reported while the order is open
    assert stage.state(vault)[0] != "closed"
    stage.carry_out(order)
    assert stage.free("ann", "BTS") == 1 * M
    stage.work()

    assert item(stage).way == "c"
    assert stage.pool(1).available == 100 * M
    whole(stage)


def test_v_11_figures_with_an_order_under_way_are_neither_before_nor_after_it():
    stage = lent()
    vault = stage.vault_of("ann")
    stage.add("ann", 1 * M)
    before = stage.engine.state()
    stage.put(PositionSeen(time=0, market="USD", account=vault, collateral=1, debt=1, custody="vault"))
    stage.put(VaultBalance(time=0, account=vault, asset="USD", units=5))

    assert stage.engine.state() == before


def test_v_11_a_watcher_that_knows_no_custody_does_no_harm():
    stage = lent()
    vault = stage.vault_of("ann")
    seen = stage.on_chain(vault)
    stage.put(PositionSeen(time=0, market="USD", account=vault, collateral=seen[0], debt=seen[1]))

    assert stage.of(vault).custody == "vault"
    whole(stage)
