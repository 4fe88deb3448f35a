"""How a step looks, on narrow and on wide terminals."""

import io

import pytest
from rich.console import Console

from bsip_mplp.story.scene import Scene, Step
from bsip_mplp.story.telling import show_end, show_step

STEP = Step(
    "4",
    "小红此时可以从小明借贷智能资产/bts来保证她的债仓;",
    "Now Hong can borrow from Ming.",
    lambda stage, scene: None,
)


def told(width, *, cr):
    scene = Scene(done=["Hong → pool  “mplp borrow least”"], chain=["Hong: CR 1.559"], ledger=["loan 1", "loan 2"])
    scene.over("Hong's CR", cr, 7)
    console = Console(file=io.StringIO(), width=width)
    show_step(console, STEP, scene)
    show_end(console, [(STEP, scene)], {"holds": True, "inputs": 27, "differences": []}, ["1 step"])
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_everything_is_shown_and_nothing_is_wider_than_the_terminal(width):
    text = told(width, cr=8)
    for part in ("Now Hong can borrow from Ming.", "小红此时", "mplp borrow least", "CR 1.559", "loan 2", "27 inputs"):
        assert part in text
    assert "✓ Hong's CR: 8, over 7" in text
    assert all(len(line) <= width for line in text.splitlines())


def test_a_failing_check_says_what_was_expected_and_found():
    text = told(80, cr=6)
    assert "4 ✗" in text
    assert "✗ Hong's CR: expected over 7, found 6" in text


def test_differences_are_told():
    console = Console(file=io.StringIO(), width=80)
    show_end(console, [], {"holds": False, "inputs": 2, "differences": ["input 2: balance"]}, [])
    assert "✗ verify: 2 inputs" in console.file.getvalue()
    assert "input 2: balance" in console.file.getvalue()
