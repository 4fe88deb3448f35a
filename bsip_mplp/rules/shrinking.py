"""What a shrunk position no longer needs goes home when its paid time ends (PL-D54, PL-D55)."""

from __future__ import annotations

from collections.abc import Mapping

from bsip_mplp.market import Feed
from bsip_mplp.money import div_ceil, div_floor
from bsip_mplp.ratios import PERMILLE, ratio_is_under
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.state import Loan, Position, Terms


def judge_what_goes_home(book: Book, position: Position, due: Mapping[int, Terms | str]) -> None:
    """Mark what the loans whose interest falls due now lend beyond need, dearest first, the newest at a tie.

    `due` has each such loan's next terms, or the rule by which it ends with its term and so carries nothing more.
    A position is judged once a moment: when it was seen smaller, has a valid feed and `LCR > lcr_cap`.
    """
    market = book.markets[position.market]
    feed = market.valid_feed
    if not position.shrunk or feed is None or position.home_judged == book.now:
        return
    position.home_judged = book.now
    cap = market.parameters.cap_permille(feed)
    value = (position.collateral + position.lp1) * feed.price.bitasset * PERMILLE
    if value <= cap * (position.debt - position.lp2) * feed.price.core:
        return
    going_on = {number: terms.rate for number, terms in due.items() if isinstance(terms, Terms)}
    for number in sorted(going_on, key=lambda number: (-going_on[number], -number)):
        loan = book.loans[number]
        units = _unneeded_units(position, loan, book.live_loans(position), due, feed)
        if units and not loan.goes_home:
            loan.goes_home, loan.home_by, loan.home_at = units, "PL-D54", loan.paid_until
            book.touch("loan", loan.number, loan)
            book.event("PL-D54", "loan", loan.number, "found unneeded", units=units)


def _unneeded_units(
    position: Position, loan: Loan, loans: list[Loan], due: Mapping[int, Terms | str], feed: Feed
) -> int:
    """How much of a loan can go while what stays still holds `LCR ≥ MCR`."""
    going = {True: 0, False: 0}
    for other in loans:
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
