"""The views of auctions, carried positions, funds, bonds, parameters and histories, over one long course."""

import re
import threading
import time

import pytest

from bsip_mplp.bots import committee
from bsip_mplp.cli.output import BOOKS, NO_HOLD
from bsip_mplp.journal import Cursor, Journal
from bsip_mplp.keeper.changes import waiting
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.lead import lead
from bsip_mplp.rules.inputs import Deposit, IssueBond, OrderDone, ParametersChanged, Request
from tests import long_course
from tests.cli.conftest import CONFIG
from tests.long_course import DAY, NOON


@pytest.fixture
def at(place, database):
    """Have the course in the journal up to a stage."""
    opened = []

    def write(stage):
        journal = Journal.open(database, create=True)
        opened.append(journal)
        inputs = long_course.until(stage)
        Intake.load(journal).take(inputs, Cursor(7, inputs[-1].time))
        return journal

    yield write
    for journal in opened:
        journal.close()


def said(ran):
    """What a command printed, on one line."""
    return " ".join(ran.out.split())


# --- auctions ---------------------------------------------------------------------------------------------


def test_auctions_that_run_are_listed_with_their_round_and_without_any_bid_amount(mplp, at):
    at(long_course.BIDS)
    ran = mplp("auctions")
    assert NO_HOLD in said(ran)
    assert "1 of 192" in ran.out
    shown = mplp("auctions", "--json").json
    assert [(a["auction"], a["position"], a["open_bids"], a["state"]) for a in shown["auctions"]] == [
        (1, "bob", 2, "running"),
        (2, "erin", 1, "running"),
    ]
    assert shown["note"] == NO_HOLD


BID_AMOUNTS = ("3.0000", "4.0000", "1.0000")
"""What dave and frank bid. Nothing else in the course has these amounts while the bids are open."""


@pytest.mark.parametrize(
    "words",
    [("auctions",), ("auctions", "1"), ("auctions", "--json"), ("auctions", "1", "--json"), ("position", "bob"),
     ("loan", "1"), ("position", "bob", "--json"), ("insurance",), ("carried",)],
    ids=" ".join,
)  # fmt: skip
def test_no_view_shows_the_amount_of_an_open_bid(mplp, at, words):
    at(long_course.BIDS)
    out = mplp(*words).out
    assert not [amount for amount in BID_AMOUNTS if re.search(rf"(?<![\d.]){amount}(?!\d)", out)]


def test_one_auction_shows_its_loans_and_what_a_bid_must_reach(mplp, at):
    at(long_course.BIDS)
    shown = mplp("auctions", "1", "--json").json
    # loan 1: 377.07693 TEST at 12 % for 30 days is 3.71913 TEST, at 0.7 CNY for 1 TEST 2.6034 CNY, rounded up
    assert (shown["reserve"], shown["holder"], shown["custody"]) == ("2.6034 CNY", "bob", "books")
    assert [(loan["loan"], loan["lender"], loan["rate"]) for loan in shown["loans"]] == [(1, "alice", "12 %")]
    assert NO_HOLD in said(mplp("auctions", "1"))


def test_an_auction_that_was_won_says_by_whom_and_with_what(mplp, at):
    at(long_course.WON)
    assert [a["auction"] for a in mplp("auctions", "--json").json["auctions"]] == [2]
    first = mplp("auctions", "--ended", "--json").json["auctions"][0]
    assert (first["state"], first["winner"], first["price"]) == ("won by frank with 4.0000 CNY", "frank", "4.0000")


def test_an_auction_that_never_was_gets_one_line(mplp, at):
    at(long_course.LENT)
    assert mplp("auctions").out == "No auction is running.\n"
    ran = mplp("auctions", "9")
    assert (ran.status, ran.out) == (2, "")
    assert "there is no auction 9: see mplp auctions --ended" in ran.err


# --- histories --------------------------------------------------------------------------------------------


