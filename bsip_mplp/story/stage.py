"""The stage of a story: a node, people, a bitasset, a journal of its own and a keeper, set up and taken down."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bsip_mplp.bootstrap import initialise
from bsip_mplp.bots.registry import BOTS
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.keys import Secret
from bsip_mplp.cli.output import time_text
from bsip_mplp.config import Settings, load
from bsip_mplp.story import node, other_wallet
from bsip_mplp.story.books import Books
from bsip_mplp.story.errors import KeeperEndedError
from bsip_mplp.story.keeper import MPLP, KeeperProcess
from bsip_mplp.story.patience import Patience
from bsip_mplp.story.people import Person
from bsip_mplp.story.scene import Scene
from bsip_mplp.story.town import Ratios, Town

POOL = "Pool"
FEEDS = "Feeds"

BLOCK_SECONDS = "0.05"
"""Between the blocks of the embedded node."""

BOT_SECONDS = "0.2"
"""How often each bot runs."""

PAYOUTS = 10
"""How many payouts the operator puts fees aside for."""

WAIT_SECONDS_MAX = 240.0
"""How long anything may take: on a node with 3-second blocks a transfer counts after half a minute and more."""

CONFIG = """# Written by `mplp story` for this run.
place = "story"

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


class Where(NamedTuple):
    """Where a story is played: on a node that is there, or on an embedded one if `url` is None."""

    url: str | None
    faucet: str
    secret: Secret
    """The faucet's active key."""
    directory: Path | None
    """Where configuration, key and journal stay; a directory that is deleted afterwards if None."""
    kill_seed: int | None
    """Kill the keeper at random moments, drawn from this."""


@dataclass
class Stage:
    """Where the steps are played."""

    town: Town
    people: dict[str, Person]
    books: Books
    keeper: KeeperProcess
    patience: Patience
    config: Path
    can_move_time: bool
    memory: dict[str, Any] = field(default_factory=dict)
    """What one step leaves for a later one to compare with."""

    def __getitem__(self, role: str) -> Person:
        return self.people[role]

    @property
    def pool(self) -> Person:
        """The account that holds the pools' money."""
        return self.people[POOL]

    @property
    def symbol(self) -> str:
        """The bitasset, and so the market."""
        return self.town.symbol

    @property
    def core(self) -> str:
        """The core asset's symbol."""
        return self.town.core

    # --- time -------------------------------------------------------------------------------------------------

    def pass_time(self, scene: Scene, seconds: int, words: str) -> None:
        """Let chain time pass, and the ledger's clock with it: moved on an embedded node, waited for on another."""
        until = self.town.chain.head().time + seconds
        if self.can_move_time:
            node.advance(self.town.connection, seconds)
        scene.done.append(f"{words} go by, until {time_text(self.books.has_reached(until))}")

    # --- requests, in the three ways in which they reach the pool --------------------------------------------

    def ask(
        self, scene: Scene, role: str, memo: str, amount: str = "", symbol: str = "", *, plain: bool = False
    ) -> str:
        """A transfer with a memo, encrypted or plain; without an amount the smallest unit. Gives its place."""
        symbol = symbol or self.core
        units = self.town.units(amount, symbol) if amount else 1
        way = "plain memo" if plain else "encrypted memo"
        scene.done.append(f"{role} → pool  {self.town.show(units, symbol)}  “{memo}”  ({way})")
        return self.town.ask(self[role], self.pool, units, symbol, memo, plain=plain)

    def ask_elsewhere(self, scene: Scene, role: str, memo: str, amount: str, symbol: str = "") -> str:
        """The same from another wallet: python-bitshares' own `transfer`, which encrypts the memo."""
        symbol = symbol or self.core
        units = self.town.units(amount, symbol)
        scene.done.append(f"{role} → pool  {self.town.show(units, symbol)}  “{memo}”  (python-bitshares, encrypted)")
        return other_wallet.transfer(self.town, self[role], self.pool, amount, symbol, memo)

    def reserve_for_fees(self, scene: Scene, role: str) -> str:
        """Put money aside for the chain's fees of payouts (`mplp operator`); gives its place."""
        whole_units = 10 ** self.town.precisions[self.core]
        return self.ask_elsewhere(scene, role, "mplp operator", str(PAYOUTS * self.town.fee_units // whole_units + 1))

    def counted(self, *sources: str) -> list[int]:
        """Wait until transfers have counted; gives the numbers of their inputs."""
        return [self.books.counted(source) for source in sources]

    # --- the end ----------------------------------------------------------------------------------------------

    def verify(self) -> dict[str, Any]:
        """What `mplp verify` says of the journal, in a process of its own."""
        ran = subprocess.run(
            [*MPLP, "--config", str(self.config), "verify", "--json"], capture_output=True, text=True, check=False
        )
        try:
            found: dict[str, Any] = json.loads(ran.stdout)
        except json.JSONDecodeError:
            raise KeeperEndedError(f"mplp verify ended with status {ran.returncode}: {ran.stderr[-500:]}") from None
        return found


@contextmanager
def set_stage(setting_for: Callable[[bool], Setting], where: Where, say: Callable[[str], None]) -> Iterator[Stage]:
    """Set everything up, and take it down in the end whatever happens.

    `setting_for` gives the setting, told whether chain time can be moved.
    """
    patience = Patience(WAIT_SECONDS_MAX, say)
    with ExitStack() as stack:
        say("the embedded node")
        url = where.url or stack.enter_context(node.embedded_node(BLOCK_SECONDS))
        connection = Connection([url])
        stack.callback(connection.close)
        can_move_time = node.can_move_time(connection)
        setting = setting_for(can_move_time)
        town = Town(connection, where.faucet, where.secret, patience)
        say("the accounts")
        people = town.settle({POOL: "", FEEDS: "0", **setting.funds})
        say("the bitasset")
        town.make_bitasset(people[FEEDS], setting.ratios)
        town.publish(setting.first_price)
        directory = where.directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mplp-story-")))
        config, settings = _write_config(directory, setting, town, people[POOL])
        say("the ledger")
        initialise(settings)
        keeper = KeeperProcess(config, directory / "keeper.log")
        keeper.start()
        stack.callback(keeper.stop)
        patience.look_after = keeper.check
        if where.kill_seed is not None:
            keeper.kill_at_random(where.kill_seed)
        books = Books(settings, patience)
        yield Stage(town, people, books, keeper, patience, config, can_move_time)


def _write_config(directory: Path, setting: Setting, town: Town, pool: Person) -> tuple[Path, Settings]:
    directory.mkdir(parents=True, exist_ok=True)
    keys = directory / "pool.keys"
    keys.unlink(missing_ok=True)
    with os.fdopen(os.open(keys, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{pool.wif}\n")
    texts = {
        "node": town.connection.url,
        "chain_id": town.connection.network.chain_id,
        "pool": pool.name,
        "keys": str(keys.resolve()),
        "database": f"sqlite:///{directory.resolve()}/story.sqlite",
    }
    text = CONFIG.format(
        core=town.core,
        symbol=town.symbol,
        parameters="\n".join(f"{name} = {value}" for name, value in setting.parameters.items()),
        schedules="\n".join(f"{bot.name}.every_seconds = {BOT_SECONDS}" for bot in BOTS),
        **{name: json.dumps(value) for name, value in texts.items()},  # JSON's texts are TOML's, too
    )
    config = directory / "mplp.toml"
    config.write_text(text, encoding="utf-8")
    return config, load(str(config))
