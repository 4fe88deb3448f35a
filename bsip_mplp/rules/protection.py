"""Standing protection: requests to borrow that run in the same step as the feed that reaches them (PL-16)."""

from __future__ import annotations

from fractions import Fraction

from bsip_mplp.ratios import PERMILLE, ratio_is_under
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.borrowing import borrow, check_lends, prepay
from bsip_mplp.rules.inputs import Borrow, Protect, Unprotect
from bsip_mplp.rules.loans import try_overdue
from bsip_mplp.rules.state import Market, Position, Protection
from bsip_mplp.rules.triggers import order_key
from bsip_mplp.rules.vault_orders import own_vault

NEAR_LMCR = Fraction(105, 100)
"""A trigger at most this far over LMCR is near it (PL-D67)."""


def protect(book: Book, account: str, ask: Protect, along: tuple[str, int] | None = None) -> None:
    """PL-16, PL-50: arm a request; money that came along is prepaid interest. It may run at once (PL-D17)."""
    market = book.markets.get(ask.market)
    if market is None:
        raise Refused("PL-16", f"{ask.market} is no market here", f"Markets: {', '.join(book.market_names)}.")
    asset = market.core if ask.asset is None else ask.asset
    if asset not in (market.core, market.name):
        raise Refused("PL-16", f"{asset} is not lent in the market {market.name}")
    check_lends(market)
    at = _default_trigger(market) if ask.at is None else ask.at
    if not 0 < at <= 1000:
        raise Refused("PL-16", f"a trigger of {at} is no ratio", "Write for example at=1.60.")
    own = book.position(market.name, account)
    in_vault = own_vault(book, market.name, account) if own is None or own.state == "closed" else None
    named = ask.position or in_vault or account
    seen = book.position(market.name, named)
    if seen is not None and seen.holder != account:
        raise Refused("PL-28", f"the position of {seen.account} in {market.name} is held by {seen.holder}")
    if along is not None:
        prepay(book, account, *along)
    number = len(book.protections) + 1
    wanted = Borrow(
        market=market.name,
        asset=asset,
        amount=ask.amount,
        pools=ask.pools,
        highest_rate=ask.highest_rate,
        shortest_days=ask.shortest_days,
        longest_days=ask.longest_days,
        position=ask.position or in_vault,
    )
    protection = Protection(number, account, named, at, wanted)
    book.protections[number] = protection
    book.armed.setdefault((market.name, named), {})[number] = None
    book.touch("protection", number, protection)
    book.event("PL-16", "protection", number, "armed", at=str(at))
    _say_armed(book, market, protection)
    if along is not None:
        try_overdue(book, account)
    position = book.position(market.name, named)
    if position is not None:
        place_in_index(book, position)
        run_of_position(book, position)


def _default_trigger(market: Market) -> Fraction:
    """PL-50: a little over the MCR of the last valid feed; one that breaks the parameters says nothing (PL-47)."""
    if market.last_valid is None:
        raise Refused("PL-50", f"no valid feed of {market.name} was seen yet", "Name the trigger, such as at=1.60.")
    return market.parameters.protect_at_mcr * Fraction(market.last_valid.mcr, PERMILLE)


def _say_armed(book: Book, market: Market, protection: Protection) -> None:
    at, lmcr = protection.at, Fraction(market.parameters.lmcr, PERMILLE)
    text = f"Protection {protection.number} is armed: it borrows once CR is at {float(at):.3f} or under."
    if at <= NEAR_LMCR * lmcr:  # PL-D17, PL-D67
        text += f" The trigger is near LMCR {float(lmcr):.3f}: a fall past both at once is refused by PL-14."
    book.notify(protection.account, "PL-16", text)


def unprotect(book: Book, account: str, ask: Unprotect) -> None:
    """Take back an armed request."""
    protection = book.protections.get(ask.protection)
    if protection is None or protection.account != account or not protection.live:
        raise Refused("PL-16", f"protection {ask.protection} is not yours, or no longer armed")
    disarm(book, protection, "PL-16", "disarmed")


