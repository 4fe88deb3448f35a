"""Vaults: the account, its authorities, and the position that is opened in it (V-2, V-3)."""

from __future__ import annotations

from bsip_mplp.ledger import OUTSIDE
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.feeds import check_cover
from bsip_mplp.rules.inputs import VaultSeen
from bsip_mplp.rules.positions import figures_change
from bsip_mplp.rules.state import ChainOrder, Market, Position
from bsip_mplp.rules.vault_asks import VaultOpen
from bsip_mplp.rules.vault_orders import POOL, adjust, make_account, order_vault, transfer
from bsip_mplp.rules.vault_state import Task, Vault

NAMES_TRIED_MAX = 5
"""How many account names are tried for one request before its money goes back."""


def open_vault(book: Book, account: str, ask: VaultOpen, asset: str, units: int) -> None:
    """V-2, V-3: collateral is set aside; once the account is made and its authorities were read, it goes in."""
    market = book.markets.get(ask.market)
    if market is None:
        raise Refused("V-3", f"{ask.market} is no market here", f"Markets: {', '.join(book.market_names)}.")
    if asset != market.core:
        raise Refused("V-3", f"the collateral is {market.core}, not {asset}")
    if units < 1 or ask.debt < 1 or book.free(account, asset) < units:
        raise Refused("V-3", f"the free balance holds {book.show(asset, book.free(account, asset))}")
    book.check_size(asset, units)
    book.check_size(market.name, ask.debt)
    _check_opens(market, units, ask.debt)
    vault = _empty_vault(book, account, market)
    if vault is None:
        vault = _new_vault(book, account, market)
        make_account(book, vault)
        book.notify(account, "V-2", f"The account {vault.account} is being made for your position.")
    _set_aside(book, vault, units, ask.debt, f"free/{account}")
    if vault.state == "sound":
        enter(book, vault)


def _check_opens(market: Market, collateral: int, debt: int) -> None:
    """V-3: own collateral alone must hold `CR > ICR`, as the chain asks of a new position."""
    feed = market.valid_feed
    if feed is None:
        raise Refused("PL-47", f"{market.name} has no valid feed: {market.invalid}", "Try again when it has one.")
    if collateral * feed.price.bitasset * PERMILLE <= feed.icr * debt * feed.price.core:
        raise Refused("V-3", "CR would not be over ICR", "Send more collateral, or draw less debt.")


def _empty_vault(book: Book, holder: str, market: Market) -> Vault | None:
    """The holder's vault of a market, if it can take a position; refused while it has one."""
    for account in book.vaults_held.get((market.name, holder), ()):
        vault, position = book.vaults[account], book.position(market.name, account)
        if vault.wanted_debt or vault.order is not None:
            raise Refused("V-3", f"a position is being opened in {account}", "See mplp vault show.")
        if position is not None and position.state != "closed":
            raise Refused("V-3", f"you have a position in {account}", "Add to it with mplp vault add.")
        if position is not None and (position.called or position.unwinding):
            raise Refused("V-5", f"what was lent to {account} is not home yet", "Try again when it is.")
        if vault.state == "unsound":
            raise Refused("V-2", f"the authorities of {account} are not as agreed: {vault.reason}")
        return vault
    return None


def _new_vault(book: Book, holder: str, market: Market, tried: int = 1) -> Vault:
    number = len(book.vaults) + 1
    vault = Vault(number, f"{market.parameters.vault_prefix}-{number}", holder, market.name, tried=tried)
    book.vaults[vault.account] = vault
    market.has_vaults = True
    check_cover(book, market)
    book.vaults_held.setdefault((market.name, holder), {})[vault.account] = None
    book.touch("vault", vault.account, vault)
    book.event("V-2", "vault", vault.account, "ordered", holder=holder, market=market.name)
    return vault


def _set_aside(book: Book, vault: Vault, units: int, debt: int, source: str) -> None:
    core = book.markets[vault.market].core
    book.move(
        "V-3", f"collateral for {vault.account}", (source, core, -units), (f"entering/{vault.account}", core, units)
    )
    vault.wanted_core, vault.wanted_debt = units, debt
    book.touch("vault", vault.account, vault)


def _give_back(book: Book, vault: Vault, why: str) -> None:
    core = book.markets[vault.market].core
    book.move(
        "V-3",
        f"collateral for {vault.account} back",
        (f"entering/{vault.account}", core, -vault.wanted_core),
        (f"free/{vault.holder}", core, vault.wanted_core),
    )
    vault.wanted_core = vault.wanted_debt = 0
    book.touch("vault", vault.account, vault)
    book.notify(vault.holder, "V-3", f"Nothing was opened in {vault.account}: {why}. The money is your free balance.")


