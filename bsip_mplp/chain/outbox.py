"""The outbox: carries out each open order exactly once, through lost replies, crashes and expiry.

For each order: a signed transaction is written down before it is broadcast. It has counted when it stands in an
irreversible block, and is dead when its expiration is irreversibly past and no block holds it; only then is another one
made. In between, nothing is done but to broadcast that very transaction again, which can't count twice.

What transaction an order needs, and what is to be reported once it counts, is its kind's: see `deeds`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from bsip_mplp.chain.chain import Account, Chain
from bsip_mplp.chain.deeds import Context, Deed
from bsip_mplp.chain.errors import KeysError, NotFoundError, RefusedError
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.orders import AttemptLike, AttemptStore, OrderLike, Progress, Waiting
from bsip_mplp.chain.own import Own, Seen, read_seen
from bsip_mplp.chain.payouts import Payout
from bsip_mplp.chain.transactions import Signed, binds_units, prepare, sign_prepared, try_broadcast
from bsip_mplp.rules.inputs import OrderFailed

ATTEMPTS_MAX = 3
"""After so many transactions of an order have died, it is asked whether the chain will ever take it."""

AHEAD_SECONDS_MAX = 3600
"""How far a node's head may be ahead of the ledger's clock when a transaction is made: its expiration hangs on it."""

OPERATORS_OWN = ("tx_missing_active_auth", "tx_missing_owner_auth", "Only Lifetime members", "Insufficient Fee Paid")
"""Refusals that the operator can mend: the order then waits and is not given up. So is a lack of the pool's money."""

_WHO_LACKS = re.compile(r"from account '([^']+)' to|([a-z][a-z0-9.-]*)'s balance of")


class _Planned(NamedTuple):
    """An order with all that was written down for it."""

    order: OrderLike
    deed: Deed
    attempts: list[AttemptLike]

    @property
    def alive(self) -> AttemptLike | None:
        """The transaction that counts or may still count."""
        return self.attempts[-1] if self.attempts and self.attempts[-1].state != "expired" else None


