"""Risk bonds: issued when the fund can't pay, sold 1 : 1, redeemed from income (PL-37, PL-39, PL-43)."""

from __future__ import annotations

from fractions import Fraction

from bsip_mplp.money import DAYS_PER_YEAR, SECONDS_PER_DAY, ceil_fraction, div_floor, split_by_share
from bsip_mplp.rules import carrying
from bsip_mplp.rules.bond_state import Offer, Series
from bsip_mplp.rules.book import Book, Refused, show_time
from bsip_mplp.rules.funds import above_reserve, fund_holds
from bsip_mplp.rules.inputs import BuyBond, KeepBond, PassBond, Redeem, TakeBond
from bsip_mplp.rules.loans import end_loan
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.state import Loan, Market


def owed_in_bitasset(book: Book, market: Market) -> int:
    """PL-D62: all interest that a market's fund owes, claims included, in the bitasset, core at the feed rounded up.

    What did not come home from vaults is owed, too (V-10).
    """
    owed = {market.core: 0, market.name: 0}
    for number in market.short:  # V-10
        item = book.unwindings[number]
        owed[item.asset] += item.units - item.came
    for number in market.claims:
        claim = book.claims[number]
        owed[claim.asset] += claim.units
    for account in market.carried:
        for loan in book.live_loans(book.positions[market.name, account]):
            for terms in loan.unpaid:
                owed[loan.interest_asset] += carrying.lender_units(book, loan, terms)
    if not owed[market.core]:
        return owed[market.name]
    return owed[market.name] + book.feed_to_convert(market.name).price.bitasset_for_core(owed[market.core])


def issue_if_needed(book: Book, market: Market) -> None:
    """PL-37: a series is offered when the fund could not pay on a prepay date, or collateral is not enough."""
    failed, market.failed_to_pay = market.failed_to_pay, False
    if market.on_offer is not None:  # PL-D33: one window at a time
        return
    owed = owed_in_bitasset(book, market) if failed else 0
    lacking = carrying.lacking_debt_units(book, market)
    short = any(units and book.positions[market.name, account].state == "carried" for account, units in lacking.items())
    gap = any(not book.unwindings[number].series for number in market.short)  # V-10
    if not (failed and owed) and not short and not gap:
        return
    core, bitasset = fund_holds(book, market)
    feed = market.valid_feed or market.last_valid
    has = bitasset + (div_floor(core * feed.price.bitasset, feed.price.core) if feed is not None else 0)
    owed = owed_in_bitasset(book, market)
    amount = max(_debts(book, market) + owed - has, owed)  # PL-D51
    if amount > 0:
        _issue(book, market, amount)


def _debts(book: Book, market: Market) -> int:
    positions = carrying.carried_positions(book, market)
    return sum(p.debt - carrying.ordered_debt_units(book, p) for p in positions if p.custody != "books")


def _issue(book: Book, market: Market, amount: int) -> None:
    parameters = market.parameters
    number = len(book.series) + 1
    series = Series(
        number,
        market.name,
        amount,
        opened=book.now,
        window_ends=book.now + parameters.bond_window,
        coupon=parameters.bond_coupon,
        forced=parameters.bond_forced,
        accrued_to=book.now + parameters.bond_window,  # PL-D34: the coupon runs from the window's end
    )
    book.series[number] = series
    for item in market.short:
        book.unwindings[item].series = number
    market.series[number] = None
    market.on_offer = number
    book.schedule.add(DueItem(series.window_ends, DueKind.WINDOW, number))
    book.touch("series", number, series)
    book.touch("market", market.name, market)
    book.event("PL-37", "series", number, "offered", amount=amount)
    text = f"Risk bonds of {market.name}, series {number}: {book.show(market.name, amount)} until "
    book.notify("operator", "PL-37", text + show_time(series.window_ends))


def buy_bond(book: Book, account: str, ask: BuyBond, asset: str, units: int) -> None:
    """PL-37: bonds are sold 1 : 1 in the bitasset, as far as the series reaches; what is over stays free balance."""
    series = book.series.get(ask.series)
    if series is None or not series.on_offer:
        raise Refused("PL-37", f"series {ask.series} is not on offer", "See mplp bonds.")
    if asset != series.market:
        raise Refused("PL-37", f"bonds are sold for {series.market}, not for {asset}")
    if book.free(account, asset) < units or units < 1:
        raise Refused("PL-37", f"the free balance holds {book.show(asset, book.free(account, asset))}")
    bought = min(units, series.amount - series.sold)
    if not bought:
        raise Refused("PL-37", f"series {ask.series} is sold out")
    sell(book, series, f"free/{account}", account, bought, "PL-37")


