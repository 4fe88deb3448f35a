"""Loans: made, paid for a period, renewed, ended, repaid (PL-6, PL-8, PL-10 to PL-12, PL-19, PL-24, PL-45)."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from bsip_mplp.money import SECONDS_PER_DAY, cut_units, div_ceil, interest_units
from bsip_mplp.ratios import PERMILLE, ratio_is_under, ratio_words
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.funds import income
from bsip_mplp.rules.inputs import Repay
from bsip_mplp.rules.locked import Locked
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.state import CARRIED, IN_AUCTION, Claim, Loan, Market, Pool, Position, Terms
from bsip_mplp.rules.vault_orders import begin_unwinding
from bsip_mplp.rules.vault_state import Lent


class Placed(NamedTuple):
    """A loan whose order is done: what was agreed, and where its first interest was set aside (V-4)."""

    lent: Lent
    source: str


def period_interest(
    book: Book, market: str, asset: str, units: int, interest_asset: str, rate: Fraction, days: int
) -> int:
    """One period's interest in the interest asset, converted at the feed of the moment, rounded up (PL-4)."""
    interest = interest_units(units, rate, days)
    if interest_asset == asset or not interest:
        return interest
    return book.feed_to_convert(market).price.core_for_bitasset(interest)


def make_loan(book: Book, position: Position, pool: Pool, units: int, placed: Placed | None = None) -> Loan:
    """PL-8, PL-11, PL-12: take the first period's interest and lock the principal, in one step.

    `placed`: the money was set aside for an order that is done now, at the terms of then (V-4).
    """
    market = book.markets[position.market]
    terms = placed.lent if placed is not None else None
    rate, term_days = (pool.rate, pool.term_days) if terms is None else (Fraction(terms.rate), terms.term_days)
    number = len(book.loans) + 1
    loan = Loan(
        number=number,
        pool=pool.number,
        lender=pool.owner,
        borrower=position.holder,
        market=market.name,
        account=position.account,
        asset=pool.asset,
        principal=units,
        rate=rate,
        term_days=term_days,
        period_days=pool.period_days if terms is None else terms.period_days,
        interest_asset=pool.interest_asset if terms is None else terms.interest_asset,
        long=term_days >= market.parameters.long_term_days,  # PL-3
        floor=market.parameters.floor_permille(book.feed_to_convert(market.name)),
        made=book.now,
        term_ends=book.now + term_days * SECONDS_PER_DAY,
        paid_until=book.now,
        interest_due=book.now,
    )
    book.loans[number] = loan
    position.loans.append(number)
    book.event(
        "PL-11", "loan", number, "made", pool=pool.number, borrower=position.holder, units=units, asset=pool.asset
    )
    book.move(
        "PL-12",
        f"lent by loan {number}",
        (f"pool/{pool.number}/{'available' if placed is None else 'pending'}", pool.asset, -units),
        (f"pool/{pool.number}/lent", pool.asset, units),
    )
    if placed is None:
        pool.available -= units
    else:
        pool.pending -= units
    pool.lent += units
    _lent_changes(book, position, loan, units)
    loan.unpaid.append(Terms(loan.rate, loan.term_days, loan.period_days, new_term=False, due=book.now))
    if placed is None:
        _pay_from_prepaid(book, loan)
    else:
        _pay(book, loan, placed.source, placed.lent.interest)
    if position.state in ("free", "unwinding"):
        book.change_state(position, "protected", "PL-11")
    book.notify(loan.lender, "PL-12", f"Loan {number}: {book.show(loan.asset, units)} lent from pool {pool.number}.")
    return loan


def _lent_changes(book: Book, position: Position, loan: Loan, units: int) -> None:
    """Count `units` more (less where negative) as lent: in the position, and for the next dividend."""
    if loan.asset == loan.market:
        position.lp2 += units
    else:
        position.lp1 += units
    if not loan.long:
        _count_short(book, loan, units)
    locked = book.markets[loan.market].locked.setdefault((loan.lender, loan.asset), Locked(since=book.now))
    locked.bring_to(book.now)
    locked.units += units
    book.touch("pool", loan.pool, book.pools[loan.pool])
    book.touch("loan", loan.number, loan)
    book.touch("position", position.key, position)
    book.look_at(position)


def _count_short(book: Book, loan: Loan, units: int) -> None:
    rates = book.short_lent.setdefault(loan.asset, {})
    rates[loan.rate] = rates.get(loan.rate, 0) + units
    if not rates[loan.rate]:
        del rates[loan.rate]


# --- interest ---------------------------------------------------------------------------------------------


def covered_until(loan: Loan) -> int:
    """The end of the last period that is paid or fell due, in chain seconds."""
    return loan.paid_until + sum(terms.period_days for terms in loan.unpaid) * SECONDS_PER_DAY


def is_due(book: Book, loan: Loan) -> bool:
    """Whether a live loan that goes on has its next interest due at this moment."""
    return loan.ended is None and loan.goes_home < loan.principal and loan.interest_due == book.now


def next_terms(book: Book, position: Position, loan: Loan) -> Terms | str:
    """What the next period runs at, or the rule by which there is none: then the loan ends with its term (PL-6)."""
    last = next((terms for terms in reversed(loan.unpaid) if terms.new_term), None)
    term_ends = loan.term_ends + sum(t.term_days for t in loan.unpaid if t.new_term) * SECONDS_PER_DAY
    if covered_until(loan) < term_ends:
        kept = last or loan
        return Terms(kept.rate, kept.term_days, kept.period_days, new_term=False, due=book.now)
    pool, market = book.pools[loan.pool], book.markets[loan.market]
    same_kind = (pool.term_days >= market.parameters.long_term_days) == loan.long  # PL-D6
    if not pool.renews or not same_kind:
        return "PL-6"
    if not loan.long and not _reaches_floor(market, position):
        return "PL-D58"
    return Terms(pool.rate, pool.term_days, pool.period_days, new_term=True, due=book.now)


def will_end(book: Book, loan: Loan, rule: str) -> None:
    """Note that a loan ends when the last period that is paid or fell due ends (PL-6, PL-D63)."""
    loan.goes_home, loan.home_by, loan.home_at = loan.principal, rule, covered_until(loan)
    book.schedule.add(DueItem(max(book.now, loan.home_at), DueKind.END, loan.number))
    book.touch("loan", loan.number, loan)
    book.notify(loan.borrower, rule, f"Loan {loan.number} ends with its term and does not renew.")


def _reaches_floor(market: Market, position: Position) -> bool:
    """PL-D58: a short loan that would not reach its new floor does not renew."""
    feed = market.valid_feed
    if feed is None:
        return True
    floor = market.parameters.floor_permille(feed)
    return not ratio_is_under(position.collateral + position.lp1, position.owed_units, feed.price, floor)


def owed_units(book: Book, loan: Loan, terms: Terms) -> int:
    """The interest of an unpaid period, in the interest asset, at the feed of this moment."""
    begins = loan.paid_until
    for earlier in loan.unpaid:
        if earlier is terms:
            break
        begins += earlier.period_days * SECONDS_PER_DAY
    units = loan.principal - (loan.goes_home if begins >= loan.home_at else 0)
    return period_interest(book, loan.market, loan.asset, units, loan.interest_asset, terms.rate, terms.period_days)


def take_interest(book: Book, loan: Loan) -> bool:
    """Take the unpaid interest if the borrower's prepaid balance has all of it (PL-45); tells whether it had."""
    if not loan.unpaid or book.prepaid(loan.borrower, loan.interest_asset) < owed_units(book, loan, loan.unpaid[0]):
        return False
    _pay_from_prepaid(book, loan)
    return True


def _pay_from_prepaid(book: Book, loan: Loan) -> None:
    _pay(book, loan, f"prepaid/{loan.borrower}", owed_units(book, loan, loan.unpaid[0]))


def _pay(book: Book, loan: Loan, source: str, interest: int) -> None:
    """PL-10: the system's cut to the market's insurance fund, the rest to the lender as free balance."""
    terms = loan.unpaid[0]
    cut = cut_units(interest, book.markets[loan.market].parameters.i2)  # PL-D5: in the asset paid
    book.move(
        "PL-10",
        f"interest of loan {loan.number} for {terms.period_days} days",
        (source, loan.interest_asset, -interest),
        (f"free/{loan.lender}", loan.interest_asset, interest - cut),
        (f"fund/{loan.market}", loan.interest_asset, cut),
    )
    income(book, loan.market, loan.interest_asset, cut)
    period_is_paid(book, loan, loan.interest_asset, interest - cut)


def period_is_paid(book: Book, loan: Loan, asset: str, units: int) -> None:
    """Count the oldest unpaid period as paid, `units` of which reached the lender; the next falls due in its time."""
    terms = loan.unpaid.pop(0)
    loan.judged = False
    book.overdue.get(loan.borrower, {}).pop(loan.number, None)
    book.markets[loan.market].waiting.pop(loan.number, None)
    if terms.new_term:
        _renew(book, loan, terms)
    pool = book.pools[loan.pool]
    pool.earned[asset] = pool.earned.get(asset, 0) + units
    loan.paid_until += terms.period_days * SECONDS_PER_DAY
    book.schedule.add(DueItem(max(book.now, loan.paid_until), DueKind.END, loan.number))
    schedule_interest(book, loan)
    book.touch("pool", pool.number, pool)
    book.look_at(book.position_of(loan))
    book.event("PL-10", "loan", loan.number, "paid", asset=asset, units=units, paid_until=loan.paid_until)


def schedule_interest(book: Book, loan: Loan) -> None:
    """Have the next interest fall due `prepay_lead_days` before what is covered ends (PL-21); at the end if short."""
    lead_days = book.markets[loan.market].parameters.prepay_lead_days if loan.long else 0
    loan.interest_due = max(book.now, covered_until(loan) - lead_days * SECONDS_PER_DAY)
    book.schedule.add(DueItem(loan.interest_due, DueKind.INTEREST, loan.number))
    book.touch("loan", loan.number, loan)


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


def try_overdue(book: Book, borrower: str) -> None:
    """PL-D8, PL-45: overdue interest is tried, oldest first, whenever the prepaid balance has grown.

    PL-44: in an auction none is collected, and that of an unsold position is the carrier's.
    """
    for number in list(book.overdue.get(borrower, ())):
        if book.position_of(book.loans[number]).state == "protected":
            take_interest(book, book.loans[number])
    for market in book.market_names:
        for account in book.held.get((market, borrower), ()):
            book.look_at(book.positions[market, account])  # a cure may be complete now (PL-D23)


# --- ends ---------------------------------------------------------------------------------------------------


def end_loan(book: Book, loan: Loan, rule: str, units: int | None = None, *, replaced: bool = False) -> None:
    """End a loan, or `units` of it: the principal is the pool's again (PL-12), in full (PL-I1).

    What is really in a vault has to come home first (V-5), unless its lender is paid by who lends it instead
    (`replaced`).
    """
    position, pool = book.position_of(loan), book.pools[loan.pool]
    units = loan.principal if units is None else min(units, loan.principal)
    _owe_days(book, position, loan, units)
    in_vault = position.custody == "vault" and not replaced
    if in_vault:
        begin_unwinding(book, position, loan, units, rule)
    else:
        book.move(
            rule,
            f"back from loan {loan.number}",
            (f"pool/{pool.number}/lent", pool.asset, -units),
            (f"pool/{pool.number}/available", pool.asset, units),
        )
        pool.available += units
        pool.lent -= units
    _lent_changes(book, position, loan, -units)
    if units < loan.principal:
        loan.principal -= units
        loan.goes_home = min(loan.goes_home, loan.principal)
        book.event(rule, "loan", loan.number, "cut", units=units)
        return
    loan.ended, loan.ended_by = book.now, rule
    loan.unpaid.clear()
    position.loans.remove(loan.number)
    position.last_end_rule = rule
    book.overdue.get(loan.borrower, {}).pop(loan.number, None)
    book.markets[loan.market].waiting.pop(loan.number, None)
    book.event(rule, "loan", loan.number, "ended", units=units)
    where = f" It is in {loan.account} until the chain lets it out (V-5)." if in_vault and rule != "PL-46" else ""
    book.notify(loan.borrower, rule, f"Loan {loan.number} ended.{where}")
    is_where = "on its way home" if in_vault else "available again"
    book.notify(loan.lender, rule, f"Loan {loan.number} ended: {book.show(loan.asset, units)} is {is_where}.")
    if not position.loans:
        position.shrunk = False
        if position.state == "protected" and rule != "PL-46":  # a closed position is closed, not free
            book.change_state(position, "unwinding" if position.unwinding else "free", rule)


def _owe_days(book: Book, position: Position, loan: Loan, units: int) -> None:
    """PL-D60: days begun after the paid time, in an auction or while carried, are owed by the fund."""
    if position.state in IN_AUCTION + CARRIED and book.now > loan.paid_until:
        _claim_days(book, loan, units, div_ceil(book.now - loan.paid_until, SECONDS_PER_DAY))


def owe_interest(book: Book, loan: Loan, units: int, days: int, holder: str) -> None:
    """V-5: days on the way home cost the loan's rate: from the prepaid interest if it is there, else from the fund."""
    interest = period_interest(book, loan.market, loan.asset, units, loan.interest_asset, loan.rate, days)
    if book.prepaid(holder, loan.interest_asset) < interest:
        _claim_days(book, loan, units, days)
        return
    cut = cut_units(interest, book.markets[loan.market].parameters.i2)
    book.move(
        "V-5",
        f"interest of loan {loan.number} for {days} days on the way home",
        (f"prepaid/{holder}", loan.interest_asset, -interest),
        (f"free/{loan.lender}", loan.interest_asset, interest - cut),
        (f"fund/{loan.market}", loan.interest_asset, cut),
    )
    income(book, loan.market, loan.interest_asset, cut)


def _claim_days(book: Book, loan: Loan, units: int, days: int) -> None:
    parameters = book.markets[loan.market].parameters
    rate = min(loan.rate, parameters.carry_rate)
    interest = period_interest(book, loan.market, loan.asset, units, loan.interest_asset, rate, days)
    owed = interest - cut_units(interest, parameters.i2)  # PL-D26: the lenders' part
    if not owed:
        return
    number = len(book.claims) + 1
    claim = Claim(number, loan.market, loan.account, loan.number, loan.lender, loan.interest_asset, owed, made=book.now)
    book.claims[number] = claim
    book.markets[loan.market].claims[number] = None
    book.to_serve.add(loan.market)
    book.touch("claim", number, claim)
    book.event("PL-D60", "claim", number, "made", loan=loan.number, units=owed, asset=loan.interest_asset)


def repay(book: Book, account: str, ask: Repay) -> None:
    """PL-19, PL-24: the borrower ends a loan; a long one not while CR is under (LMCR + MSSR) / 2."""
    loan = book.loans.get(ask.loan)
    if loan is None or loan.borrower != account:
        raise Refused("PL-19", f"loan {ask.loan} is not yours", "See your loans with mplp loans.")
    if loan.ended is not None:
        raise Refused("PL-19", f"loan {ask.loan} has ended already")
    check_may_move(book.position_of(loan))
    if loan.long:
        check_long_can_end(book, loan)
    if loan.account in book.vaults:
        _check_comes_home(book, loan)
    end_loan(book, loan, "PL-24" if loan.long else "PL-19")


def _check_comes_home(book: Book, loan: Loan) -> None:
    """V-5: a holder ends a loan in a vault only if the chain lets it out; else its end could cost the position."""
    market, position = book.markets[loan.market], book.position_of(loan)
    feed = market.valid_feed
    if feed is None:
        raise Refused("PL-47", f"without a valid feed of {market.name} V-5 can't be judged: {market.invalid}")
    core, bitasset = (0, loan.principal) if loan.asset == loan.market else (loan.principal, 0)
    collateral, debt = position.chain_collateral - core, position.chain_debt + bitasset
    if collateral * feed.price.bitasset * PERMILLE <= feed.icr * debt * feed.price.core:
        raise Refused(
            "V-5",
            f"without it the ratio on the chain would not be over ICR {ratio_words(feed.icr)}",
            "Add collateral or pay debt first, or close the position.",
        )


def check_may_move(position: Position) -> None:
    """PL-48: in auction, taken over, carried or black the holder can end no loan and move nothing, except to cure."""
    if position.state in IN_AUCTION + CARRIED:
        state = position.state.replace("_", " ")
        raise Refused("PL-48", f"the position of {position.account} in {position.market} is {state}")


def check_long_can_end(book: Book, loan: Loan) -> None:
    """PL-24: a long loan can't be ended by its borrower while CR is under (LMCR + MSSR) / 2."""
    market, position = book.markets[loan.market], book.position_of(loan)
    feed = market.valid_feed
    if feed is None:
        raise Refused("PL-47", f"without a valid feed of {market.name} PL-24 can't be judged: {market.invalid}")
    bound_twice = market.parameters.lmcr + feed.mssr
    if ratio_is_under(2 * position.collateral, position.debt, feed.price, bound_twice):
        raise Refused(
            "PL-24",
            f"a long loan can't be ended while CR is under {ratio_words(Fraction(bound_twice, 2 * PERMILLE))}",
            "Add collateral or pay debt first.",
        )
