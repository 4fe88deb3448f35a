"""Interest as it falls due, by the state of the position, and the end of the time paid for (PL-6, PL-17, PL-21)."""

from __future__ import annotations

from bsip_mplp.ratios import ratio_is_under
from bsip_mplp.rules import auctions, carrying, loans
from bsip_mplp.rules.book import Book, show_time
from bsip_mplp.rules.needs import judge_needs
from bsip_mplp.rules.state import CARRIED, Loan


def interest_falls_due(book: Book, loan: Loan) -> None:
    """PL-6, PL-21: fix what the next period costs, and take its interest if it is there."""
    position = book.position_of(loan)
    if not loans.is_due(book, loan) or (loan.unpaid and position.state not in CARRIED):
        return
    judge_needs(book, position)  # PL-D54, PL-D55
    if position.state in CARRIED:
        book.to_serve.add(position.market)
        carrying.send_home(book, position)
        if loan.ended is not None:
            return
    if loan.goes_home < loan.principal:
        terms = loans.next_terms(book, position, loan)
        if isinstance(terms, str):
            loans.will_end(book, loan, terms)
            return
        loan.unpaid.append(terms)
        book.touch("loan", loan.number, loan)
    if position.state in CARRIED:
        carrying.pay_or_owe(book, book.markets[position.market], loan)
    elif position.state == "protected" and loan.unpaid:
        _collect(book, loan)
    # PL-44: in an auction nothing is collected; the winner's payment or the cure brings it


def _collect(book: Book, loan: Loan) -> None:
    if loans.take_interest(book, loan):
        return
    book.overdue.setdefault(loan.borrower, {})[loan.number] = None
    book.event("PL-21" if loan.long else "PL-17", "loan", loan.number, "missed interest")
    if not loan.long:
        return  # PL-D14: it ends in "ends of terms", once all interest of this second was tried
    units = loans.owed_units(book, loan, loan.unpaid[0])
    book.notify(
        loan.borrower,
        "PL-21",
        f"Loan {loan.number} lacks its next interest of {book.show(loan.interest_asset, units)}: "
        f"prepay it before the time already paid for ends at {show_time(loan.paid_until)}.",
    )
    market = book.markets[loan.market]
    if market.valid_feed is None:
        market.waiting[loan.number] = None  # PL-47
    else:
        judge_missed(book, loan)


def judge_missed(book: Book, loan: Loan) -> None:
    """PL-21, once (PL-D15): under MSSR the position goes into auction, otherwise the loan ends."""
    market, position = book.markets[loan.market], book.position_of(loan)
    feed = market.valid_feed
    if feed is None or loan.ended is not None or not loan.unpaid or loan.judged or position.state != "protected":
        return
    loan.judged = True
    book.touch("loan", loan.number, loan)
    if ratio_is_under(position.collateral, position.debt, feed.price, feed.mssr):
        auctions.open_auction(book, position, "in_auction", "PL-21")
    elif market.parameters.missed_prepay_ends == "at_once":
        loans.end_loan(book, loan, "PL-21")


def paid_time_ends(book: Book, loan: Loan, time: int) -> None:
    """The end of the time that was paid for: what goes home goes, and missed interest is tried once more (PL-D8)."""
    if loan.ended is not None:
        return
    if loan.goes_home and loan.home_at <= time:
        units, loan.goes_home = loan.goes_home, 0
        loans.end_loan(book, loan, loan.home_by, units)
    if loan.ended is not None or loan.paid_until > time or not loan.unpaid:
        return
    if book.position_of(loan).state != "protected":
        return  # PL-44, PL-I3: what is owed is recorded, and the winner, the cure or the fund pays it
    if not loans.take_interest(book, loan):
        loans.end_loan(book, loan, "PL-21" if loan.long else "PL-17")  # PL-D14, PL-D16: feed or not
