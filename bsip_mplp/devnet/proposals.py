"""Proposals: made, approved, vetoed, carried out when approved or when they expire (``proposal_evaluator.cpp``)."""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from . import authority
from .constants import COMMITTEE_ACCOUNT
from .errors import AssertError, ChainError, ReviewPeriodInsufficient, ReviewPeriodRequired, require
from .evaluator import Evaluator, apply_operation, created
from .operations import DONE, Operation, Result
from .proposed import Proposal, ProposalCreate, ProposalDelete, ProposalUpdate
from .state import State
from .transactions import UnsignedTransaction


def _walk(operations: Iterable[Operation]) -> Iterable[Operation]:
    """Operations, and those within them."""
    for op in operations:
        yield op
        if isinstance(op, ProposalCreate):
            yield from _walk(op.proposed_ops)


def _check_nested(op: ProposalCreate) -> None:
    nested = [one for one in op.proposed_ops if isinstance(one, ProposalUpdate)]
    require(len(nested) <= 1, "At most one proposal update can be nested in a proposal!")
    for one in op.proposed_ops:
        if isinstance(one, ProposalCreate):
            _check_nested(one)


class Propose(Evaluator[ProposalCreate], operation=ProposalCreate):
    """``proposal_create``."""

    FILE = "proposal_evaluator.cpp"

    def check(self) -> None:
        op, now, parameters = self.op, self.state.now, self.state.parameters
        _check_nested(op)
        require(op.expiration_time > now, "Proposal has already expired on creation.")
        require(
            op.expiration_time <= now + int(parameters["maximum_proposal_lifetime"]),
            "Proposal expiration time is too far in the future.",
        )
        require(
            op.review_period_seconds is None or op.review_period_seconds < op.expiration_time - now,
            "Proposal review period must be less than its overall lifetime.",
        )
        active, owner = authority.required_accounts(op.proposed_ops)
        self._owner, self._active = owner, [account for account in active if account not in owner]
        require(
            not any(one.required_keys() for one in op.proposed_ops),
            "Proposals containing operations requiring non-account authorities are not yet implemented.",
        )
        if COMMITTEE_ACCOUNT in (*self._active, *self._owner):
            self._check_review(int(parameters["committee_proposal_review_period"]))

    def _check_review(self, least: int) -> None:
        period = self.op.review_period_seconds
        if period is None:
            raise ReviewPeriodRequired("Review period not given, but at least ${min} required", {"min": least})
        if period < least:
            raise ReviewPeriodInsufficient(
                "Review period of ${t} specified, but at least ${min} required", {"t": period, "min": least}
            )

    def apply(self) -> Result:
        op = self.op
        proposal = self.state.store.create(
            Proposal,
            expiration_time=op.expiration_time,
            review_period_time=(
                None if op.review_period_seconds is None else op.expiration_time - op.review_period_seconds
            ),
            proposed_transaction=UnsignedTransaction(expiration=op.expiration_time, operations=op.proposed_ops),
            required_active_approvals=tuple(self._active),
            required_owner_approvals=tuple(self._owner),
            proposer=op.fee_paying_account,
        )
        named = [one.proposal for one in _walk(op.proposed_ops) if isinstance(one, ProposalUpdate | ProposalDelete)]
        require(
            not named or proposal.number > max(named),
            "Cannot update/delete a proposal with a future id!",
        )
        return created(proposal)


def _proposal(state: State, number: int) -> Proposal:
    found = state.proposals.get(number)
    if found is None:
        raise AssertError(
            "obj != nullptr: Unable to find Object ${id}", {"id": f"1.10.{number}"}, where="index.hpp:get"
        )
    return found


class Approve(Evaluator[ProposalUpdate], operation=ProposalUpdate):
    """``proposal_update``."""

    FILE = "proposal_evaluator.cpp"

    def check(self) -> None:
        op = self.op
        self._proposal = proposal = _proposal(self.state, op.proposal)
        if proposal.review_period_time is not None and self.state.now >= proposal.review_period_time:
            require(
                not op.active_approvals_to_add and not op.owner_approvals_to_add,
                "This proposal is in its review period. No new approvals may be added.",
            )
        for removed, available in (
            (op.active_approvals_to_remove, proposal.available_active_approvals),
            (op.owner_approvals_to_remove, proposal.available_owner_approvals),
        ):
            require(set(removed) <= set(available), "available.find(id) != available.end(): ")

    def apply(self) -> Result:
        op, state, proposal = self.op, self.state, self._proposal
        state.store.update(
            proposal,
            available_active_approvals=_changed(
                proposal.available_active_approvals, op.active_approvals_to_add, op.active_approvals_to_remove
            ),
            available_owner_approvals=_changed(
                proposal.available_owner_approvals, op.owner_approvals_to_add, op.owner_approvals_to_remove
            ),
            available_key_approvals=tuple(
                authority.sorted_keys(
                    {*proposal.available_key_approvals, *op.key_approvals_to_add} - {*op.key_approvals_to_remove}
                )
            ),
        )
        if proposal.review_period_time is None and _is_authorized(state, proposal):
            try:
                _carry_out(state, proposal)
            except ChainError as refusal:
                # The approval stands; it is tried again when the proposal expires
                state.store.update(proposal, fail_reason=refusal.words())
        return DONE


def _changed(was: Iterable[int], added: Iterable[int], removed: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({*was, *added} - {*removed}))


class Veto(Evaluator[ProposalDelete], operation=ProposalDelete):
    """``proposal_delete``."""

    FILE = "proposal_evaluator.cpp"

    def check(self) -> None:
        op = self.op
        self._proposal = proposal = _proposal(self.state, op.proposal)
        required = proposal.required_owner_approvals if op.using_owner_authority else proposal.required_active_approvals
        require(
            op.fee_paying_account in required,
            "Provided authority is not authoritative for this proposal.",
            {"provided": f"1.2.{op.fee_paying_account}", "required": [f"1.2.{one}" for one in required]},
        )

    def apply(self) -> Result:
        self.state.store.remove(self._proposal)
        return DONE


def _is_authorized(state: State, proposal: Proposal) -> bool:
    try:
        authority.verify(
            proposal.proposed_transaction.operations,
            proposal.available_key_approvals,
            state.account,
            int(state.parameters["max_authority_depth"]),
            authority.Approvals(proposal.available_active_approvals, proposal.available_owner_approvals),
        )
    except ChainError:
        return False
    return True


def _carry_out(state: State, proposal: Proposal) -> None:
    """All of it or nothing; its operations are virtual ones of whatever made it happen (``push_proposal``)."""
    position, applied, virtual_op = state.store.savepoint(), len(state.applied), state.virtual_op
    try:
        for op in proposal.proposed_transaction.operations:
            apply_operation(state, op, is_virtual=True)
        state.store.remove(_proposal(state, proposal.number))
    except ChainError:
        state.store.undo_to(position)
        del state.applied[applied:]
        state.virtual_op = virtual_op
        raise


def clear_expired(state: State) -> None:
    """Expired proposals get a last chance, and are gone (``clear_expired_proposals``)."""
    while True:
        oldest = state.proposals_by_expiration.first()
        if oldest is None or oldest.expiration_time > state.now:
            return
        if _is_authorized(state, oldest):
            with suppress(ChainError):  # whatever is still wrong with it, it is over
                _carry_out(state, oldest)
        if state.proposals.get(oldest.number) is not None:
            state.store.remove(oldest)
