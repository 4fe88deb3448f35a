"""Payouts: it looks at the open orders and has them paid, a few at a time, each exactly once.

What is over the operator's limit, and what the reserve for fees can't carry, waits; `mplp health` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bsip_mplp.bots.actions import Action, HoldBack, Pay
from bsip_mplp.bots.bot import Bot
from bsip_mplp.journal import read

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


PAYOUT: Final = "payout"


@dataclass(frozen=True, slots=True)
class View:
    """The open orders, oldest first; which of them are under way; the limits and the reserve in smallest units."""

    time: int | None = None
    orders: Sequence[read.Ordered] = ()
    under_way: frozenset[int] = frozenset()
    most_per_run: int = 1
    largest_units: Mapping[str, int] = field(default_factory=dict)
    reserve_units: int = 0


def observe(desk: Desk) -> View:
    """Read open orders, attempts that may still count, limits and reserve; the chain is asked when they are paid."""
    cursor, payouts = desk.journal.cursor(), desk.settings.payouts
    with desk.journal.reading() as connection:
        orders = [order for order in read.orders(connection, "open") if order.kind == "payout"]
        held = {found.asset: found.units for found in read.balances(connection, "operator")}
        precisions = {found.body["symbol"]: found.body["precision"] for found in read.objects(connection, "asset")}
    limits = {symbol: desk.settings.largest_units(symbol, precisions[symbol]) for symbol in precisions}
    return View(
        time=None if cursor is None else cursor.time,
        orders=orders,
        under_way=frozenset(order.number for order in orders if _is_under_way(desk, order.number)),
        most_per_run=payouts.most_per_run,
        largest_units={symbol: units for symbol, units in limits.items() if units is not None},
        reserve_units=held.get(desk.settings.chain.core_asset, 0),
    )


def plan(view: View) -> tuple[Action, ...]:
    """What is under way goes on; of the rest the oldest are begun; what is over a limit is held back.

    Orders of other kinds are about positions whose custody is not this chain's, and are never paid out.
    """
    if view.time is None:
        return ()
    orders = [order for order in view.orders if order.kind == PAYOUT]
    held = tuple(order for order in orders if _is_over_limit(order, view) and order.number not in view.under_way)
    held_numbers = {order.number for order in held}
    waiting = [o for o in orders if o.number not in held_numbers and o.number not in view.under_way]
    begun = {order.number for order in waiting[: view.most_per_run]}
    now = tuple(order for order in orders if order.number in view.under_way or order.number in begun)
    actions: list[Action] = [HoldBack(order, view.largest_units[order.asset]) for order in held]
    if now:
        actions.append(Pay(now, view.time, view.reserve_units))
    return tuple(actions)


def _is_under_way(desk: Desk, number: int) -> bool:
    """Whether a transaction of the order was written down that may still count."""
    attempts = desk.journal.attempts(number)
    return bool(attempts) and attempts[-1].state != "expired"


def _is_over_limit(order: read.Ordered, view: View) -> bool:
    limit = view.largest_units.get(order.asset)
    return limit is not None and order.units > limit


BOT = Bot(turn=9, name="payouts", watches="open orders, and what became of them", observe=observe, plan=plan)
