"""Every command has a help with an example that can be run, and stands in docs/cli.md as its help says it."""

import re
import shlex
from pathlib import Path

import click
import pytest

from bsip_mplp.cli import reference
from bsip_mplp.cli.main import COMMANDS, cli

DOCS = Path(__file__).parents[2] / "docs/cli.md"
WALKED = list(reference.walk())


@pytest.mark.parametrize(("path", "command", "context"), WALKED, ids=[path for path, _, _ in WALKED])
def test_a_command_has_a_help_and_an_example_that_can_be_parsed(path, command, context):
    help_text = command.get_help(context)
    found = re.search(r"Example:\s(.*)", help_text, re.S)
    assert found, f"{path} has no example"
    lines = [line.strip() for line in found[1].split("\n\n")[0].splitlines() if line.strip().startswith("mplp")]
    assert lines, f"{path} has no example that starts with mplp"
    for line in lines:
        words = shlex.split(re.split(r" [>|&]{1,2}[> ]", line)[0], comments=True)
        assert words[0] == "mplp"
        _parse(words[1:])


def _parse(words):
    """Parse as the command line would, without running anything."""
    context = cli.make_context("mplp", list(words), resilient_parsing=False)
    command, rest = cli, [*context.protected_args, *context.args]
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, list(rest), parent=context)
        rest = [*context.protected_args, *context.args]


@pytest.mark.parametrize(("path", "command", "context"), WALKED, ids=[path for path, _, _ in WALKED])
def test_every_option_says_what_it_does(path, command, context):
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.opts}"


def test_the_list_of_commands_says_what_each_command_says_of_itself():
    for path, command, _ in WALKED:
        name = path.removeprefix("mplp ")
        if name in COMMANDS and command.short_help:
            assert COMMANDS[name][1] == command.short_help


def test_everything_that_prints_a_table_prints_json_too():
    quiet = {"mplp", "mplp keeper", "mplp keeper run", "mplp keeper approve", "mplp vault", "mplp completion"}
    quiet |= {"mplp play", "mplp devnet", "mplp story", "mplp rehearse", "mplp rehearse run", "mplp rehearse serve"}
    for path, command, context in WALKED:
        if path not in quiet:
            assert any("--json" in parameter.opts for parameter in command.get_params(context)), path


def test_the_page_is_what_the_commands_say():
    assert DOCS.read_text() == reference.page(), "run: python -m bsip_mplp.cli.reference > docs/cli.md"
