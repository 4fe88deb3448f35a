"""All bots, sorted by name."""

from __future__ import annotations

from bsip_mplp.bots import collector, inbox, payouts, watcher
from bsip_mplp.bots.bot import Bot

BOTS: tuple[Bot, ...] = (
    collector.BOT,
    inbox.BOT,
    payouts.BOT,
    watcher.BOT,
)
