"""Positions: what is seen of them, and the order in which each is judged (PL-17, PL-18, PL-22, PL-23, PL-26)."""

from __future__ import annotations

from collections.abc import Callable

from bsip_mplp.market import Feed
from bsip_mplp.ratios import ratio_is_under
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.inputs import PositionSeen
from bsip_mplp.rules.loans import end_loan, falls_due
from bsip_mplp.rules.protection import disarm, place_in_index, run_of_position
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.state import Hold, Loan, Market, Position, Trigger

_TRIGGERS: tuple[tuple[Trigger, str], ...] = (("takeover", "PL-23"), ("auction", "PL-22"))
"""The triggers that must hold, in the order in which they are judged (PL-26), and their rules."""


def position_seen(book: Book, seen: PositionSeen) -> None:
    """A position as the chain has it: new, larger, smaller, or closed (PL-46, PL-51)."""
    if seen.market not in book.markets:
        raise Refused("PL-11", f"{seen.market} is no market here")
    position = book.position(seen.market, seen.account)
    if position is None:
        if not seen.debt:
            return
        position = _first_seen(book, seen)
    if not seen.debt:
        _closed(book, position)
        return
    smaller_debt = seen.debt < position.debt
    position.shrunk |= bool(position.loans) and (smaller_debt or seen.collateral < position.collateral)
    position.collateral, position.debt, position.custody = seen.collateral, seen.debt, seen.custody
    if position.state == "closed":
        position.state, position.state_rule = "free", "PL-46"
        book.event("PL-46", "position", position.key, "changed", was="closed", now="free")
    if smaller_debt:
        _cut_lp2(book, position)
    changed(book, position)
    book.look_at(position)
    run_of_position(book, position)


def _first_seen(book: Book, seen: PositionSeen) -> Position:
    number = len(book.position_keys)
    position = Position(seen.market, seen.account, number, seen.custody, seen.collateral, seen.debt)
    book.positions[seen.market, seen.account] = position
    book.position_keys.append((seen.market, seen.account))
    return position


def _closed(book: Book, position: Position) -> None:
    """PL-46: a position without debt ends all its loans, whatever the cause."""
    if position.state == "closed":
        return
    for loan in book.live_loans(position):
        end_loan(book, loan, "PL-46")
    for number in list(book.armed.get((position.market, position.account), ())):
        disarm(book, book.protections[number], "PL-46", "ended")
    book.event("PL-46", "position", position.key, "changed", was=position.state, now="closed")
    position.collateral = position.debt = 0
    position.state, position.state_rule = "closed", "PL-46"
    changed(book, position)
    book.look_at(position)


def _cut_lp2(book: Book, position: Position) -> None:
    """PL-51, PL-D9: `lp2` is cut to `D − 1`, newest loan first, in part where a part is enough."""
    for loan in reversed(book.live_loans(position)):
        excess = position.lp2 - (position.debt - 1)
        if excess <= 0:
            return
        if loan.asset == position.market:
            end_loan(book, loan, "PL-51", excess)


def changed(book: Book, position: Position) -> None:
    """Give a position its place in the indexes of its market, after anything that they order by has changed."""
    book.touch("position", position.key, position)
    market = book.markets[position.market]
    loans = book.live_loans(position)
    has_long, has_short = any(loan.long for loan in loans), any(not loan.long for loan in loans)
    own = (position.debt, position.collateral)
    combined = (position.debt - position.lp2, position.collateral + position.lp1)
    for index, stands, ratio in (
        (market.under_mssr, has_long, own),
        (market.under_mcr, has_long, combined),
        (market.under_lmcr, has_short, own),
        (market.under_floor, has_short, combined),
    ):
        if stands:
            index.put(position.account, *ratio)
        else:
            index.discard(position.account)
    place_in_index(book, position)


def look_for_triggered(book: Book, market: Market) -> None:
    """Have all positions looked at that the present feed can trigger, and those whose trigger is being held."""
    for account in market.watched:
        book.look_at(book.positions[market.name, account])
    feed = market.valid_feed
    if feed is None:
        return
    floor = max(market.parameters.floor_permille(feed), feed.mcr)
    for index, limit, combined in (
        (market.under_mssr, feed.mssr, False),
        (market.under_mcr, feed.mcr, True),
        (market.under_lmcr, market.parameters.lmcr, False),
        (market.under_floor, floor, True),
    ):
        for account in index.take(_is_under(book, market, feed, limit, combined)):
            book.look_at(book.positions[market.name, account])


