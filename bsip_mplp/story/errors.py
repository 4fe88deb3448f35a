"""What can keep a story from being played; a check that does not hold is no error but what the story finds.

StoryError
├── NodeEndedError     the embedded node did not start, or ended
├── KeeperEndedError   the keeper ended by itself
├── CommandFailedError a command of somebody's ended with another exit status than 0
├── LateError          something did not happen in time
└── FaucetError        the faucet can't pay for the story
"""

from __future__ import annotations


class StoryError(Exception):
    """Any of these; the text says what happened and what to do."""


class NodeEndedError(StoryError):
    """The embedded node did not start, or ended."""


class KeeperEndedError(StoryError):
    """The keeper ended by itself; the text has the end of its log."""


class CommandFailedError(StoryError):
    """A command of somebody's ended with another exit status than 0; the text has what it said."""


class LateError(StoryError):
    """Something did not happen in time; the text says what was waited for, and how things stand."""


class FaucetError(StoryError):
    """The faucet can't pay for the story, or its key does not fit."""
