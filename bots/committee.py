"""The committee: it hands in the changes of parameters that `mplp params` queued, each once, at the ledger's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsip_mplp.bots.actions import Take
from bsip_mplp.bots.bot import Bot
from bsip_mplp.keeper import changes
from bsip_mplp.rules.inputs import ParametersChanged

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


@dataclass(frozen=True, slots=True)
class View:
    """The ledger's clock, and the changes that are queued and did not count yet."""

    time: int | None = None
    waiting: Sequence[changes.Change] = ()


def observe(desk: Desk) -> View:
    """Read the queue; nothing is read from the chain."""
    cursor = desk.journal.cursor()
    return View(None if cursor is None else cursor.time, changes.waiting(desk.journal))


def plan(view: View) -> tuple[Take, ...]:
    """All that waits, in the order in which it was queued."""
    if view.time is None or not view.waiting:
        return ()
    items = tuple(
        ParametersChanged(time=view.time, market=one.market, changes=one.changes, source=one.source)
        for one in view.waiting
    )
    return (Take(items),)


BOT = Bot(turn=3, name="committee", watches="queued changes of parameters", observe=observe, plan=plan)
