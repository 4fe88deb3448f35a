"""The shared pool: `mplp pool`, `supply`, `leave`, `rewards`, `hold`, `unhold`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import json_option, print_json, print_table, rate_text, ratio_text
from bsip_mplp.cli.reading import Reader, check_market, fold, reading
from bsip_mplp.cli.sending import sending_options
from bsip_mplp.money import SECONDS_PER_DAY

if TYPE_CHECKING:
    from bsip_mplp.rules.inputs import Hold
    from bsip_mplp.rules.shared_outlook import HoldOutlook, PoolOutlook

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
    from bsip_mplp.rules.shared_outlook import pool_outlooks

    book = fold(options).book
    if market is not None:
        _check_pool(book.shared_pools, check_market(book.markets, market))
    found = pool_outlooks(book, market and market.upper())
    with reading(options) as reader:
        shown = [_pool_shown(reader, one) for one in found]
    if as_json:
        print_json({"pools": shown, "note": NO_CALL})
        return
    for one in shown:
        print_table(f"Shared pool of {one['market']}", ["what", "value>"], one["figures"], "")
        print_table("Who waits to come out", ["lender", "waits>"], one["queue"], "Nobody waits.")
    click.echo(NO_CALL if shown else "No shared pool is open: the configuration names it under [shared_pools].")


def _check_pool(pools: Collection[str], market: str) -> None:
    """Raise `click.UsageError` if a market has no shared pool."""
    if market not in pools:
        raise click.UsageError(f"{market} has no shared pool: there are {', '.join(sorted(pools)) or 'none yet'}")


def _pool_shown(reader: Reader, found: PoolOutlook) -> dict[str, Any]:
    def money(count: int) -> str:
        return reader.money(found.market, count)

    figures = [
        ("supply", money(found.supply)),
        ("lower (keeps positions under MCR)", money(found.split.lower)),
        ("upper (raises positions under ICR)", money(found.split.upper)),
        ("available", money(found.split.available)),
        ("use", rate_text(str(found.use.limit_denominator(10_000)))),
        (f"rate now, for {_days(found.threshold)}", rate_text(str(found.rate.limit_denominator(1_000_000)))),
        ("least mcr", ratio_text(found.least_mcr)),
        ("positions that take part, of them served", f"{found.taking_part}, {found.served}"),
        ("insurance pool holds", money(found.cover.insurance)),
        *((f"would be missing at feed / MSSR: {case}", money(count)) for case, count in found.cover.would_miss.items()),
        ("losses of lenders not made good yet", money(found.loss)),
        ("serves nobody new because", found.broken or "–"),
    ]
    queue = [{"lender": name, "waits": money(waits)} for name, waits in found.waiting]
    return {"market": found.market, "figures": [{"what": w, "value": v} for w, v in figures], "queue": queue}


def _days(seconds: int) -> str:
    return f"{seconds // SECONDS_PER_DAY} days"


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

    Shown first: what it costs for T at the present price and rate, and what a margin call would sell instead; with
    --mcr also where your ratio is down at that.

    \b
    Example: mplp hold USD --mcr 1.2 --interest 4
    """
    from bsip_mplp.cli.sending import Errand, ratio_of
    from bsip_mplp.rules.inputs import Hold

    own = ratio_of("--mcr", mcr, "1.2")
    with Errand(options, **sending) as errand:
        symbol = errand.market(market)
        ask = Hold(market=symbol, mcr=own)
        along = None if interest is None else (symbol, errand.units(interest, symbol))
        _show_cost(options, errand.account, ask)
        if not what_if:
            errand.ask(ask, along)


def _show_cost(options: Options, account: str, ask: Hold) -> None:
    """SP-2 beside SP-12, for a position as it is now, and where its `cr` is its own mcr.

    Feed and position are the chain's own of now. Where there is no pool or no position, or the rules take no such mcr,
    it raises `click.UsageError` or `RefusedError`, before anything is sent.
    """
    from bsip_mplp.bootstrap_views import see_now
    from bsip_mplp.cli.sending import RefusedError
    from bsip_mplp.rules.shared_outlook import hold_outlook
    from bsip_mplp.rules.shared_pool import why_not_held

    engine = fold(options)
    book, market = engine.book, ask.market
    _check_pool(book.shared_pools, market)
    seen, note = see_now(options.settings, market, account, engine.now)
    for item in seen:
        engine.apply(replace(item, time=engine.now))
    refused = why_not_held(book, account, ask)
    if refused is not None:
        said = f"it would be refused by {refused.rule}: {refused.reason}. {refused.remedy}".rstrip()
        raise RefusedError(" ".join(filter(None, (note, said, "Nothing was sent."))))
    now, own = hold_outlook(book, market, account), ask.mcr
    there = None if own is None or own <= 1 else hold_outlook(book, market, account, own)
    if note is not None:
        click.echo(note, err=True)
    if now is None:
        why = book.markets[market].invalid or "the position has no collateral"
        click.echo(f"What it costs is not known: {why}.", err=True)
        return
    with reading(options) as reader:
        lines = [f"Raising it to ICR {_cost_words(reader, market, now)}."]
        if there:
            lines.append(f"At a ratio of {ratio_text(own)}, your own mcr, it {_cost_words(reader, market, there)}.")
    click.echo("\n".join(lines), err=True)


def _cost_words(reader: Reader, market: str, found: HoldOutlook) -> str:
    extra, cost = reader.money(market, found.extra_units), reader.money(market, found.cost_units)
    sold = f"would sell {reader.money(found.core, found.sold_units)} at the feed price to bring it to MCR"
    call = f"a margin call {sold}" if found.sold_units else "no margin call is due"
    return f"takes {extra} and costs {cost} for {_days(found.threshold)}; {call}"


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
