"""Borrowing: how much, from which pools, and whether a rule forbids it (PL-8, PL-11, PL-13 to PL-15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bsip_mplp.market import Feed
from bsip_mplp.money import div_ceil, div_floor
from bsip_mplp.ratios import PERMILLE, least_lp1_units, least_lp2_units, ratio_is_under, ratio_words
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.inputs import Borrow, Prepay, Unprepay
from bsip_mplp.rules.loans import check_may_move, make_loan, period_interest, try_overdue
from bsip_mplp.rules.placing import check_vault, lacking_after, place
from bsip_mplp.rules.pools import rate_key
from bsip_mplp.rules.state import Market, Pool, Position
from bsip_mplp.rules.vault_orders import own_vault


@dataclass(frozen=True, slots=True)
class Part:
    """What one pool gives to a request, and the first interest that it takes."""

    pool: int
    units: int
    interest_asset: str
    interest: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that no rule forbids: its parts, in the order in which the loans are made."""

    units: int
    parts: tuple[Part, ...]


def borrow(book: Book, account: str, ask: Borrow, along: tuple[str, int] | None = None) -> None:
    """PL-15: fill a request whole, or refuse it; money that came along is prepaid interest if it is filled."""
    plan = plan_borrow(book, account, ask, along)
    if along is not None:
        prepay(book, account, *along)
    position = find_position(book, account, ask.market, ask.position)
    if position.custody == "vault":
        place(book, position, plan.parts, ask.asset)
    for part in plan.parts if position.custody != "vault" else ():
        loan = make_loan(book, position, book.pools[part.pool], part.units)
        book.notify(account, "PL-11", _told(book, position, loan.number, part, ask.asset))
    if along is not None:
        try_overdue(book, account)


def _told(book: Book, position: Position, number: int, part: Part, asset: str) -> str:
    text = f"Loan {number}: {book.show(asset, part.units)} from pool {part.pool} counts for your position."
    if position.custody == "books":  # V-1: said each time it matters
        text += " It is an entry of this ledger: it does not keep the chain from calling you."
    return text


def prepay(book: Book, account: str, asset: str, units: int) -> None:
    """PL-8: free balance becomes prepaid interest."""
    if units < 1 or book.free(account, asset) < units:
        raise Refused("PL-8", f"the free balance holds {book.show(asset, book.free(account, asset))}")
    book.move("PL-8", "prepaid interest", (f"free/{account}", asset, -units), (f"prepaid/{account}", asset, units))


def prepay_interest(book: Book, account: str, ask: Prepay, asset: str, units: int) -> None:
    """PL-8, PL-D8: deposit interest ahead; what is overdue is tried at once."""
    del ask  # it names nothing but the money
    prepay(book, account, asset, units)
    try_overdue(book, account)


def unprepay(book: Book, account: str, ask: Unprepay) -> None:
    """PL-9: what no rule has taken yet can be taken back, also during an auction (PL-D47)."""
    asset, held = ask.asset, book.prepaid(account, ask.asset)
    units = held if ask.amount is None else ask.amount
    if units < 1 or units > held:
        raise Refused("PL-9", f"your prepaid interest holds {book.show(asset, held)}")
    book.move(
        "PL-9", "prepaid interest taken back", (f"prepaid/{account}", asset, -units), (f"free/{account}", asset, units)
    )


