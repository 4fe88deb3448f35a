"""Reading the projections for the commands: amounts as decimals, ratios by integers, nothing of the engine's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.money import format_units
from bsip_mplp.ratios import Price, collateral_ratio

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bsip_mplp.cli.options import Options


class Reader:
    """One moment of the projections."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def precisions(self) -> dict[str, int]:
        """The digits after the point of each asset."""
        return {body["symbol"]: body["precision"] for body in self.objects("asset")}

    @cached_property
    def markets(self) -> dict[str, Mapping[str, Any]]:
        """The open markets by name."""
        return {body["market"]: body for body in self.objects("market")}

    def objects(self, kind: str) -> list[Mapping[str, Any]]:
        """All objects of a kind, as they are now."""
        from bsip_mplp.journal import read

        return [found.body for found in read.objects(self.connection, kind)]

    def amount(self, asset: str, units: int | None) -> str | None:
        """Smallest units as a decimal with the asset's digits; units of an unknown asset stay units."""
        if units is None:
            return None
        precision = self.precisions.get(asset)
        return f"{units} units" if precision is None else format_units(units, precision)

    def money(self, asset: str, units: int) -> str:
        """An amount with its asset."""
        return f"{self.amount(asset, units)} {asset}"

    def price(self, market: str) -> Price | None:
        """The feed's price that the ledger saw last; None if it has none."""
        feed = self.markets[market]["feed"] if market in self.markets else None
        return None if feed is None else Price(*feed["price"])

    def ratios(self, position: Mapping[str, Any]) -> tuple[Fraction | None, Fraction | None]:
        """CR and LCR at the last feed (PL-11), exactly; None without a feed or without debt."""
        price = self.price(position["market"])
        if price is None:
            return None, None
        collateral, debt = position["collateral"], position["debt"]
        own = collateral_ratio(collateral, debt, price)
        return own, collateral_ratio(collateral + position["lp1"], debt - position["lp2"], price)


@contextmanager
def reading(options: Options) -> Iterator[Reader]:
    """Open the configured journal for reading only; raises a `JournalError` that says what to do."""
    from bsip_mplp.bootstrap import open_journal

    with open_journal(options.settings, read_only=True) as journal, journal.reading() as connection:
        yield Reader(connection)


def own_number(text: str) -> int:
    """A pool's or loan's number, with or without `#`."""
    try:
        return int(text.removeprefix("#"))
    except ValueError:
        raise click.BadParameter(f"{text!r} is no number: write for example 17") from None
