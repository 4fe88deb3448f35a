"""Personal lending pools, P1: PL-1 to PL-7, and staking (PL-50)."""

from __future__ import annotations

from bisect import insort
from fractions import Fraction

from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.inputs import ChangePool, Lend, Stake, Unlend
from bsip_mplp.rules.state import Market, Pool

LONG_TERM_DAYS = 30
"""From here on a pool is a long one and may pay in shorter periods (PL-3)."""

LONG_PERIODS_DAYS = (30, 90)
TERM_DAYS_MAX = 3650
RATE_MAX = Fraction(1000)


def lend(book: Book, account: str, ask: Lend, asset: str, units: int) -> None:
    """PL-1: put free balance into a new pool, or into one that the account has."""
    if ask.pool is not None:
        add_to_pool(book, account, ask.pool, asset, units)
        return
    if ask.rate is None or ask.term_days is None:
        raise Refused("PL-1", "a new pool needs a rate and a term in days", "Write for example rate=12%/yr days=30.")
    interest_asset = check_interest_asset(book, asset, ask.interest_asset)
    period_days = check_terms(ask.rate, ask.term_days, ask.period_days)
    open_pool(book, account, asset, units, ask.rate, ask.term_days, period_days, interest_asset, ask.renews)


def stake(book: Book, account: str, ask: Stake, asset: str, units: int) -> None:
    """PL-50: a short pool at the going rate that renews."""
    del ask  # it names nothing but the money
    parameters = _market_of(book, asset).parameters
    rate = going_rate(book, asset, parameters.stake_rate)
    term_days = parameters.stake_term_days
    open_pool(book, account, asset, units, rate, term_days, term_days, asset, renews=True, rule="PL-50")


def going_rate(book: Book, asset: str, otherwise: Fraction) -> Fraction:
    """The rate at which the middle unit of all short lending of an asset runs now; a parameter if there is none.

    The source names no figure (PL-50): a median weighed by amounts can't be moved by tiny pools.
    """
    lent = sorted((rate, units) for rate, units in book.short_lent.get(asset, {}).items() if units)
    total, reached = sum(units for _, units in lent), 0
    for rate, units in lent:
        reached += units
        if 2 * reached >= total:
            return rate
    return otherwise


def open_pool(
    book: Book,
    account: str,
    asset: str,
    units: int,
    rate: Fraction,
    term_days: int,
    period_days: int,
    interest_asset: str,
    renews: bool,
    rule: str = "PL-1",
) -> Pool:
    """Make a pool and put the free balance into it."""
    if asset in book.markets and book.markets[asset].parameters.personal_pools == "no":
        raise Refused(rule, f"{asset} is lent by its shared pool alone", "Lend to that: mplp supply.")
    least = book.assets[asset].least_size
    if units < max(least, 1):
        raise Refused(
            "PL-D39", f"a pool takes at least {book.show(asset, max(least, 1))}, this is {book.show(asset, units)}"
        )
    number = len(book.pools) + 1
    pool = Pool(number, account, asset, rate, term_days, period_days, interest_asset, renews)
    _fill(book, pool, units, rule)
    book.pools[number] = pool
    insort(book.cheapest.setdefault(asset, []), (rate_key(rate), number))
    book.event(rule, "pool", number, "made", owner=account, asset=asset, units=units, rate=str(rate))
    book.notify(
        account,
        rule,
        f"Pool {number} lends {book.show(asset, units)} at {show_rate(rate)} a year for {term_days} days.",
    )
    return pool


def add_to_pool(book: Book, account: str, number: int, asset: str, units: int) -> None:
    """PL-1: add free balance to a pool of one's own."""
    pool = own_pool(book, account, number, "PL-1")
    if asset != pool.asset:
        raise Refused("PL-1", f"pool {number} holds {pool.asset}, not {asset}")
    if units < 1:
        raise Refused("PL-1", "nothing was given to add")
    _fill(book, pool, units, "PL-1")
    book.event("PL-1", "pool", number, "filled", units=units)


def _fill(book: Book, pool: Pool, units: int, rule: str) -> None:
    if book.free(pool.owner, pool.asset) < units:
        raise Refused(rule, f"the free balance holds {book.show(pool.asset, book.free(pool.owner, pool.asset))}")
    book.move(
        rule,
        f"into pool {pool.number}",
        (f"free/{pool.owner}", pool.asset, -units),
        (f"pool/{pool.number}/available", pool.asset, units),
    )
    pool.available += units
    book.touch("pool", pool.number, pool)


