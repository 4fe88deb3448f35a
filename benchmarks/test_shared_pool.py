"""The shared pool: the least mcr after one more feed, beside 100, 10,000 and 200,000 positions that take part.

The feeds move the price by a ten-millionth, so that the same few positions change whatever their number. Of `few` a
hundredth are served, half of them in lower; of a crowd all would be, and the pool reaches about two thirds (`limited`),
ends within a unit for each position of what all take (`edge`: the sums alone can't tell whether it reaches the last),
or reaches everyone (`all served`). At the edge a deposit with its withdrawal, and a change of a position, are measured
too. `looks` says how many positions' shares were worked out one by one for each. Each table compares with the least of
its kind. Processor time is measured, so that a busy machine doesn't count.
"""

import time
from fractions import Fraction
from functools import cache
from itertools import count

import pytest

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import (
    AssetSeen,
    Deposit,
    FeedSeen,
    Hold,
    LeavePool,
    MarketOpened,
    PositionSeen,
    Request,
    SharedPoolSet,
    Supply,
)
from bsip_mplp.rules.shared_service import ADDED_UP
from bsip_mplp.rules.shared_state import SharedPool

pytestmark = [
    pytest.mark.benchmark(timer=time.process_time, disable_gc=True),
    pytest.mark.timeout(1800),  # 200,000 positions take a minute or two to be made
]

NEVER = 10**12
PRICE = 40_000_000
NUMBERS = (100, 10_000, 200_000)
AT_THE_EDGE = (100, 1000, 10_000, 200_000)
"""With 1,000, the most that are looked at one by one."""
LIMITED_UNITS = 160_000
"""For each position: so that the pool reaches about two thirds of a crowd."""
COLLATERAL = 10**9


def feed(price):
    """Bitasset per 10^10 core units: 40,000,000 is the draft's 0.04."""
    pair = (price, 10_000_000_000)
    return FeedSeen(time=0, market="USD", price=pair, mcr=1500, mssr=1100, icr=1500, expires=NEVER)


@cache
def engine_of(positions, kind):
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
        engine.apply(PositionSeen(time=0, market="USD", account=name, collateral=COLLATERAL, debt=debt))
        ask = Hold(market="USD", mcr=Fraction(11, 10))
        engine.apply(Deposit(time=0, account=name, asset="USD", amount=10_000_000, ask=ask))
    engine.apply(feed(PRICE))
    return engine


def supply(engine, units, name="lender"):
    engine.apply(Deposit(time=0, account=name, asset="USD", amount=units, ask=Supply()))


def pool_of(engine):
    return engine.book.shared_pools["USD"]


def at_the_edge(positions):
    """A crowd whose pool holds what all take before rounding, and half a unit for each."""
    engine = engine_of(positions, "crowd")
    pool = pool_of(engine)
    collateral, debt = positions * COLLATERAL, sum(part.position.debt for part in pool.participants.values())
    wanted = debt - collateral * pool.level.numerator // pool.level.denominator + positions // 2
    if wanted > pool.staying:
        supply(engine, wanted - pool.staying)
    assert pool.served_count >= positions - 1
    return engine


def measure(benchmark, monkeypatch, engine, act, kind):
    pool, looks, rounds = pool_of(engine), [], 200
    share = SharedPool.extra_of

    def once():
        act()
        return pool.least_mcr()

    with monkeypatch.context() as patch:
        patch.setattr(SharedPool, "extra_of", lambda *given: looks.append(1) or share(*given))
        once()
    benchmark.group = f"the shared pool's least mcr: {kind}"
    assert benchmark.pedantic(once, rounds=rounds, warmup_rounds=10) is not None
    benchmark.extra_info |= {"served": pool.served_count, "looks": len(looks)}
    assert len(looks) <= 4 * ADDED_UP


def one_more_feed(engine):
    steps = count(1)
    return lambda: engine.apply(feed(PRICE + next(steps) % 7))


@pytest.mark.parametrize("positions", NUMBERS)
def test_one_more_feed_few_served(benchmark, monkeypatch, positions):
    engine = engine_of(positions, "few")
    assert pool_of(engine).served_count == positions // 100
    measure(benchmark, monkeypatch, engine, one_more_feed(engine), "one more feed, few served")


@pytest.mark.parametrize("positions", NUMBERS)
def test_one_more_feed_limited(benchmark, monkeypatch, positions):
    engine = engine_of(positions, "crowd")
    assert positions / 2 < pool_of(engine).served_count < positions
    measure(benchmark, monkeypatch, engine, one_more_feed(engine), "one more feed, limited")


@pytest.mark.parametrize("positions", AT_THE_EDGE)
def test_one_more_feed_edge(benchmark, monkeypatch, positions):
    engine = at_the_edge(positions)
    measure(benchmark, monkeypatch, engine, one_more_feed(engine), "one more feed, edge")


@pytest.mark.parametrize("positions", AT_THE_EDGE)
def test_in_and_out_edge(benchmark, monkeypatch, positions):
    """A lender comes, and goes with all it has."""
    engine = at_the_edge(positions)

    def in_and_out():
        supply(engine, 1, "guest")
        engine.apply(Request(time=0, account="guest", ask=LeavePool(market="USD")))

    measure(benchmark, monkeypatch, engine, in_and_out, "a deposit and a withdrawal, edge")


@pytest.mark.parametrize("positions", AT_THE_EDGE)
def test_position_changes_edge(benchmark, monkeypatch, positions):
    engine, steps = at_the_edge(positions), count(1)
    debt = engine.book.position("USD", "holder-0").debt

    def changes():
        engine.apply(
            PositionSeen(time=0, market="USD", account="holder-0", collateral=COLLATERAL, debt=debt + next(steps) % 2)
        )

    measure(benchmark, monkeypatch, engine, changes, "a position changes, edge")


@pytest.mark.parametrize("positions", NUMBERS)
def test_one_more_feed_now_all_served(benchmark, monkeypatch, positions):
    """After those before: more is lent, and the pool reaches everyone."""
    engine = engine_of(positions, "crowd")
    supply(engine, 10**14)
    assert pool_of(engine).served_count == positions
    measure(benchmark, monkeypatch, engine, one_more_feed(engine), "one more feed, all served")
