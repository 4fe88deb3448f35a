"""The chain's times: ISO text without a zone, which means UTC, and whole seconds since 1970 (G-4)."""

from __future__ import annotations

from calendar import timegm
from time import gmtime, strftime, strptime

_FORM = "%Y-%m-%dT%H:%M:%S"


def seconds_of(text: str) -> int:
    """A chain time such as `2026-11-20T09:52:00` in seconds; raises `ValueError` for anything else."""
    return timegm(strptime(text, _FORM))


def text_of(seconds: int) -> str:
    """Seconds as the chain writes them."""
    return strftime(_FORM, gmtime(seconds))
