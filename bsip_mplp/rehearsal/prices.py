"""Price paths of the outside market: calm, trend, jumps, a spike and back, a slow fall, and recorded history (RE-2).

A path is the outside price of the collateral in the bitasset, one number for each step, the first at time 0. Paths are
the world around the rules, not money: they are floats, rounded to 7 significant digits so that the last bits of a
machine's arithmetic can't matter. What the chain sees of them is an integer feed made by publishers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.money import SECONDS_PER_DAY
from bsip_mplp.rehearsal.recorded import RecordedError, Series, read_series

Path = NDArray[np.float64]
Value = float | str

SIGNIFICANT_DIGITS = 7
YEAR_SECONDS = 365 * SECONDS_PER_DAY


class PathError(ValueError):
    """A path that can't be made; the text names the key and says what it takes."""


class PathSpec(Protocol):
    """What a scenario says of its path: a kind of `KINDS`, its numbers, and the file of a recorded one."""

    @property
    def kind(self) -> str:
        """One of `KINDS`."""

    @property
    def params(self) -> Mapping[str, Value]:
        """What differs from the kind's defaults."""

    @property
    def file(self) -> str | None:
        """A CSV file, or the name of one that comes with the package; for the kind `csv` only."""


class Parameter(NamedTuple):
    """A number of a kind of path: its default, the range it takes, and what it means."""

    default: float
    least: float
    most: float
    says: str


class _Grid(NamedTuple):
    """When the steps are."""

    steps: int
    step_seconds: int

    @property
    def days(self) -> Path:
        return np.arange(self.steps) * (self.step_seconds / SECONDS_PER_DAY)

    @property
    def total_days(self) -> float:
        return self.steps * self.step_seconds / SECONDS_PER_DAY


def outside_prices(spec: PathSpec, days: int, step_seconds: int, seed: np.random.SeedSequence) -> Path:
    """The outside price (bitasset for one core asset) at each step of `days`, from `spec` and `seed` alone.

    Raises `PathError` for a kind, number or file that can't be used.
    """
    params = check(spec)
    if days < 1 or step_seconds < 1 or SECONDS_PER_DAY % step_seconds:
        raise PathError(f"a path takes whole days and a step that divides a day, not {days} and {step_seconds} s")
    grid = _Grid(days * SECONDS_PER_DAY // step_seconds, step_seconds)
    if spec.kind == RECORDED:
        return _rounded(_recorded(_series_of(spec), spec, params, grid, seed))
    return _rounded(MAKERS[spec.kind](params, grid, np.random.Generator(np.random.PCG64(seed))))


def check(spec: PathSpec) -> dict[str, float]:
    """All numbers of a path, defaults filled in; raises `PathError` for what its kind does not know or take."""
    if spec.kind not in KINDS:
        raise PathError(f"kind: {spec.kind} is no kind of path: {', '.join(KINDS)}")
    known = KINDS[spec.kind]
    words = RECORDED_WORDS if spec.kind == RECORDED else ()
    if (spec.file is None) == (spec.kind == RECORDED):
        raise PathError(f"file: a path of the kind {RECORDED} names a CSV file, and no other kind does")
    params = {name: parameter.default for name, parameter in known.items()}
    for name, value in spec.params.items():
        if name in words and isinstance(value, str):
            continue
        if name not in known:
            raise PathError(f"params: {name} is no number of a {spec.kind} path: {', '.join([*known, *words])}")
        least, most = known[name].least, known[name].most
        if isinstance(value, bool | str) or not least <= value <= most:
            raise PathError(f"params.{name}: takes a number from {least:g} to {most:g}, not {value!r}")
        params[name] = float(value)
    return params


def _rounded(logarithm: Path) -> Path:
    path = np.exp(logarithm)
    scale = np.power(10.0, SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(path)))
    return np.asarray(np.rint(path * scale) / scale, dtype=np.float64)


# --- made paths: each gives the logarithm of the price -----------------------------------------------------


def _walk(grid: _Grid, volatility: float, random: np.random.Generator) -> Path:
    """A Brownian motion from 0, in logarithms, with a volatility per square root of a year."""
    moves = random.standard_normal(grid.steps)
    moves[0] = 0.0
    walked: Path = np.cumsum(moves) * (volatility * np.sqrt(grid.step_seconds / YEAR_SECONDS))
    return walked


