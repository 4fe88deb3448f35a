"""What the guide to auctions and bonds shows can be typed: each line is a memo or a command."""

import re
import shlex
from pathlib import Path

import pytest

from bsip_mplp.chain.memo import Context, MemoError, parse
from bsip_mplp.cli.main import cli

DOCS = Path(__file__).parents[2] / "docs"
CONTEXT = Context({"TEST": 5, "USD": 4}, {"USD": "TEST"}, "TEST", "USD")


def shown(name):
    return re.findall(r"`(mplp [^`]*)`", (DOCS / name).read_text())


def is_command(words):
    context = cli.make_context("mplp", words[1:])
    name, command, rest = cli.resolve_command(context, [*context.protected_args, *context.args])
    while hasattr(command, "commands"):
        context = command.make_context(name, rest, parent=context)
        name, command, rest = command.resolve_command(context, [*context.protected_args, *context.args])
    command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("text", sorted({*shown("auctions.md"), *shown("zh/auctions.md")}))
def test_what_the_guide_shows_is_a_memo_or_a_command(text):
    try:
        parse(text, CONTEXT)
    except MemoError:
        is_command(shlex.split(text))


def test_both_languages_show_the_same():
    assert set(shown("auctions.md")) == set(shown("zh/auctions.md"))
