"""A feed that follows a script: prices at times, from a CSV file or a list (for watching what a market does)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from .amounts import Asset
from .constants import MAX_SHARE_SUPPLY
from .objects import AssetObject, Bitasset
from .operations import AssetPublishFeed, PriceFeed, PublishFeedExtension
from .state import State

_PRICE_COLUMNS = ("price", "price_usd", "close")
_TIME_COLUMNS = ("seconds", "time", "date")
_STEP_SECONDS = 60


@dataclass(frozen=True)
class Ratios:
    """Ratios per mille that are published with each price."""

    mcr: int = 1_500
    mssr: int = 1_100
    icr: int | None = None


class FeedScript:
    """Prices of one bitasset, in bitasset per collateral, at seconds after the script's start.

    The first feed producer of the asset publishes them, without a signature. The script starts with the first
    block in which the asset exists and has a producer.
    """

    def __init__(self, symbol: str, path: Iterable[tuple[int, Fraction]], ratios: Ratios | None = None) -> None:
        self.symbol = symbol
        self.path = sorted(path)
        if not self.path:
            raise ValueError(f"the price path of {symbol} is empty")
        if any(price <= 0 for _, price in self.path):
            raise ValueError(f"the price path of {symbol} has a price that is not positive")
        self.ratios = ratios or Ratios()
        self._started: int | None = None
        self._next = 0

    @property
    def finished(self) -> bool:
        """Whether the last price has been published."""
        return self._next >= len(self.path)

    def due(self, state: State) -> AssetPublishFeed | None:
        """The feed to publish now, if one is due; when several are, the newest."""
        asset = state.asset_named.get(self.symbol)
        if asset is None or not asset.is_market_issued or self.finished:
            return None
        bitasset = state.bitasset(asset)
        if not bitasset.feeds:
            return None
        if self._started is None:
            self._started = state.now
        price = None
        while not self.finished and self.path[self._next][0] <= state.now - self._started:
            price = self.path[self._next][1]
            self._next += 1
        return None if price is None else self._operation(state, asset, bitasset, price)

    def _operation(self, state: State, asset: AssetObject, bitasset: Bitasset, price: Fraction) -> AssetPublishFeed:
        backing = state.asset(bitasset.backing)
        base, quote = _pair(price * 10**asset.precision / 10**backing.precision)
        settlement = Asset(base, asset.number) / Asset(quote, backing.number)
        rate = settlement if backing.number == 0 else asset.options.core_exchange_rate
        if rate.base.asset_id != asset.number:
            rate = ~rate
        return AssetPublishFeed(
            publisher=bitasset.feeds[0][0],
            asset_id=asset.number,
            feed=PriceFeed(
                settlement_price=settlement,
                maintenance_collateral_ratio=self.ratios.mcr,
                maximum_short_squeeze_ratio=self.ratios.mssr,
                core_exchange_rate=rate,
            ),
            extensions=PublishFeedExtension(initial_collateral_ratio=self.ratios.icr),
        )


def _pair(price: Fraction) -> tuple[int, int]:
    """The fraction in integers within the largest supply."""
    if price.numerator <= MAX_SHARE_SUPPLY and price.denominator <= MAX_SHARE_SUPPLY:
        return price.numerator, price.denominator
    bounded = price.limit_denominator(10**9)
    return max(bounded.numerator, 1), bounded.denominator


def read_path(file: Path, *, step_seconds: int | None = None) -> list[tuple[int, Fraction]]:
    """Read a price path from CSV: a column ``price``, ``price_usd`` or ``close``, and one of the time.

    Times are whole seconds or ISO dates and instants; they count from the first row. Without a header the last
    column is the price and the first one, if there are two, the time. ``step_seconds`` sets the rows that far
    apart, whatever their times are; without times they are a minute apart.
    """
    with file.open(newline="") as handle:
        rows = [row for row in csv.reader(handle) if row and not row[0].lstrip().startswith("#")]
    if not rows:
        raise ValueError(f"{file} has no rows")
    header = [name.strip().lower() for name in rows[0]]
    price_at, time_at = -1, 0 if len(header) > 1 else None
    if _number(rows[0][-1]) is None:
        price_at = next((header.index(name) for name in _PRICE_COLUMNS if name in header), -1)
        time_at = next((header.index(name) for name in _TIME_COLUMNS if name in header), None)
        rows = rows[1:]
    return list(_read_rows(file, rows, price_at, time_at, step_seconds))


def _read_rows(
    file: Path, rows: list[list[str]], price_at: int, time_at: int | None, step: int | None
) -> Iterator[tuple[int, Fraction]]:
    first: int | None = None
    for index, row in enumerate(rows):
        price = _number(row[price_at])
        at = index * (step or _STEP_SECONDS) if step or time_at is None else _seconds(row[time_at])
        if price is None or at is None:
            raise ValueError(f"{file}, row {index + 1}: {','.join(row)[:80]!r} has no price or no time")
        first = at if first is None else first
        yield at - first, price


def _seconds(text: str) -> int | None:
    """Whole seconds, or an ISO date or instant in UTC."""
    text = text.strip()
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        return None


def parse_path(rows: Any) -> list[tuple[int, Fraction]]:
    """Read a price path from JSON: ``[[seconds, "price"], …]``; prices are text, so that they stay exact."""
    path = []
    for row in rows:
        seconds, price = row
        number = _number(str(price))
        if number is None or not isinstance(seconds, int):
            raise ValueError(f"{row!r} is no pair of seconds and price")
        path.append((seconds, number))
    return path
