"""Orders that sell again what they received (``process_limit_order_on_fill``, core-2535)."""

from __future__ import annotations

from .amounts import Asset, Price, div_ceil
from .constants import PERCENT_100, TIME_MAX
from .errors import ChainError, require
from .evaluator import apply_operation
from .objects import LimitOrder
from .operations import LimitOrderCreate, LimitOrderExtension, LimitOrderUpdate, Operation, Result, TakeProfit
from .state import State


def try_virtual(state: State, op: Operation, *, keep_price_check: bool = True) -> Result:
    """Apply an operation of the chain's own; leaves no trace if it is refused."""
    op.validate()
    require(
        state.nesting < 2 * len(state.gpo.active_witnesses),
        "Max undo session nesting depth exceeded!",
        where="db_block.cpp:undo_session_nesting_guard",
    )
    position = state.store.savepoint()
    applied, virtual_op = len(state.applied), state.virtual_op
    state.nesting += 1
    try:
        return apply_operation(state, op, is_virtual=True, keep_price_check=keep_price_check)
    except ChainError:
        state.store.undo_to(position)
        del state.applied[applied:]
        state.virtual_op = virtual_op
        raise
    finally:
        state.nesting -= 1


def on_fill(state: State, order: LimitOrder, received: Asset) -> int | None:
    """Act on a fill; answers the id of a newly made take-profit order."""
    if not order.on_fill:
        return None
    action: TakeProfit = order.on_fill[0][1]
    size = div_ceil(received.amount * action.size_percent, PERCENT_100)
    if size <= 0:
        return None
    for_sale = Asset(size, received.asset_id)
    try:
        if order.take_profit_order_id is not None:
            _enlarge(state, order, action, for_sale)
            return None
        return _create(state, order, action, for_sale)
    except ChainError:
        return None  # a blacklisted account, no balance for the fee, …: the fill itself stands


def _expiration(state: State, action: TakeProfit) -> int:
    return min(state.now + action.expiration_seconds, TIME_MAX)


def _fee(state: State, action: TakeProfit, op: Operation) -> Asset:
    rate = state.asset(action.fee_asset_id).options.core_exchange_rate
    return state.fees.required_in(op, rate, action.fee_asset_id)


def _price(order: LimitOrder, action: TakeProfit) -> Price:
    return (~order.sell_price).scaled(PERCENT_100, PERCENT_100 + action.spread_percent)


def _create(state: State, order: LimitOrder, action: TakeProfit, for_sale: Asset) -> int:
    op = LimitOrderCreate(
        seller=order.seller,
        amount_to_sell=for_sale,
        expiration=_expiration(state, action),
        extensions=LimitOrderExtension(on_fill=order.on_fill if action.repeat else None),
    )
    op = op.replaced(fee=_fee(state, action, op), min_to_receive=for_sale.times_up(_price(order, action)))
    tag, made = try_virtual(state, op)
    return int(made.split(".")[2])


def _enlarge(state: State, order: LimitOrder, action: TakeProfit, for_sale: Asset) -> None:
    linked = order.take_profit_order_id
    op = LimitOrderUpdate(
        seller=order.seller, order=linked, delta_amount_to_sell=for_sale, new_expiration=_expiration(state, action)
    )
    op = op.replaced(fee=_fee(state, action, op))
    if linked is not None and linked > order.number:  # made by this order: it follows this order's price
        total = Asset(for_sale.amount + state.limit_orders[linked].for_sale, for_sale.asset_id)
        op = op.replaced(new_price=total / total.times_up(_price(order, action)))
    try_virtual(state, op, keep_price_check=False)
