"""What a block did, kept for those who ask: operations, each account's chain of them, market tickers.

Follows the plugins ``account_history`` and ``market_history``.
"""

from __future__ import annotations

from typing import cast

from .objects import AccountHistory, Fill, MarketTicker, OperationHistory
from .operations import AccountCreate, FillOrder
from .state import Applied, State

_DAY = 86_400


def store_block(state: State, number: int, time: int) -> None:
    """Keep the operations that a block applied, and forget them as the block's pending work."""
    for applied in state.applied:
        _store(state, applied, number, time)
    state.applied.clear()


def _store(state: State, applied: Applied, number: int, time: int) -> None:
    row = state.store.create(
        OperationHistory,
        op=applied.op,
        result=applied.result,
        block_num=number,
        trx_in_block=applied.trx_in_block,
        op_in_trx=applied.op_in_trx,
        virtual_op=applied.virtual_op,
        is_virtual=applied.is_virtual,
        block_time=time,
    )
    for account in sorted(_impacted(applied)):
        _link(state, account, row.number)
    if isinstance(applied.op, FillOrder):
        _store_fill(state, applied.op, time)


def _impacted(applied: Applied) -> set[int]:
    op = applied.op
    impacted = op.impacted() | op.required_active() | op.required_owner()
    if isinstance(op, AccountCreate):
        impacted.add(int(applied.result[1].split(".")[2]))
    return impacted


def _link(state: State, account: int, operation: int) -> None:
    statistics = state.statistics_of(account)
    link = state.store.create(
        AccountHistory,
        account=account,
        operation_id=operation,
        sequence=statistics.total_ops + 1,
        next=statistics.most_recent_op,
    )
    state.store.update(statistics, most_recent_op=link.number, total_ops=link.sequence)


def _store_fill(state: State, op: FillOrder, time: int) -> None:
    base, quote = sorted((op.pays.asset_id, op.receives.asset_id))
    first = state.fills_by_market.first((base, quote))
    sequence = first.sequence - 1 if first else 0
    state.store.create(Fill, base=base, quote=quote, sequence=sequence, time=time, op=op)
    if not op.is_maker:
        return  # the ticker counts each trade once
    price = op.fill_price if op.fill_price.base.asset_id == base else ~op.fill_price
    latest = {"latest_base": price.base.amount, "latest_quote": price.quote.amount}
    ticker = state.ticker_of.get((base, quote))
    if ticker is None:
        state.store.create(MarketTicker, base=base, quote=quote, **latest)
    else:
        state.store.update(ticker, **latest)


def day_of(state: State, ticker: MarketTicker) -> tuple[int, int, tuple[int, int]]:
    """Volumes of the last 24 hours in both assets, and the price before them (0, 0 if there was none)."""
    since = state.now - _DAY
    base_volume = quote_volume = 0
    for fill in state.fills_by_market.walk((ticker.base, ticker.quote)):
        op = cast(FillOrder, fill.op)
        if fill.time < since:
            price = op.fill_price if op.fill_price.base.asset_id == ticker.base else ~op.fill_price
            return base_volume, quote_volume, (price.base.amount, price.quote.amount)
        if op.is_maker:
            amounts = {op.pays.asset_id: op.pays.amount, op.receives.asset_id: op.receives.amount}
            base_volume += amounts[ticker.base]
            quote_volume += amounts[ticker.quote]
    return base_volume, quote_volume, (0, 0)
