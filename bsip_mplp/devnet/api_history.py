"""The ``history`` interface (``history_api`` in ``api.cpp``)."""

from __future__ import annotations

from typing import Any

from . import lookups
from .amounts import Price
from .errors import ChainError
from .objects import Fill, OperationHistory
from .rpc import Api, check_limit, method
from .serial import (
    as_int,
    as_list,
    as_text,
    operation_history_id,
    time_from_text,
    time_to_text,
    wire_int64,
)

_BUCKETS = (60, 300, 900, 1800, 3600, 14400, 86400)
_BUCKET_ROWS_MAX = 200


class HistoryApi(Api):
    """What happened: operations of accounts and blocks, fills of markets."""

    NAME = "history"

    @property
    def state(self) -> Any:
        """The state of the chain."""
        return self.session.node.chain.state

    def _account(self, name_or_id: Any) -> int | None:
        """The number of an account; unknown ones have an empty history, as in core."""
        try:
            return lookups.get_account(self.state, name_or_id).number
        except ChainError:
            return None

    def _row(self, number: int) -> dict[str, Any]:
        row: OperationHistory = self.state.history[number]
        return row.to_json()

    @method
    def get_account_history(self, name_or_id: Any, stop: Any, limit: Any, start: Any) -> Any:
        """Operations of an account, newest first, from ``start`` back to but without ``stop``."""
        most = check_limit(limit, 100)
        newest, oldest = operation_history_id.parse(start), operation_history_id.parse(stop)
        account = self._account(name_or_id)
        rows: list[dict[str, Any]] = []
        if account is None:
            return rows
        for link in self.state.history_by_account.walk_back(account, (newest or 2**63,)):
            wanted = link.operation_id > oldest or (oldest == 0 and link.operation_id == 0)
            if len(rows) == most or not wanted:
                break
            rows.append(self._row(link.operation_id))
        return rows

    @method
    def get_account_history_by_time(self, name_or_id: Any, limit: Any = None, start: Any = None) -> Any:
        """Operations of an account, newest first, from a time back."""
        most = check_limit(limit, 100, default=100)
        latest = 2**63 if start is None else time_from_text(as_text(start))
        account = self._account(name_or_id)
        rows: list[dict[str, Any]] = []
        if account is None:
            return rows
        for link in self.state.history_by_account.walk_back(account):
            if len(rows) == most:
                break
            if self.state.history[link.operation_id].block_time <= latest:
                rows.append(self._row(link.operation_id))
        return rows

    @method
    def get_account_history_operations(
        self, name_or_id: Any, operation_type: Any, start: Any, stop: Any, limit: Any
    ) -> Any:
        """Operations of one type of an account, newest first."""
        most = check_limit(limit, 100)
        kind = as_int(operation_type, -(2**63), 2**63 - 1, "int64")
        newest, oldest = operation_history_id.parse(start), operation_history_id.parse(stop)
        account = self._account(name_or_id)
        rows: list[dict[str, Any]] = []
        if account is None:
            return rows
        for link in self.state.history_by_account.walk_back(account, (newest or 2**63,)):
            if len(rows) == most or (link.operation_id <= oldest and oldest):
                break
            if kind == self.state.history[link.operation_id].op.NUMBER:
                rows.append(self._row(link.operation_id))
        return rows

    @method
    def get_relative_account_history(self, name_or_id: Any, stop: Any, limit: Any, start: Any) -> Any:
        """Operations of an account by their sequence numbers, newest first."""
        most = check_limit(limit, 100)
        first, last = (as_int(x, 0, 2**64 - 1, "uint64") for x in (stop, start))
        account = self._account(name_or_id)
        return [] if account is None else self._relative(account, first, most, last)

    def _relative(self, account: int, stop: int, limit: int, start: int) -> list[dict[str, Any]]:
        total = self.state.statistics_of(account).total_ops
        start = total if start == 0 else min(total, start)
        rows: list[dict[str, Any]] = []
        for link in self.state.history_by_account.walk_back(account):
            if len(rows) == limit or link.sequence < max(stop, 1):
                break
            if link.sequence <= start:
                rows.append(self._row(link.operation_id))
        return rows

    @method
    def get_account_history_by_operations(self, name_or_id: Any, operation_types: Any, start: Any, limit: Any) -> Any:
        """Operations of some types within a window of an account's sequence."""
        most = check_limit(limit, 100)
        first = as_int(start, 0, 2**32 - 1, "uint64")
        kinds = {as_int(kind, 0, 2**16 - 1, "uint64") for kind in as_list(operation_types)}
        account = self._account(name_or_id)
        rows = [] if account is None else self._relative(account, first, most, most + first - 1)
        chosen = [row for row in rows if not kinds or row["op"][0] in kinds]
        return {"total_count": len(rows), "operation_history_objs": chosen}

    @method
    def get_block_operation_history(self, number: Any, trx_in_block: Any = None) -> Any:
        """All operations of a block, virtual ones included, in order."""
        block = as_int(number, 0, 2**32 - 1, "uint64")
        rows = self.state.history_by_block.all(block)
        if trx_in_block is not None:
            place = as_int(trx_in_block, 0, 2**16 - 1, "uint64")
            rows = [row for row in rows if row.trx_in_block == place]
        ordered = sorted(rows, key=lambda r: (r.trx_in_block, r.op_in_trx, r.virtual_op))
        return [row.to_json() for row in ordered]

    @method
    def get_block_operations_by_time(self, start: Any = None) -> Any:
        """All operations of the newest block that has any, not younger than a time; newest first."""
        latest = 2**63 if start is None else time_from_text(as_text(start))
        for block in reversed(self.state.history_by_block.groups()):
            rows = self.state.history_by_block.all(block)
            if rows[0].block_time <= latest:
                return [row.to_json() for row in reversed(rows)]
        return []

    def _market(self, a: Any, b: Any) -> tuple[int, int]:
        first, second = (lookups.get_asset(self.state, x).number for x in (a, b))
        return min(first, second), max(first, second)

    @method
    def get_fill_order_history(self, a: Any, b: Any, limit: Any) -> Any:
        """Fills of a market, newest first."""
        most = as_int(limit, 0, 2**32 - 1, "uint64")
        return [fill.to_json() for fill in self.state.fills_by_market.all(self._market(a, b))[:most]]

    @method
    def get_market_history_buckets(self) -> Any:
        """Lengths of candles in seconds."""
        return list(_BUCKETS)

    @method
    def get_market_history(self, a: Any, b: Any, bucket: Any, start: Any, end: Any) -> Any:
        """Candles of a market, oldest first."""
        market = self._market(a, b)
        seconds = as_int(bucket, 1, 2**32 - 1, "uint64")
        first, last = time_from_text(as_text(start)), time_from_text(as_text(end))
        rows: dict[int, dict[str, Any]] = {}
        for fill in reversed(self.state.fills_by_market.all(market)):
            opened = fill.time - fill.time % seconds
            if fill.op.is_maker and first <= opened <= last:
                _add_to_candle(rows, fill, market, seconds, opened)
        return [_candle_json(rows[opened], i) for i, opened in enumerate(sorted(rows))][:_BUCKET_ROWS_MAX]


