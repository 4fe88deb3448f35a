"""How an operation is carried out: fee, checks, changes (``evaluator.cpp``, ``evaluator.hpp``)."""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from .amounts import Asset
from .errors import AssertError, ChainError, InsufficientFee, require
from .operations import DONE, Operation, Result
from .state import State

OP = TypeVar("OP", bound=Operation)

_EVALUATORS: dict[type[Operation], type[Evaluator[Any]]] = {}


class Evaluator(Generic[OP]):
    """Carries out one operation. Subclasses say what it checks and what it changes."""

    #: The source file of core that has the same rules; part of a refusal's stack.
    FILE: ClassVar[str] = "evaluator.cpp"

    def __init__(self, state: State, op: OP) -> None:
        self.state = state
        self.op = op
        self.keep_price_check = True

    def __init_subclass__(cls, operation: type[Operation] | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if operation is not None:
            _EVALUATORS[operation] = cls

    def check(self) -> None:
        """Refuse what the state of the chain forbids."""

    def apply(self) -> Result:
        """Change the state."""
        return DONE

    def run(self) -> Result:
        """Fee, checks, fee payment, changes, and last the fee is taken from the balance."""
        method = "do_evaluate"
        try:
            self._prepare_fee()
            self.check()
            method = "do_apply"
            self.convert_fee()
            self.pay_fee()
            result = self.apply()
            self.state.adjust_balance(self.op.payer, -self.op.fee)
        except ChainError as refusal:
            if refusal.frames[0][1] == "":
                level, _, form, data = refusal.frames[0]
                refusal.frames[0] = (level, f"{self.FILE}:{method}", form, data)
            refusal.add("", {"op": self.op.to_json()}, where=f"{self.FILE}:{method}")
            raise
        return result

    def _prepare_fee(self) -> None:
        state, fee = self.state, self.op.fee
        require(fee.amount >= 0, "fee.amount >= 0: ", where="evaluator.cpp:prepare_fee")
        account = state.account(self.op.payer)
        asset = state.asset(fee.asset_id)
        if not state.is_authorized(account, asset):
            raise AssertError(
                "Account ${acct} '${name}' attempted to pay fee by using asset ${a} '${sym}', which is unauthorized "
                "due to whitelist / blacklist",
                {"acct": account.id, "name": account.name, "a": asset.id, "sym": asset.symbol},
                where="evaluator.cpp:prepare_fee",
            )
        self.core_fee = fee.amount if fee.asset_id == 0 else self._from_pool(fee)
        required = state.fees.required(self.op)
        if self.core_fee < required:
            raise InsufficientFee(
                "Insufficient Fee Paid",
                {"core_fee_paid": self.core_fee, "required": required},
                where="evaluator.hpp:evaluate",
            )

    def _from_pool(self, fee: Asset) -> int:
        """What the fee pool of another asset gives for a fee paid in it."""
        asset = self.state.asset(fee.asset_id)
        core = fee * asset.options.core_exchange_rate
        require(core.asset_id == 0, "fee_from_pool.asset_id == asset_id_type(): ")
        pool = self.state.dynamic(asset).fee_pool
        require(
            core.amount <= pool,
            "core_fee_paid <= fee_asset_dyn_data->fee_pool: Fee pool balance of '${b}' is less than the ${r} required "
            "to convert ${c}",
            {"r": self.state.pretty(core), "b": self.state.pretty(Asset(pool, 0)), "c": self.state.pretty(fee)},
            where="evaluator.cpp:prepare_fee",
        )
        return core.amount

    def convert_fee(self) -> None:
        """A fee in another asset goes to its issuer, and core from its fee pool in its place."""
        fee = self.op.fee
        if fee.asset_id != 0:
            dynamic = self.state.dynamic(self.state.asset(fee.asset_id))
            self.state.store.update(
                dynamic,
                accumulated_fees=dynamic.accumulated_fees + fee.amount,
                fee_pool=dynamic.fee_pool - self.core_fee,
            )

    def pay_fee(self) -> None:
        """Record the fee with the account that pays it."""
        self.state.pay_fee(self.op.payer, self.core_fee)


class DeferredFee(Evaluator[OP]):
    """Orders: the fee waits in the order until it is filled or cancelled."""

    def convert_fee(self) -> None:
        if self.op.fee.asset_id != 0:
            dynamic = self.state.dynamic(self.state.asset(self.op.fee.asset_id))
            self.state.store.update(dynamic, fee_pool=dynamic.fee_pool - self.core_fee)

    def pay_fee(self) -> None:
        return None

    @property
    def paid_fee(self) -> Asset:
        """What was paid if it was not core."""
        return self.op.fee if self.op.fee.asset_id != 0 else Asset()


def apply_operation(state: State, op: Operation, *, is_virtual: bool, keep_price_check: bool = True) -> Result:
    """Carry out one operation and keep its result (``database::apply_operation``)."""
    kind = _EVALUATORS.get(type(op))
    if kind is None:
        raise AssertError(
            "No registered evaluator for operation ${op}",
            {"op": [op.NUMBER, op.to_json()]},
            where="db_block.cpp:apply_operation",
        )
    record = state.record(op, is_virtual=is_virtual)
    evaluator = kind(state, op)
    evaluator.keep_price_check = keep_price_check
    try:
        record.result = evaluator.run()
    except ChainError as refusal:
        refusal.add("", {}, where="evaluator.cpp:start_evaluate")
        refusal.add("", {"op": [op.NUMBER, op.to_json()]}, where="db_block.cpp:apply_operation")
        raise
    return record.result


def created(obj: Any) -> Result:
    """The result of an operation that made an object."""
    return (1, obj.id)
