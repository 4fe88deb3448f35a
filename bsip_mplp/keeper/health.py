"""Whether all is well: each check looks at what stands written and gives reasons why not, in words for the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bsip_mplp.keeper.status import BotStatus
from bsip_mplp.keeper.vault_health import VaultView, faults
from bsip_mplp.ledger import MAY_BE_NEGATIVE
from bsip_mplp.money import format_units


@dataclass(frozen=True, slots=True)
class HealthView:
    """What the checks look at. `now` is the machine's clock; money is in smallest units, by (account, asset)."""

    now: int
    keeper_runs: bool | None
    statuses: Sequence[BotStatus]
    expected_bots: Sequence[str]
    tick_age_seconds_max: int
    balances: Mapping[tuple[str, str], int]
    pools: Sequence[Mapping[str, Any]]
    markets: Sequence[Mapping[str, Any]]
    precisions: Mapping[str, int]
    held_back: Sequence[str]
    core_asset: str
    reserve_units_needed: int | None
    vaults: Sequence[VaultView] = ()
    ledger_time: int | None = None
    """The time of the last block that was read, in chain seconds; None before the first."""
    ledger_lag_seconds_max: int = 600

    @property
    def ledger_lag_seconds(self) -> int | None:
        """How far the ledger's clock is behind the machine's; None before the first block was read."""
        return None if self.ledger_time is None else self.now - self.ledger_time


def reasons(view: HealthView) -> list[str]:
    """Everything that is not well, in the order of the checks; empty when all is well."""
    return [reason for check in CHECKS for reason in check(view)]


def check_keeper(view: HealthView) -> list[str]:
    """A keeper must run."""
    return ["no keeper runs: start one with mplp keeper run"] if view.keeper_runs is False else []


def check_bots(view: HealthView) -> list[str]:
    """Each bot must have succeeded not long ago: what counts is progress, not that a process lives.

    Where no keeper runs that says it all.
    """
    if view.keeper_runs is False:
        return []
    found, by_name = [], {status.name: status for status in view.statuses}
    for name in view.expected_bots:
        status = by_name.get(name)
        if status is None or status.last_success is None:
            error = f": {status.last_error}" if status and status.last_error else ""
            found.append(f"the {name} never succeeded yet{error}")
        elif view.now - status.last_success > view.tick_age_seconds_max + status.every_milliseconds / 1000:
            error = f": {status.last_error}" if status.failures and status.last_error else ""
            found.append(f"the {name} last succeeded {view.now - status.last_success} s ago{error}")
    return found


def check_clock(view: HealthView) -> list[str]:
    """The ledger's clock must keep up: nothing counts and nothing falls due while it stands."""
    lag_seconds = view.ledger_lag_seconds
    if not view.keeper_runs or lag_seconds is None or lag_seconds <= view.ledger_lag_seconds_max:
        return []
    return [
        f"the ledger is {lag_seconds} s behind: the chain stands, or no node tells its blocks, or much is left to read"
    ]


def check_reserve(view: HealthView) -> list[str]:
    """The operator's reserve must cover the fees of some payouts."""
    if view.reserve_units_needed is None:
        return []
    held = view.balances.get(("operator", view.core_asset), 0)
    if held >= view.reserve_units_needed:
        return []
    precision = view.precisions.get(view.core_asset, 0)
    return [
        f"the reserve for fees holds {format_units(held, precision)} {view.core_asset}, it should hold "
        f"{format_units(view.reserve_units_needed, precision)}: fill it with mplp keeper reserve"
    ]


def check_payouts(view: HealthView) -> list[str]:
    """No payout may be held back, and no bot may have anything to warn of."""
    return list(view.held_back)


def check_feeds(view: HealthView) -> list[str]:
    """Each market must have a valid feed (PL-47)."""
    suspended = [market for market in view.markets if market["invalid"]]
    return [f"{market['market']} takes no new loans: {market['invalid']}" for market in suspended]


def check_sums(view: HealthView) -> list[str]:
    """All balances of an asset add up to zero (G-5), and none is negative that must not be (PL-I2)."""
    sums: dict[str, int] = {}
    found = []
    for (account, asset), units in sorted(view.balances.items()):
        sums[asset] = sums.get(asset, 0) + units
        if units < 0 and account not in MAY_BE_NEGATIVE:
            found.append(f"{account} holds {units} units of {asset}: stop the keeper and run mplp verify")
    found.extend(
        f"balances of {asset} add up to {units} units, not 0: stop the keeper and run mplp verify"
        for asset, units in sums.items()
        if units
    )
    return found


def check_pools(view: HealthView) -> list[str]:
    """What each pool shows is what the ledger holds for it."""
    found = []
    for pool in view.pools:
        for part in ("available", "lent", "pending"):
            held = view.balances.get((f"pool/{pool['number']}/{part}", pool["asset"]), 0)
            if held != pool.get(part, 0):
                found.append(f"pool {pool['number']} shows {pool.get(part, 0)} units {part}, the ledger holds {held}")
    return found


def check_vaults(view: HealthView) -> list[str]:
    """The authorities of every vault must be as agreed (V-2)."""
    return faults(view.vaults)


CHECKS: tuple[Callable[[HealthView], list[str]], ...] = (
    check_keeper,
    check_bots,
    check_clock,
    check_reserve,
    check_payouts,
    check_feeds,
    check_sums,
    check_pools,
    check_vaults,
)
