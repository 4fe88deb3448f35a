"""A small town on an in-process chain: the pool's account, three people, one bitasset. Made once, then gone back to."""

import random
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path

import psycopg

from bsip_mplp import config
from bsip_mplp.chain.envelope import seal_plain
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.devnet import Asset, Chain
from bsip_mplp.devnet.operations import Transfer
from bsip_mplp.journal import Cursor, Journal, Place, tables
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.setup import changes
from tests.devnet.kit import CORE, Stage, key_of

POOL = "mplp-pool"
PEOPLE = ("ann", "bob", "cat")
MARKET = "USDX"
CORE_ASSET = "TEST"
PRECISIONS = {CORE_ASSET: 5, MARKET: 4}
URLS = ("ws://one", "ws://two", "ws://three")
RESERVE_UNITS = 500 * CORE


def settings_for(nodes, quorum, database):
    return config.read(
        {
            "place": "safety",
            "chain": {
                "nodes": list(nodes),
                "quorum": quorum,
                "core_asset": CORE_ASSET,
                "pool_account": POOL,
                "expiration_seconds": 15,
            },
            "database": {"url": str(database)},
            "assets": {CORE_ASSET: {"least": 1}},
            "markets": {MARKET: {"lmcr": Decimal("1.3")}},
            "payouts": {"most_per_run": 3},
        }
    )


class FileDatabase:
    """A journal in a file, copied from the one that was made."""

    def __init__(self, folder):
        self.made, self._copy = folder / "template.sqlite", folder / "journal.sqlite"

    def keep(self):
        """It is a file of its own already."""

    def reset(self):
        for old in self._copy.parent.glob("journal.sqlite*"):
            old.unlink()
        shutil.copyfile(self.made, self._copy)
        return self._copy


class ServerDatabase:
    """A journal in a database of a server; what was made is kept beside it, and put back."""

    def __init__(self, server):
        self.made = server.with_tables()
        self._names = [table.name for table in tables.metadata.sorted_tables]

    def keep(self):
        with psycopg.connect(self.made) as database:
            database.execute("CREATE SCHEMA kept")
            for name in self._names:
                database.execute(f"CREATE TABLE kept.{name} AS TABLE public.{name}")

    def reset(self):
        with psycopg.connect(self.made) as database:
            database.execute(f"TRUNCATE {', '.join(self._names)}")
            for name in self._names:
                database.execute(f"INSERT INTO public.{name} SELECT * FROM kept.{name}")
        return self.made


class Town:
    """The chain and the journal as they were when all was set up; `reset` goes back there.

    The journal is a file, or with `server` a database of that PostgreSQL.
    """

    reserve_units = RESERVE_UNITS

    def __init__(self, server=None):
        stage = self.stage = Stage(Chain()).account("issuer", "feeder", *PEOPLE, POOL)
        stage.bitasset(MARKET)
        stage.feed(5, 1000, MARKET)
        for person in PEOPLE:
            stage.borrow(person, 100_000 * CORE, 10**4 * 250, MARKET)
        self.prepare(stage)
        self.chain = stage.chain
        self.chain.produce_block()
        self.keyring = keyring_of([key_of(POOL).wif, key_of(POOL, "memo").wif], "TEST")
        self.first_block = self.chain.head_number + 1
        self.transfer(PEOPLE[0], self.reserve_units, "mplp operator", 1)
        for _ in range(10):
            self.chain.produce_block()
        base = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="mplp-safety-", dir=base))
        self.database = ServerDatabase(server) if server else FileDatabase(self.folder)
        self.opening = {symbol: self.held(symbol) for symbol in PRECISIONS}
        self.opening[CORE_ASSET] -= self.reserve_units
        self._initialise()
        self._snapshot = self.chain.snapshot()

    def prepare(self, stage):
        """What else there is in the town."""

    def _initialise(self):
        """What `mplp init` does, with a cursor right before the reserve came."""
        with Journal.open(str(self.database.made), create=True) as journal:
            journal.set_place(Place(self.chain.chain_id.hex(), POOL))
            before = self.chain.block(self.first_block - 1)
            first = Cursor(before.number, before.header.timestamp)
            settings = settings_for(URLS[:1], 1, self.database.made)
            Intake.load(journal).take(changes(settings, PRECISIONS, {}, {}, first.time), first)
        self.database.keep()

    def reset(self):
        """The chain as it was, and a fresh copy of the journal; gives the copy's place."""
        self.chain.revert(self._snapshot)
        self.chain._skip_slots = 0
        self.chain._nonce = random.Random(0)
        return self.database.reset()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def id_of(self, name):
        return self.chain.account(name).number

    def held(self, symbol, name=POOL):
        """What an account holds now, pending transactions included."""
        return self.chain.state.balance(self.id_of(name), self.chain.asset(symbol).number)

    def transfer(self, sender, units, text, nonce, symbol=CORE_ASSET):
        """A transfer to the pool that waits for the next block."""
        memo = seal_plain(text, "TEST", nonce) if text is not None else None
        op = {
            "from": f"1.2.{self.id_of(sender)}",
            "to": f"1.2.{self.id_of(POOL)}",
            "amount": {"amount": units, "asset_id": f"1.3.{self.chain.asset(symbol).number}"},
        }
        self.chain.send([[0, op if memo is None else {**op, "memo": memo}]])

    def outside_transfer(self, sender, receiver, units):
        """A transfer that has nothing to do with the pool."""
        core = self.chain.asset(CORE_ASSET).number
        self.chain.send([Transfer(from_=self.id_of(sender), to=self.id_of(receiver), amount=Asset(units, core))])
