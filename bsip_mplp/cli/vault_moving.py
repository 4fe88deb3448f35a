"""`mplp vault move`: a position of one's own account closed and opened in a vault, with one transaction of the holder.

What the rules would refuse is not begun: the request is tried out on the folded journal at the feed of now. Should the
price fall in between, the closed position's collateral is free balance, nothing is owed, and the command says how to go
on from there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bsip_mplp.cli.options import Options
from bsip_mplp.cli.reading import fold
from bsip_mplp.cli.sending import RefusedError
from bsip_mplp.money import format_units

if TYPE_CHECKING:
    from bsip_mplp.cli.sending import Errand
    from bsip_mplp.rules.engine import Engine
    from bsip_mplp.rules.vault_asks import VaultOpen


def move_in(options: Options, errand: Errand, market: str) -> None:
    """Try it out, then send it; raises `click.ClickException` or `RefusedError` before anything is sent."""
    from bsip_mplp.bootstrap import open_wallet
    from bsip_mplp.rules.vault_asks import VaultOpen

    core = errand.core_of(market)
    with open_wallet(options.settings, errand.account, unsigned=True) as wallet:
        position, held = wallet.position(market), wallet.holds(market)
    engine = fold(options)
    digits = {symbol: asset["precision"] for symbol, asset in engine.state()["assets"].items()}
    if not position.debt:
        raise click.ClickException(_nothing_to_move(engine, errand.account, market, core, digits))
    if held < position.debt:
        lacking = f"{format_units(position.debt - held, digits[market])} {market}"
        raise click.ClickException(
            f"closing it takes {format_units(position.debt, digits[market])} {market}, and {errand.account} lacks "
            f"{lacking}: get that first; you have all of it back once the vault is open"
        )
    ask = VaultOpen(market=market, debt=position.debt)
    _try_out(options, engine, errand.account, ask, (core, position.collateral))
    errand.ask(ask, (core, position.collateral), closing=(market, position))


def _nothing_to_move(engine: Engine, account: str, market: str, core: str, digits: dict[str, int]) -> str:
    """What to say where there is no position: it may have been closed by a run before."""
    units = engine.book.free(account, core)
    said = f"{account} has no position in {market} in its own account"
    if not units:
        return f"{said}: mplp vault show shows vaults"
    amount = format_units(units, digits[core])
    return f"{said}, and {amount} {core} of free balance here: mplp vault open {amount} {core} --debt … --from-balance"


def _try_out(options: Options, engine: Engine, account: str, ask: VaultOpen, along: tuple[str, int]) -> None:
    """Apply the request to the folded journal, at the feed of now; raises `RefusedError` if a rule refuses it."""
    from bsip_mplp.bootstrap_views import see_now
    from bsip_mplp.rules.inputs import Deposit

    now = engine.now
    seen, note = see_now(options.settings, ask.market, None, now)
    if note is not None:
        raise click.ClickException(f"{note} Nothing was sent.")
    for item in seen:
        engine.apply(replace(item, time=now))
    outcome = engine.apply(Deposit(time=now, account=account, asset=along[0], amount=along[1], ask=ask))
    if outcome.refusals:
        first = outcome.refusals[0]
        raise RefusedError(
            f"it would be refused by {first.rule}: {first.reason}. {first.remedy} Nothing was sent, nothing has changed"
        )
