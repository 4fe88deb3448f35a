"""A real keeper and a real node under load, either killed with `kill -9` again and again; then audit and verify.

MPLP_KILLS says how often; `make soak` asks for many.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.envelope import seal_plain
from bsip_mplp.chain.errors import ChainError
from bsip_mplp.chain.transactions import broadcast, sign
from bsip_mplp.journal import Journal, read
from tests.cli.world import GIVEN_UNITS, World, until
from tests.kit import free_port

KILLS = int(os.environ.get("MPLP_KILLS", "5"))
TRANSFERS_PER_KILL = 5
SEED = int(os.environ.get("MPLP_SEED", "1"))
MEMOS = (
    "mplp stake",
    "mplp lend rate=12%/yr days=30",
    "mplp interest",
    "mplp borrow 3 TEST",
    "mplp withdraw 1 TEST",
    "mplp withdraw all TEST",
    "mplp unlend 1",
    "mplp repay 1",
    "nonsense",
)


class NodeProcess:
    """An embedded node that keeps its chain in a folder, so that it goes on after it was killed."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        self._folder = folder
        self._process = None

    def start(self):
        command = [sys.executable, "-m", "bsip_mplp.devnet", "--listen", f"127.0.0.1:{self.port}",
                   "--data", str(self._folder / "chain"), "--block-interval", "0.3"]  # fmt: skip
        log = (self._folder / "node.log").open("a")
        self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def kill(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)


@pytest.fixture
def node(tmp_path):
    found = NodeProcess(tmp_path)
    found.start()
    yield found
    found.kill()


def reachable(node):
    from bsip_mplp.chain.connection import Connection

    def answers():
        connection = Connection([node.url], rounds_max=1)
        try:
            return connection.head()["last_irreversible_block_num"]
        except ChainError:
            return None
        finally:
            connection.close()

    return until(answers, "the node answers")


def send_some(world, rng):
    """Transfers of everyone, without waiting; while the node is dead they are lost, as anybody's would be."""
    sent = 0
    for _ in range(TRANSFERS_PER_KILL):
        sender = rng.choice((world.alice, world.bob))
        memo = seal_plain(rng.choice(MEMOS), world.prefix, rng.getrandbits(60))
        units = Units("1.3.0", rng.choice((1, 777, 400_000, 2_000_000)))
        try:
            keys = [key for key in world.chain.account(sender).active_keys if world.keys.has(key)]
            move = builders.transfer(world.id(sender), world.id(world.pool), units, memo)
            broadcast(world.connection, sign(world.chain, [move], world.keys, keys, expiration_seconds=30).transaction)
        except ChainError:
            continue
        sent += 1
    return sent


def open_payouts(path):
    with Journal.open(path, read_only=True) as journal, journal.reading() as connection:
        return [one for one in read.orders(connection, "open") if one.kind == "payout"]


def assert_no_key_stands_in(folder, world):
    """No log, journal or other file holds a private key, as text or as bytes."""
    secrets = [world.keys.secret(key) for key in world.keys.public_keys]
    forms = [form for one in secrets for form in (one.reveal().encode(), one.raw(), one.raw().hex().encode())]
    files = [file for file in folder.rglob("*") if file.is_file() and file.name not in ("keys", "node.log")]
    assert len(files) >= 4  # the node's own log tells the faucet's key, which everybody knows
    for file in files:
        assert not any(form in file.read_bytes() for form in forms), file


@pytest.mark.timeout(60 + 20 * KILLS)
def test_kill_9_of_keeper_and_node_under_load_loses_and_doubles_nothing(tmp_path, node):
    reachable(node)
    rng = random.Random(SEED)
    world = World(node.url, tmp_path).build()
    config = tmp_path / "mplp.toml"
    config.write_text(config.read_text().replace("[health]", "auditor.every_seconds = 0.3\n\n[health]"))
    assert world.mplp("init")[0] == 0
    assert world.mplp("-a", world.alice, "keeper", "reserve", str(500 + 25 * KILLS))[0] == 0
    keeper, sent, killed = world.keeper(), 0, {"keeper": 0, "node": 0}
    try:
        for _ in range(KILLS):
            sent += send_some(world, rng)
            time.sleep(rng.random() * 1.5)
            victim = rng.choice(("keeper", "node"))
            killed[victim] += 1
            if victim == "keeper":
                keeper.send_signal(signal.SIGKILL)
                keeper.wait(30)
                keeper = world.keeper()
            else:
                node.kill()
                node.start()
                reachable(node)
        sent += send_some(world, rng)
        path = world.database
        last = world.chain.head().number + 1

        def all_read_and_paid():
            with Journal.open(path, read_only=True) as journal:
                return journal.cursor().block >= last and not open_payouts(path)

        try:
            until(all_read_and_paid, "everything is read and paid", 120 + KILLS)
        except AssertionError as error:
            error.add_note(
                f"{killed} killed, {sent} sent; {world.mplp('health')[1]}{world.mplp('keeper', 'status')[1]}"
            )
            raise
        words = Path(f"/proc/{keeper.pid}/cmdline").read_bytes() + Path(f"/proc/{keeper.pid}/environ").read_bytes()
        assert not any(wif.encode() in words for wif in world.wifs.values())
        until(lambda: json.loads(world.mplp("audit", "--json")[1])["verdict"] == "agrees", "the audit agrees")
    finally:
        keeper.send_signal(signal.SIGKILL)
        keeper.wait(30)
    assert sent
    status, out, err = world.mplp("verify", "--json")
    assert status == 0, err
    assert json.loads(out)["holds"]
    with Journal.open(path, read_only=True) as journal, journal.reading() as connection:
        (outside,) = [one for one in read.balances(connection, "outside") if one.asset == world.core]
        done = [one for one in read.orders(connection) if one.kind == "payout"]
    assert world.chain.balances(world.pool)[world.core] - GIVEN_UNITS == -outside.units
    assert_no_key_stands_in(tmp_path, world)
    print(f"{killed} killed, {sent} transfers sent, {len(done)} payouts")
