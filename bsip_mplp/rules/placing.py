"""Loans to vaults as orders: set aside when asked for, and made when the order is done, or never (V-4, V-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsip_mplp.ledger import OUTSIDE, VAULTS
from bsip_mplp.market import Feed
from bsip_mplp.rules import cover
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.loans import Placed, make_loan
from bsip_mplp.rules.state import ChainOrder, Market, Position
from bsip_mplp.rules.vault_orders import POOL, Money, adjust, order_vault, transfer
from bsip_mplp.rules.vault_state import Lent, Task, Vault

if TYPE_CHECKING:
    from bsip_mplp.rules.borrowing import Part


def check_vault(book: Book, position: Position, market: Market, feed: Feed, core: int, bitasset: int) -> None:
    """V-2, V-4, V-6: refuse a loan of `core` or `bitasset` that the vault can't take now, or that is not covered."""
    vault = book.vaults[position.account]
    if vault.state != "sound":
        raise Refused("V-2", f"the authorities of {vault.account} are not as agreed: {vault.reason}")
    if vault.order is not None:
        raise Refused("V-4", f"order {vault.order} for this vault is under way", "Try again when it is done.")
    lacking = lacking_after(position, market, feed, core, bitasset)
    if lacking:
        raise Refused(
            "V-6",
            f"through a margin call {book.show(market.core, lacking)} would lack of what is lent",
            "Ask for less, or add collateral first.",
        )


def lacking_after(position: Position, market: Market, feed: Feed, core: int, bitasset: int) -> int:
    """What of the cover would lack, in core asset, once `core` and `bitasset` more are lent to a vault (V-6)."""
    placed = cover.Placed(
        position.chain_collateral + core,
        position.chain_debt - bitasset,
        position.placed_lp1 + position.buffer + core,
        position.placed_lp2 + bitasset,
    )
    return cover.lacking_units(placed, market.parameters, feed)


def check_cover(book: Book, position: Position, market: Market, feed: Feed, core: int, bitasset: int) -> None:
    """V-3, V-6: refuse to take `core` out or to draw `bitasset` where what is lent would not be covered any more."""
    placed = cover.Placed(
        position.chain_collateral - core,
        position.chain_debt + bitasset,
        position.placed_lp1 + position.buffer,
        position.placed_lp2,
    )
    lacking = cover.lacking_units(placed, market.parameters, feed)
    if lacking:
        raise Refused("V-6", f"through a margin call {book.show(market.core, lacking)} would lack of what is lent")


def place(book: Book, position: Position, parts: tuple[Part, ...], asset: str) -> None:
    """V-4: set principal and first interest aside, and order them into the vault, all parts in one transaction."""
    vault, lent = book.vaults[position.account], []
    sources: list[Money] = []
    for part in parts:
        pool = book.pools[part.pool]
        book.move(
            "V-4",
            f"to be lent to {vault.account}",
            (f"pool/{pool.number}/available", asset, -part.units),
            (f"pool/{pool.number}/pending", asset, part.units),
        )
        pool.available -= part.units
        pool.pending += part.units
        book.touch("pool", pool.number, pool)
        sources.append((f"prepaid/{position.holder}", part.interest_asset, part.interest))
        lent.append(
            Lent(
                pool.number,
                part.units,
                part.interest_asset,
                part.interest,
                str(pool.rate),
                pool.term_days,
                pool.period_days,
            )  # fmt: skip
        )
    units, core = sum(part.units for part in parts), asset != position.market
    task = Task("lend", position.holder, units if core else 0, 0 if core else units, tuple(lent))
    steps = [transfer(POOL, vault.account, asset, units), adjust(vault, task.core, -task.bitasset)]
    order = order_vault(book, vault, task, steps, "V-4", *sources)
    book.notify(
        position.holder, "V-4", f"Order {order.number}: {book.show(asset, units)} goes into {vault.account}; "
        "the loan is made when the chain has taken it.",
    )  # fmt: skip


def placed(book: Book, vault: Vault, position: Position, order: ChainOrder, task: Task) -> None:
    """V-4: the money is in the vault, and the loans are made, at the terms of when they were asked for."""
    asset, units = order.asset, task.core + task.bitasset
    book.move("V-4", f"placed in {vault.account}", (VAULTS, asset, -units), (OUTSIDE, asset, units))
    position.placed_lp1 += task.core
    position.placed_lp2 += task.bitasset
    for lent in task.lent:
        loan = make_loan(book, position, book.pools[lent.pool], lent.units, Placed(lent, f"order/{order.number}"))
        text = f"Loan {loan.number}: {book.show(asset, lent.units)} from pool {lent.pool} is in {vault.account}."
        book.notify(position.holder, "V-4", text)


def never_placed(book: Book, order: ChainOrder, task: Task) -> None:
    """V-4: the chain refused it: the loan was never made, and all that was set aside is back."""
    for lent in task.lent:
        pool = book.pools[lent.pool]
        book.move(
            "V-4",
            f"order {order.number} failed: never lent",
            (f"pool/{pool.number}/pending", pool.asset, -lent.units),
            (f"pool/{pool.number}/available", pool.asset, lent.units),
            (f"order/{order.number}", lent.interest_asset, -lent.interest),
            (f"prepaid/{task.who}", lent.interest_asset, lent.interest),
        )
        pool.pending -= lent.units
        pool.available += lent.units
        book.touch("pool", pool.number, pool)
