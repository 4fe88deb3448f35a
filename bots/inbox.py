"""The inbox: it reads irreversible blocks for transfers to the pool's account, and moves the ledger's clock.

A request to borrow, or to take part in a shared pool, is judged by the position as it is. So the position of each one
who asks, and the feed of the market, are looked at first and stand before the request in the same batch. What is asked
of a vault is judged by the feed, too; its position counts as the ledger has it (V-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bsip_mplp.bots.actions import Action, Take
from bsip_mplp.bots.bot import Bot
from bsip_mplp.bots.watcher import changed_feeds, changed_positions
from bsip_mplp.journal import Cursor
from bsip_mplp.rules.inputs import Borrow, Deposit, FeedSeen, Hold, Input, PositionSeen, Protect
from bsip_mplp.rules.vault_asks import VaultDraw, VaultOpen, VaultTake

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk

OfAPosition = Borrow | Protect | Hold
"""Requests that are about the position of who asks, or of the account that they name."""

JUDGED: Final = (Borrow, Protect, Hold, VaultOpen, VaultDraw, VaultTake)
"""What is judged by the feed."""


@dataclass(frozen=True, slots=True)
class View:
    """What came in, up to which block, and what is known and seen of those who ask to borrow."""

    came: Sequence[Deposit] = ()
    cursor: Cursor | None = None
    was: Cursor | None = None
    known_feeds: Mapping[str, FeedSeen] = field(default_factory=dict)
    known_positions: Mapping[tuple[str, str], PositionSeen] = field(default_factory=dict)
    feeds: Sequence[FeedSeen] = ()
    positions: Sequence[PositionSeen] = ()


def observe(desk: Desk) -> View:
    """Read on from the cursor, and look at the positions of those who ask to borrow."""
    was = desk.journal.cursor()
    if was is None:
        return View()
    reading = desk.read_inbox(was)
    came, time = reading.deposits, max(reading.time, was.time)
    cursor = Cursor(reading.block, time, reading.operation, reading.block_id)
    asking = sorted({_meant(item.ask, item.account) for item in came if isinstance(item.ask, OfAPosition)})
    seen = desk.intake.sightings
    known_asking = [
        (market, account) for market, account in asking if market in seen.markets and account not in seen.vaults
    ]
    judged = {item.ask.market for item in came if isinstance(item.ask, JUDGED)}
    markets = {market: core for market, core in seen.markets.items() if market in judged}
    return View(
        came=came,
        cursor=cursor,
        was=was,
        known_feeds=dict(seen.feeds),
        known_positions=dict(seen.positions),
        feeds=desk.read_feeds(markets, cursor.time, whole=True),
        positions=desk.read_positions_of(known_asking, cursor.time, whole=True),
    )


def plan(view: View) -> tuple[Action, ...]:
    """All that came in and the cursor behind it, in one step; nothing if the chain did not go on."""
    if view.cursor is None or view.cursor == view.was:
        return ()
    return (Take(tuple(_in_order(view)), view.cursor),)


def _in_order(view: View) -> Iterator[Input]:
    """The deposits in the chain's order; what was seen stands right before the first request that needs it."""
    feeds = {feed.market: feed for feed in changed_feeds(view.feeds, view.known_feeds)}
    positions = {(p.market, p.account): p for p in changed_positions(view.positions, view.known_positions)}
    for item in view.came:
        if isinstance(item.ask, JUDGED):
            feed, position = feeds.pop(item.ask.market, None), None
            if isinstance(item.ask, OfAPosition):
                position = positions.pop(_meant(item.ask, item.account), None)
            yield from (replace(seen, time=item.time) for seen in (feed, position) if seen is not None)
        yield item


def _meant(ask: OfAPosition, account: str) -> tuple[str, str]:
    """The market and the account on the chain of the position that a request is for: one won may be another's."""
    return ask.market, ask.position or account


BOT = Bot(turn=1, name="inbox", watches="transfers to the pool's account", observe=observe, plan=plan)
