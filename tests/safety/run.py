"""One seeded run: people send, blocks come and go, bots work, and all of it is cut and goes wrong at places that the
seed chooses. In the end everything heals, the keeper catches up, and ledger and chain must agree to the last unit."""

import json
import random
from dataclasses import dataclass, field

from bsip_mplp.bots.registry import BOTS
from bsip_mplp.chain.chain import Chain as Reader
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.inbox import Inbox
from bsip_mplp.chain.kinds import deeds_of
from bsip_mplp.chain.memo import Context
from bsip_mplp.chain.outbox import Outbox
from bsip_mplp.devnet.errors import ChainError
from bsip_mplp.devnet.operations import Transfer
from bsip_mplp.journal import read
from bsip_mplp.keeper.audit import Verdict
from bsip_mplp.keeper.audits import Kept, audit_from_json, audit_to_json
from bsip_mplp.keeper.desk import Desk
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.runner import Keeper, NoBoard
from bsip_mplp.keeper.vaults import Watch
from bsip_mplp.keeper.verifying import verify_with_snapshot
from tests.safety.cutting import Cut, CuttingJournal, LocalNode, Points, Weather
from tests.safety.lies import Liar
from tests.safety.town import CORE_ASSET, MARKET, PEOPLE, POOL, PRECISIONS, URLS, settings_for

STEPS = 30
ROUNDS_MAX = 60
IRREVERSIBLE_BLOCKS = 12
MEMOS = (
    "mplp lend rate=12%/yr days=30",
    "mplp lend rate=8%/yr days=7",
    "mplp stake",
    "mplp interest",
    "mplp interest 1 TEST",
    "mplp borrow least below=20%/yr",
    "mplp borrow 3 TEST",
    "mplp protect at=1.9",
    "mplp repay 1",
    "mplp unlend 1",
    "mplp unlend 2 1 TEST",
    "mplp withdraw 1 TEST",
    "mplp withdraw 2.5 TEST",
    "mplp withdraw 0.00001 TEST",
    "mplp withdraw all TEST",
    "mplp withdraw all TEST",
    "mplp withdraw all USDX",
    "mplp withdraw 99999 TEST",
    "mplp wihtdraw all",
    "mplp",
    "hello",
    "\x00\u202e借",
    None,
)

CONTEXT = Context(precisions=PRECISIONS, markets={MARKET: CORE_ASSET}, core_asset=CORE_ASSET, default_market=MARKET)


class Broken(AssertionError):
    """What must hold does not."""


class OftenKept(Intake):
    """So that most starts begin from a snapshot."""

    SNAPSHOT_INPUTS = 4


class KeptBoard:
    """The table of audits, which outlives the process."""

    def __init__(self, own):
        self.kept = Kept(own)
        self.alarms = []

    def read(self):
        return self.kept

    def write(self, kept):
        last = kept.last
        if last.unknown or any(one.is_short for one in last.figures) or any(one.is_over for one in last.bonds):
            self.alarms += kept.last.alarms()
        self.kept = Kept(kept.own, audit_from_json(json.loads(json.dumps(audit_to_json(kept.last)))))

    def close(self):
        pass


@dataclass
class Figures:
    """What happened in a run."""

    points: int = 0
    cuts: dict = field(default_factory=dict)
    faults: dict = field(default_factory=dict)
    deposits: int = 0
    payouts: int = 0
    attempts: int = 0
    forks: int = 0
    inputs: int = 0
    log: list = field(default_factory=list)


