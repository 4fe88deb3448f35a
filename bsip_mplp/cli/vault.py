"""For holders: `mplp vault open|show|add|pay|borrow|take|move|close`, a position that the chain itself sees (V-3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bsip_mplp.cli.options import Options, account_option, pass_options
from bsip_mplp.cli.output import json_option
from bsip_mplp.cli.sending import sending_options

if TYPE_CHECKING:
    from bsip_mplp.cli.sending import Errand

Command = TypeVar("Command", bound=Callable[..., Any])

market_option: Callable[[Command], Command] = click.option(
    "--market", metavar="ASSET", help="The market, by its bitasset."
)
position_option: Callable[[Command], Command] = click.option(
    "--position", metavar="VAULT", help="This vault, which you won in an auction."
)
from_balance_option: Callable[[Command], Command] = click.option(
    "--from-balance", is_flag=True, help="Use free balance that is here already."
)


def _tell_if_none_are_kept(options: Options, what: str) -> None:
    """Warn where the configuration has no `[vault]`: only the operator's own one says for sure whether any are kept."""
    if options.settings.vault is None:
        text = "This configuration has no [vault]. If the operator's has none either, no vault is made, and"
        click.echo(f"{text} {what} is your free balance again.", err=True)


def putting_options(command: Command) -> Command:
    """The options of what puts money into a vault."""
    for option in (pass_options, sending_options, from_balance_option, position_option, market_option):
        command = option(command)
    return command


@click.group(short_help="Hold a position in a vault.")
def vault() -> None:
    """A vault is an account on the chain that holds your position and that the keeper acts for.

    What is lent to it is really put in, so the chain's own ratio counts it. docs/vaults.md says whom you trust with
    what.

    \b
    Example: mplp vault open 12000 TEST --debt 300
    """


@vault.command(short_help="Open a position in a new vault.")
@click.argument("amount")
@click.argument("asset")
@click.option("--debt", required=True, metavar="AMOUNT", help="How much bitasset to borrow from the chain.")
@market_option
@from_balance_option
@sending_options
@pass_options
def open(
    options: Options, amount: str, asset: str, debt: str, market: str | None, from_balance: bool, **sending: Any
) -> None:
    """Open a vault with AMOUNT of the core ASSET as collateral; what is borrowed is paid out to your account.

    Its owner is you and the guard, both; its active authority is the keeper. Your CR must be over ICR.
    Where the operator keeps no vaults nothing is opened, and the money is your free balance again.

    \b
    Example: mplp vault open 12000 TEST --debt 300 --wait
    """
    from bsip_mplp.cli.vault_waiting import VaultErrand
    from bsip_mplp.rules.vault_asks import VaultOpen

    with VaultErrand(options, **sending) as errand:
        name = errand.market(market)
        symbol, units = errand.money(amount, asset)
        money = {"asset": symbol, "amount": units} if from_balance else {}
        ask = VaultOpen(market=name, debt=errand.units(debt, name), **money)  # type: ignore[arg-type]
        _tell_if_none_are_kept(options, f"your {symbol}")
        errand.ask(ask, None if from_balance else (symbol, units))


@vault.command(short_help="Draw a vault, with the prices of each rule.")
@click.argument("name", required=False, metavar="[VAULT]")
@account_option
@market_option
@json_option
@pass_options
def show(options: Options, name: str | None, account: str | None, market: str | None, as_json: bool) -> None:
    """Draw your vaults, or VAULT: what is yours and what is lent, the price at which each rule acts, what a loan would
    cost and change, what a margin call would cost instead, and the authorities straight from the chain.

    \b
    Example: mplp vault show
             mplp vault show mplp-vault-1
    """
    from bsip_mplp.cli.vault_view import show_vaults

    show_vaults(options, name, None if name else options.acting(account), market, as_json=as_json)


@vault.command(short_help="Add collateral.")
@click.argument("amount")
@click.argument("asset")
@putting_options
def add(options: Options, amount: str, asset: str, **given: Any) -> None:
    """Add AMOUNT of the core ASSET to the vault's collateral.

    \b
    Example: mplp vault add 500 TEST --wait
    """
    from bsip_mplp.rules.vault_asks import VaultAdd

    _put_in(options, VaultAdd, amount, asset, **given)


