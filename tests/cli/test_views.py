"""What the commands show of a journal: exact decimals, ratios rounded down, and plain words about custody."""

import pytest

from bsip_mplp.cli.output import BOOKS
from tests.databases import alter

pytestmark = pytest.mark.usefixtures("journal")


def test_pools_are_ranked_by_rate_term_available_or_earned(mplp):
    def order(by):
        return [pool["owner"] for pool in mplp("pools", "--by", by, "--json").json["pools"]]

    assert order("rate") == ["carol", "alice"]
    assert order("term") == ["alice", "carol"]
    assert order("available") == ["carol", "alice"]
    assert order("earned") == ["carol", "alice"]


def test_pools_can_be_narrowed_to_an_asset_or_an_owner(mplp):
    assert [p["pool"] for p in mplp("pools", "test", "--owner", "alice", "--json").json["pools"]] == [1]
    assert mplp("pools", "CNY").out.startswith("No pool matches")
    assert "EUR is no asset here: there are CNY, TEST" in mplp("pools", "EUR").err


def test_amounts_are_decimals_with_all_digits_of_their_asset(mplp):
    carol = mplp("pools", "--json").json["pools"][0]
    assert (carol["rate"], carol["term"], carol["pays_every"]) == ("10 %", "30 d", "30 d")
    lent = round(float(carol["lent"]) * 10**5)
    assert carol["lent"] == f"{lent // 10**5}.{lent % 10**5:05d}"
    assert lent + round(float(carol["available"]) * 10**5) == 5 * 10**8


def test_a_position_shows_cr_and_lcr_exactly_and_says_what_a_loan_is_not(mplp):
    ran = mplp("position")
    assert "1.634" in ran.out
    assert BOOKS in " ".join(ran.out.split())
    shown = mplp("position", "--json").json
    assert shown["note"] == BOOKS
    (position,) = shown["positions"]
    assert (position["CR"], position["debt"], position["collateral"]) == ("1.634", "1000.0000", "1634.00000")
    assert position["state"] == "protected"
    assert float(position["LCR"]) > 1.9
    assert [feed["LMCR"] for feed in shown["feeds"]] == ["1.300"]


def test_everyones_positions_can_be_shown(mplp):
    assert [p["account"] for p in mplp("position", "--all", "--json").json["positions"]] == ["bob"]
    assert "No position is known here" in mplp("position", "--account", "alice").out


def test_loans_and_protections_are_shown_and_say_what_they_are_not(mplp):
    ran = mplp("loans")
    assert BOOKS in " ".join(ran.out.split())
    shown = mplp("loans", "--json").json
    assert [(loan["rate"], loan["kind"], loan["state"]) for loan in shown["loans"]] == [("10 %", "long", "live")]
    assert [(p["when_CR_at_most"], p["borrows"]) for p in shown["protections"]] == [("1.500", "the least")]
    assert [
        loan["lender"]
        for loan in mplp("loans", "--lent", "-h").out
        and mplp("loans", "--lent", "--account", "carol", "--json").json["loans"]
    ] == ["carol"]


def test_a_balance_has_free_prepaid_and_what_is_under_way(mplp):
    shown = mplp("balance", "--json").json
    rows = {row["what"]: row["amount"] for row in shown["balances"]}
    assert rows["payout 1"] == "0.00050"
    assert rows["free"] == "0.00052"  # 100 + 1 + 1 − 50: the units that came with the two requests to withdraw
    assert float(rows["prepaid interest"]) < 100.00002
    lender = mplp("balance", "--account", "carol", "--json").json
    assert {row["what"] for row in lender["balances"]} == {"free", "pool 2 available", "pool 2 lent"}


def test_a_statement_has_every_movement_and_what_was_told(mplp):
    shown = mplp("statement", "--json").json
    assert shown["movements"][0]["text"] == "deposit"
    assert shown["movements"][-1]["rule"] == "G-6"
    assert any("Refused: your free balance holds 0" in told["text"] for told in shown["told"])
    assert len(mplp("statement", "--last", "2", "--json").json["movements"]) == 2
    assert "What bob was told" in mplp("statement").out


def test_someone_who_never_came_has_nothing(mplp):
    assert mplp("balance", "--account", "zoe").out == "zoe has nothing here yet.\n"
    assert mplp("loans", "--account", "zoe").out == "zoe has no loan here.\n"
    assert mplp("statement", "--account", "zoe").out == "zoe moved nothing here yet.\n"


def test_verify_folds_the_journal_again(mplp, journal):
    ran = mplp("verify")
    assert (ran.status, ran.out) == (0, f"All holds: 13 inputs folded, head {journal.head.hash}.\n")
    assert mplp("verify", "--json").json["holds"] is True


def test_verify_finds_an_altered_balance(mplp, database):
    alter(database, "UPDATE balances SET units = units + 1 WHERE account = 'free/bob'")
    ran = mplp("verify")
    assert ran.status == 1
    assert "free/bob" in ran.out


def test_health_gives_every_reason_and_ends_with_1(mplp):
    ran = mplp("health")
    assert ran.status == 1
    assert "- no keeper runs: start one with mplp keeper run" in ran.out
    assert "succeeded" not in ran.out  # that no keeper runs says it all
    assert "the reserve for fees holds 0.00000 TEST, it should hold 0.00020" in ran.out
    assert mplp("health", "--json").json["well"] is False


def test_keeper_status_says_that_none_ever_ran(mplp):
    assert "No keeper ever ran here" in mplp("keeper", "status").out


def test_markup_in_a_name_is_shown_as_it_is(mplp):
    from bsip_mplp.cli.output import cell

    assert cell("[red]x[/red]") == "\\[red]x\\[/red]"


@pytest.mark.parametrize("columns", ["60", "80", "100", "160"])
@pytest.mark.parametrize("view", [["pools"], ["position"], ["loans"], ["balance"], ["statement"]])
def test_no_number_is_ever_cut_however_narrow_the_terminal_is(mplp, monkeypatch, view, columns):
    monkeypatch.setattr("bsip_mplp.cli.output.console", lambda: _narrow(int(columns)))
    out = mplp(*view).out
    assert "…" not in out
    shown = {"pools": "4622.92307", "position": "1634.00000", "loans": "377.07693", "balance": "96.90075"}
    assert shown.get(view[0], "0.00052") in out


def _narrow(width):
    from rich.console import Console

    return Console(width=width, highlight=False)
