"""The last audit, and what the account held of its own, kept in the journal's database for those who look.

It is no part of the journal. Payouts go by what was found since the keeper started, not by what stands here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple, Protocol

from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, Text, insert, inspect, select, update

from bsip_mplp.chain.bond_assets import read_supplies
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.holdings import Holdings
from bsip_mplp.chain.vaults import Sighting, read_sightings
from bsip_mplp.journal import Journal, read
from bsip_mplp.journal.cursor import Cursor, read_cursor
from bsip_mplp.journal.database import connect, read_url, reading, shown
from bsip_mplp.journal.leases import writing_as
from bsip_mplp.journal.records import seqs_of_sources
from bsip_mplp.keeper.audit import Audit, BondFigure, Books, Figure, VaultFigure
from bsip_mplp.keeper.vault_health import VaultView
from bsip_mplp.keeper.vault_views import vault_views
from bsip_mplp.keeper.vaults import on_chain

Outflow = Mapping[str, int]
"""Units by asset."""

_metadata = MetaData()

audits = Table(
    "keeper_audit",
    _metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("own", Text),
    Column("last", Text),
)


class Kept(NamedTuple):
    """What the account held of its own, None while that isn't known, and the last audit, None before the first."""

    own: Mapping[str, int] | None = None
    last: Audit | None = None


class Board(Protocol):
    """Where audits are kept."""

    def read(self) -> Kept: ...  # noqa: D102
    def write(self, kept: Kept) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class AuditBoard:
    """The table of the last audit, read by anyone and written by the keeper."""

    def __init__(self, database_url: str, *, read_only: bool = False, epoch: int | None = None) -> None:
        url = read_url(database_url)
        self._place = shown(url)
        self._engine: Engine = connect(url, read_only=read_only)
        self._epoch = epoch
        if not read_only:
            with writing_as(self._engine, self._epoch) as connection:
                _metadata.create_all(connection)

    def read(self) -> Kept:
        """What is kept; raises `ReadError`."""
        with reading(self._engine, self._place) as connection:
            if not inspect(connection).has_table(audits.name):
                return Kept()
            row = connection.execute(select(audits.c.own, audits.c.last)).first()
        if row is None:
            return Kept()
        return Kept(row.own and json.loads(row.own), row.last and audit_from_json(json.loads(row.last)))

    def write(self, kept: Kept) -> None:
        """Put it in place of what stood there; raises `WriteError`, or `LostLeadError` if another keeper leads."""
        values = {
            "own": None if kept.own is None else json.dumps(kept.own),
            "last": None if kept.last is None else json.dumps(audit_to_json(kept.last)),
        }
        with writing_as(self._engine, self._epoch) as connection:
            if not connection.execute(update(audits).values(values)).rowcount:
                connection.execute(insert(audits).values(id=1, **values))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def audit_to_json(audit: Audit) -> dict[str, Any]:
    """An audit as JSON, units as integers."""
    return asdict(audit)


def audit_from_json(body: Mapping[str, Any]) -> Audit:
    """Inverse of `audit_to_json`."""
    figures = tuple(Figure(**one) for one in body["figures"])
    vaults = tuple(VaultFigure(**one) for one in body.get("vaults", ()))
    bonds = tuple(BondFigure(**one) for one in body.get("bonds", ()))
    texts = {name: tuple(body[name]) for name in ("unknown", "strange")}
    return Audit(**{**body, "figures": figures, "vaults": vaults, "bonds": bonds, **texts})


def first_block(journal: Journal, cursor: Cursor) -> int:
    """From which block on movements must be known to compare: before whatever is under way."""
    with journal.reading() as connection:
        return min([cursor.block, *(one.reference_block for one in read.signed(connection))])


def read_books(
    journal: Journal, holdings: Holdings, own: Mapping[str, int] | None, outflow: Callable[[Mapping[str, Any]], Outflow]
) -> Books | None:
    """The ledger as it stands now, with the transactions that the chain tells of; None before anything was read.

    `outflow` says what a signed transaction may take out of the account at the most, by asset.
    """
    transactions = [one.transaction for one in holdings.movements if one.transaction]
    with journal.reading() as connection:
        cursor = read_cursor(connection)
        if cursor is None:
            return None
        outside = {one.asset: one.units for one in read.balances(connection, "outside")}
        signed = read.signed(connection, transactions)
        counted = seqs_of_sources(connection, [one.report for one in holdings.movements if one.report])
    return Books(
        block=cursor.block,
        time=cursor.time,
        outside=outside,
        counted=frozenset(counted),
        signed=frozenset(one.transaction_id for one in signed),
        under_way={one.transaction_id: outflow(one.signed_transaction) for one in signed if one.order_state == "open"},
        own=own,
    )


def read_vaults(journal: Journal, chain: Chain) -> list[VaultFigure]:
    """What the ledger makes of each vault's position, beside what the chain has at its head; raises a `ChainError`."""
    with journal.reading() as connection:
        views = vault_views(connection)
    sights = read_sightings(chain, [(one.vault["account"], one.vault["market"]) for one in views]) if views else []
    return [_vault_figure(view, sight) for view, sight in zip(views, sights, strict=True)]


def read_bonds(journal: Journal, chain: Chain) -> list[BondFigure]:
    """What the ledger knows of each series on the chain, beside what there is at its head; raises a `ChainError`.

    The chain is asked first: what is issued was ordered before, so the ledger never knows too little.
    """
    with journal.reading() as connection:
        made = [one.body for one in read.objects(connection, "series") if one.body.get("asset_made")]
    if not made:
        return []
    supplies = read_supplies(chain, [one["asset"] for one in made])
    with journal.reading() as connection:
        known = [one.body for one in read.objects(connection, "series") if one.body.get("asset") in supplies]
        here = {one.asset: -one.units for one in read.balances(connection, "outside")}
        opened = [one for one in read.orders(connection, "open") if one.asset in supplies]

    def ordered(asset: str, kind: str) -> int:
        return sum(one.units for one in opened if (one.asset, one.kind) == (asset, kind))

    return [
        BondFigure(
            series=one["number"],
            asset=one["asset"],
            known_units=one["on_chain"] + here.get(one["asset"], 0) - ordered(one["asset"], "bond_pay"),
            under_way_units=ordered(one["asset"], "bond_issue"),
            supply_units=supplies[one["asset"]],
        )
        for one in known
    ]


def _vault_figure(view: VaultView, sight: Sighting) -> VaultFigure:
    collateral, debt = on_chain(view.position)
    lent: Mapping[str, int] = view.position or {"placed_lp1": 0, "buffer": 0, "placed_lp2": 0}
    return VaultFigure(
        account=sight.account,
        market=sight.market,
        collateral_owed=collateral,
        collateral_held=sight.position.collateral,
        debt_owed=debt,
        debt_held=sight.position.debt,
        lent_core=lent["placed_lp1"] + lent["buffer"],
        lent_bitasset=lent["placed_lp2"],
        under_way=view.vault["order"] is not None,
    )
