"""Run seeds: `python -m tests.safety FIRST COUNT`. A seed that breaks is printed with the command that repeats it.

`python -m tests.safety every SEED` cuts one calm run at each of its crash points in turn.
"""

import logging
import sys
import time
import traceback
from collections import Counter

from tests.safety.run import Run
from tests.safety.town import Town

FAILURES_MAX = 20


def main(first, count):
    """Play seeds one after the other; gives how many broke."""
    logging.disable(logging.CRITICAL)
    town, total, broken = Town(), Counter(), 0
    began = time.monotonic()
    for seed in range(first, first + count):
        run = Run(town, seed)
        try:
            figures = run.play()
        except Exception as error:  # noqa: BLE001  whatever a seed does, the others are played
            broken += 1
            print(f"seed {seed} breaks: {type(error).__name__}: {str(error)[:600]}")
            print(f"  repeat it with: python -m tests.safety {seed} 1", flush=True)
            if count == 1:
                print("\n".join(run.figures.log))
                traceback.print_exc()
            if broken >= FAILURES_MAX:
                break
            continue
        total.update(seeds=1, points=figures.points, deposits=figures.deposits, payouts=figures.payouts)
        total.update(cuts=sum(figures.cuts.values()), forks=figures.forks, attempts=figures.attempts)
        total.update({f"fault {kind}": times for kind, times in figures.faults.items()})
        total.update(inputs=figures.inputs)
    town.close()
    seconds = time.monotonic() - began
    print(", ".join(f"{times} {name}" for name, times in sorted(total.items())))
    print(f"{count} seeds from {first} in {seconds:.1f} s ({seconds / count * 1000:.0f} ms each): {broken} broke")
    return broken


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
    if sys.argv[1] == "every":
        sys.exit(1 if every_point(int(sys.argv[2])) else 0)
    sys.exit(1 if main(int(sys.argv[1]), int(sys.argv[2])) else 0)
