"""What the holder of a vault asks for: add, pay, draw, take, close (V-3); one after the other, as orders are done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bsip_mplp.ledger import OUTSIDE
from bsip_mplp.market import Feed
from bsip_mplp.ratios import PERMILLE, ratio_is_under, ratio_words
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.loans import check_long_can_end, check_may_move
from bsip_mplp.rules.placing import check_cover
from bsip_mplp.rules.positions import figures_change
from bsip_mplp.rules.state import ChainOrder, Market, Position
from bsip_mplp.rules.vault_asks import VaultAdd, VaultClose, VaultDraw, VaultPay, VaultTake
from bsip_mplp.rules.vault_orders import POOL, adjust, order_vault, own_vault, transfer
from bsip_mplp.rules.vault_state import Task, Vault, VaultAsk

QUEUE_MAX = 20
"""How many requests of a vault wait for the order under way."""


def ask_of_money(book: Book, account: str, ask: VaultAdd | VaultPay, asset: str, units: int) -> None:
    """Add collateral or pay debt with free balance: now, or once the order under way is done."""
    act(book, account, replace(ask, asset=asset, amount=units))


def act(book: Book, account: str, ask: VaultAsk) -> None:
    """Do what the holder asks, or let it wait for the order under way."""
    vault, position = _whose(book, account, ask)
    if vault.order is None:
        _DO[type(ask)](book, account, vault, position, ask)
        return
    if len(vault.queue) >= QUEUE_MAX:
        raise Refused("V-3", f"{QUEUE_MAX} requests for {vault.account} wait already", "Try again later.")
    vault.queue.append((account, ask))
    book.touch("vault", vault.account, vault)
    book.notify(account, "V-3", f"Order {vault.order} for {vault.account} is under way; your request follows it.")


def work_queue_off(book: Book, vault: Vault) -> None:
    """The next request that waited; one that a rule forbids by now is refused, and the following is tried."""
    while vault.queue and vault.order is None:
        account, ask = vault.queue.pop(0)
        book.touch("vault", vault.account, vault)
        try:
            act(book, account, ask)
        except Refused as refused:
            book.refuse(account, refused)


def _whose(book: Book, account: str, ask: VaultAsk) -> tuple[Vault, Position]:
    named = ask.position or own_vault(book, ask.market, account)
    vault, position = book.vaults.get(named or ""), book.position(ask.market, named or "")
    if vault is None or position is None:
        raise Refused("V-3", f"{ask.position or account} has no vault in {ask.market}", "Open one: mplp vault open.")
    if position.holder != account:
        raise Refused("PL-28", f"the position of {vault.account} in {ask.market} is held by {position.holder}")
    return vault, position


# --- what each asks ---------------------------------------------------------------------------------------------


def _check_open(vault: Vault, position: Position) -> None:
    if position.state == "closed":
        raise Refused("V-3", f"no position is open in {vault.account}", "Open one: mplp vault open.")


def _check_may_improve(vault: Vault, position: Position) -> None:
    """V-3, PL-48, PL-51: more collateral and less debt are taken also in an auction, as they may cure it (PL-31)."""
    _check_open(vault, position)
    if position.state != "in_auction":
        check_may_move(position)
    if vault.state != "sound":
        raise Refused("V-2", f"the authorities of {vault.account} are not as agreed: {vault.reason}")


def _paid_with(book: Book, account: str, asset: str, units: int, wanted: str) -> None:
    if asset != wanted:
        raise Refused("V-3", f"this takes {wanted}, not {asset}")
    if units < 1 or book.free(account, asset) < units:
        raise Refused("V-3", f"the free balance holds {book.show(asset, book.free(account, asset))}")
    book.check_size(asset, units)


def _add(book: Book, account: str, vault: Vault, position: Position, ask: VaultAdd) -> None:
    market, units = book.markets[vault.market], ask.amount or 0
    _check_may_improve(vault, position)
    _paid_with(book, account, ask.asset or market.core, units, market.core)
    steps = [transfer(POOL, vault.account, market.core, units), adjust(vault, units, 0)]
    order_vault(book, vault, Task("add", account, units), steps, "V-3", (f"free/{account}", market.core, units))


def _pay(book: Book, account: str, vault: Vault, position: Position, ask: VaultPay) -> None:
    market, units = book.markets[vault.market], ask.amount or 0
    _check_may_improve(vault, position)
    _paid_with(book, account, ask.asset or market.name, units, market.name)
    if units >= position.chain_debt:  # closing needs exactly all, collateral too
        most = book.show(market.name, position.chain_debt - 1)
        raise Refused("V-3", f"{most} of debt can be paid on the chain", "To pay all of it: mplp vault close.")
    steps = [transfer(POOL, vault.account, market.name, units), adjust(vault, 0, -units)]
    task = Task("pay", account, bitasset=units)
    order_vault(book, vault, task, steps, "V-3", (f"free/{account}", market.name, units))


def _draw(book: Book, account: str, vault: Vault, position: Position, ask: VaultDraw) -> None:
    market = book.markets[vault.market]
    _check_may_worsen(book, vault, position, market, 0, ask.amount)
    steps = [adjust(vault, 0, ask.amount), transfer(vault.account, account, market.name, ask.amount)]
    order_vault(book, vault, Task("draw", account, bitasset=ask.amount), steps, "V-3")


def _take(book: Book, account: str, vault: Vault, position: Position, ask: VaultTake) -> None:
    market = book.markets[vault.market]
    _check_may_worsen(book, vault, position, market, ask.amount, 0)
    steps = [adjust(vault, -ask.amount, 0), transfer(vault.account, account, market.core, ask.amount)]
    order_vault(book, vault, Task("take", account, ask.amount), steps, "V-3")


def _check_may_worsen(book: Book, vault: Vault, position: Position, market: Market, core: int, bitasset: int) -> None:
    """V-3: what remains holds `CR > ICR` by own collateral alone, or PL-14 and the cover while a loan is live."""
    _check_open(vault, position)
    check_may_move(position)
    feed = market.valid_feed
    if feed is None:
        raise Refused("PL-47", f"{market.name} has no valid feed: {market.invalid}", "Try again when it has one.")
    if core + bitasset < 1 or core >= position.collateral:
        raise Refused("V-3", f"the own collateral is {book.show(market.core, position.collateral)}")
    for asset, units in ((market.core, core), (market.name, bitasset)):
        if units:
            book.check_size(asset, units)
    collateral, debt = position.collateral - core, position.debt + bitasset
    if position.loans:
        if ratio_is_under(collateral, debt, feed.price, market.parameters.lmcr):
            raise Refused("PL-14", f"CR would be under LMCR {ratio_words(market.parameters.lmcr)}")
        _check_over_icr(feed, collateral + position.lp1, debt - position.lp2, "PL-14", "LCR")
    else:
        _check_over_icr(feed, collateral, debt, "V-3", "CR")
    if position.placed_lp1 or position.placed_lp2:
        check_cover(book, position, market, feed, core, bitasset)


def _check_over_icr(feed: Feed, collateral: int, debt: int, rule: str, what: str) -> None:
    if collateral * feed.price.bitasset * PERMILLE <= feed.icr * debt * feed.price.core:
        raise Refused(rule, f"{what} would not be over ICR {ratio_words(feed.icr)}", "Ask for less.")


def _close(book: Book, account: str, vault: Vault, position: Position, ask: VaultClose) -> None:
    """Pay all debt and take all collateral out; every loan ends with it and goes home in the same transaction."""
    market = book.markets[vault.market]
    if position.state == "closed":
        _take_loose(book, account, vault, position, market)
        return
    check_may_move(position)
    for loan in book.live_loans(position):
        if loan.long:
            check_long_can_end(book, loan)
    if position.collateral < 0:
        raise Refused("V-3", "what is lent is not whole in the vault any more", "Add collateral first.")
    if book.free(account, market.name) < position.debt:
        raise Refused("V-3", f"closing it takes {book.show(market.name, position.debt)}", "Deposit it first.")
    order_closing(book, vault, position, account, f"free/{account}", "V-3")


def order_closing(book: Book, vault: Vault, position: Position, to: str, source: str, rule: str) -> None:
    """Order a position closed with bitasset of `source`; own collateral goes to `to`, all that was lent home."""
    market, debt = book.markets[vault.market], position.chain_debt
    lent = position.placed_lp1 + position.buffer
    steps = [
        transfer(POOL, vault.account, market.name, debt),
        adjust(vault, -position.chain_collateral, -debt),
        transfer(vault.account, POOL, market.core, lent),
        transfer(vault.account, to, market.core, position.collateral),
    ]
    task = Task("close", to, position.collateral, position.debt)
    order_vault(book, vault, task, steps, rule, (source, market.name, position.debt))


def _take_loose(book: Book, account: str, vault: Vault, position: Position, market: Market) -> None:
    loose = {asset: units for asset, units in vault.loose.items() if units}
    if not loose or position.called:
        raise Refused("V-3", f"no position is open in {vault.account}, and nothing lies there")
    steps = [transfer(vault.account, account, asset, units) for asset, units in sorted(loose.items())]
    task = Task("take_loose", account, loose.get(market.core, 0), loose.get(market.name, 0))
    order_vault(book, vault, task, steps, "V-3")


_DO: dict[type, Callable[[Book, str, Vault, Position, Any], None]] = {
    VaultAdd: _add,
    VaultPay: _pay,
    VaultDraw: _draw,
    VaultTake: _take,
    VaultClose: _close,
}


# --- what came of it --------------------------------------------------------------------------------------------


def done(book: Book, vault: Vault, position: Position, order: ChainOrder, task: Task) -> None:
    """V-3: the chain has done it; own collateral and debt are others now."""
    market = book.markets[vault.market]
    collateral, debt = position.collateral, position.debt
    if task.name in ("add", "pay"):
        book.move(
            "V-3",
            f"into {vault.account}",
            (f"order/{order.number}", order.asset, -order.units),
            (OUTSIDE, order.asset, order.units),
        )
    match task.name:
        case "add":
            collateral += task.core
        case "pay":
            debt -= task.bitasset
        case "draw":
            debt += task.bitasset
        case "take":
            collateral -= task.core
        case _:
            vault.loose.clear()
            book.touch("vault", vault.account, vault)
            return
    figures_change(book, position, collateral, debt)
    book.event("V-3", "position", position.key, task.name, core=task.core, bitasset=task.bitasset)
    book.notify(task.who, "V-3", f"{vault.account} in {market.name}: {_WORDS[task.name]}.")


_WORDS = {
    "add": "the collateral was added",
    "pay": "the debt was paid",
    "draw": "the debt was drawn and paid to you",
    "take": "the collateral was taken out and paid to you",
}
