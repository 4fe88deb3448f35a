"""Fees that a bitasset collected: claimed by its owner and paid into the market's insurance fund (PL-42).

Both are one transaction, so each unit that is claimed is paid in, and nothing else ever is. That is why nothing has to
be written down: if a reply is lost and the same is tried again, the chain refuses what is not there any more, or the
second transaction claims, and pays in, what was collected since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from bsip_mplp.chain.builders import Operation, Units, asset_claim_fees, transfer
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.envelope import seal_for
from bsip_mplp.chain.errors import KeysError, RefusedError, UnreachableError
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.transactions import broadcast, sign


class Collected(NamedTuple):
    """What a market's bitasset collected and nobody claimed yet, in smallest units by symbol; who owns the bitasset.

    In the bitasset itself: market fees. In the asset that backs it: fees of margin calls.
    """

    market: str
    owner: str
    units: Mapping[str, int]


def read_collected(chain: Chain, markets: Iterable[str]) -> list[Collected]:
    """What the bitassets of markets collected, in two calls; raises a `ChainError`."""
    symbols = sorted(markets)
    assets = chain.assets(symbols)
    found = chain.call("get_objects", [assets[symbol].id for symbol in symbols])
    dynamic = chain.call("get_objects", [one["dynamic_asset_data_id"] for one in found])
    owners = chain.account_names(str(one["issuer"]) for one in found)
    return [
        Collected(
            symbol,
            owners[str(one["issuer"])],
            {
                symbol: int(data["accumulated_fees"]),
                chain.core_of(symbol): int(data.get("accumulated_collateral_fees", 0)),
            },
        )
        for symbol, one, data in zip(symbols, found, dynamic, strict=True)
    ]


class Claims:
    """Claims for one account, the owner of bitassets, whose key is here; the fees of the chain are that account's."""

    def __init__(
        self,
        chain: Chain,
        account: str,
        pool_account: str,
        keyring: Keyring,
        expiration_seconds: int,
        before_sending: Callable[[], None] | None = None,
    ) -> None:
        self.account = account
        self._chain = chain
        self._pool_account = pool_account
        self._keyring = keyring
        self._expiration_seconds = expiration_seconds
        self._before_sending = before_sending

    def pay_in(self, market: str, asset: str, units: int) -> str:
        """Claim `units` of `asset` that a market's bitasset collected, and pay them in; says what came of it.

        Raises `KeysError` if the account's key is not here, and a `ChainError` if the chain could not be read.
        """
        owner = self._chain.account(self.account)
        signers = [key for key in owner.active_keys if self._keyring.has(key)]
        if not signers:
            raise KeysError(f"no active key of {owner.name} is here: it needs one of {', '.join(owner.active_keys)}")
        what = f"{units} units of {asset} that {market} collected"
        try:
            operations = self._operations(owner.id, market, asset, units)
            signed = sign(self._chain, operations, self._keyring, signers, expiration_seconds=self._expiration_seconds)
            if self._before_sending is not None:
                self._before_sending()
            broadcast(self._chain.connection, signed.transaction)
        except RefusedError as refusal:
            return f"{what}: refused for now: {refusal.message}"
        except UnreachableError as fault:
            return f"{what}: sent without a reply: {fault}"
        return f"{what}: claimed and paid in by transaction {signed.id}"

    def _operations(self, owner_id: str, market: str, asset: str, units: int) -> tuple[Operation, Operation]:
        assets = self._chain.assets([market, asset])
        money = Units(assets[asset].id, units)
        claim_from = None if asset == market else assets[market].id
        pool = self._chain.account(self._pool_account)
        memo = seal_for(f"mplp insure market={market}", self._keyring, self._chain.account(self.account), pool)
        return asset_claim_fees(owner_id, money, claim_from), transfer(owner_id, pool.id, money, memo)