def test_the_whole_history_of_a_position_is_told_with_the_rules(mplp, at):
    at(long_course.INSURED)
    ran = mplp("position", "erin")
    assert BOOKS in said(ran)
    assert NO_HOLD in said(ran)
    (shown,) = mplp("position", "erin", "--json").json["positions"]
    told = [(line["rule"], line["what"]) for line in shown["history"]]
    assert told == [
        ("PL-11", "loan 2 made: 377.07693 TEST from pool 2, for erin"),
        ("PL-10", "loan 2 paid until 2023-12-14 22:13:24: 4.18401 TEST to the lender"),
        ("PL-11", "free → protected by loans"),
        ("PL-22", "protected by loans → in auction"),
        ("PL-22", "auction 2 opened"),
        ("PL-30", "sealed bid 3 placed in auction 2"),
        ("PL-33", "auction 2 ended"),
        ("PL-33", "in auction → carried by the management account"),
        ("PL-35", "loan 2 0.16735 TEST of it went home"),
        ("PL-37", "loan 2 its interest is owed by the insurance fund, which lacks it"),
        ("PL-38", "carried by the management account → black"),
        ("PL-10", "loan 2 paid until 2024-01-13 22:13:24: 4.18216 TEST to the lender"),
        ("PL-38", "black → carried by the management account"),
    ]
    assert all(line["by"] for line in shown["history"])


def test_a_position_won_names_its_holder_and_is_listed_with_the_holders_own(mplp, at):
    at(long_course.WON)
    assert "Its holder is frank, who won it in an auction." in said(mplp("position", "bob"))
    assert [p["account"] for p in mplp("position", "--account", "frank", "--json").json["positions"]] == ["bob"]
    assert "no position of zoe was ever seen" in mplp("position", "zoe").err


def test_the_history_of_a_loan_has_the_states_of_its_position_while_it_lived(mplp, at):
    at(long_course.WON)
    shown = mplp("loan", "1", "--json").json
    assert shown["loan"]["to"] == "frank"
    whats = [line["what"] for line in shown["history"]]
    assert whats[-3:] == [
        "loan 1 paid until 2024-01-13 22:13:23: 2.6225 CNY to the lender",
        "auction 1 ended: frank won with 4.0000 CNY",
        "in auction → protected by loans",
    ]
    assert "there is no loan 9: see mplp loans --ended" in mplp("loan", "9").err


# --- carried, funds, bonds --------------------------------------------------------------------------------


def test_carried_and_black_positions_are_listed(mplp, at):
    at(long_course.BLACK)
    assert NO_HOLD in said(mplp("carried"))
    (row,) = mplp("carried", "--json").json["positions"]
    assert (row["account"], row["state"], row["by"], row["periods_owed"]) == ("erin", "black", "PL-38", 1)
    assert row["risk_fund_lends"] == "0.16735 TEST"


def test_nothing_carried_is_said(mplp, at):
    at(long_course.LENT)
    assert mplp("carried").out == "No position is carried.\n"


def test_insurance_shows_what_the_funds_hold_owe_and_expect(mplp, at):
    at(long_course.BLACK)
    (shown,) = mplp("insurance", "--json").json["markets"]
    funds = {row["what"]: (row["TEST"], row["CNY"]) for row in shown["funds"]}
    assert funds["interest owed to lenders"] == ("4.18216", "0.0000")
    assert funds["risk fund lends"] == ("0.16735", "0.0000")
    assert shown["black"] == ["erin"]
    assert shown["lacks"] is not None
    assert [(b["series"], b["outstanding"], b["state"]) for b in shown["bonds"]] == [(1, "1.0000", "outstanding")]
    ran = mplp("insurance", "--market", "cny", "--days", "7")
    assert "Black, so that no dividend is paid: erin." in ran.out
    assert NO_HOLD in said(ran)


def test_income_expected_is_what_the_interest_that_falls_due_brings(mplp, at):
    at(long_course.LENT)
    (shown,) = mplp("insurance", "--days", "30", "--json").json["markets"]
    expected = next(row for row in shown["funds"] if row["what"].startswith("income expected"))
    # loan 1: 3.71913 TEST, loan 2: 4.64891 TEST, of which a tenth each, rounded down, both on day 23
    assert expected["TEST"] == "0.83680"


def test_bonds_show_the_series_and_what_one_holds_and_the_offers(mplp, at):
    at(long_course.OFFERED)
    shown = mplp("bonds", "--account", "grace", "--json").json
    assert [(s["sold"], s["held"], s["coupon"], s["state"]) for s in shown["series"]] == [
        ("1.0000", "1.0000", "5 %", "outstanding")
    ]
    assert [(o["to"], o["bonds"], o["price"]) for o in shown["offers"]] == [("henry", "0.4000", "0.3900")]
    assert mplp("bonds", "--account", "zoe", "--json").json["offers"] == []
    assert "Offers of or to henry" in mplp("bonds", "--account", "henry").out


