"""The ratios of both stories: the chain's from the feed, and the committee's LMCR."""

from __future__ import annotations

from fractions import Fraction

from bsip_mplp.ratios import PERMILLE
from bsip_mplp.story.town import Ratios

RATIOS = Ratios(mcr=1550, mssr=1100, icr=1600)
"""What the feeds say: the source's MCR, and ratios that fit to it."""

MCR, MSSR, ICR = (Fraction(ratio, PERMILLE) for ratio in RATIOS)
LMCR = Fraction(1300, PERMILLE)
LMCR_TEXT = "1.3"
"""As it stands in the configuration."""
