"""The inside market on plain integers: the chain's rules to the unit, at the speed that thousands of runs need.

What the chain does for a bitasset that a black swan settles globally is written here once more, on integers in place of
its objects; `tests/rehearsal/test_market_agreement.py` holds it to the embedded node's own code. Prices are scaled and
target ratios searched by that code itself. Force settlement by holders is left out: nobody asks for it here.
"""

# Methods without a docstring of their own are documented by `market.Market`.
# ruff: noqa: D102

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bsip_mplp.devnet.amounts import Asset, Price
from bsip_mplp.devnet.objects import CallOrder
from bsip_mplp.devnet.targets import max_debt_to_cover
from bsip_mplp.ratios import PERMILLE
from bsip_mplp.rehearsal.book import Book, Order
from bsip_mplp.rehearsal.exchange import Exchange
from bsip_mplp.rehearsal.feed_prices import FeedPrices, Pair, feed_prices, scaled, up
from bsip_mplp.rehearsal.market import CORE, USD, Called, MarketOptions, Side, Swan, Units
from bsip_mplp.rehearsal.positions import CallQueue


class _Refused(Exception):
    """The chain refuses an operation; what it did so far is undone."""


class _Undercollateralized(Exception):
    """The position cannot pay a match."""


@dataclass(slots=True)
class _Kept:
    """What an operation that may be refused half way is undone to."""

    money: tuple[Units, Units, Units, Units]
    book: Book
    queue: CallQueue
    numbers: dict[int, int]
    targets: dict[int, int]
    calls: int
    touched: set[int]
    amounts: tuple[int, int, int, Pair | None]


