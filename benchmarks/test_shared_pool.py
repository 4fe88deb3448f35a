"""The shared pool: the least mcr after one more feed, beside 100, 10,000 and 200,000 positions that take part.

The feeds move the price by a ten-millionth, so that the same few positions change whatever their number. Of `few` a
hundredth are served, half of them in lower; of `crowd` all would be, and the pool reaches about two thirds (`limited`)
or everyone (`all_served`). Processor time is measured, so that a busy machine doesn't count.

One thing does cost a look at each position served: where the pool's end falls between two groups that differ by less
than a unit for each position served, their shares are added up one by one (see rules/shared_service.py). `recounts`
says how often that was so.
"""

import time
from fractions import Fraction
from functools import cache
from itertools import count

import pytest

from bsip_mplp.rules import shared_service
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import AssetSeen, Deposit, FeedSeen, Hold, MarketOpened, PositionSeen, SharedPoolSet, Supply

pytestmark = [
    pytest.mark.benchmark(timer=time.process_time, disable_gc=True),
    pytest.mark.timeout(1800),  # 200,000 positions take a minute or two to be made
]

NEVER = 10**12
PRICE = 40_000_000
NUMBERS = (100, 10_000, 200_000)
LIMITED_UNITS = 160_000
"""For each position: so that the pool reaches about two thirds of a crowd."""


def feed(price):
    """Bitasset per 10^10 core units: 40,000,000 is the draft's 0.04."""
    pair = (price, 10_000_000_000)
    return FeedSeen(time=0, market="USD", price=pair, mcr=1500, mssr=1100, icr=1500, expires=NEVER)


@cache
def pool_of(positions, kind):
    engine = Engine()
    engine.apply(AssetSeen(time=0, symbol="BTS", precision=5))
    engine.apply(AssetSeen(time=0, symbol="USD", precision=4))
    engine.apply(MarketOpened(time=0, market="USD", core_asset="BTS"))
    engine.apply(SharedPoolSet(time=0, market="USD", parameters={"model": "inverse"}))
    engine.apply(feed(2 * PRICE))
    supply(engine, 10**14 if kind == "few" else LIMITED_UNITS * positions)
    for number in range(positions):
        served = kind == "crowd" or number % 100 == 0
        least, most = (2_600_000, 3_300_000) if served else (1_000_000, 2_500_000)
        debt = least + (number * 7919) % (most - least)
        name = f"holder-{number}"
        engine.apply(PositionSeen(time=0, market="USD", account=name, collateral=10**9, debt=debt))
        ask = Hold(market="USD", mcr=Fraction(11, 10))
        engine.apply(Deposit(time=0, account=name, asset="USD", amount=10_000_000, ask=ask))
    engine.apply(feed(PRICE))
    return engine


def supply(engine, units):
    engine.apply(Deposit(time=0, account="lender", asset="USD", amount=units, ask=Supply()))


def measure(benchmark, monkeypatch, engine):
    pool, steps, recounts = engine.book.shared_pools["USD"], count(1), []
    taken = shared_service._taken
    monkeypatch.setattr(shared_service, "_taken", lambda *given: recounts.append(1) or taken(*given))

    def one_more():
        engine.apply(feed(PRICE + next(steps) % 7))
        return pool.least_mcr()

    assert benchmark.pedantic(one_more, rounds=200, warmup_rounds=10) is not None
    benchmark.extra_info |= {"served": pool.served_count, "recounts": len(recounts)}


@pytest.mark.parametrize("positions", NUMBERS)
def test_least_mcr_after_one_more_feed_few_served(benchmark, monkeypatch, positions):
    engine = pool_of(positions, "few")
    assert engine.book.shared_pools["USD"].served_count == positions // 100
    measure(benchmark, monkeypatch, engine)


@pytest.mark.parametrize("positions", NUMBERS)
def test_least_mcr_after_one_more_feed_limited(benchmark, monkeypatch, positions):
    engine = pool_of(positions, "crowd")
    assert positions / 2 < engine.book.shared_pools["USD"].served_count < positions
    measure(benchmark, monkeypatch, engine)


@pytest.mark.parametrize("positions", NUMBERS)
def test_least_mcr_after_one_more_feed_now_all_served(benchmark, monkeypatch, positions):
    """After the one before: more is lent, and the pool reaches everyone."""
    engine = pool_of(positions, "crowd")
    supply(engine, 10**14)
    assert engine.book.shared_pools["USD"].served_count == positions
    measure(benchmark, monkeypatch, engine)
