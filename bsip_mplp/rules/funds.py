"""A market's insurance fund and risk fund: what reaches them, and how the insurance fund pays (PL-34, PL-35, PL-42)."""

from __future__ import annotations

from bsip_mplp.money import cut_units
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.inputs import Insure, Operator
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.state import Market


def income(book: Book, market: str, asset: str, units: int) -> None:
    """PL-35, PL-D29: of income that has reached the insurance fund, the risk fund's share goes on to it."""
    if not units:
        return
    kept = book.markets[market]
    share = cut_units(units, kept.parameters.risk_share)
    book.move("PL-35", "risk fund's share", (f"fund/{market}", asset, -share), (f"risk/{market}", asset, share))
    if asset == market:
        kept.fresh_income += units - share
    book.to_serve.add(market)


def insure(book: Book, account: str, ask: Insure, asset: str, units: int) -> None:
    """PL-42: anyone may add to the insurance fund, or to the risk fund (PL-35)."""
    market = book.markets.get(ask.market)
    if market is None:
        raise Refused("PL-42", f"{ask.market} is no market here", f"Markets: {', '.join(book.market_names)}.")
    if asset not in (market.core, market.name):
        raise Refused("PL-42", f"the funds of {market.name} take {market.core} and {market.name}, not {asset}")
    if units < 1 or book.free(account, asset) < units:
        raise Refused("PL-42", f"the free balance holds {book.show(asset, book.free(account, asset))}")
    if ask.fund == "shared":
        _insure_shared_pool(book, account, market, asset, units)
        return
    risk = ask.fund == "risk"
    rule, into = ("PL-35", f"risk/{market.name}") if risk else ("PL-42", f"fund/{market.name}")
    book.move(rule, f"into the {ask.fund} fund", (f"free/{account}", asset, -units), (into, asset, units))
    if risk:
        book.to_serve.add(market.name)
    else:
        income(book, market.name, asset, units)
    book.event(rule, "market", market.name, "insured", fund=ask.fund, asset=asset, units=units)


def _insure_shared_pool(book: Book, account: str, market: Market, asset: str, units: int) -> None:
    pool = book.shared_pools.get(market.name)
    if pool is None or asset != market.name:
        raise Refused("SP-17", f"no insurance pool of {market.name} takes {asset}")
    book.move(
        "SP-17",
        "into the insurance pool",
        (f"free/{account}", asset, -units),
        (pool.account("insurance"), asset, units),
    )
    book.event("SP-17", "shared_pool", market.name, "insured", units=units)
    if pool.owned or pool.loss:
        book.schedule.add(DueItem(book.now, DueKind.SHARED_CALL, pool.number))


def add_to_reserve(book: Book, account: str, ask: Operator, asset: str, units: int) -> None:
    """Free balance becomes the operator's reserve, from which the chain's fees of payouts are paid."""
    del ask  # it names nothing but the money
    book.move("G-5", "operator's reserve", (f"free/{account}", asset, -units), ("operator", asset, units))


def fund_holds(book: Book, market: Market) -> tuple[int, int]:
    """What the insurance fund holds: core asset and bitasset, in smallest units."""
    account = f"fund/{market.name}"
    return book.ledger.balance(account, market.core), book.ledger.balance(account, market.name)


def above_reserve(book: Book, market: Market) -> int:
    """What the insurance fund holds of the bitasset above its reserve: it bounds bonds and debts (PL-D66)."""
    return max(0, fund_holds(book, market)[1] - market.parameters.insurance_reserve[1])


def pay_from_fund(book: Book, market: Market, asset: str, units: int, to: str, rule: str, text: str) -> bool:
    """Pay in the asset due, and what lacks of it in the other at the feed price, in full or not at all (PL-34)."""
    core, bitasset = fund_holds(book, market)
    held = core if asset == market.core else bitasset
    in_kind, in_other, other = min(units, held), 0, market.name if asset == market.core else market.core
    if in_kind < units:
        lacking, price = units - in_kind, book.feed_to_convert(market.name).price
        in_other = (price.bitasset_for_core if asset == market.core else price.core_for_bitasset)(lacking)
        if in_other > (bitasset if asset == market.core else core):
            return False
    account = f"fund/{market.name}"
    book.move(
        rule, text, (account, asset, -in_kind), (to, asset, in_kind), (account, other, -in_other), (to, other, in_other)
    )
    return True
