"""One keeper a journal; the lock goes with its process, however that ends."""

import multiprocessing
import os
import signal

import pytest

from bsip_mplp.keeper.errors import OtherKeeperError
from bsip_mplp.keeper.lock import holder_of, only_keeper


def hold(url, held):
    with only_keeper(url):
        held.set()
        signal.pause()


def test_a_second_keeper_is_refused_and_the_lock_goes_with_a_killed_process(tmp_path):
    url = f"sqlite:///{tmp_path}/j.sqlite"
    assert holder_of(url) is None
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=hold, args=(url, held))
    process.start()
    assert held.wait(30)
    assert holder_of(url) == f"process {process.pid}"
    with pytest.raises(OtherKeeperError, match=f"process {process.pid}"), only_keeper(url):
        pytest.fail("two keepers hold one lock")
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    assert holder_of(url) is None
    with only_keeper(url):
        assert holder_of(url) == f"process {os.getpid()}"


def test_a_lock_that_was_given_up_can_be_taken_again(tmp_path):
    url = f"sqlite:///{tmp_path}/j.sqlite"
    for _ in range(2):
        with only_keeper(url):
            pass
