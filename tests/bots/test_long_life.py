"""The bots of the long life: they bring the time that the calendar asks for, and say what people can still do.

The desk is the real journal and engine, folded from a course; only the chain is left out.
"""

from dataclasses import dataclass

import pytest

from bsip_mplp.bots import auctioneer, bonds, carrier, collector, committee, dividends, vaults
from bsip_mplp.bots.actions import Take, Warn
from bsip_mplp.bots.registry import BOTS
from bsip_mplp.journal import Cursor, Journal
from bsip_mplp.keeper import changes
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.rules.inputs import ParametersChanged, Tick
from bsip_mplp.rules.schedule import DueKind
from tests import databases, long_course
from tests.long_course import DAY, NOON


@dataclass
class BareDesk:
    journal: Journal
    intake: Intake

    def move_clock(self, seconds):
        self.intake.take([], Cursor(self.journal.cursor().block + 1, NOON + seconds))

    def plan(self, module):
        return module.BOT.plan(module.BOT.observe(self))

    def work(self, module):
        """Let a bot look and do; returns the events that came of it, by (rule, kind, key, what)."""
        came = []
        for action in self.plan(module):
            if isinstance(action, Take):
                outcomes = self.intake.take(action.inputs, action.cursor)
                came.extend((e.rule, e.kind, e.key, e.what) for outcome in outcomes for e in outcome.events)
        return came


@pytest.fixture
def at(tmp_path):
    """A desk at a stage of the course, its clock at the last input."""
    opened = []

    def open_at(stage):
        journal = Journal.open(databases.new(tmp_path), create=True)
        opened.append(journal)
        intake = Intake.load(journal)
        inputs = long_course.until(stage)
        intake.take(inputs, Cursor(1, inputs[-1].time))
        return BareDesk(journal, intake)

    yield open_at
    for journal in opened:
        journal.close()


def test_each_kind_of_thing_that_falls_due_has_one_bot_that_brings_it():
    kinds = [*collector.KINDS, *vaults.DUE, DueKind.ROUND, DueKind.WINDOW, DueKind.DIVIDEND]
    assert sorted(kinds) == sorted(DueKind)
    assert {module.BOT for module in (collector, auctioneer, bonds, dividends, carrier, committee, vaults)} <= set(BOTS)


def test_the_auctioneer_brings_the_end_of_a_round_and_not_earlier(at):
    desk = at(long_course.BIDS)
    desk.move_clock(160 + 899)
    assert desk.plan(auctioneer) == ()
    desk.move_clock(160 + 900)
    assert ("PL-28", "auction", "1", "ended") in desk.work(auctioneer)
    assert desk.plan(auctioneer) == ()  # auction 2 has no bid any more: nothing closes until someone bids


def test_an_auctioneer_that_was_away_for_days_comes_to_the_same_end(at):
    desk = at(long_course.BIDS)
    desk.move_clock(3 * DAY)
    came = desk.work(auctioneer)
    assert came.index(("PL-28", "auction", "1", "ended")) < came.index(("PL-33", "auction", "2", "ended"))
    frank_won = desk.intake._engine.book.auctions[1]
    assert (frank_won.winner, frank_won.ended) == ("frank", NOON + 160 + 900)


def test_dividends_have_a_date_each_week(at):
    desk = at(long_course.LENT)
    desk.move_clock(7 * DAY - 1)
    assert desk.plan(dividends) == ()
    desk.move_clock(7 * DAY)
    assert desk.plan(dividends) == (Take((Tick(time=NOON + 7 * DAY),)),)
    desk.work(dividends)
    assert desk.intake.next_due((DueKind.DIVIDEND,)) == NOON + 14 * DAY


def test_the_carrier_says_before_it_is_too_late_what_the_fund_will_lack(at):
    desk = at(long_course.CARRIED)
    assert desk.plan(carrier) == ()  # the next interest is weeks away
    desk.move_clock(17 * DAY)
    desk.intake.take([Tick(time=NOON + 17 * DAY)])
    (warning,) = desk.plan(carrier)
    assert warning.lines() == [
        "the insurance fund of CNY lacks 1.3569 CNY for interest owed or due in 7 days: fill it with the memo "
        "`mplp insure`, or bonds are offered"
    ]


def test_the_carrier_names_what_is_black_and_is_quiet_once_income_came(at):
    desk = at(long_course.BLACK)
    (warning,) = desk.plan(carrier)
    assert warning.lines()[-1] == "CNY pays no dividend: black is the position of erin"
    desk.intake.take(long_course.INSURED)
    assert desk.plan(carrier) == ()


def test_bonds_on_offer_lack_buyers_until_their_window_ends(at):
    desk = at(long_course.BONDS)
    assert desk.plan(bonds) == (
        Warn(("bond series 1: 1.9276 of 2.9276 CNY lack a buyer until 2023-12-14 22:13:24 UTC",)),
    )
    desk.move_clock(30 * DAY + 4)
    assert ("PL-38", "series", "1", "window ended") in desk.work(bonds)
    assert desk.plan(bonds) == ()


def test_a_queued_change_counts_once_at_the_ledgers_time(at):
    desk = at(long_course.LENT)
    assert desk.plan(committee) == ()
    desk.move_clock(50)
    source = changes.queue(desk.journal.url, "CNY", {"lmcr": 1350}, now=1)
    second = changes.queue(desk.journal.url, "CNY", {"lmcr": 9000}, now=2)
    (take,) = desk.plan(committee)
    assert take.inputs == (
        ParametersChanged(time=NOON + 50, market="CNY", changes={"lmcr": 1350}, source=source),
        ParametersChanged(time=NOON + 50, market="CNY", changes={"lmcr": 9000}, source=second),
    )
    desk.work(committee)
    assert desk.intake._engine.book.markets["CNY"].parameters.lmcr == 1350  # the second was refused: it is over MCR
    assert desk.plan(committee) == ()
    assert desk.intake.take(take.inputs) == []
