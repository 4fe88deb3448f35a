"""State is a fold of the journal: every projection can be deleted and comes back, to the last unit."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import Connection, delete

from bsip_mplp.journal import tables
from bsip_mplp.journal.errors import BrokenChainError
from bsip_mplp.journal.hash_chain import link
from bsip_mplp.journal.meta import EMPTY, Head, read_head
from bsip_mplp.journal.projection import Balances, Rows, fold, store
from bsip_mplp.journal.records import read_records
from bsip_mplp.rules.codec import outcome_texts

Progress = Callable[[int, int], None]
"""Called now and then with how many inputs are worked off, and how many there are."""


def rebuild(connection: Connection, progress: Progress | None = None) -> int:
    """Delete every projection and fold it again from the stored outcomes; nothing is committed here.

    Raises `BrokenChainError` for the first input that doesn't fit its hash, or where one is missing.
    """
    for table in tables.PROJECTIONS:
        connection.execute(delete(table))
    expected, head = read_head(connection), EMPTY
    held: Balances = {}
    while part := read_records(connection, head.seq):
        rows = Rows()
        for record in part:
            its_hash = link(head.hash, record.body, record.outcome)
            if (record.seq, record.previous_hash, record.hash) != (head.seq + 1, head.hash, its_hash):
                raise BrokenChainError(head.seq + 1)
            fold(rows, record.seq, outcome := json.loads(record.outcome), held, outcome_texts(outcome))
            head = Head(record.seq, record.hash)
        store(connection, rows)
        if progress is not None:
            progress(head.seq, expected.seq)
    if head != expected:
        raise BrokenChainError(min(head.seq, expected.seq) + 1)
    return head.seq