def _calm(params: Mapping[str, float], grid: _Grid, random: np.random.Generator) -> Path:
    """Goes up and down around where it began: an Ornstein-Uhlenbeck process of the logarithm."""
    return math.log(params["start"]) + _around_zero(params, grid, random)


def _around_zero(params: Mapping[str, float], grid: _Grid, random: np.random.Generator) -> Path:
    # exact in closed form: e^{-kt} times a sum of moves, each stretched by e^{kt}; in parts so that e^{kt} stays small
    reversion_seconds = params["reversion_days"] * SECONDS_PER_DAY
    keep = np.exp(-grid.step_seconds / reversion_seconds)
    spread = params["volatility_per_year"] * np.sqrt((1 - keep * keep) * reversion_seconds / 2 / YEAR_SECONDS)
    moves = random.standard_normal(grid.steps) * spread
    moves[0] = 0.0
    part_steps = max(1, int(MOST_STRETCH / -np.log(keep)))
    path, last = np.empty(grid.steps), 0.0
    for first in range(0, grid.steps, part_steps):
        part = moves[first : first + part_steps]
        powers = keep ** np.arange(1, len(part) + 1)
        path[first : first + part_steps] = powers * (last + np.cumsum(part / powers))
        last = path[min(first + part_steps, grid.steps) - 1]
    return path


MOST_STRETCH = 30.0
"""Logarithm of the largest factor in the closed form: far from where a float loses digits."""


def _trend(params: Mapping[str, float], grid: _Grid, random: np.random.Generator) -> Path:
    """Grows or falls by a share a day, with noise."""
    drift = math.log(params["start"]) + grid.days * math.log1p(params["change_per_day"])
    return drift + _walk(grid, params["volatility_per_year"], random)


def _jump(params: Mapping[str, float], grid: _Grid, random: np.random.Generator) -> Path:
    """A jump-diffusion (Merton): noise, and jumps at random moments, of random size."""
    smooth = _trend(params, grid, random)
    chance = params["jumps_per_day"] * grid.step_seconds / SECONDS_PER_DAY
    jumps = random.poisson(chance, grid.steps).astype(np.float64)
    jumps[0] = 0.0
    # the sum of n jumps is one normal number with n times the mean and n times the variance
    sizes: Path = np.sqrt(jumps) * params["jump_spread"] * random.standard_normal(grid.steps)
    jumped: Path = np.cumsum(sizes + jumps * math.log1p(params["jump_mean"]))
    return smooth + jumped


def _spike(params: Mapping[str, float], grid: _Grid, random: np.random.Generator) -> Path:
    """Calm, with one needle (插针): down by `depth` within minutes, there for some, and back (or partly)."""
    calm = _calm(params, grid, random)
    begins = params["at_day"]
    if begins < 0:
        begins = grid.total_days * random.uniform(0.25, 0.75)
    minute = 60.0 / SECONDS_PER_DAY
    falls, holds, returns = (params[name] * minute for name in ("fall_minutes", "hold_minutes", "return_minutes"))
    bottom, end = math.log1p(-params["depth"]), math.log1p(-params["depth"] * params["remains"])
    corners = np.cumsum([begins, falls, holds, returns])
    needle: Path = np.interp(grid.days, corners, [0.0, bottom, bottom, end])
    return calm + needle


def _slow_fall(params: Mapping[str, float], grid: _Grid, random: np.random.Generator) -> Path:
    """From one price to another over the whole time, for certain (the seed's 6 to 0.1): a Brownian bridge."""
    share = np.linspace(0.0, 1.0, grid.steps)
    walk = _walk(grid, params["volatility_per_year"], random)
    straight: Path = math.log(params["start"]) * (1 - share) + math.log(params["end"]) * share
    bridge: Path = walk - walk[-1] * share
    return straight + bridge


# --- recorded paths ---------------------------------------------------------------------------------------

RECORDED = "csv"
RECORDED_WORDS = ("from", "column")
"""Keys of a recorded path that are texts: the first moment used, and the column of the price."""


def _series_of(spec: PathSpec) -> Series:
    column = spec.params.get("column")
    try:
        return read_series(str(spec.file), None if column is None else str(column))
    except RecordedError as error:
        raise PathError(f"file: {error}") from None


