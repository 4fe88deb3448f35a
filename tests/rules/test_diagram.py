"""The diagram of a position's states is made from the table that the engine checks every change by."""

from typing import get_args
from xml.etree import ElementTree

from bsip_mplp.rules.transitions import TRANSITIONS, PositionState
from tests.rules import diagram


def test_the_docs_are_what_the_table_says():
    for name, made in (("states.md", diagram.page()), ("states.svg", diagram.svg())):
        assert (diagram.DOCS / name).read_text() == made, "run: python -m tests.rules.diagram"


def test_every_state_has_a_place_and_a_meaning():
    assert set(diagram.BOXES) == set(diagram.MEANING) == set(get_args(PositionState))


def test_every_way_is_drawn_once_with_all_its_rules():
    picture = ElementTree.fromstring(diagram.svg())
    lines = [
        path
        for path in picture.iter("{http://www.w3.org/2000/svg}path")
        if "Q" in path.get("d") or "L" in path.get("d")
    ]
    ways = {(one.was, one.now) for one in TRANSITIONS}
    assert len(lines) - 1 == len(ways)  # and the arrow's tip
    words = " ".join(text.text for text in picture.iter("{http://www.w3.org/2000/svg}text"))
    assert all(one.rule in words for one in TRANSITIONS)
    for one in TRANSITIONS:
        assert f"| {one.was} | {one.now} | {one.rule} | {one.why} |" in diagram.page()
