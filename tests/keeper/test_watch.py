"""The watchdog looks at progress, not at the process."""

import threading

from bsip_mplp.bots.bot import Bot
from bsip_mplp.keeper.runner import STUCK_STATUS, Keeper, NoBoard


def test_a_bot_that_hangs_makes_the_keeper_give_up():
    hanging, stop, gave_up = threading.Event(), threading.Event(), []

    def observe(desk):
        hanging.wait()

    def give_up(status):
        gave_up.append(status)
        hanging.set()
        stop.set()

    class Desk:
        class Journal:
            class head:
                seq = 0

        journal = Journal

        def close(self):
            pass

    bot = Bot(1, "inbox", "nothing", observe, lambda view: ())
    Keeper(Desk, [bot], {"inbox": 0.1}, NoBoard(), stuck_seconds=0.2, give_up=give_up).serve(stop)
    assert gave_up == [STUCK_STATUS]
