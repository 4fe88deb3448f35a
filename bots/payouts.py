"""Payouts: it looks at the open orders and has them paid, a few at a time, each exactly once.

What puts bonds on the chain is ordered and carried out in the same way (PL-43).

What is over the operator's limits, and what the reserve for fees can't carry, waits; `mplp health` says so. Nothing is
begun before ledger and chain were compared since the keeper started, nor while they differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bsip_mplp.bots.actions import Action, HoldBack, Pay, Warn
from bsip_mplp.bots.bot import Bot
from bsip_mplp.journal import read
from bsip_mplp.money import SECONDS_PER_DAY

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


KINDS: Final = ("payout", "bond_asset", "bond_issue", "bond_pay")
"""The orders that are carried out here: payouts, and what puts bonds on the chain (PL-43)."""


@dataclass(frozen=True, slots=True)
class View:
    """The open orders, oldest first; which of them are under way; the limits and the reserve in smallest units.

    `day_left_units` is what the day's limits leave, by asset; `hold` says why nothing may be begun.
    """

    time: int | None = None
    orders: Sequence[read.Ordered] = ()
    under_way: frozenset[int] = frozenset()
    most_per_run: int = 1
    largest_units: Mapping[str, int] = field(default_factory=dict)
    reserve_units: int = 0
    day_left_units: Mapping[str, int] = field(default_factory=dict)
    hold: str | None = None


def observe(desk: Desk) -> View:
    """Read open orders, attempts that may still count, limits and reserve; the chain is asked when they are paid."""
    cursor, payouts = desk.journal.cursor(), desk.settings.payouts
    with desk.journal.reading() as connection:
        orders = [order for order in read.orders(connection, "open") if order.kind in KINDS]
        held = {found.asset: found.units for found in read.balances(connection, "operator")}
        precisions = {found.body["symbol"]: found.body["precision"] for found in read.objects(connection, "asset")}
    limits = {symbol: desk.settings.largest_units(symbol, precisions[symbol]) for symbol in precisions}
    return View(
        time=None if cursor is None else cursor.time,
        orders=orders,
        under_way=frozenset(order.number for order in orders if is_under_way(desk, order.number)),
        most_per_run=payouts.most_per_run,
        largest_units={symbol: units for symbol, units in limits.items() if units is not None},
        day_left_units={} if cursor is None else _left_of_day(desk, precisions, cursor.time),
        reserve_units=held.get(desk.settings.chain.core_asset, 0),
        hold=desk.hold,
    )


def plan(view: View) -> tuple[Action, ...]:
    """What is under way goes on; of the rest the oldest are begun; what is over a limit is held back.

    While there is a `hold` nothing is begun, and what is under way is only looked after.

    Orders of other kinds are about positions whose custody is not this chain's, and are never paid out.
    """
    if view.time is None:
        return ()
    orders = [order for order in view.orders if order.kind in KINDS]
    under_way = [order for order in orders if order.number in view.under_way]
    waiting = [order for order in orders if order.number not in view.under_way]
    if view.hold is not None:
        told: tuple[Action, ...] = (Warn((f"{len(waiting)} payouts wait: {view.hold}",)),) if waiting else ()
        return (*told, Pay(tuple(under_way), view.time, view.reserve_units, view.hold)) if under_way else told
    held, fits = _within_limits(waiting, view)
    now = {order.number for order in (*under_way, *fits[: view.most_per_run])}
    pay = Pay(tuple(order for order in orders if order.number in now), view.time, view.reserve_units)
    return (*held, pay) if now else tuple(held)


def _within_limits(waiting: Sequence[read.Ordered], view: View) -> tuple[list[Action], list[read.Ordered]]:
    """What is over a limit, and what is not, oldest first; a large one doesn't keep a small one waiting."""
    left, held, fits = dict(view.day_left_units), list[Action](), list[read.Ordered]()
    for order in waiting:
        limit = view.largest_units.get(order.asset)
        if limit is not None and order.units > limit:
            held.append(HoldBack(order, limit))
        elif order.asset in left and order.units > left[order.asset]:
            held.append(HoldBack(order, left[order.asset], is_of_day=True))
        else:
            fits.append(order)
            if order.asset in left:
                left[order.asset] -= order.units
    return held, fits


def _left_of_day(desk: Desk, precisions: Mapping[str, int], time: int) -> dict[str, int]:
    """What may still be begun of each asset that has a limit of a day, counting the last 24 hours of chain time."""
    limits = {symbol: desk.settings.day_units(symbol, precisions[symbol]) for symbol in precisions}
    with desk.journal.reading() as connection:
        begun = read.begun_since(connection, time - SECONDS_PER_DAY)
    return {symbol: max(0, limit - begun.get(symbol, 0)) for symbol, limit in limits.items() if limit is not None}


def is_under_way(desk: Desk, number: int) -> bool:
    """Whether a transaction of the order was written down that may still count."""
    attempts = desk.journal.attempts(number)
    return bool(attempts) and attempts[-1].state != "expired"


BOT = Bot(turn=10, name="payouts", watches="open orders, and what became of them", observe=observe, plan=plan)
