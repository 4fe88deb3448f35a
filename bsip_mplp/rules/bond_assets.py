"""Bonds as an asset of the chain, one for each series (PL-43).

Units on the chain are equal shares of what the ledger's holder `ON_CHAIN` has of the series: its bonds, and what they
were paid since. Who puts bonds there brings as much for each unit as there is, rounded up; who sends units back gets
as much, rounded down. So nobody gets more than its share, the rest is the others', and the last one gets all of it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from bsip_mplp.money import div_ceil, div_floor, format_units
from bsip_mplp.rules import bonds
from bsip_mplp.rules.bond_state import ON_CHAIN, Series
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.chain_orders import pay_fee
from bsip_mplp.rules.inputs import Deposit, IssueBond, OrderDone, OrderFailed, OrderFilled
from bsip_mplp.rules.outcomes import Order
from bsip_mplp.rules.state import ChainOrder

KINDS = ("bond_asset", "bond_issue", "bond_pay")


class Part(NamedTuple):
    """Units on the chain, with the bonds and the money that stand behind them."""

    units: int
    bonds: int
    money: int


def issue_bond(book: Book, account: str, ask: IssueBond) -> None:
    """PL-43: bonds are held for the chain, and units that stand for them are ordered to be sent to the holder."""
    series = book.series.get(ask.series)
    held = series.holdings.get(account, 0) if series is not None else 0
    if series is None or not held:
        raise Refused("PL-43", f"you hold no bonds of series {ask.series}", "See mplp bonds.")
    bonds.must_be_of(series, ask.asset)
    prefix, asset = book.markets[series.market].parameters.bond_prefix, series.market
    if prefix is None:
        reason = f"bonds of {asset} are not put on the chain: the market has no bond_prefix"
        raise Refused("PL-43", reason, "Pass them on with mplp pass-bond.")
    wanted = held if ask.amount is None else ask.amount
    if not 1 <= wanted <= held:
        raise Refused("PL-43", f"you hold {book.show(asset, held)} of series {ask.series}")
    part = _part_for(book, series, wanted)
    book.check_size(asset, part.bonds)
    if series.on_chain + part.units > series.amount:
        raise Refused("PL-43", f"no more than {book.show(asset, series.amount)} of the series can be on the chain")
    if book.free(account, asset) < part.money:
        reason = f"what is on the chain has earned {book.show(asset, part.money)} for as much since it is there"
        raise Refused("PL-43", reason, f"Send that much {asset} with the memo: it comes back with the units.")
    _put(book, series, account, part)
    series.asset = series.asset or f"{prefix}{series.number}"
    if series.asset_made:
        _order_units(book, series, account, part.units)
        return
    series.waiting.append((account, part.units))
    if series.asset not in book.bond_assets:
        book.bond_assets[series.asset] = series.number
        _order(book, series, "bond_asset", account, series.amount)


def _part_for(book: Book, series: Series, wanted: int) -> Part:
    """The most units whose bonds are no more than what is wanted; with what else each of them has by now."""
    there, behind = series.on_chain, series.holdings.get(ON_CHAIN, 0)
    if not there:
        return Part(wanted, wanted, 0)
    units = div_floor(wanted * there, behind) if behind else 0
    if not units:
        raise Refused("PL-43", f"as little as {book.show(series.market, wanted)} makes no unit on the chain")
    money = book.ledger.balance(series.pot, series.market)
    return Part(units, div_ceil(units * behind, there), div_ceil(units * money, there))


def _put(book: Book, series: Series, account: str, part: Part) -> None:
    book.move(
        "PL-43", f"along with bonds of series {series.number} put on the chain",
        (f"free/{account}", series.market, -part.money), (series.pot, series.market, part.money),
    )  # fmt: skip
    series.take(account, part.bonds)
    series.give(ON_CHAIN, part.bonds)
    series.on_chain += part.units
    book.touch("series", series.number, series)
    book.event("PL-43", "series", series.number, "put on the chain", by=account, units=part.units, bonds=part.bonds)


def bring_back(book: Book, item: Deposit) -> bool:
    """PL-43: who sends units to the pool's account has their bonds and their money; tells whether they are such units.

    The units themselves are kept, and are the first to be sent to whoever puts bonds on the chain again.
    """
    series = book.series.get(book.bond_assets.get(item.asset, 0))
    if series is None or not series.asset_made or not item.amount:
        return False
    if item.amount > series.on_chain:  # none but the asset's owner can have made them
        raise Refused("PL-43", f"no more than {series.on_chain} units of {item.asset} stand for bonds")
    book.move(
        "PL-43", f"units of bond series {series.number} brought back",
        (f"free/{item.account}", item.asset, -item.amount), (series.pot, item.asset, item.amount),
    )  # fmt: skip
    part = _give_back(book, series, item.account, item.amount)
    book.event(
        "PL-43", "series", series.number, "brought back", by=item.account, units=part.units, bonds=part.bonds,
        money=part.money,
    )  # fmt: skip
    what, money = book.show(series.market, part.bonds), book.show(series.market, part.money)
    text = f"You brought back {what} of bond series {series.number}, and {money} that was paid meanwhile."
    book.notify(item.account, "PL-43", text)
    return True


def _give_back(book: Book, series: Series, account: str, units: int) -> Part:
    """The share of `units` in what is held for all on the chain, rounded down; all of it if there are no others."""
    there, behind = series.on_chain, series.holdings.get(ON_CHAIN, 0)
    money = book.ledger.balance(series.pot, series.market)
    part = Part(units, div_floor(units * behind, there), div_floor(units * money, there))
    series.on_chain -= units
    if part.bonds:
        series.take(ON_CHAIN, part.bonds)
        series.give(account, part.bonds)
    book.move(
        "PL-43", f"paid on bonds of series {series.number} while on the chain",
        (series.pot, series.market, -part.money), (f"free/{account}", series.market, part.money),
    )  # fmt: skip
    book.touch("series", series.number, series)
    return part


# --- orders -------------------------------------------------------------------------------------------------


def _order_units(book: Book, series: Series, account: str, units: int) -> None:
    """What was brought back is sent first; the rest is issued."""
    kept = min(units, book.ledger.balance(series.pot, series.asset))
    if kept:
        number = _order(book, series, "bond_pay", account, kept)
        book.move(
            "PL-43", f"set aside for order {number}",
            (series.pot, series.asset, -kept), (f"order/{number}", series.asset, kept),
        )  # fmt: skip
    if units > kept:
        _order(book, series, "bond_issue", account, units - kept)


def _order(
    book: Book, series: Series, kind: Literal["bond_asset", "bond_issue", "bond_pay"], account: str, units: int
) -> int:
    number = len(book.orders) + 1
    order = ChainOrder(number, kind, account, series.asset, units, series.market)
    book.orders[number] = order
    book.touch("order", number, order)
    book.order(Order(number, kind, account, series.asset, units, f"mplp bond {number}"))
    book.event("PL-43", "order", number, "ordered", order=kind, account=account, units=units)
    return number


def report(book: Book, item: OrderDone | OrderFilled | OrderFailed) -> bool:
    """What the chain says of an order for bonds on the chain; tells whether the order is one."""
    order = book.orders.get(item.order)
    if order is None or order.state != "open" or order.kind not in KINDS:
        return False
    series = book.series[book.bond_assets[order.asset]]
    match item:
        case OrderDone():
            _done(book, series, order, item)
        case OrderFailed():
            pay_fee(book, item)
            _failed(book, series, order, item)
        case _:
            raise Refused("PL-43", f"order {order.number} is not reported like this")
    return True


def _done(book: Book, series: Series, order: ChainOrder, done: OrderDone) -> None:
    """The chain has done it, irreversibly; its fee is the operator's."""
    order.state, order.transaction = "done", done.transaction
    held = f"order/{order.number}"
    if order.kind == "bond_pay":
        book.move(
            "PL-43", f"order {order.number} carried out",
            (held, order.asset, -order.units), ("outside", order.asset, order.units),
        )  # fmt: skip
    book.move(
        "G-5", f"fee of order {order.number}",
        ("operator", done.fee_asset, -done.fee), ("outside", done.fee_asset, done.fee),
    )  # fmt: skip
    book.touch("order", order.number, order)
    book.event("PL-43", "order", order.number, "done", transaction=done.transaction)
    if order.kind != "bond_asset":
        book.notify(order.account, "PL-43", f"{_shown(book, series, order.units)} was sent to you on the chain.")
        return
    series.asset_made = True
    waiting, series.waiting = series.waiting, []
    book.touch("series", series.number, series)
    for account, units in waiting:
        _order_units(book, series, account, units)


