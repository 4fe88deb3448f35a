"""Run seeds: `python -m tests.safety FIRST COUNT [--jobs N] [--database postgresql]`; what breaks can be repeated.

`python -m tests.safety every SEED` cuts one calm run at each of its crash points in turn.
"""

import argparse
import logging
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.util import Finalize

from tests.databases import KINDS, Postgres
from tests.safety.run import Run
from tests.safety.town import Town

FAILURES_MAX = 20
PROGRESS_SECONDS = 10
_town = None


def main(first, count, jobs, database):
    """Play seeds, some at the same time; gives how many broke."""
    seeds, total, broken, played = range(first, first + count), Counter(), 0, 0
    began = told = time.monotonic()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), _start, (database,)) as pool:
        for done in as_completed([pool.submit(_play, seed) for seed in seeds]):
            figures, fault = done.result()
            played += 1
            total.update(figures)
            if fault is not None:
                broken += 1
                print(fault, flush=True)
                if broken >= FAILURES_MAX:
                    break
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                print(_progress(played, count, broken, told - began), flush=True)
    seconds = time.monotonic() - began
    print(", ".join(f"{times} {name}" for name, times in sorted(total.items())))
    print(f"{played} seeds from {first} in {seconds:.1f} s ({seconds / played * 1000:.0f} ms each): {broken} broke")
    return broken


def _progress(played, count, broken, seconds):
    left_seconds = seconds / played * (count - played)
    return f"{played} of {count} seeds, {broken} broke; about {left_seconds / 60:.0f} min to go"


def _start(database):
    """A town for this process, with a server of its own if that is the database."""
    global _town  # noqa: PLW0603  a process of a pool keeps what it works with where its work finds it
    logging.disable(logging.CRITICAL)
    server = Postgres() if database == "postgresql" else None
    _town = Town(server)
    if server is not None:
        Finalize(None, server.stop, exitpriority=1)
    Finalize(None, _town.close, exitpriority=1)  # the ends of a process of a pool run no `atexit`


def _play(seed):
    """A seed's figures, and what broke, or None."""
    run = Run(_town, seed)
    try:
        figures = run.play()
    except Exception as error:  # noqa: BLE001  whatever a seed does, the others are played
        steps = "\n  ".join(run.figures.log)
        return Counter(), (
            f"seed {seed} breaks: {type(error).__name__}: {str(error)[:600]}\n"
            f"repeat it with: python -m tests.safety {seed} 1\n  {steps}\n{traceback.format_exc()}"
        )
    found = Counter(seeds=1, points=figures.points, deposits=figures.deposits, payouts=figures.payouts)
    found.update(cuts=sum(figures.cuts.values()), forks=figures.forks, attempts=figures.attempts)
    found.update({f"fault {kind}": times for kind, times in figures.faults.items()})
    found.update(inputs=figures.inputs)
    return found, None


def every_point(seed):
    """Play a calm run once for each crash point that it has, cut there; gives how many broke."""
    logging.disable(logging.CRITICAL)
    town = Town()
    points, broken = Run(town, seed, places=()).play().points, 0
    for place in range(1, points + 1):
        try:
            Run(town, seed, places=(place,)).play()
        except Exception as error:  # noqa: BLE001  the other points are cut all the same
            broken += 1
            print(f"seed {seed} cut at point {place} breaks: {type(error).__name__}: {str(error)[:600]}")
    town.close()
    print(f"seed {seed}: cut at each of {points} points, {broken} broke")
    return broken


if __name__ == "__main__":
    if sys.argv[1:2] == ["every"]:
        sys.exit(1 if every_point(int(sys.argv[2])) else 0)
    words = argparse.ArgumentParser(prog="python -m tests.safety", description=__doc__)
    words.add_argument("first", type=int)
    words.add_argument("count", type=int)
    words.add_argument("--jobs", type=int, default=1)
    words.add_argument("--database", choices=KINDS, default=KINDS[0])
    told = words.parse_args()
    sys.exit(1 if main(told.first, told.count, told.jobs, told.database) else 0)
