"""Positions: what is seen of them, and the order in which each is judged (PL-17, PL-18, PL-22, PL-23, PL-26)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from bsip_mplp.market import Feed
from bsip_mplp.ratios import PERMILLE, ratio_is_under
from bsip_mplp.rules import auctions, carrying, shared_pool
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.inputs import PositionSeen
from bsip_mplp.rules.loans import end_loan
from bsip_mplp.rules.protection import disarm_all, place_in_index, run_of_position
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.state import CARRIED, Hold, Loan, Market, Position, Trigger
from bsip_mplp.rules.triggers import TriggerIndex, order_key

_TRIGGERS: tuple[Trigger, ...] = ("takeover", "auction", "floor", "cure")
"""What must hold for `trigger_hold`, in the order of PL-D10 and PL-D56."""

_Limit = tuple[Trigger, tuple[int, int], int | Fraction, bool]


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
        _closed(book, position, seen.collateral)
        return
    position.custody = seen.custody
    figures_change(book, position, seen.collateral, seen.debt)


def figures_change(book: Book, position: Position, collateral: int, debt: int) -> None:
    """The own collateral and debt of an open position are now these; what follows from that for its loans."""
    smaller_debt = debt < position.debt
    was_under_mcr, was_smaller = _is_under_mcr(book, position), (position.collateral, -position.debt)
    position.shrunk |= bool(position.loans) and (smaller_debt or collateral < position.collateral)
    shared_pool.position_changes(book, position, collateral, debt)
    if position.state == "closed":
        book.change_state(position, "free", "PL-46")
    if smaller_debt:
        _cut_lp2(book, position)
    if was_under_mcr and (position.collateral > was_smaller[0] or -position.debt > was_smaller[1]):
        _cure_at_once(book, position)
    changed(book, position)
    book.look_at(position)
    run_of_position(book, position)


def _first_seen(book: Book, seen: PositionSeen) -> Position:
    number = len(book.position_keys)
    position = Position(
        seen.market, seen.account, number, seen.custody, seen.collateral, seen.debt, holder=seen.account
    )
    book.positions[seen.market, seen.account] = position
    book.held.setdefault((seen.market, seen.account), {})[seen.account] = None
    book.position_keys.append((seen.market, seen.account))
    return position


def _closed(book: Book, position: Position, left_units: int) -> None:
    """PL-46: a position without debt ends its auction and all its loans, whatever the cause.

    One cause is the chain's own call, at `CR ≤ MCR`: a position without a loan is its to call (PL-20, PL-D43).
    """
    if position.state == "closed":
        return
    if position.auction is not None:
        auctions.end_auction(book, position, "PL-46")
    shared_pool.position_closed(book, position, left_units)
    for loan in book.live_loans(position):
        end_loan(book, loan, "PL-46")
    disarm_all(book, position, "PL-46")
    if position.state in CARRIED:
        carrying.position_closed(book, position, left_units)
    _back_to_its_account(book, position)
    position.collateral = position.debt = 0
    position.holds.clear()
    book.change_state(position, "closed", "PL-46")
    changed(book, position)


def _back_to_its_account(book: Book, position: Position) -> None:
    """What is opened anew on the chain is nobody's but the account's."""
    del book.held[position.market, position.holder][position.account]
    position.holder, position.rest_until = position.account, 0
    book.held.setdefault((position.market, position.account), {})[position.account] = None


def _cut_lp2(book: Book, position: Position) -> None:
    """PL-51, PL-D9: `lp2` is cut to `D − 1`, newest loan first, in part where a part is enough."""
    for loan in reversed(book.live_loans(position)):
        excess = position.lp2 - (position.debt - 1)
        if excess > 0 and loan.asset == position.market:
            end_loan(book, loan, "PL-51", excess)
    carrying.cut_risk_lp2(book, position, max(0, position.lp2 - (position.debt - 1)))


def _is_under_mcr(book: Book, position: Position) -> bool:
    market = book.markets[position.market]
    feed, (collateral, debt) = market.valid_feed, (position.collateral + position.lp1, position.owed_units)
    return feed is not None and ratio_is_under(collateral, debt, feed.price, market.auction_limit(position, feed))


def _cure_at_once(book: Book, position: Position) -> None:
    """PL-D56: a cure is held at once if added collateral or paid debt made it true at a price that itself has held."""
    market = book.markets[position.market]
    price_has_held = book.now - market.price_since >= market.parameters.trigger_hold
    if position.state == "in_auction" and price_has_held and not _is_under_mcr(book, position):
        position.cure_held = True


def changed(book: Book, position: Position) -> None:
    """Give a position its place in the indexes of its market, after anything that they order by has changed."""
    book.touch("position", position.key, position)
    _put_in_order(book, position)
    place_in_index(book, position)
    shared_pool.position_looked_at(book, position)


def _put_in_order(book: Book, position: Position) -> None:
    market = book.markets[position.market]
    lengths = {loan.long for loan in book.live_loans(position)}
    has_long, has_short = True in lengths, False in lengths
    own = (position.debt, position.collateral)
    combined = (position.debt - position.lp2, position.collateral + position.lp1)
    in_vault, carried = position.custody == "vault", position.state in CARRIED
    held = _is_held(position)
    # where the shared pool adds to LCR it has the position looked at whenever what it adds is another
    by_feed_alone = position.participant is None or not position.participant.served
    unwinds = bool(position.unwinding) and position.state != "closed"
    by = None if held else (own, combined, has_long, has_short, in_vault, unwinds, by_feed_alone)
    if by is not None and by == position.placed_by:
        return
    position.placed_by = by
    for index, stands, ratio in (
        (market.under_mssr, has_long and not held, own),
        (market.under_mcr, has_long and not held and not in_vault and by_feed_alone, combined),
        (market.vaults_under, has_long and not held and in_vault, combined),
        (market.homeward, unwinds, combined[::-1]),
        (market.under_lmcr, has_short and not carried, own),
        (market.under_floor, has_short and not carried and by_feed_alone, combined),
    ):
        if stands:
            index.put(position.account, *ratio)
        else:
            index.discard(position.account)
    _put_between(market, position, held)


def _is_held(position: Position) -> bool:
    """Whether something is true of a position already, or may come true only of what is in an auction or carried."""
    return bool(position.holds) or position.auction is not None or position.state in CARRIED


def _put_between(market: Market, position: Position, held: bool) -> None:
    """Have a position that is held found by the first feed that makes another thing true of it, falling or rising."""
    feed, falls, rises = market.valid_feed, [], []
    if held and feed is not None and position.account not in market.restless:
        limits = [(ratio, limit) for _, ratio, limit, _ in _limits(market, position, feed)]
        found = [(ratio, limit, ratio_is_under(*ratio, feed.price, limit)) for ratio, limit in limits]
        if position.state in CARRIED:
            own = (position.collateral, position.debt)
            found = [(own, market.parameters.lmcr, not carrying.is_over_lmcr(position, market))]
        for (collateral, debt), limit, under in found:
            wanted, has = limit.numerator * debt, limit.denominator * PERMILLE * collateral
            if under:
                rises.append(order_key(has, wanted))
            else:
                falls.append(order_key(wanted, has))
    for index, keys in ((market.falls, falls), (market.rises, rises)):
        if keys:
            index.put_at(position.account, max(keys))
        else:
            index.discard(position.account)


def look_for_triggered(book: Book, market: Market) -> None:
    """Have all positions looked at that the present feed can trigger, or for which something ceases to be true."""
    moved = sorted(account for name, account in book.to_look_at if name == market.name)
    feed = market.valid_feed
    by = None if feed is None else (feed.mcr, feed.mssr, feed.icr, market.parameters)
    if by is None or by != market.judged_by:  # other limits: all that was put between two prices by the old ones
        market.judged_by = by
        for account in (*market.watched, *market.carried):
            book.look_at(book.positions[market.name, account])
        shared_pool.look_at_all_with_loans(book, market)
    if feed is None:
        return
    for account in moved:  # by an armed request that ran just now, say; all others stand where they were put last
        _put_in_order(book, book.positions[market.name, account])
    if market.carried or market.claims:
        book.to_serve.add(market.name)
    floor = max(market.parameters.floor_permille(feed), feed.mcr)
    limits: tuple[tuple[TriggerIndex[str], int | Fraction, bool], ...] = (
        (market.under_mssr, feed.mssr, False),
        (market.under_mcr, feed.mcr, True),
        (market.under_lmcr, market.parameters.lmcr, False),
        (market.under_floor, floor, True),
    )
    if len(market.vaults_under):
        limits += ((market.vaults_under, market.parameters.buffered(feed.mcr), True),)
    found = [
        account
        for index, limit, combined in limits
        for account in index.take(_is_under(book, market, feed, limit, combined))
    ]
    found += market.homeward.take(_may_go_home(book, market, feed))
    found += market.falls.take_from(order_key(feed.price.bitasset, feed.price.core))
    found += market.rises.take_from(order_key(feed.price.core, feed.price.bitasset))
    for account in found:
        book.positions[market.name, account].placed_by = None
    for account in (*market.restless, *found):
        book.look_at(book.positions[market.name, account])


def _may_go_home(book: Book, market: Market, feed: Feed) -> Callable[[str], bool]:
    """V-5: whether a feed may let home what is lent to a vault: by its ratio, or by working capital."""
    capital = book.ledger.balance(f"risk/{market.name}", market.name)
    limit = feed.mssr if capital else feed.icr

    def may_go(account: str) -> bool:
        position = book.positions[market.name, account]
        collateral, debt = position.collateral + position.lp1, position.debt - position.lp2
        return not ratio_is_under(collateral, debt, feed.price, limit)

    return may_go


def _is_under(book: Book, market: Market, feed: Feed, limit: int | Fraction, combined: bool) -> Callable[[str], bool]:
    def is_under(account: str) -> bool:  # without what the shared pool adds: the index is ordered without it
        position = book.positions[market.name, account]
        lp1, lp2 = (position.lp1, position.lp2) if combined else (0, 0)
        return ratio_is_under(position.collateral + lp1, position.debt - lp2, feed.price, limit)

    return is_under


def look(book: Book, position: Position) -> None:
    """PL-26: takeover, auction, end of short loans; again without the ended loans, until nothing changes."""
    market = book.markets[position.market]
    feed = market.valid_feed
    if position.state in CARRIED:
        book.to_serve.add(market.name)  # what it lacks may be another now (PL-37)
        carrying.look_at_carried(book, position)
    while feed is not None and position.loans and position.state not in CARRIED:
        ending = [
            (loan, rule)
            for loan in book.live_loans(position)
            if not loan.long and (rule := _short_ends(market, position, loan, feed))
        ]
        if not ending:
            break
        for loan, rule in ending:
            end_loan(book, loan, rule)
    if position.auction is not None and not _has_long(book, position):
        auctions.call_off(book, position)
    if feed is not None or not _has_long(book, position):
        _judge_holds(book, market, position, feed)
    auctions.try_cure(book, position)
    _watch(book, market, position)
    changed(book, position)


def _has_long(book: Book, position: Position) -> bool:
    return any(loan.long for loan in book.live_loans(position))


def _short_ends(market: Market, position: Position, loan: Loan, feed: Feed) -> str:
    """The rule by which a short loan ends at this feed, or nothing (PL-17, PL-18)."""
    if ratio_is_under(position.collateral, position.debt, feed.price, market.parameters.lmcr):
        return "PL-17"
    floor = max(min(loan.floor, market.parameters.floor_permille(feed)), feed.mcr)  # PL-D41, PL-D57
    if ratio_is_under(position.collateral + position.lp1, position.owed_units, feed.price, floor):
        return "PL-18"
    return ""


def _judge_holds(book: Book, market: Market, position: Position, feed: Feed | None) -> None:
    """PL-22, PL-23, PL-49, PL-25: begin, go on with, or drop what must hold for `trigger_hold`."""
    true = _true_triggers(book, position, feed) if feed is not None else set()
    if "cure" not in true:
        position.cure_held = False
    if not true and not position.holds:
        return
    for detail, trigger in enumerate(_TRIGGERS):
        hold = position.holds.get(trigger)
        if trigger not in true or (trigger == "cure" and position.cure_held):
            position.holds.pop(trigger, None)
            continue
        if hold is None:
            hold = position.holds[trigger] = Hold(market.parameters.trigger_hold, None)
        if hold.since is None:
            rests = trigger in ("takeover", "auction")
            hold.since = max(book.now, position.rest_until) if rests else book.now  # PL-D12
            kind = DueKind.CURE if trigger == "cure" else DueKind.HOLD
            book.schedule.add(DueItem(hold.since + hold.remaining, kind, position.number, detail))


def _true_triggers(book: Book, position: Position, feed: Feed) -> set[Trigger]:
    """What is true of a position at this feed, in the state it is in."""
    if not _has_long(book, position):  # PL-D13
        return set()
    limits = _limits(book.markets[position.market], position, feed)
    return {trigger for trigger, ratio, limit, under in limits if ratio_is_under(*ratio, feed.price, limit) is under}


def _limits(market: Market, position: Position, feed: Feed) -> tuple[_Limit, ...]:
    """What can be true of a position in the state it is in: that a ratio is under a limit, or is not (False)."""
    own = (position.collateral, position.debt)
    takeover: _Limit = ("takeover", own, feed.mssr, True)  # PL-23
    floor: _Limit = ("floor", own, market.parameters.auction_floor, True)  # PL-49, PL-D48
    if position.state == "taken_over":
        return (floor,)
    if position.state not in ("protected", "in_auction"):
        return ()
    combined = (position.collateral + position.lp1, position.owed_units)
    limit = market.auction_limit(position, feed)
    if position.state == "protected":
        return takeover, ("auction", combined, limit, True)  # PL-22
    return takeover, floor, ("cure", combined, limit, False)  # PL-D56


def _watch(book: Book, market: Market, position: Position) -> None:
    """Keep whose trigger is held or who is in an auction, and whom every feed may bring something."""
    watched = bool(position.holds) or position.auction is not None
    restless = watched and auctions.only_lacks_interest(book, position)
    if position.custody == "vault":  # V-5, V-7, V-9: what is ordered for a vault is reckoned at the feed
        restless = watched or position.state in CARRIED
    for accounts, stands in ((market.watched, watched), (market.restless, restless)):
        if stands:
            accounts.add(position.account)
        else:
            accounts.discard(position.account)


def pause_holds(book: Book, market: Market) -> None:
    """PL-D59: without a valid feed held time stands still."""
    market.judged_by = None
    for account in market.watched:
        position = book.positions[market.name, account]
        for hold in position.holds.values():
            if hold.since is not None:
                hold.remaining -= max(0, book.now - hold.since)
                hold.since = None
        book.touch("position", position.key, position)


def hold_is_complete(book: Book, number: int, detail: int) -> None:
    """PL-25: a trigger has held long enough."""
    position = book.positions[book.position_keys[number]]
    trigger = _TRIGGERS[detail]
    hold = position.holds.get(trigger)
    if hold is None or hold.since is None or hold.since + hold.remaining != book.now:
        return
    del position.holds[trigger]
    match trigger:
        case "takeover":
            auctions.take_over(book, position)
        case "auction":
            auctions.open_auction(book, position, "in_auction", "PL-22")
        case "floor":
            auctions.carry(book, position, "PL-49")
        case "cure":
            position.cure_held = True
    book.look_at(position)
