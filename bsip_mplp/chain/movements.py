"""What an account's operations did to what it holds, each with the transaction of its own that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import (
    ACCOUNT_CREATE,
    ACCOUNT_UPDATE,
    ACCOUNT_UPGRADE,
    ASSET_CREATE,
    ASSET_ISSUE,
    ASSET_RESERVE,
    ASSET_SETTLE,
    FILL_ORDER,
    LIMIT_ORDER_CANCEL,
    LIMIT_ORDER_CREATE,
    PROPOSAL_CREATE,
    PROPOSAL_DELETE,
    PROPOSAL_UPDATE,
    SETTLE_CANCEL,
    TRANSFER,
)
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.history import Entry, entries_before
from bsip_mplp.chain.own import creation_of, id_of, own_places, pays, place_of
from bsip_mplp.chain.sales import Course, course_of_sale, course_of_settlement, made_by, net_of, paid_at_once

FEE_ONLY = {
    ACCOUNT_CREATE, ACCOUNT_UPDATE, ACCOUNT_UPGRADE, ASSET_CREATE, PROPOSAL_CREATE, PROPOSAL_UPDATE, PROPOSAL_DELETE,
}  # fmt: skip
"""What costs the account a fee, and nothing if another pays that."""


class Movement(NamedTuple):
    """What an operation did: `units` came (went, if negative), and the fee that the account paid itself.

    `transaction` is the id of what was signed for it, "" if it is nobody's of this account, or can't be told. `report`
    is the source under which the ledger counts it: its own for a deposit or a fill, its transaction's for most, and ""
    where nothing stands on the chain yet by which it would be counted (the fee of a limit order that still stands).
    """

    source: str
    block: int
    asset: str
    units: int
    fee_asset: str
    fee_units: int
    transaction: str
    report: str = ""


class _Belonging(NamedTuple):
    """The account's own transaction that something belongs to, and under which source that counts."""

    transaction: str
    report: str


def movements_of(
    chain: Chain, account_id: str, entries: Sequence[Entry]
) -> tuple[tuple[Movement, ...], tuple[tuple[int, str], ...]]:
    """The movements of operations, oldest first; and of which it isn't known what they did, with their block."""
    reader = _Reader(chain, account_id, entries)
    movements: list[Movement] = []
    strange: list[tuple[int, str]] = []
    for entry in entries:
        found = reader.movements(entry)
        if found is None:
            strange.append((entry.block, f"operation {entry.source} of kind {entry.kind}"))
        else:
            movements.extend(found)
    return tuple(movements), tuple(strange)


