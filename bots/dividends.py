"""Dividends: once a week, counted from a market's start, it brings the time when they are paid (PL-41)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsip_mplp.bots import due
from bsip_mplp.bots.bot import Bot
from bsip_mplp.rules.schedule import DueKind

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


def observe(desk: Desk) -> due.View:
    """Look at the ledger's calendar for dates of dividends."""
    return due.look(desk, (DueKind.DIVIDEND,))


BOT = Bot(turn=8, name="dividends", watches="weekly dates of dividends", observe=observe, plan=due.plan)
