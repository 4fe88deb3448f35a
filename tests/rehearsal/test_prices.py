"""RE-2: the outside price's paths, each kind by what must hold of it for any seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsip_mplp.rehearsal.prices import KINDS, PathError, check, outside_prices
from bsip_mplp.rehearsal.recorded import SHIPPED, RecordedError, read_series, shipped

DAY_STEPS = 24 * 60
HOURLY = "bts_usd_hourly_2020-03_bridged.csv"


class Spec(NamedTuple):
    kind: str
    params: Mapping[str, float | str] = MappingProxyType({})
    file: str | None = None


def path(spec, days=4, seed=0, step_seconds=60):
    return outside_prices(spec, days, step_seconds, np.random.SeedSequence(seed))


def spec_of(kind):
    return Spec(kind, file=HOURLY) if kind == "csv" else Spec(kind)


seeds = st.integers(0, 2**64)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None)
@given(seed=seeds, step_seconds=st.sampled_from([60, 300, 3600]))
def test_a_path_comes_from_its_seed_alone_and_has_a_price_for_each_step(kind, seed, step_seconds):
    first, again, other = (path(spec_of(kind), 3, s, step_seconds) for s in (seed, seed, seed + 1))

    assert len(first) == 3 * 86_400 // step_seconds
    assert first.dtype == np.float64
    assert np.isfinite(first).all()
    assert (first > 0).all()
    assert (first == again).all()
    assert (first != other).any() or (kind, step_seconds) == ("csv", 3600), "each of those prices is a recorded one"


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_draws_nothing_from_numpy_s_global_state(kind):
    np.random.seed(1)
    first = path(spec_of(kind))
    np.random.seed(2)

    assert (first == path(spec_of(kind))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_price_has_seven_digits_so_that_the_last_bits_of_arithmetic_do_not_matter(kind):
    assert all(float(f"{price:.6e}") == price for price in path(spec_of(kind), 1))


@settings(max_examples=15, deadline=None)
@given(seed=seeds, start=st.floats(1e-4, 1e4), volatility=st.floats(0.01, 3))
def test_calm_and_trend_begin_at_their_start(seed, start, volatility):
    for kind in ("calm", "trend", "jump"):
        found = path(Spec(kind, {"start": start, "volatility_per_year": volatility}), 1, seed)
        assert found[0] == pytest.approx(start, rel=1e-6)


def test_without_noise_calm_stays_trend_grows_and_the_fall_is_a_straight_line_in_logarithms():
    still = {"volatility_per_year": 0.0}

    assert set(path(Spec("calm", {**still, "start": 2.0}))) == {2.0}
    grown = path(Spec("trend", {**still, "start": 1.0, "change_per_day": 0.1}))
    assert grown[3 * DAY_STEPS] == pytest.approx(1.1**3, rel=1e-6)
    fallen = path(Spec("slow_fall", still), 5)
    assert np.diff(np.log(fallen)) == pytest.approx(math.log(0.1 / 6) / (len(fallen) - 1), rel=1e-2)


def test_the_volatility_of_a_path_is_the_one_asked_for():
    moves = np.diff(np.log(path(Spec("trend", {"volatility_per_year": 0.9, "start": 1.0}), 60, 3)))

    assert moves.std() * math.sqrt(365 * DAY_STEPS) == pytest.approx(0.9, rel=0.02)


def test_calm_returns_and_a_trend_does_not():
    """The spread of a calm path after a long time is that of its closed form, σ·sqrt(τ/2)."""
    params = {"volatility_per_year": 1.0, "reversion_days": 0.5, "start": 1.0}
    ends = [math.log(path(Spec("calm", params), 8, seed, 3600)[-1]) for seed in range(400)]
    free = [
        math.log(path(Spec("trend", {"volatility_per_year": 1.0}), 8, seed, 3600)[-1] / 0.05) for seed in range(400)
    ]

    assert np.std(ends) == pytest.approx(math.sqrt(0.5 / 2 / 365), rel=0.12)
    assert np.std(free) == pytest.approx(math.sqrt(8 / 365), rel=0.12)


def test_the_closed_form_of_calm_is_the_step_by_step_one():
    params = {"volatility_per_year": 2.0, "reversion_days": 0.01, "start": 1.0}
    found = np.log(path(Spec("calm", params), 2, 5))
    keep = math.exp(-60 / 864)
    moves = np.random.Generator(np.random.PCG64(np.random.SeedSequence(5))).standard_normal(len(found))
    expected = [0.0]
    for move in moves[1:]:
        expected.append(keep * expected[-1] + move * 2.0 * math.sqrt((1 - keep**2) * 0.01 / 2 / 365))

    assert found == pytest.approx(np.array(expected), abs=2e-6)


def test_jumps_come_as_often_as_they_should():
    params = {"volatility_per_year": 0.0, "jumps_per_day": 3.0, "jump_mean": -0.1, "jump_spread": 0.0, "start": 1e5}
    moves = np.diff(np.log(path(Spec("jump", params), 30, 8)))
    jumps = moves[np.abs(moves) > 1e-6]

    assert 60 < len(jumps) < 125  # 90 expected, standard deviation 9.5
    assert np.rint(jumps / math.log(0.9)).min() >= 1


@settings(max_examples=25, deadline=None)
@given(seed=seeds, depth=st.floats(0.05, 0.9), remains=st.floats(0, 1))
def test_a_spike_reaches_its_depth_and_comes_back_to_what_remains(seed, depth, remains):
    params = {"volatility_per_year": 0.0, "start": 1.0, "depth": depth, "remains": remains, "at_day": 1.0}
    found = path(Spec("spike", params), 3, seed)

    assert found.min() == pytest.approx(1 - depth, rel=1e-6)
    assert int(np.argmin(found)) == DAY_STEPS + 3
    assert (found[: DAY_STEPS + 1] == 1.0).all()
    assert found[DAY_STEPS + 19 :] == pytest.approx(1 - depth * remains, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_a_spike_with_no_day_named_comes_in_the_middle_half(seed):
    found = path(Spec("spike", {"volatility_per_year": 0.0}), 8, seed)

    assert 2 * DAY_STEPS <= int(np.argmin(found)) <= 6 * DAY_STEPS + 20


@settings(max_examples=15, deadline=None)
@given(seed=seeds, volatility=st.floats(0, 4))
def test_the_slow_fall_ends_where_the_seed_says(seed, volatility):
    found = path(Spec("slow_fall", {"volatility_per_year": volatility}), 30, seed, 3600)

    assert found[0] == pytest.approx(6.0, rel=1e-6)
    assert found[-1] == pytest.approx(0.1, rel=1e-6)


# --- recorded ----------------------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(seed=seeds, volatility=st.floats(0, 5), scale=st.sampled_from([1.0, 7.0]))
def test_refining_keeps_every_recorded_price(seed, volatility, scale):
    found = path(Spec("csv", {"volatility_per_year": volatility, "scale": scale}, HOURLY), 14, seed)
    series = read_series(HOURLY)

    assert found[::60] == pytest.approx(series.prices[: 14 * 24] * scale, rel=1e-6)


def test_the_crash_of_march_2020_is_in_the_path():
    """13 March 2020, 02:00: the lowest hour; the day before it was twice as high."""
    found = path(Spec("csv", {"from": "2020-03-12", "volatility_per_year": 0.0}, HOURLY), 2)

    assert int(np.argmin(found)) == 26 * 60
    assert found.min() == pytest.approx(0.0108357072, rel=1e-6)
    assert found[0] / found.min() > 1.7


def test_a_named_seed_fixes_the_bridge_whatever_the_run_s_seed():
    fixed = Spec("csv", {"bridge_seed": 12}, HOURLY)

    assert (path(fixed, 3, 1) == path(fixed, 3, 2)).all()
    assert (path(fixed, 3, 1) != path(Spec("csv", {"bridge_seed": 13}, HOURLY), 3, 1)).any()


def test_the_bridge_has_the_volatility_asked_for_between_two_recorded_prices():
    noisy, plain = (path(Spec("csv", {"volatility_per_year": v}, HOURLY), 14, 3) for v in (2.0, 0.0))
    moves = np.diff(np.log(noisy / plain))

    # a bridge over an hour has 1 - 1/60 of the variance of a free walk
    assert moves.std() * math.sqrt(365 * DAY_STEPS) == pytest.approx(2.0 * math.sqrt(59 / 60), rel=0.03)


def test_days_and_other_files_and_columns_are_read(tmp_path):
    assert path(Spec("csv", {"volatility_per_year": 0.0}, "bts_usd_daily_2018.csv"), 181)[0] == pytest.approx(0.6382476)
    own = tmp_path / "own.csv"
    own.write_text("time,low,high\n2020-01-01,1,2\n2020-01-02T00:00:00Z,3,4\n2020-01-03 00:00:00+00:00,3,4\n")
    found = path(Spec("csv", {"volatility_per_year": 0.0, "column": "high"}, str(own)), 3)

    assert (found[0], found[DAY_STEPS], found[-1]) == (2.0, 4.0, 4.0)


@pytest.mark.parametrize("name", shipped())
def test_every_extract_is_read_and_named_with_its_source(name):
    series = read_series(name)

    assert (np.diff(series.times) == np.diff(series.times)[0]).all()
    assert f"`{name}`" in (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert (SHIPPED / name).stat().st_size < 15_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the first line names the columns"),
        ("time,price\n2020-01-01,1\n", "has 1 prices, and at least 2"),
        ("time,price\nyesterday,1\n", "line 2: 'yesterday' is no moment"),
        ("time,price\n2020-01-01,0\n", "line 2: '0' is no price over 0"),
        ("time,price\n2020-01-01,inf\n", "line 2: 'inf' is no price over 0"),
        ("time,price\n2020-01-01\n", "line 2: has 1 columns"),
        ("time,price\n2020-01-02,1\n2020-01-01,1\n", "line 3: is not later"),
    ],
)
def test_a_bad_file_is_one_line_that_says_where(tmp_path, text, says):
    file = tmp_path / "prices.csv"
    file.write_text(text)

    with pytest.raises(RecordedError, match=says):
        read_series(str(file))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (Spec("wild"), "kind: wild is no kind of path: calm, trend"),
        (Spec("calm", {"depth": 1}), "params: depth is no number of a calm path: start"),
        (Spec("calm", {"start": 0}), r"params.start: takes a number from 1e-06 to 1e\+06, not 0"),
        (Spec("calm", {"start": True}), "params.start: takes a number"),
        (Spec("calm", {"start": "2"}), "params.start: takes a number"),
        (Spec("calm", {"start": math.nan}), "params.start: takes a number"),
        (Spec("csv"), "file: a path of the kind csv names a CSV file"),
        (Spec("calm", file=HOURLY), "file: a path of the kind csv names a CSV file"),
        (Spec("csv", file="none.csv"), "file: none.csv: no such file; name a CSV file, or one of btc"),
        (Spec("csv", {"column": "low"}, HOURLY), "file: bts.*: has no column low, it has price_usd"),
        (Spec("csv", {"from": "monday"}, HOURLY), "params.from: write a UTC moment"),
        (
            Spec("csv", {"from": "2020-03-19"}, HOURLY),
            "file: bts.* has prices from 2020-03-05 00:00 to 2020-03-20 23:59",
        ),
        (Spec("csv", {"from": "2020-03-04"}, HOURLY), "and 4 days from 2020-03-04 00:00 are asked for"),
    ],
)
def test_a_bad_path_is_one_line_that_says_what_to_do(spec, says):
    with pytest.raises(PathError, match=says):
        path(spec)


@pytest.mark.parametrize(("days", "step_seconds"), [(0, 60), (1, 7), (1, 0)])
def test_steps_must_divide_days(days, step_seconds):
    with pytest.raises(PathError, match="a step that divides a day"):
        path(Spec("calm"), days, 0, step_seconds)


def test_defaults_are_filled_in():
    assert check(Spec("spike", {"depth": 0.2})) == {
        **{name: parameter.default for name, parameter in KINDS["spike"].items()},
        "depth": 0.2,
    }
