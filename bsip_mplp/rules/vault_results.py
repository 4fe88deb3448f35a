"""What came of the orders of vaults, and what was seen of vaults from outside (V-4, V-5, V-8, V-11)."""

from __future__ import annotations

from bsip_mplp.ledger import OUTSIDE, VAULTS
from bsip_mplp.rules import homeward, placing, sharing, vault_carrying, vault_requests, vaults
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.chain_orders import pay_fee
from bsip_mplp.rules.inputs import OrderDone, OrderFailed, OrderFilled, PositionSeen, VaultBalance
from bsip_mplp.rules.positions import figures_change
from bsip_mplp.rules.protection import run_of_position
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.state import ChainOrder, Position
from bsip_mplp.rules.vault_state import Task, Vault

RETRY_SECONDS = 60
"""How long nothing is ordered by itself for a vault after the chain has refused an order."""


def report(book: Book, item: OrderDone | OrderFilled | OrderFailed) -> bool:
    """What the chain says of a vault's order, or of a sale; tells whether the order is one of these."""
    order = book.orders.get(item.order)
    if order is None or order.state != "open" or order.task is None:
        return False
    pay_fee(book, item)
    match item:
        case OrderFilled() if order.kind == "sell":
            sharing.sale_filled(book, order, item)
        case OrderFailed() if order.kind == "sell":
            sharing.sale_filled(book, order, OrderFilled(time=item.time, order=item.order, units=0))
        case OrderDone() if order.kind != "sell":
            order_done(book, order, item)
        case OrderFailed():
            order_failed(book, order, item)
        case _:
            raise Refused("V-4", f"order {order.number} is not reported like this")
    return True


def order_done(book: Book, order: ChainOrder, done: OrderDone) -> None:
    """The chain has carried it out, irreversibly; its fee is the operator's."""
    vault, task = book.vaults[order.account], _task(order)
    order.state, order.transaction = "done", done.transaction
    book.move(
        "G-5",
        f"fee of order {order.number}",
        ("operator", done.fee_asset, -done.fee),
        (OUTSIDE, done.fee_asset, done.fee),
    )
    book.touch("order", order.number, order)
    book.event("V-4", "order", order.number, "done", transaction=done.transaction)
    if order.kind == "vault_open":
        vaults.account_made(book, vault)
        return
    if order.kind == "vault_owner":
        book.notify(task.who, "V-8", f"Your half of the owner authority of {vault.account} stands.")
        return
    _free_for_the_next(book, vault)
    if task.name == "enter":
        vaults.entered(book, vault, order, task)
    else:
        _carried_out(book, vault, book.positions[vault.market, vault.account], order, task)
    position = book.positions[vault.market, vault.account]
    book.look_at(position)
    run_of_position(book, position)


def _carried_out(book: Book, vault: Vault, position: Position, order: ChainOrder, task: Task) -> None:
    match task.name:
        case "lend":
            placing.placed(book, vault, position, order, task)
        case "home":
            for number in task.items:
                item = book.unwindings[number]
                homeward.come_home(book, position, item, item.units)
                homeward.is_home(book, position, item, "a")
        case "wind_up":
            sharing.wound_up(book, vault, position, order, task)
        case "close":
            sharing.closed(book, vault, position, order, "a", "PL-46")
        case "gather":
            sharing.gathered(book, vault, position, task)
        case "hold_up":
            _held_up(book, position, order, task)
        case "pay_down":
            vault_carrying.paid_down(book, vault, position, order, task)
        case _:
            vault_requests.done(book, vault, position, order, task)


def _held_up(book: Book, position: Position, order: ChainOrder, task: Task) -> None:
    """V-7: what the risk fund added is in the vault, and lent."""
    market, units = book.markets[position.market], task.core
    book.move(
        "V-7",
        f"holds up {position.account}",
        (f"order/{order.number}", market.core, -units),
        (f"risk_lent/{market.name}", market.core, units),
        (VAULTS, market.core, -units),
        (OUTSIDE, market.core, units),
    )
    position.buffer += units
    book.event("V-7", "position", position.key, "held up", asset=market.core, units=units, buffer=position.buffer)


def _task(order: ChainOrder) -> Task:
    if order.task is None:
        raise Refused("V-4", f"order {order.number} is of no vault")
    return order.task


