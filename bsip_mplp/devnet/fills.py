"""Filling and cancelling orders, positions and settlements (``db_market.cpp``).

Everything that changes hands on the market does so in one of the functions here, each of which records its
virtual operation.
"""

from __future__ import annotations

from . import market_fees, takeprofit
from .amounts import Asset, Price, div_ceil
from .errors import require
from .objects import CallOrder, CollateralBid, ForceSettlement, LimitOrder
from .operations import AssetSettleCancel, BidCollateral, FillOrder, LimitOrderCancel
from .state import State

__all__ = [
    "cancel_bid",
    "cancel_limit_order",
    "cancel_settle_order",
    "cull_if_small",
    "fill_call_order",
    "fill_limit_order",
    "fill_settle_order",
]


def fill_limit_order(
    state: State,
    order: LimitOrder,
    pays: Asset,
    receives: Asset,
    *,
    cull: bool,
    fill_price: Price,
    is_maker: bool,
) -> bool:
    """Fill an order in part or in full; true if it is gone."""
    seller = state.account(order.seller)
    fee = market_fees.pay_market_fees(state, seller, state.asset(receives.asset_id), receives, is_maker=is_maker)
    received = receives - fee
    state.adjust_core_in_orders(order.seller, -pays)
    state.adjust_balance(order.seller, received)
    state.record(
        FillOrder(
            order_id=order.id,
            account_id=order.seller,
            pays=pays,
            receives=receives,
            fee=fee,
            fill_price=fill_price,
            is_maker=is_maker,
        )
    )
    _use_deferred_fee(state, order)
    profit_order = takeprofit.on_fill(state, order, received)
    if pays == order.amount_for_sale:
        remove_limit_order(state, order)
        return True
    changes = {
        "for_sale": order.for_sale - pays.amount,
        "filled_amount": order.filled_amount + pays.amount,
        "deferred_fee": 0,
        "deferred_paid_fee": Asset(0, order.deferred_paid_fee.asset_id),
    }
    if profit_order is not None:
        state.store.update(state.limit_orders[profit_order], take_profit_order_id=order.number)
        changes["take_profit_order_id"] = profit_order
    state.store.update(order, **changes)
    return cull_if_small(state, order) if cull else False


def _use_deferred_fee(state: State, order: LimitOrder) -> None:
    """The creation fee waited for the first fill; now it is due."""
    paid = order.deferred_paid_fee
    if paid.amount > 0:
        dynamic = state.dynamic(state.asset(paid.asset_id))
        state.store.update(dynamic, accumulated_fees=dynamic.accumulated_fees + paid.amount)
    if order.deferred_fee > 0:
        state.pay_fee(order.seller, order.deferred_fee)


def cull_if_small(state: State, order: LimitOrder) -> bool:
    """Cancel an order whose rest would sell for nothing at its own price; true if so."""
    if order.amount_to_receive.amount == 0:
        cancel_limit_order(state, order)
        return True
    return False


def remove_limit_order(state: State, order: LimitOrder) -> None:
    """Take an order off the book and unlink its take-profit order."""
    if order.take_profit_order_id is not None:
        linked = state.limit_orders.get(order.take_profit_order_id)
        if linked is not None:
            state.store.update(linked, take_profit_order_id=None)
    state.store.remove(order)


def cancel_limit_order(state: State, order: LimitOrder, *, virtual: bool = True) -> None:
    """Give back what is left of an order and of its deferred fee."""
    vop = LimitOrderCancel(fee_paying_account=order.seller, order=order.number)
    deferred, paid = order.deferred_fee, order.deferred_paid_fee
    if virtual and deferred > 0:
        vop, deferred, paid = _charge_cancel_fee(state, order, vop)
    refunded = order.amount_for_sale
    state.adjust_core_in_orders(order.seller, -refunded)
    state.adjust_balance(order.seller, refunded)
    refund_deferred_fee(state, order, deferred, paid)
    if virtual:
        state.record(vop).result = (2, refunded)
    remove_limit_order(state, order)


