"""How each bot is doing, kept in the journal's database so that `keeper status` and `health` can read it.

It is no part of the journal: nothing is decided by it. Times are the machine's clock, in seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, Text, insert, inspect, select, update

from bsip_mplp.journal.database import connect, read_url, reading, shown
from bsip_mplp.journal.leases import writing_as
from bsip_mplp.journal.projection import storable

_metadata = MetaData()

bots = Table(
    "keeper_bots",
    _metadata,
    Column("name", Text, primary_key=True),
    Column("every_milliseconds", BigInteger, nullable=False),
    Column("last_success", BigInteger),
    Column("last_run", BigInteger),
    Column("next_run", BigInteger),
    Column("failures", BigInteger, nullable=False),
    Column("last_error", Text),
    Column("did", Text),
    Column("held", Text),
)

ERROR_LENGTH_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class BotStatus:
    """One bot: when it last ran and succeeded, when it runs next, and what went wrong last."""

    name: str
    every_milliseconds: int
    last_success: int | None = None
    last_run: int | None = None
    next_run: int | None = None
    failures: int = 0
    last_error: str | None = None
    did: str | None = None
    held: str | None = None
    """What had to wait at its last success, a line each."""

    def lag_seconds(self, now: int) -> int | None:
        """How long its last success is overdue; None if it never had one."""
        if self.last_success is None:
            return None
        return max(0, now - self.last_success - -(-self.every_milliseconds // 1000))


class StatusBoard:
    """The table of the bots, read by anyone and written by the keeper: where several share it, by their leader."""

    def __init__(self, database_url: str, *, read_only: bool = False, epoch: int | None = None) -> None:
        url = read_url(database_url)
        self._place = shown(url)
        self._engine: Engine = connect(url, read_only=read_only)
        self._epoch = epoch
        if not read_only:
            with writing_as(self._engine, self._epoch) as connection:
                _metadata.create_all(connection)

    def read(self) -> list[BotStatus]:
        """All bots that ever ran here, by name; raises `ReadError`."""
        with reading(self._engine, self._place) as connection:
            if not inspect(connection).has_table(bots.name):
                return []
            return [BotStatus(**row) for row in connection.execute(select(bots).order_by(bots.c.name)).mappings()]

    def write(self, status: BotStatus) -> None:
        """Put a bot's status in place of what stood there; raises `WriteError`, or `LostLeadError` if another leads."""
        values = {name: getattr(status, name) for name in status.__slots__}
        values["last_error"] = status.last_error and status.last_error[:ERROR_LENGTH_MAX]
        values = {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}
        with writing_as(self._engine, self._epoch) as connection:
            if not connection.execute(update(bots).where(bots.c.name == status.name).values(values)).rowcount:
                connection.execute(insert(bots).values(values))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
