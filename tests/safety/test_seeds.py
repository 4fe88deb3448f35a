"""A few hundred seeds of the crash harness, one run cut systematically, and faults put in by hand that must be caught.

More: `make soak`, or `python -m tests.safety FIRST COUNT`.
"""

import pytest

from bsip_mplp.chain.outbox import Outbox
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.rules.inputs import OrderDone
from tests.safety.run import Broken, Run
from tests.safety.seeds import played
from tests.safety.town import Town

SEEDS = 240
ONCE_BROKEN = (2020,)
PART = 10
SERVER_SEEDS = 6
SYSTEMATIC_SEED = 7
SYSTEMATIC_STEP = 11


@pytest.fixture(scope="module")
def town():
    found = Town()
    yield found
    found.close()


@pytest.mark.parametrize("first", range(0, SEEDS, PART))
def test_ledger_and_chain_agree_to_the_last_unit_whatever_goes_wrong(town, first):
    seeds = range(first, first + PART)
    assert len(list(played(Run, town, seeds, "python -m tests.safety {} 1"))) == PART


@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_seeds_that_once_broke(town, seed):
    Run(town, seed).play()


def test_the_same_on_postgresql(postgres):
    town = Town(postgres)
    try:
        seeds, command = range(SERVER_SEEDS), "python -m tests.safety {} 1 --database postgresql"
        assert len(list(played(Run, town, seeds, command))) == SERVER_SEEDS
    finally:
        town.close()


def test_a_run_cut_at_one_crash_point_after_the_other(town):
    points = Run(town, SYSTEMATIC_SEED, places=()).play().points
    cuts = 0
    for place in range(1, points + 1, SYSTEMATIC_STEP):
        cuts += sum(Run(town, SYSTEMATIC_SEED, places=(place,)).play().cuts.values())
    assert cuts == len(range(1, points + 1, SYSTEMATIC_STEP))


def broken(town, seeds):
    """The first seed that breaks, and how."""
    for seed in seeds:
        try:
            Run(town, seed).play()
        except Broken as error:
            return str(error)
    return None


def test_a_payout_marked_paid_before_it_is_sent_is_caught(town, monkeypatch):
    def begin(self, one, context, reserve_units):
        transaction = self._sign(one, context).id
        number = one.order.number
        done = OrderDone(time=context.time, order=number, fee_asset="TEST", fee=10, transaction=transaction)
        return done, 10

    monkeypatch.setattr(Outbox, "_begin", begin)
    assert "of others, the ledger says" in broken(town, range(30))


def test_a_cursor_moved_before_the_credit_is_caught(town, monkeypatch):
    take = Intake.take

    def wrong(self, inputs, cursor=None):
        if cursor is not None:
            self.journal.write([], cursor)
        return take(self, inputs)

    monkeypatch.setattr(Intake, "take", wrong)
    assert broken(town, range(60)) is not None


def test_a_payout_built_anew_before_the_last_one_is_dead_is_caught(town, monkeypatch):
    resolve = Outbox._resolve

    def hasty(self, one, last, seen, context):
        return resolve(self, one, last, seen._replace(time=10**11), context)

    monkeypatch.setattr(Outbox, "_resolve", hasty)
    assert broken(town, range(60)) is not None
