"""Who the shared pool serves, and how far: upper, lower, the least mcr (SP-1, SP-7, SP-8, SP-16).

A new price, a lender or a position changes four bounds in the order of debt per collateral; only positions between
where a bound was and where it is now are looked at. What a set of positions takes is `ΣD − x·ΣC`, from sums kept in
the tree, and each position's share of it is rounded up; so the true sum lies less than one unit per position over it.
Where a decision falls into that gap, and only there, the shares are added up one by one: up to `ADDED_UP` positions
every decision is exact. Of more, each counts with a unit for its rounding: nothing short of a look at each of them
could tell more. (With `x = 1/v` it would tell how many of any number of collaterals `v` divides.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

from bsip_mplp.ratios import PERMILLE, ratio_is_under
from bsip_mplp.rules import shared_accrual as accrual
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.ordered_sums import NOTHING, OrderedSums, Sums
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.shared_rates import icr_under, pool_misfit, rate_at
from bsip_mplp.rules.shared_state import KEY_BITS, Participant, SharedPool, key_of

ADDED_UP = 1000
"""Up to so many positions their rounded shares are added up; of more, a unit each stands for the rounding (SP-8)."""


class Bounds(NamedTuple):
    """The four bounds, as keys: served are those over `level` and up to `mcr`, and of lower those up to `end`."""

    level: int
    mcr: int
    end: int
    price: int


class Split(NamedTuple):
    """The pool's parts, in smallest units (lp1, lp2 and lp3 of the draft)."""

    lower: int
    upper: int
    available: int


def refresh(book: Book, pool: SharedPool) -> None:
    """Decide anew who is served, after anything that bears on it; the pool's sums go on from here."""
    accrual.advance(pool, book.now)
    by = (book.markets[pool.market].valid_feed, capacity(book, pool))
    if pool.dirty or by != pool.decided_by:
        _decide(book, pool)
        pool.decided_by = by
    if pool.to_call and not pool.broken:
        book.schedule.add(DueItem(book.now, DueKind.SHARED_CALL, pool.number))
    accrual.schedule_due(book, pool)
    book.touch("shared_pool", pool.market, pool)


def _decide(book: Book, pool: SharedPool) -> None:
    before = Bounds(pool.level_key, pool.mcr_key, pool.end_key, pool.price_key)
    _read_feed(book, pool)
    touched, placed = set(pool.dirty), list(pool.dirty)
    for number in placed:
        _place_in_order(pool, pool.by_number[number])
    pool.dirty.clear()
    if pool.price is None:
        return
    touched |= _hold_or_drop(pool, before.price)
    _set_end(book, pool, _set_level(book, pool))
    now = Bounds(pool.level_key, pool.mcr_key, pool.end_key, pool.price_key)
    touched |= _crossed(pool, before, now)
    judged = [pool.by_number[number] for number in sorted(touched) if number in pool.by_number]
    turned = {participant.number for participant in judged if _judge(book, pool, participant)}
    _set_rate(book, pool)
    accrual.guard_level(pool)
    for participant in judged:
        if participant.served or participant.number in turned:
            accrual.arm(participant)
    _look_at_loans(book, pool, turned.union(placed))


def _look_at_loans(book: Book, pool: SharedPool, changed: set[int]) -> None:
    """LCR counts what the pool adds: it is another for who is served, or no longer is.

    PL-18 and PL-22 do nothing where it is over both their limits. It is never under `p / x` for who is served, so
    most often one comparison says that of all for whom nothing holds yet, and who are in no auction. What goes by CR
    alone does not come from the pool, and is found by its index.
    """
    for number in changed & pool.with_loans.keys():
        book.look_at(pool.by_number[number].position)
    market = book.markets[pool.market]
    feed = market.valid_feed
    if feed is None:
        return
    limit, x = max(market.parameters.floor_permille(feed), feed.mcr), pool.level
    for account in market.watched:
        participant = book.positions[pool.market, account].participant
        if participant is not None and participant.served:
            book.look_at(participant.position)
    if not pool.scarce and x.numerator * limit * feed.price.core <= x.denominator * feed.price.bitasset * PERMILLE:
        return
    for number in pool.with_loans:
        participant = pool.by_number[number]
        position = participant.position
        if not participant.served:
            continue
        if ratio_is_under(position.collateral + position.lp1, position.owed_units, feed.price, limit):
            book.look_at(position)


