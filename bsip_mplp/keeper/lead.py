"""Who leads the keepers of one journal: the holder of a file's lock, or of a lease in the database of a server.

A lease lasts `LEASE_SECONDS` by the database's clock and is renewed every `RENEW_SECONDS`; one that isn't runs out,
and whoever stands by takes the next. A leader that can't renew counts its own lease as lost before that: it measures
from before it last asked for a renewal, by a clock that nobody can set.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from bsip_mplp.journal import leases, schema
from bsip_mplp.journal.database import connect, file_of, read_url, shown, writing
from bsip_mplp.journal.errors import UnreachableError
from bsip_mplp.journal.leases import Lease
from bsip_mplp.keeper.errors import OtherKeeperError
from bsip_mplp.keeper.lock import holder_of, only_keeper

LEASE_SECONDS: Final = 6.0
RENEW_SECONDS: Final = 1.5
TRIES: Final = 3
"""How often the lead is tried for where a lease ran out and its holder's last transaction still has the lock."""

LOCK_MILLISECONDS: Final = 1000

log = logging.getLogger("mplp.keeper")


class Leader(NamedTuple):
    """Who leads: in words, and on a server since when (seconds, the database's clock) and under what number."""

    holder: str
    since: int | None
    epoch: int | None


class Lead:
    """The lead of one journal, held until it is lost or left. `epoch` is None where a file's lock holds it."""

    def __init__(self, epoch: int | None = None) -> None:
        self.epoch = epoch
        self._lost = threading.Event()
        self._tell: Callable[[], None] | None = None

    @property
    def is_lost(self) -> bool:
        """Whether another may lead by now."""
        return self._lost.is_set()

    def when_lost(self, tell: Callable[[], None]) -> None:
        """Have something called once the lead is lost; at once if it is lost already."""
        self._tell = tell
        if self.is_lost:
            tell()

    def lose(self, why: str) -> None:
        """Note that the lead is lost."""
        log.error("the lead is lost: %s; nothing more is written or sent", why)
        self._lost.set()
        if self._tell is not None:
            self._tell()


@contextmanager
def lead(database_url: str) -> Iterator[Lead]:
    """Lead the keepers of a journal; raises `OtherKeeperError` at once if another process does.

    On a server the lease is renewed in a thread of its own, whatever else the process does.
    """
    url = read_url(database_url)
    if file_of(url) is not None:
        with only_keeper(database_url):
            yield Lead()
        return
    engine = connect(url, read_only=False)
    ended = threading.Event()
    try:
        began = time.monotonic()
        epoch = _take(engine, shown(url)).epoch
        held = Lead(epoch)
        renewing = threading.Thread(target=_renew, args=(engine, held, epoch, ended, began), name="lease", daemon=True)
        renewing.start()
        try:
            yield held
        finally:
            ended.set()
            renewing.join()
            if not held.is_lost:
                _give_back(engine, epoch)
    finally:
        engine.dispose()


def leader_of(database_url: str) -> Leader | None:
    """Who leads the keepers of a journal; None if nobody does. Raises an `OpenError`."""
    url = read_url(database_url)
    if file_of(url) is not None:
        holder = holder_of(database_url)
        return None if holder is None else Leader(holder, None, None)
    engine = connect(url, read_only=True)
    try:
        schema.check(engine, url)
        lease = _read(engine, shown(url))
    finally:
        engine.dispose()
    if lease is None or not lease.is_live:
        return None
    return Leader(lease.holder, lease.began // 1000, lease.epoch)


def _read(engine: Engine, url: str) -> Lease | None:
    try:
        with engine.begin() as connection:
            return leases.read_lease(connection)
    except DBAPIError as error:
        raise UnreachableError(f"{url} can't be read: {' '.join(str(error.orig).split())}") from None


def _take(engine: Engine, url: str) -> Lease:
    holder = f"{socket.gethostname()} process {os.getpid()}"
    for _ in range(TRIES):
        stands = _read(engine, url)
        if stands is not None and stands.is_live:
            raise OtherKeeperError(f"a keeper leads on {url} already ({stands.holder})")
        try:
            with writing(engine, LOCK_MILLISECONDS).begin() as connection:
                taken = leases.take_lease(connection, holder, round(LEASE_SECONDS * 1000))
        except OperationalError as error:
            if stands is None or not _waited_for_a_lock(error):
                raise UnreachableError(f"{url} can't be led: {' '.join(str(error.orig).split())}") from None
            with engine.begin() as connection:
                ended = leases.end_writers(connection)
            log.warning("the lease of %s ran out within a transaction: %d connections are ended", stands.holder, ended)
        else:
            if taken is not None:
                return taken
    raise OtherKeeperError(f"another keeper takes the lead on {url} right now")


def _waited_for_a_lock(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "55P03"


def _renew(engine: Engine, held: Lead, epoch: int, ended: threading.Event, renewed: float) -> None:
    """Renew until told to end, or until the lead is lost."""
    while not ended.wait(RENEW_SECONDS):
        began = time.monotonic()
        try:
            with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
                kept = leases.renew_lease(connection, epoch, round(LEASE_SECONDS * 1000))
        except DBAPIError as error:
            log.warning("the lease could not be renewed: %s", " ".join(str(error.orig).split()))
            if time.monotonic() < renewed + LEASE_SECONDS:
                continue
            held.lose("the database can't be reached")
            return
        if not kept:
            held.lose("another keeper leads")
            return
        renewed = began


def _give_back(engine: Engine, epoch: int) -> None:
    try:
        with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
            leases.give_back(connection, epoch)
    except DBAPIError as error:
        log.warning("the lease was not given back, and will run out: %s", " ".join(str(error.orig).split()))
