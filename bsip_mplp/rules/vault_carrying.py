"""Carried positions in vaults: the fund pays their debt, and closes them, by real operations (V-9, PL-34 to PL-36)."""

from __future__ import annotations

from bsip_mplp.ledger import OUTSIDE
from bsip_mplp.market import Feed
from bsip_mplp.money import div_ceil
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rules import sharing
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.funds import above_reserve
from bsip_mplp.rules.positions import figures_change
from bsip_mplp.rules.state import ChainOrder, Market, Position
from bsip_mplp.rules.vault_orders import POOL, adjust, order_vault, transfer
from bsip_mplp.rules.vault_state import Task, Vault


def order(book: Book, market: Market, vault: Vault, position: Position, feed: Feed) -> None:
    """PL-36 once `CR > LMCR` and the funds have its debt; else PL-34: it is paid by the least for that (PL-D27)."""
    value = position.collateral * feed.price.bitasset * PERMILLE
    most_debt = max(0, div_ceil(value, market.parameters.lmcr * feed.price.core) - 1)
    if position.debt <= most_debt:
        from_fund = max(0, position.debt - sharing.capital_left(book, market))
        if from_fund <= above_reserve(book, market):
            sharing.order_wind_up(book, market, vault, position, feed, from_fund=from_fund)
        return
    units = min(position.debt - most_debt, above_reserve(book, market), position.chain_debt - 1)
    if units < 1:
        return
    steps = [transfer(POOL, vault.account, market.name, units), adjust(vault, 0, -units)]
    task = Task("pay_down", "", bitasset=units)
    placed = order_vault(book, vault, task, steps, "PL-34", (f"fund/{market.name}", market.name, units))
    position.orders[placed.number] = None  # PL-D33: what stands in an order to pay lacks no more


def paid_down(book: Book, vault: Vault, position: Position, order: ChainOrder, task: Task) -> None:
    """PL-34: the chain has taken it; the debt is smaller."""
    position.orders.pop(order.number, None)
    held = f"order/{order.number}"
    book.move(
        "PL-34", f"debt of {vault.account} paid", (held, vault.market, -task.bitasset),
        (OUTSIDE, vault.market, task.bitasset),
    )  # fmt: skip
    figures_change(book, position, position.collateral, position.debt - task.bitasset)
    book.to_serve.add(vault.market)


def not_paid_down(book: Book, position: Position, order: ChainOrder, task: Task) -> None:
    """The chain refused it: the money is the fund's again, and no income (PL-D29)."""
    position.orders.pop(order.number, None)
    fund = f"fund/{order.market}"
    book.move(
        "PL-34", f"returned from order {order.number}", (f"order/{order.number}", order.market, -task.bitasset),
        (fund, order.market, task.bitasset),
    )  # fmt: skip
    book.to_serve.add(order.market)
