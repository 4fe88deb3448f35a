"""For borrowers, to ask: `mplp borrow`, `protect`, `unprotect`, `repay`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import ratio_text
from bsip_mplp.cli.reading import own_number, reading
from bsip_mplp.cli.sending import sending_options
from bsip_mplp.ratios import PERMILLE

if TYPE_CHECKING:
    from bsip_mplp.cli.sending import Errand

Command = TypeVar("Command", bound=Callable[..., Any])


def limits_options(command: Command) -> Command:
    """The options that say what is borrowed, and from whom (PL-15)."""
    for option in (
        click.option("--interest", nargs=2, metavar="AMOUNT ASSET", help="Send prepaid interest along."),
        click.option("--longest", type=click.IntRange(1, 3650), metavar="DAYS", help="Longest term."),
        click.option("--shortest", type=click.IntRange(1, 3650), metavar="DAYS", help="Shortest term."),
        click.option("--highest-rate", metavar="RATE", help="Highest interest a year: 12% or 0.12."),
        click.option("--pool", "pools", metavar="POOL", multiple=True, help="From this pool; give it again for more."),
        click.option("--asset", metavar="ASSET", help="What to borrow; the core asset by default."),
        click.option("--amount", metavar="AMOUNT", help="How much to borrow."),
        click.option("--least", is_flag=True, help="The least that the rules allow (the default)."),
        click.option("--market", metavar="ASSET", help="The market, by its bitasset."),
        click.option("--position", metavar="NAME", help="For this account's position, which you won in an auction."),
    ):
        command = option(command)
    return command


@click.command(short_help="Borrow for a position, or try it out.")
@limits_options
@click.option("--dry-run", is_flag=True, help="Show CR, LCR and cost before and after; send nothing.")
@sending_options
@pass_options
def borrow(options: Options, dry_run: bool, interest: tuple[str, str] | None, **given: Any) -> None:
    """Borrow for your position: the least, or an amount; from the cheapest pools, or those you name.

    A loan here does not keep the chain from calling the position: the chain knows only its own CR.

    \b
    Example: mplp borrow --least --highest-rate 12% --interest 5 TEST --dry-run
             mplp borrow --amount 100 --pool 3 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Borrow

    sending, limits = _split(given)
    with Errand(options, **sending) as errand:
        words = _limits(errand, **limits)
        words["asset"] = words["asset"] or errand.core_of(words["market"])
        ask = Borrow(**words)
        along = errand.money(*interest) if interest else None
        if not dry_run:
            errand.ask(ask, along)
            return
        from bsip_mplp.cli.trial import try_out

        try_out(options, errand.account, ask, along, as_json=sending["as_json"])


@click.command(short_help="Borrow by itself once the ratio falls.")
@click.option("--at", metavar="RATIO", help="Borrow once CR is at this or under, such as 1.60.")
@limits_options
@sending_options
@pass_options
def protect(options: Options, at: str | None, interest: tuple[str, str] | None, **given: Any) -> None:
    """Arm a loan in advance: it is made in the same step as the feed that brings CR to the trigger (PL-16).

    A loan here does not keep the chain from calling the position: the chain knows only its own CR.

    \b
    Example: mplp protect --at 1.60 --interest 5 TEST --wait
    """
    from bsip_mplp.cli.sending import Errand, ratio_of
    from bsip_mplp.rules.inputs import Protect

    trigger = ratio_of("--at", at, "1.6")
    sending, limits = _split(given)
    with Errand(options, **sending) as errand:
        words = _limits(errand, **limits)
        if trigger is not None:
            _check_can_run(options, words["market"], trigger)
        errand.ask(Protect(at=trigger, **words), errand.money(*interest) if interest else None)


def _check_can_run(options: Options, market: str, trigger: Fraction) -> None:
    """PL-14: refuse a trigger under LMCR, as CR is under it then, too, and no loan passes while it is."""
    from bsip_mplp.journal import MissingError

    try:
        with reading(options) as reader:
            lmcr = Fraction(reader.markets[market]["parameters"]["lmcr"], PERMILLE)
    except MissingError:
        return  # without the journal here the rules say it to who asked
    if trigger < lmcr:
        raise click.BadParameter(
            f"--at is under LMCR {ratio_text(lmcr)}: once CR is down there PL-14 refuses every loan, so this could "
            "never borrow; name a ratio over it"
        )


_SENDING = ("account", "wait", "timeout", "as_json")


def _split(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        {name: given[name] for name in _SENDING},
        {name: value for name, value in given.items() if name not in _SENDING},
    )


def _limits(
    errand: Errand,
    *,
    market: str | None,
    least: bool,
    amount: str | None,
    asset: str | None,
    pools: tuple[str, ...],
    highest_rate: str | None,
    shortest: int | None,
    longest: int | None,
    position: str | None,
) -> dict[str, Any]:
    """The fields that `Borrow` and `Protect` share."""
    from bsip_mplp.cli.sending import rate_of

    if least and amount is not None:
        raise click.UsageError("--least and --amount are two ways to say how much: give one")
    if pools and (highest_rate or shortest or longest):
        raise click.UsageError("--pool names the pools: leave --highest-rate, --shortest and --longest out")
    name = errand.market(market)
    symbol = None if asset is None else errand.symbol(asset)
    if amount is not None:
        symbol = symbol or errand.core_of(name)
    return {
        "market": name,
        "asset": symbol,
        "amount": None if amount is None else errand.units(amount, symbol or errand.core_of(name)),
        "pools": tuple(own_number(pool) for pool in pools),
        "highest_rate": rate_of(highest_rate),
        "shortest_days": shortest,
        "longest_days": longest,
        "position": position,
    }


@click.command(short_help="Take a protection back.")
@click.argument("number", metavar="PROTECTION")
@sending_options
@pass_options
def unprotect(options: Options, number: str, **sending: Any) -> None:
    """Take an armed PROTECTION back; its number is in `mplp loans`.

    \b
    Example: mplp unprotect 5 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Unprotect

    with Errand(options, **sending) as errand:
        errand.ask(Unprotect(protection=own_number(number)))


@click.command(short_help="End a loan.")
@click.argument("number", metavar="LOAN")
@sending_options
@pass_options
def repay(options: Options, number: str, **sending: Any) -> None:
    """End a LOAN (PL-19, PL-24): what was lent goes back to its pool; interest already taken is not returned.

    \b
    Example: mplp repay 17 --wait
    """
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.inputs import Repay

    with Errand(options, **sending) as errand:
        errand.ask(Repay(loan=own_number(number)))
