"""The collector: it brings the time when interest, the end of a term, a held trigger or a feed's expiry is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsip_mplp.bots import due
from bsip_mplp.bots.bot import Bot
from bsip_mplp.rules.schedule import DueKind

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk

SHARED = (DueKind.SHARED_INTEREST, DueKind.SHARED_LEAVING, DueKind.SHARED_CALL)
KINDS = (DueKind.FEED_EXPIRY, DueKind.HOLD, DueKind.CURE, DueKind.INTEREST, DueKind.END, *SHARED)


def observe(desk: Desk) -> due.View:
    """Look at the ledger's calendar."""
    return due.look(desk, KINDS)


BOT = Bot(turn=4, name="collector", watches="interest, terms, triggers, feeds' expiry", observe=observe, plan=due.plan)
