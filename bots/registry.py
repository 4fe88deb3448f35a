"""All bots, sorted by name."""

from __future__ import annotations

from bsip_mplp.bots import (
    auctioneer,
    auditor,
    bonds,
    carrier,
    claimer,
    collector,
    committee,
    dividends,
    inbox,
    nodes,
    payouts,
    vaults,
    watcher,
)
from bsip_mplp.bots.bot import Bot

BOTS: tuple[Bot, ...] = (
    auctioneer.BOT,
    auditor.BOT,
    bonds.BOT,
    carrier.BOT,
    claimer.BOT,
    collector.BOT,
    committee.BOT,
    dividends.BOT,
    inbox.BOT,
    nodes.BOT,
    payouts.BOT,
    vaults.BOT,
    watcher.BOT,
)
