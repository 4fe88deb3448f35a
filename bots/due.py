"""Bringing the time when something is due. What is due the engine works off by itself, all in its order (G-7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsip_mplp.bots.actions import Action, Take
from bsip_mplp.rules.inputs import Tick
from bsip_mplp.rules.schedule import DueKind

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


@dataclass(frozen=True, slots=True)
class View:
    """The ledger's clock (the time of the last irreversible block read), and when the next thing falls due."""

    time: int | None
    next_due: int | None


def look(desk: Desk, kinds: Collection[DueKind]) -> View:
    """Look at the clock and at the calendar for some kinds of things; nothing is read from the chain."""
    cursor = desk.journal.cursor()
    return View(time=None if cursor is None else cursor.time, next_due=desk.intake.next_due(kinds))


def plan(view: View) -> tuple[Action, ...]:
    """One tick if anything is due, nothing otherwise."""
    if view.time is None or view.next_due is None or view.next_due > view.time:
        return ()
    return (Take((Tick(time=view.time),)),)
