"""docs/operations.md names alarms in the words in which they are told, and commands that there are."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from tests.test_deploy import assert_taken

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
COMMANDS = re.sub(r"the memo\s+`[^`]*`", "", PAGE)
ALARMS = PAGE.partition("## What to do in each alarm")[2].partition("\n###")[0]


def _texts():
    """Every text that stands in the program, but for what explains it."""
    for path in (*ROOT.glob("bsip_mplp/**/*.py"), *ROOT.glob("bots/*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        notes = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in notes:
                yield node.value


TEXTS = "\n".join(_texts())


@pytest.mark.parametrize("alarm", re.findall(r"^\| ([^|]+) \|", ALARMS, re.MULTILINE)[2:])
def test_an_alarm_of_the_page_is_one_of_the_program(alarm):
    for part in re.split(r"…|; |,? or |, |: ", alarm):
        assert part.strip() in TEXTS, part


@pytest.mark.parametrize(
    "line", sorted(set(re.findall(r"`mplp ([^`]*)`|^ +mplp (.*?)(?: #.*)?$", COMMANDS, re.MULTILINE)))
)
def test_a_command_of_the_page_is_one_of_the_program(line):
    words = [word for word in shlex.split(line[0] or line[1]) if not word.isupper()]
    words = words[1:] if words[0] == "-a" else words
    assert_taken([word for word in words if re.fullmatch(r"-{0,2}[a-z-]+", word)])