def _free_for_the_next(book: Book, vault: Vault) -> None:
    vault.order = None
    book.touch("vault", vault.account, vault)


def order_failed(book: Book, order: ChainOrder, failed: OrderFailed) -> None:
    """The chain never took it and never will: all is as before, and nothing is ordered by itself for a while."""
    vault, task = book.vaults[order.account], _task(order)
    order.state = "failed"
    book.touch("order", order.number, order)
    book.event("V-4", "order", order.number, "failed", reason=failed.reason)
    if order.kind == "vault_open":
        vaults.account_refused(book, vault, failed.reason, final=failed.final)
        return
    if order.kind == "vault_owner":
        book.notify(task.who, "V-8", f"The owner authority of {vault.account} was not changed: {failed.reason}.")
        return
    _free_for_the_next(book, vault)
    position = book.position(vault.market, vault.account)
    _taken_back(book, position, order, task, failed.reason)
    if position is not None:
        vault.wait_until = book.now + RETRY_SECONDS
        book.schedule.add(DueItem(vault.wait_until, DueKind.VAULT, position.number))
        book.look_at(position)


def _taken_back(book: Book, position: Position | None, order: ChainOrder, task: Task, reason: str) -> None:
    market = book.markets[order.market]
    match task.name:
        case "lend":
            placing.never_placed(book, order, task)
            book.notify(task.who, "V-4", f"The loan was never made: {reason}. All of it is back.")
        case "home":
            for number in task.items:
                book.unwindings[number].order = None
                book.touch("unwinding", number, book.unwindings[number])
        case "wind_up":
            sharing.not_wound_up(book, order, task)
        case "hold_up":
            held, risk, units = f"order/{order.number}", f"risk/{market.name}", task.core
            book.move(
                "V-7", f"returned from order {order.number}", (held, market.core, -units), (risk, market.core, units)
            )
            market.buffer_out -= units
            book.to_serve.add(market.name)
        case "pay_down":
            if position is not None:
                vault_carrying.not_paid_down(book, position, order, task)
        case "gather":
            pass  # it lies where it lay
        case _:
            vaults.free_again(book, order, task.who, reason)


def retry(book: Book, number: int) -> None:
    """What the chain refused is looked at again."""
    position = book.positions[book.position_keys[number]]
    book.look_at(position)


# --- from outside -----------------------------------------------------------------------------------------------


def position_seen(book: Book, seen: PositionSeen) -> None:
    """V-11: a vault's position as it is on the chain; what nobody here has ordered was done from outside."""
    vault, position = book.vaults.get(seen.account), book.position(seen.market, seen.account)
    if vault is None:
        raise Refused("V-2", f"{seen.account} is no vault here")
    if vault.order is not None or position is None or (position.state == "closed" and not seen.debt):
        return  # with an order under way it is not known whether the figures are from before it
    vault.wait_until = 0  # what the chain refused may be another thing now
    if not seen.debt:
        book.event("V-11", "position", position.key, "closed from outside")
        sharing.called(book, vault, position)
        return
    if position.state == "closed":
        raise Refused("V-11", f"a position that nobody here has opened stands in {vault.account}")
    core, bitasset = seen.collateral - position.chain_collateral, seen.debt - position.chain_debt
    if core or bitasset:
        market = book.markets[position.market]
        book.event("V-11", "position", position.key, "changed from outside", core=core, bitasset=bitasset)
        book.notify(
            position.holder, "V-11", f"{vault.account} was changed from outside: its collateral by "
            f"{book.show(market.core, core)}, its debt by {book.show(market.name, bitasset)}.",
        )  # fmt: skip
        figures_change(book, position, position.collateral + core, position.debt + bitasset)
    book.look_at(position)


def balance_seen(book: Book, seen: VaultBalance) -> None:
    """V-11: what lies in a vault's account outside the position: left by the chain, or sent by somebody."""
    vault = book.vaults.get(seen.account)
    if vault is None:
        raise Refused("V-2", f"{seen.account} is no vault here")
    if vault.order is not None or vault.loose.get(seen.asset, -1) == seen.units:
        return
    vault.loose[seen.asset] = seen.units
    book.touch("vault", vault.account, vault)
    if seen.units:
        book.event("V-11", "vault", vault.account, "holds", asset=seen.asset, units=seen.units)
    position = book.position(vault.market, vault.account)
    if position is not None:
        book.look_at(position)
