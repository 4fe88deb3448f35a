"""Loans from their first interest to their end: PL-6, PL-8, PL-10, PL-12, PL-17, PL-19, PL-21, PL-24, PL-45."""

from __future__ import annotations

from fractions import Fraction

from bsip_mplp.money import SECONDS_PER_DAY, cut_units, interest_units
from bsip_mplp.ratios import PERMILLE, ratio_is_under
from bsip_mplp.rules.book import Book, Refused, show_time
from bsip_mplp.rules.inputs import Repay
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.shrinking import judge_what_goes_home
from bsip_mplp.rules.state import Due, Loan, Pool, Position, Terms


def period_interest(
    book: Book, market: str, asset: str, units: int, interest_asset: str, rate: Fraction, days: int
) -> int:
    """One period's interest in the interest asset, converted at the feed of the moment, rounded up (PL-4)."""
    interest = interest_units(units, rate, days)
    if interest_asset == asset or not interest:
        return interest
    return book.feed_to_convert(market).price.core_for_bitasset(interest)


def make_loan(book: Book, position: Position, pool: Pool, units: int) -> Loan:
    """PL-8, PL-11, PL-12: take the first period's interest and lock the principal, in one step."""
    market = book.markets[position.market]
    feed = book.feed_to_convert(market.name)
    number = len(book.loans) + 1
    long = pool.term_days >= market.parameters.long_term_days  # PL-3
    loan = Loan(
        number=number,
        pool=pool.number,
        lender=pool.owner,
        borrower=position.account,
        market=market.name,
        asset=pool.asset,
        principal=units,
        rate=pool.rate,
        term_days=pool.term_days,
        period_days=pool.period_days,
        interest_asset=pool.interest_asset,
        long=long,
        floor=market.parameters.floor_permille(feed),
        made=book.now,
        term_ends=book.now + pool.term_days * SECONDS_PER_DAY,
        paid_until=book.now,
        interest_due=book.now,
    )
    book.loans[number] = loan
    position.loans.append(number)
    book.event(
        "PL-11", "loan", number, "made", pool=pool.number, borrower=position.account, units=units, asset=pool.asset
    )
    _lock(book, position, loan, pool, units)
    _pay_interest(book, loan, Terms(loan.rate, loan.term_days, loan.period_days, new_term=False))
    if position.state == "free":
        _change_state(book, position, "protected", "PL-11")
    book.notify(loan.lender, "PL-12", f"Loan {number}: {book.show(loan.asset, units)} lent from pool {pool.number}.")
    return loan


def _lock(book: Book, position: Position, loan: Loan, pool: Pool, units: int) -> None:
    book.move(
        "PL-12",
        f"lent by loan {loan.number}",
        (f"pool/{pool.number}/available", pool.asset, -units),
        (f"pool/{pool.number}/lent", pool.asset, units),
    )
    pool.available -= units
    _lent_changes(book, position, loan, pool, units)


def _lent_changes(book: Book, position: Position, loan: Loan, pool: Pool, units: int) -> None:
    """Count `units` more (less where negative) as lent, in the pool and in the position."""
    pool.lent += units
    if loan.asset == loan.market:
        position.lp2 += units
    else:
        position.lp1 += units
    if not loan.long:
        _count_short(book, loan, units)
    book.touch("pool", pool.number, pool)
    book.touch("loan", loan.number, loan)
    book.touch("position", position.key, position)
    book.look_at(position)


def _count_short(book: Book, loan: Loan, units: int) -> None:
    rates = book.short_lent.setdefault(loan.asset, {})
    rates[loan.rate] = rates.get(loan.rate, 0) + units
    if not rates[loan.rate]:
        del rates[loan.rate]


def _change_state(book: Book, position: Position, state: str, rule: str) -> None:
    """PL-I4: each change of state has one rule, which is recorded with it."""
    book.event(rule, "position", position.key, "changed", was=position.state, now=state)
    position.state, position.state_rule = state, rule  # type: ignore[assignment]
    book.touch("position", position.key, position)


