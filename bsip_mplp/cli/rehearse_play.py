"""`mplp rehearse join`, `outside`, `inside`, `margin`, `table`: playing in a public rehearsal from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import json_option, print_json, print_table
from bsip_mplp.cli.rehearse_serve import COLUMNS, units_of

if TYPE_CHECKING:
    from bsip_mplp.cli.wallet import Sent, Wallet

WEB = "http://127.0.0.1:8091"
ORDER_LIFE_SECONDS = 86_400

at_option = click.option(
    "--at", "url", default=WEB, show_default=True, envvar="MPLP_REHEARSAL", metavar="URL", help="The rehearsal's page."
)


@click.command(short_help="Register as a player of a public rehearsal.")
@click.argument("name")
@at_option
@click.option(
    "--data",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where key and configuration go.  [default: here]",
)
@json_option
def join(name: str, url: str, directory: Path, as_json: bool) -> None:  # fmt: skip
    """Register NAME, and write its key and a configuration for `mplp`. The key never leaves this machine.

    \b
    Example: mplp rehearse join ming-1
             mplp --config ming-1.toml rehearse outside 10 TEST
    """
    from bsip_mplp.public.joining import JoiningError
    from bsip_mplp.public.joining import join as register

    try:
        joined = register(url, name, directory)
    except JoiningError as error:
        raise _failed(str(error)) from None
    found = joined.facts
    if as_json:
        print_json({"account": joined.name, "config": str(joined.config), "keys": str(joined.keys), **found})
        return
    mplp = f"mplp --config {joined.config}"
    click.echo(f"{joined.name} is registered and has {found['terms']['stake']}; its key is in {joined.keys}.")
    click.echo(f"{mplp} rehearse outside 10 {found['core']}   sells outside")
    click.echo(f"{mplp} pools   shows what is lent")
    click.echo(f"Any wallet does the same: {found['node']}, transfers to {found['exchange']} and {found['pool']}.")


@click.command(short_help="Buy or sell at the outside exchange.")
@click.argument("amount")
@click.argument("asset")
@click.option("--price", metavar="PRICE", help="Only at this price or better: bitasset for one core asset.")
@click.option("--cancel", type=click.IntRange(1), metavar="N", help="Take order N back instead; AMOUNT comes back too.")
@at_option
@json_option
@pass_options
def outside(
    options: Options, amount: str, asset: str, price: str | None, cancel: int | None, url: str, as_json: bool
) -> None:
    """Sell AMOUNT of ASSET at the outside exchange: a transfer to its account, with a memo.

    To buy, sell the other asset.

    \b
    Example: mplp --config ming-1.toml rehearse outside 10 TEST
             mplp --config ming-1.toml rehearse outside 10 TEST --price 0.031
    """
    found = _facts(url)
    symbol, units = _money(found, amount, asset)
    memo = f"cancel {cancel}" if cancel else f"sell at {price}" if price else "sell"
    with _wallet(options, found["exchange"]) as wallet:
        sent = wallet.send(symbol, units, memo, must_broadcast=_must_broadcast(options))
    _say(sent, as_json, f"Sent {amount} {symbol} to {found['exchange']}, memo “{memo}”",
         "It trades at the price of the block that took it, and answers by a transfer once that is final.")  # fmt: skip


@click.command(short_help="Buy or sell in the chain's own market.")
@click.argument("amount")
@click.argument("asset")
@click.option("--for", "least", metavar="AMOUNT", required=True, help="At least this much of the other asset.")
@at_option
@json_option
@pass_options
def inside(options: Options, amount: str, asset: str, least: str, url: str, as_json: bool) -> None:
    """Sell AMOUNT of ASSET in the chain's own market, for at least so much of the other; the order lasts a day.

    \b
    Example: mplp --config ming-1.toml rehearse inside 10 TEST --for 0.2
    """
    found = _facts(url)
    symbol, units = _money(found, amount, asset)
    other = next(one for one in found["precisions"] if one != symbol)
    receive = (other, units_of("--for", least, found["precisions"][other]))
    if receive[1] == 0:
        raise click.BadParameter("--for: write more than 0")
    with _wallet(options) as wallet:
        sent = wallet.place((symbol, units), receive, ORDER_LIFE_SECONDS, must_broadcast=_must_broadcast(options))
    _say(
        sent, as_json, f"Offered {amount} {symbol} for {least} {other} or more", "What does not trade waits for a day."
    )


@click.command(short_help="Change your margin position on the chain.")
@click.option("--collateral", default="0", metavar="AMOUNT", help="Core asset to add; negative: to take out.")
@click.option("--debt", default="0", metavar="AMOUNT", help="Bitasset to borrow from the chain; negative: to pay back.")
@at_option
@json_option
@pass_options
def margin(options: Options, collateral: str, debt: str, url: str, as_json: bool) -> None:
    """Open, change or close your margin position: the chain's own operation. `mplp position` shows its ratios.

    \b
    Example: mplp --config ming-1.toml rehearse margin --collateral 50 --debt 0.5
             mplp --config ming-1.toml rehearse margin --debt -0.1
    """
    found = _facts(url)
    core = _signed("--collateral", collateral, found["precisions"][found["core"]])
    bitasset = _signed("--debt", debt, found["precisions"][found["bitasset"]])
    if core == 0 and bitasset == 0:
        raise click.UsageError("give --collateral, --debt or both")
    with _wallet(options) as wallet:
        sent = wallet.change_position(found["bitasset"], core, bitasset, must_broadcast=_must_broadcast(options))
    _say(sent, as_json, f"Changed the position by {collateral} {found['core']} and {debt} {found['bitasset']}", "")


@click.command(short_help="Show who earned what.")
@at_option
@json_option
def table(url: str, as_json: bool) -> None:
    """Show the table of a public rehearsal.

    \b
    Example: mplp rehearse table
    """
    found = _facts(url)
    if as_json:
        print_json(found)
        return
    columns = [name if name in ("player", "terms") else f"{name}>" for name in COLUMNS]
    price = f"{found['price']} {found['bitasset']} for 1 {found['core']}"
    print_table(f"{found['now']} UTC, {price}", columns, found["players"], "Nobody has registered yet.")


# --- what they share ------------------------------------------------------------------------------------------


def _facts(url: str) -> dict[str, Any]:
    from bsip_mplp.public.joining import JoiningError, facts

    try:
        return facts(url)
    except JoiningError as error:
        raise _failed(str(error)) from None


def _money(found: dict[str, Any], amount: str, asset: str) -> tuple[str, int]:
    symbol = asset.upper()
    if symbol not in found["precisions"]:
        raise click.BadParameter(f"{asset} is not traded here: {', '.join(found['precisions'])} are")
    units = units_of("AMOUNT", amount, found["precisions"][symbol])
    if units == 0:
        raise click.BadParameter("AMOUNT: write more than 0")
    return symbol, units


def _signed(option: str, text: str, digits: int) -> int:
    units = units_of(option, text.removeprefix("-"), digits)
    return -units if text.startswith("-") else units


def _wallet(options: Options, to: str | None = None) -> Wallet:
    from bsip_mplp.bootstrap import open_wallet

    return open_wallet(options.settings, options.acting(), to=to, unsigned=options.unsigned)


def _must_broadcast(options: Options) -> bool:
    return not (options.nobroadcast or options.unsigned)


def _say(sent: Sent, as_json: bool, done: str, then: str) -> None:
    if as_json or not sent.was_broadcast:
        print_json({"transaction_id": sent.transaction_id, "transaction": sent.transaction})
        return
    click.echo(f"{done}: {sent.transaction_id}")
    if then:
        click.echo(then)


def _failed(text: str) -> click.ClickException:
    error = click.ClickException(text)
    error.exit_code = 2
    return error


COMMANDS = (join, outside, inside, margin, table)
