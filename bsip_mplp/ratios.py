"""Exact ratios of a position: CR, LCR, the least loan and the price at which a rule acts (G-2)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from bsip_mplp.money import div_ceil, div_floor, format_units

PERMILLE = 1000
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Price:
    """A feed price: `bitasset` units are worth `core` units, as the chain's `settlement_price` has it (G-1)."""

    bitasset: int
    core: int

    def bitasset_for_core(self, core_units: int) -> int:
        """What `core_units` are worth in the bitasset, rounded up."""
        return div_ceil(core_units * self.bitasset, self.core)

    def core_for_bitasset(self, bitasset_units: int) -> int:
        """What `bitasset_units` are worth in the core asset, rounded up."""
        return div_ceil(bitasset_units * self.core, self.bitasset)

    def as_fraction(self) -> Fraction:
        """Bitasset units per core unit."""
        return Fraction(self.bitasset, self.core)


def collateral_ratio(collateral: int, debt: int, price: Price) -> Fraction | None:
    """`CR = C·p / D`; None stands for infinity (no debt). With lent amounts added it is `LCR` (PL-11)."""
    return Fraction(collateral * price.bitasset, debt * price.core) if debt > 0 else None


def ratio_is_under(collateral: int, debt: int, price: Price, limit_permille: int | Fraction) -> bool:
    """Whether `C·p / D < limit`, by cross-multiplication (G-2)."""
    of = limit_permille.denominator
    return collateral * price.bitasset * PERMILLE * of < limit_permille.numerator * debt * price.core


def least_lp1_units(collateral: int, debt: int, lp1: int, lp2: int, icr: int, lmcr: int) -> int:
    """The further core asset with which `((C + lp1)·D) / ((D − lp2)·C) ≥ ICR / LMCR` holds (PL-13)."""
    needed = div_ceil((debt - lp2) * collateral * icr, debt * lmcr)
    return max(0, needed - collateral - lp1)


def least_lp2_units(collateral: int, debt: int, lp1: int, lp2: int, icr: int, lmcr: int) -> int:
    """The further bitasset with which `((C + lp1)·D) / ((D − lp2)·C) ≥ ICR / LMCR` holds (PL-13)."""
    remaining = div_floor((collateral + lp1) * debt * lmcr, collateral * icr)
    return max(0, debt - lp2 - remaining)


def ratio_words(ratio: int | Fraction) -> str:
    """A ratio as people write it, exactly: `1.55`; per mille if it is a whole number, a fraction if need be."""
    exact = Fraction(ratio, PERMILLE) if isinstance(ratio, int) else ratio
    places = exact * 10**DIGITS
    return format_units(int(places), DIGITS).rstrip("0").rstrip(".") if places.denominator == 1 else str(exact)


def debt_over_level(collateral: int, debt: int, level: Fraction, *, rounded_up: bool = True) -> int:
    """SP-1: what a debt has over `level` of debt per collateral, in whole units, never below 0.

    Rounded down where a pool can't fill what is needed (SP-7).
    """
    share = collateral * level.numerator
    reached = div_floor(share, level.denominator) if rounded_up else div_ceil(share, level.denominator)
    return max(0, debt - reached)


def trigger_price(collateral: int, debt: int, limit_permille: int) -> Fraction:
    """The price, in bitasset units per core unit, at which `C·p / D` equals the limit."""
    return Fraction(limit_permille * debt, PERMILLE * collateral)
