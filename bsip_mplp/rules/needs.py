"""What a position does not need goes home when its paid time ends (PL-D38, PL-D54, PL-D55)."""

from __future__ import annotations

from collections.abc import Mapping

from bsip_mplp.market import Feed
from bsip_mplp.money import div_ceil, div_floor
from bsip_mplp.ratios import PERMILLE, ratio_is_under
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.loans import is_due, next_terms
from bsip_mplp.rules.state import CARRIED, Loan, Position, Terms


def judge_needs(book: Book, position: Position) -> None:
    """Mark what the loans whose interest falls due now lend beyond need.

    A carried position needs what holds `LCR ≥ MCR`, at no more than `carry_rate`. One that is protected is judged in
    the same way only when it was seen smaller and its `LCR > lcr_cap`. A position is judged once a moment.
    """
    judged = position.state in CARRIED or (position.state == "protected" and _is_oversupplied(book, position))
    if judged and position.home_judged != book.now:
        position.home_judged = book.now
        due = [loan for loan in book.live_loans(position) if is_due(book, loan)]
        judge_loans(book, position, {loan.number: next_terms(book, position, loan) for loan in due})


def judge_loans(book: Book, position: Position, due: Mapping[int, Terms | str]) -> None:
    """Judge loans of a position, dearest first, the newest at a tie; one that is needed is passed over.

    `due` has each loan's next terms, or the rule by which it ends with its term and so carries nothing more.
    """
    market, carried = book.markets[position.market], position.state in CARRIED
    feed, carry_rate = market.valid_feed, market.parameters.carry_rate
    rates = {number: terms.rate for number, terms in due.items() if isinstance(terms, Terms)}
    for number in sorted(rates, key=lambda number: (-rates[number], -number)):
        loan = book.loans[number]
        if loan.goes_home:
            continue
        if carried and rates[number] > carry_rate:
            units = loan.principal
        else:
            units = 0 if feed is None else _unneeded_units(book, position, loan, due, feed)
        if units:
            loan.goes_home, loan.home_at = units, loan.paid_until
            loan.home_by = "PL-D55" if carried else "PL-D54"
            book.touch("loan", number, loan)
            book.event(loan.home_by, "loan", number, "found unneeded", units=units)


def _is_oversupplied(book: Book, position: Position) -> bool:
    market = book.markets[position.market]
    feed = market.valid_feed
    if not position.shrunk or feed is None:
        return False
    value = (position.collateral + position.lp1) * feed.price.bitasset * PERMILLE
    return value > market.parameters.cap_permille(feed) * (position.debt - position.lp2) * feed.price.core


def _unneeded_units(book: Book, position: Position, loan: Loan, due: Mapping[int, Terms | str], feed: Feed) -> int:
    """How much of a loan can go while what stays still holds `LCR ≥ MCR`."""
    going = {True: 0, False: 0}
    for other in book.live_loans(position):
        ends = isinstance(due.get(other.number), str)
        going[other.asset == other.market] += other.principal if ends else other.goes_home
    collateral = position.collateral + position.lp1 - going[False]
    debt = position.debt - position.lp2 + going[True]
    if ratio_is_under(collateral, debt, feed.price, feed.mcr):
        return 0
    if loan.asset == loan.market:
        most_debt = div_floor(collateral * feed.price.bitasset * PERMILLE, feed.mcr * feed.price.core)
        return min(loan.principal, most_debt - debt)
    least_collateral = div_ceil(feed.mcr * debt * feed.price.core, PERMILLE * feed.price.bitasset)
    return min(loan.principal, collateral - least_collateral)
