"""What the insurance fund does with what it has, in its order: interest, bonds, debt, dividends (PL-38, PL-40)."""

from __future__ import annotations

from bsip_mplp.money import SECONDS_PER_DAY, div_floor
from bsip_mplp.rules import bonds, carrying, homeward
from bsip_mplp.rules.bond_state import Series
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.chain_orders import order_on_chain
from bsip_mplp.rules.funds import fund_holds, pay_from_fund
from bsip_mplp.rules.inputs import CloseBlack
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.state import Market, Position
from bsip_mplp.rules.vault_requests import order_closing

WEEK = 7 * SECONDS_PER_DAY


def serve(book: Book, market: Market) -> None:
    """PL-40, after anything that changed what the fund has or owes; dividends have a date of their own."""
    carrying.use_risk_fund(book, market)  # PL-35
    pay_short(book, market)
    pay_interest_owed(book, market)
    bonds.redeem_from_income(book, market)
    carrying.pay_debts(book, market)
    _black_no_more(book, market)
    bonds.issue_if_needed(book, market)


def pay_short(book: Book, market: Market) -> None:
    """V-10: principal that did not come home from a vault is made good by whatever the funds get, before interest."""
    for number in list(market.short):
        item = book.unwindings[number]
        position = book.positions[market.name, item.account]
        for source in (f"fund/{market.name}", f"risk/{market.name}"):
            homeward.pay_from(book, position, market, [item], source)
        if item.came == item.units:
            del market.short[number]
            homeward.is_home(book, position, item, "c")


def pay_interest_owed(book: Book, market: Market, only: str | None = None) -> None:
    """PL-34, PL-45, PL-D36: claims first, then unpaid interest as it fell due; each in full or not at all.

    With `only`: what is owed for the position of that account, and nothing else.
    """
    for number in list(market.claims):
        claim = book.claims[number]
        if only not in (None, claim.account):
            continue
        text = f"interest owed for loan {claim.loan}"
        if pay_from_fund(book, market, claim.asset, claim.units, f"free/{claim.lender}", "PL-D36", text):
            claim.paid = book.now
            del market.claims[number]
            book.touch("claim", number, claim)
            book.event("PL-D36", "claim", number, "paid")
    accounts = market.carried if only is None else (only,)
    owed = [loan for account in accounts for loan in book.live_loans(book.positions[market.name, account])]
    for loan in sorted((loan for loan in owed if loan.unpaid), key=lambda loan: (loan.unpaid[0].due, loan.number)):
        carrying.pay_owed(book, market, loan)


def window_ends(book: Book, series: Series) -> None:
    """PL-38, PL-D32, PL-D61: after a window's money is used, what still lacks something is black."""
    market = book.markets[series.market]
    if not series.on_offer:
        return
    book.to_serve.add(market.name)
    bonds.window_ends(book, series)
    pay_short(book, market)
    for number in [number for number in market.short if book.unwindings[number].series == series.number]:
        item = book.unwindings[number]
        homeward.lose(book, book.positions[market.name, item.account], item)  # V-10: the bonds did not raise it
    pay_interest_owed(book, market)
    carrying.pay_debts(book, market)
    lacking = carrying.lacking_debt_units(book, market)
    sold_in_full = series.sold == series.amount
    for position in carrying.carried_positions(book, market):
        lacks_debt = bool(lacking.get(position.account)) and not sold_in_full
        if position.state == "carried" and (lacks_debt or carrying.owes_interest(book, position)):
            book.change_state(position, "black", "PL-38")
            book.notify(position.holder, "PL-38", f"The position of {position.account} in {market.name} is black.")


def _black_no_more(book: Book, market: Market) -> None:
    """PL-38: once income covers what its debt lacks, and no interest is owed, a black position is carried again."""
    if not any(book.positions[market.name, account].state == "black" for account in market.carried):
        return
    black = [p for p in carrying.carried_positions(book, market) if p.state == "black"]
    lacking = carrying.lacking_debt_units(book, market)
    for position in black:
        if not lacking.get(position.account) and not carrying.owes_interest(book, position):
            book.change_state(position, "carried", "PL-38")


