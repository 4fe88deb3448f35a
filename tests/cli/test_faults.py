"""Whatever is wrong gets one clear line on stderr that says what to do, exit status 2, and no traceback."""

import pytest

from bsip_mplp.journal import Journal, ReadError
from bsip_mplp.keeper.audits import AuditBoard
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.status import StatusBoard
from bsip_mplp.rules.inputs import AssetSeen
from tests import databases
from tests.cli.conftest import CONFIG, NOON
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
        (["--config", "/", "pools"], "/: is a directory; name a file"),
        (["rehearse", "/"], "/: is a directory; name a file"),
        (["params", "CNY", "--set", "lmcr=-1"], "lmcr takes a ratio from 1 to 32, not -1"),
        (["lend", "-5", "TEST"], "-5: an amount must be more than 0"),
        (["bid", "4", "-20"], "-20: an amount must be more than 0"),
        (["pools", "--nix"], "No such option: --nix"),
        (["unlend", "77"], "there is no pool 77: see mplp pools"),
        (["lend", "5", "TEST", "--pool", "77"], "there is no pool 77: see mplp pools"),
        (["borrow", "--amount", "5", "--pool", "77"], "there is no pool 77: see mplp pools"),
        (["repay", "99"], "there is no loan 99: see mplp loans --ended"),
        (["unprotect", "9"], "there is no protection 9: see mplp loans"),
        (["redeem", "2"], "there is no bond series 2: see mplp bonds --all"),
        (["bid", "4", "5", "CNY"], "there is no auction 4: see mplp auctions --ended"),
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


@pytest.mark.parametrize("words", [["stake", "0.5", "TEST"], ["lend", "0.5", "TEST", "--rate", "1%", "--days", "3"]])
def test_pl_d39_a_pool_under_the_least_size_is_not_sent(mplp, journal, words):
    seen = AssetSeen(time=NOON + 60, symbol="TEST", precision=5, least_size=100_000)
    Intake.load(journal).take([seen])
    assert "a pool takes at least 1.00000 TEST" in one_line(mplp(*words))


@pytest.fixture(params=["junk", "pages", "server"])
def unreadable(request, place, tmp_path):
    """The address of a database that can't be read: no database at all, pages overwritten, or a server without it."""
    if request.param == "server":
        url = databases.server().with_tables()
        databases.server().drop(url)
    else:
        url = f"sqlite:///{tmp_path}/broken.sqlite"
        Journal.open(url, create=True).close()
        kept = 0 if request.param == "junk" else 4096
        with (tmp_path / "broken.sqlite").open("r+b") as file:
            file.seek(kept)
            file.write(b"x" * 200_000)
    (place / "mplp.toml").write_text(CONFIG.format(database=url))
    return url


@pytest.mark.parametrize("words", [["health"], ["health", "--metrics"], ["health", "--json"], ["keeper", "status"]])
def test_a_database_that_can_not_be_read_is_one_line(mplp, unreadable, words):
    says = one_line(mplp(*words))
    assert "fault of this program" not in says
    assert "sqlalche" not in says


def test_the_boards_beside_the_journal_say_that_they_can_not_be_read(unreadable):
    for board in (StatusBoard(unreadable, read_only=True), AuditBoard(unreadable, read_only=True)):
        with pytest.raises(ReadError, match="can't be read"):
            board.read()
        board.close()


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
