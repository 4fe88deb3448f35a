"""The rows of `inputs`: the journal itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from bsip_mplp.journal import tables
from bsip_mplp.journal.errors import DuplicateSourceError, UnreadableError
from bsip_mplp.journal.hash_chain import link
from bsip_mplp.journal.meta import Head
from bsip_mplp.journal.projection import chunks
from bsip_mplp.rules.codec import (
    CodecError,
    OutcomeTexts,
    canonical,
    input_from_json,
    input_to_json,
    outcome_texts,
)
from bsip_mplp.rules.inputs import Input

RECORDS_AT_ONCE: Final = 1000
"""How many rows are read at once, so that a long journal doesn't fill the memory."""


class Record(NamedTuple):
    """A row of `inputs`: `time` is when it counted, `body` and `outcome` are canonical JSON."""

    seq: int
    time: int
    kind: str
    source: str | None
    body: str
    outcome: str
    previous_hash: str
    hash: str


def read_records(connection: Connection, after_seq: int, most: int = RECORDS_AT_ONCE) -> list[Record]:
    """The next rows of `inputs` after a number."""
    query = select(tables.inputs).where(tables.inputs.c.seq > after_seq).order_by(tables.inputs.c.seq).limit(most)
    return [Record(*row) for row in connection.execute(query)]


def next_record(head: Head, item: Input, outcome: Mapping[str, Any]) -> tuple[Record, OutcomeTexts]:
    """The row of `inputs` after the head, for an input and its outcome as JSON, and the texts it was made of.

    Raises `UnreadableError` for an input that would not come back the same: a journal that can't be read is lost.
    """
    body = input_to_json(item)
    try:
        if input_from_json(body) != item:
            raise UnreadableError(f"input {head.seq + 1} would come back as another: {item}")
        body_text, texts = canonical(body), outcome_texts(outcome)
        its_hash = link(head.hash, body_text, texts.whole)
    except (CodecError, UnicodeEncodeError) as error:
        raise UnreadableError(f"input {head.seq + 1} could not be read again: {error}") from error
    record = Record(head.seq + 1, outcome["time"], item.kind, item.source, body_text, texts.whole, head.hash, its_hash)
    return record, texts


def refuse_known_sources(connection: Connection, items: Iterable[Input]) -> None:
    """Raise `DuplicateSourceError` if a source stands already, or twice among the inputs."""
    seen: set[str] = set()
    for item in items:
        if item.source in seen:
            raise DuplicateSourceError(item.source, 0)
        if item.source is not None:
            seen.add(item.source)
    for source, seq in seqs_of_sources(connection, sorted(seen)).items():
        raise DuplicateSourceError(source, seq)


def seqs_of_sources(connection: Connection, sources: Iterable[str]) -> dict[str, int]:
    """The sources that stand in the journal already, with the numbers of their inputs."""
    found: dict[str, int] = {}
    for part in chunks(sources):
        query = select(tables.inputs.c.source, tables.inputs.c.seq).where(tables.inputs.c.source.in_(part))
        found.update((str(source), seq) for source, seq in connection.execute(query))
    return found
