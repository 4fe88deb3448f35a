"""The page `docs/cli.md`, made from the commands' own help: `python -m bsip_mplp.cli.reference > docs/cli.md`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import click

from bsip_mplp.cli.main import COMMANDS, HELP_OPTIONS, SECTIONS, cli

WIDTH = 100

HEAD = """\
# The command line

This page is made from the commands' own help: `python -m bsip_mplp.cli.reference > docs/cli.md`.

Global options stand before the command. Every request of a lender or borrower is a transfer with a memo to the pool's
account, the same that any wallet can make (`memos.md`): `-d` shows it signed, `-x` unsigned, and `--wait` stays until
it counted and says what happened. Exit status is 0, or 2 with one line on stderr that says what to do; `health` and
`verify` end with 1 when something is not well. `--json` stands on everything that prints a table.

A loan in `books` custody does not keep the chain from calling the position: the chain knows only its own CR.

Completion: `mplp completion bash >> ~/.bashrc`, or `mplp completion zsh >> ~/.zshrc`.
"""


def walk() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command with its whole name, groups before what is in them."""
    root = click.Context(
        cli, info_name="mplp", max_content_width=WIDTH, terminal_width=WIDTH, help_option_names=HELP_OPTIONS
    )
    yield "mplp", cli, root
    for name, (place, _) in COMMANDS.items():
        if find_spec(place.partition(":")[0]) is not None:
            yield from _walk(name, cli.get_command(root, name), root)


def _walk(
    name: str, command: click.Command | None, parent: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    if command is None:
        return
    context = click.Context(command, info_name=name, parent=parent, max_content_width=WIDTH, terminal_width=WIDTH)
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from _walk(inner, command.get_command(context, inner), context)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    sections = {next(iter(section)): title for title, section in SECTIONS.items()}
    for path, command, context in walk():
        first = path.removeprefix("mplp ")
        if first in sections:
            parts.append(f"## {sections[first]}\n")
        parts.append(f"### `{path}`\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    click.echo(page(), nl=False)
