"""Random courses of vaults on the embedded chain: nothing is lost but by V-10, and each way home is one of three.

A few here; `python -m tests.vaults FIRST COUNT` runs as many as one likes.
"""

import json
import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bsip_mplp.rules import vault_work
from bsip_mplp.rules.codec import input_from_json, input_to_json, outcome_to_json
from bsip_mplp.rules.engine import Engine
from tests.rules import invariants
from tests.rules.test_catch_up import by_kind, replay
from tests.rules.test_stateful import THOROUGH
from tests.rules.vault_courses import ended, lent
from tests.rules.vault_stage import MONEY
from tests.vaults import Course

M = MONEY


@pytest.mark.parametrize("number", range(5))
def test_v_10_no_lender_loses_a_unit_unless_it_was_reached_and_then_the_books_say_so(number):
    course = Course(number, vaults=8, steps=25)
    course.run()
    stage = course.stage

    assert all(item.way in ("", "a", "b", "c") for item in stage.engine.book.unwindings.values())
    for outcome in stage.outcomes:
        invariants.check_outcome(outcome)


@pytest.mark.parametrize("number", [2, 3])
def test_pl_i5_and_g_7_with_vaults_a_replay_and_any_ticks_between_bring_the_same(number):
    """The same inputs, read again from their written form; and with a tick at random moments among them."""
    course = Course(number, vaults=6, steps=25)
    course.run()
    stage = course.stage
    again = Engine()
    for item, outcome in zip(stage.inputs, stage.outcomes, strict=True):
        written = json.loads(json.dumps(input_to_json(item)))
        assert outcome_to_json(again.apply(input_from_json(written))) == outcome_to_json(outcome)
    assert again.state() == stage.engine.state()

    chance = random.Random(number)
    ticks = [chance.randrange(stage.now + 1) for _ in range(200)]
    stepped, outcomes = replay(stage.inputs, ticks)
    assert stepped.state() == stage.engine.state()
    assert by_kind(outcomes) == by_kind(stage.outcomes)


def test_v_5_a_feed_touches_only_what_it_can_let_home(monkeypatch):
    """What is on its way home stands in an order of its own: a feed under ICR and without capital looks at none."""
    stage = ended()
    looked = []
    was = vault_work.look
    monkeypatch.setattr(
        vault_work, "look", lambda book, position: looked.append(position.account) or was(book, position)
    )
    for price in (650, 700, 750, 799):
        stage.feed(price)
    assert looked == []
    stage.feed(801)

    assert looked == [stage.vault_of("ann")]


def test_v_7_a_feed_touches_only_what_it_can_trigger(monkeypatch):
    stage = lent(60)
    looked = []
    was = vault_work.look
    monkeypatch.setattr(
        vault_work, "look", lambda book, position: looked.append(position.account) or was(book, position)
    )
    for price in (990, 900, 800, 700):  # LCR is over MCR with the buffer down to 0.662
        stage.feed(price)
    assert looked == []
    stage.feed(661)

    assert looked == [stage.vault_of("ann")]


# --- anything in any order --------------------------------------------------------------------------------------

HOLDERS = ("holder0", "holder1", "holder2")
holders = st.sampled_from(HOLDERS)
shares = st.sampled_from((1, M // 10, M, 3 * M))


class Vaults(RuleBasedStateMachine):
    """Three holders with vaults, to whom anything may happen; ledger and chain are compared after every step."""

    @initialize(number=st.integers(0, 10**6))
    def begin(self, number):
        self.course = Course(number, vaults=len(HOLDERS))
        self.stage = self.course.stage
        self.course.open_all()
        self.seen = 0

    @rule(price=st.sampled_from((1300, 1000, 930, 860, 800, 740, 690, 650, 600, 520, 430, 330)), units=shares)
    def feed(self, price, units):
        self.course.no_buyers()
        self.course.bought = self.stage.buyers(max(1, price * 95 // 100), 20 * units)
        self.course.price = price
        self.stage.feed(price)

    @rule(seconds=st.sampled_from((1, 60, 900, 86_400, 6 * 86_400)))
    def wait(self, seconds):
        self.stage.wait(seconds=seconds)
        self.stage.sync()

    @rule(most=st.integers(1, 5))
    def work(self, most):
        """Some orders are carried out; others stay under way."""
        for order in self.stage.waiting()[:most]:
            if order.kind == "vault_owner":
                self.stage.done(order)
            elif order.state == "open":
                self.stage.carry_out(order)

    @rule()
    def refuse(self):
        """The chain refuses an order that it could have taken."""
        for order in self.stage.orders("vault")[:1]:
            self.stage.fail(order)
            self.stage.sync()

    @rule(holder=holders, kind=st.integers(0, 8), seed=st.integers(0, 99))
    def ask(self, holder, kind, seed):
        self.course.chance = _Chosen(kind, seed)
        self.course.somebody(holder)

    @rule(units=shares, asset=st.sampled_from(("BTS", "USD")), fund=st.sampled_from(("insurance", "risk")))
    def insure(self, units, asset, fund):
        self.stage.insure("eve", 10 * units, asset, fund)

    @rule(units=shares)
    def settle(self, units):
        self.stage.chain.settle("mm", units, "USD")
        self.stage.sync()

    @invariant()
    def ledger_and_chain_agree(self):
        """V-4, V-5, V-10, PL-I1 to PL-I4; a vault with an order under way is compared once it is done."""
        if not hasattr(self, "stage"):
            return
        invariants.check(self.stage.engine)
        self.course.check_lenders()
        for outcome in self.stage.outcomes[self.seen :]:
            invariants.check_outcome(outcome)
        self.seen = len(self.stage.outcomes)

    def teardown(self):
        """At the end all orders are carried out, and ledger and chain agree to the last unit."""
        if hasattr(self, "stage"):
            self.course.chance = random.Random(0)
            self.course.work()
            self.course.check()


class _Chosen(random.Random):
    """Chance whose first choice among nine is given."""

    def __init__(self, kind, seed):
        super().__init__(seed)
        self.kind = kind

    def randrange(self, start, stop=None, step=1):
        if (start, stop) == (9, None):
            return self.kind
        return super().randrange(start, stop, step)


Vaults.TestCase.settings = settings(
    max_examples=200 if THOROUGH else 15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestVaultsOnRandomCourses = Vaults.TestCase