def plan_borrow(book: Book, account: str, ask: Borrow, along: tuple[str, int] | None = None) -> Plan:
    """What a request would do now; raises `Refused` with the first rule that forbids it and changes nothing."""
    market = book.markets.get(ask.market)
    if market is None:
        raise Refused("PL-11", f"{ask.market} is no market here", f"Markets: {', '.join(book.market_names)}.")
    if ask.asset not in (market.core, market.name):
        raise Refused("PL-11", f"{ask.asset} is not lent in the market {market.name}")
    check_lends(market)
    position = find_position(book, account, market.name, ask.position)
    check_may_move(position)
    feed = market.valid_feed
    if feed is None:
        raise Refused("PL-47", f"{market.name} has no valid feed: {market.invalid}", "Try again when it has one.")
    least = least_units(position, market, feed, ask.asset)
    if ask.amount is None:
        if least == 0:
            raise Refused("PL-D1", "the position needs no loan: its combined ratio is over ICR already")
        units = max(least, book.assets[ask.asset].least_size)  # PL-D65
    else:
        units = ask.amount
    _check_ratios(book, position, feed, ask.asset, units, least)
    if position.custody == "vault":
        lent = (units, 0) if ask.asset == market.core else (0, units)
        check_vault(book, position, market, feed, *lent)
    parts = _choose_pools(book, account, ask, units, market)
    _check_interest(book, account, parts, along)
    return Plan(units, tuple(parts))


def check_lends(market: Market) -> None:
    """Refuse a loan in a market that is run by its shared pool alone."""
    if market.parameters.personal_pools == "no":
        raise Refused("PL-11", f"{market.name} has no loans from personal pools", "Join its shared pool: mplp hold.")


def find_position(book: Book, account: str, market: str, named: str | None) -> Position:
    """The open position that an account holds and names; its own if it names none, or that in its vault."""
    position = book.position(market, named or account)
    if named is None and (position is None or position.state == "closed"):
        position = book.position(market, own_vault(book, market, account) or account)
    if position is None or position.state == "closed":
        raise Refused("PL-11", f"{named or account} has no position in {market}", "A loan counts for an open one only.")
    if position.holder != account:
        raise Refused("PL-28", f"the position of {position.account} in {market} is held by {position.holder}")
    return position


def least_units(position: Position, market: Market, feed: Feed, asset: str) -> int:
    """PL-D1: the smallest further amount with which PL-13 and PL-14 both hold; refused while CR is under LMCR."""
    _check_own_ratio(position, market, feed)
    collateral, debt, lp1, lp2 = position.collateral, position.debt, position.lp1, position.lp2
    lmcr, icr, price = market.parameters.lmcr, feed.icr, feed.price
    if asset == market.core:
        by_13 = least_lp1_units(collateral, debt, lp1, lp2, icr, lmcr)
        over_icr = div_floor(icr * position.owed_units * price.core, PERMILLE * price.bitasset) + 1
        return max(0, by_13, over_icr - collateral - lp1)
    by_13 = least_lp2_units(collateral, debt, lp1, lp2, icr, lmcr)
    most_debt = div_ceil((collateral + lp1) * price.bitasset * PERMILLE, icr * price.core) - 1
    return max(0, by_13, position.owed_units - most_debt)


def _check_own_ratio(position: Position, market: Market, feed: Feed) -> None:
    if ratio_is_under(position.collateral, position.debt, feed.price, market.parameters.lmcr):
        raise Refused(
            "PL-14",
            f"CR is under LMCR {ratio_words(market.parameters.lmcr)}",
            "Add collateral or pay debt first.",
        )


def _check_ratios(book: Book, position: Position, feed: Feed, asset: str, units: int, least: int) -> None:
    market = book.markets[position.market]
    if units < 1:
        raise Refused("PL-15", "a request must name an amount over 0")
    if position.participant is not None and position.participant.call == "full":
        raise Refused("SP-14", "the position belongs to the shared pool")
    lp1 = position.lp1 + (units if asset == market.core else 0)
    lp2 = position.lp2 + (units if asset == market.name else 0)
    collateral, debt = position.collateral + lp1, position.debt - lp2
    owed = position.owed_units - (units if asset == market.name else 0)  # the shared pool counts in LCR
    if min(debt, owed) <= 0:  # PL-11, PL-D53
        whole = book.show(market.name, position.debt)
        raise Refused("PL-11", f"what is lent of {market.name} would reach the whole debt, {whole}")
    lmcr, icr = market.parameters.lmcr, feed.icr
    if collateral * position.debt * lmcr < debt * position.collateral * icr:
        asked, needed = book.show(asset, units), book.show(asset, least)
        raise Refused("PL-13", f"{asked} is less than the least that may be borrowed, {needed}", "Ask for the least.")
    _check_own_ratio(position, market, feed)
    if collateral * feed.price.bitasset * PERMILLE <= icr * owed * feed.price.core:
        raise Refused("PL-14", f"LCR would not be over ICR {ratio_words(icr)}", "Ask for more, or the least.")
    cap = market.parameters.cap_permille(feed)
    if collateral * feed.price.bitasset * PERMILLE > cap * debt * feed.price.core:
        raise Refused("PL-D37", f"LCR would be over {ratio_words(cap)}", "Ask for less.")


