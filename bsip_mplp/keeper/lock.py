"""One keeper a journal: a lock beside the database's file, which the system gives up when its process dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bsip_mplp.journal.database import file_of, read_url
from bsip_mplp.journal.errors import UnreachableError
from bsip_mplp.keeper.errors import OtherKeeperError

TRIES = 4


@contextmanager
def only_keeper(database_url: str) -> Iterator[None]:
    """Hold the journal's lock; raises `OtherKeeperError` at once if another process has it."""
    path = _file(database_url)
    descriptor = os.open(f"{path}.keeper", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(descriptor):
            raise OtherKeeperError(f"a keeper runs on {path} already ({_written(descriptor)})")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock; someone who only looks at it (`holder_of`) has it for a moment, so it is tried a few times."""
    for attempt in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < TRIES - 1:
                time.sleep(0.05)
        else:
            return True
    return False


def holder_of(database_url: str) -> str | None:
    """The process that holds the journal's lock, in words; None if nobody does."""
    try:
        descriptor = os.open(f"{_file(database_url)}.keeper", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _written(descriptor: int) -> str:
    """What stands in the file: the process that took the lock last."""
    return f"process {os.pread(descriptor, 20, 0).decode(errors='replace').strip() or 'unknown'}"


def _file(database_url: str) -> Path:
    path = file_of(read_url(database_url))
    if path is None:
        raise UnreachableError("a database server has no file to lock: its keepers take a lease")
    return path
