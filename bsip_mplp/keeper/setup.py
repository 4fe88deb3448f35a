"""What a configuration says that the ledger doesn't know yet: assets, markets, parameters, as inputs like any other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bsip_mplp.config import Settings
from bsip_mplp.market import Parameters, misfit
from bsip_mplp.rules.feeds import feed_of
from bsip_mplp.rules.inputs import AssetSeen, FeedSeen, Input, MarketOpened, ParametersChanged, SharedPoolSet
from bsip_mplp.rules.shared_rates import PoolParameters, pool_misfit


def changes(
    settings: Settings,
    precisions: Mapping[str, int],
    known_assets: Mapping[str, Mapping[str, Any]],
    known_markets: Mapping[str, Mapping[str, Any]],
    time: int,
    known_pools: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Input]:
    """The inputs that bring the ledger to the configuration; none when it is there. Raises `ConfigError`.

    `known_assets` and `known_markets` are the ledger's objects by name. What the configuration no longer names
    stays as it is: pools and loans live on in it.
    """
    found: list[Input] = []
    for symbol in settings.lent_symbols:
        precision = precisions[symbol]
        least = settings.least_units(symbol, precision)
        if known_assets.get(symbol) != {"symbol": symbol, "precision": precision, "least_size": least}:
            found.append(AssetSeen(time=time, symbol=symbol, precision=precision, least_size=least))
    for name, market in settings.markets.items():
        wanted = Parameters().changed(market.parameters).as_json()
        if name not in known_markets:
            core = settings.chain.core_asset
            found.append(MarketOpened(time=time, market=name, core_asset=core, parameters=market.parameters))
            continue
        stands = known_markets[name]["parameters"]
        differing = {key: value for key, value in wanted.items() if stands.get(key) != value}
        if differing:
            found.append(ParametersChanged(time=time, market=name, changes=differing))
    for name, pool in settings.shared_pools.items():
        stands = (known_pools or {}).get(name, {}).get("parameters")
        if PoolParameters().changed(pool.parameters).as_json() != stands:
            found.append(SharedPoolSet(time=time, market=name, parameters=pool.parameters))
    return found


def misfits(settings: Settings, feeds: Iterable[FeedSeen]) -> list[str]:
    """What the configuration asks for that doesn't fit the chain's feeds now: the rules take it, and lend nothing new.

    One line for each market (PL-D7) and each shared pool (SP-16).
    """
    found: list[str] = []
    for seen in feeds:
        name, feed = seen.market, feed_of(seen)
        if feed is None:
            continue
        if reason := misfit(Parameters().changed(settings.markets[name].parameters), feed):
            found.append(f"markets.{name}: {reason}: no new loans there while that is so (PL-D7)")
        if name not in settings.shared_pools:
            continue
        pool = PoolParameters().changed(settings.shared_pools[name].parameters)
        if reason := pool_misfit(pool, feed):
            found.append(f"shared_pools.{name}: {reason}: it serves nobody new while that is so (SP-16)")
        elif pool.icr <= feed.mcr:
            found.append(f"shared_pools.{name}: its icr is not over the feed's MCR: the chain's own ICR counts")
    return found
