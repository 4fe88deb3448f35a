"""Risk bonds: `mplp bonds`, `buy-bond`, `redeem` (PL-37 to PL-39), and those of PL-43: `pass-bond` to `issue-bond`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bsip_mplp.cli.options import Options, account_option, pass_options
from bsip_mplp.cli.output import json_option, print_json, print_table, rate_text, time_text
from bsip_mplp.cli.reading import Reader, own_number, reading
from bsip_mplp.cli.sending import sending_options


@click.command(short_help="Show risk bonds and offers of them.")
@account_option
@click.option("--all", "everything", is_flag=True, help="Also series that are redeemed, and offers that are closed.")
@json_option
@pass_options
def bonds(options: Options, account: str | None, everything: bool, as_json: bool) -> None:
    """Show the series of risk bonds, what you hold of each, and the offers that you made or can take.

    Bonds are redeemed from the insurance fund's income, with a coupon, at no fixed date (PL-39).

    \b
    Example: mplp bonds --account grace
    """
    name = account or options.settings.account
    with reading(options) as reader:
        series = [
            _series_row(reader, found, name)
            for found in reader.objects("series")
            if everything or found["on_offer"] or found["sold"] > found["redeemed"]
        ]
        offers = [
            _offer_row(reader, found)
            for found in reader.objects("offer")
            if (everything or found["state"] == "open") and name in (found["seller"], found["to"])
        ]
    if as_json:
        print_json({"account": name, "series": series, "offers": offers})
        return
    columns = ["series>", "market", "offered>", "sold>", "redeemed>", "coupon>", "coupon_paid>", "held>"]
    columns += ["on_chain>", "asset", "state"]
    print_table("Risk bonds (UTC)", columns, series, "No bond is on offer or outstanding.")
    if offers:
        print_table(
            f"Offers of or to {name}",
            ["offer>", "series>", "from", "to", "bonds>", "price>", "asset", "state"],
            offers,
            "",
        )


def _series_row(reader: Reader, found: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    market = found["market"]
    state = "outstanding"
    if found["on_offer"]:
        state = f"on offer until {time_text(found['window_ends'])}"
    elif found["sold"] == found["redeemed"]:
        state = "redeemed" if found["sold"] else "not sold"
    return {
        "series": found["number"],
        "market": market,
        "offered": reader.amount(market, found["amount"]),
        "sold": reader.amount(market, found["sold"]),
        "redeemed": reader.amount(market, found["redeemed"]),
        "coupon": rate_text(found["coupon"]),
        "coupon_paid": reader.amount(market, found["coupon_paid"]),
        "held": reader.amount(market, found["holdings"].get(name, 0)),
        "on_chain": reader.amount(market, found.get("on_chain", 0)),
        "asset": found.get("asset", ""),
        "exchange": found["forced"],
        "state": state,
    }


def _offer_row(reader: Reader, found: Mapping[str, Any]) -> dict[str, Any]:
    market = reader.one("series", found["series"])["market"]
    return {
        "offer": found["number"],
        "series": found["series"],
        "from": found["seller"],
        "to": found["to"],
        "bonds": reader.amount(market, found["units"]),
        "price": reader.amount(market, found["price"]),
        "asset": market,
        "state": found["state"],
    }


@click.command("buy-bond", short_help="Buy risk bonds on offer.")
@click.argument("number", metavar="SERIES")
@click.argument("amount")
@click.option("--from-balance", is_flag=True, help="Use free balance that is here already.")
@sending_options
@pass_options
def buy_bond(options: Options, number: str, amount: str, from_balance: bool, **sending: Any) -> None:
    """Buy AMOUNT of the bonds of SERIES, one for one in the market's bitasset (PL-37).

    \b
    Example: mplp buy-bond 2 100 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import BuyBond

    series = own_number(number)
    with Errand(options, **sending) as errand:
        symbol = errand.asset_of("series", series, "market")
        units = errand.units(amount, symbol)
        if from_balance:
            errand.ask(BuyBond(series=series, asset=symbol, amount=units))
        else:
            errand.ask(BuyBond(series=series), (symbol, units))


