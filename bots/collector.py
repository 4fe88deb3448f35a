"""The collector: it looks at the ledger's own calendar and brings the time when something is due.

What is due (interest, ends of terms, held triggers, expired feeds) the engine works off by itself, in its order (G-7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsip_mplp.bots.actions import Action, Take
from bsip_mplp.bots.bot import Bot
from bsip_mplp.rules.inputs import Tick

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


@dataclass(frozen=True, slots=True)
class View:
    """The ledger's clock (the time of the last irreversible block read), and when the next thing falls due."""

    time: int | None
    next_due: int | None


def observe(desk: Desk) -> View:
    """Look at the clock and the calendar; nothing is read from the chain."""
    cursor = desk.journal.cursor()
    return View(time=None if cursor is None else cursor.time, next_due=desk.intake.next_due())


def plan(view: View) -> tuple[Action, ...]:
    """One tick if anything is due, nothing otherwise."""
    if view.time is None or view.next_due is None or view.next_due > view.time:
        return ()
    return (Take((Tick(time=view.time),)),)


BOT = Bot(turn=3, name="collector", watches="what falls due: interest, terms, triggers", observe=observe, plan=plan)
