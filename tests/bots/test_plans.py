"""The bots' plans are pure: what they would do follows from what they saw, and from nothing else."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.bots import due, inbox, watcher
from bsip_mplp.bots.actions import Take
from bsip_mplp.journal import Cursor
from bsip_mplp.rules.inputs import Borrow, Deposit, FeedSeen, PositionSeen, Prepay, Protect, Tick
from bsip_mplp.rules.vault_asks import VaultOpen

FEED = FeedSeen(time=100, market="CNY", price=(3, 2), mcr=1750, mssr=1500, icr=1800, expires=5000)
SIGHT = PositionSeen(time=100, market="CNY", account="bob", collateral=700, debt=500)


def deposit(account="bob", ask=None, time=200, number=1):
    return Deposit(time=time, account=account, asset="TEST", amount=1, ask=ask, source=f"s{number}")


# --- what falls due ---------------------------------------------------------------------------------------


def test_a_tick_is_brought_only_when_something_is_due():
    assert due.plan(due.View(time=100, next_due=101)) == ()
    assert due.plan(due.View(time=None, next_due=1)) == ()
    assert due.plan(due.View(time=100, next_due=None)) == ()
    assert due.plan(due.View(time=100, next_due=100)) == (Take((Tick(time=100),)),)


# --- watcher ----------------------------------------------------------------------------------------------


def test_the_watcher_reports_nothing_that_the_ledger_knows():
    view = watcher.View({"CNY": FEED}, {("CNY", "bob"): SIGHT}, [replace(FEED, time=900)], [replace(SIGHT, time=900)])
    assert watcher.plan(view) == ()


def test_the_watcher_reports_a_feed_whose_expiry_alone_moved():
    later = replace(FEED, time=900, expires=9000)
    assert watcher.plan(watcher.View({"CNY": FEED}, {}, [later])) == (Take((later,)),)


def test_the_watcher_reports_a_missing_feed_once():
    none = FeedSeen(time=900, market="CNY")
    assert watcher.plan(watcher.View({"CNY": FEED}, {}, [none])) == (Take((none,)),)
    assert watcher.plan(watcher.View({"CNY": none}, {}, [replace(none, time=1000)])) == ()


def test_the_watcher_reports_feeds_before_positions():
    feed, closed = replace(FEED, price=(1, 1)), replace(SIGHT, collateral=0, debt=0)
    view = watcher.View({"CNY": FEED}, {("CNY", "bob"): SIGHT}, [feed], [closed])
    assert watcher.plan(view) == (Take((feed, closed)),)


def test_the_watcher_passes_over_an_account_that_never_had_a_position():
    assert watcher.plan(watcher.View(positions=[replace(SIGHT, collateral=0, debt=0)])) == ()


def test_what_could_not_be_read_stays_as_it_was():
    assert watcher.plan(watcher.View({"CNY": FEED}, {("CNY", "bob"): SIGHT})) == ()


# --- inbox ------------------------------------------------------------------------------------------------


def test_the_inbox_does_nothing_while_the_chain_stands_still():
    cursor = Cursor(7, 100)
    assert inbox.plan(inbox.View(cursor=cursor, was=cursor)) == ()


def test_the_inbox_moves_the_clock_although_nothing_came():
    cursor = Cursor(8, 103)
    assert inbox.plan(inbox.View(cursor=cursor, was=Cursor(7, 100))) == (Take((), cursor),)


def test_feed_and_position_stand_right_before_the_first_request_that_needs_them():
    money, ask = deposit(ask=Prepay(), number=1), deposit(ask=Borrow(market="CNY", asset="TEST"), time=203, number=2)
    again = deposit(ask=Protect(market="CNY"), time=206, number=3)
    cursor = Cursor(9, 300)
    view = inbox.View([money, ask, again], cursor, None, feeds=[FEED], positions=[SIGHT])
    (take,) = inbox.plan(view)
    assert take == Take((money, replace(FEED, time=203), replace(SIGHT, time=203), ask, again), cursor)


def test_a_request_for_a_position_won_needs_that_position_and_not_the_askers():
    ask = deposit("frank", ask=Borrow(market="CNY", asset="TEST", position="bob"))
    view = inbox.View([ask], Cursor(9, 300), None, positions=[SIGHT, replace(SIGHT, account="frank")])
    assert inbox.plan(view)[0].inputs == (replace(SIGHT, time=200), ask)


def test_what_the_ledger_knows_already_is_not_said_again():
    ask = deposit(ask=Borrow(market="CNY", asset="TEST"))
    view = inbox.View([ask], Cursor(9, 300), None, {"CNY": FEED}, {("CNY", "bob"): SIGHT}, [FEED], [SIGHT])
    assert inbox.plan(view)[0].inputs == (ask,)


@given(
    st.lists(st.tuples(st.sampled_from(["bob", "eve"]), st.booleans(), st.integers(0, 5)), max_size=12),
    st.sampled_from([(), (FEED,)]),
)
def test_a_batch_keeps_the_order_of_the_chain_and_never_goes_back_in_time(asks, feeds):
    time, came = 200, []
    for number, (account, borrows, wait) in enumerate(asks):
        time += wait
        came.append(deposit(account, Borrow(market="CNY", asset="TEST") if borrows else None, time, number))
    positions = [SIGHT, replace(SIGHT, account="eve")]
    (take,) = inbox.plan(inbox.View(came, Cursor(9, time + 1), None, feeds=feeds, positions=positions))
    assert [item for item in take.inputs if isinstance(item, Deposit)] == came
    assert [item.time for item in take.inputs] == sorted(item.time for item in take.inputs)
    for account in {item.account for item in came if item.ask is not None}:
        first = next(
            i
            for i, item in enumerate(take.inputs)
            if isinstance(item, Deposit) and item.account == account and item.ask is not None
        )
        assert any(isinstance(item, PositionSeen) and item.account == account for item in take.inputs[:first])


def test_an_action_says_itself_in_one_line_an_input():
    take = Take((Tick(time=5),), Cursor(8, 103))
    assert take.lines() == ['take {"kind":"tick","time":5}', "move the cursor to block 8"]


def test_what_is_asked_of_a_vault_is_judged_by_the_newest_feed_and_never_by_an_own_position():
    ask = VaultOpen(market="CNY", debt=5)
    view = inbox.View([deposit(ask=ask)], Cursor(5, 300), Cursor(4, 200), {}, {}, [FEED])
    (take,) = inbox.plan(view)
    assert take.inputs == (replace(FEED, time=200), deposit(ask=ask))
