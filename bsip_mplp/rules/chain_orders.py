"""Orders to be carried out on the chain: payouts of free balance, and what carrying asks for in `protocol` custody."""

from __future__ import annotations

from typing import Literal

from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.inputs import Loss, OrderDone, OrderFailed, OrderFilled, Withdraw
from bsip_mplp.rules.outcomes import Order
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.state import ChainOrder, Position


def withdraw(book: Book, account: str, ask: Withdraw) -> None:
    """G-6: free balance can always be withdrawn; it is set aside and ordered to be paid out."""
    held = book.free(account, ask.asset)
    units = held if ask.amount is None else ask.amount
    if units < 1 or units > held:
        raise Refused("G-6", f"your free balance holds {book.show(ask.asset, held)}")
    number = len(book.orders) + 1
    payout = ChainOrder(number, "payout", account, ask.asset, units)
    book.orders[number] = payout
    book.move("G-6", f"payout {number}", (f"free/{account}", ask.asset, -units), (f"payout/{number}", ask.asset, units))
    book.touch("order", number, payout)
    book.order(Order(number, "payout", account, ask.asset, units, f"mplp payout {number}"))
    book.event("G-6", "order", number, "ordered", account=account, asset=ask.asset, units=units)


def report(book: Book, item: OrderDone | OrderFilled | OrderFailed) -> None:
    """What the chain says of an order that is no vault's."""
    pay_fee(book, item)
    match item:
        case OrderDone():
            order_done(book, item)
        case OrderFilled():
            order_filled(book, item)
        case OrderFailed():
            order_failed(book, item)


def pay_fee(book: Book, item: OrderFilled | OrderFailed | OrderDone) -> None:
    """G-5: what the chain took for filling an order, or for a failed one, is the operator's to pay."""
    if isinstance(item, OrderDone) or not item.fee:
        return  # that of an order done is posted with it
    book.move(
        "G-5",
        f"fee of order {item.order}",
        ("operator", item.fee_asset, -item.fee),
        ("outside", item.fee_asset, item.fee),
    )


def order_done(book: Book, done: OrderDone) -> None:
    """The chain has paid, irreversibly; its fee is the operator's."""
    payout = _open_payout(book, done.order)
    payout.state, payout.transaction = "done", done.transaction
    book.move(
        "G-6",
        f"payout {payout.number} sent",
        (f"payout/{payout.number}", payout.asset, -payout.units),
        ("outside", payout.asset, payout.units),
    )
    book.move(
        "G-5",
        f"fee of payout {payout.number}",
        ("operator", done.fee_asset, -done.fee),
        ("outside", done.fee_asset, done.fee),
    )
    book.touch("order", payout.number, payout)
    book.event("G-6", "order", payout.number, "done", transaction=done.transaction)
    book.notify(payout.account, "G-6", f"Payout {payout.number} was sent: {book.show(payout.asset, payout.units)}.")


def order_failed(book: Book, failed: OrderFailed) -> None:
    """The chain never took it and never will; the money is free balance again."""
    payout = _open_payout(book, failed.order)
    payout.state = "failed"
    book.move(
        "G-6",
        f"payout {payout.number} failed",
        (f"payout/{payout.number}", payout.asset, -payout.units),
        (f"free/{payout.account}", payout.asset, payout.units),
    )
    book.touch("order", payout.number, payout)
    book.event("G-6", "order", payout.number, "failed", reason=failed.reason)
    book.notify(payout.account, "G-6", f"Payout {payout.number} could not be sent: {failed.reason}.")


def lost(book: Book, loss: Loss) -> None:
    """What is missing is no longer owed, at the operator's cost: his reserve bears it, below 0 if need be (G-5)."""
    if not loss.amount or loss.asset not in book.assets:
        raise Refused("G-5", f"{loss.amount} units of {loss.asset} can't be written off")
    book.move(
        "G-5",
        f"written off: {loss.reason}",
        ("operator", loss.asset, -loss.amount),
        ("outside", loss.asset, loss.amount),
    )
    book.notify("operator", "G-5", f"{book.show(loss.asset, loss.amount)} were written off: {loss.reason}.")


def _open_payout(book: Book, number: int) -> ChainOrder:
    return _open_order(book, number, payout=True)


def _open_order(book: Book, number: int, payout: bool) -> ChainOrder:
    order = book.orders.get(number)
    if order is None or order.state != "open" or (order.kind == "payout") != payout:
        raise Refused("G-6", f"order {number} is not open, or of another kind")
    return order


# --- what carrying asks for -------------------------------------------------------------------------------


