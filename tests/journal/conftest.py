from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from bsip_mplp.journal import Cursor, Journal
from bsip_mplp.rules.inputs import Deposit, Input, OrderDone, OrderFailed, Request, Withdraw
from tests.journal.fake_engine import FakeEngine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    with Journal.open(url, create=True) as opened:
        yield opened


def take(journal: Journal, engine: FakeEngine, items: Iterable[Input], cursor: Cursor | None = None) -> None:
    journal.write([(item, engine.apply(item)) for item in items], cursor)


def course() -> list[Input]:
    """Ten inputs that touch every table: money in, out, paid, failed, refused."""
    return [
        Deposit(time=100, account="alice", asset="TEST", amount=5_000, source="10:0:0"),
        Deposit(time=103, account="bob", asset="TEST", amount=70, source="11:0:0"),
        Request(time=103, account="alice", ask=Withdraw(asset="TEST", amount=1_000), source="11:1:0"),
        Request(time=106, account="bob", ask=Withdraw(asset="TEST", amount=71), source="12:0:0"),
        Request(time=106, account="bob", ask=Withdraw(asset="TEST", amount=70), source="12:0:1"),
        OrderDone(time=109, order=1, fee_asset="TEST", fee=20, transaction="ab" * 20, source="13:0:0"),
        OrderFailed(time=112, order=2, reason="no such account"),
        Deposit(time=115, account="alice", asset="USD", amount=9, source="15:0:0"),
        Request(time=115, account="alice", ask=Withdraw(asset="USD", amount=9)),
        Deposit(time=118, account="carol", asset="TEST", amount=1, source="16:0:0"),
    ]
