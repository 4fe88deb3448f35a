"""A node process that shows a deposit that never was, beside two honest ones: nothing is credited, and it is told."""

import json
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from bsip_mplp.chain.envelope import seal_plain
from bsip_mplp.journal import Journal, read
from tests import kit
from tests.cli.world import World, until

INVENTED_UNITS = 777_777


@contextmanager
def node(url, lie=None):
    """A node process that passes on what another tells; gives its address."""
    port = kit.free_port()
    words = [sys.executable, "-m", "tests.safety.proxy", str(port), url]
    process = subprocess.Popen(words + ([json.dumps(lie)] if lie else []), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield f"ws://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()


@pytest.mark.parametrize("place", [0, 1])
def test_an_invented_deposit_is_not_credited_and_the_node_is_named(tmp_path, place):
    with ExitStack() as stack:
        real = stack.enter_context(kit.devnet("--block-interval", "0.1"))
        world = World(real, tmp_path).build()
        assert world.mplp("init")[0] == 0
        lie = {"account_id": world.id(world.pool), "sender_id": world.id(world.alice), "units": INVENTED_UNITS,
               "block": world.chain.head().number + 5, "memo": seal_plain("mplp stake", world.prefix, 1)}  # fmt: skip
        nodes = [stack.enter_context(node(real, lie if at == place else None)) for at in range(3)]
        world.configure(*nodes)
        config = tmp_path / "mplp.toml"
        config.write_text(config.read_text().replace("core_asset", "quorum = 2\ncore_asset", 1))
        keeper = world.keeper()
        try:
            until(lambda: world.chain.head().irreversible_number > lie["block"], "the invented block is irreversible")
            status, _, err = world.mplp("-a", world.bob, "interest", "1", world.core, "--wait")
            assert status == 0, err  # honest ones are credited all the same
            told = until(lambda: [one for one in json.loads(world.mplp("health", "--json")[1])["reasons"]
                                  if one.startswith(f"node {nodes[place]}: ")], "the liar is named")  # fmt: skip
            assert told
            with Journal.open(world.database, read_only=True) as journal, journal.reading() as connection:
                came = read.last_inputs(connection, "deposit", 100)
                assert journal.cursor().block > lie["block"]
            assert [one.body["account"] for one in came] == [world.bob]
            assert INVENTED_UNITS not in [one.body["amount"] for one in came]
        finally:
            keeper.send_signal(signal.SIGTERM)
            keeper.wait(60)