class FastMarket(Exchange):
    """One bitasset's market; see `market.Market`. `issuer` is the account of the asset's owner."""

    def __init__(self, accounts: int, issuer: int, options: MarketOptions) -> None:
        super().__init__(accounts, options.market_fee)
        self.collateral: Units = np.zeros(accounts, dtype=np.int64)
        self.debt: Units = np.zeros(accounts, dtype=np.int64)
        self.issuer, self.margin_call_fee = issuer, options.margin_call_fee
        self.queue = CallQueue()
        self.numbers: dict[int, int] = {}
        """The number of each position, by account: its age."""
        self.targets: dict[int, int] = {}
        self.exempted: set[int] = set()
        self.bids: dict[int, Pair] = {}
        self.calls: list[Called] = []
        self.swans: list[Swan] = []
        self.touched: set[int] = set()
        self.supply = self.fund = 0
        self.settled_at: Pair | None = None
        """Supply and fund of the moment of a global settlement: the price at which the fund pays."""
        self.core_fees = 0
        self.feed: FeedPrices | None = None

    @property
    def settled(self) -> bool:
        return self.settled_at is not None

    @property
    def fees(self) -> Pair:
        return self.core_fees, self.bitasset_fees

    # --- new orders, and going back --------------------------------------------------------------------------

    def _keep(self) -> _Kept | None:
        """What to go back to if an operation is refused half way: it can be only while a position stands called."""
        account = self.queue.first()
        if account is None or self.feed is None or not self._is_called(account, self.feed):
            return None
        return _Kept(
            (self.core.copy(), self.bitasset.copy(), self.collateral.copy(), self.debt.copy()),
            self.book.copy(),
            self.queue.copy(),
            self.numbers.copy(),
            self.targets.copy(),
            len(self.calls),
            self.touched.copy(),
            (self.supply, self.core_fees, self.bitasset_fees, self.last_price),
        )

    def _undo(self, kept: _Kept | None) -> None:
        if kept is None:
            raise AssertionError("an operation was refused half way though no position stood called")
        for array, was in zip((self.core, self.bitasset, self.collateral, self.debt), kept.money, strict=True):
            array[:] = was
        self.book, self.queue, self.numbers, self.targets = kept.book, kept.queue, kept.numbers, kept.targets
        del self.calls[kept.calls :]
        self.touched.clear()
        self.touched.update(kept.touched)
        self.supply, self.core_fees, self.bitasset_fees, self.last_price = kept.amounts

    def place(self, account: int, sell: Side, units: int, receive: int) -> int:
        if receive < 1 or not self.has(account, sell, units):
            return 0
        kept = self._keep() if sell == USD else None
        self._money(sell)[account] -= units
        order = Order(self._number(), account, sell, units, receive)
        self.book.add(order)
        try:
            return 0 if self._match_new(order) else order.number
        except _Refused:
            self._undo(kept)
            return 0

    def _match_new(self, order: Order) -> bool:
        """Match a new order as taker; true if it is gone. Better orders first, then calls, then the rest."""
        if self.book.first(order.sell) is not order:
            return False
        feed, finished = self.feed, False
        if order.sell == USD and feed is not None and not self.settled:
            debt, core = feed.order_price
            if order.quote * debt <= core * order.base:
                finished = self._match_book(order, (core, debt), strictly=True)
                if not finished:
                    finished = self._match_calls(order, feed)
        if not finished:
            self._match_book(order, (order.quote, order.base), strictly=False)
        return order.number not in self.book.orders or self._cull(order)

    # --- margin calls -------------------------------------------------------------------------------------

    def _position(self, account: int) -> Pair:
        return int(self.collateral[account]), int(self.debt[account])

    def _is_called(self, account: int, feed: FeedPrices) -> bool:
        collateral, debt = self._position(account)
        return collateral * feed.maintenance[1] <= feed.maintenance[0] * debt

    def _to_cover(self, account: int, pays_price: Pair, feed: FeedPrices) -> int:
        """How much debt of a called position is covered: all of it, or what its target ratio asks for."""
        collateral, debt = self._position(account)
        target = self.targets.get(account)
        if target is None:
            return debt
        call = CallOrder(
            borrower=account,
            collateral=collateral,
            debt=debt,
            call_price=Price(Asset(1, CORE), Asset(1, USD)),
            target_collateral_ratio=target,
        )
        return max_debt_to_cover(
            call,
            Price(Asset(pays_price[0], USD), Asset(pays_price[1], CORE)),
            Price(Asset(feed.price[0], USD), Asset(feed.price[1], CORE)),
            feed.mcr,
            Price(Asset(feed.maintenance[0], CORE), Asset(feed.maintenance[1], USD)),
        )

    def _match_calls(self, order: Order, feed: FeedPrices) -> bool:
        """A new order buys from called positions; true if that ended it."""
        debt_part, core_part = feed.order_price
        pays_debt, pays_core = feed.squeeze
        while True:
            account = self.queue.first()
            if account is None or not self._is_called(account, feed):
                return False
            to_buy = self._to_cover(account, feed.squeeze, feed)
            cull = to_buy > order.for_sale
            if cull:
                receives = order.for_sale * core_part // debt_part
                if receives == 0:
                    return True
                covered = up(receives, debt_part, core_part)
                pays = covered * pays_core // pays_debt
            else:
                covered = to_buy
                receives = up(to_buy, core_part, debt_part)
                pays = up(to_buy, pays_core, pays_debt)
            if pays < receives or pays > int(self.collateral[account]):
                raise _Refused
            self.last_price = feed.order_price
            order_gone = self._fill(order, covered, receives, cull=cull)
            self._fill_call(account, pays, covered, pays - receives)
            if order_gone:
                return True

    def _fill_call(self, account: int, pays: int, covered: int, fee: int, *, reduce_supply: bool = True) -> None:
        """A called position gives collateral for debt."""
        collateral, debt = self._position(account)
        if pays > collateral:
            raise _Refused
        closed = covered == debt
        freed = collateral - pays if closed else 0
        if reduce_supply:
            self.supply -= covered
        self.core_fees += fee
        self.calls.append(Called(account, pays, covered, fee, closed, freed))
        self.core[account] += freed
        self._set(account, 0 if closed else collateral - pays, debt - covered)

    def _set(self, account: int, collateral: int, debt: int) -> None:
        """What a position is from now on."""
        self.collateral[account], self.debt[account] = collateral, debt
        self.touched.add(account)
        if not debt:
            self.numbers.pop(account, None)
            self.targets.pop(account, None)
            self.exempted.discard(account)
            self.queue.discard(account)
        else:
            if account not in self.numbers:
                self.numbers[account] = self._number()
            if account not in self.exempted:
                self.queue.put(account, self.numbers[account], collateral, debt)

    def _check_calls(self, *, allow_swan: bool = True) -> bool:
        """Call what may be called, the least collateralised first; true if something was."""
        feed, called = self.feed, False
        if feed is None:
            return False
        while (account := self.queue.first()) is not None:
            if self._check_swan(account, feed, allowed=allow_swan):
                return called
            if not self._is_called(account, feed):
                return called
            order = self.book.first(USD)
            debt, core = feed.order_price
            if order is None or order.base * core < debt * order.quote:
                return called
            try:
                self._fill_from_book(account, order, feed)
            except _Undercollateralized:
                return True
            called = True
        return called

    def _fill_from_book(self, account: int, order: Order, feed: FeedPrices) -> None:
        """The best bid buys from a called position."""
        price = (order.base, order.quote)
        pays_debt, pays_core = scaled(price, feed.call_numerator, feed.mssr)
        collateral, debt = self._position(account)
        to_buy = self._to_cover(account, (pays_debt, pays_core), feed)
        if to_buy > order.for_sale:
            receives = order.for_sale * order.quote // order.base
            covered = up(receives, order.base, order.quote)
            pays = covered * pays_core // pays_debt
            if pays >= collateral or (collateral - pays) * debt < collateral * (debt - covered):
                raise _Undercollateralized
        else:
            covered = to_buy
            pays = up(to_buy, pays_core, pays_debt)
            if pays > collateral:
                raise _Undercollateralized
            receives = up(to_buy, order.quote, order.base)
        if pays < receives:
            raise _Refused
        self.last_price = price
        self._fill_call(account, pays, covered, pays - receives)
        self._fill(order, covered, receives, cull=True)

    def _check_swan(self, account: int, feed: FeedPrices, *, allowed: bool) -> bool:
        """Settle globally if the least collateralised position finds no buyer any more; true if so."""
        collateral, debt = self._position(account)
        if debt * feed.squeeze[1] <= feed.squeeze[0] * collateral:
            return False
        order = self.book.first(USD)
        if order is not None:
            best = scaled((order.base, order.quote), feed.call_numerator, feed.mssr)
            if debt * best[1] <= best[0] * collateral:
                return False
        if not allowed:
            raise _Refused
        self._settle_globally((debt, collateral), feed)
        return True

    def _settle_globally(self, price: Pair, feed: FeedPrices) -> None:
        """Close every position into one fund; those at or under MCR pay at `price`, the others at the fund's price."""
        for account in sorted(self.exempted):
            self._put_back(account)
        fund_price = scaled(price, feed.mssr, PERMILLE)
        accounts, gathered = self.queue.accounts(), 0
        rest_price = fund_price if self._is_called(accounts[0], feed) else price
        for account in accounts:
            called = self._is_called(account, feed)
            collateral, debt = self._position(account)
            pays_price = price if called else rest_price
            pays = min(up(debt, pays_price[1], pays_price[0]), collateral)
            to_fund = min(up(debt, fund_price[1], fund_price[0]), pays) if called else pays
            gathered += to_fund
            self._fill_call(account, pays, debt, pays - to_fund, reduce_supply=False)
        self.swans.append(Swan(self.supply, gathered, len(accounts)))
        self.fund, self.settled_at = gathered, (self.supply, gathered)

    # --- what holders and the asset's owner do ------------------------------------------------------------

    def adjust(self, account: int, collateral: int, debt: int, *, payer: int, target: int | None) -> bool:
        feed, old = self.feed, self._position(account)
        new = (old[0] + collateral, old[1] + debt)
        closing = old[1] > 0 and new == (0, 0)
        if self.settled or (feed is None and not closing) or not (closing or min(new) > 0) or not (collateral or debt):
            return False
        if account in self.exempted and (collateral < 0 or debt > 0) and not closing:
            return False
        if int(self.bitasset[payer]) + debt < 0 or int(self.core[payer]) < collateral:
            return False
        before = (collateral, debt, self.targets.get(account), account in self.touched)
        self._put(account, payer, collateral, debt)
        if closing or feed is None:
            return True
        self.targets.pop(account, None)
        if target is not None:
            self.targets[account] = target
        increasing = old[1] > 0 and debt <= 0 and new[0] * old[1] > old[0] * new[1]
        kept = self._keep()
        try:
            self._check_margin(account, increasing, feed)
        except _Refused:
            if kept is not None:
                self._undo(kept)
            self._take_back(account, payer, before)
            return False
        return True

    def _put(self, account: int, payer: int, collateral: int, debt: int) -> None:
        self.bitasset[payer] += debt
        self.core[payer] -= collateral
        self.supply += debt
        self._set(account, int(self.collateral[account]) + collateral, int(self.debt[account]) + debt)

    def _take_back(self, account: int, payer: int, before: tuple[int, int, int | None, bool]) -> None:
        collateral, debt, target, touched = before
        self._put(account, payer, -collateral, -debt)
        if not touched:
            self.touched.discard(account)
        if target is None:
            self.targets.pop(account, None)
        else:
            self.targets[account] = target

    def _check_margin(self, account: int, increasing: bool, feed: FeedPrices) -> None:
        """No position may be made that is called at once, unless the call fills it or makes it safe."""
        collateral, debt = self._position(account)
        if not increasing and collateral * feed.squeeze[0] < feed.squeeze[1] * debt:
            raise _Refused
        called = self._check_calls(allow_swan=False)
        collateral, debt = self._position(account)
        safe = increasing or collateral * feed.initial[1] > feed.initial[0] * debt
        if not safe and (debt or not called):
            raise _Refused

    def publish(self, price: Pair, mcr: int, mssr: int, icr: int) -> None:
        fee = self.margin_call_fee
        numerator = max(mssr - fee if fee < mssr else PERMILLE, PERMILLE)
        old, feed = self.feed, feed_prices(price, mcr, mssr, icr, numerator)
        self.feed = feed
        if old is not None and old.same_for_calls(feed):
            return
        if self.settled:
            if self.supply and self.fund * feed.initial[1] <= feed.initial[0] * self.supply:
                return
            self._revive()
        self._check_calls()

    def _revive(self) -> None:
        """The owner of the asset takes the fund over as a position; bids go back."""
        for bidder, (collateral, _) in sorted(self.bids.items()):
            self.core[bidder] += collateral
        self.bids.clear()
        self.settled_at = None
        if self.supply:
            self._set(self.issuer, self.fund, self.supply)
        self.fund = 0

    def settle(self, account: int, units: int) -> int:
        if self.settled_at is None or not self.has(account, USD, units):
            return 0
        supply, fund = self.settled_at
        takes_all = units == self.supply
        settled = self.fund if takes_all else units * fund // supply
        if not 0 < settled <= self.fund:
            return 0
        pays = units if takes_all else up(settled, supply, fund)
        self.bitasset[account] -= pays
        self.fund -= settled
        self.supply -= pays
        fee = 0
        if self.feed is not None:
            debt, core = self.feed.order_price
            fee = max(0, settled - up(pays, core, debt))
        self.core_fees += fee
        self.core[account] += settled - fee
        return settled - fee

    def bid_collateral(self, account: int, collateral: int, debt: int) -> bool:
        held, _ = self.bids.get(account, (0, 0))
        if not self.settled or collateral > int(self.core[account]) + held or (not debt and account not in self.bids):
            return False
        self.core[account] += held
        self.bids.pop(account, None)
        if debt:
            self.core[account] -= collateral
            self.bids[account] = (collateral, debt)
        return True

    def claim_fees(self, receiver: int) -> Pair:
        claimed = self.fees
        self.core[receiver] += self.core_fees
        self.bitasset[receiver] += self.bitasset_fees
        self.core_fees = self.bitasset_fees = 0
        return claimed

    # --- what the rules of lending do, on a chain that has adopted them ------------------------------------

    def exempt(self, account: int, exempt: bool) -> None:
        if exempt == (account in self.exempted) or not self.debt[account]:
            return
        if exempt:
            self.exempted.add(account)
            self.queue.discard(account)
        else:
            self._put_back(account)
            self._check_calls()

    def _put_back(self, account: int) -> None:
        self.exempted.discard(account)
        self.queue.put(account, self.numbers[account], *self._position(account))

    def take_collateral(self, account: int, units: int, receiver: int) -> None:
        self.collateral[account] -= units
        self.core[receiver] += units
        self.touched.add(account)

    def pay_debt(self, account: int, units: int, payer: int) -> None:
        collateral, debt = self._position(account)
        self.bitasset[payer] -= units
        self.supply -= units
        if units == debt:
            self.core[account] += collateral
            collateral = 0
        self._set(account, collateral, debt - units)
