"""A small stage for tests of the rules: a market, people, and one line for each thing they do."""

from fractions import Fraction

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import (
    AssetSeen,
    Bid,
    Borrow,
    BuyBond,
    ChangePool,
    CloseBlack,
    Deposit,
    FeedSeen,
    Insure,
    KeepBond,
    Lend,
    MarketOpened,
    ParametersChanged,
    PassBond,
    PositionSeen,
    Prepay,
    Protect,
    Redeem,
    Repay,
    Request,
    Stake,
    TakeBond,
    Tick,
    Unlend,
    Unprepay,
    Unprotect,
    Withdraw,
)

DAY = 86_400
NEVER = 10**12


class Scene:
    """Time starts at 0 with a feed of 1 USD for 1 BTS, MCR 1.55, MSSR 1.1, ICR 1.6, LMCR 1.3."""

    def __init__(self, **parameters):
        self.engine = Engine()
        self.now = 0
        self.outcome = None
        self.inputs = []
        self.outcomes = []
        self.feed_values = {"mcr": 1550, "mssr": 1100, "icr": 1600, "expires": NEVER}
        self.put(AssetSeen(time=0, symbol="BTS", precision=5))
        self.put(AssetSeen(time=0, symbol="USD", precision=4))
        self.put(MarketOpened(time=0, market="USD", core_asset="BTS", parameters={"lmcr": 1300, **parameters}))
        self.feed(1000)

    def put(self, item):
        self.inputs.append(item)
        self.outcome = self.engine.apply(item)
        self.outcomes.append(self.outcome)
        return self.outcome

    # --- the chain --------------------------------------------------------------------------------------------

    def feed(self, price_permille, **changes):
        """The price in USD per 1000 BTS, smallest units; None for no feed."""
        self.feed_values.update(changes)
        price = None if price_permille is None else (price_permille, 1000)
        return self.put(FeedSeen(time=self.now, market="USD", price=price, **self.feed_values))

    def position(self, account, collateral, debt, custody="books"):
        return self.put(
            PositionSeen(
                time=self.now, market="USD", account=account, collateral=collateral, debt=debt, custody=custody
            )
        )

    def wait(self, days=0, seconds=0):
        self.now += days * DAY + seconds
        return self.put(Tick(time=self.now))

    def parameters(self, **changes):
        return self.put(ParametersChanged(time=self.now, market="USD", changes=changes))

    # --- people -----------------------------------------------------------------------------------------------

    def deposit(self, account, amount, asset, ask=None, unreadable=None):
        return self.put(
            Deposit(time=self.now, account=account, asset=asset, amount=amount, ask=ask, unreadable=unreadable)
        )

    def ask(self, account, ask):
        return self.put(Request(time=self.now, account=account, ask=ask))

    def lend(self, account, amount, asset, rate, days, **more):
        """Deposit and lend at once; returns the pool."""
        self.deposit(account, amount, asset, Lend(rate=Fraction(rate), term_days=days, **more))
        assert not self.outcome.refusals, self.outcome.refusals
        return self.pool(max(self.engine.book.pools))

    def stake(self, account, amount, asset):
        self.deposit(account, amount, asset, Stake())
        return self.pool(max(self.engine.book.pools))

    def change_pool(self, account, pool, **changes):
        return self.ask(account, ChangePool(pool=pool, **changes))

    def unlend(self, account, pool, amount=None):
        return self.ask(account, Unlend(pool=pool, amount=amount))

    def prepay(self, account, amount, asset):
        return self.deposit(account, amount, asset, Prepay())

    def unprepay(self, account, asset, amount=None):
        return self.ask(account, Unprepay(asset=asset, amount=amount))

    def borrow(self, account, amount, asset, **more):
        return self.ask(account, Borrow(market="USD", asset=asset, amount=amount, **more))

    def protect(self, account, **more):
        return self.ask(account, Protect(market="USD", **more))

    def unprotect(self, account, number):
        return self.ask(account, Unprotect(protection=number))

    def repay(self, account, loan):
        return self.ask(account, Repay(loan=loan))

    def withdraw(self, account, asset, amount=None):
        return self.ask(account, Withdraw(asset=asset, amount=amount))

    def bid(self, account, amount, auction=1, asset="USD"):
        """Deposit and bid all of it."""
        return self.deposit(account, amount, asset, Bid(auction=auction))

    def insure(self, account, amount, asset, fund="insurance"):
        return self.deposit(account, amount, asset, Insure(market="USD", fund=fund))

    def buy_bond(self, account, amount, series=1, asset="USD"):
        return self.deposit(account, amount, asset, BuyBond(series=series))

    def pass_bond(self, account, amount, to, price=0, series=1):
        return self.ask(account, PassBond(series=series, amount=amount, to=to, price=price))

    def take_bond(self, account, offer=1):
        return self.ask(account, TakeBond(offer=offer))

    def keep_bond(self, account, offer=1):
        return self.ask(account, KeepBond(offer=offer))

    def redeem(self, account, amount=None, series=1):
        return self.ask(account, Redeem(series=series, amount=amount))

    def close_black(self, account, position):
        return self.ask(account, CloseBlack(market="USD", position=position))

    # --- what came of it --------------------------------------------------------------------------------------

    @property
    def refused(self):
        """The rule that refused the last input, or None."""
        return self.outcome.refusals[0].rule if self.outcome.refusals else None

    def pool(self, number):
        return self.engine.book.pools[number]

    def loan(self, number):
        return self.engine.book.loans[number]

    def live(self, account):
        """The numbers of an account's live loans."""
        return list(self.engine.book.positions["USD", account].loans)

    def of(self, account):
        return self.engine.book.positions["USD", account]

    def free(self, account, asset):
        return self.engine.book.free(account, asset)

    def prepaid(self, account, asset):
        return self.engine.book.prepaid(account, asset)

    def fund(self, asset):
        return self.engine.ledger.balance("fund/USD", asset)

    def risk(self, asset):
        """What the risk fund has that is not lent."""
        return self.engine.ledger.balance("risk/USD", asset)

    def auction(self, number=1):
        return self.engine.book.auctions[number]

    def bid_state(self, number):
        return self.engine.book.bids[number].state

    def series(self, number=1):
        return self.engine.book.series[number]

    def state(self, account):
        """The state of an account's position, and the rule that caused it (PL-I4)."""
        position = self.of(account)
        return position.state, position.state_rule

    def ways(self, account):
        """Each change of state of an account's position so far: (time, rule, from, to)."""
        return [
            (e.time, e.rule, e.values["was"], e.values["now"])
            for out in self.outcomes
            for e in out.events
            if e.kind == "position" and e.what == "changed" and e.key == f"USD/{account}"
        ]

    def open_orders(self, account):
        """The open orders for an account's position, oldest first."""
        return [self.engine.book.orders[number] for number in self.of(account).orders]

    def events(self, kind, what):
        """All facts of a kind so far, by (time, rule, key)."""
        return [
            (e.time, e.rule, e.key) for out in self.outcomes for e in out.events if e.kind == kind and e.what == what
        ]

    def told(self, account):
        """What an account was told by the last input."""
        return [notice.text for notice in self.outcome.notices if notice.account == account]


