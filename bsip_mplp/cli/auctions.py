"""For those who bid in auctions: `mplp auctions`, `mplp bid`. Bids are sealed: no view shows an open one's amount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import NO_HOLD, json_option, print_json, print_table, rate_text, ratio_text, time_text
from bsip_mplp.cli.reading import Reader, fold, own_number, reading
from bsip_mplp.cli.sending import sending_options


@click.command(short_help="Show auctions, and what one asks for.")
@click.argument("number", metavar="[AUCTION]", required=False)
@click.option("--ended", is_flag=True, help="Also auctions that ended.")
@json_option
@pass_options
def auctions(options: Options, number: str | None, ended: bool, as_json: bool) -> None:
    """Show the auctions that run: positions with their long loans, offered for interest (PL-27).

    With AUCTION show that one with its loans and its reserve: what a bid must reach if the round closed now.

    \b
    Example: mplp auctions
             mplp auctions 4
    """
    if number is not None:
        _show_one(options, own_number(number), as_json)
        return
    with reading(options) as reader:
        rows = [_row(reader, found) for found in reader.objects("auction") if ended or found["ended"] is None]
    if as_json:
        print_json({"auctions": rows, "note": NO_HOLD})
        return
    columns = ["auction>", "market", "position", "opened", "round>", "round_closes", "open_bids>", "ends", "state"]
    print_table("Auctions (UTC)", columns, rows, "No auction is running.")
    if rows:
        click.echo(NO_HOLD)


def _row(reader: Reader, found: Mapping[str, Any]) -> dict[str, Any]:
    from bsip_mplp.rules.state import round_end

    opened, seconds, limit = found["opened"], found["round_seconds"], found["limit_seconds"]
    runs = found["ended"] is None
    closes = round_end(opened, seconds, limit, min(reader.now, opened + limit - 1))
    return {
        "auction": found["number"],
        "market": found["market"],
        "position": found["account"],
        "opened": time_text(opened),
        "opened_by": found["rule"],
        "round": f"{-(-(closes - opened) // seconds)} of {-(-limit // seconds)}" if runs else None,
        "round_closes": time_text(closes) if runs else None,
        "open_bids": found["bids"] if runs else None,
        "ends": time_text(opened + limit if runs else found["ended"]),
        "state": _state(reader, found),
        "winner": found["winner"] or None,
        "price": reader.amount(found["market"], found["price"]) if found["winner"] else None,
    }


def _state(reader: Reader, found: Mapping[str, Any]) -> str:
    if found["ended"] is None:
        return "running"
    if found["winner"]:
        return f"won by {found['winner']} with {reader.money(found['market'], found['price'])}"
    return f"ended by {found['ended_by']}"


def _show_one(options: Options, number: int, as_json: bool) -> None:
    from bsip_mplp.cli.words import rule_words

    with reading(options) as reader:
        found = reader.one("auction", number)
        row = _row(reader, found)
        position = reader.one("position", f"{found['market']}/{found['account']}")
        own, combined = reader.ratios(position)
        loans = [_loan_row(reader, reader.one("loan", loan)) for loan in position["loans"]]
        reserve = _reserve(options, number) if found["ended"] is None else None
        shown = {
            **row,
            "opened_by": rule_words(row["opened_by"]),
            "holder": position["holder"],
            "CR": ratio_text(own),
            "LCR": ratio_text(combined),
            "reserve": None if reserve is None else reader.money(found["market"], reserve),
            "custody": position["custody"],
        }
    if as_json:
        print_json({**shown, "loans": loans, "note": NO_HOLD})
        return
    facts = [{"what": name.replace("_", " "), "is": value} for name, value in shown.items() if value is not None]
    print_table(f"Auction {number}", ["what", "is"], facts, "")
    columns = ["loan>", "lender", "amount>", "asset", "rate>", "pays_every>", "paid_until"]
    print_table("Its loans (UTC)", columns, loans, "No loan is left.")
    click.echo(NO_HOLD)


def _loan_row(reader: Reader, loan: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "loan": loan["number"],
        "lender": loan["lender"],
        "amount": reader.amount(loan["asset"], loan["principal"]),
        "asset": loan["asset"],
        "rate": rate_text(loan["rate"]),
        "pays_every": f"{loan['period_days']} d",
        "paid_until": time_text(loan["paid_until"]),
    }


def _reserve(options: Options, number: int) -> int | None:
    """What a bid must reach now, asked of the rules; None if the auction ends before."""
    from bsip_mplp.rules.auctions import reserve_units

    engine = fold(options)
    auction = engine.book.auctions[number]
    return reserve_units(engine.book, auction) if auction.ended is None else None


@click.command(short_help="Bid interest for a position.")
@click.argument("number", metavar="AUCTION")
@click.argument("amount")
@click.argument("asset", required=False)
@click.option("--send", "sent", metavar="AMOUNT", help="Send this much along instead: what is over is free balance.")
@click.option("--from-balance", is_flag=True, help="Use free balance that is here already.")
@sending_options
@pass_options
def bid(
    options: Options, number: str, amount: str, asset: str | None, sent: str | None, from_balance: bool, **sending: Any
) -> None:
    """Bid AMOUNT of interest in AUCTION, in its bitasset: the highest that reaches the reserve wins a round (PL-28).

    The memo is encrypted, but the amount of a transfer is public. With --send or --from-balance nobody sees the bid.
    It is held until its round closes, and comes back in full if it does not win.

    \b
    Example: mplp bid 4 20 --send 50 --wait
             mplp bid 4 20 CNY --from-balance
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Bid

    auction = own_number(number)
    if sent is not None and from_balance:
        raise click.UsageError("--send and --from-balance are two ways to pay: give one")
    with Errand(options, **sending) as errand:
        symbol = errand.symbol(asset) if asset is not None else errand.asset_of("auction", auction, "market")
        units = errand.units(amount, symbol)
        along = units if sent is None else errand.units(sent, symbol)
        if along < units:
            raise click.BadParameter("--send: what is sent must cover the bid")
        errand.ask(Bid(auction=auction, asset=symbol, amount=units), None if from_balance else (symbol, along))
