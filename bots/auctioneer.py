"""The auctioneer: it brings the time when a round with bids closes, or an auction reaches its limit (PL-27, PL-33).

Rounds are counted on the chain's clock from the auction's opening, every 15 minutes by default. Which bid wins is
the engine's; what came of it stands in the log, in `mplp auctions`, and was told to those concerned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsip_mplp.bots import due
from bsip_mplp.bots.bot import Bot
from bsip_mplp.rules.schedule import DueKind

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


def observe(desk: Desk) -> due.View:
    """Look at the ledger's calendar for rounds."""
    return due.look(desk, (DueKind.ROUND,))


BOT = Bot(turn=5, name="auctioneer", watches="rounds of auctions that close", observe=observe, plan=due.plan)
