"""python-bitshares on the same chain, for those who want to work with its objects. Nothing here needs it to read."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from bsip_mplp.chain.clock import seconds_of
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.keys import Secret

EXPIRATION_SECONDS = 60


def library(connection: Connection, keys: Iterable[Secret] = ()) -> Any:
    """A `bitshares.BitShares` on the connection's node, set as the shared instance so that nothing dials another.

    The chain is checked and made known to the library first (chain.md, 7 and 8), and retries are finite (9).
    Raises `UnreachableError` or `WrongChainError`. Give it to every object as `blockchain_instance`.
    """
    network = connection.network  # asked before the library dials: it checks and registers the chain
    from bitshares import BitShares
    from bitshares.instance import set_shared_blockchain_instance

    # The library dates by the local clock (11): what the chain's clock is ahead, its transactions live longer
    ahead_seconds = seconds_of(connection.head()["time"]) - int(time.time())
    instance = BitShares(
        node=[connection.url],
        keys=[key.reveal() for key in keys],
        num_retries=3,
        expiration=EXPIRATION_SECONDS + ahead_seconds,
    )
    if instance.rpc.chain_params["chain_id"] != network.chain_id:
        raise RuntimeError("the library is on another chain")
    set_shared_blockchain_instance(instance)
    return instance
