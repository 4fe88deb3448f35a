"""What a rehearsal is made of: the scenario itself, its variants, and the cells of its sweeps; each many runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bsip_mplp.rehearsal.scenario import HOLDER_KINDS, USER_KINDS, Scenario, Sweep

BASE = "base"
"""The name of the part that is the scenario as it stands."""


class Part(NamedTuple):
    """A scenario to run under some rule sets on some paths. `cell` says where in a sweep's heat map it stands."""

    name: str
    scenario: Scenario
    rule_sets: tuple[str, ...]
    paths: int
    cell: tuple[str, int, int] | None = None


class Job(NamedTuple):
    """One run of a part."""

    part: Part
    rule_set: str
    path_index: int


def parts_of(scenario: Scenario) -> list[Part]:
    """The scenario, its variants and the cells of its sweeps, in the order of the file; raises `ConfigError`."""
    parts = [Part(BASE, scenario, scenario.rule_sets, scenario.paths)]
    for variant in scenario.variants:
        rule_sets = variant.rule_sets or scenario.rule_sets
        parts.append(Part(variant.name, scenario.changed(variant.changes), rule_sets, variant.paths))
    for sweep in scenario.sweeps:
        parts += _cells(scenario, sweep)
    return parts


def _cells(scenario: Scenario, sweep: Sweep) -> Iterator[Part]:
    for (column, x), (row, y) in itertools.product(enumerate(sweep.x.values), enumerate(sweep.y.values)):
        changed = scenario.changed({**sweep.changes, sweep.x.key: x, sweep.y.key: y})
        yield Part(f"{sweep.name}/{column}/{row}", changed, (sweep.rule_set,), sweep.paths, (sweep.name, column, row))


def jobs_of(parts: list[Part]) -> list[Job]:
    """All runs: path by path, so that what was done when it is stopped compares all rule sets."""
    return [
        Job(part, rule_set, path_index)
        for part in parts
        for path_index in range(part.paths)
        for rule_set in part.rule_sets
    ]


QUICK_USERS = 100
QUICK_PATHS = 5
QUICK_STEP_SECONDS = 600


def quick(scenario: Scenario) -> Scenario:
    """A first answer: fewer users and paths, coarser steps, no variants and no sweeps."""
    users = scenario.users
    share = min(1.0, QUICK_USERS / max(1, users.total))
    counts: Mapping[str, Any] = {
        f"users.{kind}": max(1, round(getattr(users, kind) * share)) if getattr(users, kind) else 0
        for kind in USER_KINDS
    }
    return scenario.changed(
        {
            **counts,
            "paths": min(scenario.paths, QUICK_PATHS),
            "step_seconds": max(scenario.step_seconds, QUICK_STEP_SECONDS),
            "variants": (),
            "sweeps": (),
        }
    )


def holders(scenario: Scenario) -> int:
    """How many users hold a margin position."""
    return sum(getattr(scenario.users, kind) for kind in HOLDER_KINDS)
