"""`python -m tests.model SEED [SEED]` plays the courses of these seeds (a range if two) and shows the first difference.

`--steps N` sets their length, `--keep` goes on after a difference. `--node` plays them on embedded chains, a real
process each: transfers with memos, feeds and positions, read by the keeper's bots.
"""

import argparse
import collections
import logging
import tempfile

from bsip_mplp.rules.engine import Engine
from tests.rules import invariants

from .compare import as_lines, difference, shrunk
from .course import Course
from .node import Differs, play


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int, nargs="?")
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--keep", action="store_true", help="go on after a difference")
    parser.add_argument("--node", action="store_true", help="play on embedded chains")
    args = parser.parse_args()
    seeds = range(args.first, (args.last or args.first) + 1)
    bad = (on_nodes if args.node else in_process)(seeds, args)
    print(f"{bad} of {len(seeds)} courses differ")
    raise SystemExit(bool(bad))


def on_nodes(seeds, args):
    """How many differ. Each course that agreed is told in a line: what happened in it."""
    logging.disable(logging.CRITICAL)
    bad = 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            try:
                model = play(seed, args.steps, folder).model
            except Differs as found:
                bad += 1
                print(f"seed {seed}: {found}", flush=True)
                if not args.keep:
                    break
                continue
        ends = collections.Counter(loan.ended_by or "live" for loan in model.loans.values())
        counted = {name: len(getattr(model, name)) for name in ("loans", "auctions", "bids", "series", "orders")}
        print(f"seed {seed}: {counted}, loans ended by {dict(ends)}", flush=True)
    return bad


def in_process(seeds, args):
    """How many differ; the first difference is shown, with as few steps as it needs."""
    bad = 0
    for seed in seeds:
        course = Course(seed, args.steps)
        inputs = course.inputs_made()
        found = fails(inputs)
        if found is None:
            continue
        bad += 1
        inputs = shrunk(inputs[: found[0] + 1], fails_as(kind_of(found)))
        print(f"seed {seed}, {len(inputs)} steps\n{as_lines(inputs)}")
        print("\n".join(fails(inputs)[1]), flush=True)
        if not args.keep:
            raise SystemExit(1)
    return bad


def fails(inputs):
    try:
        found = difference(inputs)
        if found is None:
            engine = Engine()
            for item in inputs:
                invariants.check_outcome(engine.apply(item))
                invariants.check(engine)
        return found
    except Exception as error:  # noqa: BLE001 - a fault is a difference too, and is shrunk like one
        step = len(inputs) - 1
        return step, [f"{type(error).__name__} {error}"]


def fails_as(kind):
    return lambda fewer: kind_of(fails(fewer)) == kind


def kind_of(found):
    """What a difference is about, so that shrinking doesn't slip to another one."""
    return None if found is None else found[1][0].split(" ")[0]


main()
