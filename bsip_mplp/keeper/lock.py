"""One keeper a journal: a lock beside the database's file, which the system gives up when its process dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bsip_mplp.journal.database import file_of, read_url
from bsip_mplp.keeper.errors import OtherKeeperError

TRIES = 4


@contextmanager
def only_keeper(database_url: str) -> Iterator[None]:
    """Hold the journal's lock; raises `OtherKeeperError` at once if another process has it.

    A database server has no file to lock: there the journal itself refuses the second writer (`MovedError`).
    """
    path = file_of(read_url(database_url))
    if path is None:
        yield
        return
    descriptor = os.open(f"{path}.keeper", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(descriptor):
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            raise OtherKeeperError(
                f"a keeper runs on {path} already (process {holder or 'unknown'}): "
                "stop it first, or wait for its end with --standby"
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock; someone who only looks at it (`is_held`) has it for a moment, so it is tried a few times."""
    for attempt in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < TRIES - 1:
                time.sleep(0.05)
        else:
            return True
    return False


def is_held(database_url: str) -> bool | None:
    """Whether a keeper runs on this journal; None where that can't be told: on a database server."""
    path = file_of(read_url(database_url))
    if path is None:
        return None
    try:
        descriptor = os.open(f"{path}.keeper", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
