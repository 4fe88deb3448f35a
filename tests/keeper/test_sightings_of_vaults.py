"""What the ledger last saw of vaults, folded: which can be looked at; the watcher of positions leaves them alone."""

import pytest

from bsip_mplp.keeper.sightings import Sightings
from tests.rules.vault_stage import MONEY, VaultStage


@pytest.fixture
def course():
    """A stage whose outcomes are noted as the intake does it, from the beginning."""
    sightings, stage = Sightings(), None

    class Noting(VaultStage):
        def apply_noted(self):
            apply = self.engine.apply

            def noting(item):
                outcome = apply(item)
                sightings.note(item, outcome)
                return outcome

            self.engine.apply = noting
            return self

    stage = Noting().apply_noted()
    stage.lend("bob", 100 * MONEY, "BTS", "1/100", 14)
    stage.prepay("ann", MONEY, "BTS")
    return stage, sightings


def test_v_11_a_vault_is_looked_at_only_while_no_order_is_at_work_on_it(course):
    stage, seen = course
    vault = stage.open("ann", 20 * MONEY, 10 * MONEY, work=False)
    assert list(seen.vaults) == [vault]
    assert seen.idle_vaults() == []  # its account is being made
    stage.work()
    assert [one["account"] for one in seen.idle_vaults()] == [vault]
    stage.borrow("ann", None, "BTS")
    assert stage.tasks() == ["lend"]
    assert seen.idle_vaults() == []
    stage.work()
    assert [one["account"] for one in seen.idle_vaults()] == [vault]


def test_the_watcher_of_positions_leaves_vaults_alone(course):
    stage, seen = course
    vault = stage.open("ann", 20 * MONEY, 10 * MONEY)
    stage.borrow("ann", None, "BTS")
    stage.work()
    assert seen.vault_positions[vault]["loans"]
    assert vault not in seen.watched()
    assert "ann" in seen.watched()  # she has prepaid interest: a position of her own would matter
