"""A few seeds with bonds on the chain, cut and gone wrong at any place, and a fault put in by hand that must be caught.

More: `python -m tests.safety.bonds FIRST COUNT`.
"""

import pytest

from tests.safety.bonds import BondRun, BondTown
from tests.safety.hasty import is_caught, tell_too_soon
from tests.safety.seeds import played

SEEDS = 8


@pytest.fixture(scope="module")
def town():
    found = BondTown()
    yield found
    found.close()


def test_pl_43_units_on_the_chain_are_those_of_the_ledger_whatever_goes_wrong(town):
    issued = back = cuts = 0
    for figures in played(BondRun, town, range(1, SEEDS + 1), "python -m tests.safety.bonds {} 1"):
        issued, back, cuts = issued + figures.issued, back + figures.back, cuts + sum(figures.cuts.values())
    assert min(issued, back, cuts) > 0


def test_units_told_as_issued_before_they_are_sent_are_caught(town, monkeypatch):
    tell_too_soon(monkeypatch, "bond_issue")
    assert is_caught(BondRun, town, range(1, SEEDS + 1))
