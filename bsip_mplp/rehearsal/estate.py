"""What each user has in all: on the chain, in a position, in orders, and with the rules of lending."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.desk import USD_SYMBOL, side_of
from bsip_mplp.rehearsal.market import CORE, USD
from bsip_mplp.rehearsal.world import World
from bsip_mplp.rules.bond_state import ON_CHAIN
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.shared_accrual import interest_balance
from bsip_mplp.rules.shared_lenders import bring_up, waiting_units
from bsip_mplp.rules.shared_state import SharedPool, whole_units

OWN_ACCOUNTS = ("free/", "prepaid/")
"""Accounts of the ledger that belong to the user named after them."""


def wealth_in_core(world: World) -> NDArray[np.float64]:
    """Everybody's wealth in core units: bitasset at the outside price, or at what the fund pays once it is settled."""
    market, users = world.market, world.users
    price = world.outside_price * world.scale.units_per_price
    if market.settled and market.supply:
        price = market.supply / market.fund if market.fund else np.inf
    held = np.zeros((2, users), dtype=np.float64)
    held[CORE] += world.core
    held[USD] += world.bitasset
    for seller, side, units in market.resting():
        if seller < users:
            held[side, seller] += units
    _add_rules(world, held)
    collateral, debt = world.collateral.astype(np.float64), world.debt.astype(np.float64)
    # what is under water is left to the chain
    equity = np.maximum(0.0, collateral - debt / price)
    holder = world.wallets.holder[:users]
    mine = ~world.wallets.systems[:users]
    np.add.at(held[CORE], holder[mine], equity[mine])
    return held[CORE] + held[USD] / price  # type: ignore[no-any-return]


def short_in_vaults(world: World) -> NDArray[np.float64]:
    """What lacks, by place, of what was lent into vaults and is not home, in bitasset units at the outside price.

    Of a position that was closed: what did not come home, and waits for bonds (V-10). Of an open one: what would not if
    it were closed now, its own collateral being worth less than its debt. On the chain what is lent makes good for it,
    so it is no bad debt there.
    """
    short = np.zeros(world.users, dtype=np.float64)
    if world.engine is None or not world.rules.vaults:
        return short
    price = world.outside_price * world.scale.units_per_price
    book = world.engine.book
    for number in book.markets[USD_SYMBOL].short:
        item = book.unwindings[number]
        units = item.units - item.came
        short[world.index(item.account)] += units if item.asset == USD_SYMBOL else units * price
    for position in book.positions.values():
        if position.state not in ("closed", "carried", "black"):
            lacks = max(0.0, position.debt - position.collateral * price)
            lent = position.placed_lp1 * price + position.placed_lp2
            short[world.index(position.account)] += min(lacks, lent)
    return short


def _add_rules(world: World, held: NDArray[np.float64]) -> None:
    """What users have with the rules: free and prepaid balances, pools, bids, bonds, shares of the shared pool."""
    engine = world.engine
    if engine is None:
        return
    users, index = world.users, world.wallets.index
    book = engine.book
    for (account, asset), units in engine.ledger.balances().items():
        for prefix in OWN_ACCOUNTS:
            if account.startswith(prefix) and (user := index[account[len(prefix) :]]) < users:
                held[side_of(asset), user] += units
    for pool in book.pools.values():
        if (user := index[pool.owner]) < users:
            held[side_of(pool.asset), user] += pool.available + pool.lent
    for bid in book.bids.values():
        if bid.state == "open":
            held[USD, index[bid.account]] += bid.units
    _add_bonds(world, book, held)
    for shared in book.shared_pools.values():
        _add_shares(world, book, shared, held)
        _add_interest_ahead(world, book, shared, held)


def _add_bonds(world: World, book: Book, held: NDArray[np.float64]) -> None:
    users, index = world.users, world.wallets.index
    for series in book.series.values():
        for holder, units in series.holdings.items():
            if holder != ON_CHAIN and (user := index[holder]) < users:
                held[USD, user] += units * series.outstanding / (series.sold or 1)


def _add_shares(world: World, book: Book, shared: SharedPool, held: NDArray[np.float64]) -> None:
    """Lenders' shares of the shared pool, what came free for them, and what was made good of their losses (SP-14)."""
    rewards = book.ledger.balance(shared.account("rewards"), USD_SYMBOL)
    for known in shared.lenders.values():
        if (user := world.wallets.index[known.name]) < world.users:
            lender = copy(known)  # to look at a lender changes nothing
            bring_up(shared, lender)
            held[USD, user] += lender.staying + waiting_units(shared, lender) + whole_units(lender.freed)
            held[USD, user] += rewards * lender.staying / (shared.staying or 1)
            if shared.loss_shared:
                held[USD, user] += lender.loss * shared.made_good / shared.loss_shared - lender.seen_made_good


def _add_interest_ahead(world: World, book: Book, shared: SharedPool, held: NDArray[np.float64]) -> None:
    """Interest that holders paid the shared pool ahead: it goes back to who leaves (SP-4), but not from a full call."""
    for participant in shared.participants.values():
        if (user := world.wallets.index[participant.position.holder]) < world.users and participant.call != "full":
            held[USD, user] += interest_balance(book, participant)
