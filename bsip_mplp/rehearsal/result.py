"""What comes out of one simulated run: figures, hourly series, and figures by group of users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

FIGURES: Final = (
    "positions_live",
    "positions_called",
    "called_positions_share",
    "collateral_sold_units",
    "bad_debt_units",
    "black_swans",
    "price_fall_inside_permille",
    "debt_locked_units_max",
    "debt_locked_share_max",
    "lenders_yield_per_year",
    "lenders_days_locked_mean",
    "lenders_loss_units",
    "borrowers_cost_units",
    "calls_cost_units",
    "call_cost_avoided_units",
    "borrowers_cost_without_units",
    "insurance_end_units",
    "insurance_least_units",
    "auctions_held",
    "auctions_won",
    "auctions_unsold",
    "auctions_overtaken",
    "takeovers",
    "bonds_sold_units",
    "black_positions",
    "bond_repayment_days_max",
    "loans_made",
    "interest_paid_units",
    "chosen_calls",
    "order_book_loan_rate_per_year",
    "holders_wealth_change_permille",
    "holders_sold_permille",
    "holders_passed_permille",
    "holders_interest_permille",
    "holders_kept_permille",
    "dividends_paid_units",
    "user_steps",
)
"""Names of a run's figures, units last. Amounts `_units` are smallest units of the bitasset, but for
`collateral_sold_units`, which are of the core asset; a rate is a share a year; permille are of the outside price or of
the wealth at the start."""

SERIES: Final = (
    "outside_price",
    "inside_price",
    "feed_price",
    "positions_live",
    "debt_units",
    "insurance_units",
    "lent_units",
    "called_units",
)
"""Names of the hourly series. Prices are bitasset for one core asset, amounts smallest units of the bitasset."""

GROUP_FIGURES: Final = (
    "users",
    "positions",
    "positions_called",
    "wealth_start_units",
    "wealth_end_units",
    "wealth_change_permille",
    "gain_units",
)
"""Names of the figures of a group. Wealth is in smallest units of the core asset, at the outside price of the end: what
it would be had they done nothing, and what it is. The gain is the difference, in smallest units of the bitasset."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run of a scenario under one rule set on one path. The same seed gives the same result, to the last bit."""

    scenario: str
    rule_set: str
    path_index: int
    seed: int
    figures: Mapping[str, int | float]
    """By the names of `FIGURES`."""
    series: Mapping[str, NDArray[np.float64]]
    """By the names of `SERIES`, one value an hour."""
    groups: Mapping[str, Mapping[str, float]]
    """`large`, `small` (holders by size), and each kind of user by its name; by the names of `GROUP_FIGURES`."""
    seconds_used: float = field(default=0.0, compare=False)
    """What the run took, of processor time. No part of what is compared or written."""
