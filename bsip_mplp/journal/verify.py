"""Verification: fold all inputs again from nothing, and compare everything that stands with what comes out.

What is compared: the numbers, the hashes and the columns of the inputs; each outcome with the one a fresh engine
gives; every row of every projection with what that outcome brings; the balances with the engine's own ledger and
the objects with its own state; each asset's sum with 0; the journal's end with the head written down.

It reads in parts, so memory grows with accounts, not with inputs. It reads the journal as it was at one moment, so
that a keeper may write meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Connection, func, select

from bsip_mplp.journal import tables
from bsip_mplp.journal.comparison import compare_added, compare_replaced
from bsip_mplp.journal.differences import Difference, Differences, first_difference
from bsip_mplp.journal.hash_chain import link
from bsip_mplp.journal.journal import Journal
from bsip_mplp.journal.meta import EMPTY, Head, read_head
from bsip_mplp.journal.projection import Balances, Rows, fold
from bsip_mplp.journal.rebuild import Progress
from bsip_mplp.journal.records import Record, read_records
from bsip_mplp.ledger import Ledger
from bsip_mplp.rules.codec import CodecError, canonical, input_from_json, outcome_texts, outcome_to_json
from bsip_mplp.rules.inputs import Input
from bsip_mplp.rules.outcomes import Outcome

OBJECT_SECTIONS: Final = {
    "asset": "assets",
    "market": "markets",
    "position": "positions",
    "pool": "pools",
    "loan": "loans",
    "protection": "protections",
    "auction": "auctions",
    "bid": "bids",
    "claim": "claims",
    "series": "series",
    "offer": "offers",
    "order": "orders",
    "shared_pool": "shared_pools",
    "participant": "participants",
    "lender": "lenders",
    "vault": "vaults",
    "unwinding": "unwindings",
}
"""The kinds of `Outcome.objects`, and under which name each stands in the engine's state."""

_BEFORE_ALL: Final = -(2**63)
_AFTER_ALL: Final = 2**63 - 1


class Engine(Protocol):
    """What is folded: a fresh engine, with a ledger of its own and a state by kind of object."""

    @property
    def ledger(self) -> Ledger:
        """Its balances."""

    def state(self) -> Mapping[str, Any]:
        """Its objects: under each kind's name in the plural, by key."""

    def apply(self, item: Input, /) -> Outcome:
        """What an input brings about."""


class Report(NamedTuple):
    """What was found: `inputs` rows read, `folded` of them by the engine, the last `head` that fits the hashes.

    `differences` are the first ones in the order found; `more` counts those left out.
    """

    inputs: int
    folded: int
    head: Head
    differences: tuple[Difference, ...]
    more: int

    @property
    def holds(self) -> bool:
        """Whether all is as it must be."""
        return not self.differences


@dataclass(slots=True)
class _Run:
    """One verification under way."""

    connection: Connection
    engine: Engine
    found: Differences = field(default_factory=Differences)
    held: Balances = field(default_factory=dict)
    last: Head = EMPTY
    inputs: int = 0
    folded: int = 0
    folding: bool = True
    """Whether the engine still follows; after a gap or a fault nothing more can be folded."""


def verify(journal: Journal, engine: Engine, progress: Progress | None = None) -> Report:
    """Fold the journal through a fresh engine and compare; raises `ReadError` if it can't be read at all."""
    with journal.reading() as connection:
        run = _Run(connection, engine)
        head = read_head(connection)
        low = _BEFORE_ALL
        while part := read_records(connection, run.last.seq if run.inputs else _BEFORE_ALL):
            rows = Rows()
            for record in part:
                _check_record(run, record, rows)
            low = _check_rows(run, rows, low, part[-1].seq)
            if progress is not None:
                progress(run.inputs, head.seq)
        _check_rows(run, Rows(), low, _AFTER_ALL)
        _check_head(run, head)
        _check_sums(run)
        if run.folding:
            _check_ledger(run)
            _check_state(run)
        _check_attempts(run)
    return Report(run.inputs, run.folded, run.last, run.found.listed(), run.found.more)


def _check_record(run: _Run, record: Record, rows: Rows) -> None:
    """Check one input's place in the chain, then fold it."""
    run.inputs += 1
    seq = record.seq
    if seq != run.last.seq + 1:
        run.found.add(run.last.seq + 1, "inputs", f"missing: input {run.last.seq} is followed by input {seq}")
        run.folding = False
    elif record.previous_hash != run.last.hash:
        run.found.add(seq, "previous hash", f"{record.previous_hash} stands, input {run.last.seq} has {run.last.hash}")
    if record.hash != link(record.previous_hash, record.body, record.outcome):
        run.found.add(seq, "hash", "doesn't fit: the input, its outcome or a hash was altered")
    run.last = Head(seq, record.hash)
    if run.folding:
        _fold_record(run, record, rows)


