"""For lenders: `mplp pools`, `stake`, `lend`, `unlend`, `change-pool`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import json_option, print_json, print_table, rate_text
from bsip_mplp.cli.reading import Reader, own_number, reading
from bsip_mplp.cli.sending import sending_options

Pool = Mapping[str, Any]

RANKINGS: dict[str, Callable[[Pool], Any]] = {
    "rate": lambda pool: (Fraction(pool["rate"]), pool["number"]),
    "term": lambda pool: (pool["term_days"], Fraction(pool["rate"]), pool["number"]),
    "available": lambda pool: (-pool["available"], pool["number"]),
    "earned": lambda pool: (-pool["earned"].get(pool["asset"], 0), -sum(pool["earned"].values()), pool["number"]),
}
"""PL-5: how pools are ranked, best first for a borrower (rate, term) or by size (available, earned)."""


@click.command(short_help="Show what is lent out, and at what rate.")
@click.argument("asset", required=False)
@click.option("--by", type=click.Choice(list(RANKINGS)), default="rate", show_default=True, help="How they are ranked.")
@click.option("--owner", metavar="NAME", help="Only this account's pools.")
@click.option("--all", "everything", is_flag=True, help="Also pools that hold nothing.")
@json_option
@pass_options
def pools(options: Options, asset: str | None, by: str, owner: str | None, everything: bool, as_json: bool) -> None:
    """Show the lending pools, ranked; of one ASSET if it is given.

    \b
    Example: mplp pools TEST --by available
    """
    with reading(options) as reader:
        rows = [
            _pool_row(reader, rank, found)
            for rank, found in enumerate(_ranked(reader, asset, by, owner, everything), 1)
        ]
    if as_json:
        print_json({"by": by, "pools": rows})
        return
    columns = ["rank>", "pool>", "asset", "rate>", "term>", "pays_every>", "available>", "lent>", "earned>", "renews"]
    title = f"Pools by {by}" + (f", {asset.upper()}" if asset else "")
    print_table(title, [*columns, "owner"], rows, "No pool matches: mplp stake or mplp lend makes one.")


def _ranked(reader: Reader, asset: str | None, by: str, owner: str | None, everything: bool) -> list[Pool]:
    if asset is not None and asset.upper() not in reader.precisions:
        raise click.UsageError(f"{asset} is no asset here: there are {', '.join(sorted(reader.precisions)) or 'none'}")
    found = [
        pool
        for pool in reader.objects("pool")
        if (asset is None or pool["asset"] == asset.upper())
        and (owner is None or pool["owner"] == owner)
        and (everything or pool["available"] or pool["lent"])
    ]
    return sorted(found, key=RANKINGS[by])


def _pool_row(reader: Reader, rank: int, pool: Pool) -> dict[str, Any]:
    earned = [reader.money(asset, units) for asset, units in pool["earned"].items() if units]
    return {
        "rank": rank,
        "pool": pool["number"],
        "asset": pool["asset"],
        "rate": rate_text(pool["rate"]),
        "term": f"{pool['term_days']} d",
        "pays_every": f"{pool['period_days']} d",
        "available": reader.amount(pool["asset"], pool["available"]),
        "lent": reader.amount(pool["asset"], pool["lent"]),
        "earned": ", ".join(earned) or None,
        "renews": pool["renews"],
        "interest_asset": pool["interest_asset"],
        "owner": pool["owner"],
    }


@click.command(short_help="Lend at the going rate; renews by itself.")
@click.argument("amount")
@click.argument("asset")
@sending_options
@pass_options
def stake(options: Options, amount: str, asset: str, **sending: Any) -> None:
    """Put AMOUNT of ASSET into a short pool at the going rate, which renews by itself (PL-50).

    \b
    Example: mplp stake 1000 TEST --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Stake

    with Errand(options, **sending) as errand:
        errand.ask(Stake(), errand.money(amount, asset))


