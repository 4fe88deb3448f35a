"""The lender's cover in a vault: whether a loan would come home even through a whole margin call (V-6).

All in integers: smallest units, ratios per mille. The chain calls once `collateral · price / debt ≤ MCR`, and then
takes at most `debt · MSSR / price` of the collateral, whatever its margin call fee is, which comes out of that. At the
price where it would call, `MCR · debt / collateral`, that is `collateral · MSSR / MCR`: the price drops out.
"""

from __future__ import annotations

from typing import NamedTuple

from bsip_mplp.market import Feed, Parameters
from bsip_mplp.money import div_ceil
from bsip_mplp.ratios import PERMILLE

ROUNDING_UNITS = 3
"""One for the call's last fill, which the chain rounds up, and two for its own rounding of the prices it scales."""


class Placed(NamedTuple):
    """What a vault has on the chain, and what of it is not its holder's; core asset and bitasset."""

    collateral: int
    debt: int
    core: int
    bitasset: int


def call_cost_units(collateral: int, mcr: int, mssr: int) -> int:
    """The most collateral that a whole margin call takes, at the feed where the chain would call."""
    return div_ceil(collateral * mssr, mcr) + ROUNDING_UNITS


def lp2_worth_units(placed: Placed, parameters: Parameters, feed: Feed) -> int:
    """What the bitasset lent is worth in core asset at that feed; or what it costs at the worst price (`squeeze`)."""
    factor = feed.mssr if parameters.lp2_cover == "squeeze" else PERMILLE
    return div_ceil(placed.bitasset * factor * placed.collateral, feed.mcr * placed.debt)


def lacking_units(placed: Placed, parameters: Parameters, feed: Feed) -> int:
    """V-6: what lacks, in core asset, for all that was lent to come home through a whole margin call; 0 if nothing."""
    left = placed.collateral - call_cost_units(placed.collateral, feed.mcr, feed.mssr)
    return max(0, placed.core + lp2_worth_units(placed, parameters, feed) - left)
