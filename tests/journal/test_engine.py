"""The real engine through the journal: random courses are written, verified, rebuilt and folded again."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from bsip_mplp.journal import Cursor, Journal, read
from bsip_mplp.journal.verify import verify
from bsip_mplp.rules.codec import canonical, input_from_json, input_to_json
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import (
    Ask,
    AssetSeen,
    Borrow,
    ChangePool,
    Deposit,
    FeedSeen,
    Input,
    Lend,
    MarketOpened,
    Operator,
    OrderDone,
    OrderFailed,
    PositionSeen,
    Prepay,
    Protect,
    Repay,
    Request,
    Stake,
    Tick,
    Unlend,
    Unprepay,
    Withdraw,
)
from tests.databases import rows_of

DAY = 86_400
PEOPLE = st.sampled_from(["alice", "bob", "carol"])
ASSETS = st.sampled_from(["TEST", "USD"])
UNITS = st.integers(1, 200_000)
NUMBERS = st.integers(1, 6)
START: list[Input] = [
    AssetSeen(time=0, symbol="TEST", precision=5),
    AssetSeen(time=0, symbol="USD", precision=4),
    MarketOpened(time=0, market="USD", core_asset="TEST"),
    FeedSeen(time=0, market="USD", price=(1, 2), mcr=1750, mssr=1100, icr=2000, expires=10 * DAY),
    Deposit(time=0, account="alice", asset="TEST", amount=10**6, ask=Lend(rate=Fraction(1, 10), term_days=30)),
    Deposit(time=0, account="carol", asset="USD", amount=10**5, ask=Operator()),
    PositionSeen(time=0, market="USD", account="bob", collateral=90_000, debt=24_000),
    Deposit(time=0, account="bob", asset="TEST", amount=10**5, ask=Prepay()),
    Request(time=0, account="bob", ask=Borrow(market="USD", asset="TEST")),
]

ASKS: st.SearchStrategy[Ask] = st.one_of(
    st.builds(
        Lend, rate=st.fractions(0, 1, max_denominator=20), term_days=st.sampled_from([1, 7, 30]), renews=st.booleans()
    ),
    st.builds(Stake),
    st.builds(ChangePool, pool=NUMBERS, renews=st.booleans()),
    st.builds(Unlend, pool=NUMBERS, amount=st.none() | UNITS),
    st.builds(Prepay),
    st.builds(Unprepay, asset=ASSETS, amount=st.none() | UNITS),
    st.builds(Borrow, market=st.just("USD"), asset=ASSETS, amount=st.none() | UNITS),
    st.builds(Protect, market=st.just("USD"), at=st.none() | st.sampled_from([Fraction(3), Fraction(8, 5)])),
    st.builds(Repay, loan=NUMBERS),
    st.builds(Withdraw, asset=ASSETS, amount=st.none() | UNITS),
)


@st.composite
def courses(draw: st.DrawFn) -> list[Input]:
    """The start and up to forty inputs after it, over some weeks."""
    time, items = 0, list(START)
    for number in range(draw(st.integers(0, 40))):
        time += draw(st.sampled_from([0, 3, 3_600, DAY, 8 * DAY]))
        items.append(draw(_one(time, f"{number}:0:0")))
    return items


def _one(time: int, source: str) -> st.SearchStrategy[Input]:
    at, price = st.just(time), st.none() | st.tuples(st.integers(1, 9), st.integers(5, 20))
    done = st.builds(
        OrderDone, time=at, order=NUMBERS, fee_asset=st.just("TEST"), fee=st.integers(0, 9), transaction=st.just("ab")
    )
    return st.one_of(
        st.builds(Deposit, time=at, account=PEOPLE, asset=ASSETS, amount=UNITS, ask=ASKS, source=st.just(source)),
        st.builds(Deposit, time=at, account=PEOPLE, asset=ASSETS, amount=UNITS, unreadable=st.just("what is 这个?")),
        st.builds(Request, time=at, account=PEOPLE, ask=ASKS, source=st.just(source)),
        st.builds(
            FeedSeen,
            time=at,
            market=st.just("USD"),
            price=price,
            mcr=st.just(1750),
            mssr=st.just(1100),
            icr=st.just(2000),
            expires=st.just(time + 20 * DAY),
        ),
        st.builds(
            PositionSeen,
            time=at,
            market=st.just("USD"),
            account=PEOPLE,
            collateral=st.integers(0, 10**5),
            debt=st.integers(0, 30_000),
        ),
        st.builds(Tick, time=at),
        done,
        st.builds(OrderFailed, time=at, order=NUMBERS, reason=st.just("no such account")),
    )


def written(url: str, items: list[Input], size: int) -> Engine:
    """A journal written block by block by one engine, which is returned."""
    engine = Engine()
    with Journal.open(url) as journal:
        for start in range(0, len(items), size):
            part = items[start : start + size]
            journal.write([(item, engine.apply(item)) for item in part], Cursor(start + 1, part[-1].time))
    return engine


@settings(max_examples=25, deadline=None)
@given(items=courses(), size=st.integers(1, 20))
def test_a_course_is_written_verified_rebuilt_and_folded_again(
    fresh: Callable[[], str], items: list[Input], size: int
) -> None:
    url = fresh()
    engine = written(url, items, size)
    with Journal.open(url) as journal:
        report = verify(journal, Engine())
        assert report.differences == ()
        assert report.inputs == len(items)
        before = rows_of(url)
        journal.rebuild()
        assert rows_of(url) == before
        again = Engine()
        for item in journal.inputs():
            again.apply(item)
        assert canonical(again.state()) == canonical(engine.state())
        with journal.reading() as connection:
            stored = {(b.account, b.asset): b.units for b in read.all_balances(connection)}
            assert stored == engine.ledger.balances()
            loans = {item.key: item.body for item in read.objects(connection, "loan")}
            assert loans == engine.state()["loans"]


@settings(max_examples=25, deadline=None)
@given(items=courses())
def test_inputs_are_the_same_after_json(items: list[Input]) -> None:
    for item in items:
        text = canonical(input_to_json(item))
        assert input_from_json(json.loads(text)) == item


def test_the_start_makes_a_loan(url: str) -> None:
    """Else the random courses would say little."""
    engine = written(url, [*START, Tick(time=40 * DAY)], 3)
    assert engine.state()["loans"]
    assert engine.state()["loans"]["1"]["paid_until"] > 0
