"""V-11 and V-2: what the vaults' bot would do follows from what it saw, and from nothing else."""

from bsip_mplp.bots import vaults
from bsip_mplp.bots.actions import Pay, Take, Warn
from bsip_mplp.journal.read import Ordered
from bsip_mplp.keeper.vaults import Seen
from bsip_mplp.rules.inputs import OrderFailed, PositionSeen, VaultBalance, VaultSeen

VAULT = {"account": "v-1", "holder": "bob", "market": "USD", "state": "sound", "reason": "", "loose": {}}
POSITION = {"collateral": 900, "debt": 320, "placed_lp1": 80, "placed_lp2": 20, "buffer": 20}
SEEN = Seen("v-1", "USD", 1000, 300, {}, None)
ORDER = Ordered(7, 1, "vault", "v-1", "TEST", 80, "mplp vault 7", "open", 1)
SALE = ORDER._replace(number=8, kind="sell", account="")


def view(seen=SEEN, vault=VAULT, position=POSITION, **fields):
    positions = {} if position is None else {"v-1": position}
    seen = [] if seen is None else [seen]
    return vaults.View(time=100, seen=seen, vaults={"v-1": vault}, positions=positions, **fields)


def test_before_the_first_block_is_read_nothing_is_done():
    assert vaults.plan(vaults.View()) == ()


def test_v_4_what_was_placed_is_expected_on_the_chain_and_no_news():
    assert vaults.plan(view()) == ()


def test_v_2_the_authorities_of_a_new_vault_are_handed_in_before_anything_else():
    made = VAULT | {"state": "made"}
    (take,) = vaults.plan(view(SEEN._replace(collateral=0, debt=0), made, None))
    assert take == Take((VaultSeen(time=100, account="v-1", sound=True),))


def test_v_2_authorities_that_are_not_as_agreed_are_told_once_and_so_is_their_mending():
    bad = SEEN._replace(fault="the active authority is another")
    (take,) = vaults.plan(view(bad))
    assert take == Take((VaultSeen(time=100, account="v-1", sound=False, reason=bad.fault),))
    known = VAULT | {"state": "unsound", "reason": bad.fault}
    assert vaults.plan(view(bad, known)) == ()
    (take,) = vaults.plan(view(SEEN, known))
    assert take == Take((VaultSeen(time=100, account="v-1", sound=True),))


def test_v_11_debt_that_somebody_paid_is_handed_in_with_the_chains_figures():
    (take,) = vaults.plan(view(SEEN._replace(debt=250)))
    assert take.inputs == (
        PositionSeen(time=100, market="USD", account="v-1", collateral=1000, debt=250, custody="vault"),
    )


def test_v_11_a_margin_call_is_the_closed_position_and_what_it_left():
    (take,) = vaults.plan(view(SEEN._replace(collateral=0, debt=0, balances={"TEST": 260})))
    closed, left = take.inputs
    assert (closed.collateral, closed.debt, closed.custody) == (0, 0, "vault")
    assert left == VaultBalance(time=100, account="v-1", asset="TEST", units=260)


def test_v_11_money_sent_to_the_vault_and_money_gone_from_it_are_told_by_asset():
    known = VAULT | {"loose": {"TEST": 5, "USD": 7}}
    (take,) = vaults.plan(view(SEEN._replace(balances={"TEST": 5, "EUR": 1}), known))
    assert [(item.asset, item.units) for item in take.inputs] == [("EUR", 1), ("USD", 0)]


def test_open_orders_are_carried_on_with_and_held_while_the_audit_differs():
    assert vaults.plan(view(None, orders=[ORDER], reserve_units=9)) == (Pay((ORDER,), 100, 9),)
    (pay,) = vaults.plan(view(None, orders=[ORDER], hold="the audit differs"))
    assert pay.hold == "the audit differs"
    assert pay.lines() == ["look what became of order 7"]


def test_without_a_configured_custody_orders_on_vaults_wait_and_others_do_not():
    warn, pay = vaults.plan(view(None, orders=[ORDER, SALE], is_configured=False))
    assert warn == Warn(("1 orders on vaults wait: the configuration has no [vault]",))
    assert pay.orders == (SALE,)


def test_v_2_a_vault_that_is_asked_for_where_none_are_kept_is_never_made_and_others_wait_on():
    making = ORDER._replace(number=9, kind="vault_open")
    take, warn = vaults.plan(view(None, orders=[ORDER, making], is_configured=False))
    assert take == Take((OrderFailed(time=100, order=9, reason="this operator keeps no vaults", final=True),))
    assert warn == Warn(("1 orders on vaults wait: the configuration has no [vault]",))
    # its transaction was sent while vaults were kept, and may still count
    (warn,) = vaults.plan(view(None, orders=[making], is_configured=False, under_way=frozenset({9})))
    assert warn == Warn(("1 orders on vaults wait: the configuration has no [vault]",))
    (pay,) = vaults.plan(view(None, orders=[making]))
    assert pay.orders == (making,)


def test_a_plan_says_itself_in_a_line_for_each_order():
    assert Pay((ORDER, SALE), 1, 1).lines() == [
        "carry out order 7: vault v-1",
        "sell for order 8: 80 units of TEST",
    ]
