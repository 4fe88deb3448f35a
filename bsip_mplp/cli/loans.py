"""For borrowers, to look at: `mplp position`, `loans`, and `mplp interest`, the prepaid balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from bsip_mplp.cli.options import Options, account_option, pass_options
from bsip_mplp.cli.output import (
    BOOKS,
    NO_HOLD,
    json_option,
    permille_text,
    print_json,
    print_table,
    rate_text,
    ratio_text,
    time_text,
)
from bsip_mplp.cli.reading import Reader, reading
from bsip_mplp.cli.sending import sending_options

AMOUNTS = ("collateral>", "debt>", "lent_core>", "lent_bitasset>")
POSITION_COLUMNS = ("market", "account", *AMOUNTS, "CR>", "LCR>", "state", "auction")
IN_SHARED_POOL = ("of_shared_pool>", "own_mcr>", "mcr>")


@click.command(short_help="Show positions, CR and LCR.")
@click.argument("name", required=False)
@account_option
@click.option("--market", metavar="ASSET", help="Only this market.")
@click.option("--all", "everyone", is_flag=True, help="Everyone's positions with loans.")
@json_option
@pass_options
def position(
    options: Options, name: str | None, account: str | None, market: str | None, everyone: bool, as_json: bool
) -> None:
    """Show an account's positions as the ledger saw them last: collateral, debt, what is lent to them, CR and LCR.

    With NAME show the whole history of that account's positions, too. What an account won is listed with its own.

    \b
    Example: mplp position --account bob
             mplp position bob
    """
    if name is not None:
        from bsip_mplp.cli.histories import show_position

        show_position(options, name, market, as_json)
        return
    acting = None if everyone else options.acting(account)
    with reading(options) as reader:
        rows = [
            position_row(reader, found)
            for found in reader.objects("position")
            if (found["loans"] if acting is None else acting in (found["account"], found["holder"]))
            and (market is None or found["market"] == market.upper())
        ]
        feeds = [_feed_row(found) for found in reader.markets.values()]
    if as_json:
        print_json({"positions": rows, "feeds": feeds, "note": BOOKS, "auctions": NO_HOLD})
        return
    empty = "No position is known here: it is read from the chain once you prepay, borrow or protect."
    print_table("Positions", position_columns(rows), rows, empty)
    print_table("Feeds", ["market", "MCR>", "MSSR>", "ICR>", "LMCR>", "expires", "state"], feeds, "No market is open.")
    booked = [row for row in rows if row["custody"] == "books"]
    if any(row["loans"] for row in booked):
        click.echo(BOOKS)
    if any(row["state"] not in ("free", "protected", "closed") for row in booked):
        click.echo(NO_HOLD)


def position_columns(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The columns of a table of positions; those about the shared pool only if one of them takes part there."""
    return (*POSITION_COLUMNS, *(IN_SHARED_POOL if any(row["mcr"] for row in rows) else ()))


def position_row(reader: Reader, found: Mapping[str, Any]) -> dict[str, Any]:
    """A position with its amounts as decimals and its ratios, for tables and JSON."""
    market = found["market"]
    core = reader.markets[market]["core_asset"]
    own, combined = reader.ratios(found)
    return {
        "market": market,
        "account": found["account"],
        "holder": found["holder"],
        "collateral": reader.amount(core, found["collateral"]),
        "debt": reader.amount(market, found["debt"]),
        "lent_core": reader.amount(core, found["lp1"]),
        "lent_bitasset": reader.amount(market, found["lp2"]),
        "of_shared_pool": reader.amount(market, reader.extra_units(found)),
        "own_mcr": ratio_text(reader.own_mcr(found)),
        "mcr": ratio_text(reader.mcr(found)),
        "CR": ratio_text(own),
        "LCR": ratio_text(combined),
        "state": found["state"],
        "auction": found["auction"],
        "loans": list(found["loans"]),
        "custody": found["custody"],
    }


def _feed_row(market: Mapping[str, Any]) -> dict[str, Any]:
    feed = market["feed"] or {}
    return {
        "market": market["market"],
        "MCR": permille_text(feed.get("mcr")),
        "MSSR": permille_text(feed.get("mssr")),
        "ICR": permille_text(feed.get("icr")),
        "LMCR": permille_text(market["parameters"]["lmcr"]),
        "expires": time_text(feed.get("expires")),
        "state": f"suspended: {market['invalid']}" if market["invalid"] else "valid",
    }


