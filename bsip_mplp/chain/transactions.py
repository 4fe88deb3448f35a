"""Transactions: serialised, identified, signed and broadcast, each made anew for one intent.

The library's builder is not used: it keeps operations after an exception, takes the expiration from the local clock
and tells a success after a lost reply as an error (chain.md, 1, 2, 11).
"""

from __future__ import annotations

import copy
import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import ASSET_CLAIM_FEES, PROPOSAL_CREATE, PROPOSAL_DELETE, PUBLISH_FEED, Operation
from bsip_mplp.chain.chain import CORE_ID, Chain
from bsip_mplp.chain.clock import seconds_of, text_of
from bsip_mplp.chain.connection import Caller
from bsip_mplp.chain.errors import KeysError, NotFoundError, RefusedError, UnreachableError
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.quorum import agreed


class Signed(NamedTuple):
    """A signed transaction as the node takes it, its id, when it expires, and the block it refers to (TaPoS)."""

    transaction: dict[str, Any]
    id: str
    expires: int
    reference_block: int


def check_signing() -> None:
    """Raise `KeysError` unless the library signs with libsecp256k1 (chain.md, 13: else slow, or every one fails)."""
    from graphenebase.ecdsa import SECP256K1_MODULE

    if SECP256K1_MODULE != "secp256k1":
        raise KeysError(f"signatures would be made by {SECP256K1_MODULE}: install it with pip install secp256k1")


def sign(chain: Chain, operations: Sequence[Operation], keyring: Keyring, signers: Iterable[str], *,
         expiration_seconds: int) -> Signed:  # fmt: skip
    """Make a transaction of the operations, with the chain's fees and its time, signed by the keys named.

    It expires `expiration_seconds` after the head block's time, never by a local clock.
    """
    unsigned, reference_block = prepare(chain, operations, expiration_seconds=expiration_seconds)
    return sign_prepared(chain, unsigned, reference_block, keyring, signers)


def prepare(chain: Chain, operations: Sequence[Operation], *, expiration_seconds: int) -> tuple[dict[str, Any], int]:
    """The unsigned transaction with its fees, and the number of the block it refers to."""
    head = chain.head()
    # An irreversible block can't be forked away, so no fork makes the transaction invalid
    reference = head.irreversible_number
    return prepare_at(chain, operations, reference, head.time + expiration_seconds), reference


def prepare_at(chain: Chain, operations: Sequence[Operation], reference_block: int, expires: int) -> dict[str, Any]:
    """The unsigned transaction with its fees that refers to an irreversible block and expires at a time."""
    return {
        "ref_block_num": reference_block & 0xFFFF,
        "ref_block_prefix": struct.unpack_from("<I", bytes.fromhex(_block_id(chain, reference_block)), 4)[0],
        "expiration": text_of(expires),
        "operations": with_fees(chain, operations),
        "extensions": [],
        "signatures": [],
    }


def with_fees(chain: Chain, operations: Sequence[Operation]) -> list[list[Any]]:
    """The operations with the fees that the chain asks for now, in the core asset; several nodes must agree on them."""
    asked = [list(operation) for operation in operations]

    def tell(one: Chain) -> list[Any]:
        return [_told(fee) for fee in one.call("get_required_fees", asked, CORE_ID)]

    fees = agreed(chain, tell, "fees")
    return [_with_fee(number, fields, fee) for (number, fields), fee in zip(operations, fees, strict=True)]


def _told(fee: Any) -> Any:
    """A fee as units and asset; of a proposal, for which the node tells two things, its own and those within."""
    if isinstance(fee, Mapping):
        return int(fee["amount"]), str(fee["asset_id"])
    own, inner = fee
    return _told(own), [_told(one) for one in inner]


def _with_fee(number: int, fields: Mapping[str, Any], fee: Any) -> list[Any]:
    made = copy.deepcopy(dict(fields))
    if number == PROPOSAL_CREATE:
        fee, inner = fee
        wrapped = zip(made["proposed_ops"], inner, strict=True)
        made["proposed_ops"] = [{"op": _with_fee(one["op"][0], one["op"][1], each)} for one, each in wrapped]
    units, asset_id = fee
    return [number, {**made, "fee": {"amount": units, "asset_id": asset_id}}]