@vault.command(short_help="Pay debt.")
@click.argument("amount")
@click.argument("asset")
@putting_options
def pay(options: Options, amount: str, asset: str, **given: Any) -> None:
    """Pay AMOUNT of the vault's debt in the bitasset ASSET.

    \b
    Example: mplp vault pay 20 USD --wait
    """
    from bsip_mplp.rules.vault_asks import VaultPay

    _put_in(options, VaultPay, amount, asset, **given)


def _put_in(
    options: Options,
    kind: Callable[..., Any],
    amount: str,
    asset: str,
    *,
    market: str | None,
    position: str | None,
    from_balance: bool,
    **sending: Any,
) -> None:
    from bsip_mplp.cli.vault_waiting import VaultErrand

    with VaultErrand(options, **sending) as errand:
        symbol, units = errand.money(amount, asset)
        name = _market_of(errand, symbol, market)
        money = {"asset": symbol, "amount": units} if from_balance else {}
        errand.ask(kind(market=name, position=position, **money), None if from_balance else (symbol, units))


def _market_of(errand: Errand, symbol: str, market: str | None) -> str:
    """The market named, or that of the bitasset named, or the default one."""
    return errand.market(symbol if market is None and errand.is_market(symbol) else market)


@vault.command(short_help="Borrow more bitasset from the chain.")
@click.argument("amount")
@click.argument("asset")
@position_option
@sending_options
@pass_options
def borrow(options: Options, amount: str, asset: str, position: str | None, **sending: Any) -> None:
    """Borrow AMOUNT more of the bitasset ASSET from the chain; it is paid out to your account.

    Refused if what remains would not stand on its own: CR over ICR, or PL-14 while a loan lives.

    \b
    Example: mplp vault borrow 50 USD --wait
    """
    from bsip_mplp.cli.vault_waiting import VaultErrand
    from bsip_mplp.rules.vault_asks import VaultDraw

    with VaultErrand(options, **sending) as errand:
        symbol, units = errand.money(amount, asset)
        if not errand.is_market(symbol):
            raise click.BadParameter(f"{symbol} is no bitasset of a market here: mplp borrow asks lenders for it")
        errand.ask(VaultDraw(market=symbol, amount=units, position=position))


@vault.command(short_help="Take collateral out.")
@click.argument("amount")
@click.argument("asset")
@market_option
@position_option
@sending_options
@pass_options
def take(options: Options, amount: str, asset: str, market: str | None, position: str | None, **sending: Any) -> None:
    """Take AMOUNT of the core ASSET out of the vault, to your account; refused as for `borrow`.

    \b
    Example: mplp vault take 100 TEST --wait
    """
    from bsip_mplp.cli.vault_waiting import VaultErrand
    from bsip_mplp.rules.vault_asks import VaultTake

    with VaultErrand(options, **sending) as errand:
        symbol, units = errand.money(amount, asset)
        name = errand.market(market)
        if symbol != errand.core_of(name):
            raise click.BadParameter(f"the collateral of {name} is {errand.core_of(name)}, not {symbol}")
        errand.ask(VaultTake(market=name, amount=units, position=position))


@vault.command(short_help="Move a position of your account in.")
@market_option
@sending_options
@pass_options
def move(options: Options, market: str | None, **sending: Any) -> None:
    """Close the position in your own account and open it in a vault, with one transaction of yours.

    Your account must hold the bitasset of the debt, which you get back as soon as the vault is open. It is tried out by
    the same rules first; what would be refused is not begun. Run it again if it was interrupted.

    \b
    Example: mplp vault move --wait
    """
    from bsip_mplp.cli.vault_moving import move_in
    from bsip_mplp.cli.vault_waiting import VaultErrand

    with VaultErrand(options, **sending) as errand:
        _tell_if_none_are_kept(options, "the collateral of the position that was closed")
        move_in(options, errand, errand.market(market))


@vault.command(short_help="Pay all debt and take everything out.")
@market_option
@position_option
@sending_options
@pass_options
def close(options: Options, market: str | None, position: str | None, **sending: Any) -> None:
    """Pay all debt, end the loans, and take the collateral out to your account.

    What your free balance lacks of the debt is sent along.

    \b
    Example: mplp vault close --wait
    """
    from bsip_mplp.cli.vault_view import debt_lacking
    from bsip_mplp.cli.vault_waiting import VaultErrand
    from bsip_mplp.rules.vault_asks import VaultClose

    with VaultErrand(options, **sending) as errand:
        name = errand.market(market)
        lacking = debt_lacking(options, errand.account, name, position)
        errand.ask(VaultClose(market=name, position=position), (name, lacking) if lacking else None)
