"""The vaults: it has the orders on them carried out, and books what came to them from outside (V-4, V-5, V-11).

Which orders there are is the ledger's to decide. A vault is looked at only while no order is at work on it, and what
was seen counts once it can't be undone. Its authorities are read back before any money goes in (V-2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bsip_mplp.bots import due
from bsip_mplp.bots.actions import Action, Pay, Take, Warn
from bsip_mplp.bots.bot import Bot
from bsip_mplp.bots.payouts import is_under_way
from bsip_mplp.journal import read
from bsip_mplp.keeper.vaults import Seen, on_chain
from bsip_mplp.rules.inputs import Input, OrderFailed, PositionSeen, VaultBalance, VaultSeen
from bsip_mplp.rules.schedule import DueKind

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk

OF_VAULTS: Final = ("vault", "vault_open", "vault_owner")
KINDS: Final = (*OF_VAULTS, "sell", "settle")
"""The orders that are carried out here."""

DUE: Final = (DueKind.VAULT,)
"""What falls due here: an order that the chain refused is tried again."""

NO_VAULTS: Final = "this operator keeps no vaults"


@dataclass(frozen=True, slots=True)
class View:
    """The open orders, oldest first, and the reserve for fees; vaults as the ledger and as the chain has them.

    `vaults` and `positions` are the ledger's objects by account. `hold` says why nothing may be begun. `under_way` has
    the orders of which a transaction may still count.
    """

    time: int | None = None
    next_due: int | None = None
    orders: Sequence[read.Ordered] = ()
    reserve_units: int = 0
    hold: str | None = None
    seen: Sequence[Seen] = ()
    vaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    positions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    under_way: frozenset[int] = frozenset()
    is_configured: bool = True


def observe(desk: Desk) -> View:
    """Read the open orders, and look at the vaults that none is at work on."""
    cursor, sightings = desk.journal.cursor(), desk.intake.sightings
    if cursor is None:
        return View()
    with desk.journal.reading() as connection:
        orders = [order for order in read.orders(connection, "open") if order.kind in KINDS]
        held = {found.asset: found.units for found in read.balances(connection, "operator")}
    idle = sightings.idle_vaults()
    return View(
        time=cursor.time,
        next_due=desk.intake.next_due(DUE),
        orders=orders,
        reserve_units=held.get(desk.settings.chain.core_asset, 0),
        hold=desk.hold,
        seen=desk.read_vaults(idle),
        vaults={vault["account"]: vault for vault in idle},
        positions={
            vault["account"]: sightings.vault_positions[vault["account"]]
            for vault in idle
            if vault["account"] in sightings.vault_positions
        },
        under_way=frozenset(order.number for order in orders if is_under_way(desk, order.number)),
        is_configured=desk.settings.vault is not None,
    )


def plan(view: View) -> tuple[Action, ...]:
    """What came from outside is taken; open orders are carried on with.

    Where no vaults are kept, one that is asked for is never made, and its money goes back (V-2). What concerns a vault
    that is there waits until they are kept again.
    """
    if view.time is None:
        return ()
    never = [] if view.is_configured else [one for one in view.orders if _is_not_begun(view, one)]
    news: tuple[Input, ...] = tuple(item for seen in view.seen for item in _news(view, seen, view.time))
    news += tuple(OrderFailed(time=view.time, order=one.number, reason=NO_VAULTS, final=True) for one in never)
    found: list[Action] = [Take(news)] if news else [*due.plan(due.View(view.time, view.next_due))]
    orders = tuple(order for order in view.orders if view.is_configured or order.kind not in OF_VAULTS)
    if waiting := len(view.orders) - len(orders) - len(never):
        found.append(Warn((f"{waiting} orders on vaults wait: the configuration has no [vault]",)))
    if orders:
        found.append(Pay(orders, view.time, view.reserve_units, view.hold))
    return tuple(found)


def _is_not_begun(view: View, order: read.Ordered) -> bool:
    """Whether an order would make a vault's account, and nothing of it can be on the chain."""
    return order.kind == "vault_open" and order.number not in view.under_way


def _news(view: View, seen: Seen, time: int) -> Iterator[Input]:
    """What the ledger doesn't know yet of a vault: its authorities first, then its position, then what lies beside."""
    vault = view.vaults[seen.account]
    if vault["state"] == "made" or (vault["state"], vault["reason"]) != _state_of(seen):
        yield VaultSeen(time=time, account=seen.account, sound=seen.fault is None, reason=seen.fault or "")
    if (seen.collateral, seen.debt) != on_chain(view.positions.get(seen.account)):
        yield PositionSeen(
            time=time,
            market=seen.market,
            account=seen.account,
            collateral=seen.collateral,
            debt=seen.debt,
            custody="vault",
        )
    loose = vault["loose"]
    for asset in sorted(loose.keys() | seen.balances.keys()):
        units = seen.balances.get(asset, 0)
        if units != loose.get(asset, 0):
            yield VaultBalance(time=time, account=seen.account, asset=asset, units=units)


def _state_of(seen: Seen) -> tuple[str, str]:
    return ("sound", "") if seen.fault is None else ("unsound", seen.fault)


BOT = Bot(turn=11, name="vaults", watches="orders on vaults, and what came to them", observe=observe, plan=plan)
