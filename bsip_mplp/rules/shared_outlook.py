"""How a shared pool stands, and what it would cost: asked of the rules themselves, and nothing is changed by it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from bsip_mplp.money import ceil_fraction
from bsip_mplp.ratios import PERMILLE, Price, debt_over_level
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.shared_accrual import quote, share_out
from bsip_mplp.rules.shared_calls import to_sell
from bsip_mplp.rules.shared_lenders import bring_up, take_made_good, waiting_units
from bsip_mplp.rules.shared_pool import risk
from bsip_mplp.rules.shared_rates import interest
from bsip_mplp.rules.shared_service import Split, capacity, split_of
from bsip_mplp.rules.shared_state import PaidIn, SharedPool, whole_units


class Cover(NamedTuple):
    """SP-17: what a shared pool's insurance pool would have to cover now, beside what it holds, in the bitasset."""

    market: str
    would_miss: Mapping[str, int]
    """By case, what would be missing if its positions were sold now at feed / MSSR."""
    insurance: int


class PoolOutlook(NamedTuple):
    """One shared pool at this moment; money in smallest units of the bitasset."""

    market: str
    supply: int
    split: Split
    use: Fraction
    rate: Fraction
    """For one time threshold, of `threshold` seconds (SP-3)."""
    threshold: int
    least_mcr: Fraction | None
    taking_part: int
    served: int
    cover: Cover
    loss: int
    broken: str
    waiting: tuple[tuple[str, int], ...]
    """Who waits to come out, and for how much (SP-9)."""


class LenderOutlook(NamedTuple):
    """What a lender has in one shared pool at this moment, in smallest units of the bitasset."""

    market: str
    staying: int
    waiting: int
    came_free: int
    """What came free for it and was not fetched, with what was made good of its losses (SP-9, SP-14)."""
    rewards: int
    """What it earned and was not paid (SP-5)."""
    paid_in: PaidIn
    threshold: int
    """T, in seconds: over it what waits comes free."""


class HoldOutlook(NamedTuple):
    """What it takes to bring a position to ICR, what that costs for T, and what a margin call would sell instead."""

    extra_units: int
    cost_units: int
    sold_units: int
    core: str
    threshold: int


def covers(book: Book) -> list[Cover]:
    """SP-17, for each shared pool."""
    return [_cover(book, pool) for pool in book.shared_pools.values()]


def _cover(book: Book, pool: SharedPool) -> Cover:
    missing = {str(case): units for case, units in risk(book, pool).items()}
    return Cover(pool.market, missing, book.ledger.balance(pool.account("insurance"), pool.market))


def pool_outlooks(book: Book, market: str | None = None) -> list[PoolOutlook]:
    """All shared pools, or one market's."""
    return [_outlook(book, pool) for name, pool in book.shared_pools.items() if market in (None, name)]


def _outlook(book: Book, pool: SharedPool) -> PoolOutlook:
    split, units = split_of(book, pool), capacity(book, pool)
    return PoolOutlook(
        market=pool.market,
        supply=units,
        split=split,
        use=Fraction(split.lower + split.upper, units) if units else Fraction(0),
        rate=pool.rate,
        threshold=pool.parameters.threshold,
        least_mcr=pool.least_mcr(),
        taking_part=len(pool.participants),
        served=pool.served_count,
        cover=_cover(book, pool),
        loss=pool.loss,
        broken=pool.broken,
        waiting=tuple(_waiting(pool)),
    )


def _waiting(pool: SharedPool) -> list[tuple[str, int]]:
    found = []
    for lender in pool.lenders.values():
        looked_at = copy(lender)
        bring_up(pool, looked_at)
        if units := waiting_units(pool, looked_at):
            found.append((lender.name, units))
    return found


def lender_outlooks(book: Book, account: str) -> list[LenderOutlook]:
    """What an account has as a lender, by shared pool."""
    return [_lender(book, pool, account) for pool in book.shared_pools.values() if account in pool.lenders]


def _lender(book: Book, pool: SharedPool, account: str) -> LenderOutlook:
    now, lender = copy(pool), copy(pool.lenders[account])
    now.rewards = copy(pool.rewards)
    share_out(now, book.now)
    bring_up(now, lender)
    return LenderOutlook(
        market=pool.market,
        staying=lender.staying,
        waiting=waiting_units(now, lender),
        came_free=whole_units(lender.freed) + take_made_good(now, lender),
        rewards=whole_units(lender.reward),
        paid_in=lender.paid_in,
        threshold=pool.parameters.threshold,
    )


def hold_outlook(book: Book, market: str, account: str, at: Fraction | None = None) -> HoldOutlook | None:
    """SP-2 beside SP-12, for a position as it is now, or, at the present rate, where its `cr` would be `at`.

    None without a position, a pool or a valid feed.
    """
    position, pool = book.position(market, account), book.shared_pools.get(market)
    feed = book.markets[market].valid_feed if market in book.markets else None
    if position is None or pool is None or feed is None or not position.collateral:
        return None
    collateral, debt = position.collateral, position.debt
    if at is None:
        extra, cost = pool.extra_of(collateral, debt), quote(pool, collateral, debt)
    else:
        feed = replace(feed, price=Price(at.numerator * debt, at.denominator * collateral))
        extra = debt_over_level(collateral, debt, feed.price.as_fraction() * PERMILLE / pool.icr)
        cost = ceil_fraction(interest(pool.parameters, extra, 1 / at, pool.rate))
    return HoldOutlook(
        extra_units=extra,
        cost_units=cost,
        sold_units=to_sell(collateral, debt, feed),
        core=pool.core,
        threshold=pool.parameters.threshold,
    )
