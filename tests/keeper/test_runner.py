"""The runner: a bot that fails is retried with back-off and seen, and never takes the others with it."""

import threading
import time
from dataclasses import dataclass, field

import pytest

from bsip_mplp.bots.actions import Take
from bsip_mplp.bots.bot import Bot
from bsip_mplp.chain.errors import ChainError, UnreachableError
from bsip_mplp.journal import Cursor, Journal
from bsip_mplp.keeper.desk import Done
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.runner import BACK_OFF_SECONDS_MAX, Keeper
from bsip_mplp.keeper.status import StatusBoard
from bsip_mplp.rules.inputs import AssetSeen, Tick

WIF = "5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"


@dataclass
class BareDesk:
    """A desk with a real journal and no chain; it counts how often the node was left."""

    journal: Journal
    intake: Intake
    left: int = 0
    carried: list = field(default_factory=list)

    def carry_out(self, action):
        self.intake.take(action.inputs, action.cursor)
        self.carried.append(action)
        return Done(action.lines(), [])

    def hang_up(self):
        self.left += 1

    def close(self):
        self.journal.close()


class Setting:
    def __init__(self, url):
        self.url = url
        with Journal.open(self.url) as journal:
            Intake.load(journal).take([AssetSeen(time=1, symbol="TEST", precision=5)])
        self.now = 1000.0
        self.desks = []
        self.board = StatusBoard(self.url)

    def open_desk(self):
        journal = Journal.open(self.url)
        self.desks.append(BareDesk(journal, Intake.load(journal)))
        return self.desks[-1]

    def keeper(self, *bots):
        return Keeper(self.open_desk, bots, {bot.name: 4.0 for bot in bots}, self.board, lambda: self.now)

    def status(self, name):
        return next(found for found in self.board.read() if found.name == name)


@pytest.fixture
def setting(url):
    made = Setting(url)
    yield made
    made.board.close()
    for desk in made.desks:
        desk.close()


def bot(name, plan, turn=1):
    return Bot(turn=turn, name=name, watches="nothing", observe=lambda desk: desk, plan=plan)


def ticking(desk):
    return (Take((Tick(time=desk.intake.now + 1),)),)


def failing(desk):
    raise ChainError(f"the node said {WIF}\nand hung up")


def test_a_bot_that_fails_is_seen_and_the_others_go_on(setting):
    keeper = setting.keeper(bot("bad", failing), bot("good", ticking, turn=2))
    assert keeper.once() is False
    good, bad = setting.status("good"), setting.status("bad")
    assert (good.failures, good.last_success, good.next_run) == (0, 1000, 1004)
    assert good.did == '1 done: take {"kind":"tick","time":2}'
    assert (bad.failures, bad.last_success) == (1, None)
    assert setting.desks[0].left == 1


def test_a_failure_is_kept_in_one_line_without_any_key(setting):
    setting.keeper(bot("bad", failing)).once()
    error = setting.status("bad").last_error
    assert error == "ChainError: the node said (a private key) and hung up"


def test_back_off_grows_is_bounded_and_ends_with_success(setting):
    works = False
    keeper = setting.keeper(bot("shaky", lambda desk: () if works else failing(desk)))
    waits = []
    for _ in range(20):
        keeper.run("shaky")
        waits.append(setting.status("shaky").next_run - 1000)
    assert waits[:4] == [8, 16, 32, 60]
    assert max(waits) == BACK_OFF_SECONDS_MAX
    works = True
    assert keeper.run("shaky")
    assert setting.status("shaky").failures == 0
    assert setting.status("shaky").last_error is not None


def test_after_a_failed_write_the_engine_is_folded_anew_before_anything_else(setting):
    cursors = iter([Cursor(9, 90), Cursor(3, 30), Cursor(10, 100)])
    keeper = setting.keeper(bot("inbox", lambda desk: (Take((Tick(time=desk.intake.now + 1),), next(cursors)),)))
    assert keeper.run("inbox")
    assert not keeper.run("inbox")  # the cursor would go back
    assert keeper.run("inbox")
    assert len(setting.desks) == 2
    with Journal.open(setting.url) as journal:
        assert journal.head.seq == 3
        assert journal.cursor() == Cursor(10, 100)


def test_a_node_that_cannot_be_reached_was_left_already_and_nothing_is_folded_anew(setting):
    def unreachable(desk):
        raise UnreachableError("no node answers")

    keeper = setting.keeper(bot("bad", unreachable))
    keeper.once()
    keeper.once()
    assert [desk.left for desk in setting.desks] == [0]


def test_after_any_other_fault_the_journal_is_opened_and_folded_anew(setting):
    keeper = setting.keeper(bot("bad", lambda desk: {}["missing"]), bot("good", ticking, turn=2))
    keeper.once()
    assert len(setting.desks) == 2
    assert setting.status("bad").last_error == "KeyError: 'missing'"
    assert setting.status("good").failures == 0


def test_another_writer_is_noticed_and_the_journal_is_folded_anew(setting):
    keeper = setting.keeper(bot("good", ticking))
    assert keeper.run("good")
    with Journal.open(setting.url) as other:
        Intake.load(other).take([Tick(time=77)])
    assert not keeper.run("good")
    assert "another process has written" in setting.status("good").last_error
    assert keeper.run("good")
    with Journal.open(setting.url) as journal:
        assert [item.time for item in journal.inputs()] == [1, 2, 77, 78]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(setting):
    keeper = setting.keeper(bot("good", ticking), bot("idle", lambda desk: (), turn=2))
    assert keeper.dry_run() == ['good: take {"kind":"tick","time":2}', "idle: nothing to do"]
    assert setting.desks[0].carried == []
    assert setting.board.read() == []


def test_all_bots_run_on_their_schedules_until_told_to_stop(setting):
    stop, ran = threading.Event(), []

    def counting(name):
        def plan(desk):
            ran.append(name)
            if {"one", "two"} <= set(ran) and ran.count("bad") >= 1:
                stop.set()
            if name == "bad":
                raise ConnectionError("down")
            return ()

        return plan

    setting.keeper(*(bot(name, counting(name)) for name in ("bad", "one", "two"))).serve(stop)
    assert {"one", "two", "bad"} <= set(ran)
    assert setting.status("one").failures == 0
    assert setting.status("bad").failures >= 1


def test_a_status_is_kept_when_the_keeper_starts_anew(setting):
    setting.keeper(bot("good", ticking)).once()
    setting.now = 2000.0
    keeper = setting.keeper(bot("good", failing))
    keeper.run("good")
    assert setting.status("good").last_success == 1000
    assert setting.status("good").lag_seconds(2000) == 996


def test_a_bot_that_fails_while_the_keeper_is_told_to_end_does_not_keep_it(setting):
    """Its back-off must ask nothing of the scheduler, which waits for it."""
    stop, began = threading.Event(), threading.Event()

    def plan(desk):
        began.set()
        stop.wait(60)
        time.sleep(0.2)  # the scheduler is told to end meanwhile
        raise ConnectionError("down")

    keeper = setting.keeper(bot("bad", plan))
    serving = threading.Thread(target=keeper.serve, args=(stop,), daemon=True)
    serving.start()
    assert began.wait(60)
    stop.set()
    serving.join(60)
    assert not serving.is_alive()
