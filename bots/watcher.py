"""The watcher: it looks at the feed of each market and at each position that matters, and reports what changed.

Feeds and positions are read from the node's head and dated with the ledger's clock, so that inputs never go back in
time. What could not be read is unknown and is left as it was, never taken for zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bsip_mplp.bots.actions import Action, Take
from bsip_mplp.bots.bot import Bot
from bsip_mplp.rules.inputs import FeedSeen, Input, PositionSeen

if TYPE_CHECKING:
    from bsip_mplp.keeper.desk import Desk


@dataclass(frozen=True, slots=True)
class View:
    """What the ledger saw last, and what the chain shows now."""

    known_feeds: Mapping[str, FeedSeen] = field(default_factory=dict)
    known_positions: Mapping[tuple[str, str], PositionSeen] = field(default_factory=dict)
    feeds: Sequence[FeedSeen] = ()
    positions: Sequence[PositionSeen] = ()


def observe(desk: Desk) -> View:
    """Read every market's feed, and the positions of all accounts that have something at stake, in batches."""
    cursor = desk.journal.cursor()
    if cursor is None:
        return View()
    seen = desk.intake.sightings
    return View(
        known_feeds=dict(seen.feeds),
        known_positions=dict(seen.positions),
        feeds=desk.read_feeds(seen.markets, cursor.time),
        positions=desk.read_positions(seen.watched(), cursor.time),
    )


def plan(view: View) -> tuple[Action, ...]:
    """Feeds that changed, their expiry included, then positions that changed; feeds first, as triggers need them."""
    inputs: tuple[Input, ...] = (
        *changed_feeds(view.feeds, view.known_feeds),
        *changed_positions(view.positions, view.known_positions),
    )
    return (Take(inputs),) if inputs else ()


def changed_feeds(feeds: Sequence[FeedSeen], known: Mapping[str, FeedSeen]) -> tuple[FeedSeen, ...]:
    """The feeds that say something else than the ledger knows; a market without a feed is news only once."""
    return tuple(feed for feed in feeds if not _says_the_same(feed, known.get(feed.market)))


def changed_positions(
    positions: Sequence[PositionSeen], known: Mapping[tuple[str, str], PositionSeen]
) -> tuple[PositionSeen, ...]:
    """The positions that changed; one that never was and has no debt is no news."""
    found = []
    for position in positions:
        before = known.get((position.market, position.account))
        if before is None and not position.debt:
            continue
        if before is None or (before.collateral, before.debt) != (position.collateral, position.debt):
            found.append(position)
    return tuple(found)


def _says_the_same(feed: FeedSeen, known: FeedSeen | None) -> bool:
    return known is not None and replace(feed, time=known.time, source=known.source) == known


BOT = Bot(turn=2, name="watcher", watches="feeds and positions on the chain", observe=observe, plan=plan)
