"""All runs of a rehearsal: on all cores or a cluster, resumed from what is finished, the same on any of them (RE-7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

from bsip_mplp.rehearsal.errors import RunFailed, Stopped
from bsip_mplp.rehearsal.parts import Job, Part, jobs_of
from bsip_mplp.rehearsal.result import RunResult
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.rehearsal.store import Keys, Store
from bsip_mplp.rehearsal.workers import workers

Simulate = Callable[[Scenario, str, int], RunResult]
"""One run, from (scenario, rule set, path index) alone: no clock, no file, no chance but the scenario's seed."""

OnProgress = Callable[[int, int], None]
"""Told of (runs done, runs in all): at the start, and each time one is finished."""

WAITING_FOR_EACH = 2
"""Runs handed over for each one computed at a time: enough that no core waits, few enough to stop quickly."""

STORE_FILE = "runs.sqlite"


class Run(NamedTuple):
    """A finished run and the part that it belongs to."""

    part: Part
    result: RunResult


def run(
    parts: list[Part],
    simulate: Simulate,
    directory: Path,
    jobs: int = 1,
    cluster: str | None = None,
    on_progress: OnProgress = lambda done, total: None,
    on_stopping: Callable[[], None] = lambda: None,
) -> list[Run]:
    """Compute what is not finished yet; all runs, in an order that does not depend on who computed them.

    Finished runs are kept in `directory`. Raises `Stopped` at Ctrl-C once what was under way is kept (`on_stopping` is
    told before), `KeyboardInterrupt` at a second one, `RunFailed` if a run fails, and `RehearsalError` if the directory
    or the cluster can't be used.
    """
    directory.mkdir(parents=True, exist_ok=True)
    wanted, keys = jobs_of(parts), Keys()
    with Store(directory / STORE_FILE) as store:
        # two parts may hold the same run: a sweep's cell that is the scenario itself
        missing = {key: job for job in wanted if not store.has(key := keys.of(job))}
        progress = _Progress(len(wanted), {key: 0 for key in missing}, on_progress)
        for job in wanted:
            progress.expect(keys.of(job))
        progress.tell()
        if missing:
            with workers(jobs, cluster) as (executor, at_a_time):
                _compute(missing, simulate, executor, at_a_time * WAITING_FOR_EACH, store, progress, on_stopping)
        return [Run(job.part, _found(store, keys.of(job))) for job in wanted]


class _Progress:
    """Counts runs that are done; one computed once may stand for several."""

    def __init__(self, total: int, missing: dict[str, int], on_progress: OnProgress) -> None:
        self.total = total
        self.done = total
        self._stands_for = missing
        self._on_progress = on_progress

    def expect(self, key: str) -> None:
        if key in self._stands_for:
            self._stands_for[key] += 1
            self.done -= 1

    def finished(self, key: str) -> None:
        self.done += self._stands_for[key]
        self.tell()

    def tell(self) -> None:
        self._on_progress(self.done, self.total)


def _compute(
    missing: dict[str, Job],
    simulate: Simulate,
    executor: Executor,
    most: int,
    store: Store,
    progress: _Progress,
    on_stopping: Callable[[], None],
) -> None:
    under_way: dict[Future[RunResult], str] = {}

    def keep(futures: Iterable[Future[RunResult]]) -> None:
        # those that failed come last, so that they don't take a finished one with them
        for future in sorted(futures, key=lambda one: one.exception() is not None):
            key = under_way.pop(future)
            store.put(key, _result(future, missing[key]))
            progress.finished(key)

    def finish() -> None:
        """Drop what waits; finish and keep what is being computed."""
        keep(wait([future for future in under_way if not future.cancel()]).done)

    try:
        for key, job in missing.items():
            if len(under_way) >= most:
                keep(wait(under_way, return_when=FIRST_COMPLETED).done)
            under_way[executor.submit(simulate, job.part.scenario, job.rule_set, job.path_index)] = key
        while under_way:
            keep(wait(under_way, return_when=FIRST_COMPLETED).done)
    except KeyboardInterrupt:
        on_stopping()
        finish()
        raise Stopped(progress.done, progress.total) from None
    except RunFailed:
        finish()
        raise


def _result(future: Future[RunResult], job: Job) -> RunResult:
    try:
        return future.result()
    except BrokenProcessPool:
        raise RunFailed(
            "a worker process was killed, perhaps for lack of memory: try again with fewer --jobs"
        ) from None
    except Exception as error:
        raise RunFailed(
            f"a run failed ({job.part.name}, rule set {job.rule_set}, path {job.path_index},"
            f" seed {job.part.scenario.seed}): {type(error).__name__}: {error}"
        ) from error


def _found(store: Store, key: str) -> RunResult:
    found = store.get(key)
    if found is None:
        raise RunFailed(f"a finished run is missing from the store: {key}")
    return found
