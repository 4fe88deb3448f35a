"""The runs that are finished, kept by the digest of all that decides them, so that a rehearsal can be resumed."""

from __future__ import annotations

import functools
import hashlib
import json
import sqlite3
import zlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bsip_mplp.rehearsal.errors import RehearsalError
from bsip_mplp.rehearsal.parts import Job
from bsip_mplp.rehearsal.recorded import read_series
from bsip_mplp.rehearsal.result import RunResult

PACKAGE = Path(__file__).parents[1]
DECIDES = ("money.py", "ratios.py", "market.py", "ledger.py", "rules", "devnet", "rehearsal")
"""The code that decides what comes out of a run."""

DECIDES_NOTHING = {
    f"rehearsal/{name}.py"
    for name in (
        *("campaign", "errors", "parts", "questions", "results", "statistics", "storage", "store", "sweeps"),
        *("verdicts", "words", "workers"),
    )
}
"""Code of the rehearsal that only starts runs, or works on what came out of them; and the report."""


@functools.cache
def engine_digest() -> str:
    """A digest of the code that decides a run, and of NumPy's version: with another, finished runs don't count."""
    digest = hashlib.sha256(version("numpy").encode())
    for path in sorted(p for part in DECIDES for p in ([PACKAGE / part] if part.endswith(".py") else _code(part))):
        name = path.relative_to(PACKAGE).as_posix()
        if name not in DECIDES_NOTHING and not name.startswith("rehearsal/report/"):
            digest.update(f"\0{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _code(room: str) -> list[Path]:
    return list((PACKAGE / room).rglob("*.py"))


@functools.lru_cache(maxsize=64)
def _recorded_digest(file: str, column: str | None) -> str:
    series = read_series(file, column)
    return hashlib.sha256(series.times.tobytes() + series.prices.tobytes()).hexdigest()


class Keys:
    """The digests of runs; a part's own is worked out once."""

    def __init__(self) -> None:
        self._parts: dict[str, str] = {}

    def of(self, job: Job) -> str:
        """The digest of one run: its scenario, its recorded prices, the code, the rule set and the path."""
        part = job.part
        if part.name not in self._parts:
            spec = part.scenario.path
            column = spec.params.get("column")
            recorded = "" if spec.file is None else _recorded_digest(spec.file, None if column is None else str(column))
            self._parts[part.name] = f"{part.scenario.run_key()} {recorded} {engine_digest()}"
        return hashlib.sha256(f"{self._parts[part.name]} {job.rule_set} {job.path_index}".encode()).hexdigest()


class Store:
    """A file of finished runs. One process at a time writes to it."""

    def __init__(self, path: Path) -> None:
        """Open or make it; raises `RehearsalError` if it can't be used, or another rehearsal uses it."""
        self._path = path
        try:
            self._database = sqlite3.connect(path, timeout=1.0, isolation_level=None)
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA synchronous = OFF")  # a run that is lost is run again
            self._database.execute("CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, result BLOB) WITHOUT ROWID")
            self._database.execute("BEGIN EXCLUSIVE")
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            in_use = "another rehearsal is writing there: wait for it, or give --out another directory"
            raise RehearsalError(f"{path}: {in_use if 'locked' in str(error) else error}") from None
        except sqlite3.DatabaseError:
            raise RehearsalError(f"{path}: is no file of finished runs: move it away") from None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def put(self, key: str, result: RunResult) -> None:
        """Keep a finished run."""
        self._database.execute("INSERT OR REPLACE INTO runs VALUES (?, ?)", (key, encode(result)))

    def get(self, key: str) -> RunResult | None:
        """A finished run, or None."""
        row = self._database.execute("SELECT result FROM runs WHERE key = ?", (key,)).fetchone()
        return None if row is None else decode(row[0])

    def has(self, key: str) -> bool:
        """Whether a run is finished."""
        return self._database.execute("SELECT 1 FROM runs WHERE key = ?", (key,)).fetchone() is not None


def encode(result: RunResult) -> bytes:
    """A run as bytes: JSON, and the series as they are in memory."""
    head = {
        "scenario": result.scenario,
        "rule_set": result.rule_set,
        "path_index": result.path_index,
        "seed": result.seed,
        "figures": {name: _plain(value) for name, value in result.figures.items()},
        "groups": {name: {k: _plain(v) for k, v in group.items()} for name, group in result.groups.items()},
        "series": {name: len(values) for name, values in result.series.items()},
        "seconds_used": result.seconds_used,
    }
    body = b"".join(np.ascontiguousarray(values, dtype="<f8").tobytes() for values in result.series.values())
    return zlib.compress(json.dumps(head).encode() + b"\n" + body, 1)


def decode(data: bytes) -> RunResult:
    """A run from its bytes."""
    line, _, body = zlib.decompress(data).partition(b"\n")
    head: dict[str, Any] = json.loads(line)
    values, series, first = np.frombuffer(body, dtype="<f8"), {}, 0
    for name, count in head["series"].items():
        series[name] = values[first : first + count]
        first += count
    return RunResult(**{**head, "series": series})


def _plain(value: Any) -> int | float:
    number: int | float = value.item() if isinstance(value, np.generic) else value
    return number