def _read_feed(book: Book, pool: SharedPool) -> None:
    """SP-16: without a valid feed, or with `ICR ≤ MCR`, the last figures stand and nobody new is served."""
    feed = book.markets[pool.market].valid_feed
    was = pool.broken
    if feed is None:
        pool.broken = "the market has no valid feed"
    elif reason := pool_misfit(pool.parameters, feed):
        pool.broken = reason
    else:
        pool.broken = ""
        pool.price, pool.mcr, pool.icr = feed.price.as_fraction(), feed.mcr, icr_under(pool.parameters, feed)
        pool.price_key = key_of(feed.price.bitasset, feed.price.core)
        pool.mcr_key = key_of(feed.price.bitasset * PERMILLE, feed.price.core * feed.mcr)
    if pool.broken != was:
        what = "suspended" if pool.broken else "resumed"
        book.event("SP-16", "shared_pool", pool.market, what, reason=pool.broken)
        if pool.broken:
            book.notify("operator", "SP-16", f"The shared pool of {pool.market} serves nobody new: {pool.broken}.")


def _place_in_order(pool: SharedPool, participant: Participant) -> None:
    number, position = participant.number, participant.position
    if participant.call == "full":
        for index in (pool.everyone, pool.holding, pool.drops):
            index.discard(number)
        return
    sums = Sums(1, position.collateral, position.debt)
    pool.everyone.put(number, participant.key, NOTHING if participant.unpaid else sums)
    if participant.drop is None or participant.unpaid:
        pool.drops.discard(number)
        pool.holding.discard(number)
        return
    pool.drops.put(number, participant.drop)
    if participant.drop <= pool.price_key:
        pool.holding.put(number, participant.key, sums)
    else:
        pool.holding.discard(number)


def _hold_or_drop(pool: SharedPool, was: int) -> set[int]:
    """Positions whose own mcr begins or ceases to hold at the new price."""
    now, touched = pool.price_key, set()
    for _, number in list(pool.drops.between(min(was, now), max(was, now))):
        participant = pool.by_number[number]
        position = participant.position
        if now >= was:
            pool.holding.put(number, participant.key, Sums(1, position.collateral, position.debt))
        else:
            pool.holding.discard(number)
        touched.add(number)
    return touched


# --- the level of upper -----------------------------------------------------------------------------------


def capacity(book: Book, pool: SharedPool) -> int:
    """What the pool can serve with, in smallest units."""
    return book.ledger.balance(pool.account("pool"), pool.market)


def _set_level(book: Book, pool: SharedPool) -> Sums:
    """SP-7: to ICR if upper can be filled; otherwise to the one common level that the pool reaches. Gives upper."""
    units, price = capacity(book, pool), pool.price or Fraction(0)
    pool.scarce, pool.level = False, Fraction(price.numerator * PERMILLE, price.denominator * pool.icr)
    pool.level_key = key_of(pool.level.numerator, pool.level.denominator)
    to_mcr = pool.everyone.up_to(pool.mcr_key)
    upper = to_mcr.less(pool.everyone.up_to(pool.level_key))
    if fits(pool, upper, units, [(pool.everyone, pool.level_key, pool.mcr_key)]):
        return upper

    def is_out(sums: Sums, key: int) -> bool:
        if key > pool.mcr_key:
            return False
        over = to_mcr.less(sums)
        return (over.debt - units << KEY_BITS) >= key * over.collateral

    last = pool.everyone.last(is_out)
    raised = to_mcr if last is None else to_mcr.less(pool.everyone.up_to(last))
    mcr_level = price * PERMILLE / pool.mcr
    common = Fraction(raised.debt - units, raised.collateral) if raised.collateral else mcr_level
    pool.scarce, pool.level = True, max(pool.level, common)
    pool.level_key = key_of(pool.level.numerator, pool.level.denominator)
    return raised


def least_sum(pool: SharedPool, sums: Sums) -> int:
    """The least that positions with these sums can take of the pool: less than one unit each under what they take."""
    return sums.debt - sums.collateral * pool.level.numerator // pool.level.denominator


Range = tuple[OrderedSums, int, int]
"""A part of an index: over the first key, up to the second."""


