"""The shared pool of a market: opened, joined, held, left (SP-2, SP-10, SP-16, SP-18); and what changes outside."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from bsip_mplp.market import ParameterError
from bsip_mplp.ratios import PERMILLE, ratio_words
from bsip_mplp.rules import shared_accrual as accrual
from bsip_mplp.rules import shared_calls as calls
from bsip_mplp.rules import shared_service as service
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.borrowing import find_position
from bsip_mplp.rules.inputs import Hold, SharedPoolSet, Unhold
from bsip_mplp.rules.shared_lenders import pool_of
from bsip_mplp.rules.shared_rates import PoolParameters
from bsip_mplp.rules.shared_state import Participant, SharedPool, key_of
from bsip_mplp.rules.state import Market, Position


def pool_set(book: Book, ask: SharedPoolSet) -> None:
    """Open a market's shared pool, or change its parameters; what accrued until now accrued by the old ones."""
    market, pool = book.markets.get(ask.market), book.shared_pools.get(ask.market)
    if market is None:
        raise Refused("SP-16", f"{ask.market} is no market here")
    try:
        parameters = (PoolParameters() if pool is None else pool.parameters).changed(ask.parameters)
    except ParameterError as error:
        raise Refused("SP-16", str(error)) from None
    if pool is None:
        pool = SharedPool(market.name, market.core, market.number, parameters, book.now, summed_to=book.now)
        book.shared_pools[market.name] = pool
        book.event("SP-3", "shared_pool", market.name, "opened")
    else:
        _change(book, pool, parameters)
    service.refresh(book, pool)


def _change(book: Book, pool: SharedPool, parameters: PoolParameters) -> None:
    was = pool.parameters
    timing = (parameters.threshold, parameters.leaving_step)
    if pool.queue.units and timing != (was.threshold, was.leaving_step):
        raise Refused("SP-9", "lenders wait to come out by the present times", "Change them when nobody waits.")
    accrual.start_anew(book, pool)
    for participant in pool.participants.values():
        if participant.call != "full":
            service.take_out(pool, participant)
    pool.parameters, pool.decided_by = parameters, None
    for participant in pool.participants.values():
        if participant.position.collateral:
            service.put_back(pool, participant)
    book.event("SP-22", "shared_pool", pool.market, "changed")


# --- taking part ------------------------------------------------------------------------------------------


def hold(book: Book, account: str, ask: Hold, along: tuple[str, int] | None) -> None:
    """SP-18: take part, or change one's own `mcr`, or add to the interest balance.

    Bitasset that came along is interest (SP-4); any other money only carried the request, and stays free balance.
    """
    pool = pool_of(book, ask.market)
    position = _position_to_hold(book, account, pool.market, ask.position)
    participant = position.participant
    interest = along[1] if along is not None and along[0] == pool.market else 0
    if participant is None:
        _join(book, pool, position, _own_mcr(pool, ask.mcr), interest)
        return
    if ask.mcr is not None and participant.call == "full":
        raise Refused("SP-14", "the position belongs to the pool", "Add collateral or pay debt to get it back.")
    own = participant.own_mcr if ask.mcr is None else _own_mcr(pool, ask.mcr)
    _add_interest(book, participant, interest)
    accrual.advance(pool, book.now)
    if participant.unpaid and accrual.interest_balance(book, participant) >= participant.missed:
        participant.unpaid, participant.missed = False, 0
        book.event("SP-13", "participant", participant.object_key, "has interest again")
    if participant.call != "full":
        service.take_out(pool, participant)
        participant.own_mcr = own
        service.put_back(pool, participant)
    book.touch("participant", participant.object_key, participant)
    book.event("SP-18", "participant", participant.object_key, "held", own_mcr=own, interest=interest)
    service.refresh(book, pool)


def _position_to_hold(book: Book, account: str, market: str, named: str | None) -> Position:
    position = find_position(book, account, market, named)
    if position.custody == "vault":
        raise Refused("SP-18", "a position in a vault takes no part in the shared pool", "Borrow from personal pools.")
    return position


