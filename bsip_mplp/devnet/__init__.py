"""An embedded BitShares node: a development chain in one process.

In process::

    from bsip_mplp.devnet import Chain

    chain = Chain()
    chain.send([...])          # operations, signatures not asked for
    chain.produce_block()

Over the node's own websocket protocol::

    from bsip_mplp.devnet import serve

    with serve() as url:       # ws://127.0.0.1:PORT
        ...
"""

from .amounts import Asset, Price
from .chain import BlockEvent, Chain
from .constants import DEVELOPMENT_WIF, TESTNET_CHAIN_ID
from .errors import ChainError
from .genesis import DEVNET_CHAIN_ID, FAUCET, Funded, Genesis
from .keys import PrivateKey
from .node import Node
from .script import FeedScript, Ratios
from .serving import DevnetServer, Options, serve
from .transactions import Transaction

__all__ = [
    "DEVELOPMENT_WIF",
    "DEVNET_CHAIN_ID",
    "FAUCET",
    "TESTNET_CHAIN_ID",
    "Asset",
    "BlockEvent",
    "Chain",
    "ChainError",
    "DevnetServer",
    "FeedScript",
    "Funded",
    "Genesis",
    "Node",
    "Options",
    "Price",
    "PrivateKey",
    "Ratios",
    "Transaction",
    "serve",
]
