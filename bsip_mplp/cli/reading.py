"""Reading the projections for the commands: amounts as decimals, ratios by integers, nothing of the engine's state."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.money import format_units
from bsip_mplp.ratios import PERMILLE, Price, collateral_ratio, debt_over_level

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bsip_mplp.cli.options import Options
    from bsip_mplp.rules.engine import Engine


LISTED_BY = {
    "pool": "pools",
    "loan": "loans --ended",
    "protection": "loans",
    "position": "position --all",
    "auction": "auctions --ended",
    "series": "bonds --all",
    "offer": "bonds --all",
}
"""The command that lists the objects of a kind."""

SHOWN_AS = {"series": "bond series", "offer": "offer of bonds"}


class Reader:
    """One moment of the projections."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def precisions(self) -> dict[str, int]:
        """The digits after the point of each asset; bonds on the chain have those of their bitasset (PL-43)."""
        found = {body["symbol"]: body["precision"] for body in self.objects("asset")}
        return found | {one["asset"]: found[one["market"]] for one in self.objects("series") if one.get("asset")}

    @cached_property
    def markets(self) -> dict[str, Mapping[str, Any]]:
        """The open markets by name."""
        return {body["market"]: body for body in self.objects("market")}

    @cached_property
    def now(self) -> int:
        """The ledger's clock: the time of the last irreversible block that was read, or of the last input."""
        from bsip_mplp.journal import read
        from bsip_mplp.journal.cursor import read_cursor

        cursor = read_cursor(self.connection)
        return max(read.counts(self.connection).last_time or 0, cursor.time if cursor else 0)

    def one(self, kind: str, number: int | str) -> Mapping[str, Any]:
        """One object as it is now; raises `click.BadParameter` if there never was one."""
        from bsip_mplp.journal import read

        found = read.one_object(self.connection, kind, str(number))
        if found is None:
            raise click.BadParameter(f"there is no {SHOWN_AS.get(kind, kind)} {number}: see mplp {LISTED_BY[kind]}")
        return found.body

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

    @cached_property
    def _shared(self) -> tuple[dict[str, Mapping[str, Any]], dict[tuple[str, str], Mapping[str, Any]]]:
        """The shared pools by market, and who takes part in them, by market and account."""
        parts = {(body["market"], body["account"]): body for body in self.objects("participant") if body["takes_part"]}
        return {body["market"]: body for body in self.objects("shared_pool")}, parts

    def extra_units(self, position: Mapping[str, Any]) -> int:
        """What its market's shared pool holds beside a position's debt (SP-1), in smallest units of the bitasset."""
        pools, parts = self._shared
        part = parts.get((position["market"], position["account"]))
        if part is None or not part["served"]:
            return 0
        pool = pools[position["market"]]
        level = Fraction(*map(int, pool["level"]))
        return debt_over_level(position["collateral"], position["debt"], level, rounded_up=not pool["scarce"])

    def mcr(self, position: Mapping[str, Any]) -> Fraction | None:
        """A position's own maintenance ratio in the shared pool; None if it takes no part there.

        The larger of its holder's and the least while it is served (SP-8), MCR if not (SP-20).
        """
        pools, parts = self._shared
        part = parts.get((position["market"], position["account"]))
        if part is None or pools[position["market"]]["least_mcr"] is None:
            return None
        pool = pools[position["market"]]
        if not part["served"] or part["own_mcr"] is None:
            return Fraction(pool["mcr"], PERMILLE)
        return max(Fraction(part["own_mcr"], PERMILLE), Fraction(*map(int, pool["least_mcr"])))

    def own_mcr(self, position: Mapping[str, Any]) -> Fraction | None:
        """The maintenance ratio that a position's holder named in the shared pool; None for MCR, or without a part."""
        part = self._shared[1].get((position["market"], position["account"]))
        return None if part is None or part["own_mcr"] is None else Fraction(part["own_mcr"], PERMILLE)

    def ratios(self, position: Mapping[str, Any]) -> tuple[Fraction | None, Fraction | None]:
        """CR and LCR at the last feed (PL-11), exactly; LCR counts personal pools and the shared one.

        None without a feed or without debt.
        """
        price = self.price(position["market"])
        if price is None:
            return None, None
        collateral, debt = position["collateral"], position["debt"]
        own = collateral_ratio(collateral, debt, price)
        owed = debt - position["lp2"] - self.extra_units(position)
        return own, collateral_ratio(collateral + position["lp1"], owed, price)


@contextmanager
def reading(options: Options) -> Iterator[Reader]:
    """Open the configured journal for reading only; raises a `JournalError` that says what to do."""
    from bsip_mplp.bootstrap import open_journal

    with open_journal(options.settings, read_only=True) as journal, journal.reading() as connection:
        yield Reader(connection)


def fold(options: Options) -> Engine:
    """The journal folded into an engine, at the ledger's clock: to ask the rules what would be, then thrown away."""
    from bsip_mplp.bootstrap import open_journal
    from bsip_mplp.rules.engine import Engine
    from bsip_mplp.rules.inputs import Tick

    engine = Engine()
    with open_journal(options.settings, read_only=True) as journal:
        for item in journal.inputs():
            engine.apply(item)
        cursor = journal.cursor()
    engine.apply(Tick(time=cursor.time if cursor else engine.now))
    return engine


def check_market(markets: Collection[str], text: str) -> str:
    """The market that is named; raises `click.BadParameter` if it is none."""
    if text.upper() not in markets:
        raise click.BadParameter(f"{text} is no market here: there are {', '.join(sorted(markets)) or 'none yet'}")
    return text.upper()


def own_number(text: str) -> int:
    """The number of a pool, a loan or the like, with or without `#`."""
    try:
        return int(text.removeprefix("#"))
    except ValueError:
        raise click.BadParameter(f"{text!r} is no number: write for example 17") from None
