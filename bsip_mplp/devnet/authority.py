"""Whether the signatures suffice: weights, nested accounts, no needless signature (``sign_state``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from .constants import COMMITTEE_ACCOUNT, TEMP_ACCOUNT
from .errors import (
    InvalidCommitteeApproval,
    IrrelevantSignature,
    MissingActiveAuthority,
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
    ) -> None:
        self.used = dict.fromkeys(provided, False)
        self._holders = holders
        self._max_depth = max_depth
        self._available = available
        self._approved = {TEMP_ACCOUNT}

    def _signed_by(self, key: bytes) -> bool:
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
            if self._signed_by(key):
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


def verify(operations: Iterable[Operation], keys: Iterable[bytes], holders: Holders, max_depth: int) -> None:
    """Refuse unless the keys satisfy all that the operations need, and none is needless."""
    active, owner = required_accounts(operations)
    if COMMITTEE_ACCOUNT in active:
        raise InvalidCommitteeApproval(
            "Committee account may only propose transactions", where="transaction.cpp:verify_authority"
        )
    signers = Signers(keys, holders, max_depth)
    for account in owner:
        if not signers.satisfies(holders(account).owner):
            raise MissingOwnerAuthority(
                "Missing Owner Authority ${id}",
                {"id": f"1.2.{account}", "auth": holders(account).owner.to_json()},
                where="transaction.cpp:verify_authority",
            )
    for account in active:
        if not signers.satisfies_account(account):
            holder = holders(account)
            raise MissingActiveAuthority(
                "Missing Active Authority ${id}",
                {"id": f"1.2.{account}", "auth": holder.active.to_json(), "owner": holder.owner.to_json()},
                where="transaction.cpp:verify_authority",
            )
    if signers.unused():
        raise IrrelevantSignature("Unnecessary signature(s) detected", where="transaction.cpp:verify_authority")


def keys_as_text(keys: Iterable[bytes]) -> list[str]:
    """Public keys in core's order, as text."""
    return [key_to_text(key, PREFIX) for key in sorted(keys, key=key_order)]


def required_signatures(
    operations: Iterable[Operation],
    signed: Iterable[bytes],
    available: Collection[bytes],
    holders: Holders,
    max_depth: int,
) -> set[bytes]:
    """Which of the available keys still have to sign (``get_required_signatures``)."""
    signed = set(signed)
    active, owner = required_accounts(operations)
    signers = Signers(signed, holders, max_depth, available)
    for account in owner:
        signers.satisfies(holders(account).owner)
    for account in active:
        signers.satisfies_account(account)
    return {key for key, used in signers.used.items() if used and key in available and key not in signed}