@click.command("pass-bond", short_help="Offer bonds of yours to someone.")
@click.argument("number", metavar="SERIES")
@click.argument("amount")
@click.argument("to", metavar="NAME")
@click.argument("price")
@sending_options
@pass_options
def pass_bond(options: Options, number: str, amount: str, to: str, price: str, **sending: Any) -> None:
    """Offer AMOUNT of your bonds of SERIES to the account NAME for PRICE, both in the bitasset (PL-43).

    They change hands once NAME takes them; a PRICE of 0 gives them away.

    \b
    Example: mplp pass-bond 2 100 henry 99.5 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import PassBond

    series = own_number(number)
    with Errand(options, **sending) as errand:
        symbol = errand.asset_of("series", series, "market")
        units, asked = errand.units(amount, symbol), 0 if price == "0" else errand.units(price, symbol)
        errand.ask(PassBond(series=series, asset=symbol, amount=units, to=to, price=asked))


@click.command("take-bond", short_help="Take bonds offered to you.")
@click.argument("number", metavar="OFFER")
@click.option("--from-balance", is_flag=True, help="Use free balance that is here already.")
@sending_options
@pass_options
def take_bond(options: Options, number: str, from_balance: bool, **sending: Any) -> None:
    """Take the bonds of OFFER and pay the price asked; the price is sent along (PL-43).

    \b
    Example: mplp take-bond 3 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import TakeBond

    offer = own_number(number)
    with Errand(options, **sending) as errand:
        with reading(options) as reader:
            found = reader.one("offer", offer)
            market = reader.one("series", found["series"])["market"]
        along = None if from_balance or not found["price"] else (market, found["price"])
        errand.ask(TakeBond(offer=offer), along)


@click.command("keep-bond", short_help="Take an offer of yours back.")
@click.argument("number", metavar="OFFER")
@sending_options
@pass_options
def keep_bond(options: Options, number: str, **sending: Any) -> None:
    """Take your OFFER of bonds back (PL-43).

    \b
    Example: mplp keep-bond 3
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import KeepBond

    with Errand(options, **sending) as errand:
        errand.ask(KeepBond(offer=own_number(number)))


@click.command(short_help="Exchange bonds for bitasset of the fund.")
@click.argument("number", metavar="SERIES")
@click.argument("amount", required=False)
@sending_options
@pass_options
def redeem(options: Options, number: str, amount: str | None, **sending: Any) -> None:
    """Exchange AMOUNT, or all, of your bonds of SERIES one for one, where that is an option (PL-39).

    \b
    Example: mplp redeem 2 50 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Redeem

    series = own_number(number)
    with Errand(options, **sending) as errand:
        if amount is None:
            errand.ask(Redeem(series=series))
            return
        symbol = errand.asset_of("series", series, "market")
        errand.ask(Redeem(series=series, asset=symbol, amount=errand.units(amount, symbol)))


@click.command("issue-bond", short_help="Put bonds of yours on the chain.")
@click.argument("number", metavar="SERIES")
@click.argument("amount", required=False)
@click.option("--send", metavar="AMOUNT", help="Send so much of the bitasset along, for what was paid meanwhile.")
@sending_options
@pass_options
def issue_bond(options: Options, number: str, amount: str | None, send: str | None, **sending: Any) -> None:
    """Put AMOUNT, or all, of your bonds of SERIES on the chain, as units of an asset that is sent to you (PL-43).

    They can be sent and sold there like any asset. Whoever sends them to the pool's account has the bonds in the
    ledger again, with what was paid on them meanwhile.

    \b
    Example: mplp issue-bond 2 50 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import IssueBond

    series = own_number(number)
    with Errand(options, **sending) as errand:
        symbol = errand.asset_of("series", series, "market")
        along = None if send is None else (symbol, errand.units(send, symbol))
        if amount is None:
            errand.ask(IssueBond(series=series), along)
            return
        errand.ask(IssueBond(series=series, asset=symbol, amount=errand.units(amount, symbol)), along)