def why_not_held(book: Book, account: str, ask: Hold) -> Refused | None:
    """Which rule forbids a request to take part, whatever interest comes along; None if none does."""
    try:
        pool = pool_of(book, ask.market)
        _own_mcr(pool, ask.mcr)
        _position_to_hold(book, account, pool.market, ask.position)
    except Refused as refused:
        return refused
    return None


def _own_mcr(pool: SharedPool, mcr: Fraction | None) -> int | None:
    """SP-7, SP-10, SP-16: a holder's own ratio, per mille; None stands for MCR."""
    if mcr is None:
        return None
    permille = mcr * PERMILLE
    if pool.mcr and permille >= pool.mcr:
        return None
    if permille.denominator != 1 or permille < pool.parameters.least_mcr:
        least = ratio_words(pool.parameters.least_mcr)
        raise Refused(
            "SP-16", f"{ratio_words(mcr)} is no mcr for this pool", f"Name one from {least} to MCR, in steps of 0.001."
        )
    return int(permille)


def _join(book: Book, pool: SharedPool, position: Position, own: int | None, interest: int) -> None:
    if pool.broken:
        raise Refused("SP-16", f"the shared pool serves nobody new: {pool.broken}")
    if position.state not in ("free", "protected") or not position.collateral:
        raise Refused("SP-18", f"the position is {position.state.replace('_', ' ')}")
    if not interest:
        raise Refused("SP-18", "no interest was paid in", f"Send some {pool.market} with the request.")
    participant = Participant(position, pool, position.number, own)
    accrual.weigh(participant)
    _check_room(book, pool, participant)
    due = accrual.quote(pool, position.collateral, position.debt) if participant.key > pool.level_key else 0
    if interest <= due:  # SP-16
        raise Refused("SP-16", f"the interest for T is {book.show(pool.market, due)}", "Pay in more than that.")
    accrual.advance(pool, book.now)
    participant.sum_alpha, participant.sum_beta = pool.sum_alpha, pool.sum_beta
    position.participant = participant
    pool.participants[position.account] = pool.by_number[participant.number] = participant
    pool.known[position.account] = participant
    pool.dirty[participant.number] = None
    if position.loans:
        pool.with_loans[participant.number] = None
    _add_interest(book, participant, interest)
    book.touch("participant", participant.object_key, participant)
    book.event("SP-18", "participant", participant.object_key, "joined", own_mcr=own, interest=interest)
    if position.custody == "books":
        book.notify(
            position.holder, "SP-18",
            "Your position takes part. It is an entry of this ledger: it does not keep the chain from calling you.",
        )  # fmt: skip
    service.refresh(book, pool)


def _check_room(book: Book, pool: SharedPool, participant: Participant) -> None:
    """SP-7: who comes under MCR must hold its own mcr, and fit into what is available."""
    if participant.key <= pool.mcr_key:
        return
    position = participant.position
    has_room = service.has_room(book, pool, position.collateral, position.debt)
    if participant.drop is None or participant.drop > pool.price_key or not has_room:
        raise Refused(
            "SP-7", "the position is under its mcr, or the pool has not enough to raise it", "Add collateral first."
        )


def _add_interest(book: Book, participant: Participant, units: int) -> None:
    pool, holder = participant.pool, participant.position.holder
    if units > book.free(holder, pool.market):
        raise Refused("SP-4", f"your free balance holds {book.show(pool.market, book.free(holder, pool.market))}")
    book.move(
        "SP-4", f"interest balance of {participant.position.account}", (f"free/{holder}", pool.market, -units),
        (accrual.interest_account(participant), pool.market, units),
    )  # fmt: skip


def unhold(book: Book, account: str, ask: Unhold) -> None:
    """SP-10: the extra debt asset goes home at once, and what has not accrued comes back."""
    pool = pool_of(book, ask.market)
    participant = find_position(book, account, pool.market, ask.position).participant
    if participant is None:
        raise Refused("SP-10", "the position does not take part in the shared pool")
    if participant.call == "full":
        raise Refused("SP-14", "the position belongs to the pool", "Add collateral or pay debt to get it back.")
    end(book, participant, f"free/{account}", "SP-10")


