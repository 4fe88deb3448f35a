"""The shared pool's parameters, its presets, and how its rate follows use (SP-2, SP-3, SP-16, SP-22)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, Final

from bsip_mplp.market import Feed, ParameterError, ratio_from
from bsip_mplp.money import SECONDS_PER_DAY, MoneyError, parse_fraction
from bsip_mplp.ratios import ratio_words

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "deep": {"a": "10", "b": 7, "fee": "1/20", "least_mcr": 1001},
    "medium": {"a": "12", "b": 8, "fee": "1/10", "least_mcr": 1100},
    "thin": {"a": "15", "b": 9, "fee": "1/5", "least_mcr": 1250},
}
"""SP-22: the thinner a market, the higher `a`, `b`, the fee and the least `mcr` that a holder may choose."""


@dataclass(frozen=True, slots=True)
class PoolParameters:
    """What is set for one shared pool. Ratios per mille, times in seconds, rates for one time threshold."""

    icr: int = 1550
    """The ratio up to which positions are raised; the chain's counts where it is higher."""
    threshold: int = 14 * SECONDS_PER_DAY
    """T: for how long interest is paid ahead, and over which a lender who waits comes out (SP-4, SP-9)."""
    leaving_step: int = 3600
    """How often what comes free for those who wait is worked off; it divides `threshold`."""
    a: Fraction = Fraction(10)
    b: int = 7
    model: str = "fixed"
    rate: Fraction = Fraction(2, 100)
    """The rate: the one of `fixed`, and at full use the one of `inverse` and `kinked`."""
    base_rate: Fraction = Fraction(0)
    target_rate: Fraction = Fraction(1, 100)
    target_use: Fraction = Fraction(4, 5)
    """The first slope of `kinked`: from `base_rate` unused to `target_rate` at this use."""
    fee: Fraction = Fraction(1, 20)
    """The insurance pool's share of interest (SP-5)."""
    least_mcr: int = 1001
    """The lowest own `mcr` that a holder may choose (SP-22)."""

    def changed(self, changes: Mapping[str, Any]) -> PoolParameters:
        """These parameters with some replaced; `preset` is read first. Raises `ParameterError`."""
        wanted = dict(changes)
        preset = wanted.pop("preset", None)
        if preset is not None:
            if preset not in PRESETS:
                raise ParameterError(f"preset takes {' or '.join(sorted(PRESETS))}, not {preset!r}")
            wanted = {**PRESETS[preset], **wanted}
        names = {f.name for f in fields(self)}
        for name in wanted:
            if name not in names:
                raise ParameterError(f"{name} is no parameter of a shared pool: preset, {', '.join(sorted(names))}")
        found = replace(self, **{name: _READERS[name](name, value) for name, value in wanted.items()})
        found.check()
        return found

    def check(self) -> None:
        """Raise `ParameterError` if parameters don't fit together."""
        if self.threshold % self.leaving_step:
            raise ParameterError(f"leaving_step {self.leaving_step} does not divide threshold {self.threshold}")
        if self.model == "kinked" and not self.base_rate <= self.target_rate <= self.rate:
            raise ParameterError("base_rate ≤ target_rate ≤ rate must hold: a rate never falls as use grows")

    def as_json(self) -> dict[str, Any]:
        """All parameters by name, fractions as text."""
        values = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: str(value) if isinstance(value, Fraction) else value for name, value in values}


def icr_under(parameters: PoolParameters, feed: Feed) -> int:
    """SP-16: up to which ratio a pool raises positions under a feed, per mille: its own, or the chain's if higher."""
    return max(parameters.icr, feed.icr)


def pool_misfit(parameters: PoolParameters, feed: Feed) -> str | None:
    """SP-16: why a pool serves nobody new under a feed, or None if it does."""
    icr = icr_under(parameters, feed)
    return None if icr > feed.mcr else f"ICR {ratio_words(icr)} is not over MCR {ratio_words(feed.mcr)}"


def rate_at(parameters: PoolParameters, use: Fraction) -> Fraction:
    """SP-3: the rate for one time threshold, by the pool's model, at a use from 0 to 1."""
    return MODELS[parameters.model](parameters, use)


def interest(parameters: PoolParameters, extra: int | Fraction, inverse_cr: Fraction, rate: Fraction) -> Fraction:
    """SP-2: `e · a · (1/cr)^b · rate`, before it is rounded up."""
    return extra * parameters.a * inverse_cr**parameters.b * rate


def _fixed(parameters: PoolParameters, use: Fraction) -> Fraction:
    del use
    return parameters.rate


def _inverse(parameters: PoolParameters, use: Fraction) -> Fraction:
    return parameters.rate * use


def _kinked(parameters: PoolParameters, use: Fraction) -> Fraction:
    low, middle, high, target = parameters.base_rate, parameters.target_rate, parameters.rate, parameters.target_use
    if use <= target:
        return low + (middle - low) * use / target
    return middle + (high - middle) * (use - target) / (1 - target)


MODELS: Final[Mapping[str, Callable[[PoolParameters, Fraction], Fraction]]] = {
    "fixed": _fixed,
    "inverse": _inverse,
    "kinked": _kinked,
}


def _whole(least: int, most: int) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ParameterError(f"{name} takes a whole number from {least} to {most}, not {value!r}")
        return int(value)

    return read


def _number(least: Fraction, most: Fraction, open_ended: bool = False) -> Callable[[str, Any], Fraction]:
    def read(name: str, value: Any) -> Fraction:
        try:
            number = parse_fraction(value) if isinstance(value, str) else Fraction(value)
        except (MoneyError, TypeError, ValueError):
            number = least - 1
        outside = not least <= number <= most or (open_ended and number in (least, most))
        if isinstance(value, float) or outside:
            between = "over {} and under {}" if open_ended else "from {} to {}"
            raise ParameterError(f'{name} takes a number {between.format(least, most)}, such as "0.1", not {value!r}')
        return number

    return read


def _model(name: str, value: Any) -> str:
    if value not in MODELS:
        raise ParameterError(f"{name} takes {' or '.join(MODELS)}, not {value!r}")
    return str(value)


_READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "icr": ratio_from(1001, 32_000),
    "threshold": _whole(1, 365 * SECONDS_PER_DAY),
    "leaving_step": _whole(1, 365 * SECONDS_PER_DAY),
    "a": _number(Fraction(0), Fraction(1000)),
    "b": _whole(0, 10),
    "model": _model,
    "rate": _number(Fraction(0), Fraction(10)),
    "base_rate": _number(Fraction(0), Fraction(10)),
    "target_rate": _number(Fraction(0), Fraction(10)),
    "target_use": _number(Fraction(0), Fraction(1), open_ended=True),
    "fee": _number(Fraction(0), Fraction(1), open_ended=True),  # SP-16
    "least_mcr": ratio_from(1001, 32_000),
}
