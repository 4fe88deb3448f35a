"""Limit orders: create, update, cancel, and how a new one meets the book and the margin calls.

Follows ``market_evaluator.cpp`` and ``database::apply_order``.
"""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable

from . import calls, feeds, fills
from .amounts import Asset, Price
from .constants import BlackSwanResponse
from .errors import (
    LimitOrderInsufficientBalance,
    LimitOrderKilled,
    LimitOrderMarketBlacklisted,
    LimitOrderMarketNotWhitelisted,
    LimitOrderNonexistent,
    LimitOrderOwnerMismatch,
    LimitOrderReceivingUnauthorized,
    LimitOrderSellingUnauthorized,
    LimitOrderUpdateNonexistent,
    LimitOrderUpdateOwnerMismatch,
    require,
)
from .evaluator import DeferredFee, Evaluator, created
from .matching import Filled, match_order_call, match_orders
from .objects import AssetObject, Bitasset, LimitOrder
from .operations import (
    DONE,
    LimitOrderCancel,
    LimitOrderCreate,
    LimitOrderUpdate,
    Result,
    TakeProfit,
)
from .state import State


def apply_order(state: State, order: LimitOrder) -> bool:
    """Match a new order as taker; true if it is gone afterwards.

    Better orders on the book first, then margin calls, then the rest of the book.
    """
    return _NewOrder(state, order).run()


class _NewOrder:
    def __init__(self, state: State, order: LimitOrder) -> None:
        self.state, self.order = state, order
        self.sold, self.received = order.market
        self.asset = state.asset(self.sold)
        self.finished = False

    def run(self) -> bool:
        state, order = self.state, self.order
        if not state.book.is_first(order):
            return False  # not at the front of its side: nothing that it could match
        bitasset = self._callable_bitasset()
        feed_moved = False
        if bitasset is not None:
            call_price = ~bitasset.margin_call_order_price()
            if ~order.sell_price <= call_price:
                self._match_book(lambda price: price > call_price)
                feed_moved = self._match_calls(bitasset)
        limit = ~order.sell_price
        self._match_book(lambda price: price >= limit)
        gone = state.limit_orders.get(order.number) is None or fills.cull_if_small(state, order)
        if gone and feed_moved and bitasset is not None:
            calls.check_call_orders(state, self.asset, bitasset)
        return gone

    def _callable_bitasset(self) -> Bitasset | None:
        """The asset sold, if positions in it could be called for what is received."""
        if not self.asset.is_market_issued:
            return None
        bitasset = self.state.bitasset(self.asset)
        usable = (
            bitasset.backing == self.received
            and not bitasset.is_prediction_market
            and not bitasset.is_globally_settled
            and not bitasset.current_feed.settlement_price.is_null
        )
        return bitasset if usable else None

    def _match_book(self, wanted: Callable[[Price], bool]) -> None:
        while not self.finished:
            best = self.state.book.first((self.received, self.sold))
            if best is None or not wanted(best.sell_price):
                return
            self.finished = match_orders(self.state, self.order, best, best.sell_price) is not Filled.MAKER

    def _match_calls(self, bitasset: Bitasset) -> bool:
        """Sell to called positions; true if that moved the feed in force."""
        state = self.state
        old_price = bitasset.current_feed.settlement_price
        no_settlement = bitasset.response == BlackSwanResponse.NO_SETTLEMENT
        capped = no_settlement and bitasset.is_price_capped
        call_price, pays_price = _call_prices(bitasset)
        while not self.finished:
            call = feeds.least_collateralized(state, bitasset)
            if call is None or call.collateralization > bitasset.current_maintenance_collateralization:
                break
            result = match_order_call(state, self.order, call, call_price, bitasset, pays_price)
            if result in (Filled.TAKER, Filled.BOTH):
                self.finished = True
            elif capped:
                call_price, pays_price = _call_prices(bitasset)
                capped = bitasset.is_price_capped
        return no_settlement and bitasset.current_feed.settlement_price != old_price


def _call_prices(bitasset: Bitasset) -> tuple[Price, Price]:
    """Collateral per debt: what a buyer gets, what a position pays."""
    return ~bitasset.margin_call_order_price(), ~bitasset.current_feed.max_short_squeeze_price()


