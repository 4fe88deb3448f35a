"""The ledger's side of a story: what its projections say, read as any reader reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from bsip_mplp.cli.reading import Reader
from bsip_mplp.journal import Journal, read
from bsip_mplp.ratios import Price
from bsip_mplp.story.patience import Patience
from bsip_mplp.story.people import Person

Found = TypeVar("Found")


class Books:
    """The journal of a story, for reading only."""

    def __init__(self, journal: Journal, patience: Patience) -> None:
        self._journal = journal
        self._patience = patience

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One moment of the projections."""
        with self._journal.reading() as connection:
            yield Reader(connection)

    def until(self, what: str, look: Callable[[Reader], Found | None]) -> Found:
        """Wait until the ledger says something; raises `LateError` if it takes too long."""

        def once() -> Found | None:
            with self.reading() as reader:
                return look(reader)

        return self._patience.until(what, once)

    # --- waiting --------------------------------------------------------------------------------------------

    def counted(self, source: str) -> int:
        """Wait until what stands at a place on the chain has counted; gives the number of its input."""
        return self.until(
            "a transfer to count, once its block can't be undone", lambda reader: _number_of(reader, source)
        )

    def has_feed(self, market: str, price: Price) -> None:
        """Wait until the ledger has seen a price."""
        self.until("the ledger to see the new feed", lambda reader: reader.price(market) == price)

    def has_position(self, market: str, person: Person, debt: int) -> None:
        """Wait until the ledger has seen a position with this debt."""

        def look(reader: Reader) -> bool:
            found = position(reader, market, person)
            return found is not None and found["debt"] == debt

        self.until(f"the ledger to see the position of {person.role} as it is", look)

    def paid_out(self, person: Person) -> None:
        """Wait until every payout to a person stands in a block that can't be undone."""

        def look(reader: Reader) -> bool:
            orders = [order for order in read.orders(reader.connection) if order.account == person.name]
            return bool(orders) and all(order.state == "done" for order in orders)

        self.until(f"the payout to {person.role}", look)

    def has_reached(self, time: int) -> int:
        """Wait until the ledger's clock, the last irreversible block's time, has reached one; gives where it stands."""

        def look() -> int | None:
            cursor = self._journal.cursor()
            return cursor.time if cursor is not None and cursor.time >= time else None

        return self._patience.until("the ledger's clock", look)


def _number_of(reader: Reader, source: str) -> int | None:
    found = read.input_of_source(reader.connection, source)
    return None if found is None else found.seq


def balance(reader: Reader, account: str, asset: str) -> int:
    """What an account of the ledger holds of an asset, in smallest units."""
    return next((b.units for b in read.balances(reader.connection, account) if b.asset == asset), 0)


def position(reader: Reader, market: str, person: Person) -> Mapping[str, Any] | None:
    """A position as the ledger saw it last."""
    return body(reader, "position", f"{market}/{person.name}")


def body(reader: Reader, kind: str, key: str) -> Mapping[str, Any] | None:
    """An object of the ledger."""
    found = read.one_object(reader.connection, kind, key)
    return None if found is None else found.body


def refusals_of(reader: Reader, seq: int) -> list[read.Refused]:
    """What an input was refused, if it was."""
    return [found for found in read.refusals(reader.connection, after_seq=seq - 1) if found.seq == seq]
