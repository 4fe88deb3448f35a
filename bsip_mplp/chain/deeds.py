"""How a kind of order is carried out: the transaction that it needs, and what is reported once that counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from bsip_mplp.chain.builders import Operation
from bsip_mplp.chain.chain import Account, Chain
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.orders import OrderLike, Progress
from bsip_mplp.chain.own import Own, Seen
from bsip_mplp.rules.inputs import OrderDone


class Context(NamedTuple):
    """What a deed is done with: the chain, the pool's account as it is now, keys, and the ledger's clock.

    With `hold`, a reason, nothing may be sent. `broadcast` hands a signed transaction to a node and says how it went.
    """

    chain: Chain
    pool: Account
    keyring: Keyring
    time: int
    hold: str | None
    broadcast: Callable[[str, Mapping[str, Any]], str]


class Needs(NamedTuple):
    """What a transaction is made of: its operations, and the accounts that sign, each with the keys that are here."""

    operations: Sequence[Operation]
    signers: Sequence[Account]


class Followed(NamedTuple):
    """What came of a transaction that counts, as far as can be told; `is_over` if nothing more will."""

    progress: Sequence[Progress]
    is_over: bool = False


class Deed(Protocol):
    """One kind of order."""

    @property
    def lasts(self) -> bool:
        """Whether something may come of its transaction after that stands in a block."""

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """What it takes; raises `NotFoundError`, `RefusedError` or `ValueError` if it can't be made."""

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """What came of its transaction, which stands in an irreversible block."""


def done(order: OrderLike, own: Own, context: Context) -> Followed:
    """The order is carried out by its transaction alone."""
    report = OrderDone(
        time=context.time,
        order=order.number,
        fee_asset=context.chain.assets_by_id([own.fee_asset_id])[own.fee_asset_id].symbol,
        fee=own.fee_units,
        transaction=own.transaction,
        source=own.source,
    )
    return Followed([report], is_over=True)