def _check_market(sold: AssetObject, received: AssetObject) -> None:
    options = sold.options
    if options.whitelist_markets and received.number not in options.whitelist_markets:
        raise LimitOrderMarketNotWhitelisted("This market has not been whitelisted by the selling asset")
    if received.number in options.blacklist_markets:
        raise LimitOrderMarketBlacklisted("This market has been blacklisted by the selling asset")


def _check_holder(state: State, seller: int, sold: AssetObject, received: AssetObject) -> None:
    account = state.account(seller)
    if not state.is_authorized(account, sold):
        raise LimitOrderSellingUnauthorized("The account is not allowed to transact the selling asset")
    if not state.is_authorized(account, received):
        raise LimitOrderReceivingUnauthorized("The account is not allowed to transact the receiving asset")


def _check_on_fill(state: State, actions: tuple[tuple[int, TakeProfit], ...]) -> None:
    for _, action in actions:
        require(state.assets.get(action.fee_asset_id) is not None, "Fee asset does not exist")


class CreateOrder(DeferredFee[LimitOrderCreate], operation=LimitOrderCreate):
    """``limit_order_create``."""

    FILE = "market_evaluator.cpp"

    def check(self) -> None:
        state, op = self.state, self.op
        if op.extensions.on_fill is not None:
            require(
                len(op.extensions.on_fill) == 1,
                "1 == op.extensions.value.on_fill->size(): The on_fill action list must contain only one action until "
                "expanded in a future hardfork",
            )
            _check_on_fill(state, op.extensions.on_fill)
        require(op.expiration >= state.now, "op.expiration >= d.head_block_time(): ")
        sold, received = state.asset(op.amount_to_sell.asset_id), state.asset(op.min_to_receive.asset_id)
        _check_market(sold, received)
        _check_holder(state, op.seller, sold, received)
        balance = state.balance(op.seller, sold.number)
        if balance < op.amount_to_sell.amount:
            raise LimitOrderInsufficientBalance(
                "insufficient balance",
                {"balance": Asset(balance, sold.number).to_json(), "amount_to_sell": op.amount_to_sell.to_json()},
            )

    def apply(self) -> Result:
        state, op = self.state, self.op
        state.adjust_core_in_orders(op.seller, op.amount_to_sell)
        state.adjust_balance(op.seller, -op.amount_to_sell)
        order = state.store.create(
            LimitOrder,
            seller=op.seller,
            for_sale=op.amount_to_sell.amount,
            sell_price=op.price,
            expiration=op.expiration,
            deferred_fee=self.core_fee,
            deferred_paid_fee=self.paid_fee,
            on_fill=op.extensions.on_fill or (),
        )
        filled = apply_order(state, order)
        if op.fill_or_kill and not filled:
            raise LimitOrderKilled("Killing limit order ${op} due to unable to fill", {"op": op.to_json()})
        return created(order)


class CancelOrder(Evaluator[LimitOrderCancel], operation=LimitOrderCancel):
    """``limit_order_cancel``."""

    FILE = "market_evaluator.cpp"

    def check(self) -> None:
        order = self.state.limit_orders.get(self.op.order)
        data = {"oid": f"1.7.{self.op.order}"}
        if order is None:
            raise LimitOrderNonexistent("Limit order ${oid} does not exist", data)
        if order.seller != self.op.fee_paying_account:
            raise LimitOrderOwnerMismatch("Limit order ${oid} is owned by someone else", data)

    def apply(self) -> Result:
        order = self.state.limit_orders[self.op.order]
        refunded = order.amount_for_sale
        fills.cancel_limit_order(self.state, order, virtual=False)
        return (2, refunded)


