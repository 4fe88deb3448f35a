"""The rehearsal: simulated user-steps per second, runs and paths per minute, and what the inside market alone can do.

`make bench` shows the table. A run is 1,000 users over 14 days of prices by the minute, in March 2020; a path is that
under eight rule sets. The profile of a run is in docs/rehearsal-speed.md.
"""

import time

import pytest

from bsip_mplp.rehearsal.fast_market import FastMarket
from bsip_mplp.rehearsal.market import CORE, USD, MarketOptions
from bsip_mplp.rehearsal.plain_market import PlainMarket
from bsip_mplp.rehearsal.scenario import load
from bsip_mplp.rehearsal.simulation import course_of, simulate

pytestmark = pytest.mark.benchmark(timer=time.process_time, disable_gc=True)

RULE_SETS = ("none", "peer", "peer_vaults", "shared", "both", "target_ratio", "ratio_two", "dividends")


@pytest.mark.parametrize("rule_set", RULE_SETS)
def test_run_of_a_thousand_users_over_fourteen_days(benchmark, rule_set):
    scenario = load("march-2020")
    course_of(scenario, 0)
    result = benchmark.pedantic(lambda: simulate(scenario, rule_set, 0), rounds=1)
    assert result.figures["user_steps"] >= 1000 * 14 * 1440
    if benchmark.stats:
        seconds = benchmark.stats["median"]
        benchmark.extra_info["user_steps_per_second"] = round(result.figures["user_steps"] / seconds)
        benchmark.extra_info["runs_per_minute"] = round(60 / seconds, 1)


def test_path_under_all_rule_sets(benchmark):
    """Paths per minute: one path under all eight rule sets."""
    scenario = load("march-2020")
    benchmark.pedantic(lambda: [simulate(scenario, rule_set, 0) for rule_set in RULE_SETS], rounds=1)
    if benchmark.stats:
        benchmark.extra_info["paths_per_minute"] = round(60 / benchmark.stats["median"], 2)


def test_course_of_a_path(benchmark):
    """Prices, publications and medians of 14 days: worked out once for all rule sets."""
    scenario = load("march-2020")
    paths = iter(range(1000))
    course = benchmark.pedantic(lambda: course_of(scenario, next(paths)), rounds=5)
    assert len(course.outside) == scenario.steps


@pytest.mark.parametrize("make", [FastMarket, PlainMarket])
def test_market_orders_feeds_and_calls(benchmark, make):
    """Twenty orders placed, a feed that calls one of a hundred positions, and twenty orders taken back."""

    def market():
        made = make(102, 0, MarketOptions(10, 10))
        for account in range(1, 102):
            made.create_core(account, 2 * 10**12)
        made.publish((5 * 10**6, 10**9), 1500, 1100, 1550)
        for account in range(1, 101):
            assert made.adjust(account, 10**9, 1_000_000 + account * 21_000, payer=account, target=None)
        assert made.adjust(101, 10**12, 10**8, payer=101, target=None)
        return (made,), {}

    def turn(made):
        for level in range(1, 11):
            made.place(101, USD, 400_000, 400_000 * 200 * (100 + level) // 100)
            made.place(101, CORE, 10**8, 10**8 * (100 + level) // 20_000)
        made.publish((464 * 10**4, 10**9), 1500, 1100, 1550)
        for order in [order for order in _orders(made) if order]:
            made.cancel(101, order)
        assert made.calls

    def _orders(made):
        if isinstance(made, FastMarket):
            return list(made.book.orders)
        return [number + 1 for number in made.state.limit_orders.rows]

    benchmark.pedantic(turn, setup=market, rounds=3)