def disarm(book: Book, protection: Protection, rule: str, what: str) -> None:
    """End an armed request: used up, taken back, or ended with its position."""
    protection.live = False
    del book.armed[protection.ask.market, protection.position][protection.number]
    market = book.markets[protection.ask.market]
    market.protections.discard(protection.number)
    market.barred.discard(protection.number)
    book.touch("protection", protection.number, protection)
    book.event(rule, "protection", protection.number, what)


def disarm_all(book: Book, position: Position, rule: str) -> None:
    """PL-D17: armed requests end with a win, a carrying or a closing."""
    for number in list(book.armed.get((position.market, position.account), ())):
        disarm(book, book.protections[number], rule, "ended")


def place_in_index(book: Book, position: Position) -> None:
    """Order a position's armed requests by the price at which each runs; called whenever it changes.

    One refused under LMCR (PL-14) stands apart, by the price from which it no longer is, until the position changes.
    """
    market = book.markets[position.market]
    for number in book.armed.get((position.market, position.account), ()):
        protection = book.protections[number]
        at, lmcr = protection.at, market.parameters.lmcr
        open_now = position.state != "closed"  # closed it has no ratio, and would stand in front of those that have one
        barred = protection.barred == (position.state, position.collateral, position.debt)
        if open_now and not barred:
            market.protections.put(number, position.debt * at.numerator, position.collateral * at.denominator)
        else:
            market.protections.discard(number)
        if open_now and barred:
            market.barred.put(number, PERMILLE * position.collateral, lmcr * position.debt)
        else:
            market.barred.discard(number)


def lift_bars(book: Book, market: Market) -> None:
    """Before another LMCR: what was refused under the present one is tried again with the next feed."""
    for number in market.barred.take(lambda _: True):
        protection = book.protections[number]
        protection.barred = None
        place_in_index(book, book.positions[market.name, protection.position])


def run_of_market(book: Book, market: Market) -> None:
    """PL-16: run what the feed has reached, in the order armed (PL-D17)."""
    feed = market.valid_feed
    if feed is None:
        return
    price = order_key(feed.price.bitasset, feed.price.core)

    def may_run(number: int) -> bool:
        # Triggers are any fractions: those that only the scale makes equal are taken too, and judged exactly by run()
        protection = book.protections[number]
        position = book.positions[market.name, protection.position]
        collateral = max(1, position.collateral * protection.at.denominator)
        return order_key(position.debt * protection.at.numerator, collateral) + 1 >= price

    reached = market.protections.take(may_run) + market.barred.take_from(
        order_key(feed.price.core, feed.price.bitasset)
    )
    for number in sorted(reached):
        protection = book.protections[number]
        position = book.positions[market.name, protection.position]
        run(book, position, protection)
        place_in_index(book, position)


def run_of_position(book: Book, position: Position) -> None:
    """PL-D17: run a position's armed requests after a report or an arming, in the order armed."""
    if book.markets[position.market].valid_feed is not None:
        for number in list(book.armed.get((position.market, position.account), ())):
            run(book, position, book.protections[number])


def run(book: Book, position: Position, protection: Protection) -> None:
    """Run one armed request if its trigger is reached; refused it stays armed and the holder is told (PL-D17)."""
    market, at = book.markets[position.market], protection.at
    feed, protection.barred = market.valid_feed, None
    if feed is None or position.state == "closed":
        return
    if position.collateral * feed.price.bitasset * at.denominator > at.numerator * position.debt * feed.price.core:
        return
    try:
        borrow(book, protection.account, protection.ask)
    except Refused as refused:
        if ratio_is_under(position.collateral, position.debt, feed.price, market.parameters.lmcr):
            protection.barred = (position.state, position.collateral, position.debt)
        if protection.told != f"{refused.rule}: {refused.reason}":
            protection.told = f"{refused.rule}: {refused.reason}"
            book.touch("protection", protection.number, protection)
            book.notify(
                protection.account,
                refused.rule,
                f"Protection {protection.number} could not borrow: {refused.reason}. It stays armed. {refused.remedy}",
            )
        return
    disarm(book, protection, "PL-16", "ran")
