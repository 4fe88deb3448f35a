"""The end of a vault's position: closed by working capital, or what the chain left of it shared out (V-5, V-10)."""

from __future__ import annotations

from bsip_mplp.ledger import OUTSIDE
from bsip_mplp.market import Feed
from bsip_mplp.money import div_ceil, div_floor
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rules import auctions, homeward, protection
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.chain_orders import note_course
from bsip_mplp.rules.funds import income
from bsip_mplp.rules.inputs import OrderFilled
from bsip_mplp.rules.loans import end_loan
from bsip_mplp.rules.positions import changed
from bsip_mplp.rules.state import CARRIED, ChainOrder, Market, Position
from bsip_mplp.rules.vault_orders import (
    POOL,
    adjust,
    begin_risk_unwinding,
    items_of,
    order_sale,
    order_vault,
    transfer,
)
from bsip_mplp.rules.vault_state import Task, Unwinding, Vault


def squeeze(feed: Feed) -> tuple[int, int]:
    """The worst price that is allowed, feed / MSSR, as (bitasset, core)."""
    return feed.price.bitasset * PERMILLE, feed.price.core * feed.mssr


def core_at_squeeze(feed: Feed, bitasset: int) -> int:
    """The core asset that buys some bitasset at feed / MSSR, rounded up."""
    return div_ceil(bitasset * feed.price.core * feed.mssr, feed.price.bitasset * PERMILLE)


def capital_left(book: Book, market: Market) -> int:
    """V-5: the bitasset that the risk fund may still give to close one vault."""
    held = book.ledger.balance(f"risk/{market.name}", market.name)
    if market.parameters.capital_limit is None:
        return held
    one, in_all = market.parameters.capital_limit
    return max(0, min(held, one, in_all - market.capital_out))


# --- (b): closed by working capital -----------------------------------------------------------------------------


def order_wind_up(
    book: Book, market: Market, vault: Vault, position: Position, feed: Feed, to: str = "", from_fund: int = 0
) -> None:
    """V-5 (b): capital pays the debt, all collateral comes out, what is lent goes home, the rest is the holder's.

    `to` is whose the rest is; the insurance fund's if nobody is named (PL-36), which may pay `from_fund` of the debt.
    """
    sold, debt = core_at_squeeze(feed, position.debt), position.chain_debt
    lent = position.placed_lp1 + position.buffer
    rest = position.collateral - sold
    steps = [
        transfer(POOL, vault.account, market.name, debt),
        adjust(vault, -position.chain_collateral, -debt),
        transfer(vault.account, POOL, market.core, lent + sold + (0 if to else rest)),
    ]
    if to:
        steps.append(transfer(vault.account, to, market.core, rest))
    task = Task("wind_up", to, sold, position.debt, capital=position.debt - from_fund)
    market.capital_out += task.capital
    sources = (
        (f"risk/{market.name}", market.name, task.capital),
        (f"fund/{market.name}", market.name, from_fund),
    )
    order_vault(book, vault, task, steps, "V-5", *sources)


def not_wound_up(book: Book, order: ChainOrder, task: Task) -> None:
    """The chain refused it: the money is the funds' again, and no income (PL-D29)."""
    market, held = book.markets[order.market], f"order/{order.number}"
    book.move(
        "V-5",
        f"returned from order {order.number}",
        (held, market.name, -task.bitasset),
        (f"risk/{market.name}", market.name, task.capital),
        (f"fund/{market.name}", market.name, task.bitasset - task.capital),
    )
    market.capital_out -= task.capital
    book.to_serve.add(market.name)


def wound_up(book: Book, vault: Vault, position: Position, order: ChainOrder, task: Task) -> None:
    """V-5 (b): it is closed; the sold part replaces the capital at feed / MSSR or better."""
    market, rest = book.markets[vault.market], position.collateral - task.core
    feed = book.feed_to_convert(market.name)
    closed(book, vault, position, order, "b", "V-5" if position.state == "unwinding" else "PL-46")
    for whose in dict.fromkeys(one for one in (task.who, position.holder) if one):
        is_whose = "yours" if task.who else "the insurance fund's"
        text = f"Working capital closed {vault.account}: {book.show(market.core, task.core)} of it are sold"
        book.notify(whose, "V-5", f"{text}, {book.show(market.core, rest)} are {is_whose}.")
    held = f"left/{vault.account}"
    book.move(
        "V-5", f"sold part of {vault.account}", (OUTSIDE, market.core, -task.core), (held, market.core, task.core)
    )
    if not task.who and rest:
        _to_the_fund(book, market, vault, rest)
    sale = Task("replace", task.who, task.core, task.capital)  # what it brings over that is the fund's part, too
    order_sale(book, vault, sale, squeeze(feed), held, "V-5")


def _to_the_fund(book: Book, market: Market, vault: Vault, units: int) -> None:
    """PL-D50: what is left of a closed carried position's collateral is income of the fund."""
    fund = f"fund/{market.name}"
    book.move("PL-D50", f"left of {vault.account}", (OUTSIDE, market.core, -units), (fund, market.core, units))
    income(book, market.name, market.core, units)


