"""All finished runs, by part, rule set and figure, path by path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.campaign import Run
from bsip_mplp.rehearsal.parts import BASE, Part
from bsip_mplp.rehearsal.result import RunResult
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.statistics import Interval, difference, mean, share
from bsip_mplp.rehearsal.words import FIGURES

NEVER_NEGATIVE = ("count", "share", "days", "core")
"""Units of figures that can't be negative."""

Values = NDArray[np.float64]


class Results:
    """What came of a rehearsal, to be asked for by name. Paths are in the same order everywhere."""

    def __init__(self, scenario: Scenario, runs: list[Run]) -> None:
        self.scenario = scenario
        self.runs = runs
        self.parts: dict[str, Part] = {}
        self._found: dict[tuple[str, str], list[RunResult]] = defaultdict(list)
        for run in sorted(runs, key=lambda one: one.result.path_index):
            self.parts[run.part.name] = run.part
            self._found[run.part.name, run.result.rule_set].append(run.result)

    def has(self, part: str, rule_set: str) -> bool:
        """Whether there are runs of a part under a rule set."""
        return (part, rule_set) in self._found

    def rule_sets(self, part: str = BASE) -> list[str]:
        """The rule sets of a part, in the scenario's order."""
        return [name for name in self.parts[part].rule_sets if self.has(part, name)]

    def results(self, part: str, rule_set: str) -> list[RunResult]:
        """The runs of a part under a rule set, one for each path."""
        return self._found[part, rule_set]

    def values(self, part: str, rule_set: str, figure: str) -> Values:
        """A figure, one value for each path."""
        return np.array([result.figures[figure] for result in self.results(part, rule_set)], dtype=np.float64)

    def mean(self, part: str, rule_set: str, figure: str) -> Interval:
        """A figure's mean over paths."""
        return mean(self.values(part, rule_set, figure), 0.0 if FIGURES[figure].unit in NEVER_NEGATIVE else -np.inf)

    def difference(self, part: str, rule_set: str, figure: str, against: str = "none") -> Interval:
        """How much more of a figure there is than under another rule set, path by path."""
        return difference(self.values(part, rule_set, figure), self.values(part, against, figure))

    def share(self, part: str, rule_set: str, figure: str, hit: Callable[[Values], NDArray[np.bool_]]) -> Interval:
        """The share of paths in which a figure is so."""
        return share(hit(self.values(part, rule_set, figure)))

    def share_above_none(self, part: str, rule_set: str, figure: str) -> Interval:
        """The share of paths in which there is more of a figure than on today's chain."""
        return share(self.values(part, rule_set, figure) > self.values(part, "none", figure))

    def has_group(self, part: str, rule_set: str, group: str) -> bool:
        """Whether there was anybody of a group."""
        return self.has(part, rule_set) and all(
            group in result.groups and result.groups[group].get("users", 0) > 0
            for result in self.results(part, rule_set)
        )

    def group_values(self, part: str, rule_set: str, group: str, figure: str) -> Values:
        """A figure of a group of users, one value for each path."""
        return np.array([result.groups[group][figure] for result in self.results(part, rule_set)], dtype=np.float64)

    def group_mean(self, part: str, rule_set: str, group: str, figure: str) -> Interval:
        """A group's figure, its mean over paths."""
        return mean(self.group_values(part, rule_set, group, figure))

    def group_difference(self, part: str, rule_set: str, group: str, figure: str, against: str = "none") -> Interval:
        """How much more of a group's figure there is than under another rule set, path by path."""
        return difference(
            self.group_values(part, rule_set, group, figure), self.group_values(part, against, group, figure)
        )

    def series(self, part: str, rule_set: str, name: str) -> NDArray[np.float64]:
        """An hourly series: one row a path, one column an hour."""
        return np.array([result.series[name] for result in self.results(part, rule_set)])