def _fold_record(run: _Run, record: Record, rows: Rows) -> None:
    try:
        body = json.loads(record.body)
        item = input_from_json(body)
    except (json.JSONDecodeError, CodecError) as error:
        run.found.add(record.seq, "input", f"can't be read: {error}")
        run.folding = False
        return
    try:
        outcome = outcome_to_json(run.engine.apply(item))
        texts = outcome_texts(outcome)
        fold(rows, record.seq, outcome, run.held, texts)
    except Exception as error:  # noqa: BLE001  whatever an altered input does to the engine is a finding
        run.found.add(record.seq, "engine", f"can't apply the input: {type(error).__name__}: {error}")
        run.folding = False
        return
    run.folded += 1
    if texts.whole != record.outcome:
        run.found.add(record.seq, "outcome", _outcome_difference(record.outcome, texts.whole))
    columns = {"time": record.time, "kind": record.kind, "source": record.source}
    expected = {"time": outcome["time"], "kind": item.kind, "source": item.source}
    for name, value in columns.items():
        if value != expected[name]:
            run.found.add(record.seq, f"inputs.{name}", f"{value!r} stands, {expected[name]!r} is right")


def _outcome_difference(stored: str, folded: str) -> str:
    try:
        return first_difference(json.loads(stored), json.loads(folded)) or "is not in canonical form"
    except json.JSONDecodeError as error:
        return f"can't be read: {error}"


def _check_rows(run: _Run, rows: Rows, low: int, high: int) -> int:
    """Compare the projections' rows from input `low` to input `high`; returns where the next part begins."""
    if run.folding:
        for table, expected in rows.added():
            compare_added(run.connection, run.found, table, expected, low, high)
        compare_added(run.connection, run.found, tables.orders, list(rows.orders.values()), low, high)
        compare_replaced(run.connection, run.found, tables.balances, rows.balances, low, high)
        compare_replaced(run.connection, run.found, tables.objects, rows.objects, low, high)
        compare_replaced(run.connection, run.found, tables.orders, rows.order_states, low, high)
    return high + 1


def _check_head(run: _Run, head: Head) -> None:
    if run.last.seq < head.seq:
        text = f"missing: the journal ends at input {run.last.seq}, and input {head.seq} was written"
        run.found.add(run.last.seq + 1, "inputs", text)
    elif run.last != head:
        run.found.add(run.last.seq, "head", f"{head.seq} {head.hash} is written down, {run.last.hash} stands")


def _check_sums(run: _Run) -> None:
    """G-5: what all accounts hold of an asset, the outside world among them, adds up to 0."""
    for table in (tables.balances, tables.postings):
        sums = select(table.c.asset, func.sum(table.c.units)).group_by(table.c.asset)
        for asset, units in run.connection.execute(sums):
            if units:
                run.found.add(None, f"{table.name} of {asset}", f"add up to {units}, not 0")


def _check_ledger(run: _Run) -> None:
    ledger: Mapping[tuple[str, str], int] = run.engine.ledger.balances()
    folded = {key: units for key, units in run.held.items() if units}
    for account, asset in sorted(ledger.keys() | folded.keys()):
        ours, theirs = folded.get((account, asset), 0), ledger.get((account, asset), 0)
        if ours != theirs:
            run.found.add(None, f"ledger {account}", f"the postings give {ours} {asset}, the engine has {theirs}")


def _check_state(run: _Run) -> None:
    """Every object as the outcomes left it is as the engine has it now, and none is missing."""
    state = run.engine.state()
    objects = tables.objects.c
    for kind, section in OBJECT_SECTIONS.items():
        right = {key: canonical(body) for key, body in state.get(section, {}).items()}
        query = select(objects.key, objects.body, objects.seq).where(objects.kind == kind)
        for key, body, seq in run.connection.execute(query):
            its_right = right.pop(key, None)
            if body != its_right:
                text = f"{body} stands, the engine has {its_right or 'none such'}"
                run.found.add(seq, f"state of {kind} {key}", text)
        for key in right:
            run.found.add(None, f"state of {kind} {key}", "is missing: the engine has it")


def _check_attempts(run: _Run) -> None:
    attempt, order = tables.attempts, tables.orders
    query = select(attempt.c.number, attempt.c.attempt).outerjoin(order, order.c.number == attempt.c.number)
    for number, which in run.connection.execute(query.where(order.c.number.is_(None))):
        run.found.add(None, f"attempt {which} of order {number}", "there is no such order")