def closed(book: Book, vault: Vault, position: Position, order: ChainOrder, way: homeward.Way, rule: str) -> None:
    """A position was closed by an order that had all its debt set aside: what was lent is home, every unit of it."""
    market, held = book.markets[vault.market], f"order/{order.number}"
    debt = position.chain_debt
    book.move("V-5", f"debt of {vault.account}", (held, market.name, -debt), (OUTSIDE, market.name, debt))
    _end_all(book, position, rule)
    for item in items_of(book, position):
        homeward.come_home(book, position, item, item.units, held if item.asset == market.name else OUTSIDE)
        homeward.is_home(book, position, item, way)
    changed(book, position)


def _end_all(book: Book, position: Position, rule: str) -> None:
    """PL-46: its auction and all its loans end; what is lent to it is on its way home."""
    market = book.markets[position.market]
    if position.auction is not None:
        auctions.end_auction(book, position, "PL-46")
    for loan in book.live_loans(position):
        end_loan(book, loan, "PL-46")
    protection.disarm_all(book, position, "PL-46")
    for asset, units in ((market.core, position.risk_lp1), (market.name, position.risk_lp2)):
        begin_risk_unwinding(book, position, units, asset, "PL-35")
    position.lp1, position.lp2 = position.lp1 - position.risk_lp1, position.lp2 - position.risk_lp2
    position.risk_lp1 = position.risk_lp2 = 0
    if position.buffer:
        position.placed_lp1, units, position.buffer = position.placed_lp1 + position.buffer, position.buffer, 0
        begin_risk_unwinding(book, position, units, market.core, "V-7")
    if position.state in CARRIED:
        market.carried.pop(position.account, None)
    position.collateral = position.debt = 0
    position.holds.clear()
    position.rest_until = 0
    book.to_serve.add(market.name)
    book.change_state(position, "closed", rule)


# --- (c): closed on the chain -----------------------------------------------------------------------------------


def called(book: Book, vault: Vault, position: Position) -> None:
    """V-5 (c), V-11: the chain has closed the debt; what is left lies in the account until it is gathered."""
    _end_all(book, position, "PL-46")
    position.called = True
    vault.loose.clear()
    book.touch("vault", vault.account, vault)
    book.notify(position.holder, "V-11", f"The debt of {vault.account} was closed on the chain.")
    changed(book, position)


def gather(book: Book, market: Market, vault: Vault, position: Position) -> None:
    """V-5 (c): what is left comes to the pool's account, to be shared out; known once its core asset was counted."""
    if market.core not in vault.loose:
        return
    core, bitasset = vault.loose[market.core], vault.loose.get(market.name, 0)
    if not core and not bitasset:
        share_out(book, market, vault, position)
        return
    steps = [
        transfer(vault.account, POOL, market.core, core),
        transfer(vault.account, POOL, market.name, bitasset),
    ]
    order_vault(book, vault, Task("gather", position.holder, core, bitasset), steps, "V-5")


def gathered(book: Book, vault: Vault, position: Position, task: Task) -> None:
    """V-5 (c): what was left is here."""
    market, held = book.markets[vault.market], f"left/{vault.account}"
    for asset, units in ((market.core, task.core), (market.name, task.bitasset)):
        book.move("V-5", f"left in {vault.account}", (OUTSIDE, asset, -units), (held, asset, units))
    vault.loose.clear()
    share_out(book, market, vault, position)


def share_out(book: Book, market: Market, vault: Vault, position: Position) -> None:
    """V-5 (c), V-10: what was lent goes home before the risk fund has its own, and that before the holder."""
    held = f"left/{vault.account}"
    position.called = False
    items = items_of(book, position)
    bitasset = [item for item in items if item.asset == market.name]
    lenders = [item for item in items if item.asset == market.core and item.pool]
    _share_bitasset(book, position, bitasset, book.ledger.balance(held, market.name), held)
    lacks = sum(item.units - item.came for item in bitasset)
    core = book.ledger.balance(held, market.core)
    homeward.share(book, position, lenders, _for_core(book, market, lenders, lacks, core), held)
    if not lacks or not _buy_back(book, market, vault, position, lacks):
        settle_rest(book, market, vault, position)
    changed(book, position)


def _share_bitasset(book: Book, position: Position, items: list[Unwinding], units: int, source: str) -> int:
    """Lenders of bitasset first, then the risk fund; gives what was not needed."""
    for wanted in ([one for one in items if one.pool], [one for one in items if not one.pool]):
        units = homeward.share(book, position, wanted, units, source)
    return units


def _for_core(book: Book, market: Market, lenders: list[Unwinding], lacks: int, core: int) -> int:
    """What of the core asset left is for those who lent it: all they lent, or their share by value (V-10)."""
    wanted = sum(item.units for item in lenders)
    worth = book.feed_to_convert(market.name).price.core_for_bitasset(lacks) if lacks else 0
    if core >= wanted + worth:
        return wanted
    return div_floor(core * wanted, wanted + worth) if wanted else 0