# --- interest ---------------------------------------------------------------------------------------------


def interest_falls_due(book: Book, loan: Loan) -> None:
    """PL-6, PL-21: fix what the next period costs, and take its interest if it is there."""
    if not _is_due(book, loan):
        return
    position = book.positions[loan.market, loan.borrower]
    due = [other for other in book.live_loans(position) if _is_due(book, other)]
    judge_what_goes_home(book, position, {other.number: _next_terms(book, position, other) for other in due})
    if loan.goes_home == loan.principal:
        return
    terms = _next_terms(book, position, loan)
    if isinstance(terms, str):
        loan.goes_home, loan.home_by, loan.home_at = loan.principal, terms, loan.paid_until
        book.touch("loan", loan.number, loan)
        book.notify(loan.borrower, terms, f"Loan {loan.number} ends with its term and does not renew.")
        return
    loan.overdue = terms
    if take_interest(book, loan):
        return
    book.overdue.setdefault(loan.borrower, {})[loan.number] = None
    book.touch("loan", loan.number, loan)
    book.event("PL-21" if loan.long else "PL-17", "loan", loan.number, "missed interest")
    if loan.long:
        _missed(book, position, loan)


def _is_due(book: Book, loan: Loan) -> bool:
    going_on = loan.ended is None and loan.overdue is None and loan.goes_home < loan.principal
    return going_on and loan.interest_due == book.now


def _next_terms(book: Book, position: Position, loan: Loan) -> Terms | str:
    """What the next period runs at, or the rule by which there is none: then the loan ends with its term (PL-6)."""
    if loan.paid_until < loan.term_ends:
        return Terms(loan.rate, loan.term_days, loan.period_days, new_term=False)
    pool, market = book.pools[loan.pool], book.markets[loan.market]
    same_kind = (pool.term_days >= market.parameters.long_term_days) == loan.long  # PL-D6
    if not pool.renews or not same_kind:
        return "PL-6"
    feed = market.valid_feed
    if feed is not None and not loan.long:
        floor = market.parameters.floor_permille(feed)
        if ratio_is_under(position.collateral + position.lp1, position.debt - position.lp2, feed.price, floor):
            return "PL-D58"
    return Terms(pool.rate, pool.term_days, pool.period_days, new_term=True)


def take_interest(book: Book, loan: Loan) -> bool:
    """Take the overdue interest if the borrower's prepaid balance has all of it (PL-45); tells whether it had."""
    terms = loan.overdue
    if terms is None:
        return False
    units = interest_due_units(book, loan)
    if book.prepaid(loan.borrower, loan.interest_asset) < units:
        return False
    loan.overdue, loan.judged = None, ""
    book.overdue.get(loan.borrower, {}).pop(loan.number, None)
    market = book.markets[loan.market]
    market.waiting.pop(loan.number, None)
    if terms.new_term:
        _renew(book, loan, terms)
    _pay_interest(book, loan, terms)
    position = book.positions[loan.market, loan.borrower]
    _cure_by_interest(book, position)
    book.look_at(position)
    return True


def _cure_by_interest(book: Book, position: Position) -> None:
    """PL-D23: an auction that fell due by missed interest is cured by the interest."""
    due = position.due.get("auction")
    if due is None or due.rule != "PL-21" or any(loan.judged == "auction" for loan in book.live_loans(position)):
        return
    del position.due["auction"]
    book.touch("position", position.key, position)
    book.event("PL-31", "position", position.key, "auction no longer due")


def interest_due_units(book: Book, loan: Loan) -> int:
    """The overdue interest of a loan, in its interest asset, at the feed of this moment."""
    terms = loan.overdue
    if terms is None:
        return 0
    units = loan.principal - loan.goes_home
    return period_interest(book, loan.market, loan.asset, units, loan.interest_asset, terms.rate, terms.period_days)


