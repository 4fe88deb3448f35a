"""The nodes: it tells the operator which of them lie, lag or don't answer. They are left by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsip_mplp.bots.actions import Action, Warn
from bsip_mplp.bots.bot import Bot

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


@dataclass(frozen=True, slots=True)
class View:
    """The faults that were seen in the last minutes, a line each."""

    faults: tuple[str, ...] = ()


def observe(desk: Desk) -> View:
    """Look at what was noticed while nodes were asked; nothing is asked here."""
    return View(tuple(desk.node_faults()))


def plan(view: View) -> tuple[Action, ...]:
    """Tell them."""
    return (Warn(view.faults),) if view.faults else ()


BOT = Bot(turn=13, name="nodes", watches="faults of the nodes", observe=observe, plan=plan)
