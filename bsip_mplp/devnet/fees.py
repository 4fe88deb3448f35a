"""The fee schedule and what an operation costs (``fee_schedule.cpp`` and each operation's ``calculate_fee``).

The schedule is core's default one, as a network made from core's development genesis has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from . import operations as ops
from .amounts import Asset, Price
from .constants import MAX_SHARE_SUPPLY, PERCENT_100
from .errors import require
from .operations import Operation
from .proposed import ProposalCreate, ProposalUpdate
from .serial import OptionalOf, StructOf

_MEMO = OptionalOf(StructOf(ops.Memo))

#: ``current_fees.parameters`` as ``get_global_properties`` answers it.
DEFAULT_SCHEDULE: tuple[tuple[int, dict[str, int | str]], ...] = (
    (0, {"fee": 2000000, "price_per_kbyte": 1000000}),
    (1, {"fee": 500000}),
    (2, {"fee": 0}),
    (3, {"fee": 2000000}),
    (4, {}),
    (5, {"basic_fee": 500000, "premium_fee": 200000000, "price_per_kbyte": 100000}),
    (6, {"fee": 2000000, "price_per_kbyte": 100000}),
    (7, {"fee": 300000}),
    (8, {"membership_annual_fee": 200000000, "membership_lifetime_fee": 1000000000}),
    (9, {"fee": 50000000}),
    (10, {"symbol3": "50000000000", "symbol4": "30000000000", "long_symbol": 500000000, "price_per_kbyte": 10}),
    (11, {"fee": 50000000, "price_per_kbyte": 10}),
    (12, {"fee": 50000000}),
    (13, {"fee": 50000000}),
    (14, {"fee": 2000000, "price_per_kbyte": 100000}),
    (15, {"fee": 2000000}),
    (16, {"fee": 100000}),
    (17, {"fee": 10000000}),
    (18, {"fee": 50000000}),
    (19, {"fee": 100000}),
    (20, {"fee": 500000000}),
    (21, {"fee": 2000000}),
    (22, {"fee": 2000000, "price_per_kbyte": 10}),
    (23, {"fee": 2000000, "price_per_kbyte": 10}),
    (24, {"fee": 100000}),
    (25, {"fee": 100000}),
    (26, {"fee": 100000}),
    (27, {"fee": 2000000, "price_per_kbyte": 10}),
    (28, {"fee": 0}),
    (29, {"fee": 500000000}),
    (30, {"fee": 2000000}),
    (31, {"fee": 100000}),
    (32, {"fee": 100000}),
    (33, {"fee": 2000000}),
    (34, {"fee": 500000000}),
    (35, {"fee": 100000, "price_per_kbyte": 10}),
    (36, {"fee": 100000}),
    (37, {}),
    (38, {"fee": 2000000, "price_per_kbyte": 10}),
    (39, {"fee": 500000, "price_per_output": 500000}),
    (40, {"fee": 500000, "price_per_output": 500000}),
    (41, {"fee": 500000}),
    (42, {}),
    (43, {"fee": 2000000}),
    (44, {}),
    (45, {"fee": 2000000}),
    (46, {}),
    (47, {"fee": 2000000}),
    (48, {"fee": 2000000}),
)

#: Fees of operations that came after the schedule: core falls back on their compile-time default.
_FALLBACK: dict[int, dict[str, int | str]] = {77: {"fee": 37_500}}


def divided_schedule(divisor: int) -> tuple[tuple[int, dict[str, int | str]], ...]:
    """The default schedule with every fee divided, rounded down: a public network's fees are far lower."""

    def divided(fee: int | str) -> int | str:
        return str(int(fee) // divisor) if isinstance(fee, str) else fee // divisor

    return tuple((number, {name: divided(fee) for name, fee in row.items()}) for number, row in DEFAULT_SCHEDULE)


class FeeSchedule:
    """What each operation costs in core."""

    def __init__(self, parameters: tuple[tuple[int, dict[str, int | str]], ...] = DEFAULT_SCHEDULE) -> None:
        self.scale = PERCENT_100
        self._wire = [[number, dict(row)] for number, row in parameters]
        self._rows = {**_FALLBACK, **dict(parameters)}

    def to_json(self) -> dict[str, Any]:
        """As in ``get_global_properties``."""
        return {"parameters": self._wire, "scale": self.scale}

    def param(self, number: int, name: str = "fee") -> int:
        """One number of the schedule."""
        return int(self._rows.get(number, {}).get(name, 0))

    def required(self, op: Operation) -> int:
        """The least fee of an operation, in core's smallest units."""
        by_kind = _BY_KIND.get(type(op))
        fee = by_kind(self, op) if by_kind else self.param(op.NUMBER)
        require(fee <= MAX_SHARE_SUPPLY, "scaled <= GRAPHENE_MAX_SHARE_SUPPLY: ")
        return fee

    def required_in(self, op: Operation, rate: Price, asset_id: int) -> Asset:
        """The least fee of an operation, paid in another asset at its core exchange rate."""
        fee = Asset(self.required(op), 0)
        return fee if asset_id == 0 else fee.times_up(rate)

    def data_fee(self, size: int, number: int) -> int:
        """The price of ``size`` bytes."""
        return size * self.param(number, "price_per_kbyte") // 1024


def _with_memo(fees: FeeSchedule, op: Operation) -> int:
    memo = op.__dict__["memo"]
    if memo is None and op.NUMBER != ops.AssetIssue.NUMBER:
        return fees.param(op.NUMBER)
    return fees.param(op.NUMBER) + fees.data_fee(len(_MEMO.packed(memo)), op.NUMBER)


def _with_data(fees: FeeSchedule, op: Operation) -> int:
    return fees.param(op.NUMBER) + fees.data_fee(len(op.packed()), op.NUMBER)


def _account_create(fees: FeeSchedule, op: Operation) -> int:
    cheap = ops.is_cheap_name(cast(ops.AccountCreate, op).name)
    return fees.param(5, "basic_fee" if cheap else "premium_fee") + fees.data_fee(len(op.packed()), 5)


def _account_update(fees: FeeSchedule, op: Operation) -> int:
    if cast(ops.AccountUpdate, op).new_options is None:
        return fees.param(6)
    return _with_data(fees, op)


def _account_upgrade(fees: FeeSchedule, op: Operation) -> int:
    lifetime = cast(ops.AccountUpgrade, op).upgrade_to_lifetime_member
    return fees.param(8, "membership_lifetime_fee" if lifetime else "membership_annual_fee")


def _asset_create(fees: FeeSchedule, op: Operation) -> int:
    length = len(cast(ops.AssetCreate, op).symbol)
    name = {3: "symbol3", 4: "symbol4"}.get(length, "long_symbol")
    return fees.param(10, name) + fees.data_fee(len(op.packed()), 10)


_BY_KIND: dict[type[Operation], Callable[[FeeSchedule, Operation], int]] = {
    ops.Transfer: _with_memo,
    ops.OverrideTransfer: _with_memo,
    ops.AssetIssue: _with_memo,
    ops.AccountCreate: _account_create,
    ops.AccountUpdate: _account_update,
    ops.AccountUpgrade: _account_upgrade,
    ops.AssetCreate: _asset_create,
    ops.AssetUpdate: _with_data,
    ops.Custom: _with_data,
    ProposalCreate: _with_data,
    ProposalUpdate: _with_data,
}
