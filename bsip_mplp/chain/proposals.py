"""What takes more than the pool's own key: it is proposed once, approved once by each, and then carried out whole.

A proposal is made by a transaction like any other, so it is made exactly once. An approval is a transaction whose every
byte follows from the proposal and from how far the chain is irreversible: made again after a crash it is the same one,
and can't count twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import PROPOSAL_CREATE, PROPOSAL_UPDATE, Operation, proposal_create, proposal_update
from bsip_mplp.chain.chain import Account, Chain
from bsip_mplp.chain.clock import seconds_of
from bsip_mplp.chain.deeds import Context, Followed, Needs
from bsip_mplp.chain.errors import KeysError
from bsip_mplp.chain.history import Entry, agreed_time, is_same, read_irreversible, words_of
from bsip_mplp.chain.keys import Keyring
from bsip_mplp.chain.orders import OrderLike, Waiting
from bsip_mplp.chain.own import Own, Seen, pays
from bsip_mplp.chain.sales import made_by
from bsip_mplp.chain.transactions import Signed, prepare_at, sign_prepared, try_broadcast, with_fees
from bsip_mplp.rules.inputs import OrderDone, OrderFailed

PROPOSAL_SECONDS = 3600
"""How long approvals are waited for, by default."""

APPROVAL_SECONDS = 120
"""How long an approval's transaction may stand in no block before another one is made."""


class Proposal(NamedTuple):
    """A proposal as it was made in an irreversible block, at `time`; it is gone at `expires`, in chain seconds."""

    id: str
    operations: Sequence[Sequence[Any]]
    block: int
    time: int
    expires: int


class Proposed:
    """An order whose operations are proposed by the pool's account, and carried out once all have approved.

    An order whose proposal was not carried out in its time has failed: what others did not approve is not asked twice.
    """

    lasts = True

    def __init__(
        self,
        operations_of: Callable[[OrderLike, Context], list[Operation]],
        *,
        life_seconds: int = PROPOSAL_SECONDS,
        approval_seconds: int = APPROVAL_SECONDS,
    ) -> None:
        self._operations_of = operations_of
        self._life_seconds = life_seconds
        self._approval_seconds = approval_seconds

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """The proposal."""
        operations = self._operations_of(order, context)
        expires = context.chain.head().time + self._life_seconds
        return Needs([proposal_create(context.pool.id, operations, expires)], [context.pool])

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """Approved for the pool's account, and then: carried out, or still waited for, or expired."""
        chain = context.chain
        proposal = proposal_of(chain, own.first)
        fee_asset = chain.assets_by_id([own.fee_asset_id])[own.fee_asset_id].symbol
        fee_units = own.fee_units + _approval_fees(proposal.id, context.pool.id, seen.entries)
        if is_carried_out(proposal, context.pool.id, seen.entries):
            fee_units += sum(int(fields["fee"]["amount"]) for _, fields in proposal.operations)
            done = OrderDone(
                time=context.time, order=order.number, fee_asset=fee_asset, fee=fee_units,
                transaction=own.transaction, source=own.source,
            )  # fmt: skip
            return Followed([done], is_over=True)
        if seen.time >= proposal.expires:
            reason = (
                f"proposal {proposal.id} was not carried out in its time: approvals were missing, or it was refused"
            )
            failed = OrderFailed(
                time=context.time, order=order.number, reason=reason, fee_asset=fee_asset, fee=fee_units,
                source=own.source,
            )  # fmt: skip
            return Followed([failed], is_over=True)
        said = self._approve(proposal, seen.time, context)
        return Followed([Waiting(order.number, said)])

    def _approve(self, proposal: Proposal, irreversible_time: int, context: Context) -> str:
        if context.hold is not None:
            return context.hold
        approval = approval_of(
            context.chain, proposal, context.pool, context.keyring, irreversible_time, self._approval_seconds
        )
        if isinstance(approval, str):
            return approval
        return f"approving proposal {proposal.id}: {context.broadcast(approval.id, approval.transaction)}"


def proposal_of(chain: Chain, created: Entry) -> Proposal:
    """The proposal that an operation in an irreversible block made."""
    return Proposal(
        id=made_by(created),
        operations=[one["op"] for one in created.fields["proposed_ops"]],
        block=created.block,
        time=agreed_time(chain, created.block),
        expires=seconds_of(str(created.fields["expiration_time"])),
    )


def is_carried_out(proposal: Proposal, account_id: str, entries: Sequence[Entry]) -> bool:
    """Whether the chain did what was proposed, as an account's irreversible operations tell.

    The account's own transfer in it has a nonce, so nothing else is the same.
    """
    return any(
        entry.virtual is not None
        and pays(entry, account_id)
        and any(int(kind) == entry.kind and is_same(fields, entry.fields) for kind, fields in proposal.operations)
        for entry in entries
    )


