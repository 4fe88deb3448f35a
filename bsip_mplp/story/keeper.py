"""The keeper as a process of its own, started as `mplp keeper run` is, and someone who kills it."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

from bsip_mplp.story.errors import KeeperEndedError

MPLP = (sys.executable, "-c", "from bsip_mplp.cli.main import main; main()")
"""The `mplp` command, whatever the search path."""

STOP_SECONDS_MAX = 30
KILL_SOONEST_SECONDS, KILL_LATEST_SECONDS = 0.5, 6.0
LOG_CHARS = 800


class KeeperProcess:
    """`mplp keeper run` on a configuration; what it logs goes to a file.

    It waits for the lead: where one before it was killed the lease of that one may still stand.
    """

    def __init__(self, config: Path, log: Path) -> None:
        self._command = [*MPLP, "--config", str(config), "keeper", "run", "--standby"]
        self._log = log
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._killer: _Killer | None = None
        self.kills = 0

    def start(self) -> None:
        """Start it."""
        with self._lock, self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def check(self) -> None:
        """Raise `KeeperEndedError` if it ended by itself."""
        with self._lock:
            status = None if self._process is None else self._process.poll()
        if status is not None:
            log = self._log.read_text(encoding="utf-8", errors="replace")[-LOG_CHARS:]
            raise KeeperEndedError(f"the keeper ended with status {status}; the end of its log: {log}")

    def kill_at_random(self, seed: int) -> None:
        """From now on kill it with SIGKILL at moments drawn from a seed, and start it again each time."""
        self._killer = _Killer(self, seed)
        self._killer.start()

    def kill_and_start(self) -> None:
        """What `kill -9` does, and a new start."""
        with self._lock:
            if self._process is None:
                return
            self._process.kill()
            self._process.wait()
            self.kills += 1
            self.start()

    def stop(self) -> None:
        """Kill it no more, and ask it to end (SIGTERM)."""
        if self._killer is not None:
            self._killer.end()
            self._killer = None
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _Killer(threading.Thread):
    def __init__(self, keeper: KeeperProcess, seed: int) -> None:
        super().__init__(name="killer", daemon=True)
        self._keeper = keeper
        self._random = random.Random(seed)
        self._ended = threading.Event()

    def run(self) -> None:
        latest = KILL_LATEST_SECONDS
        while not self._ended.wait(self._random.uniform(KILL_SOONEST_SECONDS, latest)):
            self._keeper.kill_and_start()
            latest += 1.0  # else it would never get anywhere on a machine so slow that starting takes as long

    def end(self) -> None:
        self._ended.set()
        self.join()