def most_sum(pool: SharedPool, sums: Sums) -> int:
    """The most that positions with these sums can take: a unit for each but one more than the least."""
    return least_sum(pool, sums) + (0 if pool.scarce else max(0, sums.size - 1))


def fits(pool: SharedPool, sums: Sums, units: int, ranges: list[Range]) -> bool:
    """Whether the positions in some ranges, with these sums, take no more than `units`."""
    if least_sum(pool, sums) > units:
        return False
    return most_sum(pool, sums) <= units or taken(pool, sums, ranges) <= units


def taken(pool: SharedPool, sums: Sums, ranges: Iterable[Range]) -> int:
    """What the positions in some ranges, with these sums, take of the pool, in smallest units (SP-8)."""
    if sums.size > ADDED_UP:
        return most_sum(pool, sums)
    return sum(
        _extra(pool, pool.by_number[number])
        for index, over, up_to in ranges
        for _, number in index.between(over, up_to)
    )


def _extra(pool: SharedPool, participant: Participant) -> int:
    return 0 if participant.unpaid else pool.extra_of(participant.position.collateral, participant.position.debt)


# --- the end of lower -------------------------------------------------------------------------------------


def _set_end(book: Book, pool: SharedPool, upper: Sums) -> None:
    """SP-8: of lower, groups of equal `cr` are served whole, highest first, as far as the pool reaches."""
    pool.end_key = pool.mcr_key
    if pool.scarce:
        return
    units = capacity(book, pool)
    start = pool.holding.up_to(pool.mcr_key)
    if start.size == len(pool.holding):
        return
    size, collateral, debt = upper.less(start)
    share, of = pool.level.numerator, pool.level.denominator

    def least(lower: Sums) -> int:  # `least_sum` of upper and lower together
        return debt + lower.debt - (collateral + lower.collateral) * share // of

    def fits_surely(lower: Sums) -> bool:
        return least(lower) + max(0, size + lower.size - 1) <= units

    if fits_surely(pool.holding.total()):
        pool.end_key = pool.holding.last_key()
        return
    sure = _last_group(pool, fits_surely)
    perhaps = _last_group(pool, lambda lower: least(lower) <= units)
    pool.end_key = sure
    if perhaps > sure:
        both = upper.more(pool.holding.up_to(sure).less(start))
        if both.size <= ADDED_UP:
            ranges = [(pool.everyone, pool.level_key, pool.mcr_key), (pool.holding, pool.mcr_key, sure)]
            pool.end_key = _last_exactly(pool, sure, perhaps, units - taken(pool, both, ranges), ADDED_UP - both.size)


def _last_group(pool: SharedPool, holds: Callable[[Sums], bool]) -> int:
    """The last whole group of lower up to which a condition on the sums holds; the start of lower if none."""
    start = pool.mcr_key
    key = pool.holding.last(lambda sums, key: key <= start or holds(sums))
    while key is not None and key > start and not holds(pool.holding.up_to(key)):
        key = pool.holding.key_under(key)
    return start if key is None else max(start, key)


def _last_exactly(pool: SharedPool, sure: int, perhaps: int, left: int, room: int) -> int:
    """The last whole group that takes, with those before it, no more than `left`; of at most `room` positions."""
    group = sure
    for key, number in pool.holding.between(sure, perhaps):
        if key != group:
            sure, group = group, key
        left, room = left - _extra(pool, pool.by_number[number]), room - 1
        if left < 0 or room < 0:
            return sure
    return group


def split_of(book: Book, pool: SharedPool) -> Split:
    """Lower, upper and available, as the rules count them.

    While the pool can't fill upper, what rounding leaves over is not available.
    """
    upper = pool.everyone.up_to(pool.mcr_key).less(pool.everyone.up_to(pool.level_key))
    lower = pool.holding.up_to(pool.end_key).less(pool.holding.up_to(pool.mcr_key))
    ranges = [(pool.everyone, pool.level_key, pool.mcr_key), (pool.holding, pool.mcr_key, pool.end_key)]
    of_upper, both = taken(pool, upper, ranges[:1]), taken(pool, upper.more(lower), ranges)
    return Split(both - of_upper, of_upper, 0 if pool.scarce else capacity(book, pool) - both)