class Run:
    """A seed's run in a town. `places` are crash points to be cut at; without them chance decides."""

    terms = None
    """Who keeps the vaults, where there are some."""

    def __init__(self, town, seed, *, places=None, bots=BOTS, nodes=None):
        self.town = town
        self.chain = town.chain
        self.rng = random.Random(seed)
        self.bots = bots
        path = town.reset()
        systematic = places is not None
        chance = 0.0 if systematic else self.rng.choice((0.0, 0.01, 0.03, 0.1))
        self.points = Points(random.Random(self.rng.random()), chance, places or ())
        self.nodes, quorum, liars = nodes or self._nodes()
        self.weather = Weather(random.Random(self.rng.random()), self._chances(calm=systematic), liars)
        self.settings = settings_for(URLS[: self.nodes], quorum, path)
        self.path = path
        # What the account holds of its own is known, or has yet to be found; a node that shows an old history beside
        # new balances would mislead there, and is left out then
        self.own_is_known = self.rng.random() < 0.5
        self.audits = KeptBoard(town.opening if self.own_is_known else None)
        self.is_honest = not liars
        self.servers = {}
        for url in URLS[: self.nodes]:
            self.servers[url] = LocalNode(self.chain, url, self.weather, self.points)
            self.servers[url].tell = Liar(town, self.rng)
        self.clock_off = self.rng.choice((0, 0, -86_400, 10**6))
        self.ticks = 0.0
        self.keeper = None
        self.figures = Figures()
        self.nonce = 100
        self.final = self.chain.head_number

    def _nodes(self):
        match self.rng.randrange(4):
            case 0 | 1:
                return 1, 1, frozenset()
            case 2:
                return 3, 2, frozenset()
            case _:
                return 3, 2, frozenset([self.rng.choice(URLS)])

    def _chances(self, *, calm):
        if calm or self.rng.random() < 0.2:
            return {}
        return {kind: self.rng.choice((0.0, 0.0, 0.02, 0.1)) for kind in ("unsent", "lost", "twice")}

    # --- the keeper -----------------------------------------------------------------------------------------

    def _open_desk(self):
        journal = CuttingJournal.at(self.path, self.points)
        connection = Connection(
            URLS[: self.nodes],
            quorum=self.settings.chain.quorum,
            rounds_max=2,
            sleep=lambda seconds: None,
            monotonic=self._monotonic,
            dial=lambda url, seconds: self.servers[url],
        )
        try:
            chain = Reader(connection)
            inbox = Inbox(chain, POOL, self.town.keyring, CONTEXT)
            outbox = Outbox(
                chain, journal, POOL, self.town.keyring, deeds=deeds_of(self.terms),
                expiration_seconds=self.settings.chain.expiration_seconds,
            )  # fmt: skip
            watch = None if self.terms is None else Watch(chain, self.terms)
            return Desk(self.settings, journal, OftenKept.load(journal), connection, inbox, outbox, self.audits, watch)
        except BaseException:
            journal.close()
            raise

    def _monotonic(self):
        self.ticks += 0.01
        return self.ticks

    def _clock(self):
        return self.chain.now + self.clock_off

    def work(self, *names):
        """Let bots run, in their turn; a cut drops everything that is in memory."""
        if self.keeper is None:
            every = {bot.name: 1.0 for bot in self.bots}
            self.keeper = Keeper(self._open_desk, self.bots, every, NoBoard(), clock=self._clock)
        try:
            for bot in sorted(self.bots, key=lambda one: one.turn):
                if not names or bot.name in names:
                    self.keeper.run(bot.name)
        except Cut as cut:
            self.figures.log.append(f"cut at {cut}")
            self.drop()

    def drop(self):
        """The process is gone."""
        if self.keeper is not None:
            self.keeper.close()
            self.keeper = None

    def statuses(self):
        """How the bots of the running keeper are, by name."""
        return {} if self.keeper is None else dict(self.keeper._statuses)

    def pass_blocks(self, count=IRREVERSIBLE_BLOCKS):
        for _ in range(count):
            self.chain.produce_block()

    # --- what happens ---------------------------------------------------------------------------------------

    def end(self):
        """Leave the town as it was found."""
        self.points.is_on = False
        self.drop()
        self._detach()

    def play(self):
        """The whole run; raises `Broken` if anything does not hold in the end."""
        try:
            for _ in range(STEPS):
                self._step()
            self._heal()
            self._check()
        finally:
            self.end()
        return self.figures

    def _step(self):
        what = self.rng.choices(
            ("send", "blocks", "work", "all", "fork", "time", "kill", "price", "lag"),
            (10, 7, 8, 6, 3, 2, 1, 1, 1),
        )[0]
        self.figures.log.append(what)
        getattr(self, f"_{what}")()

    def _send(self):
        for _ in range(self.rng.choice((1, 1, 2, 5))):
            self.nonce += 1
            symbol = self.rng.choice((CORE_ASSET,) * 4 + (MARKET,))
            units = self.rng.choice((1, 12_345, 100_000, 1_000_000, 50_000_000))
            text = self.rng.choice(MEMOS)
            self.figures.log.append(f"{units} {symbol} {text}")
            try:
                self.town.transfer(self.rng.choice(PEOPLE), units, text, self.nonce, symbol)
            except ChainError:
                continue  # who has not got it can't send it

    def send_one_of(self, sent, people):
        """Some of `people` send some of what stands there: symbol, units and memo."""
        for _ in range(self.rng.choice((1, 2, 5))):
            self.nonce += 1
            symbol, units, text = self.rng.choice(sent)
            self.figures.log.append(f"{units} {symbol} {text}")
            try:
                self.town.transfer(self.rng.choice(people), units, text, self.nonce, symbol)
            except ChainError:
                continue  # who has not got it can't send it

    def _blocks(self):
        for _ in range(self.rng.randrange(1, 9)):
            self.chain.produce_block()
            self.final = max(self.final, self.chain.irreversible_number)

    def _work(self):
        self.work(self.rng.choice(("inbox", "inbox", "payouts", "payouts", "watcher", "collector", "auditor")))

    def _all(self):
        self.work()

    def _fork(self):
        # What was irreversible once stays so, though the node's own number goes back with the blocks it takes back
        self.final = max(self.final, self.chain.irreversible_number)
        reversible = self.chain.head_number - self.final
        if reversible:
            self.figures.forks += 1
            self.chain.fork(self.rng.randrange(1, reversible + 1), keep_transactions=self.rng.random() < 0.5)
            for _ in range(self.rng.randrange(1, 4)):
                self.chain.produce_block()
                self.final = max(self.final, self.chain.irreversible_number)

    def _time(self):
        self.chain.advance(self.rng.choice((5, 20, 30, 3600, 86_400, 8 * 86_400, 40 * 86_400)))

    def _kill(self):
        self.drop()

    def _price(self):
        self.town.stage.feed(self.rng.choice((3, 4, 5, 6)), 1000, MARKET)

    def _lag(self):
        if not self.own_is_known:
            return
        self.is_honest = False  # it tells an old history beside new balances
        server = self.servers[self.rng.choice(list(self.servers))]
        server.node.faults.lag_blocks = self.rng.choice((0, 1, 5, 20))

    # --- the end --------------------------------------------------------------------------------------------

    def _heal(self):
        """All goes well from here on: the keeper catches up, and what it owes is paid."""
        self.figures.points = self.points.count
        self.weather.clear()
        self.points.is_on = False
        for server in self.servers.values():
            server.node.faults.clear()
        self.drop()
        for _ in range(ROUNDS_MAX):
            for _ in range(IRREVERSIBLE_BLOCKS):
                self.chain.produce_block()
            self.ticks += 1000
            self.work()
            if self._is_quiet() and self._has_agreed():
                return
        raise Broken(f"not quiet after {ROUNDS_MAX} rounds: {self.audits.kept} {self.keeper and self.keeper._statuses}")

    def _is_quiet(self):
        with CuttingJournal.at(self.path) as journal, journal.reading() as connection:
            if any(order.kind == "payout" for order in read.orders(connection, "open")):
                return False
        cursor = journal.cursor()
        return cursor.block == self.chain.irreversible_number and not self._recent(cursor.block)

    def _has_agreed(self):
        last = self.audits.kept.last
        return last is not None and last.verdict is Verdict.AGREES

    def _recent(self, block):
        """Whether anything about the pool stands after a block, or waits."""
        later = [one for number in range(block + 1, self.chain.head_number + 1) for one in self._of(number)]
        return bool(later or self.chain.pending)

    def _of(self, number):
        pool = self.town.id_of(POOL)
        for place, transaction in enumerate(self.chain.block(number).transactions):
            for index, one in enumerate(transaction.operations):
                if isinstance(one, Transfer) and pool in (one.from_, one.to):
                    yield f"{number}.{place}.{index}", one

    def _check(self):
        with CuttingJournal.at(self.path) as journal:
            report = verify_with_snapshot(journal)
            if not report.holds:
                raise Broken(f"verify: {'; '.join(str(one) for one in report.differences)}")
            attempts = journal.attempts()
            with journal.reading() as connection:
                outside = {one.asset: -one.units for one in read.balances(connection, "outside")}
                orders = read.orders(connection)
                self._check_deposits(connection)
        for symbol in PRECISIONS:
            held = self.town.held(symbol) - self.town.opening[symbol]
            if held != outside.get(symbol, 0):
                raise Broken(f"the pool holds {held} {symbol} of others, the ledger says {outside.get(symbol, 0)}")
        self._check_payouts(orders)
        if self.is_honest and self.audits.alarms:
            raise Broken(f"a false alarm: {self.audits.alarms}")
        figures = self.figures
        figures.cuts, figures.faults = self.points.cuts, self.weather.seen
        figures.attempts, figures.inputs = len(attempts), report.inputs

    def _check_deposits(self, connection):
        pool = self.town.id_of(POOL)
        came = {
            source: one for n in range(self.town.first_block, self.chain.head_number + 1) for source, one in self._of(n)
        }
        deposits = {source: one for source, one in came.items() if one.to == pool}
        counted = {one.source: one for one in read.last_inputs(connection, "deposit", 10**6)}
        if counted.keys() != deposits.keys():
            raise Broken(f"counted {counted.keys() - deposits.keys()}, missed {deposits.keys() - counted.keys()}")
        for source, one in deposits.items():
            if counted[source].body["amount"] != one.amount.amount:
                raise Broken(f"deposit {source}: {counted[source].body['amount']} for {one.amount.amount}")
            sender = self.chain.state.account(one.from_).name
            if counted[source].body["account"] != sender:
                raise Broken(f"deposit {source}: credited to {counted[source].body['account']}, sent by {sender}")
        self.figures.deposits = len(deposits)

    def _check_payouts(self, orders):
        pool = self.town.id_of(POOL)
        sent = sorted(
            (self.chain.state.account(one.to).name, one.amount.asset_id, one.amount.amount)
            for n in range(self.town.first_block, self.chain.head_number + 1)
            for _, one in self._of(n)
            if one.from_ == pool
        )
        ordered = sorted(
            (one.account, self.chain.asset(one.asset).number, one.units)
            for one in orders
            if one.kind in ("payout", "bond_pay") and one.state == "done"
        )
        if sent != ordered:
            raise Broken(f"paid {sent}, ordered {ordered}")
        self.figures.payouts = len(sent)

    def _detach(self):
        """The servers of this run no longer listen to the chain."""
        for server in self.servers.values():
            node = server.node
            self.chain.on_block.remove(node._block_made)
            self.chain.on_pending.remove(node._transaction_pending)
            self.chain.on_rewind.remove(node._rewound)
