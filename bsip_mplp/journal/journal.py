"""The journal: what came in and what it brought about, written in one transaction each and chained by hash."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from types import TracebackType
from typing import Any, Literal, Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bsip_mplp.journal import attempts, database, leases, meta, schema, tables
from bsip_mplp.journal.attempts import Attempt
from bsip_mplp.journal.cursor import Cursor, move_cursor, read_cursor
from bsip_mplp.journal.errors import BrokenChainError, MovedError, WriteError
from bsip_mplp.journal.hash_chain import GENESIS_HASH, link
from bsip_mplp.journal.meta import Head, Place
from bsip_mplp.journal.projection import Row, Rows, add, fold, load_balances, store
from bsip_mplp.journal.rebuild import Progress, rebuild
from bsip_mplp.journal.records import Record, next_record, read_records, refuse_known_sources, seqs_of_sources
from bsip_mplp.journal.snapshots import Snapshot, read_snapshot, write_snapshot
from bsip_mplp.rules.codec import input_from_json, outcome_to_json
from bsip_mplp.rules.inputs import Input
from bsip_mplp.rules.outcomes import Outcome


class Journal:
    """An open journal. One process writes; any number read, while it writes, through `reading`.

    On a database server it writes in the name of a leadership: the one that `lead` named, or else the newest there
    was when it was opened. When another follows, it writes no more (`LostLeadError`).
    """

    def __init__(self, engine: Engine, url: str, *, read_only: bool) -> None:
        self._engine = engine
        self._writing = database.writing(engine)
        self._read_only = read_only
        self._lock = RLock()
        self.url = url
        with self.reading() as connection:
            self._head = meta.read_head(connection)
            self._epoch = leases.read_epoch(connection)

    @classmethod
    def open(cls, url: str, *, create: bool = False, read_only: bool = False) -> Self:
        """Open the journal at an SQLAlchemy address or a path; `create` makes it, or brings its tables up to date.

        Raises an `OpenError` (missing, no journal, older or newer tables, unreachable) whose text says what to do.
        A file is made so that only its owner may read it.
        """
        address = database.read_url(url)
        path = database.file_of(address)
        if create and path is not None:
            database.make_file(path)
        engine = database.connect(address, read_only=read_only)
        try:
            if create:
                schema.upgrade(engine, address)
            schema.check(engine, address)
            return cls(engine, database.shown(address), read_only=read_only)
        except BaseException:
            engine.dispose()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for `read`: all that is read through it is of one moment. Raises `ReadError`."""
        with database.reading(self._engine, self.url) as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """One transaction that is committed whole or not at all; raises `WriteError` if the database refuses."""
        if self._read_only:
            raise WriteError(f"{self.url} was opened for reading only")
        try:
            with self._lock, self._writing.begin() as connection:
                leases.check_epoch(connection, self._epoch)
                yield connection
        except DBAPIError as error:
            raise WriteError(f"{self.url} could not be written, nothing was kept: {error.orig}") from error

    def lead(self, epoch: int) -> None:
        """Write as that leadership from now on; raises `LostLeadError` if another has followed on it already."""
        with self.reading() as connection:
            leases.check_epoch(connection, epoch)
        self._epoch = epoch

    def check_lead(self) -> None:
        """Raise `LostLeadError` unless the leadership is live, by the database's clock: asked before sending."""
        with self.reading() as connection:
            leases.check_live(connection, self._epoch)

    # --- inputs -------------------------------------------------------------------------------------------

    @property
    def head(self) -> Head:
        """The last input that this object knows of: what it found when it was opened, or wrote."""
        return self._head

    def inputs(self, after_seq: int = 0) -> Iterator[Input]:
        """The inputs in order, to be folded through a fresh engine; raises `BrokenChainError` where one was altered."""
        after = Head(after_seq, self.hash_of(after_seq) if after_seq else GENESIS_HASH)
        for _, item in self.chained(after):
            yield item

    def chained(self, after: Head) -> Iterator[tuple[Head, Input]]:
        """The inputs after a head, each with the head that it makes; raises `BrokenChainError` if one was altered."""
        head = after
        for record in self.records(after.seq):
            fits = link(record.previous_hash, record.body, record.outcome) == record.hash
            if not fits or (record.seq, record.previous_hash) != (head.seq + 1, head.hash):
                raise BrokenChainError(record.seq)
            head = Head(record.seq, record.hash)
            yield head, input_from_json(json.loads(record.body))

    def hash_of(self, seq: int) -> str:
        """The hash of an input, as it stands; "" if there is none."""
        with self.reading() as connection:
            found = read_records(connection, seq - 1, 1)
        return found[0].hash if found and found[0].seq == seq else ""

    def records(self, after_seq: int = 0) -> Iterator[Record]:
        """The rows of `inputs` in order; in parts, so that a long journal doesn't fill the memory."""
        while True:
            with self.reading() as connection:
                part = read_records(connection, after_seq)
            yield from part
            if not part:
                return
            after_seq = part[-1].seq

    def known_sources(self, sources: Iterable[str]) -> set[str]:
        """Those of the sources that stand in the journal already."""
        with self.reading() as connection:
            return set(seqs_of_sources(connection, sources))

    def write(self, batch: Sequence[tuple[Input, Outcome]], cursor: Cursor | None = None) -> None:
        """Write inputs with their outcomes and orders, and move the cursor, all or nothing.

        Raises `DuplicateSourceError`, `MovedError` (another process wrote), `LostLeadError` (another keeper leads),
        `CursorError`, `UnreadableError`, `LedgerError` (not balanced, or a balance would be negative) or
        `WriteError`; after any of them the journal is as before, and the engine that made the outcomes is ahead of
        it and must be folded anew.
        """
        accounts = {p.account for _, outcome in batch for entry in outcome.entries for p in entry.postings}
        with self._lock:
            head, rows, folded = self._head, list[Row](), Rows()
            with self._transaction() as connection:
                if meta.read_head(connection) != head:
                    raise MovedError(f"another process has written to {self.url}: start again from the journal")
                refuse_known_sources(connection, (item for item, _ in batch))
                held = load_balances(connection, accounts)
                for item, outcome in batch:
                    row, texts = next_record(head, item, data := outcome_to_json(outcome))
                    head = Head(row.seq, row.hash)
                    rows.append(row)
                    fold(folded, head.seq, data, held, texts)
                add(connection, tables.inputs, rows)
                store(connection, folded)
                meta.move_head(connection, head)
                if cursor is not None:
                    move_cursor(connection, cursor)
            self._head = head

    def rebuild(self, progress: Progress | None = None) -> int:
        """Delete every projection and fold it again from the inputs, in one transaction; returns their number.

        Raises `BrokenChainError` and keeps everything as it was if the inputs don't fit their hashes.
        """
        with self._transaction() as connection:
            return rebuild(connection, progress)

    # --- what else is remembered --------------------------------------------------------------------------

    def snapshot(self) -> Snapshot | None:
        """The newest snapshot; None if there is none, or if this journal has no such input."""
        with self.reading() as connection:
            found = read_snapshot(connection)
        return found if found is not None and self.hash_of(found.head.seq) == found.head.hash else None

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot in place of the last; raises `WriteError`, or `LostLeadError`."""
        with self._transaction() as connection:
            write_snapshot(connection, snapshot)

    def cursor(self) -> Cursor | None:
        """How far the chain was read; None if nothing was read yet."""
        with self.reading() as connection:
            return read_cursor(connection)

    def place(self) -> Place | None:
        """The chain and the pool account that the journal belongs to; None before `set_place`."""
        with self.reading() as connection:
            return meta.read_place(connection)

    def set_place(self, place: Place) -> None:
        """Say once what the journal belongs to; raises `OtherPlaceError` if it belongs to something else."""
        with self._transaction() as connection:
            meta.write_place(connection, place)

    def attempts(self, number: int | None = None, state: attempts.AttemptState | None = None) -> list[Attempt]:
        """Attempts of an order, or in a state, or all."""
        with self.reading() as connection:
            return attempts.read_attempts(connection, number, state)

    def save_attempt(
        self,
        number: int,
        *,
        transaction_id: str,
        signed_transaction: Mapping[str, Any],
        expires: int,
        reference_block: int,
    ) -> Attempt:
        """Write down a signed transaction for an order before it is broadcast; it is committed on return.

        Raises `AttemptError` if the order isn't open, or has an attempt that may still count.
        """
        with self._transaction() as connection:
            return attempts.write_attempt(
                connection,
                number,
                transaction_id=transaction_id,
                signed_transaction=signed_transaction,
                expires=expires,
                reference_block=reference_block,
            )

    def close_attempt(self, number: int, attempt: int, state: Literal["expired", "confirmed"]) -> None:
        """Say what became of a signed attempt; raises `AttemptError` if it became something else already."""
        with self._transaction() as connection:
            attempts.close_attempt(connection, number, attempt, state)
