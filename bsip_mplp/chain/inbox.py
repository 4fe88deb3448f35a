"""The inbox: what reached the pool's account in irreversible blocks, as inputs, each with what its memo asks for.

What comes in a transaction that was signed for the pool's account itself is part of an order, and no deposit.
Nothing that a sender writes stops it: a memo that can't be opened or understood makes a plain deposit with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bsip_mplp.chain import memo
from bsip_mplp.chain.builders import ASSET_ISSUE, ASSET_SETTLE, CALL_ORDER_UPDATE, LIMIT_ORDER_CREATE, TRANSFER
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.envelope import EnvelopeError, unseal
from bsip_mplp.chain.errors import NotFoundError
from bsip_mplp.chain.history import BlockSeen, Entry, agreed_time, check_entry, confirmed_block, read_irreversible
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.memo import Context, MemoError, UnknownAssetError
from bsip_mplp.chain.own import creation_of, id_of, own_places, pays, place_of
from bsip_mplp.rules.inputs import Ask, Deposit

GOES_INTO = (LIMIT_ORDER_CREATE, CALL_ORDER_UPDATE, ASSET_SETTLE, ASSET_ISSUE)
"""What puts money of the account into something, or makes units of an asset that it owes for."""

ASSETS_PER_MEMO_MAX = 3
BLOCKS_MAX = 500
"""How many blocks with something in them one reading takes; the rest is left for the next."""


class Sent(NamedTuple):
    """Money that went out of the pool's account, or was put into an order, seen in an irreversible block.

    `transaction` is the id of what was signed for it: of the proposal, where the chain carried one out; "" if that
    can't be told.
    """

    source: str
    transaction: str
    time: int


class Reading(NamedTuple):
    """What came in and what went out after a place, in the chain's order, and the place up to which that is all.

    `block` is irreversible, `time` its time in chain seconds, `operation` the id of the last operation seen, or "",
    `block_id` the block's own id, "" where it isn't known.
    """

    deposits: tuple[Deposit, ...]
    sent: tuple[Sent, ...]
    block: int
    time: int
    operation: str
    block_id: str = ""


class Inbox:
    """Reads deposits to one account. Keeps nothing: the same place gives the same reading."""

    def __init__(self, chain: Chain, account: str, keyring: Keyring, context: Context) -> None:
        self._chain = chain
        self._account = account
        self._keyring = keyring
        self._context = context

    def read(self, after_block: int = 0, operation: str = "") -> Reading:
        """What came after a block that was worked off whole, up to the last irreversible one, or a part of it.

        Raises a `ChainError` if anything could not be read, or what was read does not agree: nothing is taken then.
        """
        account_id = self._chain.account_ids([self._account])[self._account]
        history = read_irreversible(self._chain, account_id, after_block)
        blocks: dict[int, BlockSeen] = {}
        came: list[tuple[Entry, BlockSeen]] = []
        block, time = history.block, history.time
        for entry in history.entries:
            if not (_comes(entry, account_id) or _goes(entry, account_id)):
                continue
            if entry.block not in blocks:
                if len(blocks) == BLOCKS_MAX:
                    block = entry.block - 1
                    time = agreed_time(self._chain, block)
                    break
                blocks[entry.block] = confirmed_block(self._chain, entry.block)
            check_entry(entry, blocks[entry.block])
            came.append((entry, blocks[entry.block]))
        seen = [entry for entry in history.entries if entry.block <= block]
        own = own_places(seen, account_id)
        return Reading(
            deposits=self._deposits(
                [one for one in came if _comes(one[0], account_id) and place_of(one[0]) not in own]
            ),
            sent=tuple(self._sent(account_id, *one) for one in came if _goes(one[0], account_id)),
            block=block,
            time=time,
            operation=seen[-1].id if seen else operation,
        )

    def _sent(self, account_id: str, entry: Entry, block: BlockSeen) -> Sent:
        if entry.virtual is None:
            return Sent(entry.source, id_of(self._chain, block.transactions[entry.transaction]), block.time)
        creation = creation_of(self._chain, account_id, entry)
        if creation is None:
            return Sent(entry.source, "", block.time)
        made_in = confirmed_block(self._chain, creation.block)
        check_entry(creation, made_in)
        return Sent(entry.source, id_of(self._chain, made_in.transactions[creation.transaction]), block.time)

    def _deposits(self, came: list[tuple[Entry, BlockSeen]]) -> tuple[Deposit, ...]:
        names = self._chain.account_names(_sender(entry) for entry, _ in came)
        assets = self._chain.assets_by_id(str(_money(entry)["asset_id"]) for entry, _ in came)
        found = []
        for entry, block in came:
            ask, unreadable = self._understand(entry.fields.get("memo"))
            found.append(
                Deposit(
                    time=block.time,
                    account=names[_sender(entry)],
                    asset=assets[str(_money(entry)["asset_id"])].symbol,
                    amount=int(_money(entry)["amount"]),
                    ask=ask,
                    unreadable=unreadable,
                    source=entry.source,
                )
            )
        return tuple(found)

    def _understand(self, sealed: Mapping[str, Any] | None) -> tuple[Ask | None, str | None]:
        if not sealed:
            return None, None
        try:
            return self._parse(unseal(sealed, self._keyring)), None
        except (EnvelopeError, MemoError) as error:
            return None, str(error)

    def _parse(self, text: str) -> Ask:
        # A memo may name any asset of the chain, such as one to be withdrawn that was sent here by mistake
        context = self._context
        for _ in range(ASSETS_PER_MEMO_MAX):
            try:
                return memo.parse(text, context)
            except UnknownAssetError as error:
                try:
                    asset = self._chain.asset(error.symbol)
                except NotFoundError:
                    raise error from None
                context = replace(context, precisions={**context.precisions, asset.symbol: asset.precision})
        return memo.parse(text, context)


def _comes(entry: Entry, account_id: str) -> bool:
    """Whether money comes; a transfer of the account to itself moves none."""
    if entry.kind not in (TRANSFER, ASSET_ISSUE):
        return False
    return _receiver(entry) == account_id != _sender(entry)


def _goes(entry: Entry, account_id: str) -> bool:
    """Whether money of the account goes, is put into an order, or is made by it."""
    if entry.kind == TRANSFER:
        return _sender(entry) == account_id != _receiver(entry)
    return entry.kind in GOES_INTO and pays(entry, account_id)


def _sender(entry: Entry) -> str:
    return str(entry.fields["issuer" if entry.kind == ASSET_ISSUE else "from"])


def _receiver(entry: Entry) -> str:
    return str(entry.fields["issue_to_account" if entry.kind == ASSET_ISSUE else "to"])


def _money(entry: Entry) -> Mapping[str, Any]:
    money: Mapping[str, Any] = entry.fields["asset_to_issue" if entry.kind == ASSET_ISSUE else "amount"]
    return money
