"""Nodes in processes of their own."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

START_SECONDS_MAX = 20


@contextmanager
def node_process(*options, interval="0.1"):
    """Run ``python -m bsip_mplp.devnet`` on a free port; yields (url, process)."""
    command = [sys.executable, "-m", "bsip_mplp.devnet", "--listen", "127.0.0.1:0", "--block-interval", interval]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline()
        if not first.startswith("ws://"):
            process.kill()
            pytest.fail(f"no node: {first} {process.stderr.read()}")
        yield first.split()[0], process
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=START_SECONDS_MAX)


@pytest.fixture(scope="session")
def devnet_url():
    """A node with quick blocks, shared by the tests that only need some chain."""
    with node_process() as (url, _):
        yield url
