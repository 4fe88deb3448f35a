"""The shared pool: `mplp pool`, `supply`, `leave`, `rewards`, `hold`, `unhold`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import json_option, print_json, print_table, rate_text, ratio_text
from bsip_mplp.cli.reading import Reader, fold, reading
from bsip_mplp.cli.sending import sending_options

if TYPE_CHECKING:
    from bsip_mplp.rules.book import Book
    from bsip_mplp.rules.shared_state import SharedPool

NO_CALL = "In books custody this is an entry of the ledger: it does not keep the chain from calling a position."
PAID = click.Choice(["bitasset", "core"])


@click.command(short_help="Show the shared pool: use, rate, least mcr.")
@click.argument("market", required=False)
@json_option
@pass_options
def pool(options: Options, market: str | None, as_json: bool) -> None:
    """Show what a MARKET's shared pool holds, how far it is used, its rate now and the least mcr (SP-3, SP-7, SP-8).

    Lower keeps positions under MCR, upper raises those under ICR. What insurance would have to cover is at feed / MSSR.

    \b
    Example: mplp pool USD
    """
    engine = fold(options)
    with reading(options) as reader:
        pools = [found for name, found in engine.book.shared_pools.items() if market is None or name == market.upper()]
        shown = [_pool_shown(reader, engine.book, found) for found in pools]
    if as_json:
        print_json({"pools": shown, "note": NO_CALL})
        return
    for one in shown:
        print_table(f"Shared pool of {one['market']}", ["what", "value>"], one["figures"], "")
        print_table("Who waits to come out", ["lender", "waits>"], one["queue"], "Nobody waits.")
    click.echo(NO_CALL if shown else "No shared pool is open: the configuration names it under [shared_pools].")


def _pool_shown(reader: Reader, book: Book, found: SharedPool) -> dict[str, Any]:
    from bsip_mplp.rules import shared_lenders
    from bsip_mplp.rules.shared_pool import risk
    from bsip_mplp.rules.shared_service import capacity, split_of

    split, units, missing = split_of(book, found), capacity(book, found), risk(book, found)
    use = Fraction(split.lower + split.upper, units) if units else Fraction(0)
    days = f"{found.parameters.threshold // 86_400} days"

    def money(count: int) -> str:
        return reader.money(found.market, count)

    figures = [
        ("supply", money(units)),
        ("lower (keeps positions under MCR)", money(split.lower)),
        ("upper (raises positions under ICR)", money(split.upper)),
        ("available", money(split.available)),
        ("use", rate_text(str(use.limit_denominator(10_000)))),
        (f"rate now, for {days}", rate_text(str(found.rate.limit_denominator(1_000_000)))),
        ("least mcr", ratio_text(found.least_mcr())),
        ("positions that take part, of them served", f"{len(found.participants)}, {found.served_count}"),
        ("insurance pool holds", money(book.ledger.balance(found.account("insurance"), found.market))),
        *((f"would be missing at feed / MSSR: {case}", money(count)) for case, count in missing.items()),
        ("losses of lenders not made good yet", money(found.loss)),
        ("serves nobody new because", found.broken or "–"),
    ]
    queue = []
    for lender in found.lenders.values():
        shared_lenders.bring_up(found, lender)
        if waits := shared_lenders.waiting_units(found, lender):
            queue.append({"lender": lender.name, "waits": money(waits)})
    return {"market": found.market, "figures": [{"what": w, "value": v} for w, v in figures], "queue": queue}


@click.command(short_help="Lend to the shared pool.")
@click.argument("amount")
@click.argument("asset")
@click.option("--paid-in", type=PAID, help="What rewards are paid in (SP-6).")
@sending_options
@pass_options
def supply(options: Options, amount: str, asset: str, paid_in: Any, **sending: Any) -> None:
    """Lend AMOUNT of ASSET, a bitasset, to its market's shared pool (SP-3).

    \b
    Example: mplp supply 100 USD --paid-in core --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Supply

    with Errand(options, **sending) as errand:
        symbol = errand.symbol(asset)
        errand.ask(Supply(market=symbol, paid_in=paid_in), (symbol, errand.units(amount, symbol)))