def sell(book: Book, series: Series, source: str, holder: str, units: int, rule: str) -> None:
    """Money for bonds, into the insurance fund; it is no income (PL-D29)."""
    asset = series.market
    book.move(rule, f"bonds of series {series.number}", (source, asset, -units), (f"fund/{asset}", asset, units))
    series.sold += units
    series.give(holder, units)
    book.to_serve.add(series.market)
    book.touch("series", series.number, series)
    book.event(rule, "series", series.number, "sold", to=holder, units=units)
    book.notify(holder, rule, f"You hold {book.show(asset, units)} more of bond series {series.number}.")


def window_ends(book: Book, series: Series) -> None:
    """PL-38: the window closes; where bonds are compulsory, what was not raised is exchanged now (PL-39)."""
    market = book.markets[series.market]
    if series.forced == "compulsory" and series.sold < series.amount:
        _exchange(book, market, series)
    series.on_offer = False
    market.on_offer = None
    if not series.outstanding:
        del market.series[series.number]
    book.touch("series", series.number, series)
    book.touch("market", market.name, market)
    book.event("PL-38", "series", series.number, "window ended", sold=series.sold)


def _exchange(book: Book, market: Market, series: Series) -> None:
    """PL-39: what is lent or available of the bitasset in peer pools is exchanged 1 : 1 for bonds, by share."""
    pools = [book.pools[number] for number in sorted(number for _, number in book.cheapest.get(market.name, ()))]
    live: dict[int, list[Loan]] = {}
    for loan in book.loans.values():
        if loan.ended is None and book.position_of(loan).custody != "vault":  # V-5: what is in a vault is not at hand
            live.setdefault(loan.pool, []).append(loan)
    sizes = [pool.available + sum(loan.principal for loan in live.get(pool.number, ())) for pool in pools]
    wanted = min(series.amount - series.sold, sum(sizes))
    if not wanted:
        return
    for pool, units in zip(pools, split_by_share(wanted, sizes), strict=True):
        for loan in reversed(live.get(pool.number, [])):
            missing = units - pool.available
            if missing > 0:
                end_loan(book, loan, "PL-39", min(missing, loan.principal))
        if units:
            pool.available -= units
            sell(book, series, f"pool/{pool.number}/available", pool.owner, units, "PL-39")
            book.touch("pool", pool.number, pool)


# --- redemption ---------------------------------------------------------------------------------------------


def redeem_from_income(book: Book, market: Market) -> None:
    """PL-39: income above the reserve redeems bonds, the oldest series first, coupon before principal."""
    units = min(market.fresh_income, above_reserve(book, market))
    market.fresh_income = 0
    for number in list(market.series):
        series = book.series[number]
        if units <= 0 or series.on_offer:
            continue
        units -= _pay_coupon(book, series, units)
        units -= _pay_principal(book, series, units)
        _drop_if_redeemed(book, market, series)


def _drop_if_redeemed(book: Book, market: Market, series: Series) -> None:
    if not series.on_offer and not series.outstanding:  # what was exchanged whole leaves a coupon that is nobody's
        market.series.pop(series.number, None)
        book.event("PL-39", "series", series.number, "redeemed in full")
    book.touch("series", series.number, series)


def coupon_accrued(book: Book, series: Series) -> Fraction:
    """PL-D34: simple interest on the principal outstanding, by the second, exactly, with what was accrued before."""
    seconds = max(0, book.now - series.accrued_to)
    per_year = Fraction(seconds, DAYS_PER_YEAR * SECONDS_PER_DAY)
    return series.accrued + series.outstanding * series.coupon * per_year


def accrue(book: Book, series: Series) -> None:
    """PL-D34: book the coupon up to now; it starts at the window's end."""
    series.accrued = coupon_accrued(book, series)
    series.accrued_to = max(series.accrued_to, book.now)


def _pay_coupon(book: Book, series: Series, units: int) -> int:
    accrue(book, series)
    whole = ceil_fraction(series.accrued)  # rounded up once per payment
    paid = min(units, whole)
    series.accrued = Fraction(0) if paid == whole else series.accrued - paid
    series.coupon_paid += paid
    _pay_holders(book, series, paid, "coupon")
    return paid


def _pay_principal(book: Book, series: Series, units: int) -> int:
    paid = min(units, series.outstanding)
    parts = _pay_holders(book, series, paid, "principal")
    for holder, part in parts.items():
        series.take(holder, part)
    series.redeemed += paid
    return paid


def _pay_holders(book: Book, series: Series, units: int, what: str) -> dict[str, int]:
    """By share, rounded down; left-over units go out one each, the largest holding first (PL-D34)."""
    holdings = series.holdings
    total = sum(holdings.values())
    if not units or not total:
        return {}
    parts = {holder: div_floor(units * held, total) for holder, held in holdings.items()}
    left = units - sum(parts.values())
    for holder in sorted(holdings, key=lambda name: -holdings[name])[:left]:
        parts[holder] += 1
    asset = series.market
    book.move(
        "PL-39",
        f"{what} of bond series {series.number}",
        (f"fund/{asset}", asset, -units),
        *((series.purse(holder), asset, part) for holder, part in parts.items()),
    )
    return parts


