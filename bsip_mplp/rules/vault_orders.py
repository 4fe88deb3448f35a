"""Orders of vaults: one transaction of several steps at a time, and what begins its way home (V-1, V-4, V-5, V-8)."""

from __future__ import annotations

from bsip_mplp.rules.book import Book
from bsip_mplp.rules.outcomes import Order, Step
from bsip_mplp.rules.state import ChainOrder, Loan, Position
from bsip_mplp.rules.vault_state import OrderKind, Task, Unwinding, Vault

POOL = ""
"""The pool's account, in a step."""

Money = tuple[str, str, int]
"""An account of the ledger, an asset, and units."""


def order_vault(book: Book, vault: Vault, task: Task, steps: list[Step], rule: str, *sources: Money) -> ChainOrder:
    """Order steps on a vault, all in one transaction or none; what it takes is set aside from `sources` (V-4)."""
    order = _new_order(book, "vault", vault, task, tuple(step for step in steps if _does_something(step)))
    for account, asset, units in sources:
        book.move(
            rule,
            f"set aside for order {order.number}",
            (account, asset, -units),
            (f"order/{order.number}", asset, units),
        )
    vault.order = order.number
    book.touch("vault", vault.account, vault)
    book.event(rule, "order", order.number, "ordered", order=task.name, account=vault.account)
    return order


def _does_something(step: Step) -> bool:
    return bool(step.units or step.collateral or step.debt)


def _new_order(book: Book, kind: OrderKind, vault: Vault, task: Task, steps: tuple[Step, ...] = ()) -> ChainOrder:
    number = len(book.orders) + 1
    core = book.markets[vault.market].core
    asset, units = (core, task.core) if task.core else (vault.market, task.bitasset)
    order = ChainOrder(number, kind, vault.account, asset, units, vault.market, to=task.who, steps=steps, task=task)
    book.orders[number] = order
    book.touch("order", number, order)
    book.order(Order(number, kind, vault.account, asset, units, f"mplp vault {number}", None, task.who, steps))
    return order


def make_account(book: Book, vault: Vault) -> None:
    """V-2: order the account of a vault to be made."""
    order = _new_order(book, "vault_open", vault, Task("make", who=vault.holder))
    book.event("V-2", "order", order.number, "ordered", order="make", account=vault.account)


def hand_owner_on(book: Book, position: Position) -> None:
    """V-8: nothing moves on the chain but the holder's half of the owner authority."""
    vault = book.vaults[position.account]
    del book.vaults_held[vault.market, vault.holder][vault.account]
    vault.holder = position.holder
    book.vaults_held.setdefault((vault.market, vault.holder), {})[vault.account] = None
    order = _new_order(book, "vault_owner", vault, Task("owner", who=position.holder))
    book.touch("vault", vault.account, vault)
    book.event("V-8", "order", order.number, "ordered", order="owner", account=vault.account)


def order_sale(book: Book, vault: Vault, task: Task, limit: tuple[int, int], source: str, rule: str) -> ChainOrder:
    """Order `task.core` of core asset to be sold from the pool's account, at no less than `limit` (bitasset, core)."""
    number, core = len(book.orders) + 1, book.markets[vault.market].core
    order = ChainOrder(number, "sell", "", core, task.core, vault.market, limit=limit, to=vault.account, task=task)
    book.orders[number] = order
    book.move(rule, f"set aside for order {number}", (source, core, -task.core), (f"order/{number}", core, task.core))
    book.touch("order", number, order)
    book.order(Order(number, "sell", "", core, task.core, f"mplp sell {number}", limit, vault.account))
    book.event(rule, "order", number, "ordered", order="sell", account=vault.account, units=task.core)
    return order


def begin_unwinding(book: Book, position: Position, loan: Loan, units: int, rule: str) -> None:
    """V-5: principal of a loan that ended is on its way home."""
    item = Unwinding(
        len(book.unwindings) + 1, loan.number, loan.pool, loan.lender, loan.market, loan.account, loan.asset, units,
        rule, book.now,
    )  # fmt: skip
    _on_its_way(book, position, item)


def begin_risk_unwinding(book: Book, position: Position, units: int, asset: str, rule: str) -> None:
    """What the risk fund has in a vault goes home like a loan, and first (V-7)."""
    if units:
        number, account = len(book.unwindings) + 1, position.account
        item = Unwinding(number, 0, 0, "", position.market, account, asset, units, rule, book.now)
        _on_its_way(book, position, item)


def _on_its_way(book: Book, position: Position, item: Unwinding) -> None:
    book.unwindings[item.number] = item
    position.unwinding.append(item.number)
    book.markets[position.market].vaults[position.account] = None
    book.touch("unwinding", item.number, item)
    book.touch("position", position.key, position)
    book.event(item.rule, "unwinding", item.number, "begun", loan=item.loan, units=item.units, asset=item.asset)
    book.look_at(position)


def items_of(book: Book, position: Position) -> list[Unwinding]:
    """What is on its way home from a vault: the risk fund's first, then the oldest."""
    items = [book.unwindings[number] for number in position.unwinding]
    return sorted(items, key=lambda item: (item.pool != 0, item.number))


def own_vault(book: Book, market: str, account: str) -> str | None:
    """The vault of a market whose position an account holds; else the one that is made for it, or that it emptied."""
    held = [one for one in book.held.get((market, account), ()) if one in book.vaults]
    is_open = [one for one in held if book.positions[market, one].state != "closed"]
    return next(iter(is_open or held or list(book.vaults_held.get((market, account), ()))), None)


def transfer(frm: str, to: str, asset: str, units: int) -> Step:
    """A step that sends money; an account of "" is the pool's."""
    return Step("transfer", frm, to, asset, units)


def adjust(vault: Vault, collateral: int, debt: int) -> Step:
    """A step that changes the position of a vault, by collateral and debt."""
    return Step("adjust", vault.account, "", vault.market, 0, collateral, debt)
