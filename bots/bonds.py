"""Risk bonds: it brings the time when a series' window ends, and says while one is on offer how much lacks a buyer.

Offering, selling and redeeming are the engine's, in the step in which their cause arises (PL-37, PL-39).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsip_mplp.bots import due
from bsip_mplp.bots.actions import Action, Warn
from bsip_mplp.bots.bot import Bot
from bsip_mplp.journal import read
from bsip_mplp.money import format_units
from bsip_mplp.rules.book import show_time
from bsip_mplp.rules.schedule import DueKind

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


@dataclass(frozen=True, slots=True)
class OnOffer:
    """A series on offer; amounts in smallest units, `precision` that of its bitasset."""

    number: int
    market: str
    amount: int
    sold: int
    window_ends: int
    precision: int


@dataclass(frozen=True, slots=True)
class View:
    """The clock and the next end of a window, and what is on offer."""

    clock: due.View
    on_offer: Sequence[OnOffer] = ()


def observe(desk: Desk) -> View:
    """Look at the ledger's calendar for windows, and at the series on offer."""
    with desk.journal.reading() as connection:
        series = [found.body for found in read.objects(connection, "series") if found.body["on_offer"]]
        digits = {found.key: found.body["precision"] for found in read.objects(connection, "asset")} if series else {}
    fields = ("number", "market", "amount", "sold", "window_ends")
    on_offer = [OnOffer(**{name: one[name] for name in fields}, precision=digits[one["market"]]) for one in series]
    return View(due.look(desk, (DueKind.WINDOW,)), on_offer)


def plan(view: View) -> tuple[Action, ...]:
    """A tick when a window ends; while bonds lack buyers, a line for the operator, who is to find some."""
    open_now = [one for one in view.on_offer if one.sold < one.amount and one.window_ends > (view.clock.time or 0)]
    warning = (Warn(tuple(_line(one) for one in open_now)),) if open_now else ()
    return (*due.plan(view.clock), *warning)


def _line(one: OnOffer) -> str:
    lacks, amount = format_units(one.amount - one.sold, one.precision), format_units(one.amount, one.precision)
    return f"bond series {one.number}: {lacks} of {amount} {one.market} lack a buyer until {show_time(one.window_ends)}"


BOT = Bot(turn=7, name="bonds", watches="risk bonds on offer, and their windows", observe=observe, plan=plan)
