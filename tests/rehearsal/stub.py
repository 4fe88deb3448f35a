"""A simulation for the tests of what stands around it: figures drawn from the seed, at once.

It has effects that the statistics must find (lending calls fewer positions) and some that they must not (noise alone).
"""

from __future__ import annotations

import time

import numpy as np

from bsip_mplp.rehearsal.result import FIGURES, RunResult
from bsip_mplp.rehearsal.scenario import USER_KINDS

CALLED_SHARE = {"none": 0.3, "peer": 0.2, "peer_vaults": 0.22, "shared": 0.2, "both": 0.15, "target_ratio": 0.3}


def simulate(scenario, rule_set, path_index):
    """A run of made-up figures, the same for the same seed; the path's draw is common to all rule sets."""
    common = np.random.default_rng([scenario.seed, path_index])
    own = np.random.default_rng([scenario.seed, path_index, sum(map(ord, rule_set))])
    luck, hours = common.normal(), scenario.days * 24
    figures = {name: 0 for name in FIGURES}
    share = CALLED_SHARE.get(rule_set, 0.25) + 0.05 * luck + 0.005 * own.normal()
    figures |= {
        "positions_live": 100,
        "positions_called": max(1, round(share * 100)),
        "called_positions_share": share,
        "collateral_sold_units": round(1e9 * (share + 0.1)),
        "holders_wealth_change_permille": -100 + 30 * luck - 100 * share + own.normal(),
        "lenders_yield_per_year": 0.0 if rule_set == "none" else 0.1 + 0.01 * own.normal(),
        "order_book_loan_rate_per_year": 0.08,
        "debt_locked_share_max": 0.1,
        "insurance_end_units": round(1e6 * (1 + own.uniform()) * float(scenario.market_parameters.i2) * 10),
        "user_steps": scenario.steps * scenario.users.total,
    }
    price = 0.02 * np.exp(np.cumsum(common.normal(0, 0.01, hours)))
    inside = price * (1 - share * 0.2)
    series = {
        "outside_price": price,
        "inside_price": inside,
        "feed_price": price,
        "positions_live": np.full(hours, 100.0),
        "debt_units": np.full(hours, 1e8),
        "insurance_units": np.linspace(0, figures["insurance_end_units"], hours),
        "lent_units": np.full(hours, 1e6),
        "called_units": np.zeros(hours),
    }
    group = {
        "users": 10,
        "positions": 10,
        "wealth_start_units": 1000,
        "wealth_end_units": 900,
        "wealth_change_permille": -100 - 100 * share + 10 * luck,
        "gain_units": -100 - share,
        "positions_called": 3,
    }
    groups = {name: dict(group) for name in ("large", "small", *USER_KINDS)}
    return RunResult(scenario.name, rule_set, path_index, scenario.seed, figures, series, groups, 0.001)


def fails_on_path_two(scenario, rule_set, path_index):
    """The same, but for one run that fails."""
    if path_index == 2:
        raise ZeroDivisionError("made to fail")
    return simulate(scenario, rule_set, path_index)


def slow(scenario, rule_set, path_index):
    """The same, but it takes a moment."""
    time.sleep(0.05)
    return simulate(scenario, rule_set, path_index)


def endless(scenario, rule_set, path_index):
    """The first path as ever, then one that takes longer than anybody waits."""
    if path_index:
        time.sleep(600)
    return simulate(scenario, rule_set, path_index)
