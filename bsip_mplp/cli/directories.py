"""Directories that a command is to write to, made before it starts anything."""

from __future__ import annotations

import os
from pathlib import Path

import click


def make_directory(directory: Path, option: str) -> None:
    """Make a directory, if it is not there; raises `click.ClickException` naming the option if it can't be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"can't be made ({error.strerror})"
    else:
        if os.access(directory, os.W_OK | os.X_OK):
            return
        why = "may not be written to"
    raise click.ClickException(f"{option} {directory}: {why}; name a directory that this user may write to")
