"""What was lent to vaults comes home: taken out, or made good in the order of loss (V-5, V-10)."""

from __future__ import annotations

from typing import Literal

from bsip_mplp.ledger import OUTSIDE, VAULTS
from bsip_mplp.money import SECONDS_PER_DAY, div_ceil, div_floor, split_by_share
from bsip_mplp.rules.book import Book
from bsip_mplp.rules.loans import owe_interest
from bsip_mplp.rules.state import Market, Position
from bsip_mplp.rules.vault_state import Unwinding

Way = Literal["a", "b", "c"]


def come_home(book: Book, position: Position, item: Unwinding, units: int, source: str = OUTSIDE) -> None:
    """`units` of what was lent are back, out of `source`: the pool's again, or the risk fund's."""
    if not units:
        return
    risk, market = not item.pool, book.markets[item.market]
    was, now = _accounts(item)
    book.move(
        "V-5",
        f"home from {item.account}",
        (source, item.asset, -units),
        (VAULTS, item.asset, units),
        (was, item.asset, -units),
        (now, item.asset, units),
    )
    _placed_less(position, item, units)
    item.came += units
    if risk:
        market.buffer_out -= units if item.rule == "V-7" else 0
        book.to_serve.add(market.name)
    else:
        pool = book.pools[item.pool]
        pool.lent -= units
        pool.available += units
        book.touch("pool", pool.number, pool)
    book.touch("unwinding", item.number, item)


def _accounts(item: Unwinding) -> tuple[str, str]:
    if item.pool:
        return f"pool/{item.pool}/lent", f"pool/{item.pool}/available"
    return f"risk_lent/{item.market}", f"risk/{item.market}"


def _placed_less(position: Position, item: Unwinding, units: int) -> None:
    if item.asset == item.market:
        position.placed_lp2 -= units
    else:
        position.placed_lp1 -= units


def is_home(book: Book, position: Position, item: Unwinding, way: Way) -> None:
    """It ended, in one of the three ways; the days begun since the time paid for are owed (PL-D60)."""
    item.way, item.home = way, book.now
    position.unwinding.remove(item.number)
    book.touch("unwinding", item.number, item)
    book.touch("position", position.key, position)
    book.event("V-5", "unwinding", item.number, "home", way=way, units=item.came, lost=item.lost)
    if not item.pool:
        return
    loan = book.loans[item.loan]
    since = max(loan.paid_until, item.since)
    if book.now > since:
        owe_interest(book, loan, item.units, div_ceil(book.now - since, SECONDS_PER_DAY), position.holder)
    if item.came == item.units:
        text = f"{book.show(item.asset, item.units)} of loan {item.loan} is home from {item.account}."
        book.notify(item.lender, "V-5", f"{text} It is available in pool {item.pool} again.")


# --- the order of loss ------------------------------------------------------------------------------------------


def share(book: Book, position: Position, items: list[Unwinding], units: int, source: str = OUTSIDE) -> int:
    """Give what there is of one asset to those to whom it is owed, by share; gives what was not needed."""
    missing = [item.units - item.came for item in items]
    given = min(units, sum(missing))
    for item, part in zip(items, split_by_share(given, missing) if given else [0] * len(items), strict=True):
        come_home(book, position, item, part, source)
    return units - given


def make_good(book: Book, position: Position, items: list[Unwinding], holder: str) -> None:
    """V-10: what lacks is the loss of the prepaid interest, the insurance fund, the risk fund; in kind before other.

    What lacks after that waits for risk bonds; then it is the lenders' loss.
    """
    market = book.markets[position.market]
    short = [item for item in items if item.came < item.units]
    if not short:
        return
    book.event("V-10", "position", position.key, "short", **_sums(market, short))
    own = [item for item in short if not item.pool]  # the risk fund's own: nobody makes it good
    lenders = [item for item in short if item.pool]
    for source in (f"prepaid/{holder}", f"fund/{market.name}", f"risk/{market.name}"):
        pay_from(book, position, market, lenders, source)
    for item in own:
        lose(book, position, item)
    for item in lenders:
        if item.came < item.units:
            market.short[item.number] = None
            text = f"{book.show(item.asset, item.units - item.came)} of loan {item.loan} did not come home"
            book.notify(item.lender, "V-10", f"{text}: risk bonds are offered for it.")
        else:
            is_home(book, position, item, "c")
    book.to_serve.add(market.name)


