"""All bots, sorted by name."""

from __future__ import annotations

from bsip_mplp.bots import auctioneer, bonds, carrier, collector, committee, dividends, inbox, payouts, watcher
from bsip_mplp.bots.bot import Bot

BOTS: tuple[Bot, ...] = (
    auctioneer.BOT,
    bonds.BOT,
    carrier.BOT,
    collector.BOT,
    committee.BOT,
    dividends.BOT,
    inbox.BOT,
    payouts.BOT,
    watcher.BOT,
)
