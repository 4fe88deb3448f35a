"""Whether the signatures suffice: weights, nested accounts, no needless signature (``sign_state``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple, Protocol

from .constants import COMMITTEE_ACCOUNT, TEMP_ACCOUNT
from .errors import (
    InvalidCommitteeApproval,
    IrrelevantSignature,
    MissingActiveAuthority,
    MissingOtherAuthority,
    MissingOwnerAuthority,
)
from .keys import key_order, key_to_text
from .operations import Authority, Operation
from .serial import PREFIX


class Holder(Protocol):
    """Something with an active and an owner authority: an account."""

    @property
    def active(self) -> Authority:
        """For everyday operations."""

    @property
    def owner(self) -> Authority:
        """For changing the authorities; it may do all that the active one may."""


_VERIFY = "transaction.cpp:verify_authority"

#: Finds an account.
Holders = Callable[[int], Holder]


class Signers:
    """The keys at hand and what they have proved so far.

    ``provided`` are keys that signed; ``available`` are keys that could sign (for wallets that ask which of
    theirs are needed).
    """

    def __init__(
        self,
        provided: Iterable[bytes],
        holders: Holders,
        max_depth: int,
        available: Collection[bytes] = (),
        approved: Iterable[int] = (),
    ) -> None:
        self.used = dict.fromkeys(provided, False)
        self._holders = holders
        self._max_depth = max_depth
        self._available = available
        self._approved = {TEMP_ACCOUNT, *approved}

    def signed_by(self, key: bytes) -> bool:
        """Whether a key signed, or could; it is needed then."""
        if key in self.used or key in self._available:
            self.used[key] = True
            return True
        return False

    def satisfies_account(self, account: int) -> bool:
        """Whether the keys reach the active authority of an account, or its owner authority."""
        if account in self._approved:
            return True
        holder = self._holders(account)
        return self.satisfies(holder.active) or self.satisfies(holder.owner)

    def satisfies(self, auth: Authority, depth: int = 0) -> bool:
        """Whether the keys reach the threshold, asking the accounts it names at most ``max_depth`` deep."""
        weight = 0
        for key, key_weight in auth.key_auths:
            if self.signed_by(key):
                weight += key_weight
                if weight >= auth.weight_threshold:
                    return True
        for account, account_weight in auth.account_auths:
            if account not in self._approved and not self._approves(account, depth):
                continue
            weight += account_weight
            if weight >= auth.weight_threshold:
                return True
        return weight >= auth.weight_threshold

    def _approves(self, account: int, depth: int) -> bool:
        if depth == self._max_depth:
            return False
        holder = self._holders(account)
        if self.satisfies(holder.active, depth + 1) or self.satisfies(holder.owner, depth + 1):
            self._approved.add(account)
            return True
        return False

    def unused(self) -> list[bytes]:
        """Keys that signed though nothing asked for them."""
        return [key for key, used in self.used.items() if not used]


def required_accounts(operations: Iterable[Operation]) -> tuple[list[int], list[int]]:
    """Accounts whose active and whose owner authority the operations need."""
    active: set[int] = set()
    owner: set[int] = set()
    for op in operations:
        active |= op.required_active()
        owner |= op.required_owner()
    return sorted(active), sorted(owner)


class Approvals(NamedTuple):
    """What a proposal has been given: accounts that approve with their active and with their owner authority."""

    active: Collection[int] = ()
    owner: Collection[int] = ()


def verify(
    operations: Iterable[Operation],
    keys: Iterable[bytes],
    holders: Holders,
    max_depth: int,
    approvals: Approvals | None = None,
) -> None:
    """Refuse unless the keys satisfy all that the operations need, and none is needless.

    A proposal has `approvals` beside its keys, and it may act for the committee.
    """
    operations = list(operations)
    active, owner = required_accounts(operations)
    if approvals is None and COMMITTEE_ACCOUNT in active:
        raise InvalidCommitteeApproval("Committee account may only propose transactions", where=_VERIFY)
    given = approvals or Approvals()
    signers = Signers(keys, holders, max_depth, approved=(*given.active, *given.owner))
    for op in operations:
        # each of the keys must have signed: any weight less than all is too little
        if not all(signers.signed_by(key) for key in op.required_keys()):
            raise MissingOtherAuthority("Missing Authority", where=_VERIFY)
    for account in owner:
        if account not in given.owner and not signers.satisfies(holders(account).owner):
            raise MissingOwnerAuthority(
                "Missing Owner Authority ${id}",
                {"id": f"1.2.{account}", "auth": holders(account).owner.to_json()},
                where=_VERIFY,
            )
    for account in active:
        if not signers.satisfies_account(account):
            holder = holders(account)
            raise MissingActiveAuthority(
                "Missing Active Authority ${id}",
                {"id": f"1.2.{account}", "auth": holder.active.to_json(), "owner": holder.owner.to_json()},
                where=_VERIFY,
            )
    if signers.unused():
        raise IrrelevantSignature("Unnecessary signature(s) detected", where=_VERIFY)


def sorted_keys(keys: Iterable[bytes]) -> list[bytes]:
    """Public keys in core's order."""
    return sorted(keys, key=key_order)


def keys_as_text(keys: Iterable[bytes]) -> list[str]:
    """Public keys in core's order, as text."""
    return [key_to_text(key, PREFIX) for key in sorted_keys(keys)]


def required_signatures(
    operations: Iterable[Operation],
    signed: Iterable[bytes],
    available: Collection[bytes],
    holders: Holders,
    max_depth: int,
) -> set[bytes]:
    """Which of the available keys still have to sign (``get_required_signatures``)."""
    signed, operations = set(signed), list(operations)
    active, owner = required_accounts(operations)
    signers = Signers(signed, holders, max_depth, available)
    for op in operations:
        for key in op.required_keys():
            signers.signed_by(key)
    for account in owner:
        signers.satisfies(holders(account).owner)
    for account in active:
        if account not in owner:  # the owner's signature does for both
            signers.satisfies_account(account)
    return {key for key, used in signers.used.items() if used and key in available and key not in signed}