def _renew(book: Book, loan: Loan, terms: Terms) -> None:
    """PL-6: another term, at what was fixed when the interest fell due."""
    if not loan.long:
        _count_short(book, loan, -loan.principal)
    loan.rate, loan.term_days, loan.period_days = terms.rate, terms.term_days, terms.period_days
    if not loan.long:
        _count_short(book, loan, loan.principal)
    loan.term_ends += terms.term_days * SECONDS_PER_DAY
    market = book.markets[loan.market]
    loan.floor = market.parameters.floor_permille(book.feed_to_convert(loan.market))  # PL-D41
    book.event("PL-6", "loan", loan.number, "renewed", rate=str(loan.rate), term_ends=loan.term_ends)


def _pay_interest(book: Book, loan: Loan, terms: Terms) -> None:
    """PL-10: the system's cut to the market's insurance fund, the rest to the lender as free balance."""
    market, pool = book.markets[loan.market], book.pools[loan.pool]
    units = loan.principal - loan.goes_home
    interest = period_interest(book, loan.market, loan.asset, units, loan.interest_asset, terms.rate, terms.period_days)
    cut = cut_units(interest, market.parameters.i2)  # PL-D5: of what is paid, in the asset paid
    book.move(
        "PL-10",
        f"interest of loan {loan.number} for {terms.period_days} days",
        (f"prepaid/{loan.borrower}", loan.interest_asset, -interest),
        (f"free/{loan.lender}", loan.interest_asset, interest - cut),
        (f"fund/{market.name}", loan.interest_asset, cut),
    )
    pool.earned[loan.interest_asset] = pool.earned.get(loan.interest_asset, 0) + interest - cut
    loan.paid_until += terms.period_days * SECONDS_PER_DAY
    lead_days = market.parameters.prepay_lead_days if loan.long else 0
    loan.interest_due = max(book.now, loan.paid_until - lead_days * SECONDS_PER_DAY)
    book.schedule.add(DueItem(loan.interest_due, DueKind.INTEREST, loan.number))
    book.schedule.add(DueItem(max(book.now, loan.paid_until), DueKind.END, loan.number))
    book.touch("loan", loan.number, loan)
    book.touch("pool", pool.number, pool)
    book.event(
        "PL-10", "loan", loan.number, "paid", interest=interest, cut=cut, asset=loan.interest_asset,
        paid_until=loan.paid_until,
    )  # fmt: skip


def try_overdue(book: Book, borrower: str) -> None:
    """PL-D8, PL-45: overdue interest is tried, oldest first, whenever the prepaid balance has grown."""
    for number in list(book.overdue.get(borrower, ())):
        take_interest(book, book.loans[number])


# --- missed interest of long loans (PL-21) -----------------------------------------------------------------


def _missed(book: Book, position: Position, loan: Loan) -> None:
    units = interest_due_units(book, loan)
    book.notify(
        loan.borrower,
        "PL-21",
        f"Loan {loan.number} lacks its next interest of {book.show(loan.interest_asset, units)}: "
        f"prepay it before the time already paid for ends at {show_time(loan.paid_until)}.",
    )
    if book.markets[loan.market].valid_feed is None:
        book.markets[loan.market].waiting[loan.number] = None  # PL-47
    else:
        judge_missed(book, position, loan)


def judge_missed(book: Book, position: Position, loan: Loan) -> None:
    """PL-21, once (PL-D15): under MSSR an auction falls due, otherwise the loan ends."""
    market = book.markets[loan.market]
    feed = market.valid_feed
    if feed is None or loan.ended is not None or loan.overdue is None or loan.judged:
        return
    if ratio_is_under(position.collateral, position.debt, feed.price, feed.mssr):
        loan.judged = "auction"
        falls_due(book, position, "auction", "PL-21")
    else:
        loan.judged = "ends"
        if market.parameters.missed_prepay_ends == "at_once":
            end_loan(book, loan, "PL-21")
    book.touch("loan", loan.number, loan)


