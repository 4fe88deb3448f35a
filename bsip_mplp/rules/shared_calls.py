"""Margin calls of the shared pool: partial, full, recovery, and what covers the rest (SP-11 to SP-15, SP-21)."""

from __future__ import annotations

from fractions import Fraction

from bsip_mplp.market import Feed
from bsip_mplp.money import div_ceil
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rules import shared_accrual as accrual
from bsip_mplp.rules import shared_service as service
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.chain_orders import order_on_chain
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.shared_lenders import lose, make_good
from bsip_mplp.rules.shared_state import Participant, SharedPool

ON_CHAIN = "Nothing is done on the chain for a position in books custody: there, its own margin call decides."


def call_if_due(book: Book, participant: Participant) -> None:
    """Have a position called that is under MCR and not served; once the second's other dues are done.

    One with loans of personal pools is not asked for: when the last of them ends it is looked at again.
    """
    pool = participant.pool
    if participant.position.loans:
        return
    if participant.key > pool.mcr_key and not participant.served and pool.price is not None:
        ask_for_call(book, pool, participant.number)


def ask_for_call(book: Book, pool: SharedPool, number: int) -> None:
    """Put a position among those to be called."""
    if not pool.to_call:
        book.schedule.add(DueItem(book.now, DueKind.SHARED_CALL, pool.number))
    pool.to_call[number] = None


def calls_fall_due(book: Book, pool: SharedPool) -> None:
    """SP-11, SP-21: what the pool owns comes first; then positions under their mcr, lowest `cr` first.

    SP-19: only those who take part are ever among them; the others are the chain's to call.
    """
    accrual.hand_out(book, pool)
    feed = book.markets[pool.market].valid_feed
    if pool.broken or feed is None:
        return
    asked, pool.to_call = pool.to_call, {}
    for number in sorted(asked, key=lambda number: _by_ratio(pool, number)):
        participant = pool.by_number.get(number)
        if participant is not None and not participant.served and participant.key > pool.mcr_key:
            _call(book, participant, feed)
    idle = (number for number in pool.owned if not pool.by_number[number].position.orders)
    for number in sorted(idle, key=lambda number: _by_ratio(pool, number)):
        _work_off(book, pool.by_number[number], feed)
    if not any(pool.by_number[number].position.custody == "protocol" for number in pool.owned):
        make_good(book, pool)  # SP-21: only once nothing is owned
    service.refresh(book, pool)


def _by_ratio(pool: SharedPool, number: int) -> tuple[int, int]:
    participant = pool.by_number.get(number)
    return (0 if participant is None else -participant.key, number)


def _call(book: Book, participant: Participant, feed: Feed) -> None:
    position = participant.position
    if participant.call == "full" or position.orders or position.loans or position.state not in ("free", "protected"):
        return  # loans of personal pools end, or are auctioned, first: LCR counts both
    if participant.key >= participant.pool.price_key:
        own(book, participant)
        return
    rule, units = "SP-13" if participant.unpaid else "SP-12", to_sell(position.collateral, position.debt, feed)
    participant.call = "partial"
    key = participant.object_key
    book.touch("participant", key, participant)
    book.event(rule, "participant", key, "called", sell=units)
    core = participant.pool.core
    text = f"{book.show(core, units)} must be sold at the feed price to bring your position to MCR."
    if position.custody == "books":
        book.notify(position.holder, rule, f"{text} {ON_CHAIN}")
        return
    book.notify(position.holder, rule, f"{text} It is ordered.")
    limit = (feed.price.bitasset * PERMILLE, feed.price.core * feed.mssr)
    order_on_chain(book, position, "close", core, units, limit=limit, rule=rule)


def to_sell(collateral: int, debt: int, feed: Feed) -> int:
    """SP-12: the collateral that, sold at the feed price, brings `cr` to MCR; rounded up.

    Sold for less it is not enough: what lacks is ordered once the sale is reported, so nothing is sold beyond need.
    """
    lacking = feed.mcr * debt * feed.price.core - PERMILLE * collateral * feed.price.bitasset
    return min(collateral, max(0, div_ceil(lacking, feed.price.bitasset * (feed.mcr - PERMILLE))))


def own(book: Book, participant: Participant) -> None:
    """SP-14: collateral, extra debt asset and interest belong to the pool from now on."""
    pool, position = participant.pool, participant.position
    key = participant.object_key
    accrual.advance(pool, book.now)
    service.take_out(pool, participant)
    units = accrual.close_account(book, participant, pool.account("insurance"), "SP-14")
    participant.call, participant.unpaid = "full", False
    pool.owned[participant.number] = pool.dirty[participant.number] = None
    book.touch("participant", key, participant)
    book.event("SP-14", "participant", key, "owned by the pool", interest=units)
    text = "Your collateral is worth no more than your debt: the position is the shared pool's until you bring it back."
    end = f" {ON_CHAIN}" if position.custody == "books" else ""
    book.notify(position.holder, "SP-14", text + end)
    book.schedule.add(DueItem(book.now, DueKind.SHARED_CALL, pool.number))


def _work_off(book: Book, participant: Participant, feed: Feed) -> None:
    """SP-14, SP-21: all collateral is sold; the insurance pool, and then the lenders, pay what debt remains."""
    pool, position = participant.pool, participant.position
    if position.custody == "books" or position.orders:
        return
    if position.collateral:
        limit = (feed.price.bitasset * PERMILLE, feed.price.core * feed.mssr)
        order_on_chain(book, position, "close", pool.core, position.collateral, limit=limit, rule="SP-14")
        return
    insurance = pool.account("insurance")
    covered = min(position.debt, book.ledger.balance(insurance, pool.market))
    if covered:
        order_on_chain(book, position, "pay_debt", pool.market, covered, source=insurance, rule="SP-14")
    lost = min(position.debt - covered, pool.lent_units())
    if lost:
        lose(book, pool, lost)
        order_on_chain(book, position, "pay_debt", pool.market, lost, source=pool.account("pool"), rule="SP-14")


def owned_seen(book: Book, participant: Participant, added: bool) -> None:
    """SP-15: who adds collateral or pays debt until `cr = MCR` gets the position back, while collateral is left."""
    pool, position = participant.pool, participant.position
    price = pool.price or Fraction(0)
    at_mcr = position.collateral * price * PERMILLE >= pool.mcr * position.debt  # SP-20: it is not served, so MCR
    if not (added and position.collateral and at_mcr):
        book.schedule.add(DueItem(book.now, DueKind.SHARED_CALL, pool.number))
        return
    for number in list(position.orders):
        order = book.orders[number]
        order.state = "failed"
        del position.orders[number]
        book.touch("order", number, order)
        book.event("SP-15", "order", number, "withdrawn")
    participant.call = ""
    del pool.owned[participant.number]
    book.touch("participant", participant.object_key, participant)
    book.event("SP-15", "participant", participant.object_key, "recovered")
    book.notify(position.holder, "SP-15", "The position is yours again. Pay in interest to be served.")


def forget(pool: SharedPool, participant: Participant) -> None:
    """A position takes part no more: it stands in no index."""
    number = participant.number
    for index in (pool.everyone, pool.holding, pool.drops):
        index.discard(number)
    for kept in (pool.dirty, pool.to_call, pool.owned, pool.with_loans):
        kept.pop(number, None)
    del pool.by_number[number]
    del pool.participants[participant.position.account]