def protected(custody="books", *, days=60, period_days=30, rate="73/600", prepaid=200, renews=True, **parameters):
    """A scene in which bob's long pool lends 20,000 USD to ann, of 140,000 BTS and 100,000 USD.

    CR is 1.4 · p, LCR 1.75 · p. A rate of 73/600 a year is 1 % for 30 days: 200 USD a period, of which the lender
    gets 180 and the system 20. Paid until day 30, the next interest is due on day 23.

    ========== ==================== =========
    price      what it is under     CR, LCR
    ========== ==================== =========
    0.88       LCR < MCR (1.55)     1.232, 1.54
    0.78       CR < MSSR (1.1)      1.092, 1.365
    0.70       CR < 1.0             0.98, 1.225
    ========== ==================== =========
    """
    scene = Scene(**parameters)
    scene.lend("bob", 50_000, "USD", rate, days, period_days=period_days, renews=renews)
    if prepaid:
        scene.prepay("ann", prepaid, "USD")
    scene.position("ann", 140_000, 100_000, custody)
    scene.borrow("ann", 20_000, "USD")
    assert not scene.outcome.refusals, scene.outcome.refusals
    return scene


def carried(custody="books", *, price=880, **more):
    """`protected()`, and then an auction by PL-22 that nobody bids in: carried from second 60 + 48 h on."""
    scene = protected(custody, **more)
    scene.feed(price)
    scene.wait(seconds=60)
    scene.wait(days=2)
    assert scene.state("ann") == ("carried", "PL-33"), scene.state("ann")
    return scene
