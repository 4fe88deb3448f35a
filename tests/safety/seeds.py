"""Playing seed after seed: one that breaks says how to repeat it, or is counted where all are to be played."""

import logging
from collections import Counter


def played(run, town, seeds, command):
    """The figures of each seed's run; the first that breaks ends it, with the command that repeats it."""
    for seed in seeds:
        try:
            figures = run(town, seed).play()
        except Exception as error:
            error.add_note(f"repeat it with: {command.format(seed)}")
            raise
        yield figures


def play_all(run, town, seeds, told):
    """Play all seeds, whatever becomes of them, and say what came of it: `told` counts a run by its figures."""
    logging.disable(logging.CRITICAL)
    total = Counter()
    for seed in seeds:
        try:
            figures = run(town, seed).play()
        except Exception as error:  # noqa: BLE001  the next seed is played all the same
            print(f"seed {seed}: {type(error).__name__} {error}")
            total["broke"] += 1
            continue
        total.update({"cuts": sum(figures.cuts.values()), "seeds": 1} | told(figures))
    town.close()
    print(dict(total))