class UpdateOrder(DeferredFee[LimitOrderUpdate], operation=LimitOrderUpdate):
    """``limit_order_update``."""

    FILE = "market_evaluator.cpp"

    def check(self) -> None:
        state, op = self.state, self.op
        if op.on_fill is not None:
            require(len(op.on_fill) <= 1, "The on_fill action list must contain zero or one action")
            _check_on_fill(state, op.on_fill)
        order = state.limit_orders.get(op.order)
        data = {"oid": f"1.7.{op.order}"}
        if order is None:
            raise LimitOrderUpdateNonexistent("Limit order ${oid} does not exist, cannot update", data)
        if order.seller != op.seller:
            raise LimitOrderUpdateOwnerMismatch("Limit order ${oid} is owned by someone else, cannot update", data)
        self._check_amounts(order)
        if op.new_expiration is not None:
            require(op.new_expiration >= state.now, "Cannot update limit order to expire in the past")
        sold, received = (state.asset(a) for a in order.market)
        _check_market(sold, received)
        _check_holder(state, op.seller, sold, received)

    def _check_amounts(self, order: LimitOrder) -> None:
        price, delta = self.op.new_price, self.op.delta_amount_to_sell
        if price is not None:
            require(
                (price.base.asset_id, price.quote.asset_id) == order.market,
                "Cannot update limit order with incompatible price",
            )
            most = max(order.for_sale, order.sell_price.base.amount) + (delta.amount if delta else 0)
            require(
                price.base.amount <= most,
                "The base amount in the new price cannot be greater than the estimated maximum amount for sale",
            )
        if delta is not None:
            require(delta.asset_id == order.market[0], "Cannot update limit order with incompatible asset")
            require(
                delta.amount > 0 or order.for_sale > -delta.amount,
                "Cannot deduct all or more from order than order contains",
            )
        if price is not None or (delta is not None and delta.amount < 0):
            left = Asset(order.for_sale + (delta.amount if delta else 0), order.market[0])
            require(
                (left * (price or order.sell_price)).amount > 0,
                "Cannot update limit order: order becomes too small; cancel order instead",
            )

    def apply(self) -> Result:
        state, op = self.state, self.op
        order = state.limit_orders[op.order]
        if op.delta_amount_to_sell is not None:
            state.adjust_balance(op.seller, -op.delta_amount_to_sell)
            state.adjust_core_in_orders(op.seller, op.delta_amount_to_sell)
        self._settle_deferred_fee(order)
        unlink = self._must_unlink(order)
        if unlink and order.take_profit_order_id is not None:
            linked = state.limit_orders.get(order.take_profit_order_id)
            if linked is not None:
                state.store.update(linked, take_profit_order_id=None)
        delta = op.delta_amount_to_sell.amount if op.delta_amount_to_sell else 0
        state.store.update(
            order,
            sell_price=op.new_price or order.sell_price,
            for_sale=order.for_sale + delta,
            expiration=order.expiration if op.new_expiration is None else op.new_expiration,
            deferred_fee=self.core_fee,
            deferred_paid_fee=self.paid_fee,
            on_fill=order.on_fill if op.on_fill is None else op.on_fill,
            take_profit_order_id=None if unlink else order.take_profit_order_id,
        )
        apply_order(state, order)
        return DONE

    def _settle_deferred_fee(self, order: LimitOrder) -> None:
        """Charge a part of the cancellation fee of the old offer and give back the rest of its fee."""
        if order.deferred_fee <= 0:
            return
        state, fees = self.state, self.state.fees
        create_fee = fees.param(LimitOrderCreate.NUMBER)
        fee = fees.param(LimitOrderCancel.NUMBER)
        if fee > 0 and create_fee > 0:
            fee = fee * fees.param(LimitOrderUpdate.NUMBER) // create_fee
        fee = min(fee, order.deferred_fee)
        paid = order.deferred_paid_fee
        if fee > 0:
            state.pay_fee(order.seller, fee)
            if paid.amount > 0:
                share = -(-paid.amount * fee // order.deferred_fee)
                dynamic = state.dynamic(state.asset(paid.asset_id))
                state.store.update(dynamic, accumulated_fees=dynamic.accumulated_fees + share)
                paid -= Asset(share, paid.asset_id)
        fills.refund_deferred_fee(state, order, order.deferred_fee - fee, paid)

    def _must_unlink(self, order: LimitOrder) -> bool:
        if order.take_profit_order_id is None:
            return False
        op = self.op
        if self.keep_price_check and op.new_price is not None and op.new_price != order.sell_price:
            return True
        if op.on_fill is None:
            return False
        if not op.on_fill:
            return bool(order.on_fill)
        if not order.on_fill:
            return True
        old, new = order.on_fill[0][1], op.on_fill[0][1]
        return bool(old.spread_percent != new.spread_percent or old.repeat != new.repeat)


def clear_expired(state: State) -> None:
    """Cancel orders whose time is over (``clear_expired_orders``)."""
    while True:
        order = state.orders_by_expiration.first()
        if order is None or order.expiration > state.now:
            return
        fills.cancel_limit_order(state, order)
