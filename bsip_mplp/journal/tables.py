"""The tables. `inputs` is the journal; `attempts`, `cursor`, `leases`, `meta` are memory of their own; the rest a fold.

`snapshots` only saves time.

Money and numbers are BIGINT, JSON is its canonical text, times are the chain's seconds since 1970.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, MetaData, Table, Text

SCHEMA: Final = "0003"
"""The newest revision in `migrations/versions`; a program reads and writes only this one."""

metadata = MetaData()


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=False, autoincrement=False)


def _text(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=nullable)


def _seq(*, key: bool = True) -> Column[int]:
    return Column("seq", BigInteger, ForeignKey("inputs.seq"), primary_key=key, nullable=False, autoincrement=False)


inputs = Table(
    "inputs",
    metadata,
    _number("seq", key=True),
    _number("time"),
    _text("kind"),
    Column("source", Text, nullable=True, unique=True),
    _text("body"),
    _text("outcome"),
    _text("previous_hash"),
    _text("hash"),
)

entries = Table(
    "entries",
    metadata,
    _seq(),
    _number("entry", key=True),
    _number("time"),
    _text("rule"),
    _text("text"),
)

postings = Table(
    "postings",
    metadata,
    _seq(),
    _number("entry", key=True),
    _number("posting", key=True),
    _text("account"),
    _text("asset"),
    _number("units"),
    _number("balance_after"),
    Index("postings_by_account", "account", "seq"),
)

events = Table(
    "events",
    metadata,
    _seq(),
    _number("event", key=True),
    _number("time"),
    _text("rule"),
    _text("kind"),
    _text("key"),
    _text("what"),
    _text("body"),
    Index("events_by_object", "kind", "key", "seq"),
)

notices = Table(
    "notices",
    metadata,
    _seq(),
    _number("notice", key=True),
    _number("time"),
    _text("account"),
    _text("rule"),
    _text("text"),
    Index("notices_by_account", "account", "seq"),
)

refusals = Table(
    "refusals",
    metadata,
    _seq(),
    _number("refusal", key=True),
    _number("time"),
    _text("account"),
    _text("rule"),
    _text("reason"),
    _text("remedy"),
    Index("refusals_by_account", "account", "seq"),
)

balances = Table(
    "balances",
    metadata,
    _text("account", key=True),
    _text("asset", key=True),
    _number("units"),
    _seq(key=False),
    Index("balances_by_seq", "seq"),
)

objects = Table(
    "objects",
    metadata,
    _text("kind", key=True),
    _text("key", key=True),
    _text("body"),
    _seq(key=False),
    Index("objects_by_seq", "seq"),
)

orders = Table(
    "orders",
    metadata,
    _number("number", key=True),
    _seq(key=False),
    _text("kind"),
    _text("account"),
    _text("asset"),
    _number("units"),
    _text("memo"),
    _text("state"),
    _number("state_seq"),
    Index("orders_by_state", "state", "number"),
    Index("orders_by_seq", "seq"),
    Index("orders_by_state_seq", "state_seq"),
)

attempts = Table(
    "attempts",
    metadata,
    _number("number", key=True),
    _number("attempt", key=True),
    Column("transaction_id", Text, nullable=False, unique=True),
    _text("signed_transaction"),
    _number("expires"),
    _number("reference_block"),
    _text("state"),
    CheckConstraint("state IN ('signed', 'expired', 'confirmed')", name="attempts_state"),
    Index("attempts_by_state", "state"),
)

cursor = Table(
    "cursor",
    metadata,
    _number("id", key=True),
    _number("block"),
    _number("time"),
    _text("operation"),
    CheckConstraint("id = 1", name="cursor_one_row"),
)

leases = Table(
    "leases",
    metadata,
    _number("epoch", key=True),
    _text("holder"),
    _number("began"),
    _number("until"),
)

snapshots = Table(
    "snapshots",
    metadata,
    _number("seq", key=True),
    _text("hash"),
    _text("program"),
    Column("body", LargeBinary, nullable=False),
)

meta = Table("meta", metadata, _text("name", key=True), _text("value"))

PROJECTIONS: Final = (postings, entries, events, notices, refusals, balances, objects, orders)
"""What `rebuild` deletes and folds again, children before parents."""