def binds_units(transaction: Mapping[str, Any]) -> int:
    """What of the reserve a transaction binds: its fees, and those of what it proposes."""
    proposed = [
        one["op"] for kind, fields in transaction["operations"] if kind == PROPOSAL_CREATE
        for one in fields["proposed_ops"]
    ]  # fmt: skip
    return sum(fees_of(transaction).values()) + sum(fees_of({"operations": proposed}).values())


def fees_of(transaction: Mapping[str, Any]) -> dict[str, int]:
    """What a transaction costs, by the id of the asset, whoever pays; a proposal's own fee, not what it proposes."""
    fees: dict[str, int] = {}
    for _, fields in transaction["operations"]:
        asset_id = str(fields["fee"]["asset_id"])
        fees[asset_id] = fees.get(asset_id, 0) + int(fields["fee"]["amount"])
    return fees


def sign_prepared(
    chain: Chain, unsigned: Mapping[str, Any], reference_block: int, keyring: Keyring, signers: Iterable[str]
) -> Signed:
    """Sign a transaction that is ready; raises `KeysError` for a key that isn't here."""
    check_signing()
    from graphenebase.ecdsa import sign_message

    network = chain.network
    body = serialise(unsigned, network.prefix)
    message = bytes.fromhex(network.chain_id) + body
    signatures = [sign_message(message, keyring.secret(key).reveal()).hex() for key in dict.fromkeys(signers)]
    transaction = {**copy.deepcopy(dict(unsigned)), "signatures": signatures}
    return Signed(transaction, _id_of(body), seconds_of(str(unsigned["expiration"])), reference_block)


def broadcast(connection: Caller, transaction: Mapping[str, Any]) -> None:
    """Hand a signed transaction to a node, once.

    That the node has it already is no error. Raises `RefusedError` if the node's rules refuse it, and
    `UnreachableError` when the reply was lost: then it may or may not have been taken, and only the chain can tell.
    """
    try:
        connection.call_once("network_broadcast", "broadcast_transaction", dict(transaction))
    except RefusedError as refusal:
        if not refusal.is_duplicate:
            raise


def try_broadcast(chain: Chain, transaction_id: str, transaction: Mapping[str, Any]) -> str:
    """Hand it to a node and say in words how that went, which decides nothing: only an irreversible block does."""
    try:
        broadcast(chain.connection, transaction)
    except RefusedError as refusal:
        return f"transaction {transaction_id} was refused for now: {refusal.message}"
    except UnreachableError as fault:
        return f"transaction {transaction_id} was sent, without a reply: {fault}"
    return f"transaction {transaction_id} was sent"


def transaction_id(transaction: Mapping[str, Any], prefix: str) -> str:
    """The id of a transaction, computed here from what is in it."""
    return _id_of(serialise(transaction, prefix))


def serialise(transaction: Mapping[str, Any], prefix: str) -> bytes:
    """A transaction without its signatures in the chain's binary form, which is hashed and signed.

    Raises `ValueError` for an operation that this program doesn't make.
    """
    from graphenebase.types import Array, PointInTime, Set, Uint16, Uint32

    try:
        operations = Array([_operation(number, fields, prefix) for number, fields in transaction["operations"]])
        return (
            bytes(Uint16(int(transaction["ref_block_num"])))
            + bytes(Uint32(int(transaction["ref_block_prefix"])))
            + bytes(PointInTime(str(transaction["expiration"])))
            + bytes(operations)
            + bytes(Set([]))
        )
    except Exception as error:  # noqa: BLE001  the library raises what it likes for what it doesn't know
        raise ValueError(f"a transaction can't be serialised: {type(error).__name__} {error}") from None


