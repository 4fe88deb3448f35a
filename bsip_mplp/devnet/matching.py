"""Matching pairs of orders, positions and settlements: who pays what, with core's rounding (``db_market.cpp``).

In every pair the first is the taker unless it says otherwise. ``match_price`` is debt (or sold) per collateral
(or received) of the maker; rounding favours the bigger order, and what is too small to be paid for is culled.
"""

from __future__ import annotations

from enum import Enum

from . import feeds, fills
from .amounts import Asset, Price
from .constants import BlackSwanResponse
from .errors import require
from .objects import Bitasset, CallOrder, ForceSettlement, LimitOrder
from .operations import FillOrder
from .state import State
from .targets import max_debt_to_cover


class Filled(Enum):
    """Which side of a match is gone."""

    NONE = 0
    MAKER = 1
    TAKER = 2
    BOTH = 3


def _filled(taker: bool, maker: bool) -> Filled:
    return Filled((2 if taker else 0) + (1 if maker else 0))


def match_orders(state: State, taker: LimitOrder, maker: LimitOrder, match_price: Price) -> Filled:
    """A new order against one on the book."""
    if maker.is_settled_debt:
        return _match_order_settled_debt(state, taker, maker, match_price)
    taker_sells, maker_sells = taker.amount_for_sale, maker.amount_for_sale
    cull_taker = False
    if taker_sells.amount <= (maker_sells * match_price).amount:
        taker_receives = taker_sells * match_price
        if taker_receives.amount == 0:
            return Filled.TAKER  # it would pay something for nothing: cancelled by the caller
        maker_receives = taker_receives.times_up(match_price)
        cull_taker = True
    else:
        maker_receives = maker_sells * match_price
        taker_receives = maker_receives.times_up(match_price)
    taker_gone = fills.fill_limit_order(
        state, taker, maker_receives, taker_receives, cull=cull_taker, fill_price=match_price, is_maker=False
    )
    maker_gone = fills.fill_limit_order(
        state, maker, taker_receives, maker_receives, cull=True, fill_price=match_price, is_maker=True
    )
    result = _filled(taker_gone, maker_gone)
    require(result is not Filled.NONE, "result != match_result_type::none_filled: ")
    return result


def _match_order_settled_debt(state: State, taker: LimitOrder, maker: LimitOrder, match_price: Price) -> Filled:
    """A new order against the order of individually settled debt, which acts like a position."""
    debt_asset = maker.sell_price.quote.asset_id
    bitasset = state.bitasset_of(debt_asset)
    for_sale = taker.amount_for_sale
    to_buy = Asset(bitasset.individual_settlement_debt, debt_asset)
    maker_gone = to_buy.amount <= for_sale.amount
    if maker_gone:
        debt_received, order_receives = to_buy, maker.amount_for_sale
    else:
        order_receives = for_sale * match_price
        if order_receives.amount == 0:
            return Filled.TAKER
        debt_received = order_receives.times_up(match_price)
    taker_gone = fills.fill_limit_order(
        state, taker, debt_received, order_receives, cull=not maker_gone, fill_price=match_price, is_maker=False
    )
    pays = _settled_debt_pays(bitasset, maker, maker_gone, debt_received, order_receives)
    _pay_settled_debt(state, bitasset, maker, pays, debt_received, order_receives, match_price, is_maker=True)
    _shrink_settled_debt(state, bitasset, maker, maker_gone)
    return _filled(taker_gone, maker_gone)


def match_settled_debt(state: State, taker: LimitOrder, maker: LimitOrder, match_price: Price) -> Filled:
    """The order of individually settled debt, moved by a feed, against an order on the book."""
    debt_asset = taker.sell_price.quote.asset_id
    bitasset = state.bitasset_of(debt_asset)
    for_sale = maker.amount_for_sale
    to_buy = Asset(bitasset.individual_settlement_debt, debt_asset)
    taker_gone = to_buy.amount <= for_sale.amount
    if taker_gone:
        debt_received = to_buy
        order_receives = debt_received.times_up(match_price)
    else:
        order_receives = for_sale * match_price
        debt_received = order_receives.times_up(match_price)
    pays = _settled_debt_pays(bitasset, taker, taker_gone, debt_received, order_receives)
    _pay_settled_debt(state, bitasset, taker, pays, debt_received, order_receives, match_price, is_maker=False)
    _shrink_settled_debt(state, bitasset, taker, taker_gone)
    maker_gone = fills.fill_limit_order(
        state, maker, debt_received, order_receives, cull=True, fill_price=match_price, is_maker=True
    )
    return _filled(taker_gone, maker_gone)