def end(book: Book, participant: Participant, to: str, rule: str) -> None:
    """A position takes part no more; its interest that was not used goes to `to`."""
    pool, position = participant.pool, participant.position
    accrual.advance(pool, book.now)
    service.take_out(pool, participant)
    units = accrual.close_account(book, participant, to, rule)
    calls.forget(pool, participant)
    position.participant = None
    participant.call = ""
    book.touch("participant", participant.object_key, participant)
    book.event(rule, "participant", participant.object_key, "left", returned=units)
    book.look_at(position)
    service.refresh(book, pool)


# --- what changes outside ---------------------------------------------------------------------------------


def feed_judged(book: Book, market: Market) -> None:
    """SP-1, SP-16: a new price, or none."""
    pool = book.shared_pools.get(market.name)
    if pool is not None:
        service.refresh(book, pool)


def position_changes(book: Book, position: Position, collateral: int, debt: int) -> None:
    """A position is seen with other figures; what accrued until now accrued by the old ones."""
    participant, was = position.participant, (position.collateral, position.debt)
    changed = (collateral, debt) != was
    if participant is None or not changed:
        position.collateral, position.debt = collateral, debt
        return
    pool = participant.pool
    accrual.advance(pool, book.now)
    if participant.call != "full":
        service.take_out(pool, participant)
    position.collateral, position.debt = collateral, debt
    added = collateral >= was[0] and debt <= was[1]
    if not collateral and participant.call != "full":
        calls.own(book, participant)
        service.refresh(book, pool)
        return
    if collateral:
        service.put_back(pool, participant)
    if participant.call == "full":
        calls.owned_seen(book, participant, added)
    service.refresh(book, pool)


def position_closed(book: Book, position: Position, left_units: int) -> None:
    """SP-20: a position without debt takes part no more; what is left of one that the pool owns is the pool's."""
    participant = position.participant
    if participant is None:
        return
    owned = participant.call == "full"
    to = participant.pool.account("insurance") if owned else f"free/{position.holder}"
    end(book, participant, to, "SP-14" if owned else "SP-20")
    if owned and left_units and position.custody == "protocol":
        pool = participant.pool
        book.move(
            "SP-14", f"left of the position of {position.account}", ("outside", pool.core, -left_units),
            (pool.account("insurance"), pool.core, left_units),
        )  # fmt: skip


def passes_on(book: Book, position: Position) -> None:
    """SP-10: a position that goes to another holder, or is carried, takes part no more."""
    if position.participant is not None:
        end(book, position.participant, f"free/{position.holder}", "SP-10")


def position_looked_at(book: Book, position: Position) -> None:
    """A position may have gained or lost loans: the pool's service counts in their LCR, and its calls wait for them."""
    participant = position.participant
    if participant is None:
        return
    if position.loans:
        participant.pool.with_loans[participant.number] = None
    else:
        participant.pool.with_loans.pop(participant.number, None)
    if not participant.call:
        calls.call_if_due(book, participant)


def look_at_all_with_loans(book: Book, market: Market) -> None:
    """Have all who take part and have loans looked at: by other limits."""
    pool = book.shared_pools.get(market.name)
    if pool is not None:
        for number in pool.with_loans:
            book.look_at(pool.by_number[number].position)


Case = Literal["lower", "called", "under water"]


def risk(book: Book, pool: SharedPool) -> dict[Case, int]:
    """SP-17: what would be missing if the positions in each case were sold now at `feed / MSSR`, in bitasset units."""
    found: dict[Case, int] = {"lower": 0, "called": 0, "under water": 0}
    feed = book.markets[pool.market].valid_feed or book.markets[pool.market].last_valid
    if feed is None:
        return found
    for participant in pool.participants.values():
        position = participant.position
        key = key_of(position.debt, position.collateral) if position.collateral else pool.price_key
        if key <= pool.mcr_key:
            continue
        case: Case = "under water" if key >= pool.price_key else "lower" if participant.served else "called"
        worth = position.collateral * feed.price.bitasset * PERMILLE // (feed.price.core * feed.mssr)
        found[case] += max(0, position.debt - worth)
    return found
