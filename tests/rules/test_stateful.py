"""Random users, prices and times: PL-I1 to PL-I5 are checked after every step.

PL-I5 is checked at the end of each course: the same inputs, read again from their written form by a second engine,
give the same state and the same outcomes, to the last unit.
"""

import json
import os
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bsip_mplp.rules.codec import input_from_json, input_to_json, outcome_to_json
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import OrderFilled, ParametersChanged
from tests.rules import invariants
from tests.rules.scene import DAY, NEVER, Scene

LENDERS = ("bob", "dan")
BORROWERS = ("ann", "cat", "eve")
PEOPLE = (*LENDERS, *BORROWERS)

people = st.sampled_from(PEOPLE)
borrowers = st.sampled_from(BORROWERS)
assets = st.sampled_from(("BTS", "USD"))
numbers = st.integers(1, 6)
# Most prices keep loans alive; some end them, some are far under the floor
prices = st.sampled_from((1000, 1100, 970, 930, 890, 880, 850, 800, 780, 740, 700, 400, 60, 2000))
times = st.sampled_from((0, 1, 30, 60, 61, 900, 3600, DAY, 2 * DAY, 7 * DAY, 16 * DAY))


class Course(RuleBasedStateMachine):
    """One market of two lenders and three borrowers, to whom anything may happen in any order."""

    def __init__(self):
        super().__init__()
        self.scene = Scene()
        self.seen = 0

    @initialize(
        forced=st.sampled_from(("no", "option", "compulsory")),
        ends=st.sampled_from(("paid_time", "at_once")),
        dividends=st.sampled_from((None, [0, 0], [100, 500])),
        custody=st.sampled_from(("books", "protocol")),
    )
    def begin(self, forced, ends, dividends, custody):
        """A market in which a loan can be made at once, and the other people have something too."""
        scene, self.custody = self.scene, custody
        scene.parameters(bond_forced=forced, missed_prepay_ends=ends, dividend_target=dividends)
        scene.lend("bob", 60_000, "USD", "1/8", 60, period_days=30)
        scene.lend("dan", 60_000, "BTS", "1/4", 90, period_days=30, interest_asset="BTS")
        scene.lend("dan", 20_000, "USD", "1/5", 14)
        for name in BORROWERS:
            scene.prepay(name, 700, "USD")
            scene.position(name, 140_000, 100_000, custody)
        scene.borrow("ann", 20_000, "USD")

    # --- the chain ----------------------------------------------------------------------------------------

    @rule(price=prices)
    def feed(self, price):
        self.scene.feed(price, expires=NEVER)

    @rule(price=prices, seconds=times)
    def short_feed(self, price, seconds):
        self.scene.feed(price, expires=self.scene.now + seconds)

    @rule()
    def no_feed(self):
        self.scene.feed(None)

    @rule(seconds=times)
    def wait(self, seconds):
        self.scene.wait(seconds=seconds)

    @rule(
        account=borrowers,
        collateral=st.sampled_from((140_000, 160_000, 30_000, 1)),
        debt=st.sampled_from((100_000, 90_000, 30_000, 1, 0)),
    )
    def position(self, account, collateral, debt):
        self.scene.position(account, collateral, debt, self.custody)

    @rule(changes=st.sampled_from(({"lmcr": 1200}, {"lmcr": 1300}, {"insurance_reserve": [0, 50]}, {"lmcr": 1600})))
    def parameters(self, changes):
        self.scene.put(ParametersChanged(time=self.scene.now, market="USD", changes=changes))

    @precondition(lambda self: any(order.state == "open" for order in self.scene.engine.book.orders.values()))
    @rule(share=st.sampled_from((0, 1, 2)), done=st.booleans(), data=st.data())
    def carry_out(self, share, done, data):
        """A simulated chain carries out nothing, half or all of an order, and says what it did to the position."""
        orders = [o for o in self.scene.engine.book.orders.values() if o.state == "open" and o.kind != "payout"]
        if not orders:
            return
        order = data.draw(st.sampled_from(orders))
        units = (order.units - order.filled) * share // 2
        position = self.scene.of(order.account)
        if units and position.debt:
            if order.kind == "close":
                got = min(position.debt, units)
                left = position.collateral - min(units, got, position.collateral)
                self.scene.position(order.account, left, position.debt - got, "protocol")
            elif order.kind == "pay_debt":
                left = max(0, position.debt - units)
                self.scene.position(order.account, position.collateral, left, "protocol")
            else:
                self.scene.position(order.account, 0, 0, "protocol")
        self.scene.put(OrderFilled(time=self.scene.now, order=order.number, units=units, done=done))

    # --- people -------------------------------------------------------------------------------------------

    @rule(account=people, asset=assets, units=st.sampled_from((1, 5_000, 40_000)), days=st.sampled_from((7, 30, 60)))
    def lend(self, account, asset, units, days):
        rate = Fraction(days, 200)
        self.scene.lend(account, units, asset, rate, days, renews=units != 5_000)

    @rule(account=borrowers, asset=assets, amount=st.sampled_from((None, 1, 12_000, 20_000, 99_999)))
    def borrow(self, account, asset, amount):
        self.scene.borrow(account, amount, asset)

    @rule(account=borrowers, at=st.sampled_from((None, Fraction(14, 10), Fraction(13, 10))), asset=assets)
    def protect(self, account, at, asset):
        self.scene.protect(account, at=at, asset=asset)

    @rule(account=borrowers, units=st.sampled_from((1, 200, 5_000)), asset=assets)
    def prepay(self, account, units, asset):
        self.scene.prepay(account, units, asset)

    @rule(account=borrowers, asset=assets)
    def unprepay(self, account, asset):
        self.scene.unprepay(account, asset)

    @rule(account=people, number=numbers)
    def repay(self, account, number):
        self.scene.repay(account, number)

    @rule(account=people, number=numbers)
    def unlend(self, account, number):
        self.scene.unlend(account, number)

    @rule(account=people, number=numbers, renews=st.booleans())
    def change_pool(self, account, number, renews):
        self.scene.change_pool(account, number, renews=renews)

    @rule(account=people, asset=assets)
    def withdraw(self, account, asset):
        self.scene.withdraw(account, asset)

    @rule(account=people, units=st.sampled_from((1, 206, 250, 1_000)), number=st.integers(1, 4), asset=assets)
    def bid(self, account, units, number, asset):
        self.scene.bid(account, units, number, asset)

    @rule(units=st.sampled_from((7, 300, 40_000)), asset=assets, fund=st.sampled_from(("insurance", "risk")))
    def insure(self, units, asset, fund):
        self.scene.insure("eve", units, asset, fund)

    @rule(account=people, units=st.sampled_from((1, 100, 50_000)), series=st.integers(1, 3))
    def buy_bond(self, account, units, series):
        self.scene.buy_bond(account, units, series)

    @rule(account=people, to=people, amount=st.sampled_from((1, 100)), series=st.integers(1, 3))
    def pass_bond(self, account, to, amount, series):
        self.scene.pass_bond(account, amount, to, price=amount // 2, series=series)

    @rule(account=people, offer=st.integers(1, 3))
    def take_bond(self, account, offer):
        self.scene.take_bond(account, offer)

    @rule(account=people, series=st.integers(1, 3), amount=st.sampled_from((None, 1)))
    def redeem(self, account, series, amount):
        self.scene.redeem(account, amount, series)

    @rule(account=people, position=borrowers)
    def close_black(self, account, position):
        self.scene.deposit(account, 150_000, "USD")
        self.scene.close_black(account, position)

    # --- what always holds --------------------------------------------------------------------------------

    @invariant()
    def pl_i1_to_pl_i4(self):
        """PL-I1 to PL-I4, in the state and in the outcomes since the last step."""
        invariants.check(self.scene.engine)
        for outcome in self.scene.outcomes[self.seen :]:
            invariants.check_outcome(outcome)
        self.seen = len(self.scene.outcomes)

    def teardown(self):
        """PL-I5: the written inputs give the same outcomes and state."""
        again = Engine()
        for item, outcome in zip(self.scene.inputs, self.scene.outcomes, strict=True):
            written = json.loads(json.dumps(input_to_json(item)))
            assert outcome_to_json(again.apply(input_from_json(written))) == outcome_to_json(outcome)
        assert again.state() == self.scene.engine.state()


THOROUGH = bool(os.environ.get("MPLP_THOROUGH"))
"""With MPLP_THOROUGH=1 many more courses are tried, for minutes."""

Course.TestCase.settings = settings(
    max_examples=2000 if THOROUGH else 40,
    stateful_step_count=60 if THOROUGH else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestPlI1ToPlI5OnRandomCourses = Course.TestCase
