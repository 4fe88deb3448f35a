"""A few seeds with vaults, cut and gone wrong at any place, and a fault put in by hand that must be caught.

More: `python -m tests.safety.vaults FIRST COUNT`.
"""

import pytest

from tests.safety.hasty import is_caught, tell_too_soon
from tests.safety.seeds import played
from tests.safety.vaults import VaultRun, VaultTown

SEEDS = 10


@pytest.fixture(scope="module")
def town():
    found = VaultTown()
    yield found
    found.close()


def test_v_4_and_v_5_what_is_in_vaults_agrees_to_the_last_unit_whatever_goes_wrong(town):
    vaults = loans = cuts = 0
    for figures in played(VaultRun, town, range(1, SEEDS + 1), "python -m tests.safety.vaults {} 1"):
        vaults, loans, cuts = vaults + figures.vaults, loans + figures.loans, cuts + sum(figures.cuts.values())
    assert min(vaults, loans, cuts) > 0


def test_an_order_on_a_vault_told_as_done_before_it_is_sent_is_caught(town, monkeypatch):
    tell_too_soon(monkeypatch, "vault")
    assert is_caught(VaultRun, town, range(1, SEEDS + 1))
