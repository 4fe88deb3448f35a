"""How a story is shown to people: each step with what was done, what the chain and the ledger say, and what holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bsip_mplp.story.scene import Check, Scene, Step

WIDTH_MAX = 120
GOOD, BAD = "✓", "✗"


def show_opening(console: Console, title: str, lines: Sequence[str]) -> None:
    """The title, and what one should know before."""
    console.print(Rule(Text(title, "bold"), align="left"))
    for line in lines:
        console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))


def show_step(console: Console, step: Step, scene: Scene) -> None:
    """One step."""
    console.print()
    console.print(Rule(Text(f"{step.number} {GOOD if scene.holds else BAD}", _colour(scene.holds)), align="left"))
    words = [Text(step.words, "bold")] + ([Text(step.seed, "dim")] if step.seed else [])
    console.print(Padding(Group(*words), (0, 0, 0, 2), expand=False))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(overflow="fold")
    for label, lines in (("done", scene.done), ("chain", scene.chain), ("ledger", scene.ledger), ("note", scene.notes)):
        for at, line in enumerate(lines):
            table.add_row("" if at else label, Text(line))
    for at, check in enumerate(scene.checks):
        table.add_row("" if at else "checks", _check_text(check))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _check_text(check: Check) -> Text:
    text = Text(f"{GOOD if check.holds else BAD} ", _colour(check.holds))
    if check.expected == check.found:
        return text.append(f"{check.says}: {check.found}", "default")
    if check.holds:
        return text.append(f"{check.says}: {check.found}, {check.expected}", "default")
    return text.append(f"{check.says}: expected {check.expected}, found {check.found}")


def _colour(holds: bool) -> str:
    return "green" if holds else "bold red"


def show_end(
    console: Console, played: Sequence[tuple[Step, Scene]], verified: dict[str, Any], lines: Sequence[str]
) -> None:
    """All steps in the source's order, and what verification says."""
    console.print()
    console.print(Rule(Text("The end", "bold"), align="left"))
    order = sorted(played, key=lambda one: (len(one[0].number), one[0].number))
    marks = Text("  ")
    for step, scene in order:
        marks.append(f"{step.number}{GOOD if scene.holds else BAD} ", _colour(scene.holds))
    console.print(marks)
    holds = bool(verified["holds"])
    text = Text(f"  {GOOD if holds else BAD} ", _colour(holds))
    text.append(f"verify: {verified['inputs']} inputs folded again from nothing; ", "default")
    text.append("every balance and every state is the same" if holds else "differences were found")
    console.print(text)
    for difference in verified["differences"]:
        console.print(Text(f"    {difference}", "red"))
    for line in lines:
        console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
