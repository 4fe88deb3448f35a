"""A rehearsal's runs: the same on any number of cores, kept, resumed, and stopped without loss (RE-7)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from bsip_mplp.rehearsal import campaign, storage
from bsip_mplp.rehearsal.errors import RehearsalError, RunFailed, Stopped
from bsip_mplp.rehearsal.parts import BASE, jobs_of, parts_of, quick
from bsip_mplp.rehearsal.store import Keys, Store, decode, encode, engine_digest
from bsip_mplp.rehearsal.workers import workers
from tests.rehearsal import kit, stub

FILES = [f"{table}.{kind}" for table in storage.TABLES for kind in ("parquet", "csv")] + [storage.MANIFEST]


@pytest.fixture
def parts():
    return parts_of(kit.scenario(variants=[kit.VARIANT], sweeps=[kit.SWEEP]))


def _counting(calls):
    def simulate(scenario, rule_set, path_index):
        calls.append((scenario.chain, rule_set, path_index))
        return stub.simulate(scenario, rule_set, path_index)

    return simulate


def test_parts_are_the_scenario_its_variants_and_the_cells_of_its_sweeps(parts):
    assert [part.name for part in parts[:3]] == [BASE, "thin", "lmcr-i2/0/0"]
    assert len(parts) == 2 + 2 * 3
    assert parts[1].scenario.book.depth_share == 0.005
    assert parts[-1].scenario.market_parameters.i2 == Fraction(2, 5)
    assert len(jobs_of(parts)) == 3 * 2 + 2 * 2 + 6 * 2


def test_RE_7_one_and_two_processes_write_the_same_bytes(tmp_path, parts):
    for name, jobs in (("one", 1), ("two", 2)):
        runs = campaign.run(parts, stub.simulate, tmp_path / name, jobs=jobs)
        storage.write(parts[0].scenario, runs, tmp_path / name)

    for file in FILES:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_RE_7_another_seed_gives_other_bytes(tmp_path):
    for seed in (1, 2):
        runs = campaign.run(parts_of(kit.scenario(seed=seed)), stub.simulate, tmp_path / str(seed))
        storage.write(kit.scenario(seed=seed), runs, tmp_path / str(seed))

    assert (tmp_path / "1/figures.csv").read_bytes() != (tmp_path / "2/figures.csv").read_bytes()


def test_RE_7_a_two_worker_cluster_writes_the_same_bytes(tmp_path, parts):
    distributed = pytest.importorskip("distributed")
    storage.write(parts[0].scenario, campaign.run(parts, stub.simulate, tmp_path / "here"), tmp_path / "here")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        runs = campaign.run(parts, stub.simulate, tmp_path / "cluster", cluster=cluster.scheduler_address)
    storage.write(parts[0].scenario, runs, tmp_path / "cluster")

    for file in FILES:
        assert (tmp_path / "here" / file).read_bytes() == (tmp_path / "cluster" / file).read_bytes(), file


def test_a_cluster_that_does_not_answer_is_named(tmp_path, parts, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("bsip_mplp.rehearsal.workers.CONNECT_SECONDS", 0.2)

    with pytest.raises(RehearsalError, match="no Dask scheduler answers there"):
        campaign.run(parts, stub.simulate, tmp_path, cluster="tcp://127.0.0.1:9")


def test_finished_runs_are_not_run_again(tmp_path, parts):
    calls = []
    first = campaign.run(parts, _counting(calls), tmp_path)
    assert len(calls) == len(jobs_of(parts)) - 2  # the sweep's cell of the defaults is the scenario itself
    again = campaign.run(parts, _counting(calls), tmp_path)

    assert len(calls) == len(jobs_of(parts)) - 2
    assert [(run.part.name, run.result.figures) for run in first] == [
        (run.part.name, run.result.figures) for run in again
    ]


def test_more_paths_add_to_what_is_finished(tmp_path):
    calls = []
    campaign.run(parts_of(kit.scenario()), _counting(calls), tmp_path)
    campaign.run(parts_of(kit.scenario(paths=4)), _counting(calls), tmp_path)

    assert [call[2] for call in calls] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_changed_scenario_is_run_anew(tmp_path):
    calls = []
    for changes in ({}, {"seed": 8}, {"parameters": {"i2": "0.2"}}, {"users": {"lenders": 4}}):
        campaign.run(parts_of(kit.scenario(**changes)), _counting(calls), tmp_path)

    assert len(calls) == 4 * 6


def test_a_changed_engine_is_run_anew(tmp_path, monkeypatch):
    calls = []
    campaign.run(parts_of(kit.scenario()), _counting(calls), tmp_path)
    monkeypatch.setattr("bsip_mplp.rehearsal.store.engine_digest", lambda: "another")
    campaign.run(parts_of(kit.scenario()), _counting(calls), tmp_path)

    assert len(calls) == 2 * 6
    assert len(engine_digest()) == 64


def test_names_and_titles_decide_nothing():
    keys = {Keys().of(jobs_of(parts_of(kit.scenario(**change)))[0]) for change in ({}, {"name": "x"}, {"paths": 9})}

    assert len(keys) == 1


def test_a_stopped_rehearsal_keeps_what_is_finished_and_goes_on(tmp_path):
    calls, told = [], []

    def stops(scenario, rule_set, path_index):
        if len(calls) == 4:
            raise KeyboardInterrupt
        return _counting(calls)(scenario, rule_set, path_index)

    with pytest.raises(Stopped, match="4 of 6 runs are kept"):
        campaign.run(parts_of(kit.scenario()), stops, tmp_path)
    runs = campaign.run(
        parts_of(kit.scenario()), _counting(calls), tmp_path, on_progress=lambda *done: told.append(done)
    )

    assert len(calls) == 6
    assert told == [(4, 6), (5, 6), (6, 6)]
    assert len(runs) == 6


STOPPED = """
import sys
from pathlib import Path
from bsip_mplp.rehearsal import campaign
from bsip_mplp.rehearsal.errors import Stopped
from bsip_mplp.rehearsal.parts import parts_of
from tests.rehearsal import kit, stub

