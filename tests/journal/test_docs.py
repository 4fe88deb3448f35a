"""docs/journal.md says what the code does: fields, defaults and tables are read from both and compared."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

import pytest

from bsip_mplp.journal import tables
from bsip_mplp.rules.codec import input_from_json
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Ask, Input

PAGE = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|\n]*)\|", PAGE, re.MULTILINE))


def documented(cls: type[Any]) -> str:
    """The fields of a class in the page's words: a name, and its default if it has one; `source` is told apart."""
    words = []
    for spec in fields(cls):
        if spec.name == "source":
            continue
        default = spec.default_factory() if spec.default_factory is not MISSING else spec.default
        words.append(f"`{spec.name}`" if default is MISSING else f"`{spec.name}` {json.dumps(default)}")
    return ", ".join(words)


@pytest.mark.parametrize("cls", get_args(Input), ids=lambda cls: cls.kind)
def test_the_fields_of_every_input_are_documented(cls: type[Any]) -> None:
    assert ROWS[cls.kind].strip() == documented(cls)


@pytest.mark.parametrize("cls", get_args(Ask), ids=lambda cls: cls.do)
def test_the_fields_of_every_ask_are_documented(cls: type[Any]) -> None:
    assert ROWS[cls.do].strip() == documented(cls)


@pytest.mark.parametrize("name", sorted(set(tables.metadata.tables) - {"events", "notices", "refusals"}))
def test_the_columns_of_every_table_are_documented(name: str) -> None:
    assert ROWS[name].strip() == ", ".join(column.name for column in tables.metadata.tables[name].c)


def test_the_example_can_be_played() -> None:
    [example] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    engine = Engine()
    for line in example.splitlines():
        assert engine.apply(input_from_json(json.loads(line))).refusals == ()
    assert engine.state()["balances"]["alice"] == {"TEST": 5_000_000}


def test_every_part_of_the_state_is_documented() -> None:
    page = PAGE.partition("## State as JSON")[2].partition("## The chain of hashes")[0]
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*)\|", page, re.MULTILINE))))
    assert named == {*Engine().state(), "refusals"}
