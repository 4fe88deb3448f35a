"""The fast market and the embedded node's own code agree to the unit, on any course of operations (RE-3)."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bsip_mplp.rehearsal.fast_market import FastMarket
from bsip_mplp.rehearsal.market import CORE, USD, MarketOptions
from bsip_mplp.rehearsal.plain_market import PlainMarket

ACCOUNTS = 6
ISSUER = 0
START = 10**12

account = st.integers(1, ACCOUNTS - 1)
price = st.integers(10, 120).map(lambda tenths: (tenths * 10**5, 10**9))
"""From a fifth of the start price to over twice of it."""

place = st.tuples(
    st.just("place"), account, st.sampled_from([CORE, USD]), st.integers(1, 4 * 10**6), st.floats(0.3, 3.0)
)
cancel = st.tuples(st.just("cancel"), account, st.integers(0, 30))
adjust = st.tuples(
    st.just("adjust"),
    account,
    st.integers(-(10**9), 2 * 10**9),
    st.integers(-(10**6), 3 * 10**6),
    st.sampled_from([None, None, 1600, 1750, 2500]),
)
close = st.tuples(st.just("close"), account)
publish = st.tuples(st.just("publish"), price, st.sampled_from([1500, 1550, 2000]))
exempt = st.tuples(st.just("exempt"), account, st.booleans())
ordered = st.tuples(st.just("ordered"), account, st.integers(1, 10**8), st.integers(1, 10**5))
settle = st.tuples(st.just("settle"), account, st.integers(1, 10**6))
bid = st.tuples(st.just("bid"), account, st.integers(1, 10**8), st.integers(0, 10**6))
claim = st.tuples(st.just("claim"), account)
courses = st.lists(
    st.one_of(
        place, place, place, adjust, adjust, publish, publish, cancel, close, exempt, ordered, settle, bid, claim
    ),
    min_size=5,
    max_size=45,
)


class Both:
    """One course on both markets; what each answers is compared at once."""

    def __init__(self, options):
        self.markets = FastMarket(ACCOUNTS, ISSUER, options), PlainMarket(ACCOUNTS, ISSUER, options)
        self.orders = []
        for number in range(1, ACCOUNTS):
            self.each(lambda market, number=number: market.create_core(number, START))
        self.each(lambda market: market.publish((5 * 10**6, 10**9), 1500, 1100, 1550))
        for number in range(1, ACCOUNTS):
            self.each(
                lambda market, number=number: market.adjust(
                    number, 10**9, 2_000_000 + 250_000 * number, payer=number, target=None
                )
            )

    def each(self, do):
        fast, plain = (do(market) for market in self.markets)
        assert fast == plain
        self.compare()
        return fast

    def compare(self):
        fast, plain = self.markets
        for name in ("core", "bitasset", "collateral", "debt"):
            assert np.array_equal(getattr(fast, name), getattr(plain, name)), name
        for name in ("supply", "fund", "fees", "settled", "calls", "swans", "touched"):
            assert getattr(fast, name) == getattr(plain, name), name
        for side in (CORE, USD):
            assert _same_price(fast.best(side), plain.best(side))
        assert _same_price(fast.last_price, plain.last_price)

    def do(self, step):
        kind, who, *rest = step
        getattr(self, "_" + kind)(who, *rest)

    def _place(self, who, side, usd, at):
        """An order about a price near the start's: `at` times of it."""
        core = max(1, int(usd * 200 / at))
        units, receive = (core, usd) if side == CORE else (usd, core)
        made = [market.place(who, side, units, receive) for market in self.markets]
        assert bool(made[0]) == bool(made[1])
        if made[0]:
            self.orders.append(made)
        self.compare()

    def _cancel(self, who, number):
        if number < len(self.orders):
            fast, plain = self.orders[number]
            assert self.markets[0].cancel(who, fast) == self.markets[1].cancel(who, plain)
            self.compare()

    def _adjust(self, who, collateral, debt, target):
        self.each(lambda market: market.adjust(who, collateral, debt, payer=who, target=target))

    def _close(self, who):
        fast = self.markets[0]
        collateral, debt = -int(fast.collateral[who]), -int(fast.debt[who])
        payer = max(range(1, ACCOUNTS), key=lambda other: int(fast.bitasset[other]))
        self.each(lambda market: market.adjust(who, collateral, debt, payer=payer, target=None))

    def _publish(self, price, mcr):
        self.each(lambda market: market.publish(price, mcr, 1100, max(mcr, 1550)))

    def _exempt(self, who, exempt):
        self.each(lambda market: market.exempt(who, exempt))

    def _ordered(self, who, collateral, debt):
        fast = self.markets[0]
        if who not in fast.exempted:
            return
        units = min(collateral, int(fast.collateral[who]) - 1)
        if units > 0:
            self.each(lambda market: market.take_collateral(who, units, 1))
        payer = max(range(1, ACCOUNTS), key=lambda other: int(fast.bitasset[other]))
        units = min(debt, int(fast.bitasset[payer]), int(fast.debt[who]))
        if units > 0:
            self.each(lambda market: market.pay_debt(who, units, payer))

    def _settle(self, who, units):
        self.each(lambda market: market.settle(who, units))

    def _bid(self, who, collateral, debt):
        self.each(lambda market: market.bid_collateral(who, collateral, debt))

    def _claim(self, who):
        self.each(lambda market: market.claim_fees(who))

    def check_conserved(self):
        """All core that was made is somewhere, and all bitasset is somebody's debt or stands for a fund."""
        fast = self.markets[0]
        orders = list(fast.book.orders.values())
        resting = [sum(order.for_sale for order in orders if order.sell == side) for side in (CORE, USD)]
        bids = sum(collateral for collateral, _ in fast.bids.values())
        core = fast.core.sum() + fast.collateral.sum() + resting[CORE] + fast.fund + fast.core_fees + bids
        assert core == START * (ACCOUNTS - 1)
        assert fast.bitasset.sum() + resting[USD] + fast.bitasset_fees == fast.supply
        if not fast.settled:
            assert fast.debt.sum() == fast.supply


def _same_price(one, other):
    return (one is None) == (other is None) and (one is None or one[0] * other[1] == other[0] * one[1])


@settings(max_examples=120, deadline=None)
@given(courses, st.sampled_from([0, 10]), st.sampled_from([0, 10]))
def test_fast_and_plain_market_agree_to_the_unit(course, margin_call_fee, market_fee):
    both = Both(MarketOptions(margin_call_fee, market_fee))
    for step in course:
        both.do(step)
        both.check_conserved()