def _recorded(
    series: Series, spec: PathSpec, params: Mapping[str, float], grid: _Grid, seed: np.random.SeedSequence
) -> Path:
    """The recorded prices, and between two of them a Brownian bridge, so that each recorded price is kept."""
    first = series.moment(str(spec.params["from"])) if "from" in spec.params else int(series.times[0])
    if first is None:
        raise PathError(f"params.from: write a UTC moment such as 2020-03-11T00:00:00Z, not {spec.params['from']!r}")
    times = first + np.arange(grid.steps) * grid.step_seconds
    # the last price of the file stands for the time up to where its next one would be
    ends = int(series.times[-1] + (series.times[-1] - series.times[-2])) - 1
    if first < series.times[0] or times[-1] > ends:
        raise PathError(
            f"file: {spec.file} has prices from {series.show(int(series.times[0]))} to {series.show(ends)}, "
            f"and {grid.total_days:g} days from {series.show(first)} are asked for"
        )
    fixed = params["bridge_seed"]
    chosen = np.random.SeedSequence(int(fixed)) if fixed >= 0 else seed
    walk = _walk(grid, params["volatility_per_year"], np.random.Generator(np.random.PCG64(chosen)))
    bridge = walk - np.interp(times, series.times, np.interp(series.times, times, walk))
    return math.log(params["scale"]) + np.interp(times, series.times, np.log(series.prices)) + bridge


# --- the kinds -------------------------------------------------------------------------------------------

_START = Parameter(0.05, 1e-6, 1e6, "the price at the beginning")
_VOLATILITY = Parameter(0.8, 0.0, 20.0, "volatility a year, 0.8 is 80 %")
_CHANGE = Parameter(0.0, -0.9, 9.0, "change a day, -0.02 falls by 2 %")
_REVERSION = Parameter(3.0, 0.01, 3650.0, "days in which a distance from the middle shrinks to 37 %")
_MINUTES_MOST = 60.0 * 24 * 30

KINDS: dict[str, dict[str, Parameter]] = {
    "calm": {"start": _START, "volatility_per_year": _VOLATILITY, "reversion_days": _REVERSION},
    "trend": {"start": _START, "volatility_per_year": _VOLATILITY, "change_per_day": _CHANGE},
    "jump": {
        "start": _START,
        "volatility_per_year": _VOLATILITY,
        "change_per_day": _CHANGE,
        "jumps_per_day": Parameter(0.2, 0.0, 1000.0, "how many jumps come in a day, on average"),
        "jump_mean": Parameter(-0.05, -0.9, 9.0, "the change that a jump makes, in the middle"),
        "jump_spread": Parameter(0.08, 0.0, 3.0, "how far jumps differ, in logarithms"),
    },
    "spike": {
        "start": _START,
        "volatility_per_year": _VOLATILITY,
        "reversion_days": _REVERSION,
        "depth": Parameter(0.4, -9.0, 0.99, "how far it falls; a negative depth rises"),
        "at_day": Parameter(-1.0, -1.0, 3650.0, "when it begins; -1: somewhere in the middle half"),
        "fall_minutes": Parameter(3.0, 0.0, _MINUTES_MOST, "minutes down"),
        "hold_minutes": Parameter(5.0, 0.0, _MINUTES_MOST, "minutes there"),
        "return_minutes": Parameter(10.0, 0.0, _MINUTES_MOST, "minutes back"),
        "remains": Parameter(0.0, 0.0, 1.0, "what share of the depth stays afterwards"),
    },
    "slow_fall": {
        "start": Parameter(6.0, 1e-6, 1e6, "the price at the beginning"),
        "end": Parameter(0.1, 1e-6, 1e6, "the price at the end, which is reached for certain"),
        "volatility_per_year": _VOLATILITY,
    },
    RECORDED: {
        "volatility_per_year": Parameter(0.8, 0.0, 20.0, "volatility a year between two recorded prices"),
        "scale": Parameter(1.0, 1e-9, 1e9, "what each recorded price is multiplied by"),
        "bridge_seed": Parameter(-1.0, -1.0, 2.0**53, "draws the moves between; -1: new ones in each run"),
    },
}
"""Each kind of path, and its numbers."""

MAKERS: dict[str, Callable[[Mapping[str, float], _Grid, np.random.Generator], Path]] = {
    "calm": _calm,
    "trend": _trend,
    "jump": _jump,
    "spike": _spike,
    "slow_fall": _slow_fall,
}
