"""The data of a rehearsal as files: figures, groups and series, each as Parquet and CSV, and what they were made from.

The same runs give the same bytes: rows in the order of the scenario, no time of day, no machine's name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from bsip_mplp.rehearsal.campaign import Run
from bsip_mplp.rehearsal.result import FIGURES, GROUP_FIGURES, SERIES
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.store import engine_digest

TABLES = ("figures", "groups", "series")
MANIFEST = "manifest.json"


def write(scenario: Scenario, runs: list[Run], directory: Path) -> list[Path]:
    """Write all tables and the manifest; the paths written. Files are replaced whole."""
    tables = {"figures": _figures(runs), "groups": _groups(runs), "series": _series(runs)}
    paths = []
    for name, table in tables.items():
        for path in (directory / f"{name}.parquet", directory / f"{name}.csv"):
            part = path.with_suffix(path.suffix + ".part")
            if path.suffix == ".csv":
                csv.write_csv(table, part)
            else:
                parquet.write_table(table, part, compression="zstd")
            part.replace(path)
            paths.append(path)
    manifest = directory / MANIFEST
    manifest.write_text(json.dumps(_manifest(scenario, runs), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [*paths, manifest]


def _manifest(scenario: Scenario, runs: list[Run]) -> dict[str, Any]:
    return {
        "scenario": scenario.model_dump(mode="json"),
        "runs": len(runs),
        "engine": engine_digest(),
        "versions": {name: version(name) for name in ("bsip-mplp", "numpy", "pyarrow", "scipy")},
    }


def _figures(runs: list[Run]) -> pa.Table:
    """One row a run: which part, rule set and path, and its figures."""
    columns = _owners(runs)
    for name in FIGURES:
        columns[name] = _numbers([run.result.figures[name] for run in runs])
    return pa.table(columns)


def _numbers(values: list[int | float]) -> pa.Array:
    """A column of whole numbers where all are, else of floats: money stays exact."""
    whole = all(isinstance(value, int) for value in values)
    return pa.array(values if whole else [float(value) for value in values], pa.int64() if whole else pa.float64())


def _owners(runs: list[Run], repeats: Sequence[int] | None = None) -> dict[str, pa.Array]:
    """The columns that say which run a row is of; a run's row stands `repeats` times."""
    counts = np.ones(len(runs), dtype=np.int64) if repeats is None else np.asarray(repeats, dtype=np.int64)
    which = pa.array(np.repeat(np.arange(len(runs)), counts))
    values = {
        "part": pa.array([run.part.name for run in runs], pa.string()),
        "rule_set": pa.array([run.result.rule_set for run in runs], pa.string()),
        "path": pa.array([run.result.path_index for run in runs], pa.int32()),
    }
    return {name: column.take(which) for name, column in values.items()}


def _groups(runs: list[Run]) -> pa.Table:
    """One row for each run and group of users."""
    owners = [(run, name) for run in runs for name in run.result.groups]
    columns = _owners([run for run, _ in owners])
    columns["group"] = pa.array([name for _, name in owners], pa.string())
    for figure in GROUP_FIGURES:
        values = [float(run.result.groups[name][figure]) for run, name in owners]
        columns[figure] = pa.array(values, pa.float64())
    return pa.table(columns)


def _series(runs: list[Run]) -> pa.Table:
    """One row for each run and hour, without the sweeps' cells."""
    kept = [run for run in runs if run.part.cell is None]
    lengths = [len(run.result.series[SERIES[0]]) for run in kept]
    columns = _owners(kept, lengths)
    columns["hour"] = pa.array(np.concatenate([np.arange(n, dtype=np.int32) for n in lengths] or [np.arange(0)]))
    for name in SERIES:
        columns[name] = pa.array(np.concatenate([run.result.series[name] for run in kept] or [np.zeros(0)]))
    return pa.table(columns)
