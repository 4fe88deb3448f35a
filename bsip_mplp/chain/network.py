"""Which chain it is: its id, the prefix of its keys, the symbol of its core asset."""

from __future__ import annotations

from typing import NamedTuple

from bsip_mplp.chain.errors import WrongChainError
from bsip_mplp.chain.node import NodeLike


class Network(NamedTuple):
    """A chain's identity."""

    chain_id: str
    prefix: str
    core_symbol: str


def ask_network(node: NodeLike) -> Network:
    """Ask a node which chain it is on, by raw calls, which work on a chain the library has never heard of."""
    chain_id = str(node.call(0, "get_chain_properties")["chain_id"])
    prefix = str(node.call(0, "get_config")["GRAPHENE_ADDRESS_PREFIX"])
    core_symbol = str(node.call(0, "get_objects", [["1.3.0"]])[0]["symbol"])
    return Network(chain_id, prefix, core_symbol)


def check_network(found: Network, chain_id: str | None, url: str) -> None:
    """Raise `WrongChainError` unless the chain is the one that was configured."""
    if chain_id is not None and found.chain_id != chain_id:
        raise WrongChainError(
            f"{url} is a node of chain {found.chain_id}, not of {chain_id}: take its address out, or set chain_id"
        )


def register(network: Network) -> None:
    """Make the chain known to the library, which refuses to work on one that it doesn't know (chain.md, 8)."""
    from bitsharesbase.chains import known_chains

    if all(chain["chain_id"] != network.chain_id for chain in known_chains.values()):
        known_chains[f"MPLP-{network.chain_id[:16]}"] = {
            "chain_id": network.chain_id,
            "prefix": network.prefix,
            "core_symbol": network.core_symbol,
        }
