"""The same with bonds on the chain (PL-43): issued, sent about, brought back, paid on meanwhile, all cut at any place.

python -m tests.safety.bonds FIRST COUNT
"""

import sqlite3
import sys
from contextlib import closing

from bsip_mplp.devnet import Asset
from bsip_mplp.devnet.operations import Transfer
from bsip_mplp.journal import Journal, read
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.rules.inputs import ParametersChanged
from tests.devnet.kit import CORE
from tests.safety.cutting import CuttingJournal
from tests.safety.run import Broken, Run
from tests.safety.seeds import play_all
from tests.safety.town import CORE_ASSET, MARKET, PEOPLE, Town

BORROWER, LENDER = "dora", "bob"
BOND = "MPLPBOND1"
HOUR, DAY = 3600, 86_400
OF_BONDS = ("bond_asset", "bond_issue", "bond_pay")
SENT = (
    (MARKET, 400, "mplp buy-bond 1"),
    (MARKET, 333, "mplp buy-bond 1"),
    (CORE_ASSET, 1, "mplp issue-bond 1"),
    (MARKET, 200, f"mplp issue-bond 1 0.0100 {MARKET}"),
    (MARKET, 999, f"mplp issue-bond 1 0.0071 {MARKET}"),
    (MARKET, 5500, "mplp insure"),
    (MARKET, 77, "mplp insure"),
    (CORE_ASSET, 1, f"mplp withdraw all {MARKET}"),
    (CORE_ASSET, 1, f"mplp withdraw 0.0001 {BOND}"),
    (CORE_ASSET, 1, f"mplp pass-bond 1 0.0005 {MARKET} to=cat for=0"),
)


class BondTown(Town):
    """A town whose fund can't pay the interest of a carried position: a series of bonds is on offer."""

    reserve_units = 20_000 * CORE

    def __init__(self):
        super().__init__()
        run = Run(self, 0, places=())
        for sender, units, text in (
            (LENDER, 600_000, "mplp lend rate=12%/yr days=60 period=30"),
            (BORROWER, 5000, f"mplp borrow 50 {MARKET}"),
        ):
            self.transfer(sender, units, text, units, MARKET)
            _let_work(run)
        self.stage.feed(38, 10_000, MARKET)  # LCR 1.46, CR 1.23: an auction, that nobody bids in
        for seconds in (HOUR, 50 * HOUR, 21 * DAY):
            _let_work(run)
            self.chain.advance(seconds)
            self.stage.feed(38, 10_000, MARKET)
        _let_work(run)
        run.end()
        with closing(sqlite3.connect(run.path)) as played, closing(sqlite3.connect(self.database.made)) as made:
            played.backup(made)
        self._snapshot = self.chain.snapshot()

    def prepare(self, stage):
        stage.account(BORROWER)
        stage.borrow(BORROWER, 10_000 * CORE, 3_100_000, MARKET)

    def _initialise(self):
        super()._initialise()
        with Journal.open(str(self.database.made)) as journal:
            changes = {"bond_prefix": BOND[:-1], "bond_window": 10 * DAY}
            Intake.load(journal).take([ParametersChanged(time=0, market=MARKET, changes=changes)])


def _let_work(run):
    for _ in range(3):
        run.pass_blocks()
        run.ticks += 1000
        run.work()


class BondRun(Run):
    """A seed's run with bonds of which some are on the chain from the beginning."""

    def play(self):
        """The whole run; all but the sale of the bonds can be cut."""
        for text, units in (("mplp buy-bond 1", 1000), ("mplp issue-bond 1", 1)):
            for person in PEOPLE:
                self.nonce += 1
                self.town.transfer(person, units, text, self.nonce, MARKET)
            for _ in range(5):
                self.pass_blocks()
                self.work()
        return super().play()

    def _step(self):
        for what in self.rng.choices(
            ("send", "units", "blocks", "work", "all", "fork", "time", "kill", "lag"),
            (6, 12, 8, 6, 10, 3, 1, 1, 1),
            k=2,
        ):
            self.figures.log.append(what)
            getattr(self, f"_{what}")()

    def _send(self):
        self.send_one_of(SENT, PEOPLE)

    def _units(self):
        """Somebody sends units to the pool, or to somebody else."""
        owners = [one for one in PEOPLE if self._has_asset() and self.town.held(BOND, one)]
        if not owners:
            return
        owner = self.rng.choice(owners)
        held = self.town.held(BOND, owner)
        units = self.rng.choice((1, held, (held + 1) // 2))
        self.nonce += 1
        self.figures.log.append(f"{units} of {owner}'s units")
        if self.rng.random() < 0.6:
            memo = self.rng.choice((None, "mplp redeem 1", "hello", "mplp withdraw all TEST"))
            self.town.transfer(owner, units, memo, self.nonce, BOND)
            return
        town, asset = self.town, self.chain.asset(BOND).number
        other = town.id_of(self.rng.choice([one for one in PEOPLE if one != owner]))
        self.chain.send([Transfer(from_=town.id_of(owner), to=other, amount=Asset(units, asset))])

    def _has_asset(self):
        return self.chain.state.asset_named.get(BOND) is not None

    def _work(self):
        self.work(self.rng.choice(("inbox", "inbox", "payouts", "payouts", "payouts", "auditor")))

    def _time(self):
        self.chain.advance(self.rng.choice((5, 20, HOUR, 11 * DAY)))

    # --- the end --------------------------------------------------------------------------------------------

    def _is_quiet(self):
        with CuttingJournal.at(self.path) as journal, journal.reading() as connection:
            if any(order.kind in OF_BONDS for order in read.orders(connection, "open")):
                return False
        return super()._is_quiet()

    def _check(self):
        super()._check()
        with CuttingJournal.at(self.path) as journal, journal.reading() as connection:
            (series,) = [found.body for found in read.objects(connection, "series")]
            orders = read.orders(connection)
            here = -sum(one.units for one in read.balances(connection, "outside") if one.asset == BOND)
        issued = sum(one.units for one in orders if (one.kind, one.state) == ("bond_issue", "done"))
        made = [one for one in orders if one.kind == "bond_asset" and one.state == "done"]
        if any(one.state == "failed" for one in orders if one.kind in OF_BONDS) or len(made) > 1:
            raise Broken(f"an order for bonds failed, or the asset was made twice: {orders}")
        if self._has_asset() != bool(made):
            raise Broken(f"the asset is there: {self._has_asset()}, the ledger says {series}")
        supply = self.chain.state.dynamic(self.chain.asset(BOND)).current_supply if made else 0
        mine = self.town.held(BOND) if made else 0
        if (supply, mine) != (issued, here) or supply - mine != series["on_chain"]:
            raise Broken(f"there are {supply} units, the pool has {mine}; issued {issued}, here {here}: {series}")
        self.figures.units, self.figures.issued = series["on_chain"], issued
        self.figures.back = sum(one.body["asset"] == BOND for one in self._deposits())

    def _deposits(self):
        with CuttingJournal.at(self.path) as journal, journal.reading() as connection:
            return read.last_inputs(connection, "deposit", 10**6)


def told(figures):
    """What a run counts for."""
    counted = {"units left": figures.units, "issued": figures.issued, "brought back": figures.back}
    return counted | {"forks": figures.forks}


if __name__ == "__main__":
    first, count = map(int, sys.argv[1:])
    play_all(BondRun, BondTown(), range(first, first + count), told)
