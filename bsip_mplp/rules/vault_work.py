"""What is ordered for a vault by itself, the first that is possible: home, closed, held up, paid (V-5, V-7, V-9)."""

from __future__ import annotations

from bsip_mplp.market import Feed
from bsip_mplp.money import div_ceil
from bsip_mplp.ratios import PERMILLE, ratio_is_under
from bsip_mplp.rules import sharing, vault_carrying, vault_requests
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.positions import changed
from bsip_mplp.rules.state import CARRIED, IN_AUCTION, Market, Position
from bsip_mplp.rules.vault_orders import POOL, adjust, begin_risk_unwinding, items_of, order_vault, transfer
from bsip_mplp.rules.vault_state import Task, Unwinding, Vault


def look(book: Book, position: Position) -> None:
    """After a vault's position was judged: order what it needs now, one order at a time."""
    vault, market = book.vaults.get(position.account), book.markets[position.market]
    if vault is None:
        return
    if position.buffer and position.state not in IN_AUCTION + CARRIED:
        _release_buffer(book, position)
    if position.state == "unwinding" and not position.unwinding:
        book.change_state(position, "free", "V-5")
    _watch(book, market, position)
    if vault.order is None and vault.wait_until <= book.now:
        _order_first(book, market, vault, position)
    if vault.order is None:
        vault_requests.work_queue_off(book, vault)
    changed(book, position)


def serve(book: Book, market: Market) -> None:
    """After the funds have changed: vaults that waited for them are looked at again."""
    for account in sorted(market.vaults, key=lambda one: book.positions[market.name, one].number):
        look(book, book.positions[market.name, account])


def _watch(book: Book, market: Market, position: Position) -> None:
    """Keep who waits for the funds: what is on its way home, in auction, carried, or called."""
    if position.unwinding or position.called or position.state in IN_AUCTION + CARRIED:
        market.vaults[position.account] = None
    else:
        market.vaults.pop(position.account, None)


def _release_buffer(book: Book, position: Position) -> None:
    """V-7: once the auction is over the risk fund gets back first what it added."""
    core, units = book.markets[position.market].core, position.buffer
    position.buffer = 0
    position.placed_lp1 += units
    begin_risk_unwinding(book, position, units, core, "V-7")


def _order_first(book: Book, market: Market, vault: Vault, position: Position) -> None:
    if position.called:
        sharing.gather(book, market, vault, position)
        return
    feed = market.valid_feed
    if feed is None or position.state == "closed":
        return
    items = _taken_out(position, items_of(book, position), feed)
    if items:
        _order_home(book, market, vault, items)
    elif position.state == "unwinding" and _capital_closes(book, market, position, feed):
        sharing.order_wind_up(book, market, vault, position, feed, position.holder)
    elif position.state in IN_AUCTION:
        _hold_up(book, market, vault, position, feed)
    elif position.state in CARRIED:
        vault_carrying.order(book, market, vault, position, feed)


# --- (a): taken out, the ratio being above ICR without it ------------------------------------------------------


def _taken_out(position: Position, items: list[Unwinding], feed: Feed) -> list[Unwinding]:
    """V-5 (a): what the chain lets out: strictly more than ICR must remain."""
    collateral, debt, out = position.chain_collateral, position.chain_debt, []
    for item in items:
        core, bitasset = (0, item.units) if item.asset == item.market else (item.units, 0)
        left, owed = collateral - core, debt + bitasset
        if left * feed.price.bitasset * PERMILLE > feed.icr * owed * feed.price.core:
            collateral, debt = left, owed
            out.append(item)
    return out


def _order_home(book: Book, market: Market, vault: Vault, items: list[Unwinding]) -> None:
    core = sum(item.units for item in items if item.asset == market.core)
    bitasset = sum(item.units for item in items if item.asset == market.name)
    steps = [
        adjust(vault, -core, bitasset),
        transfer(vault.account, POOL, market.core, core),
        transfer(vault.account, POOL, market.name, bitasset),
    ]
    task = Task("home", "", core, bitasset, items=tuple(item.number for item in items))
    order = order_vault(book, vault, task, steps, "V-5")
    for item in items:
        item.order = order.number
        book.touch("unwinding", item.number, item)


# --- (b): working capital ---------------------------------------------------------------------------------------


def _capital_closes(book: Book, market: Market, position: Position, feed: Feed) -> bool:
    """V-5 (b): whether the risk fund has the bitasset, its limits allow it, and the collateral replaces it."""
    return position.debt <= sharing.capital_left(book, market) and not ratio_is_under(
        position.collateral, position.debt, feed.price, feed.mssr
    )


# --- the buffer -------------------------------------------------------------------------------------------------


def _hold_up(book: Book, market: Market, vault: Vault, position: Position, feed: Feed) -> None:
    """V-7: the risk fund adds what holds `MCR · (1 + auction_buffer)`, up to a limit per position and in all."""
    limit = market.parameters.buffered(feed.mcr)
    wanted = div_ceil(
        limit.numerator * position.chain_debt * feed.price.core, limit.denominator * PERMILLE * feed.price.bitasset
    )
    source = f"risk/{market.name}"
    units = min(wanted - position.chain_collateral, book.ledger.balance(source, market.core))
    if market.parameters.buffer_limit is not None:
        one, in_all = market.parameters.buffer_limit
        units = min(units, one - position.buffer, in_all - market.buffer_out)
    if units < max(1, book.assets[market.core].least_size):
        return
    steps = [transfer(POOL, vault.account, market.core, units), adjust(vault, units, 0)]
    order_vault(book, vault, Task("hold_up", "", units), steps, "V-7", (source, market.core, units))
    market.buffer_out += units