def redeem(book: Book, account: str, ask: Redeem) -> None:
    """PL-39: where it is an option, bonds are exchanged 1 : 1 as far as the fund has any; the coupon stays behind."""
    series = book.series.get(ask.series)
    held = series.holdings.get(account, 0) if series is not None else 0
    if series is None or not held:
        raise Refused("PL-39", f"you hold no bonds of series {ask.series}", "See mplp bonds.")
    must_be_of(series, ask.asset)
    if series.forced != "option":
        raise Refused("PL-39", f"series {ask.series} is redeemed from income only")
    units = held if ask.amount is None else ask.amount
    has = fund_holds(book, book.markets[series.market])[1]
    if units < 1 or units > held:
        raise Refused("PL-39", f"you hold {book.show(series.market, held)} of series {ask.series}")
    if units > has:
        raise Refused("PL-39", f"the fund has {book.show(series.market, has)}", "Ask for less.")
    accrue(book, series)
    asset = series.market
    book.move(
        "PL-39", f"exchange of bonds of series {series.number}", (f"fund/{asset}", asset, -units),
        (f"free/{account}", asset, units),
    )  # fmt: skip
    series.take(account, units)
    series.redeemed += units
    _drop_if_redeemed(book, book.markets[asset], series)
    book.event("PL-39", "series", series.number, "exchanged", by=account, units=units)


def must_be_of(series: Series, asset: str | None) -> None:
    """An amount is in units of what it names, so another asset is refused, never read as this one."""
    if asset is not None and asset != series.market:
        raise Refused("G-6", f"the bonds of series {series.number} are in {series.market}, not in {asset}")


# --- passing on (PL-43) -------------------------------------------------------------------------------------


def pass_bond(book: Book, account: str, ask: PassBond) -> None:
    """PL-43: offer bonds to another account for bitasset: they change hands once it agrees."""
    series = book.series.get(ask.series)
    if series is None:
        raise Refused("PL-43", f"there is no series {ask.series}", "See mplp bonds.")
    held = series.holdings.get(account, 0)
    if not 1 <= ask.amount <= held:
        whole = book.show(series.market, held)
        raise Refused("PL-43", f"you hold {whole} of series {ask.series}", "See mplp bonds.")
    must_be_of(series, ask.asset)
    if ask.to == account:
        raise Refused("PL-43", "bonds are passed to another account")
    number = len(book.offers) + 1
    offer = Offer(number, series.number, account, ask.to, ask.amount, ask.price)
    book.offers[number] = offer
    book.touch("offer", number, offer)
    book.event("PL-43", "offer", number, "made", units=ask.amount, price=ask.price, to=ask.to)
    price = book.show(series.market, ask.price)
    text = f"Offer {number}: {account} offers {book.show(series.market, ask.amount)} of bond series {series.number}"
    book.notify(ask.to, "PL-43", f"{text} for {price}.")


def take_bond(book: Book, account: str, ask: TakeBond) -> None:
    """PL-43: both sides agree; bonds and money change hands in one step."""
    offer = book.offers.get(ask.offer)
    if offer is None or offer.state != "open" or offer.to != account:
        raise Refused("PL-43", f"offer {ask.offer} is not open to you")
    series = book.series[offer.series]
    if series.holdings.get(offer.seller, 0) < offer.units:
        raise Refused("PL-43", f"{offer.seller} no longer holds what offer {ask.offer} is about")
    if book.free(account, series.market) < offer.price:
        raise Refused("PL-43", f"the price is {book.show(series.market, offer.price)}", "Send it with the memo.")
    book.move(
        "PL-43", f"bonds passed on by offer {offer.number}", (f"free/{account}", series.market, -offer.price),
        (f"free/{offer.seller}", series.market, offer.price),
    )  # fmt: skip
    series.take(offer.seller, offer.units)
    series.give(account, offer.units)
    offer.state = "taken"
    book.touch("offer", offer.number, offer)
    book.touch("series", series.number, series)
    book.event("PL-43", "offer", offer.number, "taken")
    book.notify(offer.seller, "PL-43", f"Offer {offer.number} was taken by {account}.")


def keep_bond(book: Book, account: str, ask: KeepBond) -> None:
    """Take an offer back."""
    offer = book.offers.get(ask.offer)
    if offer is None or offer.state != "open" or offer.seller != account:
        raise Refused("PL-43", f"offer {ask.offer} is not yours, or no longer open")
    offer.state = "kept"
    book.touch("offer", offer.number, offer)
    book.event("PL-43", "offer", offer.number, "kept")
