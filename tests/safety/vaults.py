"""The same with vaults: loans that are really put into them, a price that falls and rises, calls, all cut at any place.

python -m tests.safety.vaults FIRST COUNT
"""

import json
import sys
from collections import Counter

from bsip_mplp.chain.vaults import Terms
from bsip_mplp.config import Vault
from bsip_mplp.devnet.operations import AccountUpgrade
from bsip_mplp.journal import read
from tests.devnet.kit import CORE
from tests.safety.cutting import CuttingJournal
from tests.safety.run import Broken, Run
from tests.safety.seeds import play_all
from tests.safety.town import CORE_ASSET, MARKET, POOL, Town

GUARD, BUYER = "guard", "buyer"
HOLDERS = ("dora", "emil")
LENDER = "cat"
PREFIX = "mplp-vault-"
SENT = (
    (CORE_ASSET, 10_000 * CORE, "mplp vault open debt=300"),
    (CORE_ASSET, 10_000 * CORE, "mplp vault open debt=300"),
    (CORE_ASSET, 20_000 * CORE, "mplp lend rate=8%/yr days=7"),
    (MARKET, 10**6, "mplp lend rate=8%/yr days=30"),
    (CORE_ASSET, 100 * CORE, "mplp interest"),
    (CORE_ASSET, 1, "mplp borrow least"),
    (CORE_ASSET, 1, "mplp borrow least"),
    (MARKET, 10**5, "mplp interest"),
    (CORE_ASSET, 1, f"mplp borrow least {MARKET}"),
    (CORE_ASSET, 500 * CORE, "mplp vault add"),
    (MARKET, 10**5, "mplp vault pay"),
    (CORE_ASSET, 1, "mplp vault take 300 TEST"),
    (CORE_ASSET, 1, f"mplp vault borrow 5 {MARKET}"),
    (MARKET, 3 * 10**6, "mplp vault close"),
    (MARKET, 2 * 10**6, "mplp insure risk"),
    (CORE_ASSET, 1, "mplp repay 1"),
    (CORE_ASSET, 1, "mplp withdraw all TEST"),
    (CORE_ASSET, 1, f"mplp withdraw all {MARKET}"),
)
WHO = (*HOLDERS, *HOLDERS, LENDER)
ACTIONS = 2
"""Of a step, of which a run has thirty."""

PRICES = (36, 39, 42, 45, 48, 50, 50, 53)
"""Bitasset for 10,000 of the core asset: a vault is opened at a CR of 1.67 with 50."""


class VaultTown(Town):
    """A town whose pool may make accounts, with a guard, and somebody who buys what is sold."""

    reserve_units = 20_000 * CORE

    def prepare(self, stage):
        stage.account(GUARD, BUYER, *HOLDERS)
        stage.borrow(BUYER, 500_000 * CORE, 10**4 * 5000, MARKET)
        pool = stage.chain.account(POOL)
        if not pool.is_lifetime_member:
            stage.send(AccountUpgrade(account_to_upgrade=pool.number, upgrade_to_lifetime_member=True))


class VaultRun(Run):
    """A seed's run with vaults."""

    terms = Terms((POOL,), GUARD)

    def __init__(self, town, seed, **more):
        super().__init__(town, seed, **more)
        self.settings = self.settings.model_copy(update={"vault": Vault(keepers=(POOL,), guard=GUARD)})
        self.price = 50

    def play(self):
        """The whole run, with lenders and a vault in the beginning; all of it can be cut."""
        for who, what, rounds in (
            ((LENDER, LENDER), (SENT[2], SENT[3]), 0),
            ((*HOLDERS, *HOLDERS), (SENT[4], SENT[4], SENT[0], SENT[0]), 12),
            (HOLDERS, (SENT[5], SENT[5]), 4),
        ):
            for person, (symbol, units, text) in zip(who, what, strict=True):
                self.nonce += 1
                self.town.transfer(person, units, text, self.nonce, symbol)
            for _ in range(rounds):
                self.pass_blocks()
                self.work()
        return super().play()

    def _step(self):
        for what in self.rng.choices(
            ("send", "blocks", "work", "all", "fork", "time", "kill", "price", "buy", "lag"),
            (8, 10, 6, 14, 3, 1, 1, 4, 2, 1),
            k=ACTIONS,
        ):
            self.figures.log.append(what)
            getattr(self, f"_{what}")()

    def _send(self):
        self.send_one_of(SENT, WHO)

    def _work(self):
        self.work(self.rng.choice(("inbox", "inbox", "vaults", "vaults", "vaults", "payouts", "watcher", "auditor")))

    def _time(self):
        self.chain.advance(self.rng.choice((5, 20, 3600, 8 * 86_400)))

    def _price(self):
        self.price = self.rng.choice(PRICES)
        self.town.stage.feed(self.price, 10_000, MARKET)

    def _buy(self, units=10**6):
        """Somebody offers bitasset at a better price than the worst that is allowed."""
        core = units * 10_000 * 1080 // (self.price * 1000)
        self.town.stage.order(BUYER, (units, MARKET), (core, "CORE"))

    # --- the end --------------------------------------------------------------------------------------------

    def _heal(self):
        self._price()
        self._buy(20 * 10**6)
        super()._heal()

    def _is_quiet(self):
        with CuttingJournal.at(self.path) as journal, journal.reading() as connection:
            made = [found.body for found in read.objects(connection, "vault")]
            if read.orders(connection, "open") or any(one["state"] == "made" or one["queued"] for one in made):
                return False
        return super()._is_quiet()

    def _of(self, number):
        """Without what went into vaults and came from them: that is ordered, and neither deposit nor payout."""
        for source, one in super()._of(number):
            names = {self.chain.state.account(who).name for who in (one.from_, one.to)}
            if not any(name.startswith(PREFIX) for name in names):
                yield source, one

    def _check(self):
        super()._check()
        with CuttingJournal.at(self.path) as journal, journal.reading() as connection:
            vaults = [found.body for found in read.objects(connection, "vault")]
            ways = Counter(found.body["way"] for found in read.objects(connection, "unwinding"))
            lost = sum(found.body["lost"] for found in read.objects(connection, "unwinding"))
            loans = len(read.objects(connection, "loan"))
        if any(vault["state"] not in ("sound", "failed") for vault in vaults):
            raise Broken(f"a vault is not as agreed: {json.dumps(vaults)}")
        if lost:
            raise Broken(f"{lost} units that were lent are lost, at prices that no gap made")
        self.figures.vaults, self.figures.loans, self.figures.ways = len(vaults), loans, ways


def told(figures):
    """What a run counts for."""
    ways = {f"way {way or 'none yet'}": units for way, units in figures.ways.items()}
    return {"vaults": figures.vaults, "loans": figures.loans} | ways


if __name__ == "__main__":
    first, count = map(int, sys.argv[1:])
    play_all(VaultRun, VaultTown(), range(first, first + count), told)