def account_made(book: Book, vault: Vault) -> None:
    """V-2: the account is there; no money goes in before its authorities were read back."""
    vault.state = "made"
    book.touch("vault", vault.account, vault)
    book.event("V-2", "vault", vault.account, "made")


def account_refused(book: Book, vault: Vault, reason: str, *, final: bool) -> None:
    """V-2: the account was not made, as when its name is taken: the next name is tried, a few times, unless `final`."""
    vault.state, vault.reason = "failed", reason
    del book.vaults_held[vault.market, vault.holder][vault.account]
    book.touch("vault", vault.account, vault)
    book.event("V-2", "vault", vault.account, "failed", reason=reason)
    if final or vault.tried >= NAMES_TRIED_MAX:
        _give_back(book, vault, reason)
        return
    following = _new_vault(book, vault.holder, book.markets[vault.market], vault.tried + 1)
    _set_aside(book, following, vault.wanted_core, vault.wanted_debt, f"entering/{vault.account}")
    vault.wanted_core = vault.wanted_debt = 0
    make_account(book, following)


def vault_seen(book: Book, seen: VaultSeen) -> None:
    """V-2, V-11: the authorities as they are on the chain; who lends to a vault is told if they are not as agreed."""
    vault = book.vaults.get(seen.account)
    if vault is None or vault.state in ("ordered", "failed"):
        raise Refused("V-2", f"{seen.account} is no vault here, or not made yet")
    was = vault.state
    vault.state, vault.reason = ("sound", "") if seen.sound else ("unsound", seen.reason)
    book.touch("vault", vault.account, vault)
    if vault.state != was:
        book.event("V-11" if was != "made" else "V-2", "vault", vault.account, "found " + vault.state, why=vault.reason)
    if vault.wanted_debt and vault.order is None:
        if seen.sound:
            enter(book, vault)
        else:
            _give_back(book, vault, f"its authorities are not as agreed: {seen.reason}")
    position = book.position(vault.market, vault.account)
    if vault.state == "unsound" and was != "unsound" and position is not None:
        lenders = (loan.lender for loan in book.live_loans(position))
        for account in dict.fromkeys([vault.holder, "operator", *lenders]):
            text = f"The authorities of {vault.account} are not as agreed: {seen.reason}. No new loan goes into it."
            book.notify(account, "V-11", text)


def enter(book: Book, vault: Vault) -> None:
    """V-3: collateral goes in, the debt is drawn and paid to the holder, in one transaction."""
    market = book.markets[vault.market]
    try:
        _check_opens(market, vault.wanted_core, vault.wanted_debt)
    except Refused as refused:
        _give_back(book, vault, refused.reason)
        return
    core, debt = vault.wanted_core, vault.wanted_debt
    steps = [
        transfer(POOL, vault.account, market.core, core),
        adjust(vault, core, debt),
        transfer(vault.account, vault.holder, market.name, debt),
    ]
    task = Task("enter", vault.holder, core, debt)
    order_vault(book, vault, task, steps, "V-3", (f"entering/{vault.account}", market.core, core))
    vault.wanted_core = vault.wanted_debt = 0


def entered(book: Book, vault: Vault, order: ChainOrder, task: Task) -> None:
    """V-3: the position is open, in the vault."""
    market = book.markets[vault.market]
    book.move(
        "V-3",
        f"collateral of {vault.account}",
        (f"order/{order.number}", market.core, -task.core),
        (OUTSIDE, market.core, task.core),
    )
    position = book.position(market.name, vault.account)
    if position is None:
        position = _first(book, vault)
    figures_change(book, position, task.core, task.bitasset)
    book.event("V-3", "position", position.key, "opened", core=task.core, bitasset=task.bitasset)
    book.notify(vault.holder, "V-3", f"Your position in {market.name} is open in {vault.account}.")


def _first(book: Book, vault: Vault) -> Position:
    key = (vault.market, vault.account)
    position = Position(*key, len(book.position_keys), "vault", 0, 0, vault.holder, state="closed")
    book.positions[key] = position
    book.held.setdefault((vault.market, vault.holder), {})[vault.account] = None
    book.position_keys.append(key)
    return position


def not_entered(book: Book, order: ChainOrder, task: Task, reason: str) -> None:
    """V-3: the chain refused it; the collateral is free balance again."""
    free_again(book, order, task.who, reason)


def free_again(book: Book, order: ChainOrder, account: str, reason: str) -> None:
    """All that was set aside for an order is free balance again."""
    market = book.markets[order.market]
    held = f"order/{order.number}"
    for asset in (market.core, market.name):
        units = book.ledger.balance(held, asset)
        book.move("V-3", f"order {order.number} failed", (held, asset, -units), (f"free/{account}", asset, units))
    book.notify(account, "V-3", f"Order {order.number} could not be carried out: {reason}.")