def test_pl_43_bonds_on_the_chain_are_shown_and_what_comes_back_is_explained(mplp, at):
    journal, now = at(long_course.BLACK), NOON + 31 * DAY
    done = {"fee_asset": "TEST", "fee": 7}
    put = [
        ParametersChanged(time=now, market="CNY", changes={"bond_prefix": "MPLPBOND"}),
        Request(time=now, account="grace", ask=IssueBond(series=1, amount=6_000)),
        OrderDone(time=now, order=1, transaction="aa", **done),
    ]
    Intake.load(journal).take(put)
    (shown,) = mplp("bonds", "--account", "grace", "--json").json["series"]
    assert (shown["held"], shown["on_chain"], shown["asset"]) == ("0.4000", "0.6000", "MPLPBOND1")
    assert re.search(r"0\.6000 +MPLPBOND1", mplp("bonds", "--account", "grace").out)
    (way,) = [row for row in mplp("balance", "--account", "grace", "--json").json["balances"] if row["asset"] != "CNY"]
    assert (way["what"], way["amount"]) == ("bonds, order 2", "0.6000")
    more = [
        OrderDone(time=now + 9, order=2, transaction="bb", **done),
        *long_course.INSURED,
        Deposit(time=now + 2 * DAY, account="henry", asset="MPLPBOND1", amount=6_000),
    ]
    Intake.load(journal).take(more)
    told = mplp("statement", "--account", "henry", "--json").json
    assert [line["meaning"] for line in told["movements"]] == [
        "What you sent to the pool's account.",
        "Units of series 1: you hold their bonds here now.",
        "What was paid on your bonds of series 1 while they were on the chain.",
    ]
    assert "PL-43" in mplp("statement", "--account", "henry").out
    assert mplp("verify").status == 0


def test_a_series_that_is_redeemed_is_shown_only_when_asked_for(mplp, at):
    at(long_course.INSURED)
    assert mplp("bonds").out == "No bond is on offer or outstanding.\n"
    assert [s["state"] for s in mplp("bonds", "--all", "--json").json["series"]] == ["redeemed"]


def test_a_statement_says_what_each_movement_means(mplp, at):
    at(long_course.INSURED)
    moved = {line["meaning"] for line in mplp("statement", "--account", "dave", "--json").json["movements"]}
    assert moved == {
        "What you sent to the pool's account.",
        "Bid 1 is held until its round closes.",
        "Bid 3 is held until its round closes.",
        "Bid 1 did not win, or was under the reserve, and came back in full.",
        "Bid 3 did not win, or was under the reserve, and came back in full.",
    }
    grace = mplp("statement", "--account", "grace", "--json").json["movements"]
    assert [(line["rule"], line["rule_name"]) for line in grace][-1] == ("PL-39", "redemption of bonds")


# --- parameters -------------------------------------------------------------------------------------------


def test_parameters_are_shown_as_the_configuration_writes_them(mplp, at):
    at(long_course.LENT)
    rows = {row["parameter"]: row["value"] for row in mplp("params", "cny", "--json").json["CNY"]["parameters"]}
    assert (rows["lmcr"], rows["i2"], rows["auction_round"]) == ("1.300", "10 %", "900 s")
    assert (rows["insurance_reserve"], rows["lcr_cap"]) == ("0.00000 TEST, 0.0000 CNY", "twice ICR")
    assert "Last changed 2023-11-14 22:13:20 UTC." in mplp("params").out
    assert "EUR is no market here: there are CNY" in mplp("params", "EUR").err


def test_a_change_counts_at_once_where_no_keeper_runs(mplp, at):
    at(long_course.LENT).close()
    ran = mplp("params", "CNY", "--set", "lmcr=1.35", "--set", "i2=12%", "--set", "insurance_reserve=5 CNY, 1 TEST")
    assert ran.status == 0, ran.err
    assert "Counted as input 13 at 2023-11-14 22:13:24 UTC" in ran.out
    rows = {row["parameter"]: row["value"] for row in mplp("params", "--json").json["CNY"]["parameters"]}
    assert (rows["lmcr"], rows["i2"], rows["insurance_reserve"]) == ("1.350", "12 %", "1.00000 TEST, 5.0000 CNY")
    assert mplp("verify").status == 0


