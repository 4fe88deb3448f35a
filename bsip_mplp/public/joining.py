"""A player's side: registering with the faucet, and trading at the outside exchange."""

from __future__ import annotations

import json
import os
import secrets
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from bsip_mplp.chain.keys import Secret, public_key_of

ANSWER_SECONDS_MAX = 75
ANSWER_BYTES_MAX = 10_000_000

CONFIG = """# Written by `mplp rehearse join`: a player of a public rehearsal.
place = "rehearse"
account = {name}

[chain]
nodes = [{node}]
chain_id = {chain_id}
core_asset = {core}
pool_account = {pool}

[keys]
file = {keys}

{database}[assets.{core_table}]
least = 1

[assets.{bitasset_table}]
least = 1

[markets.{bitasset_table}]
"""


class JoiningError(Exception):
    """A player could not join; the text says why and what to do."""


class Joined(NamedTuple):
    """A new player: its account, and where configuration and key are."""

    name: str
    config: Path
    keys: Path
    facts: dict[str, Any]


def facts(url: str) -> dict[str, Any]:
    """What a rehearsal says of itself; raises `JoiningError`."""
    found = _answer(urllib.request.Request(f"{url.rstrip('/')}/table.json"), url)
    if "exchange" not in found:
        raise JoiningError(f"{url} is no public rehearsal, or has just begun: try again")
    return found


def join(url: str, name: str, directory: Path) -> Joined:
    """Make a key, register a name with its public key, and write key and configuration into a directory."""
    found = facts(url)
    keys, config = directory / f"{name}.keys", directory / f"{name}.toml"
    if keys.exists() or config.exists():
        raise JoiningError(f"{keys if keys.exists() else config}: exists already: take another name or directory")
    wif = new_wif()
    public = public_key_of(Secret(wif), prefix_of(found))
    account = {"name": name, "owner_key": public, "active_key": public, "memo_key": public}
    directory.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(keys, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{wif}\n")
    request = urllib.request.Request(
        f"{url.rstrip('/')}/api/v1/accounts",
        data=json.dumps({"account": account}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        _answer(request, url)
    except JoiningError:
        keys.unlink()
        raise
    config.write_text(_config(found, name, keys), encoding="utf-8")
    return Joined(name, config, keys, found)


def new_wif() -> str:
    """A fresh random private key."""
    from graphenebase.account import PrivateKey

    return str(PrivateKey(secrets.token_hex(32)))


def prefix_of(found: dict[str, Any]) -> str:
    """What public keys of the rehearsal's chain begin with."""
    return str(found["prefix"])


def _config(found: dict[str, Any], name: str, keys: Path) -> str:
    values = {
        "name": name,
        "node": found["node"],
        "chain_id": found["chain_id"],
        "core": found["core"],
        "pool": found["pool"],
        "keys": str(keys.resolve()),
    }
    database = found.get("database")
    return CONFIG.format(
        database="" if database is None else f"[database]\nurl = {json.dumps(database)}\n\n",
        core_table=found["core"],
        bitasset_table=found["bitasset"],
        **{key: json.dumps(value) for key, value in values.items()},
    )


def _answer(request: urllib.request.Request, url: str) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise JoiningError(f"{url} is no address: write for example http://127.0.0.1:8091")
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:
            body = answer.read(ANSWER_BYTES_MAX)
    except urllib.error.HTTPError as error:
        raise JoiningError(_told(error)) from None
    except (OSError, ValueError) as error:
        raise JoiningError(f"{url} does not answer: {error}") from None
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise JoiningError(f"{url} is no public rehearsal")
    return found


def _told(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(ANSWER_BYTES_MAX))["error"]["base"][0])
    except (ValueError, KeyError, IndexError, TypeError):
        return f"the rehearsal answered {error.code}"