def main():
    def told(done, total):
        print(done, flush=True)
    def stopping():
        print("stopping", flush=True)
    parts = parts_of(kit.scenario(paths=200))
    try:
        campaign.run(parts, getattr(stub, sys.argv[2]), Path(sys.argv[1]), 2, on_progress=told, on_stopping=stopping)
    except Stopped as stopped:
        print("stopped", stopped.done, flush=True)
    except KeyboardInterrupt:
        print("at once", flush=True)

if __name__ == "__main__":
    main()
"""


def _started(tmp_path, simulate):
    """A rehearsal of 400 runs in processes of its own, with a terminal's group; what it says, line by line."""
    script = tmp_path / "stopped.py"
    script.write_text(STOPPED, encoding="utf-8")
    root = Path(__file__).parents[2]
    env = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    words = [sys.executable, str(script), str(tmp_path), simulate]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env, start_new_session=True)
    return process, iter(process.stdout)


def _kept(tmp_path):
    keys = Keys()
    with Store(tmp_path / campaign.STORE_FILE) as store:
        return sum(store.has(keys.of(job)) for job in jobs_of(parts_of(kit.scenario(paths=200))))


def test_ctrl_c_of_two_processes_loses_no_finished_run(tmp_path):
    process, says = _started(tmp_path, "slow")
    next(line for line in says if int(line) >= 3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
    kept = int(list(says)[-1].removeprefix("stopped "))

    assert process.wait(30) == 0
    assert 3 <= kept < 400
    assert _kept(tmp_path) == kept


def test_ctrl_c_does_not_reach_a_worker_from_its_first_moment_on():
    before = set(multiprocessing.active_children())
    with workers(2, None) as (pool, _):
        future = pool.submit(os.getpid)
        started = set(multiprocessing.active_children()) - before
        for _ in range(20):  # while it starts and imports
            for child in started:
                os.kill(child.pid, signal.SIGINT)
            time.sleep(0.02)

        assert future.result(timeout=60) in {child.pid for child in started}


def test_workers_are_started_with_ctrl_c_held_back_and_no_longer_than_that(monkeypatch):
    held = []

    def submit(self, fn, /, *args, **kwargs):
        held.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
    with workers(2, None) as (pool, _):
        pool.submit(os.getpid)
    assert held == [True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_workers_end_with_a_rehearsal_that_is_killed(tmp_path):
    process, says = _started(tmp_path, "slow")
    next(line for line in says if int(line) >= 3)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    pids = [int(pid) for pid in children.read_text().split()]
    process.kill()
    process.wait(30)

    ends = time.monotonic() + 30
    while any(_lives(pid) for pid in pids) and time.monotonic() < ends:
        time.sleep(0.05)
    assert len(pids) >= 2
    assert not any(_lives(pid) for pid in pids)


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    process, says = _started(tmp_path, "endless")
    next(line for line in says if int(line) >= 2)
    os.killpg(process.pid, signal.SIGINT)
    next(line for line in says if line == "stopping\n")
    os.killpg(process.pid, signal.SIGINT)

    assert list(says)[-1] == "at once\n"
    assert process.wait(30) == 0
    assert _kept(tmp_path) == 2


def test_a_run_that_fails_is_named_and_the_others_are_kept(tmp_path):
    with pytest.raises(RunFailed, match="rule set (none|peer), path 2, seed 7.*ZeroDivisionError: made to fail"):
        campaign.run(parts_of(kit.scenario()), stub.fails_on_path_two, tmp_path)
    calls = []
    campaign.run(parts_of(kit.scenario()), _counting(calls), tmp_path)

    assert [call[2] for call in calls] == [2, 2]


def test_two_rehearsals_do_not_write_to_one_directory(tmp_path):
    with Store(tmp_path / "runs.sqlite") as store:
        store.put("key", stub.simulate(kit.scenario(), "none", 0))
        with pytest.raises(RehearsalError, match="another rehearsal is writing there"):
            Store(tmp_path / "runs.sqlite")


def test_a_file_that_is_no_store_is_named(tmp_path):
    (tmp_path / "runs.sqlite").write_text("a diary, and a long one, so that it is no empty database" * 99)

    with pytest.raises(RehearsalError, match="is no file of finished runs"):
        Store(tmp_path / "runs.sqlite")


def test_a_run_is_the_same_after_the_store():
    result = stub.simulate(kit.scenario(), "peer", 1)
    back = decode(encode(result))

    assert back.figures == result.figures
    assert back.groups == result.groups
    assert {name: list(values) for name, values in back.series.items()} == {
        name: list(values) for name, values in result.series.items()
    }


def test_quick_has_fewer_users_paths_and_steps_and_nothing_beside_the_scenario():
    whole = kit.scenario(
        paths=100, step_seconds=60, users={"lenders": 5000}, variants=[kit.VARIANT], sweeps=[kit.SWEEP]
    )
    small = quick(whole)

    assert small.paths < whole.paths
    assert small.step_seconds > whole.step_seconds
    assert small.users.total <= 210
    assert small.sweeps == ()
    assert small.variants == ()
    assert small.rule_sets == whole.rule_sets