@click.command(short_help="Take out what you lent to it.")
@click.argument("market")
@click.argument("amount", required=False)
@sending_options
@pass_options
def leave(options: Options, market: str, amount: str | None, **sending: Any) -> None:
    """Take AMOUNT, or all, out of MARKET's shared pool: at once what is available, the rest evenly over T (SP-9).

    \b
    Example: mplp leave USD 100 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import LeavePool

    with Errand(options, **sending) as errand:
        symbol = errand.symbol(market)
        errand.ask(LeavePool(market=symbol, amount=None if amount is None else errand.units(amount, symbol)))


@click.command(short_help="Have what you earned there paid out.")
@click.argument("market")
@click.option("--paid-in", type=PAID, help="What rewards are paid in from now on (SP-6).")
@sending_options
@pass_options
def rewards(options: Options, market: str, paid_in: Any, **sending: Any) -> None:
    """Have what you earned in MARKET's shared pool, and what came free for you, paid to your free balance (SP-5).

    \b
    Example: mplp rewards USD
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Rewards

    with Errand(options, **sending) as errand:
        errand.ask(Rewards(market=errand.symbol(market), paid_in=paid_in))


@click.command(short_help="Hold a position with it, at your own mcr.")
@click.argument("market")
@click.option("--mcr", metavar="RATIO", help="Your own maintenance ratio, such as 1.2; left out or at MCR: upper only.")
@click.option("--interest", metavar="AMOUNT", help="Interest to pay in with it.")
@click.option("--what-if", is_flag=True, help="Only show what it costs for T, and what a margin call would cost.")
@sending_options
@pass_options
def hold(options: Options, market: str, mcr: str | None, interest: str | None, what_if: bool, **sending: Any) -> None:
    """Take part in MARKET's shared pool with your position, or change your own mcr there (SP-18).

    Shown first: what it costs for T at the present price and rate, and what a margin call would sell instead.

    \b
    Example: mplp hold USD --mcr 1.2 --interest 4
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.money import parse_fraction
    from bsip_mplp.rules.inputs import Hold

    own = None if mcr is None else parse_fraction(mcr)
    with Errand(options, **sending) as errand:
        symbol = errand.symbol(market)
        _show_cost(options, symbol, errand.account)
        if not what_if:
            along = None if interest is None else (symbol, errand.units(interest, symbol))
            errand.ask(Hold(market=symbol, mcr=own), along)


def _show_cost(options: Options, market: str, account: str) -> None:
    """SP-2 beside SP-12, for a position as it is now."""
    from bsip_mplp.rules.shared_accrual import quote
    from bsip_mplp.rules.shared_calls import to_sell

    engine = fold(options)
    position, found = engine.book.position(market, account), engine.book.shared_pools.get(market)
    feed = engine.book.markets[market].valid_feed if market in engine.book.markets else None
    if position is None or found is None or feed is None or not position.collateral:
        click.echo("What it costs is not known: no position was seen, no pool is open, or no feed is valid.", err=True)
        return
    with reading(options) as reader:
        extra = found.extra_of(position.collateral, position.debt)
        cost = quote(found, position.collateral, position.debt)
        sold = to_sell(position.collateral, position.debt, feed)
        days = found.parameters.threshold // 86_400
        click.echo(
            f"Raising it to ICR takes {reader.money(market, extra)} and costs {reader.money(market, cost)} for {days} "
            f"days. A margin call would sell {reader.money(found.core, sold)} at the feed price to bring it to MCR.",
            err=True,
        )


@click.command(short_help="Leave it with a position.")
@click.argument("market")
@sending_options
@pass_options
def unhold(options: Options, market: str, **sending: Any) -> None:
    """Leave MARKET's shared pool with your position; interest that was not used comes back (SP-10).

    \b
    Example: mplp unhold USD
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Unhold

    with Errand(options, **sending) as errand:
        errand.ask(Unhold(market=errand.symbol(market)))