def _add_to_candle(
    rows: dict[int, dict[str, Any]], fill: Fill, market: tuple[int, int], seconds: int, opened: int
) -> None:
    op: Any = fill.op
    price: Price = op.fill_price if op.fill_price.base.asset_id == market[0] else ~op.fill_price
    amounts = {op.pays.asset_id: op.pays.amount, op.receives.asset_id: op.receives.amount}
    row = rows.setdefault(
        opened,
        {
            "market": market,
            "seconds": seconds,
            "open": opened,
            "first": price,
            "high": price,
            "low": price,
            "v": [0, 0],
        },
    )
    row["high"] = max(row["high"], price)
    row["low"] = min(row["low"], price)
    row["last"] = price
    row["v"] = [row["v"][0] + amounts[market[0]], row["v"][1] + amounts[market[1]]]


def _candle_json(row: dict[str, Any], number: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"5.1.{number}",
        "key": {
            "base": f"1.3.{row['market'][0]}",
            "quote": f"1.3.{row['market'][1]}",
            "seconds": row["seconds"],
            "open": time_to_text(row["open"]),
        },
    }
    for name, source in (("high", "high"), ("low", "low"), ("open", "first"), ("close", "last")):
        made[f"{name}_base"] = wire_int64(row[source].base.amount)
        made[f"{name}_quote"] = wire_int64(row[source].quote.amount)
    made["base_volume"], made["quote_volume"] = (wire_int64(v) for v in row["v"])
    return made