def _approval_fees(proposal_id: str, account_id: str, entries: Sequence[Entry]) -> int:
    return sum(
        int(entry.fields["fee"]["amount"])
        for entry in entries
        if entry.kind == PROPOSAL_UPDATE
        and entry.virtual is None
        and pays(entry, account_id)
        and str(entry.fields["proposal"]) == proposal_id
    )


def approval_of(
    chain: Chain,
    proposal: Proposal,
    account: Account,
    keyring: Keyring,
    irreversible_time: int,
    approval_seconds: int = APPROVAL_SECONDS,
) -> Signed | str:
    """The one transaction by which an account approves a proposal now; words, if there is nothing to send.

    It refers to the proposal's block, and expires at the first of a row of times that is not irreversibly past: so
    there is never a second one while the first may still count. Raises `KeysError`.
    """
    found = chain.call("get_objects", [proposal.id])[0]
    if found is None:
        return f"proposal {proposal.id} is carried out, or gone"
    if account.id in found["available_active_approvals"]:
        missing = found.get("fail_reason") or "other approvals are waited for"
        return f"proposal {proposal.id} is approved by {account.name}: {missing}"
    rows = (irreversible_time - proposal.time) // approval_seconds + 1
    expires = min(proposal.time + rows * approval_seconds, proposal.expires)
    if expires <= chain.head().time:
        return f"the approval of proposal {proposal.id} waits until the chain is irreversible up to its last attempt"
    signers = [key for key in account.active_keys if keyring.has(key)]
    if not signers:
        raise KeysError(f"no active key of {account.name} is here: it needs one of {', '.join(account.active_keys)}")
    approval = proposal_update(account.id, proposal.id, approve=[account.id])
    return sign_prepared(
        chain, prepare_at(chain, [approval], proposal.block, expires), proposal.block, keyring, signers
    )


def open_proposals(chain: Chain, account: str, after_block: int) -> list[Proposal]:
    """The proposals that an account made in irreversible blocks after a block, and that are neither done nor gone."""
    account_id = chain.account_ids([account])[account]
    history = read_irreversible(chain, account_id, after_block)
    created = [one for one in history.entries if one.kind == PROPOSAL_CREATE and pays(one, account_id)]
    found = chain.call("get_objects", [made_by(one) for one in created]) if created else []
    return [proposal_of(chain, one) for one, still in zip(created, found, strict=True) if still is not None]


def is_what_was_ordered(proposal: Proposal, ordered: Sequence[Operation], chain: Chain) -> bool:
    """Whether a proposal is made of the very operations of an order, but for the memo, which is another each time.

    Its fees must be those that the chain asks for, since they are paid out of the pool and the vault.
    """
    proposed = [(int(kind), dict(fields)) for kind, fields in proposal.operations]
    if _essence(proposed) != _essence(ordered):
        return False
    asked = zip(proposed, with_fees(chain, proposed), strict=True)
    return all(is_same(fields["fee"], wanted["fee"]) for (_, fields), (_, wanted) in asked)


def _essence(operations: Sequence[Sequence[Any]]) -> list[Any]:
    return [
        [int(kind), words_of({name: value for name, value in fields.items() if name not in ("memo", "fee")})]
        for kind, fields in operations
    ]


def cosign(
    chain: Chain,
    keeper: str,
    pool: str,
    keyring: Keyring,
    orders: Sequence[OrderLike],
    operations_of: Callable[[OrderLike, Context], list[Operation]],
    after_block: int,
    *,
    approval_seconds: int = APPROVAL_SECONDS,
) -> list[str]:
    """Another keeper's part where m of n keep the vaults (V-2): it approves what was ordered, and nothing else.

    `orders` are those that this keeper's own journal knows as open; `operations_of` makes their operations. Proposals
    of the pool's account made after a block are looked at. Gives a line for each. It may be called as often as one
    likes, and started again at any time.
    """
    account, irreversible_time = chain.account(keeper), chain.head().irreversible_time
    context = Context(chain, chain.account(pool), keyring, irreversible_time, None, partial(try_broadcast, chain))
    told = []
    for proposal in open_proposals(chain, pool, after_block):
        order = next((one for one in orders if is_what_was_ordered(proposal, operations_of(one, context), chain)), None)
        if order is None:
            told.append(f"proposal {proposal.id} of {pool} is none of the open orders: it is not approved")
            continue
        approval = approval_of(chain, proposal, account, keyring, irreversible_time, approval_seconds)
        if isinstance(approval, Signed):
            approval = context.broadcast(approval.id, approval.transaction)
        told.append(f"order {order.number}, proposal {proposal.id}: {approval}")
    return told