def _failed(book: Book, series: Series, order: ChainOrder, failed: OrderFailed) -> None:
    """The chain never took it and never will; the bonds are the holders' again, with what they were paid meanwhile."""
    order.state = "failed"
    back = [(order.account, order.units)]
    if order.kind == "bond_asset":
        back, series.waiting = series.waiting, []
        del book.bond_assets[order.asset]
        series.asset = ""
        book.notify("operator", "PL-43", f"The asset {order.asset} could not be made: {failed.reason}.")
    elif order.kind == "bond_pay":
        book.move(
            "PL-43", f"returned from order {order.number}",
            (f"order/{order.number}", order.asset, -order.units), (series.pot, order.asset, order.units),
        )  # fmt: skip
    for account, units in back:
        if not series.on_chain:  # others brought back more than there can be on the chain
            break
        _give_back(book, series, account, min(units, series.on_chain))
        text = f"Bonds of series {series.number} could not be put on the chain, and are yours here: {failed.reason}."
        book.notify(account, "PL-43", text)
    book.touch("order", order.number, order)
    book.touch("series", series.number, series)
    book.event("PL-43", "order", order.number, "failed", reason=failed.reason)


def _shown(book: Book, series: Series, units: int) -> str:
    """Units of the series' asset as people read them: it has the digits of the bitasset."""
    return f"{format_units(units, book.assets[series.market].precision)} {series.asset}"
