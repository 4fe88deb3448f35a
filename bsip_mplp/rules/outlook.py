"""What a market's funds hold, owe and will have to pay: asked of the rules themselves, and nothing is changed by it."""

from __future__ import annotations

from typing import NamedTuple

from bsip_mplp.money import ceil_fraction, div_floor
from bsip_mplp.rules import bonds, carrying, funds, loans
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.state import Loan, Market, Terms

Sum = dict[str, int]
"""Smallest units by asset."""


class Outlook(NamedTuple):
    """One market's funds at this moment; money in smallest units by asset."""

    market: str
    core: str
    time: int
    holds: Sum
    owes: Sum
    """Interest owed to lenders, claims included (PL-34, PL-D36)."""
    owes_in_bitasset: int
    falls_due: Sum
    """The lenders' part of what carried loans cost next, up to the time asked for, if none of them goes home."""
    risk_holds: Sum
    risk_lends: Sum
    carried: tuple[str, ...]
    black: tuple[str, ...]
    coupons: dict[int, int]
    """Coupon accrued by series of bonds not redeemed yet (PL-D34)."""

    lacks_units: int
    """What is not there, in the bitasset, of what is owed and falls due; then bonds are offered (PL-37)."""


def outlook(book: Book, market: Market, until: int) -> Outlook:
    """What a market's funds hold and owe, and what falls due for carried loans up to a time."""
    positions = carrying.carried_positions(book, market)
    live = [loan for position in positions for loan in book.live_loans(position)]
    claims = [book.claims[number] for number in market.claims]
    unpaid = [(loan.interest_asset, carrying.lender_units(book, loan, terms)) for loan in live for terms in loan.unpaid]
    holds = dict(zip((market.core, market.name), funds.fund_holds(book, market), strict=True))
    owes = _sum([*unpaid, *((claim.asset, claim.units) for claim in claims)])
    falls_due = _sum([cost for loan in live if loan.interest_due <= until for cost in _next_cost(book, loan)])
    return Outlook(
        market=market.name,
        core=market.core,
        time=book.now,
        holds=holds,
        owes=owes,
        owes_in_bitasset=bonds.owed_in_bitasset(book, market),
        falls_due=falls_due,
        risk_holds=_held(book, market, f"risk/{market.name}"),
        risk_lends=_held(book, market, f"risk_lent/{market.name}"),
        carried=tuple(position.account for position in positions if position.state == "carried"),
        black=tuple(position.account for position in positions if position.state == "black"),
        coupons={n: ceil_fraction(bonds.coupon_accrued(book, book.series[n])) for n in market.series},
        lacks_units=_lacks(book, market, holds, _sum([*owes.items(), *falls_due.items()])),
    )


def _next_cost(book: Book, loan: Loan) -> list[tuple[str, int]]:
    """What a carried loan's next period costs the fund; nothing if it ends then."""
    terms = loans.next_terms(book, book.position_of(loan), loan)
    if not isinstance(terms, Terms) or loan.goes_home == loan.principal:
        return []
    return [(loan.interest_asset, carrying.lender_units(book, loan, terms))]


def _lacks(book: Book, market: Market, holds: Sum, needs: Sum) -> int:
    """What lacks in the bitasset, with what is over of the core asset at the feed price, rounded against the fund."""
    lacks = needs.get(market.name, 0) - holds[market.name]
    core_units = needs.get(market.core, 0) - holds[market.core]
    if core_units and (market.valid_feed or market.last_valid):
        price = book.feed_to_convert(market.name).price
        if core_units > 0:
            lacks += price.bitasset_for_core(core_units)
        else:
            lacks -= div_floor(-core_units * price.bitasset, price.core)
    return max(0, lacks)


def _held(book: Book, market: Market, account: str) -> Sum:
    return {asset: book.ledger.balance(account, asset) for asset in (market.core, market.name)}


def _sum(parts: list[tuple[str, int]]) -> Sum:
    found: Sum = {}
    for asset, units in parts:
        found[asset] = found.get(asset, 0) + units
    return found
