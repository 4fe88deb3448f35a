"""Every rule, every movement and every event that the rules' code can post has words: the code itself is searched."""

import ast
import re
from pathlib import Path

import pytest

from bsip_mplp.cli.words import EVENTS, MOVEMENTS, RULES, Figures, event_words, movement_words, rule_words
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.transitions import ENDS_OF_LOANS, TRANSITIONS
from tests import long_course

SOURCES = sorted((Path(__file__).parents[2] / "bsip_mplp/rules").glob("*.py"))
CALLS = [
    (path.name, node)
    for path in SOURCES
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
]
TOLD_KINDS = {kind for kind, _ in EVENTS}


def shown(node):
    """A text as it could come out: figures are 7, names bob; None if it is handed on from elsewhere."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else sample(part) for part in node.values)
    return None


def sample(part):
    source = ast.unparse(part.value)
    return {"ask.fund": "risk", "what": "coupon"}.get(source, "bob" if source.endswith(".account") else "7")


def texts_of_movements():
    """What stands in `move`, and in what is handed to `pay_from_fund`, the one function that hands a text on."""
    found = [(name, shown(node.args[1])) for name, node in CALLS if node.func.attr == "move" and len(node.args) > 2]
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == "text"
                and path.name in {"carrying.py", "serving.py"}
            ):
                found.append((path.name, shown(node.value)))
    return [(name, text) for name, text in found if text is not None]


def handed_on():
    return [
        name for name, node in CALLS if node.func.attr == "move" and len(node.args) > 2 and shown(node.args[1]) is None
    ]


def test_only_the_fund_posts_a_text_that_it_was_handed():
    assert handed_on() == ["funds.py"]
    callers = {path.name for path in SOURCES if "pay_from_fund(" in path.read_text()} - {"funds.py"}
    assert callers == {"carrying.py", "serving.py"}


@pytest.mark.parametrize(("name", "text"), texts_of_movements())
def test_every_movement_has_words_for_both_sides(name, text):
    for units in (1, -1):
        assert movement_words(text, units), f"{name} posts {text!r}: write what it means into MOVEMENTS"


def test_no_words_are_for_a_movement_that_is_never_posted():
    texts = [text for _, text in texts_of_movements()]
    for found in MOVEMENTS:
        assert any(re.fullmatch(found.text, text) for text in texts), found.text


def test_every_rule_that_is_named_in_the_code_has_a_name():
    named = {rule for path in SOURCES for rule in re.findall(r'"((?:PL-D?|G-|V-)\d+)"', path.read_text())}
    named |= set(ENDS_OF_LOANS) | {transition.rule for transition in TRANSITIONS}
    assert named - set(RULES) == set()
    assert rule_words("PL-30") == "PL-30, sealed bids"


def test_every_event_of_a_loan_a_position_or_an_auction_has_words():
    for name, node in CALLS:
        if node.func.attr == "event" and isinstance(node.args[3], ast.Constant):
            kind, what = node.args[1].value, node.args[3].value
            assert kind not in TOLD_KINDS or (kind, what) in EVENTS, f"{name}: {kind} {what}"


def test_all_that_a_long_life_brings_can_be_said():
    figures = Figures(lambda asset, units: f"{units} {asset}", str, str)
    engine, told = Engine(), 0
    for item in long_course.until(long_course.INSURED):
        outcome = engine.apply(item)
        for entry in outcome.entries:
            assert entry.rule in RULES
            assert all(movement_words(entry.text, posting.units) for posting in entry.postings), entry.text
        for event in outcome.events:
            if event.kind in TOLD_KINDS:
                told += bool(event_words(event.kind, event.key, event.what, event.values, figures))
    assert told > 20