@click.command(short_help="Show loans and protections.")
@account_option
@click.option("--lent", is_flag=True, help="What the account lent, instead of what it borrowed.")
@click.option("--ended", is_flag=True, help="Also loans that ended.")
@json_option
@pass_options
def loans(options: Options, account: str | None, lent: bool, ended: bool, as_json: bool) -> None:
    """Show an account's loans and its armed protections.

    \b
    Example: mplp loans --account bob
             mplp loans --lent --ended
    """
    name = options.acting(account)
    side = "lender" if lent else "borrower"
    with reading(options) as reader:
        rows = [
            _loan_row(reader, loan)
            for loan in reader.objects("loan")
            if loan[side] == name and (ended or loan["ended"] is None)
        ]
        armed = [
            _protection_row(reader, found)
            for found in reader.objects("protection")
            if found["account"] == name and (ended or found["armed"]) and not lent
        ]
        vaults = {vault["account"] for vault in reader.objects("vault")}
        booked = [row for row in (*rows, *armed) if row["position"] not in vaults]
    if as_json:
        print_json({"account": name, "loans": rows, "protections": armed, "note": BOOKS if booked else None})
        return
    columns = ["loan>", "pool>", "market", "amount>", "asset", "rate>", "kind", "paid_until", "term_ends", "state"]
    print_table(f"Loans of {name} (UTC)", columns, rows, f"{name} has no loan here.")
    if armed:
        columns = ["protection>", "market", "when_CR_at_most>", "borrows", "asset", "highest_rate>", "armed", "refused"]
        print_table(f"Protections of {name}", columns, armed, "")
    if booked:
        click.echo(BOOKS)


def _loan_row(reader: Reader, loan: Mapping[str, Any]) -> dict[str, Any]:
    state = "live"
    if loan["ended"] is not None:
        state = f"ended {time_text(loan['ended'])} ({loan['ended_by']})"
    elif loan["unpaid"]:
        state = "interest is missing"
    elif loan["goes_home"]:
        state = "ends with the time paid for"
    return {
        "loan": loan["number"],
        "pool": loan["pool"],
        "market": loan["market"],
        "amount": reader.amount(loan["asset"], loan["principal"]),
        "asset": loan["asset"],
        "rate": rate_text(loan["rate"]),
        "kind": "long" if loan["long"] else "short",
        "paid_until": time_text(loan["paid_until"]),
        "term_ends": time_text(loan["term_ends"]),
        "state": state,
        "lender": loan["lender"],
        "borrower": loan["borrower"],
        "position": loan["account"],
    }


def _protection_row(reader: Reader, found: Mapping[str, Any]) -> dict[str, Any]:
    from fractions import Fraction

    return {
        "protection": found["number"],
        "market": found["market"],
        "when_CR_at_most": ratio_text(Fraction(found["at"])),
        "borrows": "the least" if found["amount"] is None else reader.amount(found["asset"], found["amount"]),
        "asset": found["asset"],
        "highest_rate": rate_text(found["highest_rate"]),
        "armed": found["armed"],
        "position": found["position"],
        "refused": found["refused"] or None,
    }


@click.command(short_help="Deposit interest ahead, or take it back.")
@click.argument("amount")
@click.argument("asset")
@click.option("--back", is_flag=True, help="Take it back to the free balance (PL-9); AMOUNT may be `all`.")
@click.option("--from-balance", is_flag=True, help="Use free balance that is here already.")
@sending_options
@pass_options
def interest(options: Options, amount: str, asset: str, back: bool, from_balance: bool, **sending: Any) -> None:
    """Deposit AMOUNT of ASSET as prepaid interest (PL-8), or take back what no rule has taken yet.

    \b
    Example: mplp interest 5 TEST --wait
             mplp interest all TEST --back
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Prepay, Unprepay

    with Errand(options, **sending) as errand:
        if back:
            symbol = errand.symbol(asset)
            errand.ask(Unprepay(asset=symbol, amount=None if amount == "all" else errand.units(amount, symbol)))
            return
        symbol, units = errand.money(amount, asset)
        if from_balance:
            errand.ask(Prepay(asset=symbol, amount=units))
        else:
            errand.ask(Prepay(), (symbol, units))
