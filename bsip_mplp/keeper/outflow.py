"""What a transaction that was signed and is not resolved yet may take out of an account, for the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bsip_mplp.chain.builders import (
    ASSET_RESERVE,
    ASSET_SETTLE,
    LIMIT_ORDER_CREATE,
    PAYERS,
    PROPOSAL_CREATE,
    TRANSFER,
)
from bsip_mplp.chain.chain import Chain

TAKES = {
    TRANSFER: ("from", "amount"),
    LIMIT_ORDER_CREATE: ("seller", "amount_to_sell"),
    ASSET_SETTLE: ("account", "amount"),
    ASSET_RESERVE: ("payer", "amount_to_reserve"),
}
"""By kind of operation, whose money it takes and how much; what a sale brings in return is not counted."""


def outflow_of(chain: Chain, account: str) -> Callable[[Mapping[str, Any]], Mapping[str, int]]:
    """How much a transaction may take out of an account at the most, by symbol, in smallest units."""
    account_id = chain.account_ids([account])[account]

    def outflow(transaction: Mapping[str, Any]) -> Mapping[str, int]:
        taken: dict[str, int] = {}
        for kind, fields in _operations(transaction["operations"]):
            if fields.get(PAYERS.get(kind, "")) == account_id:
                _add(taken, fields["fee"])
            whose, amount = TAKES.get(kind, ("", ""))
            if fields.get(whose) == account_id:
                _add(taken, fields[amount])
        symbols = chain.assets_by_id(taken)
        return {symbols[asset_id].symbol: units for asset_id, units in taken.items()}

    return outflow


def _add(taken: dict[str, int], money: Mapping[str, Any]) -> None:
    asset_id = str(money["asset_id"])
    taken[asset_id] = taken.get(asset_id, 0) + int(money["amount"])


def _operations(operations: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The operations of a transaction, with those that it proposes."""
    for kind, fields in operations:
        yield kind, fields
        if kind == PROPOSAL_CREATE:
            yield from _operations([one["op"] for one in fields["proposed_ops"]])
