"""Every rule can be found by its name: in the code, in a test, and in docs/rules.md."""

import re

import pytest

from tests.rules import rule_index

CODE = rule_index.places_in_code()
TESTS = rule_index.tests_by_rule()


def test_all_rules_of_the_proposals_are_in_the_index():
    numbered = [f"PL-{n}" for n in range(1, 52)]
    decided = [f"PL-D{n}" for n in range(1, 68)]
    always = [f"PL-I{n}" for n in range(1, 6)]
    vaults = [f"V-{n}" for n in range(1, 13)]

    shared = [f"SP-{n}" for n in range(1, 24)]

    assert list(rule_index.RULES) == numbered + decided + always + shared + vaults


@pytest.mark.parametrize("rule", rule_index.RULES)
def test_a_rule_is_in_the_code_by_its_name(rule):
    assert CODE.get(rule), f"{rule} ({rule_index.RULES[rule]}) is named nowhere in bsip_mplp/"


@pytest.mark.parametrize("rule", rule_index.RULES)
def test_a_rule_has_a_test_by_its_name(rule):
    name = re.compile(rf"(?:^|_){rule.lower().replace('-', '_')}(?=_|$)")
    tests = [test.split(": ")[1] for test in TESTS.get(rule, [])]
    assert any(name.search(test) for test in tests), f"{rule} ({rule_index.RULES[rule]}) is in no test's name"


def test_no_rule_is_named_that_there_is_not():
    """A slip of the pen such as PL-D76 would never be found."""
    assert set(CODE) <= set(rule_index.RULES)


def test_the_index_is_what_the_code_and_the_tests_say():
    """If this fails: `python -m tests.rules.rule_index` writes it anew."""
    page = rule_index.PAGE.read_text(encoding="utf-8")

    assert page == rule_index.filled(page)
