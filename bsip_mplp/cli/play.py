"""`mplp play`: fold inputs from a file through the engine, with no chain and no database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

import click

from bsip_mplp.rules.codec import CodecError, input_from_json
from bsip_mplp.rules.engine import Engine
from bsip_mplp.rules.inputs import Input


@click.command()
@click.argument("file", type=click.File(encoding="utf-8"))
def play(file: TextIO) -> None:
    """Fold the inputs in FILE (one JSON object a line; "-" is standard input) and print the resulting state.

    The form of the inputs is the journal's own: see docs/journal.md. Empty lines, and lines that begin with #,
    are passed over. Nothing is stored and no node is asked.

    \b
    Example:
      mplp play tests/data/example.jsonl
    """
    click.echo(json.dumps(fold(file), indent=2, ensure_ascii=False))


def fold(lines: TextIO) -> dict[str, Any]:
    """The state after all inputs, with each refused input's line, rule and reason; raises `ClickException`."""
    engine = Engine()
    refusals = []
    for number, item in _inputs(lines):
        for refusal in engine.apply(item).refusals:
            refusals.append({"line": number, **refusal._asdict()})
    return {**engine.state(), "refusals": refusals}


def _inputs(lines: TextIO) -> Iterator[tuple[int, Input]]:
    try:
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if text and not text.startswith("#"):
                yield number, _read(number, text)
    except UnicodeDecodeError as error:
        raise _usage(f"the file is not UTF-8 text: {error.reason} at byte {error.start}") from None


def _read(number: int, text: str) -> Input:
    try:
        return input_from_json(json.loads(text))
    except json.JSONDecodeError as error:
        raise _usage(f"line {number} is no JSON: {error.msg} at column {error.colno}") from None
    except (CodecError, RecursionError) as error:
        raise _usage(f"line {number}: {error}") from None


def _usage(message: str) -> click.ClickException:
    error = click.ClickException(message)
    error.exit_code = 2
    return error
