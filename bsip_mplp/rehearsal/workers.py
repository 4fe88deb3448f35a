"""Where runs are computed: here, in processes on this machine, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from bsip_mplp.rehearsal.errors import RehearsalError

CONNECT_SECONDS = 10


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def workers(jobs: int, cluster: str | None) -> Iterator[tuple[Executor, int]]:
    """What computes, and how many runs it computes at a time; raises `RehearsalError` if the cluster can't be used."""
    if cluster is not None:
        with _dask(cluster) as found:
            yield found
    elif jobs == 1:
        yield Here(), 1
    else:
        # not forked: the progress bar has a thread, and a fork would copy its locks
        context = multiprocessing.get_context("spawn")
        with _Processes(jobs, mp_context=context, initializer=_end_with_parent) as pool:
            try:
                yield pool, jobs
            except KeyboardInterrupt:
                # a second Ctrl-C: what is being computed is given up
                for child in multiprocessing.active_children():
                    child.kill()
                raise


class Here(Executor):
    """Computes in this process, at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Compute now; what it raises is raised by the future, and an interrupt at once."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  an executor hands on whatever its work raises
            future.set_exception(error)
        return future


def _end_with_parent() -> None:
    """Workers whose parent was killed would wait for work for ever."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


class _Processes(ProcessPoolExecutor):
    """Workers that Ctrl-C does not reach, from their first moment on.

    A terminal's Ctrl-C goes to all its processes; the first one decides what to do, and the workers finish their run.
    One that set its own handling could be hit before it did, while Python starts or imports. So they inherit a mask.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand work over, which starts workers as they are needed; a Ctrl-C of that moment comes right after it."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _dask(address: str) -> Iterator[tuple[Executor, int]]:
    try:
        import distributed
    except ModuleNotFoundError:
        raise RehearsalError("--cluster needs Dask: pip install 'bsip-mplp[cluster]'") from None
    connect: Any = distributed.Client
    try:
        client = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise RehearsalError(f"--cluster {address}: no Dask scheduler answers there ({error})") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise RehearsalError(f"--cluster {address}: the scheduler has no workers: start some with `dask worker`")
        yield client.get_executor(pure=False), threads