class _Reader:
    """The operations of one account, and what is looked up to tell them."""

    def __init__(self, chain: Chain, account_id: str, entries: Sequence[Entry]) -> None:
        self._chain = chain
        self._account_id = account_id
        self._entries = entries
        self._own = own_places(entries, account_id)
        self._belongings: dict[str, _Belonging] = {}

    def movements(self, entry: Entry) -> list[Movement] | None:
        """What one did; None if this program can't tell."""
        if entry.kind == TRANSFER:
            return [self._transfer(entry)]
        if entry.kind == ASSET_ISSUE:
            return [self._issued(entry)]
        if entry.kind == ASSET_RESERVE:
            return [self._movement(entry, entry.fields["amount_to_reserve"], -1, self._belonging(entry), is_own=True)]
        if entry.kind in FEE_ONLY:
            return [self._fee(entry, self._belonging(entry))] if pays(entry, self._account_id) else []
        if entry.kind == LIMIT_ORDER_CREATE:
            return [self._fee(entry, self._until(entry, course_of_sale(entry, self._entries)))]
        if entry.kind == LIMIT_ORDER_CANCEL:
            return self._cancelled(entry)
        if entry.kind == ASSET_SETTLE:
            return self._settle(entry)
        if entry.kind == FILL_ORDER:
            return self._filled(entry)
        return [] if entry.kind == SETTLE_CANCEL else None  # what was to be settled was held all the time

    def _transfer(self, entry: Entry) -> Movement:
        is_own, money = pays(entry, self._account_id), entry.fields["amount"]
        sign = (str(entry.fields["to"]) == self._account_id) - is_own
        if not is_own and place_of(entry) not in self._own:
            return self._movement(entry, money, sign, _Belonging("", entry.source))
        return self._movement(entry, money, sign, self._belonging(entry), is_own=is_own)

    def _issued(self, entry: Entry) -> Movement:
        """New units of an asset: money that came, or a fee where the account itself issued them to another."""
        is_own = pays(entry, self._account_id)
        came = int(str(entry.fields["issue_to_account"]) == self._account_id)
        belonging = self._belonging(entry) if is_own else _Belonging("", entry.source)
        return self._movement(entry, entry.fields["asset_to_issue"], came, belonging, is_own=is_own)

    def _settle(self, entry: Entry) -> list[Movement]:
        found = [self._fee(entry, self._until(entry, course_of_settlement(entry, self._entries)))]
        own = self._belonging(entry)
        if paid_at_once(entry):
            result = entry.result[1] if entry.result else {}
            found += [self._movement(entry, one, -1, own) for one in result["paid"]]
            found += [self._movement(entry, one, 1, own) for one in result["received"]]
        return found

    def _filled(self, entry: Entry) -> list[Movement] | None:
        created = self._created(str(entry.fields["order_id"]), entry)
        if created is None:
            return None
        own = _Belonging(self._belonging(created).transaction, entry.source)
        receives = {**entry.fields["receives"], "amount": net_of(entry)}
        return [self._movement(entry, entry.fields["pays"], -1, own), self._movement(entry, receives, 1, own)]

    def _cancelled(self, entry: Entry) -> list[Movement] | None:
        created = self._created(str(entry.fields["order"]), entry)
        if created is None:
            return None
        course = course_of_sale(created, [*self._between(created), *self._entries])
        own = _Belonging(self._belonging(created).transaction, entry.source)
        returned = {**created.fields["fee"], "amount": course.returned_units}
        return [self._movement(entry, returned, 1, own, is_own=entry.virtual is None)]

    def _between(self, created: Entry) -> list[Entry]:
        """The operations after one that was made before those at hand, up to them."""
        if not self._entries or created.instance >= self._entries[0].instance:
            return []
        before = entries_before(self._chain, self._account_id, self._entries[0])
        return [one for one in before[::-1] if one.instance > created.instance]

    def _created(self, object_id: str, entry: Entry) -> Entry | None:
        """The operation of the account that made a limit order, a request to settle, or a proposal."""
        kinds = (LIMIT_ORDER_CREATE, ASSET_SETTLE, PROPOSAL_CREATE)
        for one in [*self._entries, *entries_before(self._chain, self._account_id, entry)]:
            if one.kind in kinds and pays(one, self._account_id) and _has_made(one, object_id):
                return one
        return None

    def _until(self, entry: Entry, course: Course) -> _Belonging:
        return _Belonging(self._belonging(entry).transaction, course.end or "")

    def _belonging(self, entry: Entry) -> _Belonging:
        """The account's own transaction in which it stands, or by whose proposal the chain did it."""
        if entry.source not in self._belongings:
            made_in: Entry | None = entry
            if entry.virtual is not None:
                made_in = creation_of(self._chain, self._account_id, self._own_beside(entry))
            elif entry.kind == PROPOSAL_UPDATE:  # an approval of one's own proposal belongs to that
                made_in = self._created(str(entry.fields["proposal"]), entry) or entry
            self._belongings[entry.source] = _Belonging("", "")
            if made_in is not None:
                transaction = self._chain.block(made_in.block)["transactions"][made_in.transaction]
                report = f"{made_in.block}.{made_in.transaction}.0"
                self._belongings[entry.source] = _Belonging(id_of(self._chain, transaction), report)
        return self._belongings[entry.source]

    def _own_beside(self, entry: Entry) -> Entry:
        """The account's own transfer at the place where the chain did something: it has the nonce of its proposal."""
        for one in self._entries:
            if one.kind == TRANSFER and pays(one, self._account_id) and place_of(one) == place_of(entry):
                return one
        return entry

    def _fee(self, entry: Entry, own: _Belonging) -> Movement:
        return self._movement(entry, {**entry.fields["fee"], "amount": 0}, 1, own, is_own=True)

    def _movement(
        self, entry: Entry, money: Mapping[str, Any], sign: int, own: _Belonging, *, is_own: bool = False
    ) -> Movement:
        fee = entry.fields["fee"]
        assets = self._chain.assets_by_id([str(money["asset_id"]), str(fee["asset_id"])])
        return Movement(
            source=entry.source,
            block=entry.block,
            asset=assets[str(money["asset_id"])].symbol,
            units=sign * int(money["amount"]),
            fee_asset=assets[str(fee["asset_id"])].symbol,
            fee_units=int(fee["amount"]) if is_own else 0,
            transaction=own.transaction,
            report=own.report,
        )


def _has_made(entry: Entry, object_id: str) -> bool:
    new = entry.result is not None and (entry.result[0] == 1 or "new_objects" in (entry.result[1] or {}))
    return new and made_by(entry) == object_id
