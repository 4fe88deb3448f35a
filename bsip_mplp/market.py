"""A market: the chain's feed, the committee's parameters, and whether the two fit together (PL-D7)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, Literal

from bsip_mplp.money import MAX_UNITS, SECONDS_PER_DAY, MoneyError, parse_fraction
from bsip_mplp.ratios import PERMILLE, Price, ratio_words

FloorName = Literal["ICR", "MCR"]
Pair = tuple[int, int]
"""An amount of the core asset and one of the bitasset, in smallest units (PL-D28)."""


class ParameterError(ValueError):
    """A parameter that is unknown, of the wrong kind or out of range; the text names it and says what it takes."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What the chain said of a market at one moment; ratios per mille, `expires` in chain seconds."""

    price: Price
    mcr: int
    mssr: int
    icr: int
    expires: int

    def __post_init__(self) -> None:
        # PL-D42: a chain feed may have no ICR, or one under MCR
        object.__setattr__(self, "icr", max(self.icr, self.mcr))


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the committee sets for a market. Ratios per mille; times in seconds unless the name says days."""

    lmcr: int = 1300
    combined_floor: FloorName | int = "ICR"
    lcr_cap: int | None = None
    i2: Fraction = Fraction(1, 10)
    long_term_days: int = 30
    prepay_lead_days: int = 7
    auction_round: int = 15 * 60
    auction_limit: int = 48 * 3600
    surplus_to_system: Fraction = Fraction(80, 100)
    cure_window: int = 24 * 3600
    trigger_hold: int = 60
    auction_floor: int = 1000
    carry_rate: Fraction = Fraction(20, 100)
    insurance_reserve: Pair = (0, 0)
    risk_share: Fraction = Fraction(20, 100)
    dividend_target: Pair | None = None
    bond_window: int = 7 * SECONDS_PER_DAY
    bond_coupon: Fraction = Fraction(5, 100)
    bond_forced: Literal["no", "option", "compulsory"] = "no"
    bond_prefix: str | None = None
    """PL-43: how the symbols of bonds on the chain begin; None: they live in the ledger only."""
    missed_prepay_ends: Literal["paid_time", "at_once"] = "paid_time"
    protect_at_mcr: Fraction = Fraction(21, 20)
    stake_term_days: int = 14
    stake_rate: Fraction = Fraction(1, 20)
    auction_buffer: Fraction = Fraction(5, 100)
    buffer_limit: Pair | None = None
    """V-7: the most core asset that the risk fund adds to one vault, and to all; None: what the fund has."""
    capital_limit: Pair | None = None
    """V-5: the most bitasset that the risk fund gives to close one vault, and to close all; None: what it has."""
    lp2_cover: Literal["feed", "squeeze"] = "feed"
    """V-6: whether bitasset lent counts at the feed, or at the worst price of a margin call."""
    vault_prefix: str = "mplp-vault"
    personal_pools: Literal["yes", "no"] = "yes"
    """Whether positions may borrow from personal pools; "no" leaves the market to its shared pool."""

    def changed(self, changes: dict[str, Any]) -> Parameters:
        """These parameters with some replaced; raises `ParameterError` for an unknown name or a bad value."""
        names = {f.name for f in fields(self)}
        for name in changes:
            if name not in names:
                raise ParameterError(f"{name} is no parameter of a market: {', '.join(sorted(names))}")
        read = {name: _READERS[name](name, value) for name, value in changes.items()}
        return replace(self, **read)

    def as_json(self) -> dict[str, Any]:
        """All parameters by name, fractions as text."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    def floor_permille(self, feed: Feed) -> int:
        """PL-18's floor under a feed: ICR, MCR or the number given, never under MCR (PL-D57)."""
        if isinstance(self.combined_floor, int):
            return max(self.combined_floor, feed.mcr)
        return feed.icr if self.combined_floor == "ICR" else feed.mcr

    def cap_permille(self, feed: Feed) -> int:
        """PL-D37's bound of LCR: the number given, or twice ICR."""
        return 2 * feed.icr if self.lcr_cap is None else self.lcr_cap

    def buffered(self, mcr: int) -> Fraction:
        """V-7: the ratio that a vault in auction is held at, per mille: `MCR · (1 + auction_buffer)`."""
        of = self.auction_buffer.denominator
        return Fraction(mcr * (of + self.auction_buffer.numerator), of)


def misfit(parameters: Parameters, feed: Feed) -> str | None:
    """Why a feed and the parameters don't fit together, or None if they do (PL-D7, PL-D53).

    `MSSR < LMCR < MCR ≤ ICR`, `combined_floor ≥ MCR` and `lcr_cap > ICR` must hold.
    """
    if not feed.mssr < parameters.lmcr:
        return f"LMCR {ratio_words(parameters.lmcr)} is not over MSSR {ratio_words(feed.mssr)}"
    if not parameters.lmcr < feed.mcr:
        return f"LMCR {ratio_words(parameters.lmcr)} is not under MCR {ratio_words(feed.mcr)}"
    if isinstance(parameters.combined_floor, int) and parameters.combined_floor < feed.mcr:
        return f"combined_floor {ratio_words(parameters.combined_floor)} is under MCR {ratio_words(feed.mcr)}"
    if not parameters.cap_permille(feed) > feed.icr:
        return f"lcr_cap {ratio_words(parameters.cap_permille(feed))} is not over ICR {ratio_words(feed.icr)}"
    return None


