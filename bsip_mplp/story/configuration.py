"""What a story needs before it begins, and the configuration that `mplp` then finds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bsip_mplp.bots.registry import BOTS
from bsip_mplp.config import Settings, load
from bsip_mplp.story.people import Person
from bsip_mplp.story.town import Ratios, Town

BOT_SECONDS = "0.2"
"""How often each bot runs."""

CONFIG = """# Written by `mplp {place}` for this run.
place = "{place}"

[chain]
nodes = [{node}]
chain_id = {chain_id}
core_asset = "{core}"
pool_account = {pool}
expiration_seconds = 60

[keys]
file = {keys}

[database]
url = {database}

[assets.{core}]
least = 1

[assets.{symbol}]
least = 1

[markets.{symbol}]
{parameters}

{shared_pool}
{vault}
[bots]
{schedules}
"""


class Setting(NamedTuple):
    """What a story needs before it begins: who there is, with how much core asset, and the numbers of its market."""

    funds: Mapping[str, str]
    ratios: Ratios
    first_price: str
    parameters: Mapping[str, str]
    """The committee's parameters, as they stand in a configuration."""
    shared_pool: Mapping[str, str] | None = None
    """The parameters of a shared pool, if the market has one."""
    guard: str = ""
    """Who guards the vaults, if there are some: the pool's account keeps them."""


def write_configuration(
    directory: Path,
    setting: Setting,
    town: Town,
    pool: Person,
    guard: Person | None = None,
    *,
    place: str = "story",
    bot_seconds: str = BOT_SECONDS,
    database: str | None = None,
) -> tuple[Path, Settings]:
    """Write configuration and key file into a directory; gives the configuration's file, and it as it is read."""
    directory.mkdir(parents=True, exist_ok=True)
    keys = write_keys(directory / "pool.keys", pool)
    texts = {
        "node": town.connection.url,
        "chain_id": town.connection.network.chain_id,
        "pool": pool.name,
        "keys": str(keys.resolve()),
        "database": database or f"sqlite:///{directory.resolve()}/{place}.sqlite",
    }
    text = CONFIG.format(
        place=place,
        core=town.core,
        symbol=town.symbol,
        parameters="\n".join(f"{name} = {value}" for name, value in setting.parameters.items()),
        shared_pool=""
        if setting.shared_pool is None
        else "\n".join(
            [f"[shared_pools.{town.symbol}]", *(f"{name} = {value}" for name, value in setting.shared_pool.items()), ""]
        ),
        vault=""
        if guard is None
        else f"[vault]\nkeepers = [{json.dumps(pool.name)}]\nguard = {json.dumps(guard.name)}\n",
        schedules="\n".join(f"{bot.name}.every_seconds = {bot_seconds}" for bot in BOTS),
        **{name: json.dumps(value) for name, value in texts.items()},  # JSON's texts are TOML's, too
    )
    config = directory / "mplp.toml"
    config.write_text(text, encoding="utf-8")
    return config, load(str(config))


def write_keys(path: Path, person: Person) -> Path:
    """Write a person's key into a file that only its owner may read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{person.wif}\n")
    return path


def write_own_configuration(config: Path, person: Person) -> Path:
    """The same configuration with a person's own key and account, as they have it at home."""
    own = config.with_name(f"{person.role.lower()}.toml")
    keys = write_keys(config.with_name(f"{person.role.lower()}.keys"), person)
    text = config.read_text(encoding="utf-8").replace("pool.keys", keys.name)
    own.write_text(f"account = {json.dumps(person.name)}\n{text}", encoding="utf-8")
    return own
