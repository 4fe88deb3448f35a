"""The funds and what they carry: `mplp insurance`, `insure`, `carried`, `close-black`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import NO_HOLD, json_option, print_json, print_table, ratio_text, time_text
from bsip_mplp.cli.reading import Reader, fold, reading
from bsip_mplp.cli.sending import sending_options
from bsip_mplp.money import SECONDS_PER_DAY

if TYPE_CHECKING:
    from bsip_mplp.ledger import Entry
    from bsip_mplp.rules.engine import Engine
    from bsip_mplp.rules.outlook import Outlook

NO_INCOME = ("PL-37", "PL-34")
"""What reaches a fund by these rules is no income: money for bonds, and money back from orders (PL-D29)."""


@click.command(short_help="Show what the funds hold, owe and expect.")
@click.option("--market", metavar="ASSET", help="Only this market.")
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True, help="How far to look ahead.")
@json_option
@pass_options
def insurance(options: Options, market: str | None, days: int, as_json: bool) -> None:
    """Show what each market's insurance fund and risk fund hold, owe and expect.

    What is expected is what the rules would do if the prices stayed as they are and nobody did anything.

    \b
    Example: mplp insurance --market CNY --days 30
    """
    engine = fold(options)
    with reading(options) as reader:
        names = _named(reader, market)
        views = [_outlook(engine, name, days) for name in names]
        ahead = _play_ahead(engine, days)
        shown = [_market_shown(reader, view, ahead, days) for view in views]
    if as_json:
        print_json(
            {"time": time_text(views[0].time) if views else None, "days": days, "markets": shown, "note": NO_HOLD}
        )
        return
    for one in shown:
        core, bitasset = one["assets"]
        print_table(f"Funds of {one['market']}", ["what", f"{core}>", f"{bitasset}>"], one["funds"], "")
        print_table("Its risk bonds", ["series>", "outstanding>", "coupon_accrued>", "asset", "state"], one["bonds"],
                    f"No bond of {one['market']} is on offer or outstanding.")  # fmt: skip
        if one["lacks"]:
            click.echo(f"Lacks {one['lacks']} for interest owed or due within {days} days: mplp insure adds to it.")
        if one["black"]:
            click.echo(f"Black, so that no dividend is paid: {', '.join(one['black'])}.")
    click.echo(NO_HOLD if shown else "No market is open.")


def _named(reader: Reader, market: str | None) -> list[str]:
    if market is not None and market.upper() not in reader.markets:
        raise click.UsageError(f"{market} is no market here: there are {', '.join(reader.markets) or 'none'}")
    return [name for name in reader.markets if market is None or name == market.upper()]


def _outlook(engine: Engine, name: str, days: int) -> Outlook:
    from bsip_mplp.rules.outlook import outlook

    return outlook(engine.book, engine.book.markets[name], engine.now + days * SECONDS_PER_DAY)


def _play_ahead(engine: Engine, days: int) -> tuple[Entry, ...]:
    """The movements of the days to come, if nothing else happened; the engine is thrown away after it."""
    from bsip_mplp.rules.inputs import Tick

    return engine.apply(Tick(time=engine.now + days * SECONDS_PER_DAY)).entries


def _market_shown(reader: Reader, view: Outlook, ahead: Iterable[Entry], days: int) -> dict[str, Any]:
    parameters = reader.markets[view.market]["parameters"]
    assets = (view.core, view.market)
    kept_back = dict(zip(assets, parameters["insurance_reserve"], strict=True))
    lines: list[tuple[str, Mapping[str, int]]] = [
        ("insurance fund holds", view.holds),
        ("of it kept back (insurance_reserve)", kept_back),
        ("interest owed to lenders", view.owes),
        (f"due for carried positions within {days} days", view.falls_due),
        (f"income expected within {days} days", _income(ahead, view.market)),
        ("risk fund holds", view.risk_holds),
        ("risk fund lends", view.risk_lends),
    ]
    return {
        "market": view.market,
        "assets": assets,
        "funds": [
            {"what": what, **{asset: reader.amount(asset, units.get(asset, 0)) for asset in assets}}
            for what, units in lines
        ],
        "bonds": [_bond_row(reader, number, units) for number, units in view.coupons.items()],
        "lacks": reader.money(view.market, view.lacks_units) if view.lacks_units else None,
        "carried": list(view.carried),
        "black": list(view.black),
    }


def _income(ahead: Iterable[Entry], market: str) -> dict[str, int]:
    """What reaches the insurance fund, before the risk fund's share."""
    found: dict[str, int] = {}
    for entry in ahead:
        for account, asset, units in entry.postings:
            if account == f"fund/{market}" and units > 0 and entry.rule not in NO_INCOME:
                found[asset] = found.get(asset, 0) + units
    return found