@click.command(short_help="Make a lending pool, or add to one.")
@click.argument("amount")
@click.argument("asset")
@click.option("--rate", metavar="RATE", help="Interest a year: 12% or 0.12.")
@click.option("--days", type=click.IntRange(1, 3650), metavar="DAYS", help="Term; 30 or more is a long pool.")
@click.option("--period", type=click.IntRange(1, 3650), metavar="DAYS", help="How often a long pool is paid: 30 or 90.")
@click.option("--interest-asset", metavar="ASSET", help="Asset of the interest, if not the one lent.")
@click.option("--no-renew", is_flag=True, help="End with the term instead of renewing.")
@click.option("--pool", "number", metavar="POOL", help="Add to this pool of yours instead.")
@click.option("--from-balance", is_flag=True, help="Use free balance that is here already.")
@sending_options
@pass_options
def lend(
    options: Options,
    amount: str,
    asset: str,
    rate: str | None,
    days: int | None,
    period: int | None,
    interest_asset: str | None,
    no_renew: bool,
    number: str | None,
    from_balance: bool,
    **sending: Any,
) -> None:
    """Put AMOUNT of ASSET into a pool of your own, at a rate and for a term (PL-1).

    \b
    Example: mplp lend 500 TEST --rate 12% --days 30 --wait
             mplp lend 500 TEST --pool 3
    """
    from bsip_mplp.cli.sending import Errand, rate_of
    from bsip_mplp.rules.inputs import Lend

    if number is None and (rate is None or days is None):
        raise click.UsageError("a new pool needs --rate and --days, such as --rate 12% --days 30")
    with Errand(options, **sending) as errand:
        symbol, units = errand.money(amount, asset)
        ask = Lend(
            asset=symbol if from_balance else None,
            amount=units if from_balance else None,
            rate=rate_of(rate),
            term_days=days,
            period_days=period,
            interest_asset=interest_asset and errand.symbol(interest_asset),
            renews=not no_renew,
            pool=None if number is None else own_number(number),
        )
        errand.ask(ask, None if from_balance else (symbol, units))


@click.command(short_help="Take back what a pool has available.")
@click.argument("pool")
@click.argument("amount", required=False)
@sending_options
@pass_options
def unlend(options: Options, pool: str, amount: str | None, **sending: Any) -> None:
    """Take AMOUNT, or all that is available, out of your POOL, back to your free balance (PL-2).

    \b
    Example: mplp unlend 3 100 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Unlend

    number = own_number(pool)
    with Errand(options, **sending) as errand:
        if amount is None:
            errand.ask(Unlend(pool=number))
            return
        symbol = errand.asset_of("pool", number, "asset")
        errand.ask(Unlend(pool=number, asset=symbol, amount=errand.units(amount, symbol)))


@click.command("change-pool", short_help="Change a pool's rate, term or renewal.")
@click.argument("number", metavar="POOL")
@click.option("--rate", metavar="RATE", help="New interest a year: 12% or 0.12.")
@click.option("--days", type=click.IntRange(1, 3650), metavar="DAYS", help="New term.")
@click.option("--period", type=click.IntRange(1, 3650), metavar="DAYS", help="New period of a long pool: 30 or 90.")
@click.option("--renew/--no-renew", default=None, help="Whether its loans renew.")
@sending_options
@pass_options
def change_pool(
    options: Options, number: str, rate: str | None, days: int | None, period: int | None, renew: bool | None,
    **sending: Any,
) -> None:  # fmt: skip
    """Change your POOL; running loans keep their terms until their term ends (PL-7).

    \b
    Example: mplp change-pool 3 --rate 10% --no-renew
    """
    from bsip_mplp.cli.sending import Errand, rate_of
    from bsip_mplp.rules.inputs import ChangePool

    if rate is None and days is None and period is None and renew is None:
        raise click.UsageError("nothing to change: give --rate, --days, --period, --renew or --no-renew")
    ask = ChangePool(pool=own_number(number), rate=rate_of(rate), term_days=days, period_days=period, renews=renew)
    with Errand(options, **sending) as errand:
        errand.ask(ask)
