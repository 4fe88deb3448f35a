"""The outbox: pays each open order exactly once, through lost replies, crashes and expiry.

For each order: a signed transaction is written down before it is broadcast. It is done when it stands in an
irreversible block, and dead when its expiration is irreversibly past and no block holds it; only then is another one
made. In between, nothing is done but to broadcast that very transaction again, which can't pay twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from bsip_mplp.chain import envelope
from bsip_mplp.chain.builders import Units, transfer
from bsip_mplp.chain.chain import Account, Chain
from bsip_mplp.chain.envelope import NULL_KEY_BODY
from bsip_mplp.chain.errors import KeysError, NotFoundError, RefusedError, UnreachableError
from bsip_mplp.chain.history import read_irreversible
from bsip_mplp.chain.inbox import Sent, read_sent
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.transactions import Signed, broadcast, prepare, sign_prepared
from bsip_mplp.rules.inputs import OrderDone, OrderFailed

ATTEMPTS_MAX = 3
"""After so many transactions of an order have died, it is asked whether the chain will ever take it."""

PARTS_MAX = 1000
"""How many parts of its own history the outbox reads to find what became of its transactions."""

AHEAD_SECONDS_MAX = 3600
"""How far a node's head may be ahead of the ledger's clock when a transaction is made: its expiration hangs on it."""

OPERATORS_OWN = ("tx_missing_active_auth", "tx_missing_owner_auth", "insufficient_balance", "Insufficient Balance")
"""Refusals that the operator can mend: the order then waits and is not given up."""


class AttemptLike(Protocol):
    """A transaction that was written down for an order."""

    @property
    def attempt(self) -> int: ...  # noqa: D102
    @property
    def transaction_id(self) -> str: ...  # noqa: D102
    @property
    def signed_transaction(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def expires(self) -> int: ...  # noqa: D102
    @property
    def reference_block(self) -> int: ...  # noqa: D102
    @property
    def state(self) -> Literal["signed", "expired", "confirmed"]: ...  # noqa: D102


class AttemptStore(Protocol):
    """Where attempts are kept; each call is committed when it returns. The journal is one."""

    def attempts(self, number: int) -> Sequence[AttemptLike]:
        """An order's attempts, oldest first."""

    def save_attempt(
        self, number: int, *, transaction_id: str, signed_transaction: Mapping[str, Any], expires: int,
        reference_block: int,
    ) -> AttemptLike:  # fmt: skip
        """Write the next attempt; refuses while an earlier one may still count."""

    def close_attempt(self, number: int, attempt: int, state: Literal["expired", "confirmed"]) -> None:
        """Say what became of an attempt."""


class OrderLike(Protocol):
    """An order to pay out."""

    @property
    def number(self) -> int: ...  # noqa: D102
    @property
    def account(self) -> str: ...  # noqa: D102
    @property
    def asset(self) -> str: ...  # noqa: D102
    @property
    def units(self) -> int: ...  # noqa: D102
    @property
    def memo(self) -> str: ...  # noqa: D102


class Waiting(NamedTuple):
    """An order that is under way or held back, and why."""

    order: int
    reason: str


Progress = OrderDone | OrderFailed | Waiting


