"""Interest of the shared pool: paid ahead, accruing by two indexes, due when used up (SP-2, SP-4, SP-5, SP-13)."""

from __future__ import annotations

import heapq
from fractions import Fraction

from bsip_mplp.money import ceil_fraction, div_ceil, div_floor
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.shared_rates import interest
from bsip_mplp.rules.shared_state import BITS, KEY_BITS, SQUARE_BITS, Participant, SharedPool, begun_units, key_of

GUARD_LEAST = 1000
"""A bound on what a position accrues allows for twice its extra debt asset, and this part of its debt, at the least."""

NEAR_SECONDS, NEAR_PART = 7200, 32
"""When so little time is left it allows for this part of that only: looking at it again and again costs more by then
than bounding it anew if the price moves."""


def advance(pool: SharedPool, time: int) -> None:
    """Sum the two indexes, and what accrued in all, up to a time."""
    seconds, pool.summed_to = time - pool.summed_to, time
    if seconds and pool.served_count:
        alpha, beta = pool.alpha * seconds, pool.beta * seconds
        pool.sum_alpha, pool.sum_beta = pool.sum_alpha + alpha, pool.sum_beta + beta
        pool.accrued += pool.weight_debt * alpha - pool.weight_collateral * beta


def set_speeds(pool: SharedPool) -> None:
    """What a second adds to the two indexes, at the present price, level and rate."""
    parameters, price = pool.parameters, pool.price
    if price is None:
        return
    a, rate, power, level = parameters.a, pool.rate, parameters.b, pool.level
    # a · rate / (T · price^b), as whole numbers: nothing here has to be in lowest terms
    alpha = a.numerator * rate.numerator * price.denominator**power << BITS
    per = a.denominator * rate.denominator * parameters.threshold * price.numerator**power
    pool.alpha = div_ceil(alpha, per)
    pool.beta = div_floor(alpha * level.numerator, per * level.denominator)


def settle(participant: Participant) -> None:
    """Count what a position accrued; the pool's indexes are up to date."""
    pool = participant.pool
    if participant.served:
        participant.accrued += participant.weight_debt * (pool.sum_alpha - participant.sum_alpha)
        participant.accrued -= participant.weight_collateral * (pool.sum_beta - participant.sum_beta)
    participant.sum_alpha, participant.sum_beta = pool.sum_alpha, pool.sum_beta


def weigh(participant: Participant) -> None:
    """A position's two weights, and its places in the order; after its debt or collateral changed."""
    debt, collateral, power = participant.position.debt, participant.position.collateral, participant.pool.parameters.b
    share = debt**power << BITS
    participant.weight_debt = div_floor(debt * share, collateral**power)
    participant.weight_collateral = div_floor(collateral * share, collateral**power)
    participant.key = key_of(debt, collateral)
    own = participant.own_mcr
    participant.drop = None if own is None else key_of(debt * own, collateral * 1000)


def quote(pool: SharedPool, collateral: int, debt: int) -> int:
    """SP-2: the interest for T of a position that is served, at the present level, price and rate; rounded up."""
    if pool.price is None:
        return 0
    extra = max(0, ceil_fraction(debt - collateral * pool.level))
    inverse_cr = Fraction(debt) / (collateral * pool.price)
    return ceil_fraction(interest(pool.parameters, extra, inverse_cr, pool.rate))


def interest_account(participant: Participant) -> str:
    """The account of a position's interest balance."""
    return participant.pool.account(f"interest/{participant.position.account}")


def interest_balance(book: Book, participant: Participant) -> int:
    """What a position's interest balance holds (SP-4)."""
    return book.ledger.balance(interest_account(participant), participant.pool.market)


# --- when interest falls due ------------------------------------------------------------------------------


def arm(participant: Participant) -> None:
    """Bound from below when a position's next interest can fall due, as a sum of α, while `x` stays over its guard."""
    pool, collateral = participant.pool, participant.position.collateral
    if not participant.served or participant.unpaid:
        participant.due_alpha = participant.guard = None
        return
    settle(participant)
    share, of, debt = pool.level.numerator, pool.level.denominator, participant.position.debt
    left = (participant.paid << SQUARE_BITS) - participant.accrued
    speed = participant.weight_debt * pool.alpha - participant.weight_collateral * pool.beta
    part = NEAR_PART if left < speed * NEAR_SECONDS else 1
    # x − (D − C·x + D / GUARD_LEAST) / (C · part), as whole numbers
    guard = (part + 1) * GUARD_LEAST * collateral * share - (GUARD_LEAST + 1) * debt * of
    participant.guard = key_of(max(0, guard), part * GUARD_LEAST * collateral * of)
    most = participant.weight_debt - (participant.weight_collateral * participant.guard >> KEY_BITS) + 1
    participant.due_alpha = pool.sum_alpha + max(0, div_ceil(left, most))
    heapq.heappush(pool.due_heap, (participant.due_alpha, participant.number))
    heapq.heappush(pool.guard_heap, (-participant.guard, participant.number))


def guard_level(pool: SharedPool) -> None:
    """After `x` changed: bound anew what stands under its guard, and nothing else."""
    while pool.guard_heap and -pool.guard_heap[0][0] > pool.level_key:
        guard, number = heapq.heappop(pool.guard_heap)
        participant = pool.by_number.get(number)
        if participant is not None and participant.guard == -guard:
            arm(participant)


