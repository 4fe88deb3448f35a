"""Whatever is wrong gets one clear line on stderr that says what to do, exit status 2, and no traceback."""

import pytest

from tests.databases import alter


def one_line(ran):
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.startswith("mplp: ")
    assert ran.err.count("\n") == 1
    return ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nix"], "No such command 'nix'. (see: mplp --help)"),
        (["lend", "5", "TEST"], "a new pool needs --rate and --days"),
        (["lend", "5", "TEST", "--rate", "x", "--days", "3"], "'x' is no number: write 0.12, 12% or 3/25"),
        (["lend", "5", "TEST", "--rate", "1200", "--days", "3"], "write a rate such as 12%"),
        (["lend", "0", "TEST", "--rate", "1%", "--days", "3"], "an amount of TEST must be more than 0"),
        (["lend", "0.000001", "TEST", "--rate", "1%", "--days", "3"], "more than 5 digits after the point (TEST)"),
        (["stake", "five", "TEST"], "'five' is no amount: write a number such as 12.5 (TEST)"),
        (["stake", "5", "EUR"], "EUR is no asset here: there are CNY, TEST"),
        (["repay", "x"], "'x' is no number: write for example 17"),
        (["change-pool", "3"], "nothing to change: give --rate"),
        (["unlend", "9", "5"], "there is no pool 9: see mplp pools"),
        (["borrow", "--least", "--amount", "5"], "--least and --amount are two ways to say how much"),
        (["borrow", "--pool", "1", "--longest", "5"], "--pool names the pools"),
        (["borrow", "--market", "EUR"], "EUR is no market here: there are CNY"),
        (["protect", "--at", "x"], "--at takes a ratio such as 1.6, not 'x'"),
        (["stake", "5", "TEST"], "no node answers, of ws://127.0.0.1:9"),
        (["stake", "5", "TEST", "--wait"], "no node answers, of ws://127.0.0.1:9"),
        (["init"], "no node answers, of ws://127.0.0.1:9"),
        (["--config", "/nowhere.toml", "pools"], "/nowhere.toml: no such file"),
        (["--config", "mainnet-observe", "stake", "5", "BTS"], "mainnet-observe only observes: nothing is sent"),
        (["--node", "http://x", "pools"], "chain.nodes.0: takes an address such as wss://"),
        (["keeper", "run", "--once"], "has not been set up: run mplp init first"),
    ],
)
@pytest.mark.usefixtures("journal")
def test_what_is_wrong_is_said_in_one_line(mplp, database, words, says):
    if "run" in words:
        alter(database, "DELETE FROM cursor")
    assert says in one_line(mplp(*words))


@pytest.mark.parametrize(
    "words", [["pools"], ["balance"], ["verify"], ["health"], ["keeper", "status"], ["keeper", "run"]]
)
def test_without_a_journal_the_line_says_how_to_make_one(mplp, words):
    assert " with `mplp init`" in one_line(mplp(*words))


def test_a_wrong_key_of_the_configuration_is_named(mplp, place):
    file = place / "mplp.toml"
    file.write_text(file.read_text() + "lmrc = 1.3\n")
    assert "markets.CNY: lmrc is no parameter of a market" in one_line(mplp("pools"))


@pytest.mark.usefixtures("journal")
def test_a_fault_of_the_program_is_one_line_and_4_shows_where(mplp, monkeypatch):
    def broken(*_):
        raise KeyError("missing")

    monkeypatch.setattr("bsip_mplp.cli.pools._ranked", broken)
    ran = mplp("pools")
    assert ran.status == 70
    assert ran.err == "mplp: a fault of this program, please report it with what -v 4 shows: KeyError: 'missing'\n"
    assert "Traceback" in mplp("-v", "4", "pools").err


@pytest.mark.usefixtures("journal")
def test_no_account_is_said(mplp, place, journal):
    file = place / "mplp.toml"
    file.write_text(file.read_text().replace('account = "bob"\n', ""))
    assert "no account: give --account NAME" in one_line(mplp("balance"))
    assert mplp("-a", "alice", "balance").status == 0
    assert mplp("balance", "--account", "alice").status == 0