def available_up_to(book: Book, pool: SharedPool, wanted: int) -> int:
    """How much of `wanted` is available at once; positions are added up only where the bounds leave it open."""
    if pool.scarce:
        return 0
    sums = Sums(pool.served_count, pool.served_collateral, pool.served_debt)
    if wanted <= capacity(book, pool) - most_sum(pool, sums):
        return wanted
    return min(wanted, split_of(book, pool).available)


def has_room(book: Book, pool: SharedPool, collateral: int, debt: int) -> bool:
    """SP-7: whether the pool can serve one position more beside those that it serves."""
    both = Sums(pool.served_count + 1, pool.served_collateral + collateral, pool.served_debt + debt)
    if pool.scarce or most_sum(pool, both) <= capacity(book, pool):
        return not pool.scarce
    extra = pool.extra_of(collateral, debt)
    return both.size <= ADDED_UP and available_up_to(book, pool, extra) == extra


# --- what follows for each position -----------------------------------------------------------------------


def _crossed(pool: SharedPool, before: Bounds, now: Bounds) -> set[int]:
    touched = set()
    for was, here in ((before.level, now.level), (before.mcr, now.mcr), (before.price - 1, now.price - 1)):
        if was != here:
            touched |= {number for _, number in pool.everyone.between(min(was, here), max(was, here))}
    if before.end != now.end:
        low, high = min(before.end, now.end), max(before.end, now.end)
        touched |= {number for _, number in pool.everyone.between(low, high)}
    return touched


def _judge(book: Book, pool: SharedPool, participant: Participant) -> bool:
    """Serve a position or not, and see whether it is to be called; returns whether its service began or ended."""
    number = participant.number
    if participant.call == "full":
        return False
    served = _is_served(pool, participant)
    changed = served != participant.served
    if changed:
        _serve(book, pool, participant, served)
    under_mcr = participant.key > pool.mcr_key
    if under_mcr and not served:
        pool.to_call[number] = None
    else:
        pool.to_call.pop(number, None)
        if participant.call:
            participant.call = ""
            book.touch("participant", participant.object_key, participant)
            book.event("SP-12", "participant", participant.object_key, "no longer called")
    return changed


def _is_served(pool: SharedPool, participant: Participant) -> bool:
    key = participant.key
    if participant.unpaid or key <= pool.level_key:
        return False
    if key <= pool.mcr_key:
        return True
    return key <= pool.end_key and participant.number in pool.holding


def _serve(book: Book, pool: SharedPool, participant: Participant, served: bool) -> None:
    accrual.settle(participant)
    participant.served = served
    count_in(pool, participant, 1 if served else -1)
    if participant.number in pool.with_loans:  # LCR counts what the pool adds
        book.look_at(participant.position)
    book.touch("participant", participant.object_key, participant)
    what = "served" if served else "no longer served"
    book.event("SP-7", "participant", participant.object_key, what)


def count_in(pool: SharedPool, participant: Participant, sign: int) -> None:
    """Add a position that is served to the pool's sums, or take it out of them."""
    pool.served_count += sign
    pool.served_collateral += sign * participant.position.collateral
    pool.served_debt += sign * participant.position.debt
    pool.weight_debt += sign * participant.weight_debt
    pool.weight_collateral += sign * participant.weight_collateral


def _set_rate(book: Book, pool: SharedPool) -> None:
    """SP-3: the rate follows use; use counts what is taken before each share is rounded."""
    units = capacity(book, pool)
    share, of = pool.level.numerator, pool.level.denominator
    taken, whole = of * pool.served_debt - share * pool.served_collateral, of * units
    use = Fraction(min(whole, max(0, taken)), whole) if units else Fraction(0)
    pool.rate = rate_at(pool.parameters, use)
    accrual.set_speeds(pool)


# --- changes of a position --------------------------------------------------------------------------------


def take_out(pool: SharedPool, participant: Participant) -> None:
    """Before a position's debt or collateral changes, or it leaves: it counts nowhere until it is placed anew."""
    pool.decided_by = None
    accrual.settle(participant)
    if participant.served:
        count_in(pool, participant, -1)
        participant.served = False


def put_back(pool: SharedPool, participant: Participant) -> None:
    """After a position's debt or collateral has changed."""
    accrual.weigh(participant)
    pool.dirty[participant.number] = None
