"""How a running keeper is told to end."""

from __future__ import annotations

import os
import signal
import threading


class Stop(threading.Event):
    """Set when a run must end; `was_asked` says that a signal asked for it, and not a lost lead."""

    was_asked = False


def stop_at_signals() -> Stop:
    """What SIGTERM and SIGINT set; the second signal ends the process at once, which loses nothing."""
    stop = Stop()

    def on_signal(number: int, _: object) -> None:
        if stop.was_asked:
            os._exit(128 + number)
        stop.was_asked = True
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop
