"""Carrying by the management account: interest from the fund, less debt, and the close (PL-33 to PL-36, PL-49)."""

from __future__ import annotations

from bsip_mplp.money import cut_units, div_ceil, div_floor
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rules import loans, protection
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.chain_orders import order_on_chain
from bsip_mplp.rules.funds import above_reserve, income, pay_from_fund
from bsip_mplp.rules.needs import judge_loans
from bsip_mplp.rules.state import Loan, Market, Position, Terms
from bsip_mplp.rules.triggers import order_key

PAYS_DEBT = ("pay_debt", "hand_over", "vault")
"""Kinds of orders of a position; a vault's stands among them only if it pays its debt (V-9)."""


def carry(book: Book, position: Position, rule: str) -> None:
    """PL-33, PL-49: the position goes to the management account; what fell due before is judged and paid now.

    Its auction was ended before.
    """
    market = book.markets[position.market]
    protection.disarm_all(book, position, rule)
    position.holds.clear()
    book.change_state(position, "carried", rule)
    market.carried[position.account] = None
    book.to_serve.add(market.name)
    book.notify(position.holder, rule, f"Your position in {market.name} is carried by the management account.")
    use_risk_fund(book, market)
    fell_due = [loan for loan in book.live_loans(position) if loan.unpaid]
    judge_loans(book, position, {loan.number: loan.unpaid[-1] for loan in fell_due})
    send_home(book, position)
    for loan in fell_due:
        if loan.ended is None:
            pay_or_owe(book, market, loan)


def send_home(book: Book, position: Position) -> None:
    """PL-D55: what is found unneeded once the time paid for is over goes at once; days begun are owed (PL-D60)."""
    for loan in book.live_loans(position):
        if loan.goes_home and loan.home_at < book.now:
            units, loan.goes_home = loan.goes_home, 0
            loans.end_loan(book, loan, loan.home_by, units)


def pay_or_owe(book: Book, market: Market, loan: Loan) -> None:
    """PL-34: the fund pays what fell due, or owes it (PL-37); what goes home does so with its paid time."""
    book.to_serve.add(market.name)
    if loan.goes_home == loan.principal:
        loan.unpaid.clear()
        return
    loans.schedule_interest(book, loan)
    if not pay_owed(book, market, loan):
        market.failed_to_pay = True
        book.event("PL-37", "loan", loan.number, "owed by the fund")


def lender_units(book: Book, loan: Loan, terms: Terms) -> int:
    """PL-D26: the lenders' part of an unpaid period's interest, in the interest asset."""
    interest = loans.owed_units(book, loan, terms)
    return interest - cut_units(interest, book.markets[loan.market].parameters.i2)


def pay_owed(book: Book, market: Market, loan: Loan) -> bool:
    """PL-34: pay a loan's oldest unpaid period from the fund, if it has all of it; tells whether nothing is owed."""
    while loan.unpaid:
        units = lender_units(book, loan, loan.unpaid[0])
        text = f"interest of carried loan {loan.number} for {loan.unpaid[0].period_days} days"
        if not pay_from_fund(book, market, loan.interest_asset, units, f"free/{loan.lender}", "PL-34", text):
            return False
        loans.period_is_paid(book, loan, loan.interest_asset, units)
    return True


def use_risk_fund(book: Book, market: Market) -> None:
    """PL-35, PL-D30, PL-D49: the risk fund replaces outside loans, lowest number first, as far as it has the asset."""
    account = f"risk/{market.name}"
    if not any(book.ledger.balance(account, asset) for asset in (market.core, market.name)):
        return
    numbers = sorted(n for name in market.carried for n in book.positions[market.name, name].loans)
    for number in numbers:
        loan = book.loans[number]
        units = min(loan.principal, book.ledger.balance(account, loan.asset))
        if not units:
            continue
        position = book.position_of(loan)
        loans.end_loan(book, loan, "PL-35", units, replaced=True)
        book.move(
            "PL-35",
            f"the risk fund replaces loan {number}",
            (account, loan.asset, -units),
            (f"risk_lent/{market.name}", loan.asset, units),
        )
        if loan.asset == market.name:
            position.lp2, position.risk_lp2 = position.lp2 + units, position.risk_lp2 + units
        else:
            position.lp1, position.risk_lp1 = position.lp1 + units, position.risk_lp1 + units


def return_risk_loans(book: Book, position: Position) -> None:
    """PL-I1: what the risk fund lent comes back when the position is no longer carried."""
    market = book.markets[position.market]
    for asset, units in ((market.core, position.risk_lp1), (market.name, position.risk_lp2)):
        book.move(
            "PL-35",
            f"back from the position of {position.account}",
            (f"risk_lent/{market.name}", asset, -units),
            (f"risk/{market.name}", asset, units),
        )
    position.lp1, position.lp2 = position.lp1 - position.risk_lp1, position.lp2 - position.risk_lp2
    position.risk_lp1 = position.risk_lp2 = 0
    market.carried.pop(position.account, None)
    book.to_serve.add(market.name)


def cut_risk_lp2(book: Book, position: Position, excess: int) -> None:
    """PL-51: a debt seen smaller cuts what the risk fund lends of the bitasset, too."""
    units = min(excess, position.risk_lp2)
    book.move(
        "PL-51",
        f"back from the position of {position.account}",
        (f"risk_lent/{position.market}", position.market, -units),
        (f"risk/{position.market}", position.market, units),
    )
    position.lp2, position.risk_lp2 = position.lp2 - units, position.risk_lp2 - units


def look_at_carried(book: Book, position: Position) -> None:
    """PL-36: once `CR > LMCR` it is sold and closed; in books custody the loans end and the holder has it again."""
    market = book.markets[position.market]
    feed = market.valid_feed
    if feed is None or position.custody == "vault" or not is_over_lmcr(position, market):
        return  # V-9: a vault's orders are its own
    if position.custody == "books":  # PL-D25
        for loan in book.live_loans(position):
            loans.end_loan(book, loan, "PL-36")
        return_risk_loans(book, position)
        book.change_state(position, "free", "PL-36")
        book.notify(position.holder, "PL-36", f"Your position in {market.name} is yours again.")
    elif not any(book.orders[number].kind != "pay_debt" for number in position.orders):
        limit = (feed.price.bitasset * PERMILLE, feed.price.core * feed.mssr)
        order_on_chain(book, position, "close", market.core, position.collateral, limit=limit, rule="PL-36")


def is_over_lmcr(position: Position, market: Market) -> bool:
    """PL-36: whether `CR > LMCR` at a valid feed."""
    feed = market.valid_feed
    value = 0 if feed is None else position.collateral * feed.price.bitasset * PERMILLE
    return feed is not None and value > market.parameters.lmcr * position.debt * feed.price.core


def position_closed(book: Book, position: Position, left_units: int) -> None:
    """PL-D50: what is left of a closed carried position's collateral is income of the fund."""
    market = book.markets[position.market]
    return_risk_loans(book, position)
    if left_units and position.custody == "protocol":
        book.move(
            "PL-D50",
            f"left of the position of {position.account}",
            ("outside", market.core, -left_units),
            (f"fund/{market.name}", market.core, left_units),
        )
        income(book, market.name, market.core, left_units)


def carried_positions(book: Book, market: Market) -> list[Position]:
    """The carried and black positions of a market, lowest CR first, the first seen at a tie."""
    return sorted(_carried(book, market), key=lambda p: (-order_key(p.debt, p.collateral), p.number))


def _carried(book: Book, market: Market) -> list[Position]:
    return [book.positions[market.name, account] for account in market.carried]


def ordered_debt_units(book: Book, position: Position) -> int:
    """What stands in open orders to pay a position's debt (PL-D33)."""
    orders = (book.orders[number] for number in position.orders)
    return sum(order.units - order.filled for order in orders if order.kind in PAYS_DEBT)


def pay_debts(book: Book, market: Market) -> None:
    """PL-34, PL-D27: what the fund has above its reserve pays debt, lowest CR first, by the least for `CR > LMCR`."""
    feed = market.valid_feed
    if feed is None or not above_reserve(book, market):
        return
    for position in carried_positions(book, market):
        if position.custody in ("books", "vault"):  # PL-D25; V-9 for vaults
            continue
        debt = position.debt - ordered_debt_units(book, position)
        value = position.collateral * feed.price.bitasset * PERMILLE
        most_debt = max(0, div_ceil(value, market.parameters.lmcr * feed.price.core) - 1)
        units = min(debt - most_debt, above_reserve(book, market))
        if units > 0:
            order_on_chain(book, position, "pay_debt", market.name, units, source=f"fund/{market.name}", rule="PL-34")


def lacking_debt_units(book: Book, market: Market) -> dict[str, int]:
    """PL-D32: what each carried position lacks of its debt at `feed / MSSR`, after what the fund has is used.

    The lowest CR is served first. Nothing lacks in books custody, where no debt can be paid (PL-D25).
    """
    feed = market.valid_feed or market.last_valid
    left, lacking = above_reserve(book, market), {}
    for position in carried_positions(book, market) if left else _carried(book, market):
        if feed is None or position.custody == "books":
            continue
        own = max(0, position.collateral)  # a gap may have taken more from a vault than was its own
        worth = div_floor(own * feed.price.bitasset * PERMILLE, feed.mssr * feed.price.core)
        short = max(0, position.debt - ordered_debt_units(book, position) - worth)
        lacking[position.account] = max(0, short - left)
        left = max(0, left - short)
    return lacking


def owes_interest(book: Book, position: Position) -> bool:
    """Whether interest of a position is owed by the fund."""
    market = book.markets[position.market]
    return any(loan.unpaid for loan in book.live_loans(position)) or any(
        book.claims[number].account == position.account for number in market.claims
    )
