"""A small stage for tests of the shared pool: the draft's market, in smallest units, and one line for each thing."""

from fractions import Fraction

from bsip_mplp.rules import shared_pool, shared_service
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import (
    AssetSeen,
    Deposit,
    FeedSeen,
    Hold,
    Insure,
    LeavePool,
    MarketOpened,
    OrderFilled,
    PositionSeen,
    Request,
    Rewards,
    SharedPoolSet,
    Supply,
    Tick,
    Unhold,
)

DAY = 86_400
NEVER = 10**12
T = 14 * DAY
DRAFT = {"icr": 1550, "a": "10", "b": 7, "rate": "0.02", "model": "fixed", "fee": "0.05"}


class SharedScene:
    """Time starts at 0. Prices are bitasset units per 10,000,000 core units: 50,000 is the draft's 0.05."""

    def __init__(self, price=50_000, **parameters):
        self.engine = Engine()
        self.now = 0
        self.outcome = None
        self.outcomes = []
        self.feed_values = {"mcr": 1500, "mssr": 1100, "icr": 1500, "expires": NEVER}
        self.put(AssetSeen(time=0, symbol="BTS", precision=5))
        self.put(AssetSeen(time=0, symbol="USD", precision=4))
        self.put(MarketOpened(time=0, market="USD", core_asset="BTS"))
        self.set(**{**DRAFT, **parameters})
        if price:
            self.feed(price)

    def put(self, item):
        self.outcome = self.engine.apply(item)
        self.outcomes.append(self.outcome)
        return self.outcome

    def set(self, **parameters):
        return self.put(SharedPoolSet(time=self.now, market="USD", parameters=parameters))

    def feed(self, price, **changes):
        self.feed_values.update(changes)
        pair = None if price is None else (price, 10_000_000)
        return self.put(FeedSeen(time=self.now, market="USD", price=pair, **self.feed_values))

    def position(self, account, collateral, debt, custody="books"):
        return self.put(
            PositionSeen(
                time=self.now, market="USD", account=account, collateral=collateral, debt=debt, custody=custody
            )
        )

    def wait(self, days=0, seconds=0):
        self.now += days * DAY + seconds
        return self.put(Tick(time=self.now))

    def deposit(self, account, amount, ask=None, asset="USD"):
        return self.put(Deposit(time=self.now, account=account, asset=asset, amount=amount, ask=ask))

    def ask(self, account, ask):
        return self.put(Request(time=self.now, account=account, ask=ask))

    def supply(self, account, amount, **more):
        return self.deposit(account, amount, Supply(market="USD", **more))

    def leave(self, account, amount=None):
        return self.ask(account, LeavePool(market="USD", amount=amount))

    def rewards(self, account, **more):
        return self.ask(account, Rewards(market="USD", **more))

    def hold(self, account, mcr=None, interest=0):
        ask = Hold(market="USD", mcr=None if mcr is None else Fraction(mcr, 1000))
        return self.deposit(account, interest, ask) if interest else self.ask(account, ask)

    def unhold(self, account):
        return self.ask(account, Unhold(market="USD"))

    def insure(self, account, amount):
        return self.deposit(account, amount, Insure(market="USD", fund="shared"))

    def filled(self, order, units, got=0, done=True):
        return self.put(OrderFilled(time=self.now, order=order, units=units, got=got, done=done))

    def joined(self, account, collateral, debt, mcr=None, interest=40_000, custody="books"):
        """A position seen, and taking part."""
        self.position(account, collateral, debt, custody)
        self.hold(account, mcr, interest)
        assert not self.outcome.refusals, self.outcome.refusals
        return self.of(account)

    # --- what came of it --------------------------------------------------------------------------------------

    @property
    def refused(self):
        return self.outcome.refusals[0].rule if self.outcome.refusals else None

    @property
    def pool(self):
        return self.engine.book.shared_pools["USD"]

    @property
    def split(self):
        """(lower, upper, available), exactly."""
        return shared_service.split_of(self.engine.book, self.pool)

    @property
    def risk(self):
        return shared_pool.risk(self.engine.book, self.pool)

    def of(self, account):
        return self.pool.known[account]

    def extra(self, account):
        return self.of(account).extra_units()

    def lender(self, name):
        return self.pool.lenders[name]

    def held(self, name):
        """What an account of the pool holds."""
        return self.engine.ledger.balance(f"shared/USD/{name}", "USD")

    def interest(self, account):
        return self.held(f"interest/{account}")

    def free(self, account, asset="USD"):
        return self.engine.book.free(account, asset)

    def served(self):
        return {name for name, part in self.pool.participants.items() if part.served}

    def events(self, what, rule=None):
        return [
            (e.time, e.rule, e.key)
            for out in self.outcomes
            for e in out.events
            if e.what == what and rule in (None, e.rule)
        ]

    def told(self, account):
        return [notice.text for notice in self.outcome.notices if notice.account == account]

    def orders(self):
        """All orders of the last input."""
        return [(o.kind, o.account, o.asset, o.units, o.limit) for o in self.outcome.orders]