def _sums(market: Market, items: list[Unwinding]) -> dict[str, int]:
    lacks = {market.core: 0, market.name: 0}
    for item in items:
        lacks[item.asset] += item.units - item.came
    return {"core": lacks[market.core], "bitasset": lacks[market.name]}


def pay_from(book: Book, position: Position, market: Market, items: list[Unwinding], source: str) -> None:
    """Make good what lacks as far as an account has it: in kind, then in the other asset at the feed price."""
    for asset, other in ((market.core, market.name), (market.name, market.core)):
        short = [item for item in items if item.asset == asset and item.came < item.units]
        before = sum(item.came for item in short)
        share(book, position, short, book.ledger.balance(source, asset), source)
        made = sum(item.came for item in short) - before
        if made:
            book.event("V-10", "position", position.key, "made good", source=source, asset=asset, units=made)
        _pay_in_other(book, position, market, [item for item in short if item.came < item.units], source, other)


def _pay_in_other(
    book: Book, position: Position, market: Market, items: list[Unwinding], source: str, other: str
) -> None:
    """The lender gets the other asset, as free balance, for principal that is not there in its own."""
    price = (market.valid_feed or market.last_valid or book.feed_to_convert(market.name)).price
    base, quote = (price.core, price.bitasset) if other == market.name else (price.bitasset, price.core)
    missing = [item.units - item.came for item in items]
    reached = min(sum(missing), div_floor(book.ledger.balance(source, other) * base, quote))
    for item, part in zip(items, split_by_share(reached, missing) if reached else missing, strict=True):
        units = min(part, div_floor(book.ledger.balance(source, other) * base, quote))
        paid = div_ceil(units * quote, base)
        if not units:
            continue
        was, _ = _accounts(item)
        book.move(
            "V-10",
            f"for {units} units of {item.asset} not home from {item.account}",
            (source, other, -paid),
            (f"free/{item.lender}", other, paid),
            (was, item.asset, -units),
            (VAULTS, item.asset, units),
        )
        _placed_less(position, item, units)
        item.came += units
        item.in_other += units
        _less_lent(book, item, units)
        book.event("V-10", "position", position.key, "made good", source=source, asset=other, units=paid)


def _less_lent(book: Book, item: Unwinding, units: int) -> None:
    pool = book.pools[item.pool]
    pool.lent -= units
    book.touch("pool", pool.number, pool)
    book.touch("unwinding", item.number, item)


def lose(book: Book, position: Position, item: Unwinding) -> None:
    """V-10, the last: what still lacks is lost, and shown."""
    units = item.units - item.came
    was, _ = _accounts(item)
    book.move("V-10", f"lost in {item.account}", (was, item.asset, -units), (VAULTS, item.asset, units))
    _placed_less(position, item, units)
    item.lost = units
    book.event("V-10", "unwinding", item.number, "lost", units=units, asset=item.asset, lender=item.lender)
    if item.pool:
        _less_lent(book, item, units)
        book.notify(
            item.lender, "V-10", f"{book.show(item.asset, units)} of loan {item.loan} is lost: what came home from "
            f"{item.account}, its holder's interest, the funds and the bonds did not reach.",
        )  # fmt: skip
    else:
        book.markets[item.market].buffer_out -= units if item.rule == "V-7" else 0
    book.markets[item.market].short.pop(item.number, None)
    is_home(book, position, item, "c")
