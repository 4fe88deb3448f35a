"""Auctions: closing a round of each of 10, 1,000 or 10,000 auctions at once must cost the same per auction.

All three are in the same book, of 10,000 holders with a long loan each: as many as are named are in auction. Before
each close the whole book is read once, as it is in the quarter of an hour between two closes: else ten auctions would
find what they need in the processor's caches, where no keeper has it. Processor time is measured, so that a busy
machine doesn't count. `microseconds_per_auction` stands in the extra columns of what `--benchmark-json` writes.
"""

import time
from fractions import Fraction
from functools import cache

import pytest

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import (
    AssetSeen,
    Bid,
    Borrow,
    Deposit,
    FeedSeen,
    Lend,
    MarketOpened,
    PositionSeen,
    Prepay,
    Request,
    Tick,
)

pytestmark = pytest.mark.benchmark(timer=time.process_time, disable_gc=True)

NEVER = 10**12
ROUND_SECONDS = 900
OPENED = 60
HOLDERS = 10_000


def feed(price_permille, time):
    price = (price_permille, 1000)
    return FeedSeen(time=time, market="USD", price=price, mcr=1550, mssr=1100, icr=1600, expires=NEVER)


@cache
def auctions_of(number):
    """An engine in which so many of the positions with a long loan went into auction at the same second."""
    engine = Engine()
    engine.apply(AssetSeen(time=0, symbol="BTS", precision=5))
    engine.apply(AssetSeen(time=0, symbol="USD", precision=4))
    engine.apply(MarketOpened(time=0, market="USD", core_asset="BTS"))
    engine.apply(feed(1000, 0))
    lend = Lend(rate=Fraction(1, 10), term_days=90, period_days=30)
    engine.apply(Deposit(time=0, account="lender", asset="BTS", amount=10**15, ask=lend))
    for holder in range(HOLDERS):
        name, collateral = f"holder-{holder}", 1_634_000 if holder < number else 2_400_000
        engine.apply(PositionSeen(time=0, market="USD", account=name, collateral=collateral, debt=1_000_000))
        engine.apply(Deposit(time=0, account=name, asset="BTS", amount=100_000, ask=Prepay()))
        engine.apply(Request(time=0, account=name, ask=Borrow(market="USD", asset="BTS")))
    engine.apply(feed(700, 0))
    engine.apply(Tick(time=OPENED))
    assert len(engine.book.auctions) == number
    assert all(auction.ended is None for auction in engine.book.auctions.values())
    return engine


@pytest.mark.parametrize("number", [10, 1_000, 10_000])
def test_a_round_of_every_auction_closes_unsold(benchmark, number):
    """One bid under the reserve in each auction; the tick that ends the round judges and returns all of them."""
    engine = auctions_of(number)

    def bids():
        start = engine.now
        for auction in range(1, number + 1):
            engine.apply(
                Deposit(time=start, account=f"bidder-{auction}", asset="USD", amount=1, ask=Bid(auction=auction))
            )
        engine.state()

    def close():
        end = OPENED + ((engine.now - OPENED) // ROUND_SECONDS + 1) * ROUND_SECONDS
        outcome = engine.apply(Tick(time=end))
        assert len(outcome.entries) == number

    benchmark.extra_info["auctions"] = number
    benchmark.pedantic(close, setup=bids, rounds=20 if number == 10 else 5)
    if benchmark.stats:
        benchmark.extra_info["microseconds_per_auction"] = round(benchmark.stats["median"] / number * 1e6, 1)


@pytest.mark.parametrize("number", [10, 1_000, 10_000])
def test_every_auction_is_won_in_one_round(benchmark, number):
    """One valid bid in each auction; the tick that ends the round pays every lender and changes every holder."""

    def bids():
        auctions_of.cache_clear()
        engine = auctions_of(number)
        for auction in range(1, number + 1):
            engine.apply(
                Deposit(time=OPENED, account=f"bidder-{auction}", asset="USD", amount=50_000, ask=Bid(auction=auction))
            )
        engine.state()
        return (engine,), {}

    def close(engine):
        engine.apply(Tick(time=OPENED + ROUND_SECONDS))
        assert all(auction.winner for auction in engine.book.auctions.values())

    benchmark.extra_info["auctions"] = number
    benchmark.pedantic(close, setup=bids, rounds=3)
    if benchmark.stats:
        benchmark.extra_info["microseconds_per_auction"] = round(benchmark.stats["median"] / number * 1e6, 1)