class Outbox:
    """Pays from one account. Keeps nothing between calls: all it needs is in the store and on the chain."""

    def __init__(
        self, chain: Chain, store: AttemptStore, account: str, keyring: Keyring, *, expiration_seconds: int = 60
    ) -> None:
        self._chain = chain
        self._store = store
        self._account = account
        self._keyring = keyring
        self._expiration_seconds = expiration_seconds

    def work(
        self, orders: Sequence[OrderLike], time: int, reserve_units: int, hold: str | None = None
    ) -> list[Progress]:
        """Bring open orders one step further; `time` is the ledger's clock, `reserve_units` what fees may cost.

        With `hold`, a reason, nothing is signed or sent: it is only looked what became of what was.

        An order done or failed is returned until the ledger knows it, so a crash in between loses nothing. Raises a
        `ChainError` if the chain could not be read; nothing is lost then either.
        """
        payer = self._chain.account(self._account)
        attempts = {order.number: list(self._store.attempts(order.number)) for order in orders}
        alive = [one[-1] for one in attempts.values() if one and one[-1].state != "expired"]
        seen = _Seen.read(self._chain, payer.id, alive)
        reserve_units -= sum(_fee_of(one) for one in alive)
        found: list[Progress] = []
        for order in orders:
            last = attempts[order.number][-1] if attempts[order.number] else None
            is_alive = last is not None and last.state != "expired"
            progress = self._resolve(order, last, seen, time, hold) if last is not None and is_alive else None
            if progress is None and hold is not None:
                progress = Waiting(order.number, hold)
            elif progress is None:
                progress, fee_units = self._pay(order, payer, len(attempts[order.number]), time, reserve_units)
                reserve_units -= fee_units
            found.append(progress)
        return found

    def _resolve(
        self, order: OrderLike, last: AttemptLike, seen: _Seen, time: int, hold: str | None
    ) -> Progress | None:
        """What became of the attempt that may still count; None if it is dead, for good."""
        sent = seen.sent.get(last.transaction_id)
        if sent is not None:
            self._store.close_attempt(order.number, last.attempt, "confirmed")
            fee_asset = self._chain.assets_by_id([sent.fee_asset_id])[sent.fee_asset_id].symbol
            return OrderDone(
                time=time,
                order=order.number,
                fee_asset=fee_asset,
                fee=sent.fee_units,
                transaction=last.transaction_id,
                source=sent.source,
            )
        if last.state == "confirmed":
            return Waiting(order.number, f"transaction {last.transaction_id} was seen on the chain, and is not now")
        if seen.time > last.expires:
            self._store.close_attempt(order.number, last.attempt, "expired")
            return None
        if hold is not None:
            return Waiting(order.number, hold)
        return Waiting(order.number, self._send(last.transaction_id, last.signed_transaction))

    def _pay(
        self, order: OrderLike, payer: Account, dead_attempts: int, time: int, reserve_units: int
    ) -> tuple[Progress, int]:
        """Sign, write down, then broadcast; also what fee that binds."""
        try:
            signed = self._sign(order, payer)
        except (NotFoundError, RefusedError, ValueError) as error:
            return Waiting(order.number, f"can't be made: {error}"), 0  # others must not wait for this one
        ahead_seconds = signed.expires - self._expiration_seconds - time
        if ahead_seconds > AHEAD_SECONDS_MAX:  # a lie, or a block to be taken back: it would be long until it expires
            return Waiting(order.number, f"waits: the node's head is {ahead_seconds} s ahead of what was read"), 0
        fee_units = int(signed.transaction["operations"][0][1]["fee"]["amount"])
        if fee_units > reserve_units:
            reason = f"held back: the fee is {fee_units} units and the reserve has {max(0, reserve_units)} left"
            return Waiting(order.number, reason), 0
        if dead_attempts >= ATTEMPTS_MAX and (refusal := self._final_refusal(signed)) is not None:
            return OrderFailed(time=time, order=order.number, reason=refusal), 0
        self._store.save_attempt(
            order.number,
            transaction_id=signed.id,
            signed_transaction=signed.transaction,
            expires=signed.expires,
            reference_block=signed.reference_block,
        )
        return Waiting(order.number, self._send(signed.id, signed.transaction)), fee_units

    def _sign(self, order: OrderLike, payer: Account) -> Signed:
        chain, keyring = self._chain, self._keyring
        signers = [key for key in payer.active_keys if keyring.has(key)]
        if not signers:
            raise KeysError(f"no active key of {payer.name} is here: it needs one of {', '.join(payer.active_keys)}")
        receiver = chain.account(order.account)
        memo = seal_for(order.memo, keyring, payer, receiver)
        operation = transfer(payer.id, receiver.id, Units(chain.asset(order.asset).id, order.units), memo)
        unsigned, reference_block = prepare(chain, [operation], expiration_seconds=self._expiration_seconds)
        return sign_prepared(chain, unsigned, reference_block, keyring, signers)

    def _send(self, transaction_id: str, transaction: Mapping[str, Any]) -> str:
        # Whatever comes back decides nothing: only an irreversible block does
        try:
            broadcast(self._chain.connection, transaction)
        except RefusedError as refusal:
            return f"transaction {transaction_id} was refused for now: {refusal.message}"
        except UnreachableError as fault:
            return f"transaction {transaction_id} was sent, without a reply: {fault}"
        return f"transaction {transaction_id} was sent"

    def _final_refusal(self, signed: Signed) -> str | None:
        """Why the chain would refuse it, if it isn't for the operator to mend; the transaction is not sent."""
        try:
            self._chain.call("validate_transaction", signed.transaction)
        except RefusedError as refusal:
            said = f"{refusal.name} {refusal.message}"
            return None if any(word in said for word in OPERATORS_OWN) else refusal.message
        return None


class _Seen(NamedTuple):
    """The payer's transfers in irreversible blocks by transaction, whole up to a block made at `time`."""

    sent: Mapping[str, Sent]
    time: int

    @classmethod
    def read(cls, chain: Chain, account_id: str, alive: Sequence[AttemptLike]) -> _Seen:
        """Read from before the first attempt that may still count until after the last one's expiration."""
        sent: dict[str, Sent] = {}
        if not alive:
            return cls(sent, 0)
        block, last_expires = min(one.reference_block for one in alive), max(one.expires for one in alive)
        for _ in range(PARTS_MAX):
            history = read_irreversible(chain, account_id, block)
            sent |= {one.transaction: one for one in read_sent(chain, account_id, history.entries)}
            if history.block == block or history.time > last_expires:
                break
            block = history.block
        return cls(sent, history.time)


def _fee_of(attempt: AttemptLike) -> int:
    return int(attempt.signed_transaction["operations"][0][1]["fee"]["amount"])


def seal_for(text: str, keyring: Keyring, sender: Account, receiver: Account) -> dict[str, Any]:
    """A memo for one receiver, encrypted if both have memo keys and ours is here, plain otherwise."""
    null_key = keyring.prefix + NULL_KEY_BODY
    if keyring.has(sender.memo_key) and receiver.memo_key != null_key:
        return envelope.seal(text, keyring, sender.memo_key, receiver.memo_key)
    return envelope.seal_plain(text, keyring.prefix)
