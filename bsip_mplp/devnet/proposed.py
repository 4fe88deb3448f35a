"""Proposals as they are on the wire: three operations, and the object that waits for its approvals.

Follows ``libraries/protocol/proposal.cpp`` and ``proposal_object.hpp``; what they do is in ``proposals.py``.
"""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from typing import Any

from . import serial
from .errors import require
from .operations import Operation, operation
from .serial import KeySetOf, ListOf, OptionalOf, SetOf, StructOf, of
from .store import ChainObject
from .transactions import UnsignedTransaction


class _Wrapped(serial.Kind):
    """``op_wrapper``: an operation within an operation."""

    def parse(self, value: Any) -> Operation:
        return operation.parse(serial.as_object(value).get("op", []))

    def json(self, value: Operation) -> dict[str, Any]:
        return {"op": operation.json(value)}

    def pack(self, value: Operation, out: bytearray) -> None:
        operation.pack(value, out)


class ProposalCreate(Operation):
    """Propose a transaction, to be carried out once those whose authority it needs have approved."""

    NUMBER = 22
    PAYER = "fee_paying_account"

    fee_paying_account: int = of(serial.account_id)
    expiration_time: int = of(serial.moment)
    proposed_ops: tuple[Operation, ...] = of(ListOf(_Wrapped()))
    review_period_seconds: int | None = of(OptionalOf(serial.uint32))
    extensions: tuple[()] = of(serial.no_extensions)

    def impacted(self) -> set[int]:
        asked = (op.required_active() | op.required_owner() for op in self.proposed_ops)
        return {self.payer}.union(*asked)

    def validate(self) -> None:
        require(bool(self.proposed_ops), "!proposed_ops.empty(): ", where="proposal.cpp:validate")
        for op in self.proposed_ops:
            op.validate()


class ProposalUpdate(Operation):
    """Approve a proposal, or take an approval back; it is carried out when the approvals suffice."""

    NUMBER = 23
    PAYER = "fee_paying_account"

    fee_paying_account: int = of(serial.account_id)
    proposal: int = of(serial.proposal_id)
    active_approvals_to_add: tuple[int, ...] = of(SetOf(serial.account_id))
    active_approvals_to_remove: tuple[int, ...] = of(SetOf(serial.account_id))
    owner_approvals_to_add: tuple[int, ...] = of(SetOf(serial.account_id))
    owner_approvals_to_remove: tuple[int, ...] = of(SetOf(serial.account_id))
    key_approvals_to_add: tuple[bytes, ...] = of(KeySetOf(serial.public_key))
    key_approvals_to_remove: tuple[bytes, ...] = of(KeySetOf(serial.public_key))
    extensions: tuple[()] = of(serial.no_extensions)

    def required_active(self) -> set[int]:
        return {self.payer, *self.active_approvals_to_add, *self.active_approvals_to_remove}

    def required_owner(self) -> set[int]:
        return {*self.owner_approvals_to_add, *self.owner_approvals_to_remove}

    def required_keys(self) -> set[bytes]:
        return {*self.key_approvals_to_add, *self.key_approvals_to_remove}

    def validate(self) -> None:
        super().validate()
        both = [
            (self.active_approvals_to_add, self.active_approvals_to_remove),
            (self.owner_approvals_to_add, self.owner_approvals_to_remove),
            (self.key_approvals_to_add, self.key_approvals_to_remove),
        ]
        require(
            any(added or removed for added, removed in both),
            "!(active_approvals_to_add.empty() && …): ",
            where="proposal.cpp:validate",
        )
        for added, removed in both:
            require(
                set(added).isdisjoint(removed),
                "Cannot add and remove approval at the same time.",
                where="proposal.cpp:validate",
            )


class ProposalDelete(Operation):
    """Veto a proposal; for one whose authority it needs."""

    NUMBER = 24
    PAYER = "fee_paying_account"

    fee_paying_account: int = of(serial.account_id)
    using_owner_authority: bool = of(serial.boolean)
    proposal: int = of(serial.proposal_id)
    extensions: tuple[()] = of(serial.no_extensions)


class Proposal(ChainObject):
    """``proposal_object``."""

    SPACE, TYPE = 1, 10

    expiration_time: int = of(serial.moment)
    review_period_time: int | None = of(OptionalOf(serial.moment))
    proposed_transaction: UnsignedTransaction = of(StructOf(UnsignedTransaction))
    required_active_approvals: tuple[int, ...] = of(SetOf(serial.account_id))
    available_active_approvals: tuple[int, ...] = of(SetOf(serial.account_id))
    required_owner_approvals: tuple[int, ...] = of(SetOf(serial.account_id))
    available_owner_approvals: tuple[int, ...] = of(SetOf(serial.account_id))
    available_key_approvals: tuple[bytes, ...] = of(KeySetOf(serial.public_key))
    proposer: int = of(serial.account_id)
    fail_reason: str = of(serial.text)

    @property
    def concerned(self) -> set[int]:
        """Accounts that must approve or have approved (``required_approval_index``)."""
        return {
            *self.required_active_approvals,
            *self.available_active_approvals,
            *self.required_owner_approvals,
            *self.available_owner_approvals,
        }

    def accounts(self) -> set[int]:
        return set[int]().union(*(op.impacted() for op in self.proposed_transaction.operations))