def close_black(book: Book, account: str, ask: CloseBlack) -> None:
    """PL-38, PL-D35: who pays a black position's debt and what it owes gets its collateral."""
    position, market = book.position(ask.market, ask.position), book.markets.get(ask.market)
    if position is None or market is None or position.state != "black":
        raise Refused("PL-38", f"{ask.position} has no black position in {ask.market}")
    if position.custody == "books":
        raise Refused("PL-D35", "nothing is done on the chain for a position in books custody")
    vault = book.vaults.get(position.account)
    if position.orders or (vault is not None and vault.order is not None):
        raise Refused("PL-38", "orders for this position are still under way", "Try again when they are done.")
    if position.collateral < 0:  # V-5: there is nothing to hand over
        raise Refused("V-5", "what is lent is not whole in the vault any more")
    owed, debt = _owed_by(book, market, position), position.debt
    if book.free(account, market.name) < owed + debt:
        need = book.show(market.name, owed + debt)
        raise Refused("PL-D35", f"closing it takes {need}", "Deposit it first.")
    book.move(
        "PL-D35", f"interest owed of {position.account}", (f"free/{account}", market.name, -owed),
        (f"fund/{market.name}", market.name, owed),
    )  # fmt: skip
    pay_interest_owed(book, market, only=position.account)
    book.to_serve.add(market.name)  # PL-D33: what stands in an order to pay lacks no more
    if vault is not None:
        order_closing(book, vault, position, account, f"free/{account}", "PL-D35")
        return
    order_on_chain(book, position, "hand_over", market.name, debt, source=f"free/{account}", rule="PL-D35", to=account)


def _owed_by(book: Book, market: Market, position: Position) -> int:
    """What the fund owes for one position, in the bitasset: each part converted by itself, as each is paid."""
    parts = [
        (loan.interest_asset, carrying.lender_units(book, loan, terms))
        for loan in book.live_loans(position)
        for terms in loan.unpaid
    ]
    claims = [book.claims[number] for number in market.claims]
    parts += [(claim.asset, claim.units) for claim in claims if claim.account == position.account]
    price = book.feed_to_convert(market.name).price
    return sum(units if asset == market.name else price.bitasset_for_core(units) for asset, units in parts)


# --- dividends ----------------------------------------------------------------------------------------------


def schedule_dividend(book: Book, market: Market) -> None:
    """PL-D31: weeks count from the market's start."""
    weeks = (book.now - market.opened) // WEEK + 1
    book.schedule.add(DueItem(market.opened + weeks * WEEK, DueKind.DIVIDEND, market.number))


def dividend_falls_due(book: Book, market: Market) -> None:
    """PL-41, PL-D31: what the fund holds above its target goes to lenders by amount × time locked."""
    schedule_dividend(book, market)
    book.to_serve.add(market.name)
    weights = _weights(book, market)
    target, total = market.parameters.dividend_target, sum(weights.values())
    black = any(book.positions[market.name, account].state == "black" for account in market.carried)
    if target is None or black or market.series or not total:
        return
    for asset, held, kept in zip((market.core, market.name), fund_holds(book, market), target, strict=True):
        units = max(0, held - kept)
        parts = {lender: div_floor(units * weight, total) for lender, weight in weights.items()}
        book.move(
            "PL-41",
            "dividend",
            (f"fund/{market.name}", asset, -sum(parts.values())),
            *((f"free/{lender}", asset, part) for lender, part in parts.items()),
        )
    book.event("PL-41", "market", market.name, "dividend paid", lenders=len(weights))


def _weights(book: Book, market: Market) -> dict[str, int]:
    """Each lender's weight since the last date, core at the last feed; counting starts anew."""
    feed = market.valid_feed or market.last_valid
    weights: dict[str, int] = {}
    for (lender, asset), locked in sorted(market.locked.items()):
        locked.bring_to(book.now)
        if feed is not None and locked.weight:
            worth = feed.price.core if asset == market.name else feed.price.bitasset
            weights[lender] = weights.get(lender, 0) + locked.weight * worth
        locked.weight = 0
        if not locked.units:
            del market.locked[lender, asset]
    return weights