class Outbox:
    """Acts for one account. Keeps nothing between calls: all it needs is in the store and on the chain.

    `deeds` says how each kind of order is carried out; payouts alone by default.
    """

    def __init__(
        self,
        chain: Chain,
        store: AttemptStore,
        account: str,
        keyring: Keyring,
        *,
        expiration_seconds: int = 60,
        before_sending: Callable[[], None] | None = None,
        deeds: Mapping[str, Deed] | None = None,
    ) -> None:
        self._chain = chain
        self._store = store
        self._account = account
        self._keyring = keyring
        self._expiration_seconds = expiration_seconds
        self._deeds = {"payout": Payout()} if deeds is None else deeds
        self._before_sending = before_sending
        """Asked before each broadcast; raises if another keeper leads, and then resolves what was written down."""

    def work(
        self, orders: Sequence[OrderLike], time: int, reserve_units: int, hold: str | None = None
    ) -> list[Progress]:
        """Bring open orders one step further; `time` is the ledger's clock, `reserve_units` what fees may cost.

        With `hold`, a reason, nothing is signed or sent: it is only looked what became of what was.

        What is reported is returned until the ledger knows it, so a crash in between loses nothing. Raises a
        `ChainError` if the chain could not be read; nothing is lost then either.
        """
        context = Context(self._chain, self._chain.account(self._account), self._keyring, time, hold, self._broadcast)
        planned = [
            _Planned(order, self._deeds[order.kind], list(self._store.attempts(order.number)))
            for order in orders
            if order.kind in self._deeds
        ]
        seen = _look(self._chain, context.pool.id, planned)
        reserve_units -= sum(binds_units(one.alive.signed_transaction) for one in planned if one.alive)
        found: list[Progress] = [
            Waiting(one.number, f"orders of kind {one.kind} are not carried out by this keeper: see its configuration")
            for one in orders
            if one.kind not in self._deeds
        ]
        for one in planned:
            progress = self._resolve(one, one.alive, seen, context) if one.alive else None
            if progress is None and hold is not None:
                progress = [Waiting(one.order.number, hold)]
            elif progress is None:
                waiting, fee_units = self._begin(one, context, reserve_units)
                reserve_units -= fee_units
                progress = [waiting]
            found.extend(progress)
        return found

    def _resolve(self, one: _Planned, last: AttemptLike, seen: Seen, context: Context) -> Sequence[Progress] | None:
        """What became of the attempt that may still count; None if it is dead, for good."""
        own = seen.own.get(last.transaction_id)
        if own is not None:
            return self._follow(one, last, own, seen, context)
        if last.state == "confirmed":
            reason = f"transaction {last.transaction_id} was seen on the chain, and is not now"
            return [Waiting(one.order.number, reason)]
        if seen.time > last.expires:
            self._store.close_attempt(one.order.number, last.attempt, "expired")
            return None
        if context.hold is not None:
            return [Waiting(one.order.number, context.hold)]
        return [Waiting(one.order.number, self._broadcast(last.transaction_id, last.signed_transaction))]

    def _follow(self, one: _Planned, last: AttemptLike, own: Own, seen: Seen, context: Context) -> Sequence[Progress]:
        """Its transaction counts: what came of it by now."""
        followed = one.deed.follow(one.order, own, seen, context)
        if followed.is_over:
            self._store.close_attempt(one.order.number, last.attempt, "confirmed")
        return followed.progress

    def _begin(self, one: _Planned, context: Context, reserve_units: int) -> tuple[Progress, int]:
        """Sign, write down, then broadcast; also what fee that binds."""
        order = one.order
        try:
            signed = self._sign(one, context)
        except (NotFoundError, RefusedError, ValueError) as error:
            return Waiting(order.number, f"can't be made: {error}"), 0  # others must not wait for this one
        ahead_seconds = signed.expires - self._expiration_seconds - context.time
        if ahead_seconds > AHEAD_SECONDS_MAX:  # a lie, or a block to be taken back: it would be long until it expires
            return Waiting(order.number, f"waits: the node's head is {ahead_seconds} s ahead of what was read"), 0
        fee_units = binds_units(signed.transaction)
        if fee_units > reserve_units:
            reason = f"held back: the fee is {fee_units} units and the reserve has {max(0, reserve_units)} left"
            return Waiting(order.number, reason), 0
        if len(one.attempts) >= ATTEMPTS_MAX and (refusal := self._final_refusal(signed)) is not None:
            return OrderFailed(time=context.time, order=order.number, reason=refusal), 0
        self._store.save_attempt(
            order.number,
            transaction_id=signed.id,
            signed_transaction=signed.transaction,
            expires=signed.expires,
            reference_block=signed.reference_block,
        )
        return Waiting(order.number, self._broadcast(signed.id, signed.transaction)), fee_units

    def _sign(self, one: _Planned, context: Context) -> Signed:
        needs = one.deed.prepare(one.order, context)
        signers = [key for account in needs.signers for key in self._keys_of(account)]
        unsigned, reference_block = prepare(self._chain, needs.operations, expiration_seconds=self._expiration_seconds)
        return sign_prepared(self._chain, unsigned, reference_block, self._keyring, signers)

    def _keys_of(self, account: Account) -> list[str]:
        found = [key for key in account.active_keys if self._keyring.has(key)]
        if not found:
            wanted = ", ".join(account.active_keys)
            raise KeysError(f"no active key of {account.name} is here: it needs one of {wanted}")
        return found

    def _broadcast(self, transaction_id: str, transaction: Mapping[str, Any]) -> str:
        if self._before_sending is not None:
            self._before_sending()
        return try_broadcast(self._chain, transaction_id, transaction)

    def _final_refusal(self, signed: Signed) -> str | None:
        """Why the chain would refuse it, if it isn't for the operator to mend; the transaction is not sent."""
        try:
            self._chain.call("validate_transaction", signed.transaction)
        except RefusedError as refusal:
            said = f"{refusal.name} {refusal.message}"
            return None if is_for_operator(said, self._account) else refusal.message
        return None


def is_for_operator(said: str, pool: str) -> bool:
    """Whether the operator can mend what the chain refused: a missing key, or money that `pool` itself lacks."""
    if any(word in said for word in OPERATORS_OWN):
        return True
    if "insufficient_balance" not in said.lower() and "insufficient balance" not in said.lower():
        return False
    lacking = {name for pair in _WHO_LACKS.findall(said) for name in pair if name}
    return not lacking or pool in lacking


def _look(chain: Chain, account_id: str, planned: Sequence[_Planned]) -> Seen:
    """Read from before the first attempt that may still count until all that can come of them must be known.

    That is after the last one's expiration; to the last irreversible block where more comes of it than its own.
    """
    alive = [one.alive for one in planned if one.alive]
    if not alive:
        return Seen((), {}, 0)
    lasts = any(one.deed.lasts for one in planned if one.alive)
    expires = max(one.expires for one in alive)
    first_block, signed = min(one.reference_block for one in alive), [one.signed_transaction for one in alive]
    return read_seen(chain, account_id, first_block, signed, lambda time: not lasts and time > expires)