def core_alone_fails(parameters: Parameters, feed: Feed) -> str | None:
    """V-12: why no loan of core asset alone passes the cover of a vault, or None if some can."""
    if parameters.lmcr * feed.mcr >= feed.mssr * feed.icr:
        return None
    return (
        f"LMCR / ICR = {ratio_words(parameters.lmcr)} / {ratio_words(feed.icr)} is under MSSR / MCR = "
        f"{ratio_words(feed.mssr)} / {ratio_words(feed.mcr)}: "
        "in a vault no loan of core asset alone is covered (V-12)"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _whole(least: int, most: int) -> Any:
    def read(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ParameterError(f"{name} takes a whole number from {least} to {most}, not {value!r}")
        return int(value)

    return read


def ratio_from(least: int, most: int) -> Any:
    """A reader of ratios per mille, which says what is wrong in the units that people write."""

    def read(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            given = ratio_words(value) if isinstance(value, int) and not isinstance(value, bool) else repr(value)
            raise ParameterError(f"{name} takes a ratio from {ratio_words(least)} to {ratio_words(most)}, not {given}")
        return int(value)

    return read


def _share(least: Fraction, most: Fraction) -> Any:
    def read(name: str, value: Any) -> Fraction:
        try:
            number = parse_fraction(value) if isinstance(value, str) else Fraction(value)
        except (MoneyError, TypeError, ValueError):
            number = least - 1
        if isinstance(value, float) or not least <= number <= most:
            raise ParameterError(f'{name} takes a number from {least} to {most}, such as "0.1", not {value!r}')
        return number

    return read


def _ratio_or(*words: str | None) -> Any:
    number = ratio_from(PERMILLE, 100 * PERMILLE)

    def read(name: str, value: Any) -> str | int | None:
        return value if value in words else number(name, value)  # type: ignore[no-any-return]

    return read


def _name(name: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value) or len(value) > 40:
        raise ParameterError(f"{name} takes the beginning of an account's name, such as mplp-vault, not {value!r}")
    return value


def _symbols(name: str, value: Any) -> str | None:
    # Letters, so that no number can be read two ways; 4 to 10, as shorter symbols are dear and 16 is the chain's limit
    if value is None:
        return None
    fits = isinstance(value, str) and re.fullmatch(r"(?!BIT)(?=.{4,10}$)[A-Z]{3,}(\.[A-Z]*)?", value)
    if not fits:
        says = "4 to 10 capital letters, not BIT at first, with at most one point, such as MPLPBOND"
        raise ParameterError(f"{name} takes {says}, not {value!r}")
    return str(value)


def _pair(none: bool) -> Any:
    def read(name: str, value: Any) -> Pair | None:
        if value is None and none:
            return None
        parts = list(value) if isinstance(value, list | tuple) else []
        number = _whole(0, MAX_UNITS)
        if len(parts) != 2:
            raise ParameterError(f"{name} takes two amounts, not {value!r}")
        return number(name, parts[0]), number(name, parts[1])

    return read


def _word(*words: str) -> Any:
    def read(name: str, value: Any) -> str:
        if value not in words:
            raise ParameterError(f"{name} takes {' or '.join(words)}, not {value!r}")
        return str(value)

    return read


_READERS: dict[str, Any] = {
    "lmcr": ratio_from(PERMILLE, 32_000),
    "combined_floor": _ratio_or("ICR", "MCR"),
    "lcr_cap": _ratio_or(None),
    "i2": _share(Fraction(0), Fraction(1)),
    "long_term_days": _whole(1, 365),
    "prepay_lead_days": _whole(0, 29),  # PL-D7: under 30
    "auction_round": _whole(1, SECONDS_PER_DAY),
    "auction_limit": _whole(1, 30 * SECONDS_PER_DAY),
    "surplus_to_system": _share(Fraction(0), Fraction(1)),
    "cure_window": _whole(0, 30 * SECONDS_PER_DAY),
    "trigger_hold": _whole(0, SECONDS_PER_DAY),
    "auction_floor": ratio_from(0, 32_000),
    "carry_rate": _share(Fraction(0), Fraction(10)),
    "insurance_reserve": _pair(none=False),
    "risk_share": _share(Fraction(0), Fraction(1)),
    "dividend_target": _pair(none=True),
    "bond_window": _whole(1, 365 * SECONDS_PER_DAY),
    "bond_coupon": _share(Fraction(0), Fraction(10)),
    "bond_forced": _word("no", "option", "compulsory"),
    "bond_prefix": _symbols,
    "missed_prepay_ends": _word("paid_time", "at_once"),
    "protect_at_mcr": _share(Fraction(1), Fraction(10)),
    "stake_term_days": _whole(1, 29),
    "stake_rate": _share(Fraction(0), Fraction(10)),
    "auction_buffer": _share(Fraction(0), Fraction(1)),
    "buffer_limit": _pair(none=True),
    "capital_limit": _pair(none=True),
    "lp2_cover": _word("feed", "squeeze"),
    "vault_prefix": _name,
    "personal_pools": _word("yes", "no"),
}
