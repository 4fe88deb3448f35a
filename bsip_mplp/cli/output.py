"""What the commands print: tables for people, JSON for programs, and numbers as decimals, exactly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, TypeVar

import click

from bsip_mplp.money import format_units
from bsip_mplp.ratios import PERMILLE

Row = Mapping[str, Any]
Command = TypeVar("Command", bound=Callable[..., Any])

BOOKS = "A loan here does not keep the chain from calling this position: the chain knows only its own CR."
"""V-1: what every view of a loan or protection in `books` custody says."""

json_option: Callable[[Command], Command] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(data: Any) -> None:
    """Print a value as JSON, indented."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Row], empty: str) -> None:
    """Print rows as a table; columns named `x>` are aligned right. With no rows, say `empty`."""
    if not rows:
        click.echo(empty)
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        name = column.rstrip(">")
        table.add_column(
            name.replace("_", " "), justify="right" if column.endswith(">") else "left", no_wrap=column.endswith(">")
        )
    for row in rows:
        table.add_row(*(cell(row[column.rstrip(">")]) for column in columns))
    console().print(table)


def console(stderr: bool = False) -> Any:
    """A rich console that knows the terminal; when piped, tables keep a readable width."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=max(made.width, 120))


def cell(value: Any) -> str:
    """A value as a table shows it; text from the chain is no markup."""
    from rich.markup import escape

    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return escape(", ".join(map(str, value))) or "–"
        case _:
            return escape(str(value))


def rate_text(rate: str | Fraction | None) -> str | None:
    """A rate such as 3/25 in percent a year: `12 %`, exactly where 4 digits are enough, else rounded up."""
    if rate is None:
        return None
    hundredth_permyriads = -(-Fraction(rate) * 1_000_000 // 1)
    text = format_units(int(hundredth_permyriads), 4).rstrip("0").rstrip(".")
    return f"{text} %"


def ratio_text(ratio: Fraction | None) -> str | None:
    """A ratio with three digits, rounded down, so that 1.5999 never reads as 1.600; None is infinity."""
    return None if ratio is None else format_units(ratio.numerator * PERMILLE // ratio.denominator, 3)


def permille_text(permille: int | None) -> str | None:
    """A ratio per mille as a decimal: 1750 is `1.750`."""
    return None if permille is None else format_units(permille, 3)


def time_text(seconds: int | None) -> str | None:
    """Chain seconds as UTC, to the second."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
