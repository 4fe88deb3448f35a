"""What a keeper can be watched by, in the text format of Prometheus. Money in smallest units."""

from __future__ import annotations

from collections.abc import Iterator

from bsip_mplp.keeper.audit import Audit, Verdict
from bsip_mplp.keeper.health import HealthView, reasons
from bsip_mplp.keeper.vault_health import fall_to_next

HELP = {
    "mplp_well": "1 if mplp health has nothing to say",
    "mplp_keeper_runs": "1 if a keeper runs on the journal",
    "mplp_bot_last_success_seconds": "when a bot last succeeded, in seconds since 1970",
    "mplp_bot_failures": "how often a bot failed since its last success",
    "mplp_ledger_lag_seconds": "how far the ledger's clock is behind the machine's",
    "mplp_held_back": "how many things wait for the operator",
    "mplp_reserve_units": "what the reserve for fees holds",
    "mplp_vault_fall_permille": "by how much the price may fall until the next rule acts on a vault",
    "mplp_vault_sound": "1 if a vault's authorities are as agreed",
    "mplp_vault_unwinding_units": "what is on its way home from a vault",
    "mplp_audit_agrees": "1 if ledger and chain agree, or only wait for a block",
    "mplp_audit_block": "the irreversible block of the last audit",
    "mplp_audit_owed_units": "what the ledger owes",
    "mplp_audit_held_units": "what the account holds, its own not counted",
    "mplp_audit_difference_units": "held less owed",
}


def exposition(view: HealthView, audit: Audit | None) -> str:
    """All metrics, each with its help; those of the audit only once there was one."""
    lines: list[str] = []
    for name, labels, value in _samples(view, audit):
        if not any(line.startswith((f"{name} ", f"{name}{{")) for line in lines):
            lines += [f"# HELP {name} {HELP[name]}", f"# TYPE {name} gauge"]
        lines.append(f"{name}{labels} {value}")
    return "\n".join(lines) + "\n"


def _samples(view: HealthView, audit: Audit | None) -> Iterator[tuple[str, str, int]]:
    yield "mplp_well", "", int(not reasons(view))
    if view.keeper_runs is not None:
        yield "mplp_keeper_runs", "", int(view.keeper_runs)
    for status in view.statuses:
        if status.last_success is not None:
            yield "mplp_bot_last_success_seconds", f'{{bot="{status.name}"}}', status.last_success
    for status in view.statuses:
        yield "mplp_bot_failures", f'{{bot="{status.name}"}}', status.failures
    if view.ledger_lag_seconds is not None:
        yield "mplp_ledger_lag_seconds", "", view.ledger_lag_seconds
    yield "mplp_held_back", "", len(view.held_back)
    yield "mplp_reserve_units", "", view.balances.get(("operator", view.core_asset), 0)
    yield from _of_vaults(view)
    if audit is not None:
        yield "mplp_audit_agrees", "", int(audit.verdict is not Verdict.DIFFERS)
        yield "mplp_audit_block", "", audit.block
        for name, units in (("owed", "owed_units"), ("difference", "difference_units")):
            for one in audit.figures:
                yield f"mplp_audit_{name}_units", f'{{asset="{one.asset}"}}', getattr(one, units)
        for one in audit.figures:
            yield "mplp_audit_held_units", f'{{asset="{one.asset}"}}', one.held_units - one.own_units


def _of_vaults(view: HealthView) -> Iterator[tuple[str, str, int]]:
    for one in view.vaults:
        fall = fall_to_next(one)
        if fall is not None:
            yield "mplp_vault_fall_permille", f'{{vault="{one.vault["account"]}"}}', int(fall * 1000)
    for one in view.vaults:
        yield "mplp_vault_sound", f'{{vault="{one.vault["account"]}"}}', int(one.vault["state"] != "unsound")
    for one in view.vaults:
        units: dict[str, int] = {}
        for item in one.unwinding:
            units[item["asset"]] = units.get(item["asset"], 0) + item["units"]
        for asset, count in sorted(units.items()):
            yield "mplp_vault_unwinding_units", f'{{vault="{one.vault["account"]}",asset="{asset}"}}', count
