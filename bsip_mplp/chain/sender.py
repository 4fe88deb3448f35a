"""One transfer with a memo, as any wallet makes it, and the place on the chain where it then stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import TRANSFER, Units, transfer
from bsip_mplp.chain.chain import Account, Chain
from bsip_mplp.chain.errors import ChainError, KeysError, RefusedError
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.outbox import seal_for
from bsip_mplp.chain.transactions import broadcast, prepare, sign_prepared, transaction_id

POLL_SECONDS = 0.5
POLLS_MAX = 7200


class Transfer(NamedTuple):
    """A transfer: the transaction, its id ("" while unsigned), and where it stands ("" if it wasn't broadcast)."""

    transaction: dict[str, Any]
    transaction_id: str
    source: str

    @property
    def broadcast(self) -> bool:
        """Whether it stands on the chain."""
        return bool(self.source)


class Sender:
    """Sends from one account to the pool's account."""

    def __init__(
        self,
        chain: Chain,
        keyring: Keyring,
        account: str,
        to: str,
        *,
        expiration_seconds: int = 60,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._chain = chain
        self._keyring = keyring
        self._account = account
        self._to = to
        self._expiration_seconds = expiration_seconds
        self._sleep = sleep

    def send(self, asset: str, units: int, memo: str, *, sign: bool = True, broadcast: bool = True) -> Transfer:
        """Make the transfer, sign and broadcast it, and wait for the block that takes it.

        Raises a `ChainError`: a key that isn't here, a refusal of the node, or that no block took it in time (then
        none ever will).
        """
        payer, receiver = self._chain.account(self._account), self._chain.account(self._to)
        sealed = seal_for(memo, self._keyring, payer, receiver)
        operation = transfer(payer.id, receiver.id, Units(self._chain.asset(asset).id, units), sealed)
        unsigned, reference_block = prepare(self._chain, [operation], expiration_seconds=self._expiration_seconds)
        if not sign:
            return Transfer(unsigned, "", "")
        signers = [key for key in payer.active_keys if self._keyring.has(key)]
        if not signers:
            raise KeysError(f"no active key of {payer.name} is here: it needs one of {', '.join(payer.active_keys)}")
        signed = sign_prepared(self._chain, unsigned, reference_block, self._keyring, signers)
        if not broadcast:
            return Transfer(signed.transaction, signed.id, "")
        self._hand_over(signed.transaction)
        source = self._find(payer, signed.id, signed.expires, reference_block)
        return Transfer(signed.transaction, signed.id, source)

    def _hand_over(self, transaction: dict[str, Any]) -> None:
        # A lost reply is no failure: the chain is asked next, and tells
        from bsip_mplp.chain.errors import UnreachableError

        try:
            broadcast(self._chain.connection, transaction)
        except RefusedError as refusal:
            raise RefusedError("transfer", refusal.message, refusal.code, refusal.name, refusal.data) from None
        except UnreachableError:
            self._sleep(POLL_SECONDS)

    def _find(self, payer: Account, wanted: str, expires: int, reference_block: int) -> str:
        prefix = self._chain.network.prefix
        for _ in range(POLLS_MAX):
            head = self._chain.head()
            page = self._chain.connection.call("history", "get_account_history", payer.id, "1.11.0", 100, "1.11.0")
            for one in page:
                if one["op"][0] == TRANSFER and int(one["block_num"]) > reference_block:
                    block, place = int(one["block_num"]), int(one["trx_in_block"])
                    transactions = self._chain.block(block)["transactions"]
                    if place < len(transactions) and _is(transactions[place], wanted, prefix):
                        return f"{block}.{place}.{one['op_in_trx']}"
            if head.time > expires:
                raise ChainError(f"no block took transaction {wanted} before it expired: nothing was sent")
            self._sleep(POLL_SECONDS)
        raise ChainError(f"transaction {wanted} was sent and is in no block yet: look for it before sending again")


def _is(transaction: dict[str, Any], wanted: str, prefix: str) -> bool:
    try:
        return transaction_id(transaction, prefix) == wanted
    except ValueError:
        return False  # of operations that this program doesn't make