def _operation(number: int, fields: Mapping[str, Any], prefix: str) -> Any:
    from bitsharesbase.objects import Operation as LibraryOperation

    # The library's classes write into what they are given
    fields = {**copy.deepcopy(dict(fields)), "prefix": prefix}
    if number == ASSET_CLAIM_FEES:
        return _ClaimOperation(fields)
    if number == PUBLISH_FEED:
        return _FeedOperation(fields)
    if number == PROPOSAL_CREATE:
        return _ProposalOperation(fields)
    if number == PROPOSAL_DELETE:
        return _VetoOperation(fields)
    return LibraryOperation([number, fields])


class _ClaimOperation:
    """`asset_claim_fees` with the asset to claim from in its extension, which the library leaves out."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __bytes__(self) -> bytes:
        from bitsharesbase.objects import ObjectId
        from graphenebase.objects import Asset
        from graphenebase.types import varint

        fields = self._fields
        source = fields["extensions"].get("claim_from_asset_id") if fields["extensions"] else None
        return bytes(
            varint(ASSET_CLAIM_FEES)
            + bytes(Asset(fields["fee"]))
            + bytes(ObjectId(fields["issuer"], "account"))
            + bytes(Asset(fields["amount_to_claim"]))
            + (varint(0) if source is None else varint(1) + varint(0) + bytes(ObjectId(source, "asset")))
        )


class _FeedOperation:
    """`asset_publish_feed` with the ICR in its extension, which the library leaves out (chain.md, 12)."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __bytes__(self) -> bytes:
        from bitsharesbase.objects import ObjectId, PriceFeed
        from graphenebase.objects import Asset
        from graphenebase.types import Uint16, varint

        fields = self._fields
        icr = fields["extensions"].get("initial_collateral_ratio") if fields["extensions"] else None
        return bytes(
            varint(PUBLISH_FEED)
            + bytes(Asset(fields["fee"]))
            + bytes(ObjectId(fields["publisher"], "account"))
            + bytes(ObjectId(fields["asset_id"], "asset"))
            + bytes(PriceFeed(fields["feed"]))
            + (varint(0) if icr is None else varint(1) + varint(0) + bytes(Uint16(icr)))
        )


class _VetoOperation:
    """`proposal_delete`, which the library doesn't have."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __bytes__(self) -> bytes:
        from bitsharesbase.objects import ObjectId
        from graphenebase.objects import Asset
        from graphenebase.types import Bool, Set, varint

        fields = self._fields
        return bytes(
            varint(PROPOSAL_DELETE)
            + bytes(Asset(fields["fee"]))
            + bytes(ObjectId(fields["fee_paying_account"], "account"))
            + bytes(Bool(fields["using_owner_authority"]))
            + bytes(ObjectId(fields["proposal"], "proposal"))
            + bytes(Set([]))
        )


class _ProposalOperation:
    """`proposal_create` with its operations serialised as here: the library's own forget the prefix of keys."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __bytes__(self) -> bytes:
        from bitsharesbase.objects import ObjectId
        from graphenebase.objects import Asset
        from graphenebase.types import Array, Optional, PointInTime, Set, Uint32, varint

        fields = self._fields
        review = fields.get("review_period_seconds")
        proposed = [_operation(one["op"][0], one["op"][1], fields["prefix"]) for one in fields["proposed_ops"]]
        return bytes(
            varint(PROPOSAL_CREATE)
            + bytes(Asset(fields["fee"]))
            + bytes(ObjectId(fields["fee_paying_account"], "account"))
            + bytes(PointInTime(fields["expiration_time"]))
            + bytes(Array(proposed))
            + bytes(Optional(None if review is None else Uint32(review)))
            + bytes(Set([]))
        )


def _id_of(body: bytes) -> str:
    return hashlib.sha256(body).digest()[:20].hex()


def _block_id(chain: Chain, number: int) -> str:
    head = chain.head()
    if number == head.number:
        return head.block_id
    header = chain.call("get_block_header", number + 1)
    if header is None:
        raise NotFoundError(f"the node has no block {number + 1}")
    return str(header["previous"])
