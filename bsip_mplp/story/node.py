"""The embedded node in a process of its own, for the time of a story."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.errors import RefusedError
from bsip_mplp.story.errors import NodeEndedError

FAUCET = "nathan"
DEVELOPMENT_WIF = "5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"
"""The well-known key of bitshares-core's development genesis: worthless anywhere else."""

END_SECONDS_MAX = 10


@contextmanager
def embedded_node(
    block_seconds: str, listen: str = "127.0.0.1:0", data: Path | None = None, fee_divisor: int = 1
) -> Iterator[str]:
    """Start an embedded node, by default on a free port of this machine, and give its address; it ends with the story.

    With `data` its chain is kept there, and it goes on with it; `fee_divisor` makes a new chain's fees lower.
    """
    command = [sys.executable, "-m", "bsip_mplp.devnet", "--listen", listen, "--block-interval", block_seconds]
    if data is not None:
        command += ["--data", str(data)]
    command += ["--fee-divisor", str(fee_divisor)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("ws://"):
            process.kill()
            raise NodeEndedError(f"the embedded node did not start: {line} {process.communicate()[1][-500:]}")
        yield line.split()[0]
    finally:
        process.terminate()
        try:
            process.communicate(timeout=END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()


def can_move_time(connection: Connection) -> bool:
    """Whether the node is an embedded one, whose chain time can be moved forward."""
    try:
        connection.call("devnet", "devnet_status")
    except RefusedError:
        return False
    return True


def advance(connection: Connection, seconds: int) -> dict[str, Any]:
    """Move an embedded node's chain time forward."""
    moved: dict[str, Any] = connection.call("devnet", "devnet_advance", seconds)
    return moved
