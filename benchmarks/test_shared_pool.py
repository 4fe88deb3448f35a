"""The shared pool: the least mcr after one more feed, beside 100, 10,000 and 200,000 positions that take part.

A hundredth of the positions are served, half of them in lower; the feeds move the price by a ten-millionth, so that the
same few positions change whatever their number; `..._all_served` has every position served.
"""

from fractions import Fraction
from functools import cache
from itertools import count

import pytest

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import AssetSeen, Deposit, FeedSeen, Hold, MarketOpened, PositionSeen, SharedPoolSet, Supply

NEVER = 10**12
PRICE = 40_000_000


def feed(price):
    """Bitasset per 10^10 core units: 40,000,000 is the draft's 0.04."""
    pair = (price, 10_000_000_000)
    return FeedSeen(time=0, market="USD", price=pair, mcr=1500, mssr=1100, icr=1500, expires=NEVER)


@cache
def pool_of(positions, all_served=False):
    engine = Engine()
    engine.apply(AssetSeen(time=0, symbol="BTS", precision=5))
    engine.apply(AssetSeen(time=0, symbol="USD", precision=4))
    engine.apply(MarketOpened(time=0, market="USD", core_asset="BTS"))
    engine.apply(SharedPoolSet(time=0, market="USD", parameters={"model": "inverse"}))
    engine.apply(feed(2 * PRICE))
    engine.apply(Deposit(time=0, account="lender", asset="USD", amount=10**15, ask=Supply()))
    for number in range(positions):
        served = all_served or number % 100 == 0
        least, most = (2_600_000, 3_300_000) if served else (1_000_000, 2_500_000)
        debt = least + (number * 7919) % (most - least)
        name = f"holder-{number}"
        engine.apply(PositionSeen(time=0, market="USD", account=name, collateral=10**9, debt=debt))
        ask = Hold(market="USD", mcr=Fraction(11, 10))
        engine.apply(Deposit(time=0, account=name, asset="USD", amount=10_000_000, ask=ask))
    engine.apply(feed(PRICE))
    return engine


@pytest.mark.parametrize("positions", [100, 10_000, 200_000])
def test_least_mcr_after_one_more_feed(benchmark, positions):
    engine, steps = pool_of(positions), count(1)
    pool = engine.book.shared_pools["USD"]
    assert pool.served_count == positions // 100
    benchmark.extra_info["served"] = pool.served_count

    def one_more():
        engine.apply(feed(PRICE + next(steps) % 7))
        return pool.least_mcr()

    assert benchmark.pedantic(one_more, rounds=200, warmup_rounds=10) is not None


@pytest.mark.parametrize("positions", [100, 10_000])
def test_least_mcr_after_one_more_feed_all_served(benchmark, positions):
    engine, steps = pool_of(positions, all_served=True), count(1)
    pool = engine.book.shared_pools["USD"]
    benchmark.extra_info["served"] = pool.served_count

    def one_more():
        engine.apply(feed(PRICE + next(steps) % 7))
        return pool.least_mcr()

    assert benchmark.pedantic(one_more, rounds=200, warmup_rounds=10) is not None
