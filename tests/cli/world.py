"""A small world on a running chain: accounts with keys of their own, an asset, a feed, a position; all signed."""

from __future__ import annotations

import itertools
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.chain.transactions import broadcast, sign, transaction_id
from bsip_mplp.keeper.lead import leader_of
from tests import databases

NATHAN = "5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"
PATIENCE_SECONDS = 60
GIVEN_UNITS = 10**10

CONFIG = """
place = "trial"
account = "{bob}"

[chain]
nodes = [{nodes}]
core_asset = "{core}"
pool_account = "{pool}"

[keys]
file = "{folder}/keys"

[database]
url = "{database}"

[markets.{market}]

[bots]
inbox.every_seconds = 0.2
watcher.every_seconds = 0.2
committee.every_seconds = 0.2
collector.every_seconds = 0.2
auctioneer.every_seconds = 0.2
carrier.every_seconds = 0.2
bonds.every_seconds = 0.2
dividends.every_seconds = 0.2
payouts.every_seconds = 0.2

[health]
fees_in_reserve = 1
"""


def new_wif():
    """A fresh private key."""
    from graphenebase.account import PrivateKey

    return str(PrivateKey(secrets.token_bytes(32).hex()))


def until(happened, what, seconds=PATIENCE_SECONDS, every=0.1):
    """Ask again and again until something is true; returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := happened():
            return found
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what}")


class World:
    """Accounts of a lender, a borrower and a pool, a bitasset with a feed, and a folder with configuration and keys."""

    def __init__(self, url, folder: Path, database=None):
        self.url, self.folder = url, folder
        self.database = database or databases.new(folder)
        self.connection = Connection([url])
        self.chain = Chain(self.connection)
        network = self.connection.network
        self.core, self.prefix = network.core_symbol, network.prefix
        mark = secrets.token_hex(4)
        self.market = "Q" + "".join(chr(ord("A") + byte % 26) for byte in secrets.token_bytes(6))
        self.alice, self.bob, self.pool = (f"{role}-x{mark}" for role in ("alice", "bob", "pool"))
        self.wifs = {name: new_wif() for name in (self.alice, self.bob, self.pool)}
        self.keys = keyring_of([NATHAN, *self.wifs.values()], self.prefix)
        self.public = {name: keyring_of([wif], self.prefix).public_keys[0] for name, wif in self.wifs.items()}
        self._nonce = itertools.count(1)

    def build(self):
        """Make it all; returns the world."""
        nathan = self.id("nathan")
        self.do("nathan", *(builders.account_create(nathan, name, key, key, key) for name, key in self.public.items()))
        give = Units("1.3.0", GIVEN_UNITS)
        self.do("nathan", *(builders.transfer(nathan, self.id(name), give) for name in self.wifs))
        self.do("nathan", builders.bitasset_create(nathan, self.market, 4, "1.3.0"))
        self.do("nathan", builders.feed_producers(nathan, self.asset(), [nathan]))
        self.feed(1, 10)
        self.do(self.bob, builders.call_order_update(
            self.id(self.bob), Units("1.3.0", 163_400_000), Units(self.asset(), 10_000_000), None))  # fmt: skip
        keys = self.folder / "keys"
        keys.write_text("\n".join(self.wifs.values()) + "\n")
        keys.chmod(0o600)
        self.configure(self.url)
        made = self.chain.head().number
        until(lambda: self.chain.head().irreversible_number >= made, "what was given counts as before all deposits")
        return self

    def configure(self, *nodes):
        """Write the configuration."""
        text = CONFIG.format(
            bob=self.bob, pool=self.pool, core=self.core, market=self.market, folder=self.folder,
            database=self.database,
            nodes=", ".join(f'"{node}"' for node in nodes),
        )  # fmt: skip
        (self.folder / "mplp.toml").write_text(text)

    def id(self, name):
        """An account's id."""
        return self.chain.account_ids([name])[name]

    def asset(self):
        """The bitasset's id."""
        return self.chain.asset(self.market).id

    def feed(self, bitasset, core):
        """Publish a price, in units."""
        price = (Units(self.asset(), bitasset), Units("1.3.0", core))
        self.do("nathan", builders.publish_feed(self.id("nathan"), price, mcr=1550, mssr=1100, icr=1600))

    def do(self, signer, *operations):
        """Sign, broadcast, and wait until it stands in a block."""
        keys = [key for key in self.chain.account(signer).active_keys if self.keys.has(key)]
        head = self.chain.head().number
        signed = sign(self.chain, operations, self.keys, keys, expiration_seconds=60)
        broadcast(self.connection, signed.transaction)
        until(lambda: self._is_in_a_block(signed.id, head), f"{operations} in a block")

    def _is_in_a_block(self, wanted, after):
        for number in range(after + 1, self.chain.head().number + 1):
            for found in self.chain.block(number)["transactions"]:
                try:
                    if transaction_id(found, self.prefix) == wanted:
                        return True
                except ValueError:
                    continue  # someone else's
        return False

    # --- processes ------------------------------------------------------------------------------------------

    @property
    def environment(self):
        """What commands run with."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {"MPLP_CONFIG": str(self.folder / "mplp.toml"), "COLUMNS": "160"}

    def command(self, *words):
        """The words of a command that run it as a process."""
        return [sys.executable, "-c", "from bsip_mplp.cli.main import main; main()", *words]

    def mplp(self, *words, timeout=90):
        """Run a command as a process of its own; returns (status, stdout, stderr)."""
        ran = subprocess.run(
            self.command(*words),
            env=self.environment, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        return ran.returncode, ran.stdout, ran.stderr

    def keeper(self, *words, log="keeper.log"):
        """Start a keeper, as the unit for systemd does: where one before it was killed its lease may still stand."""
        log = (self.folder / log).open("a")
        return subprocess.Popen(
            self.command("keeper", "run", "--standby", *words),
            env=self.environment, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def leads(self, process):
        """Whether it is this keeper that runs, and no other."""
        leader = leader_of(self.database)
        return leader is not None and leader.holder.endswith(f"process {process.pid}")
