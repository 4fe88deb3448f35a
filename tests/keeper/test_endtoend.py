"""The whole way with real processes: an embedded node, a keeper, commands, and python-bitshares as any wallet is.

Blocks come ten times a second; nothing waits for a time to pass, everything for something to happen.
"""

import json
import signal
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bsip_mplp.bots.registry import BOTS
from bsip_mplp.cli.main import cli
from bsip_mplp.journal import Journal, read
from bsip_mplp.journal.database import file_of, read_url
from bsip_mplp.keeper.lead import leader_of
from tests.cli.world import GIVEN_UNITS, World, until

MPLP = [sys.executable, "-c", "from bsip_mplp.cli.main import main; main()"]


class Devnet:
    """An embedded node as a process, which keeps its chain when it ends."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}"
        self.folder = folder
        self.start()

    def start(self):
        words = ["devnet", "--listen", f"127.0.0.1:{self.port}", "--block-interval", "0.1"]
        self.process = subprocess.Popen(
            [*MPLP, *words, "--data", str(self.folder / "chain")], stdout=subprocess.PIPE, text=True
        )
        assert self.url in self.process.stdout.readline()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    devnet = Devnet(folder)
    made = World(devnet.url, folder).build()
    made.devnet = devnet
    status, out, err = made.mplp("init")
    assert status == 0, err
    assert "deposits count from block" in out
    yield made
    devnet.stop()


@pytest.fixture
def keeper(world):
    """A running keeper; whichever keepers a test starts are ended after it."""
    started = []

    def start(*words):
        started.append(world.keeper(*words))
        return started[-1]

    world.start_keeper = start
    start()
    until(lambda: world.leads(started[0]), "a keeper runs")
    yield started[0]
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(30)


def json_of(world, *words):
    """What a view says, asked in this process, since it is asked again and again."""
    ran = CliRunner(mix_stderr=False, env=world.environment).invoke(cli, [*words, "--json"])
    assert ran.exit_code in (0, 1), ran.output
    return json.loads(ran.stdout)


def status_of(world):
    return json_of(world, "keeper", "status")


def wallet_transfer(world, sender, amount, memo):
    """A transfer as python-bitshares makes it, with its own encrypted memo."""
    from bitshares import BitShares

    bitshares = BitShares(world.url, keys=[world.wifs[sender]], num_retries=3)
    return bitshares.transfer(world.pool, amount, world.core, memo=memo, account=sender)


def test_a_lender_by_command_and_a_borrower_by_any_wallet(world, keeper):
    words = ("-a", world.alice, "lend", "1000", world.core, "--rate", "12%", "--days", "14", "--wait")
    status, out, err = world.mplp(*words)
    assert status == 0, err
    assert "PL-1: Pool 1 lends" in out

    wallet_transfer(world, world.bob, 5, "mplp interest")
    wallet_transfer(world, world.bob, 0.00001, "mplp borrow least below=12%/yr")
    loans = until(lambda: json_of(world, "loans")["loans"], "the loan that was asked for by memo")
    assert [(loan["amount"], loan["asset"], loan["state"]) for loan in loans] == [("377.07693", world.core, "live")]
    (position,) = json_of(world, "position")["positions"]
    assert (position["CR"], position["LCR"], position["state"]) == ("1.634", "2.011", "protected")


def test_what_is_not_understood_is_free_balance_with_an_explanation(world, keeper):
    wallet_transfer(world, world.alice, 3, "mplp borow least")
    told = until(
        lambda: [t for t in json_of(world, "statement", "--account", world.alice)["told"] if "borow" in t["text"]],
        "the explanation",
    )
    assert "did you mean borrow" in told[0]["text"]
    moved = json_of(world, "statement", "--account", world.alice)["movements"][-1]
    assert (moved["text"], moved["of"], moved["amount"]) == ("deposit", "free", "3.00000")


def test_a_request_that_a_rule_refuses_ends_with_2_and_loses_nothing(world, keeper):
    status, _, err = world.mplp("withdraw", "999999", world.core, "--wait")
    assert status == 2
    assert err.startswith("mplp: refused by G-6: your free balance holds ")
    assert err.count("\n") == 1


def test_a_dry_run_shows_before_and_after_and_sends_nothing(world, keeper):
    head = json_of(world, "verify")["head"]
    shown = json_of(world, "borrow", "--amount", "100", "--dry-run")
    assert [row["ratio"] for row in shown["ratios"]] == ["CR", "LCR"]
    assert shown["ratios"][1] == {"ratio": "LCR", "before": "2.011", "after": "2.111"}
    # 100 at 12 % a year for 14 days: 100 · 0.12 · 14 / 365 = 0.460273…, rounded up; the cut is in it
    assert shown["cost_now"] == [f"0.46028 {world.core}"]
    assert "does not keep the chain from calling" in shown["note"]
    assert json_of(world, "verify")["head"] == head


def test_a_transaction_can_be_shown_signed_or_unsigned_and_is_not_sent(world, keeper):
    before = world.chain.balances(world.bob)
    signed = world.mplp("-d", "stake", "5", world.core)
    unsigned = world.mplp("-x", "stake", "5", world.core)
    for status, out, err in (signed, unsigned):
        assert status == 0, err
        ((kind, operation),) = json.loads(out)["operations"]
        assert (kind, operation["amount"]["amount"]) == (0, 500_000)
    assert len(json.loads(signed[1])["signatures"]) == 1
    assert json.loads(unsigned[1])["signatures"] == []
    assert world.chain.balances(world.bob) == before


def test_pl_d7_init_warns_of_parameters_that_suspend_new_loans(world):
    file, table = world.folder / "mplp.toml", f"[markets.{world.market}]"
    text = file.read_text()
    file.write_text(text.replace(table, f"{table}\nlmcr = 9"))
    try:
        status, out, err = world.mplp("init")
    finally:
        file.write_text(text)
    assert (status, err, out.count("Warning: ")) == (0, "", 1)
    assert f"Warning: markets.{world.market}: LMCR 9 is not under MCR 1.55: no new loans there" in out
    status, out, err = world.mplp("init")
    assert (status, "Warning" in out) == (0, False), err


def test_a_second_keeper_is_refused_and_one_on_standby_takes_over(world, keeper):
    second = world.mplp("keeper", "run")
    assert second[0] == 2
    file = file_of(read_url(world.database))
    said = f"a keeper runs on {file} already (process {keeper.pid})" if file else f"process {keeper.pid}"
    assert said in second[2]
    assert "stop it first, or stand by with --standby" in second[2]
    for words in (["init"], ["keeper", "run", "--once"]):
        status, _, err = world.mplp(*words)
        assert (status, said in err, "stop it first" in err, "--standby" in err) == (2, True, True, False)
    standby = world.start_keeper()
    log = world.folder / "keeper.log"
    told = until(lambda: [line for line in log.read_text().splitlines() if "standing by" in line], "it stands by")
    assert "--standby" not in told[-1]
    assert "stop it first" not in told[-1]
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(60) == 0
    until(lambda: world.leads(standby), "the standby runs")
    status, out, err = world.mplp("interest", "1", world.core, "--wait")
    assert status == 0, err
    assert standby.poll() is None


def test_a_payout_waits_for_the_reserve_and_is_then_made_once_through_kill_9(world, keeper):
    status, out, err = world.mplp("-a", world.alice, "withdraw", "2", world.core, "--wait")
    assert status == 0, err
    assert "Not paid out yet: " in out
    reason = until(lambda: [r for r in health(world) if "held back" in r], "the payout is held back")
    assert reason[0].startswith("order 1: held back: the fee is")
    status, _, err = world.mplp("keeper", "reserve", "50")
    assert status == 0, err
    for _ in range(3):
        keeper.send_signal(signal.SIGKILL)
        keeper.wait(30)
        keeper = world.start_keeper()
        until(lambda keeper=keeper: world.leads(keeper), "a keeper runs again")
    until(lambda: not json_of(world, "balance", "--account", world.alice)["balances"][-1]["what"].startswith("payout"),
          "the payout is done")  # fmt: skip
    paid = until(lambda: _paid(world), "the notice of the payout")
    assert len(paid) == 1
    assert json_of(world, "verify")["holds"]
    with Journal.open(world.database, read_only=True) as journal, journal.reading() as connection:
        (outside,) = read.balances(connection, "outside")
    # what the ledger says that came in, less what went out, fees included, is what the pool's account really has
    assert world.chain.balances(world.pool)[world.core] - GIVEN_UNITS == -outside.units


def _paid(world):
    return [t for t in json_of(world, "statement", "--account", world.alice)["told"] if "was sent" in t["text"]]


def health(world):
    return json_of(world, "health")["reasons"]


def test_deposits_that_came_while_the_keeper_was_dead_count_once(world, keeper):
    keeper.send_signal(signal.SIGKILL)
    keeper.wait(30)
    until(lambda: "no keeper runs" in " ".join(health(world)), "its end is noticed")
    before = json_of(world, "statement", "--account", world.bob, "--last", "1000")["movements"]
    for number in range(3):
        wallet_transfer(world, world.bob, 1 + number, f"hello {number}")
    world.start_keeper()

    def came():
        now = json_of(world, "statement", "--account", world.bob, "--last", "1000")["movements"][len(before) :]
        return now if len(now) >= 3 else None

    assert [line["amount"] for line in until(came, "all three count")] == ["1.00000", "2.00000", "3.00000"]
    assert json_of(world, "verify")["holds"]


def test_a_node_that_is_gone_is_seen_and_when_it_is_back_the_keeper_catches_up(world, keeper):
    world.devnet.stop()
    failing = until(lambda: [bot for bot in status_of(world)["bots"] if bot["failures"]], "the failure is seen")
    assert "no node answers" in failing[0]["last_error"] or "did not answer" in failing[0]["last_error"]
    status, _, err = world.mplp("stake", "1", world.core)
    assert status == 2
    assert err.startswith("mplp: no node answers")
    world.devnet.start()
    status, _, err = world.mplp("-a", world.alice, "stake", "5", world.core, "--wait")
    assert status == 0, err
    until(lambda: not any(bot["failures"] for bot in status_of(world)["bots"]), "all bots work again", 150)
    assert json_of(world, "verify")["holds"]


def test_a_falling_price_ends_the_loan_by_the_watcher_alone(world, keeper):
    world.feed(7, 100)  # CR 1.144, under LMCR 1.3
    until(lambda: not json_of(world, "loans")["loans"], "the loan ended")
    (ended,) = json_of(world, "loans", "--ended")["loans"]
    assert "PL-17" in ended["state"] or "PL-46" in ended["state"]
    assert json_of(world, "pools", "--owner", world.alice)["pools"][0]["lent"] == "0.00000"


def test_once_and_dry_run(world):
    until(lambda: leader_of(world.database) is None, "the keeper that was killed leads no more")
    status, out, err = world.mplp("keeper", "run", "--dry-run")
    assert status == 0, err
    assert {line.split(":")[0] for line in out.splitlines()} == {bot.name for bot in BOTS}
    assert world.mplp("keeper", "run", "--once")[0] == 0
    assert all(bot["failures"] == 0 for bot in status_of(world)["bots"])