def test_a_change_that_the_rules_refuse_changes_nothing(mplp, at):
    at(long_course.LENT).close()
    ran = mplp("params", "CNY", "--set", "lmcr=1.6")
    assert ran.status == 2
    assert "refused: PL-D7: LMCR 1.6 is not under MCR 1.55" in ran.err
    assert "lmcr takes a ratio such as 1.35, not abc" in mplp("params", "CNY", "--set", "lmcr=abc").err
    assert "i2 takes a number from 0 to 1" in mplp("params", "CNY", "--set", "i2=7").err
    assert "write NAME=VALUE" in mplp("params", "CNY", "--set", "lmcr").err
    assert "nosuch is no parameter" in mplp("params", "CNY", "--set", "nosuch=1").err


def test_compulsory_bonds_need_a_yes_and_warn(mplp, at):
    at(long_course.LENT).close()
    ran = mplp("params", "CNY", "--set", "bond_forced=compulsory")
    assert ran.status == 2
    assert "touches PL-I1" in ran.err
    ran = mplp("params", "CNY", "--set", "bond_forced=compulsory", "--yes")
    assert (ran.status, "Warning:" in ran.err) == (0, True)
    assert "touches PL-I1" in said(mplp("params", "CNY"))


def test_a_change_that_the_rules_would_refuse_is_not_even_queued_while_a_keeper_runs(mplp, at, database):
    journal = at(long_course.LENT)
    with lead(database):
        ran = mplp("params", "CNY", "--set", "lmcr=9")
    assert (ran.status, ran.out) == (2, "")
    assert "refused: PL-D7: LMCR 9 is not under MCR 1.55. Nothing has changed" in ran.err
    assert waiting(journal) == []


def test_a_change_that_was_refused_is_shown_until_another_is_taken(mplp, at):
    journal = at(long_course.LENT)
    intake = Intake.load(journal)
    assert "refused" not in mplp("params", "CNY").out
    intake.take([ParametersChanged(time=NOON, market="CNY", changes={"lmcr": 9000})])
    says = "PL-D7: LMCR 9 is not under MCR 1.55"
    assert f"The last change asked for was refused: {says}." in mplp("params", "CNY").out
    assert mplp("params", "--json").json["CNY"]["refused"] == says
    intake.take([ParametersChanged(time=NOON, market="CNY", changes={"lmcr": 1350})])
    assert "refused" not in mplp("params", "CNY").out


def test_what_a_running_keeper_makes_of_a_change_is_waited_for_a_little(mplp, at, database):
    journal = at(long_course.LENT)
    intake = Intake.load(journal)

    def keep():
        while not (changes := waiting(journal)):
            time.sleep(0.05)
        (take,) = committee.plan(committee.View(intake.now, changes))
        intake.take(take.inputs)

    with lead(database) as leading:
        if leading.epoch is not None:
            journal.lead(leading.epoch)
        keeper = threading.Thread(target=keep, daemon=True)
        keeper.start()
        ran = mplp("params", "CNY", "--set", "lmcr=1.35")
        keeper.join(30)
    assert (ran.status, ran.out.startswith("Counted as input 13 at ")) == (0, True)


def test_a_change_is_queued_while_a_keeper_runs_and_it_takes_it(mplp, at, database, monkeypatch):
    monkeypatch.setattr("bsip_mplp.cli.params.LITTLE_SECONDS", 0.0)
    journal = at(long_course.LENT)
    intake = Intake.load(journal)  # what a running keeper has
    with lead(database) as leading:
        if leading.epoch is not None:
            journal.lead(leading.epoch)
        ran = mplp("params", "CNY", "--set", "lmcr=1.35")
        assert "Queued: the running keeper takes it" in ran.out
        assert "not taken within 1 s" in mplp("params", "CNY", "--set", "i2=0.2", "--wait", "--timeout", "1").err
        (take,) = committee.plan(committee.View(intake.now, waiting(journal)))
        intake.take(take.inputs)  # the keeper's own journal and engine: no other writer came between
    rows = {row["parameter"]: row["value"] for row in mplp("params", "--json").json["CNY"]["parameters"]}
    assert (rows["lmcr"], rows["i2"]) == ("1.350", "20 %")


def test_the_config_of_these_tests_names_the_courses_market():
    assert "[markets.CNY]" in CONFIG