def _bond_row(reader: Reader, number: int, coupon_units: int) -> dict[str, Any]:
    found = reader.one("series", number)
    market = found["market"]
    return {
        "series": number,
        "outstanding": reader.amount(market, found["sold"] - found["redeemed"]),
        "coupon_accrued": reader.amount(market, coupon_units),
        "asset": market,
        "state": f"on offer until {time_text(found['window_ends'])}" if found["on_offer"] else "outstanding",
    }


@click.command(short_help="Add to a market's fund.")
@click.argument("amount")
@click.argument("asset")
@click.option("--risk", is_flag=True, help="To the risk fund, which lends to carried positions (PL-35).")
@click.option("--market", metavar="ASSET", help="The market, by its bitasset.")
@click.option("--from-balance", is_flag=True, help="Use free balance that is here already.")
@sending_options
@pass_options
def insure(
    options: Options, amount: str, asset: str, risk: bool, market: str | None, from_balance: bool, **sending: Any
) -> None:
    """Add AMOUNT of ASSET to a market's insurance fund (PL-42), or to its risk fund. It does not come back.

    \b
    Example: mplp insure 100 CNY --wait
             mplp insure 500 TEST --risk --market CNY
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Insure

    with Errand(options, **sending) as errand:
        symbol, units = errand.money(amount, asset)
        name = errand.market(symbol if market is None and errand.is_market(symbol) else market)
        ask = Insure(
            market=name,
            fund="risk" if risk else "insurance",
            asset=symbol if from_balance else None,
            amount=units if from_balance else None,
        )
        errand.ask(ask, None if from_balance else (symbol, units))


@click.command(short_help="Show carried and black positions.")
@click.option("--market", metavar="ASSET", help="Only this market.")
@json_option
@pass_options
def carried(options: Options, market: str | None, as_json: bool) -> None:
    """Show the positions that the management account carries, and the black ones (PL-33 to PL-38).

    \b
    Example: mplp carried
    """
    with reading(options) as reader:
        names = _named(reader, market)
        rows = [
            _carried_row(reader, found)
            for found in reader.objects("position")
            if found["state"] in ("carried", "black") and found["market"] in names
        ]
    if as_json:
        print_json({"positions": rows, "note": NO_HOLD})
        return
    columns = ["market", "account", "state", "by", "CR>", "LCR>", "debt>", "loans", "periods_owed>", "risk_fund_lends>"]
    print_table("Carried positions", columns, rows, "No position is carried.")
    if rows:
        click.echo(NO_HOLD)


def _carried_row(reader: Reader, found: Mapping[str, Any]) -> dict[str, Any]:
    market = found["market"]
    own, combined = reader.ratios(found)
    lends = [(reader.markets[market]["core_asset"], found["risk_lp1"]), (market, found["risk_lp2"])]
    return {
        "market": market,
        "account": found["account"],
        "holder": found["holder"],
        "custody": found["custody"],
        "state": found["state"],
        "by": found["state_rule"],
        "CR": ratio_text(own),
        "LCR": ratio_text(combined),
        "debt": reader.amount(market, found["debt"]),
        "loans": list(found["loans"]),
        "periods_owed": sum(len(reader.one("loan", number)["unpaid"]) for number in found["loans"]),
        "risk_fund_lends": ", ".join(reader.money(asset, units) for asset, units in lends if units) or None,
    }


@click.command("close-black", short_help="Close a black position.")
@click.argument("name")
@click.option("--market", metavar="ASSET", help="The market, by its bitasset.")
@sending_options
@pass_options
def close_black(options: Options, name: str, market: str | None, **sending: Any) -> None:
    """Pay what the black position of NAME owes and its debt from your free balance, and get its collateral (PL-D35).

    In `books` custody nothing can be done with a position on the chain, so it is refused there.

    \b
    Example: mplp close-black erin --market CNY --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import CloseBlack

    with Errand(options, **sending) as errand:
        errand.ask(CloseBlack(market=errand.market(market), position=name))