def _buy_back(book: Book, market: Market, vault: Vault, position: Position, lacks: int) -> bool:
    """Bitasset that was lent is bought back: by working capital, which a sale replaces, or by the sale itself."""
    held, feed = f"left/{vault.account}", book.feed_to_convert(market.name)
    core, wanted = book.ledger.balance(held, market.core), core_at_squeeze(feed, lacks)
    if not core:
        return False
    limit = squeeze(feed)
    if core >= wanted and capital_left(book, market) >= lacks:
        items = [item for item in items_of(book, position) if item.asset == market.name]
        _share_bitasset(book, position, items, lacks, f"risk/{market.name}")
        market.capital_out += lacks
        order_sale(book, vault, Task("replace", position.holder, wanted, lacks), limit, held, "V-5")
        return False
    sold = min(core, wanted)
    if sold < wanted and lacks * feed.price.core <= sold * feed.price.bitasset:
        limit = (lacks, sold)  # at feed / MSSR it would not be enough, at the feed it is: that is asked for first
    numbers = tuple(item.number for item in items_of(book, position) if item.asset == market.name)
    order_sale(book, vault, Task("replace", position.holder, sold, lacks, items=numbers), limit, held, "V-5")
    return True


def settle_rest(book: Book, market: Market, vault: Vault, position: Position) -> None:
    """The risk fund's own, then what lacks (V-10), then the holder's rest."""
    held = f"left/{vault.account}"
    risk = [item for item in items_of(book, position) if item.asset == market.core and not item.pool]
    homeward.share(book, position, risk, book.ledger.balance(held, market.core), held)
    items = items_of(book, position)
    for item in items:
        if item.came == item.units:
            homeward.is_home(book, position, item, "c")
    homeward.make_good(book, position, [item for item in items if item.came < item.units], position.holder)
    for asset in (market.core, market.name):
        rest = book.ledger.balance(held, asset)
        book.move("V-5", f"rest of {vault.account}", (held, asset, -rest), (f"free/{position.holder}", asset, rest))
        if rest:
            text = f"{book.show(asset, rest)} are left of {vault.account}, and your free balance."
            book.notify(position.holder, "V-5", text)


# --- the sale ---------------------------------------------------------------------------------------------------


def sale_filled(book: Book, order: ChainOrder, report: OrderFilled) -> None:
    """V-5, V-9: what a sale brought replaces the capital, or goes to the lenders; what is over is the holder's."""
    task, market = order.task, book.markets[order.market]
    if task is None:
        return
    vault, held = book.vaults[order.to], f"order/{order.number}"
    units = min(report.units, order.units - order.filled)
    owed = max(0, task.bitasset - order.got)
    order.filled += units
    order.got += report.got
    book.move(
        "V-5",
        f"order {order.number} sold",
        (held, order.asset, -units),
        (OUTSIDE, order.asset, units),
        (OUTSIDE, market.name, -report.got),
        (held, market.name, report.got),
    )
    paid = min(owed, report.got)
    if task.items:
        items = [book.unwindings[number] for number in task.items]
        _share_bitasset(book, book.positions[market.name, vault.account], items, paid, held)
    else:
        book.move(
            "V-5", "working capital replaced", (held, market.name, -paid), (f"risk/{market.name}", market.name, paid)
        )
        market.capital_out -= paid
        book.to_serve.add(market.name)
    over = report.got - paid
    whose = _rest_of(task, market)
    book.move("V-5", f"over of order {order.number}", (held, market.name, -over), (whose, market.name, over))
    note_course(book, "V-5", order, units, report)
    if report.done or order.filled == order.units:
        order.state = "done"
        _sale_ends(book, market, vault, order, task, max(0, owed - paid))
    book.touch("order", order.number, order)


def _rest_of(task: Task, market: Market) -> str:
    return f"free/{task.who}" if task.who else f"fund/{market.name}"


def _sale_ends(book: Book, market: Market, vault: Vault, order: ChainOrder, task: Task, owed: int) -> None:
    """What was not sold is offered again at today's limit while something is owed; else it is the holder's."""
    held, feed = f"order/{order.number}", market.valid_feed or book.feed_to_convert(market.name)
    position, left = book.positions[market.name, vault.account], f"left/{vault.account}"
    unsold = book.ledger.balance(held, order.asset)
    book.move("V-5", f"returned from order {order.number}", (held, order.asset, -unsold), (left, order.asset, unsold))
    again, limit = min(book.ledger.balance(left, order.asset), core_at_squeeze(feed, owed)), squeeze(feed)
    if again * limit[0] < limit[1]:  # it would bring nothing
        again = 0
    if again:
        order_sale(book, vault, Task("replace", task.who, again, owed, items=task.items), limit, left, "V-5")
    if task.items and not again:
        settle_rest(book, market, vault, position)
        changed(book, position)
    if task.items:
        return
    if owed and not again:  # what the sale did not bring is the risk fund's loss: the price was its own
        market.capital_out -= owed
        book.event("V-10", "position", position.key, "short", core=0, bitasset=owed)
    rest, whose = book.ledger.balance(left, order.asset), _rest_of(task, market)
    book.move("V-5", f"rest of {vault.account}", (left, order.asset, -rest), (whose, order.asset, rest))
