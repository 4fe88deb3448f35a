"""What is frozen thaws to what goes on just the same; what isn't to be trusted is left out, and all is folded."""

import os
import pickle
import zlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsip_mplp.journal import Cursor, Journal, Snapshot, WriteError
from bsip_mplp.keeper import folded
from bsip_mplp.keeper.errors import FrozenError
from bsip_mplp.keeper.folded import Folded
from bsip_mplp.keeper.freezing import freeze, thaw
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.verifying import verify_with_snapshot
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import AssetSeen
from tests import databases
from tests.keeper.test_standby import deposit, write
from tests.model.course import Course
from tests.model_shared import course as shared_course
from tests.vaults import Course as VaultCourse

EVERY = 10
KINDS = {
    "peer": lambda seed: Course(seed).inputs_made(),
    "shared": lambda seed: shared_inputs(seed),
    "vaults": lambda seed: played(VaultCourse(seed, vaults=3, steps=12)),
}


def played(course):
    course.run()
    return course.stage.inputs


def shared_inputs(seed):
    inputs = []

    class Noting(shared_course.SharedScene):
        def put(self, item):
            inputs.append(item)
            return super().put(item)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_course, "SharedScene", Noting)
        assert shared_course.run(seed, steps=30) is None
    return inputs


@pytest.fixture
def begun(url, monkeypatch):
    """A journal of 24 inputs, with a snapshot at 20."""
    monkeypatch.setattr(Intake, "SNAPSHOT_INPUTS", EVERY)
    with Journal.open(url) as journal:
        inside = Intake.load(journal)
        inside.take([AssetSeen(time=1, symbol="TEST", precision=2)])
        for number in range(2, 25):
            inside.take([deposit(number)], Cursor(number, number))
    return url


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_an_engine_that_was_frozen_anywhere_goes_on_as_one_that_was_not(kind, seed):
    inputs = KINDS[kind](seed)
    assert len(inputs) > 30
    unbroken, engine = Engine(), Engine()
    for place, item in enumerate(inputs):
        if place % (len(inputs) // 7) == 0:
            (engine,) = thaw(freeze((engine,)), (Engine,))
        assert engine.apply(item) == unbroken.apply(item)
    assert engine.state() == unbroken.state()
    assert engine.ledger.balances() == unbroken.ledger.balances()


def test_only_the_tail_is_folded_after_a_snapshot(begun, monkeypatch):
    noted = []
    apply = Folded.apply
    monkeypatch.setattr(Folded, "apply", lambda self, item: (noted.append(item), apply(self, item))[1])
    with Journal.open(begun) as journal:
        assert journal.snapshot().head.seq == 20
        loaded = Intake.load(journal)
        assert noted == [deposit(number) for number in range(21, 25)]
        loaded.take([deposit(number) for number in range(30, 36)])
        assert journal.snapshot().head == journal.head
        whole = Folded()
        whole.fold_on(journal)
        assert Folded.begin(journal).is_like(whole)
        with journal.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM snapshots").scalar() == 1


def test_what_another_program_froze_is_not_read(begun, monkeypatch):
    monkeypatch.setattr(folded, "program", lambda: "another")
    monkeypatch.setattr(folded, "thaw", None)
    with Journal.open(begun) as journal:
        assert Folded.begin(journal).head.seq == 0
        assert Intake.load(journal).journal.head.seq == 24


def test_a_snapshot_of_another_course_of_things_is_none(begun):
    with Journal.open(begun) as journal:
        kept = journal.snapshot()
        journal.save_snapshot(kept._replace(head=kept.head._replace(hash="0" * 64)))
        assert journal.snapshot() is None
        journal.save_snapshot(kept._replace(head=kept.head._replace(seq=25)))
        assert journal.snapshot() is None
        journal.save_snapshot(kept)
        assert journal.snapshot() == kept


def test_a_snapshot_that_can_not_be_kept_costs_nothing_but_time(begun, monkeypatch, caplog):
    def refuse(self, snapshot):
        raise WriteError("the disk is full")

    monkeypatch.setattr(Journal, "save_snapshot", refuse)
    write(begun, *(deposit(number) for number in range(30, 45)))
    assert "no snapshot is kept: the disk is full" in caplog.text
    with Journal.open(begun) as journal:
        assert journal.head.seq == 39
        assert journal.snapshot().head.seq == 20


class Harm:
    """What a pickle can ask for if nobody looks."""

    def __init__(self, what, *given):
        self._what, self._given = what, given

    def __reduce__(self):
        return self._what, self._given


@pytest.mark.parametrize(
    "state",
    [
        Harm(os.mkdir, "harm"),
        Harm(eval, "1 + 1"),
        Harm(Journal.open, "harm"),
        Harm(getattr, Engine, "apply"),
        Harm(Harm, int),
        (Engine(), Harm(Journal, None, "harm")),
    ],
    ids=lambda one: str(getattr(one, "_what", "journal")),
)
def test_nothing_but_state_is_thawed(state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FrozenError, match="has no place in a snapshot"):
        thaw(freeze((state,)), (Engine,))
    assert not any(tmp_path.iterdir())


@given(st.data())
def test_altered_bytes_are_a_fault_or_thaw_to_what_they_say(data):
    body = freeze((Engine(), Fraction(1, 3)))
    place = data.draw(st.integers(0, len(body) - 1))
    altered = body[:place] + bytes([data.draw(st.integers(0, 255))]) + body[place + 1 :]
    if altered != body:
        with pytest.raises(FrozenError):
            thaw(altered, (Engine, Fraction))


def test_bytes_that_can_not_be_read_are_left_out_with_a_warning(begun, caplog):
    databases.alter(begun, "UPDATE snapshots SET body = 'junk'")
    with Journal.open(begun) as journal:
        assert Folded.begin(journal).head.seq == 0
        assert Intake.load(journal).journal.head.seq == 24
    assert "the snapshot at input 20 is left out" in caplog.text


def test_verify_finds_a_snapshot_that_the_inputs_do_not_make(begun):
    with Journal.open(begun) as journal:
        assert verify_with_snapshot(journal).holds
        false = Folded.begin(journal)
        false.engine.ledger._balances["free/ann", "TEST"] += 1
        journal.save_snapshot(false.snapshot())
        report = verify_with_snapshot(journal)
        assert [str(one) for one in report.differences] == [
            "input 20: snapshot isn't what the inputs make of it: stop the keeper and delete it (DELETE FROM snapshots)"
        ]


def test_a_pickle_of_plain_things_is_no_state(begun):
    with Journal.open(begun) as journal:
        kept = journal.snapshot()
        journal.save_snapshot(Snapshot(kept.head, kept.program, zlib.compress(pickle.dumps([1, 2, 3]))))
        assert Folded.begin(journal).head.seq == 0
