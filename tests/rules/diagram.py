"""The diagram of a position's states, drawn from the table in `transitions`: `python -m tests.rules.diagram`.

It writes `states.md` (Mermaid, and the table with its reasons) and `states.svg`. A test fails when they are stale.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from bsip_mplp.rules.transitions import TRANSITIONS, PositionState

DOCS: Final = Path(__file__).parents[2] / "docs"

MEANING: Final[dict[PositionState, str]] = {
    "free": "open on the chain, with no loan",
    "protected": "has loans",
    "in_auction": "its long loans are offered to whoever pays their interest",
    "taken_over": "likewise, and its holder can't cure it any more",
    "carried": "the insurance fund pays its interest",
    "black": "the fund lacks what it owes, and bonds did not raise it",
    "unwinding": "has no loan any more, but in its vault still is what was lent",
    "closed": "has no debt on the chain",
}

Edge = tuple[PositionState, PositionState]


def edges() -> dict[Edge, list[str]]:
    """The rules by which each state leads to each other, in the table's order."""
    found: dict[Edge, list[str]] = {}
    for one in TRANSITIONS:
        rules = found.setdefault((one.was, one.now), [])
        if one.rule not in rules:
            rules.append(one.rule)
    return found


# --- Markdown -------------------------------------------------------------------------------------------------


def page() -> str:
    """The page with the diagram for those who read Markdown, and the table with the reasons."""
    lines = [
        "# The states of a position",
        "",
        "A position is in exactly one state, and one rule causes each change of it (PL-I4). This page and its picture",
        "are made from the table in `bsip_mplp/rules/transitions.py`, by which the engine checks every change:",
        "`python -m tests.rules.diagram`.",
        "",
        "![The states of a position](states.svg)",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"    {was} --> {now}: {', '.join(rules)}" for (was, now), rules in edges().items()),
        "```",
        "",
        "| state | what it means |",
        "| --- | --- |",
        *(f"| {state} | {meaning} |" for state, meaning in MEANING.items()),
        "",
        "| from | to | rule | why |",
        "| --- | --- | --- | --- |",
        *(f"| {one.was} | {one.now} | {one.rule} | {one.why} |" for one in TRANSITIONS),
    ]
    return "\n".join(lines) + "\n"


# --- SVG ------------------------------------------------------------------------------------------------------


class Box(NamedTuple):
    """Where a state stands: its centre and its size, in pixels."""

    x: int
    y: int
    width: int = 130
    height: int = 44


BOXES: Final[dict[PositionState, Box]] = {
    "free": Box(90, 270),
    "protected": Box(410, 270),
    "in_auction": Box(740, 180),
    "taken_over": Box(740, 380),
    "carried": Box(1020, 270),
    "black": Box(1260, 270),
    "unwinding": Box(250, 480),
    "closed": Box(675, 620, 1300),
}

BENDS: Final[dict[Edge, tuple[int, int]]] = {
    ("free", "protected"): (250, 220),
    ("protected", "free"): (250, 320),
    ("protected", "unwinding"): (385, 470),
    ("unwinding", "protected"): (240, 370),
    ("unwinding", "free"): (85, 430),
    ("protected", "in_auction"): (560, 160),
    ("in_auction", "protected"): (600, 260),
    ("protected", "taken_over"): (560, 400),
    ("taken_over", "protected"): (600, 300),
    ("carried", "black"): (1140, 230),
    ("black", "carried"): (1140, 310),
    ("carried", "free"): (560, -90),
    ("black", "free"): (660, -200),
}
"""The point that an edge bends towards, where a straight line would hide another."""

WORDS_PER_LINE: Final = 4
SIZE: Final = (1350, 660)

STYLE: Final = (
    "text{font:13px sans-serif;fill:#222;text-anchor:middle}.state{font-weight:bold;font-size:15px}"
    ".halo{stroke:#fff;stroke-width:5px}rect{fill:#eef3fa;stroke:#35557f;stroke-width:1.5}"
    "path{fill:none;stroke:#667;stroke-width:1.3;marker-end:url(#tip)}"
)


def svg() -> str:
    """The same as a picture."""
    width, height = SIZE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        "<title>The states of a position, and the rules that lead from one to another</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" style="fill:#667;stroke:none;marker-end:none"/></marker></defs>',
        f'<rect width="{width}" height="{height}" style="fill:#fff;stroke:none"/>',
        *(_box(state, box) for state, box in BOXES.items()),
        *(_edge(edge, rules) for edge, rules in edges().items()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(state: PositionState, box: Box) -> str:
    left, top = box.x - box.width // 2, box.y - box.height // 2
    return (
        f'<rect x="{left}" y="{top}" width="{box.width}" height="{box.height}" rx="9"/>'
        f'<text class="state" x="{box.x}" y="{box.y + 5}">{state}</text>'
    )


def _edge(edge: Edge, rules: list[str]) -> str:
    was, now = BOXES[edge[0]], BOXES[edge[1]]
    if "closed" in edge:
        return _to_the_bar(edge, rules)
    bend = BENDS.get(edge, ((was.x + now.x) // 2, (was.y + now.y) // 2))
    start, end = _border(was, bend), _border(now, bend)
    middle = tuple((start[i] + 2 * bend[i] + end[i]) // 4 for i in (0, 1))
    path = f'<path d="M{start[0]} {start[1]}Q{bend[0]} {bend[1]} {end[0]} {end[1]}"/>'
    return path + _label(middle[0], middle[1], rules)


def _to_the_bar(edge: Edge, rules: list[str]) -> str:
    """A vertical line between a state and the wide box of what is closed."""
    comes_back = edge[0] == "closed"
    box, bar = BOXES[edge[1] if comes_back else edge[0]], BOXES["closed"]
    x = box.x + (-45 if comes_back else 35 if edge[0] != "in_auction" else 95)
    top, bottom = box.y + box.height // 2, bar.y - bar.height // 2
    if edge[0] == "in_auction":  # past the box that stands under it
        start = f"M{box.x + box.width // 2} {box.y}L{x} {box.y + 30}"
        return f'<path d="{start}L{x} {bottom}"/>' + _label(x, bottom - 25, rules)
    ends = (bottom, top) if comes_back else (top, bottom)
    return f'<path d="M{x} {ends[0]}L{x} {ends[1]}"/>' + _label(x, bottom - 25, rules)


def _label(x: int, y: int, rules: list[str]) -> str:
    lines = [rules[at : at + WORDS_PER_LINE] for at in range(0, len(rules), WORDS_PER_LINE)]
    return "".join(
        f'<text{look} x="{x}" y="{y + 4 + 15 * number}">{", ".join(line)}</text>'
        for look in (' class="halo"', "")
        for number, line in enumerate(lines)
    )


def _border(box: Box, towards: tuple[int, int]) -> tuple[int, int]:
    """Where a line from a box's centre leaves the box."""
    dx, dy = towards[0] - box.x, towards[1] - box.y
    half_width, half_height = box.width // 2, box.height // 2
    if abs(dx) * half_height > abs(dy) * half_width:
        return box.x + (half_width if dx > 0 else -half_width), box.y + dy * half_width // max(1, abs(dx))
    return box.x + dx * half_height // max(1, abs(dy)), box.y + (half_height if dy > 0 else -half_height)


if __name__ == "__main__":
    (DOCS / "states.md").write_text(page(), encoding="utf-8")
    (DOCS / "states.svg").write_text(svg(), encoding="utf-8")