def unlend(book: Book, account: str, ask: Unlend) -> None:
    """PL-2: what is available can be taken out at any time; what is lent can't."""
    pool = own_pool(book, account, ask.pool, "PL-2")
    if ask.asset not in (None, pool.asset):
        raise Refused("PL-2", f"pool {pool.number} holds {pool.asset}, not {ask.asset}")
    units = pool.available if ask.amount is None else ask.amount
    if units > pool.available or units < 1:
        raise Refused(
            "PL-2",
            f"pool {pool.number} has {book.show(pool.asset, pool.available)} available",
            f"What is lent, {book.show(pool.asset, pool.lent)}, comes back when its loans end.",
        )
    book.move(
        "PL-2",
        f"out of pool {pool.number}",
        (f"pool/{pool.number}/available", pool.asset, -units),
        (f"free/{account}", pool.asset, units),
    )
    pool.available -= units
    book.touch("pool", pool.number, pool)
    book.event("PL-2", "pool", pool.number, "emptied", units=units)


def change_pool(book: Book, account: str, ask: ChangePool) -> None:
    """PL-7: new rate, term, period or renewal; running loans keep theirs until their term ends."""
    pool = own_pool(book, account, ask.pool, "PL-7")
    rate = pool.rate if ask.rate is None else ask.rate
    term_days, period_days = pool.term_days, pool.period_days
    if ask.term_days is not None:
        term_days, period_days = ask.term_days, ask.term_days  # PL-D6: a new term sets the period to it
    if ask.period_days is not None:
        period_days = ask.period_days
    check_terms(rate, term_days, period_days)
    cheapest = book.cheapest[pool.asset]
    cheapest.remove((rate_key(pool.rate), pool.number))
    insort(cheapest, (rate_key(rate), pool.number))
    pool.rate, pool.term_days, pool.period_days = rate, term_days, period_days
    pool.renews = pool.renews if ask.renews is None else ask.renews
    book.touch("pool", pool.number, pool)
    book.event("PL-7", "pool", pool.number, "changed", rate=str(rate), term_days=term_days, period_days=period_days)


def rate_key(rate: Fraction) -> int:
    """An integer that orders rates exactly, at less cost than comparing fractions."""
    return (rate.numerator << RATE_BITS) // rate.denominator


RATE_BITS = 2 * 136
"""Two unequal fractions of at most 40 characters (`money.parse_fraction`) differ by more than 2^-272."""


def show_rate(rate: Fraction) -> str:
    """A rate as a percentage, exact if two digits after the point are enough."""
    percent = rate * 100
    exact = (percent * 100).denominator == 1
    return f"{float(percent):.2f} %" if exact else f"{rate.numerator}/{rate.denominator}"


def own_pool(book: Book, account: str, number: int, rule: str) -> Pool:
    """A pool that the account owns, or a refusal."""
    pool = book.pools.get(number)
    if pool is None or pool.owner != account:
        raise Refused(rule, f"pool {number} is not yours", "See your pools with mplp pools.")
    return pool


def check_terms(rate: Fraction, term_days: int, period_days: int | None) -> int:
    """PL-3: the period in days that goes with a rate and a term, or a refusal."""
    if not 0 <= rate <= RATE_MAX:
        raise Refused("PL-1", f"the rate {rate} a year is not from 0 to {RATE_MAX}")
    if not 1 <= term_days <= TERM_DAYS_MAX:
        raise Refused("PL-3", f"the term of {term_days} days is not from 1 to {TERM_DAYS_MAX}")
    if period_days is None or period_days == term_days:
        return term_days
    if term_days < LONG_TERM_DAYS:
        raise Refused("PL-3", f"a pool of {term_days} days pays once a term", "Leave the period out.")
    if period_days not in LONG_PERIODS_DAYS or term_days % period_days:
        raise Refused(
            "PL-3",
            f"a period of {period_days} days doesn't go with a term of {term_days}",
            "A long pool pays in periods of its term, or of 30 or 90 days if the term is a multiple of it.",
        )
    return period_days


def check_interest_asset(book: Book, asset: str, chosen: str | None) -> str:
    """PL-4: interest is paid in the lent asset, or in the core asset of its market."""
    market = _market_of(book, asset)
    if chosen is None or chosen == asset:
        return asset
    if chosen != market.core:
        raise Refused("PL-4", f"interest on {asset} is paid in {asset} or {market.core}, not in {chosen}")
    return chosen


def _market_of(book: Book, asset: str) -> Market:
    if asset in book.markets:
        return book.markets[asset]
    for name in book.market_names:
        if book.markets[name].core == asset:
            return book.markets[name]
    raise Refused("PL-1", f"{asset} is lent in no market", "It stays in your free balance.")