def _choose_pools(book: Book, account: str, ask: Borrow, units: int, market: Market) -> list[Part]:
    """PL-15, PL-D2, PL-D65: the pools in their order, each as far as it reaches."""
    least_size, remaining = max(1, book.assets[ask.asset].least_size), units
    parts: list[Part] = []
    for pool in _named_pools(book, account, ask) if ask.pools else _cheapest_pools(book, account, ask):
        given = min(pool.available, remaining)
        if 0 < remaining - given < least_size:
            given = remaining - least_size
        if pool.available < least_size or given < least_size:
            continue
        interest = period_interest(
            book, market.name, pool.asset, given, pool.interest_asset, pool.rate, pool.period_days
        )
        parts.append(Part(pool.number, given, pool.interest_asset, interest))
        remaining -= given
        if not remaining:
            return parts
    raise Refused(
        "PL-15",
        f"the pools give {book.show(ask.asset, units - remaining)} of the {book.show(ask.asset, units)} asked for",
        "Allow a higher rate or other terms, or ask for less.",
    )


def _named_pools(book: Book, account: str, ask: Borrow) -> list[Pool]:
    pools = []
    for number in dict.fromkeys(ask.pools):
        pool = book.pools.get(number)
        if pool is None or pool.asset != ask.asset:
            raise Refused("PL-15", f"pool {number} doesn't lend {ask.asset}", "See mplp pools.")
        if pool.owner == account:
            raise Refused("PL-D3", f"pool {number} is your own")
        pools.append(pool)
    return pools


def _cheapest_pools(book: Book, account: str, ask: Borrow) -> Iterator[Pool]:
    highest = None if ask.highest_rate is None else rate_key(ask.highest_rate)
    for rate, number in book.cheapest.get(ask.asset, ()):
        if highest is not None and rate > highest:
            return
        pool = book.pools[number]
        if (
            pool.available
            and pool.owner != account  # PL-D3
            and (ask.shortest_days is None or pool.term_days >= ask.shortest_days)
            and (ask.longest_days is None or pool.term_days <= ask.longest_days)
        ):
            yield pool


def _check_interest(book: Book, account: str, parts: list[Part], along: tuple[str, int] | None) -> None:
    """PL-8: the prepaid balance must have the first interest of all parts."""
    needed: dict[str, int] = {}
    for part in parts:
        needed[part.interest_asset] = needed.get(part.interest_asset, 0) + part.interest
    for asset, units in sorted(needed.items()):
        held = book.prepaid(account, asset) + (along[1] if along is not None and along[0] == asset else 0)
        if held < units:
            raise Refused(
                "PL-8",
                f"the first interest is {book.show(asset, units)}, prepaid are {book.show(asset, held)}",
                f"Prepay {book.show(asset, units - held)} more.",
            )


def covered_mix(position: Position, market: Market, feed: Feed) -> tuple[int, int] | None:
    """V-12: the least that may be borrowed in a vault and is covered, as (core asset, bitasset); None if nothing is.

    Core asset alone if that passes. If not, bitasset alone: of every mix that PL-13 lets pass it needs the least cover,
    and each request must pass by itself. Raises `Refused` while CR is under LMCR (PL-14).
    """
    core = least_units(position, market, feed, market.core)
    if not lacking_after(position, market, feed, core, 0):
        return core, 0
    bitasset = least_units(position, market, feed, market.name)
    if bitasset >= position.chain_debt or lacking_after(position, market, feed, 0, bitasset):
        return None
    return 0, bitasset
