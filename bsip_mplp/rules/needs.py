"""What a position does not need goes home when its paid time ends (PL-D38, PL-D54, PL-D55)."""

from __future__ import annotations

from fractions import Fraction

from bsip_mplp.market import Feed
from bsip_mplp.money import div_ceil, div_floor
from bsip_mplp.ratios import PERMILLE, ratio_is_under
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.state import CARRIED, Loan, Market, Position


def judge_needs(book: Book, position: Position) -> None:
    """Mark what the loans whose interest falls due now lend beyond need, dearest first, the newest at a tie.

    A carried position needs what holds `LCR ≥ MCR`, at no more than `carry_rate`. Any other is judged in the same way
    only when it was seen smaller and its `LCR > lcr_cap`. A position is judged once a moment.
    """
    market = book.markets[position.market]
    if position.home_judged == book.now or not (position.state in CARRIED or _is_oversupplied(market, position)):
        return
    position.home_judged = book.now
    due = [loan for loan in book.live_loans(position) if loan.interest_due == book.now]
    judge_loans(book, position, due, "PL-D55" if position.state in CARRIED else "PL-D54")


def judge_loans(book: Book, position: Position, loans: list[Loan], rule: str) -> None:
    """Judge these loans of a position, dearest first, the newest at a tie; one that is needed is passed over."""
    market = book.markets[position.market]
    feed, carry_rate = market.valid_feed, market.parameters.carry_rate
    waiting = [loan for loan in loans if not loan.home_by]
    for loan in sorted(waiting, key=lambda loan: (-rate_due(book, loan), -loan.number)):
        if position.state in CARRIED and rate_due(book, loan) > carry_rate:
            units = loan.principal
        else:
            units = 0 if feed is None else _unneeded_units(position, loan, book.live_loans(position), feed)
        if units:
            loan.goes_home, loan.home_by = units, rule
            book.touch("loan", loan.number, loan)
            book.event(rule, "loan", loan.number, "found unneeded", units=units)


def rate_due(book: Book, loan: Loan) -> Fraction:
    """The rate of the period that falls due, or fell due and is unpaid."""
    if loan.unpaid:
        return loan.unpaid[-1].rate
    return loan.rate if loan.paid_until < loan.term_ends else book.pools[loan.pool].rate


def _is_oversupplied(market: Market, position: Position) -> bool:
    feed = market.valid_feed
    if not position.shrunk or feed is None:
        return False
    value = (position.collateral + position.lp1) * feed.price.bitasset * PERMILLE
    return value > market.parameters.cap_permille(feed) * (position.debt - position.lp2) * feed.price.core


def _unneeded_units(position: Position, loan: Loan, loans: list[Loan], feed: Feed) -> int:
    """How much of a loan can go while what stays still holds `LCR ≥ MCR`."""
    going = {True: 0, False: 0}
    for other in loans:
        going[other.asset == other.market] += other.goes_home
    collateral = position.collateral + position.lp1 - going[False]
    debt = position.debt - position.lp2 + going[True]
    if ratio_is_under(collateral, debt, feed.price, feed.mcr):
        return 0
    if loan.asset == loan.market:
        most_debt = div_floor(collateral * feed.price.bitasset * PERMILLE, feed.mcr * feed.price.core)
        return min(loan.principal, most_debt - debt)
    least_collateral = div_ceil(feed.mcr * debt * feed.price.core, PERMILLE * feed.price.bitasset)
    return min(loan.principal, collateral - least_collateral)