def falls_due(book: Book, position: Position, trigger: str, rule: str) -> None:
    """Record that an auction or a takeover fell due; the position keeps its state until it is carried out."""
    if trigger in position.due:
        return
    position.due[trigger] = Due(book.now, rule)  # type: ignore[index]
    book.touch("position", position.key, position)
    book.event(rule, "position", position.key, f"{trigger} due")
    book.notify(position.account, rule, f"{trigger.capitalize()} of your position in {position.market} is due.")


# --- ends ---------------------------------------------------------------------------------------------------


def paid_time_ends(book: Book, loan: Loan, time: int) -> None:
    """The end of the time that was paid for: what goes home goes, and missed interest is tried once more (PL-D8)."""
    if loan.ended is not None:
        return
    if loan.goes_home and loan.home_at <= time:
        units, loan.goes_home = loan.goes_home, 0
        end_loan(book, loan, loan.home_by, units)
    if loan.ended is not None or loan.paid_until > time or loan.overdue is None or take_interest(book, loan):
        return
    if not loan.long:
        end_loan(book, loan, "PL-17")  # PL-D14
    elif loan.judged != "auction":
        end_loan(book, loan, "PL-21")  # PL-D16: feed or not


def end_loan(book: Book, loan: Loan, rule: str, units: int | None = None) -> None:
    """End a loan, or `units` of it: the principal is the pool's again (PL-12), in full (PL-I1)."""
    position, pool = book.positions[loan.market, loan.borrower], book.pools[loan.pool]
    units = loan.principal if units is None else min(units, loan.principal)
    book.move(
        rule,
        f"back from loan {loan.number}",
        (f"pool/{pool.number}/lent", pool.asset, -units),
        (f"pool/{pool.number}/available", pool.asset, units),
    )
    pool.available += units
    _lent_changes(book, position, loan, pool, -units)
    if units < loan.principal:
        loan.principal -= units
        loan.goes_home = min(loan.goes_home, loan.principal)
        book.event(rule, "loan", loan.number, "cut", units=units)
        return
    loan.ended, loan.ended_by, loan.overdue = book.now, rule, None
    position.loans.remove(loan.number)
    book.overdue.get(loan.borrower, {}).pop(loan.number, None)
    book.markets[loan.market].waiting.pop(loan.number, None)
    book.event(rule, "loan", loan.number, "ended", units=units)
    book.notify(loan.borrower, rule, f"Loan {loan.number} ended.")
    book.notify(loan.lender, rule, f"Loan {loan.number} ended: {book.show(loan.asset, units)} is available again.")
    if not position.loans:
        position.shrunk = False
        if position.state == "protected":
            _change_state(book, position, "free", rule)


def repay(book: Book, account: str, ask: Repay) -> None:
    """PL-19, PL-24: the borrower ends a loan; a long one not while CR is under (LMCR + MSSR) / 2."""
    loan = book.loans.get(ask.loan)
    if loan is None or loan.borrower != account:
        raise Refused("PL-19", f"loan {ask.loan} is not yours", "See your loans with mplp loans.")
    if loan.ended is not None:
        raise Refused("PL-19", f"loan {ask.loan} has ended already")
    if loan.long:
        _check_long_can_end(book, loan)
    end_loan(book, loan, "PL-24" if loan.long else "PL-19")


def _check_long_can_end(book: Book, loan: Loan) -> None:
    market, position = book.markets[loan.market], book.positions[loan.market, loan.borrower]
    feed = market.valid_feed
    if feed is None:
        raise Refused("PL-47", f"without a valid feed of {market.name} PL-24 can't be judged: {market.invalid}")
    bound_twice = market.parameters.lmcr + feed.mssr
    if ratio_is_under(2 * position.collateral, position.debt, feed.price, bound_twice):
        raise Refused(
            "PL-24",
            f"a long loan can't be ended while CR is under {Fraction(bound_twice, 2 * PERMILLE)}",
            "Add collateral or pay debt first.",
        )
