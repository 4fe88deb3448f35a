"""What can go wrong with a rehearsal, for people.

RehearsalError    a rehearsal that can't run; the text says what to do
├── RunFailed     one of its runs failed: a bug, named by rule set and path
└── Stopped       it was stopped; what is finished is kept
"""

from __future__ import annotations


class RehearsalError(Exception):
    """A rehearsal that can't run; the text says what to do."""


class RunFailed(RehearsalError):
    """A run that failed: a bug of ours, with what is needed to see it again."""


class Stopped(RehearsalError):
    """The rehearsal was stopped before its end; what is finished is kept."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__(f"stopped: {done} of {total} runs are kept, the same command goes on from there")
        self.done = done
        self.total = total
