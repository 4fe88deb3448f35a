"""Parameter sweeps: each figure over two parameters, as a grid of means over paths (RE-7)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsip_mplp.rehearsal.results import Results
from bsip_mplp.rehearsal.scenario import Sweep


class Grid(NamedTuple):
    """The means of one figure in the cells of a sweep: one row for each value of y, one column for each of x."""

    sweep: Sweep
    figure: str
    means: NDArray[np.float64]


def grids(results: Results) -> list[Grid]:
    """One grid for each sweep and figure, in the order of the scenario."""
    return [_grid(results, sweep, figure) for sweep in results.scenario.sweeps for figure in sweep.figures]


def _grid(results: Results, sweep: Sweep, figure: str) -> Grid:
    means = np.full((len(sweep.y.values), len(sweep.x.values)), np.nan)
    for part in results.parts.values():
        if part.cell is not None and part.cell[0] == sweep.name:
            _, column, row = part.cell
            means[row, column] = results.mean(part.name, sweep.rule_set, figure).middle
    return Grid(sweep, figure, means)
