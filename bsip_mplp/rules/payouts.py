"""Free balance on its way back to its owner's account on the chain, and the operator's reserve for fees."""

from __future__ import annotations

from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.inputs import OrderDone, OrderFailed, Withdraw
from bsip_mplp.rules.outcomes import Order
from bsip_mplp.rules.state import Payout


def withdraw(book: Book, account: str, ask: Withdraw) -> None:
    """G-6: free balance can always be withdrawn; it is set aside and ordered to be paid out."""
    held = book.free(account, ask.asset)
    units = held if ask.amount is None else ask.amount
    if units < 1 or units > held:
        raise Refused("G-6", f"your free balance holds {book.show(ask.asset, held)}")
    number = len(book.payouts) + 1
    payout = Payout(number, account, ask.asset, units)
    book.payouts[number] = payout
    book.move("G-6", f"payout {number}", (f"free/{account}", ask.asset, -units), (f"payout/{number}", ask.asset, units))
    book.touch("order", number, payout)
    book.order(Order(number, "payout", account, ask.asset, units, f"mplp payout {number}"))
    book.event("G-6", "order", number, "ordered", account=account, asset=ask.asset, units=units)


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


def _open_payout(book: Book, number: int) -> Payout:
    payout = book.payouts.get(number)
    if payout is None or payout.state != "open":
        raise Refused("G-6", f"order {number} is not open")
    return payout
