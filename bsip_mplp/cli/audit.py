"""For operators and witnesses: `mplp audit`, what is owed against what is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bsip_mplp.cli.options import Options, pass_options
from bsip_mplp.cli.output import json_option, print_json, print_table
from bsip_mplp.money import format_units

if TYPE_CHECKING:
    from bsip_mplp.keeper.audit import Audit, BondFigure, VaultFigure


@click.command(short_help="Compare what is owed with what is held.")
@click.option("--accept", is_flag=True, help="Count the difference as the account's own gain or loss.")
@click.option("--write-off", metavar="SYMBOL", help="Let the operator's reserve bear what is missing of an asset.")
@click.option("--reason", default="", help="Why, for the journal; needed with --write-off.")
@json_option
@pass_options
def audit(options: Options, accept: bool, write_off: str | None, reason: str, as_json: bool) -> None:
    """Compare what the ledger owes with what the pool's account holds, at an irreversible block.

    Exit status 0 if they agree to the last unit or only wait for a block, 1 if they differ. A keeper that finds a
    difference stops paying out; deposits still count. What is missing can be accepted only as far as the account holds
    money of its own. --write-off makes the operator's reserve bear it, below 0 if need be: an input of the journal,
    for which no keeper may run.

    \b
    Example: mplp audit
             mplp audit --write-off TEST --reason "fee of an operation made by hand"
    """
    from bsip_mplp.bootstrap_views import accept_difference, run_audit
    from bsip_mplp.keeper.audit import Verdict

    found, precisions = run_audit(options.settings)
    if accept:
        accept_difference(options.settings, found)
        found, precisions = run_audit(options.settings)
    if write_off is not None:
        from bsip_mplp.keeper.write_off import write_off as write_it_off

        if not reason:
            raise click.UsageError("--write-off needs a --reason: it stands in the journal for ever")
        units = write_it_off(options.settings, found, write_off, reason)
        found, precisions = run_audit(options.settings)
        click.echo(f"{units} units of {write_off} were written off: {reason}", err=True)
    rows = [_row(found, place, precisions) for place in range(len(found.figures))]
    vaults = [_vault_row(one, options.settings.chain.core_asset, precisions) for one in found.vaults]
    bonds = [_bond_row(one) for one in found.bonds]
    if as_json:
        texts = {"unknown_payments": list(found.unknown), "strange_operations": list(found.strange)}
        figures = {"assets": rows, "vaults": vaults, "bonds": bonds}
        print_json({"block": found.block, "verdict": str(found.verdict), **figures, **texts})
    else:
        print_table(
            f"At block {found.block}", ["asset", "owed>", "held>", "own>", "under_way>", "difference>"], rows, ""
        )
        if vaults:
            print_table(
                f"In vaults, in {options.settings.chain.core_asset} and the bitasset", VAULT_COLUMNS, vaults, ""
            )
        if bonds:
            print_table("Bonds on the chain, in smallest units", BOND_COLUMNS, bonds, "")
        for line in found.alarms():
            click.echo(f"- {line}")
        click.echo(_SAYS[found.verdict])
    if found.verdict is Verdict.DIFFERS:
        raise click.exceptions.Exit(1)


_SAYS = {
    "agrees": "Ledger and chain agree to the last unit.",
    "unsettled": "Not the same, but transactions that wait for a block may be all there is to it: look again.",
    "differs": "Ledger and chain differ.",
}


VAULT_COLUMNS = ["vault", "collateral>", "on_chain>", "debt>", "debt_on_chain>", "lent_core>", "lent_bitasset>", "note"]


def _vault_row(one: VaultFigure, core: str, precisions: dict[str, int]) -> dict[str, Any]:
    def shown(units: int, asset: str) -> str:
        return format_units(units, precisions.get(asset, 0))

    is_same = (one.collateral_owed, one.debt_owed) == (one.collateral_held, one.debt_held)
    return {
        "vault": one.account,
        "market": one.market,
        "collateral": shown(one.collateral_owed, core),
        "on_chain": shown(one.collateral_held, core),
        "debt": shown(one.debt_owed, one.market),
        "debt_on_chain": shown(one.debt_held, one.market),
        "lent_core": shown(one.lent_core, core),
        "lent_bitasset": shown(one.lent_bitasset, one.market),
        "note": "the same" if is_same else "an order is under way" if one.under_way else "differs",
    }


BOND_COLUMNS = ["series>", "asset", "known>", "to_be_issued>", "on_chain>", "note"]


def _bond_row(one: BondFigure) -> dict[str, Any]:
    note = "differs" if one.is_over else f"{one.burnt_units} burnt" if one.burnt_units else "the same"
    return {
        "series": one.series,
        "asset": one.asset,
        "known": one.known_units,
        "to_be_issued": one.under_way_units,
        "on_chain": one.supply_units,
        "note": note,
    }


def _row(audit: Audit, place: int, precisions: dict[str, int]) -> dict[str, Any]:
    one = audit.figures[place]
    digits = precisions.get(one.asset)

    def shown(units: int) -> str:
        return f"{units} units" if digits is None else format_units(units, digits)

    return {
        "asset": one.asset,
        "owed": shown(one.owed_units),
        "held": shown(one.held_units),
        "own": shown(one.own_units),
        "under_way": shown(one.under_way_units),
        "difference": shown(one.difference_units),
    }