def _settled_debt_pays(
    bitasset: Bitasset, order: LimitOrder, gone: bool, debt_received: Asset, order_receives: Asset
) -> Asset:
    """Collateral that leaves the pool: all of it in the end, else in proportion to the debt."""
    if gone:
        pays = Asset(bitasset.individual_settlement_fund, order_receives.asset_id)
    elif order.for_sale != bitasset.individual_settlement_fund:
        pays = debt_received * bitasset.individual_settlement_price()
    else:
        pays = order_receives
    return pays if pays.amount >= order_receives.amount else order_receives


def _pay_settled_debt(
    state: State,
    bitasset: Bitasset,
    order: LimitOrder,
    pays: Asset,
    debt_received: Asset,
    order_receives: Asset,
    match_price: Price,
    *,
    is_maker: bool,
) -> None:
    """Burn the debt, pay from the pool; what the buyer does not get is a fee for the issuer."""
    fee = pays - order_receives
    dynamic = state.dynamic(state.asset(debt_received.asset_id))
    state.store.update(
        dynamic,
        current_supply=dynamic.current_supply - debt_received.amount,
        accumulated_collateral_fees=dynamic.accumulated_collateral_fees + fee.amount,
    )
    state.record(
        FillOrder(
            order_id=order.id,
            account_id=order.seller,
            pays=pays,
            receives=debt_received,
            fee=fee,
            fill_price=match_price,
            is_maker=is_maker,
        )
    )
    state.store.update(
        bitasset,
        individual_settlement_debt=bitasset.individual_settlement_debt - debt_received.amount,
        individual_settlement_fund=bitasset.individual_settlement_fund - pays.amount,
    )


def _shrink_settled_debt(state: State, bitasset: Bitasset, order: LimitOrder, gone: bool) -> None:
    if gone:
        state.store.remove(order)
        return
    left = Asset(bitasset.individual_settlement_debt, bitasset.asset_id)
    for_sale = left.times_up(order.sell_price).amount
    if for_sale > bitasset.individual_settlement_fund:
        state.store.update(
            order,
            for_sale=bitasset.individual_settlement_fund,
            sell_price=~bitasset.individual_settlement_price(),
        )
    else:
        state.store.update(order, for_sale=for_sale)


def debt_to_cover(bitasset: Bitasset, call: CallOrder, call_pays_price: Price) -> int:
    """How much of a position is called at what it pays."""
    return max_debt_to_cover(
        call,
        call_pays_price,
        bitasset.median_feed.settlement_price,
        bitasset.current_feed.maintenance_collateral_ratio,
        bitasset.current_maintenance_collateralization,
    )


def match_order_call(
    state: State,
    bid: LimitOrder,
    call: CallOrder,
    match_price: Price,
    bitasset: Bitasset,
    call_pays_price: Price,
) -> Filled:
    """A new order buying collateral against a called position."""
    for_sale = bid.amount_for_sale
    to_buy = Asset(debt_to_cover(bitasset, call, call_pays_price), call.debt_asset)
    cull_taker = to_buy.amount > for_sale.amount
    if cull_taker:
        order_receives = for_sale * match_price
        if order_receives.amount == 0:
            return Filled.TAKER
        call_receives = order_receives.times_up(match_price)
        call_pays = call_receives * call_pays_price
    else:
        call_receives = to_buy
        order_receives = to_buy.times_up(match_price)
        call_pays = to_buy.times_up(call_pays_price)
    require(call_pays.amount >= order_receives.amount, "call_pays >= order_receives: ")
    fee = call_pays - order_receives
    taker_gone = fills.fill_limit_order(
        state, bid, call_receives, order_receives, cull=cull_taker, fill_price=match_price, is_maker=False
    )
    maker_gone = fills.fill_call_order(
        state, call, call_pays, call_receives, fill_price=match_price, is_maker=True, margin_call_fee=fee
    )
    if bitasset.response == BlackSwanResponse.NO_SETTLEMENT:
        feeds.update_current_feed(state, bitasset, skip_median=True)
    return _filled(taker_gone, maker_gone)