def schedule_due(book: Book, pool: SharedPool) -> None:
    """Have the pool looked at when the next interest can fall due."""
    while pool.due_heap:
        alpha, number = pool.due_heap[0]
        participant = pool.by_number.get(number)
        if participant is not None and participant.due_alpha == alpha:
            break
        heapq.heappop(pool.due_heap)
    if not pool.due_heap or not pool.alpha:  # at a rate of 0 nothing falls due
        pool.due_time = None
        return
    lacking = pool.due_heap[0][0] - pool.sum_alpha
    time = book.now + (div_ceil(lacking, pool.alpha) if lacking > 0 else 0)
    if time != pool.due_time:
        pool.due_time = time
        book.schedule.add(DueItem(time, DueKind.SHARED_INTEREST, pool.number))


def pay_due(book: Book, pool: SharedPool) -> None:
    """SP-4, SP-13: what has used up what it paid pays for T, at the figures of the moment, or is served no more.

    All that fall due in one second pay at the same figures; what follows from those who can't is worked off after.
    """
    due = []
    while pool.due_heap and pool.due_heap[0][0] <= pool.sum_alpha:
        alpha, number = heapq.heappop(pool.due_heap)
        participant = pool.by_number.get(number)
        if participant is not None and participant.due_alpha == alpha:
            participant.due_alpha = None
            due.append(participant)
    for participant in sorted(due, key=lambda participant: participant.number):
        settle(participant)
        if participant.served and participant.accrued >= participant.paid << SQUARE_BITS:
            _pay(book, participant)
        arm(participant)


def _pay(book: Book, participant: Participant) -> None:
    pool, position = participant.pool, participant.position
    units, held = quote(pool, position.collateral, position.debt), interest_balance(book, participant)
    key = participant.object_key
    if held < units:
        _overshoot(participant)
        participant.unpaid, participant.missed = True, units
        pool.dirty[participant.number] = None
        book.touch("participant", key, participant)
        book.event("SP-13", "participant", key, "missed interest", due=units, held=held)
        book.notify(
            position.holder, "SP-13",
            f"Your position in {pool.market} lacks its next interest of {book.show(pool.market, units)}: "
            f"your interest balance holds {book.show(pool.market, held)}. It is not served until you add to it.",
        )  # fmt: skip
        return
    participant.paid += units
    book.move(
        "SP-4", f"interest of {position.account} for T", (interest_account(participant), pool.market, -units),
        (pool.account("set_aside"), pool.market, units),
    )  # fmt: skip
    book.touch("participant", key, participant)
    book.event("SP-4", "participant", key, "paid interest", units=units, rate=str(pool.rate))


def _overshoot(participant: Participant) -> None:
    """What accrued in its last second beyond what was paid was never paid, and is no lender's."""
    over = participant.accrued - (participant.paid << SQUARE_BITS)
    if over > 0:
        participant.accrued -= over
        participant.pool.accrued -= over


# --- what accrued is handed out ---------------------------------------------------------------------------


def hand_out(book: Book, pool: SharedPool) -> None:
    """SP-5: what has accrued goes to the insurance pool by `fee`, and to the lenders by share; up to this moment."""
    if not share_out(pool, book.now):
        return
    fee, units = pool.parameters.fee, begun_units(pool.accrued) - pool.handed
    if units <= 0:
        return
    book.touch("shared_pool", pool.market, pool)
    pool.handed += units
    fees = div_floor(pool.handed * fee.numerator, fee.denominator) - pool.fees
    pool.fees += fees
    book.move(
        "SP-5", "interest accrued", (pool.account("set_aside"), pool.market, -units),
        (pool.account("insurance"), pool.market, fees), (pool.account("rewards"), pool.market, units - fees),
    )  # fmt: skip
    if fees and (pool.loss or pool.owned):
        book.schedule.add(DueItem(book.now, DueKind.SHARED_CALL, pool.number))


def share_out(pool: SharedPool, time: int) -> bool:
    """Count in the lenders' index what has accrued up to a time (SP-5); tells whether there was any. Moves nothing."""
    advance(pool, time)
    lent, fee = pool.lent_units(), pool.parameters.fee
    delta = pool.accrued - pool.shared_out
    if delta <= 0 or not lent:
        return False
    pool.shared_out = pool.accrued
    per_unit = div_floor(delta * (fee.denominator - fee.numerator), fee.denominator * lent)
    pool.rewards.add(per_unit, pool.queue.left)
    return True


def start_anew(book: Book, pool: SharedPool) -> None:
    """Before parameters change: what has accrued is handed out by the old ones, and counting starts anew."""
    hand_out(book, pool)
    handed = pool.handed << SQUARE_BITS
    pool.accrued, pool.shared_out = pool.accrued - handed, pool.shared_out - handed
    pool.handed = pool.fees = 0


def close_account(book: Book, participant: Participant, to: str, rule: str) -> int:
    """SP-4, SP-10: what has not accrued, and the interest balance, go to `to`. Returns the units."""
    pool, market = participant.pool, participant.pool.market
    settle(participant)
    _overshoot(participant)
    used = begun_units(participant.accrued)
    pool.accrued += (used << SQUARE_BITS) - participant.accrued  # the unit begun is used up
    unused, balance = participant.paid - used, interest_balance(book, participant)
    participant.paid, participant.accrued = 0, 0
    book.move(
        rule, f"interest not used by {participant.position.account}", (pool.account("set_aside"), market, -unused),
        (interest_account(participant), market, -balance), (to, market, unused + balance),
    )  # fmt: skip
    return unused + balance
