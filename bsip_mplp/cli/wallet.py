"""A person's side of a request: a transfer to the pool's account with an encrypted memo, and where it went."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from bsip_mplp.chain.builders import Operation, Units, call_order_update, limit_order_create, transfer
from bsip_mplp.chain.chain import Chain, Position
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.envelope import seal, seal_plain
from bsip_mplp.chain.errors import KeysError, LackingError, NotFoundError, RefusedError, UnreachableError
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.transactions import Signed, broadcast, prepare, sign_prepared, transaction_id
from bsip_mplp.money import format_units

TAKES: Final = (("fee", 1), ("amount", 1), ("amount_to_sell", 1), ("delta_collateral", 1), ("delta_debt", -1))
"""The amounts by which operations of a wallet take from its account; a debt that grows gives to it."""


class Sent(NamedTuple):
    """A transaction, its id, and whether it was broadcast; `after_block` was the head when it was made.

    `operation` is the place of the request among its operations. Without `was_answered` nobody knows yet whether a node
    took it: only a block can tell.
    """

    transaction: dict[str, Any]
    transaction_id: str
    was_broadcast: bool
    after_block: int
    was_answered: bool = True
    operation: int = 0


class Wallet:
    """Sends transfers of one account."""

    def __init__(
        self, connection: Connection, account: str, pool_account: str, keyring: Keyring | None, expiration_seconds: int
    ) -> None:
        self._connection = connection
        self._chain = Chain(connection)
        self._account = account
        self._pool_account = pool_account
        self._keyring = keyring
        self._expiration_seconds = expiration_seconds
        self._looked_at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def holds(self, asset: str) -> int:
        """What the account holds of an asset now, in smallest units."""
        return self._chain.balances(self._account).get(asset, 0)

    def position(self, market: str) -> Position:
        """The account's own position; all 0 if there is none."""
        return self._chain.positions(market, [self._account])[self._account]

    def send(
        self, asset: str, units: int, memo: str, *, must_broadcast: bool, closing: tuple[str, Position] | None = None
    ) -> Sent:
        """Transfer `units` to the pool's account; raises a `ChainError` that says what to do.

        With `closing`, a market and the account's whole position there, that is closed first in the same transaction.
        Without a keyring the transaction is only shown: its memo is then a plain one, since no key can seal it.
        """
        sender, pool = self._chain.account(self._account), self._chain.account(self._pool_account)
        money = Units(self._chain.asset(asset).id, units)
        first = [] if closing is None else [self._closing(sender.id, *closing)]
        after_block = self._chain.head().number
        if self._keyring is None:
            sealed = seal_plain(memo, self._chain.network.prefix)
        elif self._keyring.has(sender.memo_key):
            sealed = seal(memo, self._keyring, sender.memo_key, pool.memo_key)
        else:
            raise KeysError(f"the memo key of {self._account} is not among your keys: {sender.memo_key}")
        operations = [*first, transfer(sender.id, pool.id, money, sealed)]
        return self._broadcast(operations, sender.active_keys, after_block, must_broadcast=must_broadcast)

    def place(
        self, sell: tuple[str, int], receive: tuple[str, int], life_seconds: int, *, must_broadcast: bool
    ) -> Sent:
        """An order in the chain's own market: sell an amount for at least another."""
        sender, head = self._chain.account(self._account), self._chain.head()
        paid, got = (Units(self._chain.asset(symbol).id, units) for symbol, units in (sell, receive))
        operation = limit_order_create(sender.id, paid, got, head.time + life_seconds)
        return self._broadcast([operation], sender.active_keys, head.number, must_broadcast=must_broadcast)

    def change_position(self, market: str, collateral: int, debt: int, *, must_broadcast: bool) -> Sent:
        """Add collateral and debt to one's position in a market, or take some away where negative.

        The position keeps its target ratio, which the chain would else erase.
        """
        sender, head = self._chain.account(self._account), self._chain.head()
        position = self.position(market)
        core = Units(self._chain.asset(self._chain.core_of(market)).id, collateral)
        bitasset = Units(self._chain.asset(market).id, debt)
        operation = call_order_update(sender.id, core, bitasset, position.target_ratio_permille)
        return self._broadcast([operation], sender.active_keys, head.number, must_broadcast=must_broadcast)

    def _broadcast(
        self, operations: list[Operation], active_keys: tuple[str, ...], after_block: int, *, must_broadcast: bool
    ) -> Sent:
        if self._keyring is None:
            unsigned, _ = prepare(self._chain, operations, expiration_seconds=self._expiration_seconds)
            return Sent(unsigned, transaction_id(unsigned, self._chain.network.prefix), False, after_block)
        signed = self._sign(operations, active_keys)
        was_answered = True
        if must_broadcast:
            try:
                broadcast(self._connection, signed.transaction)
            except UnreachableError:
                was_answered = False
            except RefusedError as error:
                self._explain(signed.transaction)
                raise error from None
        return Sent(signed.transaction, signed.id, must_broadcast, after_block, was_answered, len(operations) - 1)

    def _explain(self, transaction: dict[str, Any]) -> None:
        """Raise `LackingError` if the account holds less than what a refused transaction takes."""
        needed: dict[str, int] = {}
        for _, fields in transaction["operations"]:
            for name, sign in TAKES:
                if name in fields:
                    asset_id = fields[name]["asset_id"]
                    needed[asset_id] = needed.get(asset_id, 0) + sign * int(fields[name]["amount"])
        held = self._chain.balances(self._account)
        for asset in self._chain.assets_by_id(needed).values():
            has, units = held.get(asset.symbol, 0), needed[asset.id]
            if has < units:
                fees = (one["fee"] for _, one in transaction["operations"])
                fee = sum(int(one["amount"]) for one in fees if one["asset_id"] == asset.id)
                own, takes, part = (format_units(count, asset.precision) for count in (has, units, fee))
                within = f" ({part} of it the chain's fee)" if fee else ""
                raise LackingError(
                    f"{self._account} has {own} {asset.symbol}, and this takes {takes} {asset.symbol}{within}: "
                    "nothing was sent"
                )

    def _closing(self, account_id: str, market: str, position: Position) -> Operation:
        core = Units(self._chain.asset(self._chain.core_of(market)).id, -position.collateral)
        debt = Units(self._chain.asset(market).id, -position.debt)
        return call_order_update(account_id, core, debt, None)  # what is closed has no target ratio to keep

    def source_of(self, sent: Sent) -> str | None:
        """The place of a transaction on the chain, as the journal names it; None while it is in no block yet.

        Blocks are looked through once each, from the head of the time when it was made.
        """
        number = max(self._looked_at, sent.after_block)
        while number < self._chain.head().number:
            number += 1
            for place, found in enumerate(self._chain.block(number)["transactions"]):
                if self._id_of(found) == sent.transaction_id:
                    return f"{number}.{place}.{sent.operation}"
            self._looked_at = number
        return None

    def head_numbers(self) -> tuple[int, int]:
        """The newest block and the last irreversible one."""
        head = self._chain.head()
        return head.number, head.irreversible_number

    def _sign(self, operations: list[Operation], active_keys: tuple[str, ...]) -> Signed:
        keyring = self._keyring
        if keyring is None:
            raise KeysError("no key is configured: set keys.file or keys.uptick_wallet")
        own = [key for key in active_keys if keyring.has(key)]
        if not own:
            raise KeysError(
                f"no active key of {self._account} is among your keys: it has {', '.join(active_keys) or 'none'}"
            )
        unsigned, reference = prepare(self._chain, operations, expiration_seconds=self._expiration_seconds)
        return sign_prepared(self._chain, unsigned, reference, keyring, own[:1])

    def _id_of(self, transaction: dict[str, Any]) -> str | None:
        try:
            return transaction_id(transaction, self._chain.network.prefix)
        except (ValueError, NotFoundError):
            return None  # someone else's, of operations that this program doesn't make