class SettleMatch:
    """A settlement request against a position, called or not (``match_impl``).

    For a margin call ``match_price`` is what the position pays and ``fill_price`` what the settler receives;
    the difference is the margin call fee.
    """

    def __init__(
        self,
        state: State,
        settle: ForceSettlement,
        call: CallOrder,
        bitasset: Bitasset,
        *,
        match_price: Price,
        fill_price: Price,
        max_settlement: Asset,
        is_margin_call: bool,
        settle_is_taker: bool,
    ) -> None:
        self.state, self.settle, self.call, self.bitasset = state, settle, call, bitasset
        self.match_price, self.fill_price = match_price, fill_price
        self.max_settlement = max_settlement
        self.is_margin_call = is_margin_call
        self.settle_is_taker = settle_is_taker
        self.debt = call.get_debt
        offered = min(settle.balance.amount, max_settlement.amount)
        self.call_receives = Asset(min(offered, call.debt), call.debt_asset)
        self.call_pays = self.call_receives * match_price
        self.settle_receives = self.call_pays
        self.settle_pays = self.call_receives
        self.cull_settle = False

    def run(self) -> int:
        """Carry the match out; answers the debt that the position got, 0 if nothing happened."""
        if self.call_pays.amount == 0:
            if not self._pay_dust():
                return 0
        elif not self._round():
            return 0
        state, fee = self.state, self.call_pays - self.settle_receives
        fills.fill_call_order(
            state,
            self.call,
            self.call_pays,
            self.call_receives,
            fill_price=self.fill_price,
            is_maker=self.settle_is_taker,
            margin_call_fee=fee,
        )
        fills.fill_settle_order(
            state,
            self.settle,
            self.settle_pays,
            self.settle_receives,
            fill_price=self.fill_price,
            is_maker=not self.settle_is_taker,
            pay_settle_fee=not self.is_margin_call,
        )
        if self.bitasset.response == BlackSwanResponse.NO_SETTLEMENT:
            feeds.update_current_feed(state, self.bitasset, skip_median=True)
        if self.cull_settle:
            fills.cancel_settle_order(state, self.settle)
        return self.call_receives.amount

    def _cancel(self) -> bool:
        fills.cancel_settle_order(self.state, self.settle)
        return False

    def _pay_dust(self) -> bool:
        """The position would pay nothing: the smaller side decides."""
        if self.call_receives.amount != self.debt.amount:
            if self.call_receives.amount == self.settle.balance.amount:
                return self._cancel()
            if not self.is_margin_call:
                return False
        self.call_pays = self.settle_receives = Asset(1, self.call_pays.asset_id)
        return True

    def _round(self) -> bool:
        if self.call_receives.amount == self.debt.amount:
            self._close_call()
            return True
        if not self.is_margin_call:
            # not closed: the receiver of the rounded-down collateral gives no more debt than it is worth
            self.call_receives = self.call_pays.times_up(self.match_price)
        elif self.settle_pays.amount == self.max_settlement.amount:
            self.call_pays = self.call_receives.times_up(self.match_price)
            self.settle_receives = self.call_receives.times_up(self.fill_price)
        elif not self._fill_settle_from_call():
            return False
        if self.settle_pays.amount == self.settle.balance.amount and self.call_receives != self.settle.balance:
            self.cull_settle = True
        self.settle_pays = self.call_receives
        return True

    def _close_call(self) -> None:
        self.call_pays = self.call_receives.times_up(self.match_price)
        if not self.is_margin_call:
            self.settle_receives = self.call_pays
            return
        if self.call_pays.amount > self.call.collateral:
            self.call_pays = self.call.get_collateral
            self._cap_price()
        self.settle_receives = self.call_receives.times_up(self.fill_price)

    def _cap_price(self) -> None:
        """The position's ratio is too low for the price: it pays at its own ratio."""
        self.match_price = self.debt / self.call.get_collateral
        num, den = self.bitasset.margin_call_pays_ratio()
        self.fill_price = self.match_price.scaled(den, num)

    def _fill_settle_from_call(self) -> bool:
        """The settlement is the smaller side of a margin call: it is computed at its own price first."""
        if not self._calculate():
            return self._cancel()
        if self._would_hurt_call():
            self._cap_price()
            if not self._calculate():
                return self._cancel()
        return True

    def _calculate(self) -> bool:
        self.settle_receives = self.settle_pays * self.fill_price
        if self.settle_receives.amount == 0:
            return False
        self.call_receives = self.settle_receives.times_up(self.fill_price)
        self.call_pays = self.call_receives * self.match_price
        return True

    def _would_hurt_call(self) -> bool:
        if self.call_pays.amount >= self.call.collateral:
            return True
        after = Price(self.call.get_collateral - self.call_pays, self.debt - self.call_receives)
        return after < self.call.collateralization