def order_on_chain(
    book: Book,
    position: Position,
    kind: Literal["pay_debt", "close", "hand_over"],
    asset: str,
    units: int,
    *,
    rule: str,
    source: str = "",
    limit: tuple[int, int] | None = None,
    to: str = "",
) -> None:
    """Order something for a position in `protocol` custody; money that it takes is set aside from `source`."""
    number = len(book.orders) + 1
    order = ChainOrder(number, kind, position.account, asset, units, position.market, limit=limit, to=to)
    book.orders[number] = order
    position.orders[number] = None
    if source.startswith("shared/"):  # SP-14: what of it is not used makes losses good
        order.from_shared = f"shared/{position.market}/insurance"
    if source:
        book.move(rule, f"set aside for order {number}", (source, asset, -units), (f"order/{number}", asset, units))
    book.touch("order", number, order)
    book.touch("position", position.key, position)
    book.order(Order(number, kind, position.account, asset, units, "", limit, to))
    book.event(rule, "order", number, "ordered", order=kind, account=position.account, units=units)


def order_filled(book: Book, report: OrderFilled) -> None:
    """What was carried out of an order, in part or in whole; nothing is assumed. Money not used goes back."""
    order = _open_order(book, report.order, payout=False)
    if order.kind == "settle":
        _settled(book, order, report)
        return
    position = book.positions[order.market, order.account]
    units = min(report.units, order.units - order.filled)
    order.filled += units
    if order.kind != "close":
        _spend(book, order, units, report.done)
    if report.done or order.filled == order.units:
        order.state = "done"
        position.orders.pop(order.number, None)
    book.touch("order", order.number, order)
    book.touch("position", position.key, position)
    note_course(book, "PL-36", order, units, report)
    book.to_serve.add(order.market)
    if position.participant is not None and position.participant.call:
        book.shared_pools[order.market].to_call[position.participant.number] = None
        book.schedule.add(DueItem(book.now, DueKind.SHARED_CALL, position.participant.pool.number))
    book.look_at(position)


def note_course(book: Book, rule: str, order: ChainOrder, units: int, report: OrderFilled) -> None:
    """Note what was filled of an order and, once nothing more will be, what the chain gave back."""
    left = order.units - order.filled
    if units:
        book.event(rule, "order", order.number, "filled", units=units, got=report.got, done=report.done or not left)
    if report.done and left:
        book.event(rule, "order", order.number, "given back", units=left)


def _spend(book: Book, order: ChainOrder, units: int, done: bool) -> None:
    account = f"order/{order.number}"
    book.move(
        "PL-34", f"order {order.number} carried out", (account, order.asset, -units), ("outside", order.asset, units)
    )
    left = book.ledger.balance(account, order.asset)
    if done and left:  # PL-D29: money returned from orders is no income; of a hand-over it is the payer's (PL-D35)
        whose = f"free/{order.to}" if order.kind == "hand_over" else order.from_shared or f"fund/{order.market}"
        book.move(
            "PL-34", f"returned from order {order.number}", (account, order.asset, -left), (whose, order.asset, left)
        )


# --- what the shared pool asks for --------------------------------------------------------------------------


def order_settlement(book: Book, account: str, asset: str, units: int, source: str) -> None:
    """SP-6: rewards to be settled into the core asset on the chain, and paid to who earned them."""
    number = len(book.orders) + 1
    order = ChainOrder(number, "settle", account, asset, units, asset)
    book.orders[number] = order
    book.move("SP-6", f"set aside for order {number}", (source, asset, -units), (f"order/{number}", asset, units))
    book.touch("order", number, order)
    book.order(Order(number, "settle", account, asset, units, f"mplp settle {number}"))
    book.event("SP-6", "order", number, "ordered", order="settle", account=account, units=units)
    into = f"settled into {book.markets[asset].core} on the chain, after the asset's delay"
    book.notify(account, "SP-6", f"{book.show(asset, units)} of rewards are to be {into}: order {number}.")


def _settled(book: Book, order: ChainOrder, report: OrderFilled) -> None:
    """What a settlement brought is free balance; what was not settled is free balance in the bitasset."""
    units, core = min(report.units, order.units - order.filled), book.markets[order.market].core
    held, free = f"order/{order.number}", f"free/{order.account}"
    order.filled += units
    book.move(
        "SP-6", f"order {order.number} settled", (held, order.asset, -units), ("outside", order.asset, units),
        ("outside", core, -report.got), (free, core, report.got),
    )  # fmt: skip
    if report.done or order.filled == order.units:
        order.state = "done"
        left = book.ledger.balance(held, order.asset)
        book.move("SP-6", f"returned from order {order.number}", (held, order.asset, -left), (free, order.asset, left))
        if left:
            book.notify(
                order.account, "SP-6",
                f"The chain gave {book.show(order.asset, left)} of your rewards back without settling them: "
                f"they are free balance in {order.asset}.",
            )  # fmt: skip
    book.touch("order", order.number, order)
    note_course(book, "SP-6", order, units, report)
