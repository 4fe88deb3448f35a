"""Recorded prices from a CSV file: one header row, a moment in UTC first, and a column of prices."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHIPPED = Path(__file__).parent / "data"
"""Small extracts of recorded prices; their sources stand in the README beside them."""


class RecordedError(ValueError):
    """A file of prices that can't be read; the text names file and line and says what is wrong."""


class Series(NamedTuple):
    """Prices at moments: `times` in seconds since 1970, rising; `prices` over 0."""

    times: NDArray[np.int64]
    prices: NDArray[np.float64]

    @staticmethod
    def moment(text: str) -> int | None:
        """A day or a moment, such as 2020-03-11 or 2020-03-11T06:00:00Z, in seconds since 1970; None if it is none."""
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            return None
        return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())

    @staticmethod
    def show(seconds: int) -> str:
        """A moment as people read it."""
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def read_series(name: str, column: str | None = None) -> Series:
    """Read a file, or one of those that come with the package; without `column` the first after the time.

    Raises `RecordedError`.
    """
    path = _find(name)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordedError(f"{name} can't be read: {error}") from None
    if not rows or len(rows[0]) < 2:
        raise RecordedError(f"{name}: the first line names the columns, time first, such as time,price_usd")
    place = _column(name, rows[0], column)
    times: list[int] = []
    prices: list[float] = []
    for number, row in enumerate(rows[1:], 2):
        time, price = _row(f"{name}, line {number}", row, place)
        if times and time <= times[-1]:
            raise RecordedError(f"{name}, line {number}: is not later than the line before")
        times.append(time)
        prices.append(price)
    if len(times) < 2:
        raise RecordedError(f"{name}: has {len(times)} prices, and at least 2 are needed")
    return Series(np.array(times, dtype=np.int64), np.array(prices, dtype=np.float64))


def shipped() -> list[str]:
    """The names of the files that come with the package."""
    return sorted(path.name for path in SHIPPED.glob("*.csv"))


def _find(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if name in shipped():
        return SHIPPED / name
    raise RecordedError(f"{name}: no such file; name a CSV file, or one of {', '.join(shipped())}")


def _column(name: str, header: list[str], column: str | None) -> int:
    if column is None:
        return 1
    if column not in header[1:]:
        raise RecordedError(f"{name}: has no column {column}, it has {', '.join(header[1:])}")
    return header.index(column)


def _row(where: str, row: list[str], place: int) -> tuple[int, float]:
    if len(row) <= place:
        raise RecordedError(f"{where}: has {len(row)} columns, the price is missing")
    time = Series.moment(row[0])
    if time is None:
        raise RecordedError(f"{where}: {row[0]!r} is no moment such as 2020-03-11T00:00:00Z")
    try:
        price = float(row[place])
    except ValueError:
        price = float("nan")
    if not 0 < price < float("inf"):
        raise RecordedError(f"{where}: {row[place]!r} is no price over 0")
    return time, price