def _is_under(book: Book, market: Market, feed: Feed, limit: int, combined: bool) -> Callable[[str], bool]:
    def is_under(account: str) -> bool:
        position = book.positions[market.name, account]
        lp1, lp2 = (position.lp1, position.lp2) if combined else (0, 0)
        return ratio_is_under(position.collateral + lp1, position.debt - lp2, feed.price, limit)

    return is_under


def look(book: Book, position: Position) -> None:
    """PL-26: takeover, auction, end of short loans; again without the ended loans, until nothing changes."""
    market = book.markets[position.market]
    feed = market.valid_feed
    while feed is not None and position.loans:
        _judge_holds(book, market, position, feed)
        ending = [
            (loan, rule) for loan in book.live_loans(position) if (rule := _short_ends(market, position, loan, feed))
        ]
        if not ending:
            break
        for loan, rule in ending:
            end_loan(book, loan, rule)
    if not any(loan.long for loan in book.live_loans(position)):
        _drop_long(book, market, position)
    changed(book, position)


def _short_ends(market: Market, position: Position, loan: Loan, feed: Feed) -> str:
    """The rule by which a short loan ends at this feed, or nothing."""
    if loan.long:
        return ""
    if ratio_is_under(position.collateral, position.debt, feed.price, market.parameters.lmcr):
        return "PL-17"
    floor = max(min(loan.floor, market.parameters.floor_permille(feed)), feed.mcr)  # PL-D41, PL-D57
    if ratio_is_under(position.collateral + position.lp1, position.debt - position.lp2, feed.price, floor):
        return "PL-18"
    return ""


def _judge_holds(book: Book, market: Market, position: Position, feed: Feed) -> None:
    """PL-22, PL-23, PL-25: begin, go on with, or drop what must hold for `trigger_hold`."""
    has_long = any(loan.long for loan in book.live_loans(position))  # PL-D13
    combined = (position.collateral + position.lp1, position.debt - position.lp2)
    is_true = {
        "takeover": has_long and ratio_is_under(position.collateral, position.debt, feed.price, feed.mssr),
        "auction": has_long and ratio_is_under(*combined, feed.price, feed.mcr),
    }
    for detail, (trigger, _) in enumerate(_TRIGGERS):
        hold = position.holds.get(trigger)
        if not is_true[trigger]:
            position.holds.pop(trigger, None)
        elif trigger not in position.due:
            if hold is None:
                hold = position.holds[trigger] = Hold(market.parameters.trigger_hold, None)
            if hold.since is None:
                hold.since = book.now
                book.schedule.add(DueItem(book.now + hold.remaining, DueKind.HOLD, position.number, detail))
    _watch(market, position)


def _watch(market: Market, position: Position) -> None:
    if position.holds:
        market.watched.add(position.account)
    else:
        market.watched.discard(position.account)


def _drop_long(book: Book, market: Market, position: Position) -> None:
    """PL-D13: without a live long loan nothing is held and nothing is due."""
    if position.due:
        book.event("PL-27", "position", position.key, "nothing due")
    position.holds.clear()
    position.due.clear()
    _watch(market, position)


def pause_holds(book: Book, market: Market) -> None:
    """PL-D59: without a valid feed held time stands still."""
    for account in market.watched:
        position = book.positions[market.name, account]
        for hold in position.holds.values():
            if hold.since is not None:
                hold.remaining -= book.now - hold.since
                hold.since = None
        book.touch("position", position.key, position)


def hold_is_complete(book: Book, number: int, detail: int) -> None:
    """PL-25: a trigger has held long enough; an auction or a takeover falls due."""
    position = book.positions[book.position_keys[number]]
    trigger, rule = _TRIGGERS[detail]
    hold = position.holds.get(trigger)
    if hold is None or hold.since is None or hold.since + hold.remaining != book.now:
        return
    del position.holds[trigger]
    _watch(book.markets[position.market], position)
    falls_due(book, position, trigger, rule)
