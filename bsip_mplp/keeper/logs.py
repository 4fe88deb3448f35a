"""The keeper's log: one line an event on stderr, never with a private key in it."""

from __future__ import annotations

import logging
import re
import sys

_KEY = re.compile(r"\b[5KL][1-9A-HJ-NP-Za-km-z]{50,51}\b")
_LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)


def without_keys(text: str) -> str:
    """A text in which anything that looks like a private key is blotted out."""
    return _KEY.sub("(a private key)", text)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_keys(super().format(record))


def set_up(verbose: int) -> None:
    """Log to stderr; `verbose` as on the command line: 1 faults, 2 warnings, 3 news, 4 and more all."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=_LEVELS[min(verbose, 4)], handlers=[handler], force=True)
    for noisy in ("apscheduler", "graphenerpc", "graphenestorage", "websockets", "sqlalchemy", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
