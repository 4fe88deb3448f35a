"""The engine: inputs per second, and what a feed costs beside loans that it does not touch.

`make bench` shows the table; a book of a million live loans takes a minute or two to build.
"""

from fractions import Fraction
from functools import cache
from itertools import count

import pytest

from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import (
    AssetSeen,
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

NEVER = 10**12
TRIGGERED = 10


def market(engine):
    engine.apply(AssetSeen(time=0, symbol="BTS", precision=5))
    engine.apply(AssetSeen(time=0, symbol="USD", precision=4))
    engine.apply(MarketOpened(time=0, market="USD", core_asset="BTS"))
    engine.apply(feed(1_000_000))
    return engine


def feed(price_millionths, time=0):
    return FeedSeen(
        time=time,
        market="USD",
        price=(price_millionths, 1_000_000),
        mcr=1550,
        mssr=1100,
        icr=1600,
        expires=NEVER,
    )


def borrower(number, collateral):
    """A position with a short loan of core asset, the least that may be borrowed."""
    name = f"holder-{number}"
    return [
        PositionSeen(time=0, market="USD", account=name, collateral=collateral, debt=1_000_000),
        Deposit(time=0, account=name, asset="BTS", amount=100_000, ask=Prepay()),
        Request(time=0, account=name, ask=Borrow(market="USD", asset="BTS")),
    ]


@cache
def book_of(loans):
    """A book with so many live loans, ten of them much nearer to their end than the others."""
    engine = market(Engine())
    pool = Deposit(time=0, account="lender", asset="BTS", amount=10**15, ask=Lend(rate=Fraction(1, 10), term_days=14))
    engine.apply(pool)
    for number in range(loans):
        collateral = 1_400_000 if number < TRIGGERED else 1_500_000 + number % 50_000
        for item in borrower(number, collateral):
            engine.apply(item)
    assert len(engine.book.loans) == loans
    return engine


def test_inputs_per_second(benchmark):
    """A mixed course: a lender, positions, prepaid interest, loans, feeds that trigger nothing."""
    items = [
        Deposit(time=0, account="lender", asset="BTS", amount=10**15, ask=Lend(rate=Fraction(1, 10), term_days=14))
    ]
    for number in range(1000):
        items += borrower(number, 1_500_000 + number)
        items += [feed(1_000_000 + number), Tick(time=0)]

    def run(engine):
        for item in items:
            engine.apply(item)

    benchmark.extra_info["inputs"] = len(items)
    benchmark.pedantic(run, setup=lambda: ((market(Engine()),), {}), rounds=5)
    if benchmark.stats:
        benchmark.extra_info["inputs_per_second"] = round(len(items) / benchmark.stats["median"])


@pytest.mark.parametrize("loans", [100, 10_000, 1_000_000])
def test_feed_that_triggers_none(benchmark, loans):
    engine, steps = book_of(loans), count()
    benchmark.pedantic(lambda: engine.apply(feed(1_000_000 + next(steps) % 100)), rounds=200, warmup_rounds=5)
    assert len(engine.book.positions["USD", "holder-0"].loans) == 1


@pytest.mark.parametrize("loans", [100, 10_000, 1_000_000])
def test_feed_that_triggers_ten(benchmark, loans):
    """Ten short loans end by PL-17; before each round they are made again."""
    engine = book_of(loans)

    def back():
        engine.apply(feed(1_000_000))
        for number in range(TRIGGERED):
            if not engine.book.positions["USD", f"holder-{number}"].loans:
                ask = Borrow(market="USD", asset="BTS")
                engine.apply(Request(time=0, account=f"holder-{number}", ask=ask))

    def fall():
        outcome = engine.apply(feed(920_000))
        assert sum(event.what == "ended" for event in outcome.events) == TRIGGERED

    benchmark.pedantic(fall, setup=back, rounds=50)
    back()
