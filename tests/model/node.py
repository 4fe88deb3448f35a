"""Courses played on a node: each step is a transfer with a memo, a feed or a position on an embedded chain, and the
keeper's bots read them. What they make of it must be what was meant, and lead where the model says."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from bsip_mplp import bootstrap, config
from bsip_mplp.chain.memo import Context, MemoError, render
from bsip_mplp.journal import Journal, read
from bsip_mplp.journal.verify import verify
from bsip_mplp.keeper.changes import queue
from bsip_mplp.keeper.runner import NoBoard
from bsip_mplp.money import format_units
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Deposit, FeedSeen, Operator, Prepay
from tests import databases
from tests.kit import devnet

from .compare import differing
from .course import PEOPLE, Course
from .node_town import POOL, NodeTown

RESERVE_UNITS = 10**9
SCALES = (1000, 10**6)
PRICE_PART_MAX = 10**9
"""Parts of a published price are kept this small, so that it can be scaled again."""

BLANK_FEED = {"price": None, "mcr": 0, "mssr": 0, "icr": 0, "expires": 0}


class Differs(AssertionError):
    """The chain and the journal, or the journal and the model, do not say the same."""


class Faults(NoBoard):
    """What went wrong in bots."""

    def __init__(self):
        self.seen = []

    def write(self, status):
        if status.failures:
            self.seen.append(f"{status.name}: {status.last_error}")


class NodeCourse(Course):
    """A random course whose steps are done on a chain. What can't be done there (an asset that isn't there, more than
    somebody has, a position that the chain refuses) does not happen. Nor is money lost: nobody else has the key."""

    ACTIONS = tuple(one for one in Course.ACTIONS if one[0] is not Course.loss)

    issues = False

    def __init__(self, seed, steps, url, folder):
        super().__init__(seed, steps)
        self.town = NodeTown(url, PEOPLE, self.markets)
        self.core = self.town.core
        self.scale = self.rng.choice(SCALES)
        self.custody = dict.fromkeys(PEOPLE, "books")
        self.other_rng = random.Random(f"envelopes {seed}")
        self.folder = Path(folder)
        self.engine = Engine()
        self.feeds = {market: BLANK_FEED for market in self.markets}
        self.meant = []
        self.seq = 0
        self.sources = set()
        self.context = Context(
            precisions={self.core: 5, **dict.fromkeys(self.markets, 4)},
            markets=dict.fromkeys(self.markets, self.core),
            core_asset=self.core,
        )

    # --- the beginning --------------------------------------------------------------------------------------------

    def open_markets(self):
        """`mplp init` on a chain with feeds; the parameters stand in the configuration."""
        for market in self.markets:
            self.prices[market] = Fraction(self.rng.choice((1, 1, 2, 10)), self.rng.choice((1, 1, 3, 100)))
            self.publish(market, self.pair(self.prices[market]), 1550, 1100, 1600)
            self.town.give_debt(market)
        self.town.finish()
        self.settings = self.configured()
        bootstrap.initialise(self.settings)
        self.journal = Journal.open(self.settings.database_url, read_only=True)
        self.faults = Faults()
        self.keeper = bootstrap.open_keeper(self.settings, self.faults)
        self.now = self.town.now
        self.take_in()
        self.deposit(PEOPLE[0], self.core, RESERVE_UNITS, Operator())

    def configured(self):
        keys = self.folder / "keys"
        keys.write_text(self.town.wifs[POOL])
        keys.chmod(0o600)
        least = {
            symbol: {"least": format_units(self.rng.choice((1, 1, 1, self.scale // 5)), digits)}
            for symbol, digits in self.context.precisions.items()
        }
        return config.read(
            {
                "place": "model",
                "chain": {"nodes": [self.town.url], "core_asset": self.core, "pool_account": POOL},
                "keys": {"file": str(keys)},
                "database": {"url": databases.new(self.folder)},
                "assets": least,
                "markets": {market: {"parameters": self.some_parameters()} for market in self.markets},
                "health": {"stuck_seconds": 10**6},
                "bots": {"auditor": {"every_seconds": Decimal(1)}},
            }
        )

    def close(self):
        self.keeper.close()
        self.journal.close()
        self.town.close()

    # --- a step ---------------------------------------------------------------------------------------------------

    def put(self, item):
        """Do on the chain what the input tells of, let the bots work, and compare."""
        self.inputs.append(item)
        self.town.advance_to(item.time)
        getattr(self, f"on_{item.kind}", lambda item: None)(item)
        self.town.finish()
        if not self.keeper.once():
            raise Differs(f"a bot failed: {self.faults.seen[-1]}")
        self.take_in()
        self.now = max(self.now, self.model.now)

    def on_deposit(self, item):
        if item.asset not in self.context.precisions or item.amount < 1:
            return
        try:
            text = item.unreadable if item.ask is None else render(item.ask, self.context)
        except MemoError:
            return
        is_plain = self.other_rng.random() < 0.5
        block = self.town.pay(item.account, item.amount, item.asset, text, is_plain=is_plain)
        if block is not None:
            self.meant.append(replace(item, time=block.time))

    def on_request(self, item):
        """Nothing comes without money: a request is a transfer of the smallest amount."""
        self.on_deposit(Deposit(time=item.time, account=item.account, asset=self.core, amount=1, ask=item.ask))

    def on_feed(self, item):
        if item.price is not None and min(item.price) > 0:
            self.publish(item.market, item.price, item.mcr, item.mssr, item.icr)

    def publish(self, market, price, mcr, mssr, icr):
        near = Fraction(*price)
        if max(price) > PRICE_PART_MAX:
            near = near.limit_denominator(10**6)
        if not 0 < near < PRICE_PART_MAX:
            return
        price = near.numerator, near.denominator
        expires = self.town.now + self.town.lifetime_seconds(market)  # counted by the chain from the block before
        if self.town.publish(market, price, mcr, mssr, icr) is not None:
            self.feeds[market] = {"price": price, "mcr": mcr, "mssr": mssr, "icr": icr or mcr, "expires": expires}

    def on_position(self, item):
        """The chain takes no new debt under its ICR: where one is wanted the price falls afterwards."""
        town, feed = self.town, self.feeds[item.market]
        if (item.market, item.account) not in self.model.positions:
            self.on_deposit(Deposit(time=item.time, account=item.account, asset=self.core, amount=1, ask=Prepay()))
        collateral = item.collateral if item.debt else 0
        if town.change_position(item.account, item.market, collateral, item.debt) is not None or not item.debt:
            return
        if feed["price"] is None or town.position(item.account, item.market) == (collateral, item.debt):
            return
        wanted = Fraction(collateral, item.debt) * Fraction(*feed["price"])
        over = Fraction(max(feed["icr"], feed["mcr"]) + 10, 1000)
        if not 0 < wanted < over:
            return
        more = int(collateral * over / wanted) + 1
        if town.change_position(item.account, item.market, more, item.debt) is not None:
            lower = Fraction(*feed["price"]) * wanted / over
            self.publish(item.market, self.pair(lower), feed["mcr"], feed["mssr"], feed["icr"])

    def on_parameters(self, item):
        queue(self.settings.database_url, item.market, item.changes, 0)
        self.meant_changes = item.changes

    # --- what the journal has of it -------------------------------------------------------------------------------

    def take_in(self):
        """Every new input must be what happened; then engine and model both take it."""
        for seen in self.journal.inputs(self.seq):
            self.seq += 1
            meant = getattr(self, f"see_{seen.kind}")(seen)
            outcome = self.engine.apply(seen)
            found = differing(self.engine, outcome, self.model, self.model.apply(meant))
            if found:
                raise Differs(f"input {self.seq} {seen}: {found}")
        if self.meant:
            raise Differs(f"sent and not counted: {self.meant}")
        for market, account in self.model.positions:
            self.see_chain(market, account)

    def see_chain(self, market, account):
        """What the ledger knows of a position that it watches is what the node has now."""
        known, (collateral, debt) = self.model.positions[market, account], self.town.position(account, market)
        watched = self.model.held(f"prepaid/{account}", self.core) or known.state not in ("free", "closed")
        if watched and (known.collateral, known.debt) != (collateral, debt):
            raise Differs(f"{account} in {market}: known {known}, on the chain {collateral}, {debt}")

    def must(self, seen, meant):
        if seen != meant:
            raise Differs(f"the journal has {seen}, and it was {meant}")
        return meant

    def see_asset(self, seen):
        digits = self.context.precisions[seen.symbol]
        least = self.settings.least_units(seen.symbol, digits)
        return self.must(seen, replace(seen, precision=digits, least_size=least))

    def see_market(self, seen):
        parameters = self.settings.markets[seen.market].parameters
        return self.must(seen, replace(seen, core_asset=self.core, parameters=parameters))

    def see_parameters(self, seen):
        return self.must(seen, replace(seen, changes=self.meant_changes))

    def see_deposit(self, seen):
        if seen.source in self.sources or not self.meant:
            raise Differs(f"nobody sent {seen}")
        self.sources.add(seen.source)
        meant = replace(self.meant.pop(0), source=seen.source)
        if meant.unreadable is not None and seen.unreadable is not None:
            meant = replace(meant, unreadable=seen.unreadable)  # the reason is in the parser's own words
        return self.must(seen, meant)

    def see_feed(self, seen):
        feed = self.feeds[seen.market]
        if self.town.now >= feed["expires"]:
            feed = BLANK_FEED
        return self.must(seen, FeedSeen(time=seen.time, market=seen.market, **feed))

    def see_position(self, seen):
        collateral, debt = self.town.position(seen.account, seen.market)
        return self.must(seen, replace(seen, collateral=collateral, debt=debt, custody="books"))

    def see_tick(self, seen):
        if seen.time > self.town.now:
            raise Differs(f"{seen} is of the future")
        return seen

    def see_order_done(self, seen):
        order = self.model.orders[seen.order]
        paid = [one for one in self.town.payouts() if one.transaction == seen.transaction]
        if [(one.to, one.asset, one.units) for one in paid] != [(order.account, order.asset, order.units)]:
            raise Differs(f"{seen}: the chain has {paid}, ordered was {order}")
        return self.must(seen, replace(seen, fee=paid[0].fee, fee_asset=self.core))

    # --- the end --------------------------------------------------------------------------------------------------

    def check_end(self):
        """Journal, projections and the money on the chain say what the model says."""
        report = verify(self.journal, Engine())
        if not report.holds:
            raise Differs(f"verify: {report.differences}")
        with self.journal.reading() as connection:
            kept = {(one.account, one.asset): one.units for one in read.all_balances(connection) if one.units}
        ours = {key: units for key, units in self.model.money.items() if units}
        if kept != ours:
            raise Differs(f"balances: {sorted(set(kept.items()) ^ set(ours.items()))}")
        for symbol in self.context.precisions:
            if self.town.held(symbol) != -self.model.held("outside", symbol):
                raise Differs(f"{symbol}: the pool holds {self.town.held(symbol)}")
        done = [order for order in self.model.orders.values() if order.state == "done"]
        if len(done) < len(self.town.payouts()) - 1:
            raise Differs(f"paid {self.town.payouts()}, ordered {done}")


@contextmanager
def node_course(seed, steps, folder):
    """A course on a node of its own."""
    with devnet("--block-interval", "0.1") as url:
        course = NodeCourse(seed, steps, url, folder)
        try:
            yield course
        finally:
            course.close()


def play(seed, steps, folder):
    """Play a course to its end; gives it. Raises `Differs` at the first difference."""
    with node_course(seed, steps, folder) as course:
        course.inputs_made()
        for _ in range(3):  # what is being paid out comes to its end
            course.tick()
        course.check_end()
        return course
