"""Transfers and custom data (``transfer_evaluator.cpp``, ``custom_evaluator.cpp``)."""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from . import vesting
from .constants import Permission
from .errors import (
    AssertError,
    ChainError,
    OverrideNotPermitted,
    TransferFromNotWhitelisted,
    TransferRestricted,
    TransferToNotWhitelisted,
    require,
)
from .evaluator import Evaluator
from .objects import Account, AssetObject
from .operations import DONE, Custom, OverrideTransfer, Result, Transfer, VestingBalanceWithdraw


class MakeTransfer(Evaluator[Transfer], operation=Transfer):
    """``transfer``."""

    FILE = "transfer_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        sender, receiver = state.account(op.from_), state.account(op.to)
        asset = state.asset(op.amount.asset_id)
        try:
            self._check(sender, receiver, asset)
        except ChainError as refusal:
            refusal.add(
                "Unable to transfer ${a} from ${f} to ${t}",
                {"a": asset.pretty(op.amount.amount), "f": sender.name, "t": receiver.name},
                where="transfer_evaluator.cpp:do_evaluate",
                level="error",
            )
            raise

    def _check(self, sender: Account, receiver: Account, asset: AssetObject) -> None:
        op, state = self.op, self.state
        ids = {"from": sender.id, "to": receiver.id, "asset": asset.id}
        if not state.is_authorized(sender, asset):
            raise TransferFromNotWhitelisted("'from' account ${from} is not whitelisted for asset ${asset}", ids)
        if not state.is_authorized(receiver, asset):
            raise TransferToNotWhitelisted("'to' account ${to} is not whitelisted for asset ${asset}", ids)
        if asset.flag(Permission.TRANSFER_RESTRICTED) and asset.issuer not in (sender.number, receiver.number):
            raise TransferRestricted("Asset ${asset} has transfer_restricted flag enabled", ids)
        balance = state.balance(op.from_, asset.number)
        if balance < op.amount.amount:
            raise AssertError(
                "insufficient_balance: Insufficient Balance: ${balance}, unable to transfer '${total_transfer}' from "
                "account '${a}' to '${t}'",
                {
                    "a": sender.name,
                    "t": receiver.name,
                    "total_transfer": asset.pretty(op.amount.amount),
                    "balance": asset.pretty(balance),
                },
                where="transfer_evaluator.cpp:do_evaluate",
            )

    def apply(self) -> Result:
        self.state.adjust_balance(self.op.from_, -self.op.amount)
        self.state.adjust_balance(self.op.to, self.op.amount)
        return DONE


class MakeOverrideTransfer(Evaluator[OverrideTransfer], operation=OverrideTransfer):
    """``override_transfer``."""

    FILE = "transfer_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        asset = state.asset(op.amount.asset_id)
        if not asset.flag(Permission.OVERRIDE_AUTHORITY):
            raise OverrideNotPermitted("override_transfer not permitted for asset ${asset}", {"asset": asset.id})
        require(asset.issuer == op.issuer, "asset_type.issuer == op.issuer: ")
        state.account(op.from_)
        require(state.is_authorized(state.account(op.to), asset), "The to_account is not allowed to transact the asset")
        require(
            state.balance(op.from_, asset.number) >= op.amount.amount,
            "d.get_balance( from_account, asset_type ).amount >= op.amount.amount: ",
        )

    def apply(self) -> Result:
        self.state.adjust_balance(self.op.from_, -self.op.amount)
        self.state.adjust_balance(self.op.to, self.op.amount)
        return DONE


class KeepCustom(Evaluator[Custom], operation=Custom):
    """``custom``: the data are kept in the block and mean nothing to the chain."""

    FILE = "custom_evaluator.cpp"


class WithdrawVesting(Evaluator[VestingBalanceWithdraw], operation=VestingBalanceWithdraw):
    """``vesting_balance_withdraw``."""

    FILE = "vesting_balance_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        balance = state.vesting.get(op.vesting_balance)
        if balance is None:
            raise AssertError("obj != nullptr: Unable to find Object ${id}", {"id": f"1.13.{op.vesting_balance}"})
        require(op.owner == balance.owner, "op.owner == vbo.owner: ")
        require(
            op.amount.asset_id == balance.balance.asset_id
            and op.amount.amount <= vesting.allowed_withdraw(balance, state.now),
            "vbo.is_withdraw_allowed( now, op.amount ): ",
        )

    def apply(self) -> Result:
        vesting.withdraw(self.state, self.state.vesting[self.op.vesting_balance], self.op.amount)
        self.state.adjust_balance(self.op.owner, self.op.amount)
        return DONE
