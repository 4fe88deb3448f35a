"""The auditor: it compares what the ledger owes with what the pool's account holds, at an irreversible block.

While the two differ payouts stop; deposits still count. A difference that transactions waiting for a block may explain
is looked at again first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsip_mplp.bots.actions import Action, Judge
from bsip_mplp.bots.bot import Bot
from bsip_mplp.keeper.audit import Audit

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


@dataclass(frozen=True, slots=True)
class View:
    """What was found; None where there is no pool account, or nothing was read from the chain yet."""

    audit: Audit | None = None


def observe(desk: Desk) -> View:
    """Read balances and recent movements from the chain, and what the ledger owes."""
    return View(desk.audit())


def plan(view: View) -> tuple[Action, ...]:
    """Keep what was found."""
    return () if view.audit is None else (Judge(view.audit),)


BOT = Bot(turn=9, name="auditor", watches="what is owed against what is held", observe=observe, plan=plan)
