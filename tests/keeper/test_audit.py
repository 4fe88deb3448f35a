"""The audit: equal to the last unit at an irreversible block, whatever is under way, and never quiet when it is not."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.chain.holdings import Holdings
from bsip_mplp.chain.movements import Movement
from bsip_mplp.keeper.audit import PATIENCE_SECONDS, BondFigure, Books, VaultFigure, Verdict, judge, own_of
from bsip_mplp.keeper.audits import AuditBoard, Kept, audit_from_json, audit_to_json
from bsip_mplp.keeper.health import reasons
from bsip_mplp.keeper.metrics import exposition
from tests.keeper.test_health import WELL

B = 100
"""The block up to which the ledger has read."""


def books(owed=1000, *, done=(), open_=(), own=None, time=5000, units=100):
    """`done` and `open_` are transactions that were signed, whose orders are done and reported, or still open."""
    return Books(
        block=B,
        time=time,
        outside={"TEST": -owed},
        counted=frozenset(f"report of {one}" for one in done),
        signed=frozenset((*done, *open_)),
        under_way={one: {"TEST": units + 3} for one in open_},
        own={"TEST": 50} if own is None else own,
    )


def holdings(held, *movements, strange=()):
    return Holdings(B + 5, B - 20, {"TEST": held}, movements, strange)


def came(block, units, transaction="", report=None):
    return Movement(f"{block}.0.0", block, "TEST", units, "TEST", 0, transaction, report or f"{block}.0.0")


def went(block, units, transaction="aa", fee=3):
    return Movement(f"{block}.0.0", block, "TEST", -units, "TEST", fee, transaction, f"report of {transaction}")


@pytest.mark.parametrize(
    ("books", "holdings"),
    [
        (books(), holdings(1050)),
        (books(), holdings(1057, came(B + 1, 7))),  # a deposit that the ledger has not read yet
        (books(), holdings(1050, came(B, 7))),
        (books(open_=["aa"]), holdings(947, went(B - 1, 100))),  # about to be counted
        (books(open_=["aa"]), holdings(947, went(B + 1, 100))),  # not to be counted yet
        (books(897, done=["aa"]), holdings(947, went(B + 1, 100))),  # counted before the cursor moved
        (books(897, done=["aa"]), holdings(947, went(B - 1, 100))),
        # what went into a vault and what came home from it in the same transaction
        (books(open_=["aa"]), holdings(987, went(B, 100), came(B, 40, "aa", "report of aa"))),
        (books(937, done=["aa"]), holdings(987, went(B + 1, 100), came(B + 1, 40, "aa", "report of aa"))),
        # a sale of which one fill was reported, and another not yet
        (books(1090, open_=["aa"]), holdings(1230, came(B, 90, "aa", "first"), came(B, 90, "aa", "second"))),
        (books(own={}), holdings(1000)),
    ],
)
def test_what_one_side_knows_before_the_other_is_put_right(books, holdings):
    books = books._replace(counted=books.counted | {"first"})
    audit = judge(books, holdings)
    assert [one.difference_units for one in audit.figures] == [0]
    assert audit.verdict is Verdict.AGREES
    assert audit.hold is None
    assert audit.alarms() == []


def test_a_unit_too_little_stops_payouts_at_once():
    audit = judge(books(), holdings(1049))
    assert audit.verdict is Verdict.DIFFERS
    assert "payouts are stopped" in audit.hold
    assert audit.alarms() == [
        "audit at block 100: the ledger owes 1000 units of TEST, the account holds 999: 1 too little; "
        "payouts are stopped"
    ]


def test_a_payout_that_waits_for_a_block_explains_no_more_than_it_costs():
    assert judge(books(open_=["aa"]), holdings(947)).verdict is Verdict.UNSETTLED
    assert judge(books(open_=["aa"]), holdings(946)).verdict is Verdict.DIFFERS


def test_a_deposit_that_was_read_over_is_too_much_and_so_is_a_report_that_was_lost():
    assert judge(books(), holdings(1057, came(B, 7))).figures[0].difference_units == 7
    lost = books(897, done=["aa"])
    assert judge(lost, holdings(954, went(B, 100), came(B, 7, "aa", "lost"))).figures[0].difference_units == 7


def test_what_is_too_much_may_be_a_deposit_that_waits_but_not_for_ever():
    first = judge(books(), holdings(1051))
    assert first.verdict is Verdict.UNSETTLED
    assert first.hold is None
    later = judge(books(time=5000 + PATIENCE_SECONDS), holdings(1051), first)
    assert later.verdict is Verdict.UNSETTLED
    after = judge(books(time=5001 + PATIENCE_SECONDS), holdings(1051), later)
    assert after.verdict is Verdict.DIFFERS
    assert judge(books(time=5002 + PATIENCE_SECONDS), holdings(1050), after).verdict is Verdict.AGREES


def test_a_payment_that_the_journal_does_not_know_stops_payouts_even_before_it_is_irreversible():
    audit = judge(books(), holdings(947, went(B + 3, 100, "bb")))
    assert audit.unknown == ("bb",)
    assert audit.verdict is Verdict.DIFFERS
    assert "was an old backup restored" in audit.alarms()[0]


def test_an_operation_that_is_not_known_leaves_it_open():
    audit = judge(books(), holdings(1040, strange=((B + 1, "operation 101.0.0 of kind 6"),)))
    assert audit.strange == ("operation 101.0.0 of kind 6",)
    assert audit.verdict is Verdict.DIFFERS
    assert judge(books(), holdings(1050, strange=((B, "old"),))).verdict is Verdict.AGREES


def test_what_the_account_holds_of_its_own_is_found_once_the_same_was_found_until_it_cannot_be_undone():
    unknown = books()._replace(own=None)
    waiting = judge(unknown, holdings(1070))
    assert "of its own is known" in waiting.hold
    first = judge(unknown, holdings(1050)._replace(head=B + 6), waiting)
    second = judge(unknown, holdings(1050)._replace(head=B + 9), first)
    assert [own_of(one) for one in (waiting, first, second)] == [None] * 3
    third = judge(unknown._replace(block=B + 6), holdings(1050)._replace(head=B + 12), second)
    assert own_of(third) is None
    fourth = judge(unknown._replace(block=B + 7), holdings(1050)._replace(head=B + 13), third)
    assert own_of(fourth) == {"TEST": 50}
    assert own_of(judge(unknown._replace(block=B + 7), holdings(1051)._replace(head=B + 13), third)) is None
    assert own_of(replace(fourth, own_is_known=True)) is None
    short = judge(unknown._replace(block=B + 9), holdings(990)._replace(head=B + 9))
    assert own_of(replace(short, same_since=1)) is None


def test_as_much_waiting_twice_is_not_its_own():
    unknown = books()._replace(own=None)
    first = judge(unknown, holdings(1050)._replace(head=B + 6))
    later, counted = unknown._replace(block=B + 7, outside={"TEST": -1050}), came(B + 7, 50)
    second = judge(later, holdings(1100, counted)._replace(head=B + 13), first)
    assert [one.difference_units for one in second.figures] == [50]
    assert own_of(second) is None
    elsewhere = counted._replace(asset="USDX")
    third = judge(unknown._replace(block=B + 7), holdings(1050, elsewhere)._replace(head=B + 13), first)
    assert own_of(third) == {"TEST": 50}


@given(
    st.lists(st.tuples(st.integers(B - 19, B + 5), st.integers(-300, 300).filter(bool)), max_size=12),
    st.integers(-5, 5),
)
def test_any_course_of_deposits_and_payouts_agrees_and_any_unit_lost_is_seen(course, lost):
    """The ledger has counted all deposits up to B, and of the payouts whatever it likes."""
    movements, done, open_, owed, held = [], [], [], 10**6, 10**6
    for number, (block, units) in enumerate(sorted(course)):
        if units > 0:
            movements.append(came(block, units))
            held += units
            owed += units if block <= B else 0
        else:
            movements.append(went(block, -units, f"t{number}"))
            held += units - 3
            is_done = number % 2 == 0
            (done if is_done else open_).append(f"t{number}")
            owed += units - 3 if is_done else 0
    seen = Holdings(B + 5, B - 20, {"TEST": held + lost}, tuple(movements), ())
    audit = judge(books(owed, done=done, open_=open_, own={}), seen)
    assert audit.figures[0].difference_units == lost
    assert (audit.verdict is Verdict.AGREES) == (lost == 0)
    assert (audit.verdict is Verdict.DIFFERS) == (lost < 0)
    assert audit_from_json(json.loads(json.dumps(audit_to_json(audit)))) == audit


def test_audits_are_kept_beside_the_journal(url):
    empty = AuditBoard(url, read_only=True)
    assert empty.read() == Kept()
    empty.close()
    board = AuditBoard(url)
    for kept in (Kept({"TEST": 5}, judge(books(), holdings(1))), Kept(None, judge(books(), holdings(2)))):
        board.write(kept)
        assert board.read() == kept
    board.close()


def test_the_metrics_name_every_figure_once():
    text = exposition(WELL, judge(books(), holdings(1049)))
    assert 'mplp_audit_difference_units{asset="TEST"} -1\n' in text
    assert "mplp_audit_agrees 0\n" in text
    assert f"mplp_well {int(not reasons(WELL))}\n" in text
    samples = [line.split()[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(samples) == len(set(samples))
    assert all(line.split()[2] in text for line in text.splitlines() if line.startswith("# TYPE"))


# --- vaults ------------------------------------------------------------------------------------------------


def vault(**fields):
    figure = VaultFigure("v-1", "USD", 900, 900, 300, 300, lent_core=80, lent_bitasset=0, under_way=False)
    return replace(figure, **fields)


def test_v_6_what_is_in_a_vault_is_compared_with_the_chain_to_the_last_unit():
    assert judge(books(), holdings(1050), None, [vault()]).verdict is Verdict.AGREES
    first = judge(books(), holdings(1050), None, [vault(collateral_held=899)])
    assert first.verdict is Verdict.UNSETTLED  # a margin call is booked once it can't be undone
    later = judge(books(time=5001 + PATIENCE_SECONDS), holdings(1050), first, [vault(debt_held=299)])
    assert later.verdict is Verdict.DIFFERS
    assert later.alarms() == [
        "audit at block 100: vault v-1 has 900 units of collateral and 299 of debt in USD, "
        "the ledger says 900 and 300"
    ]
    assert audit_from_json(json.loads(json.dumps(audit_to_json(later)))) == later
    assert judge(books(time=9999), holdings(1050), later, [vault()]).verdict is Verdict.AGREES


def test_a_vault_that_an_order_is_at_work_on_is_not_judged():
    assert judge(books(), holdings(1050), None, [vault(collateral_held=0, under_way=True)]).verdict is Verdict.AGREES


def test_a_vault_that_differs_stops_nobodys_payout():
    bad = [vault(debt_held=1)]
    audit = judge(books(time=10**6), holdings(1050), None, bad, vaults_since=5000)
    assert audit.verdict is Verdict.DIFFERS
    assert audit.hold is None


@pytest.mark.parametrize(("under_way", "supply", "burnt"), [(0, 400, 0), (100, 300, 0), (100, 400, 0), (0, 390, 10)])
def test_pl_43_units_on_the_chain_are_those_that_the_ledger_knows_or_still_to_be_issued_or_burnt(
    under_way, supply, burnt
):
    figure = BondFigure(2, "MPLPBOND2", 400, under_way, supply)
    audit = judge(books(), holdings(1050), bonds=[figure])
    assert (figure.burnt_units, audit.verdict, audit.hold, audit.alarms()) == (burnt, Verdict.AGREES, None, [])


def test_pl_43_units_that_stand_for_no_bond_stop_payouts():
    audit = judge(books(), holdings(1050), bonds=[BondFigure(2, "MPLPBOND2", 400, 0, 401)])
    assert audit.verdict is Verdict.DIFFERS
    assert "payouts are stopped" in audit.hold
    assert audit.alarms() == [
        "audit at block 100: there are 401 units of MPLPBOND2 on the chain, the ledger knows of 400: "
        "1 stand for no bond; payouts are stopped"
    ]
    assert audit_from_json(json.loads(json.dumps(audit_to_json(audit)))) == audit
