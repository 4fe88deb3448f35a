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

NO_HOLD = "An auction, a takeover or a carry here is an entry of this ledger: it gives no hold on the chain account."
"""PL-D46: what every view of an auction, a takeover or a carry in `books` custody says."""

COLUMN_GAP = 3

json_option: Callable[[Command], Command] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(data: Any) -> None:
    """Print a value as JSON, indented."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Row], empty: str) -> None:
    """Print rows as a table; columns named `x>` are numbers, aligned right and never cut. With no rows, say `empty`.

    Where the terminal is too narrow for the numbers and the longest words, each row is a list of its own.
    """
    if not rows:
        click.echo(empty)
        return
    out = console()
    names = [column.rstrip(">") for column in columns]
    cells = [[cell(row[name]) for name in names] for row in rows]
    if _width_needed(columns, cells) > out.width:
        out.print(f"[bold]{title}[/bold]")
        for row in cells:
            out.print(_list_of(names, row))
    else:
        out.print(_table_of(title, columns, cells))


def _width_needed(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """What the table takes if numbers are whole and text is broken between words only."""
    width = 0
    for number, column in enumerate(columns):
        texts = [column.rstrip(">").replace("_", " "), *(row[number] for row in cells)]
        words = texts if column.endswith(">") else [word for text in texts for word in text.split()]
        width += max((len(word) for word in words), default=0) + COLUMN_GAP
    return width


def _table_of(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        is_number = column.endswith(">")
        table.add_column(
            column.rstrip(">").replace("_", " "), justify="right" if is_number else "left", no_wrap=is_number
        )
    for row in cells:
        table.add_row(*row)
    return table


def _list_of(names: Sequence[str], row: Sequence[str]) -> Any:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for name, text in zip(names, row, strict=True):
        grid.add_row(f"  {name.replace('_', ' ')}", text)
    grid.add_row("", "")
    return grid


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