def _charge_cancel_fee(state: State, order: LimitOrder, vop: LimitOrderCancel) -> tuple[LimitOrderCancel, int, Asset]:
    """Orders that the chain cancels pay the cancellation fee out of their deferred fee."""
    deferred, paid = order.deferred_fee, order.deferred_paid_fee
    fee = min(state.fees.required(vop), deferred)
    if fee <= 0:
        return vop, deferred, paid
    state.pay_fee(order.seller, fee)
    if paid.amount == 0:
        return vop.replaced(fee=Asset(fee, 0)), deferred - fee, paid
    share = div_ceil(paid.amount * fee, order.deferred_fee)
    dynamic = state.dynamic(state.asset(paid.asset_id))
    state.store.update(dynamic, accumulated_fees=dynamic.accumulated_fees + share)
    charged = Asset(share, paid.asset_id)
    return vop.replaced(fee=charged), deferred - fee, paid - charged


def refund_deferred_fee(state: State, order: LimitOrder, deferred: int, paid: Asset) -> None:
    """Give a deferred fee back in the asset it was paid in."""
    if order.deferred_paid_fee.amount == 0:
        state.adjust_balance(order.seller, Asset(deferred, 0))
        return
    state.adjust_balance(order.seller, paid)
    dynamic = state.dynamic(state.asset(paid.asset_id))
    state.store.update(dynamic, fee_pool=dynamic.fee_pool + deferred)


def fill_call_order(
    state: State,
    call: CallOrder,
    pays: Asset,
    receives: Asset,
    *,
    fill_price: Price,
    is_maker: bool,
    margin_call_fee: Asset,
    reduce_supply: bool = True,
) -> bool:
    """A position gives collateral for debt; true if that closed it."""
    require(call.collateral >= pays.amount, "order.collateral >= pays.amount: ", where="db_market.cpp:fill_call_order")
    asset = state.asset(receives.asset_id)
    closed = call.debt == receives.amount
    freed = call.collateral - pays.amount if closed else 0
    collateral = 0 if closed else call.collateral - pays.amount
    state.store.update(call, debt=call.debt - receives.amount, collateral=collateral)
    if reduce_supply:
        state.change_supply(asset, -receives.amount)
    if closed:
        state.adjust_balance(call.borrower, Asset(freed, pays.asset_id))
    state.adjust_core_in_orders(call.borrower, Asset(-pays.amount - freed, pays.asset_id))
    if margin_call_fee.amount:
        state.accumulate_fee(asset, margin_call_fee)
    state.record(
        FillOrder(
            order_id=call.id,
            account_id=call.borrower,
            pays=pays,
            receives=receives,
            fee=margin_call_fee,
            fill_price=fill_price,
            is_maker=is_maker,
        )
    )
    if closed:
        state.store.remove(call)
    return closed


def fill_settle_order(
    state: State,
    settle: ForceSettlement,
    pays: Asset,
    receives: Asset,
    *,
    fill_price: Price,
    is_maker: bool,
    pay_settle_fee: bool,
) -> bool:
    """A settlement request is paid in collateral; true if that filled it."""
    owner = state.account(settle.owner)
    fee = market_fees.pay_market_fees(state, owner, state.asset(receives.asset_id), receives, is_maker=is_maker)
    if pay_settle_fee:
        fee += market_fees.pay_force_settle_fee(state, state.asset(pays.asset_id), receives - fee)
    filled = pays.amount >= settle.balance.amount
    if not filled:
        state.store.update(settle, balance=settle.balance - pays)
    state.adjust_balance(settle.owner, receives - fee)
    state.record(
        FillOrder(
            order_id=settle.id,
            account_id=settle.owner,
            pays=pays,
            receives=receives,
            fee=fee,
            fill_price=fill_price,
            is_maker=is_maker,
        )
    )
    if filled:
        state.store.remove(settle)
    return filled


def cancel_settle_order(state: State, settle: ForceSettlement) -> None:
    """Give a settlement request back."""
    state.adjust_balance(settle.owner, settle.balance)
    state.record(AssetSettleCancel(settlement=settle.id, account=settle.owner, amount=settle.balance))
    state.store.remove(settle)


def cancel_bid(state: State, bid: CollateralBid, *, virtual: bool = True) -> None:
    """Give a collateral bid back."""
    state.adjust_balance(bid.bidder, bid.inv_swan_price.base)
    if virtual:
        state.record(
            BidCollateral(
                bidder=bid.bidder,
                additional_collateral=bid.inv_swan_price.base,
                debt_covered=Asset(0, bid.inv_swan_price.quote.asset_id),
            )
        )
    state.store.remove(bid)
