"""The stage of a story: a node, people, a bitasset, a journal of its own and a keeper, set up and taken down."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bsip_mplp.bootstrap import initialise, open_journal
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.keys import Secret
from bsip_mplp.cli.output import time_text
from bsip_mplp.journal.read import Refused
from bsip_mplp.story import books, node, other_wallet
from bsip_mplp.story.books import Books
from bsip_mplp.story.configuration import Setting, write_configuration, write_own_configuration
from bsip_mplp.story.errors import CommandFailedError, KeeperEndedError
from bsip_mplp.story.keeper import MPLP, KeeperProcess
from bsip_mplp.story.patience import Found, Patience
from bsip_mplp.story.people import Person
from bsip_mplp.story.scene import Scene
from bsip_mplp.story.town import Town

POOL = "Pool"
FEEDS = "Feeds"

BLOCK_SECONDS = "0.05"
"""Between the blocks of the embedded node."""

PAYOUTS = 10
"""How many payouts the operator puts fees aside for."""

WAIT_SECONDS_MAX = 240.0
"""How long anything may take: on a node with 3-second blocks a transfer counts after half a minute and more."""


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
    database: str | None
    """The journal's database; a file in the directory if None."""


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
    memory: dict[str, int] = field(default_factory=dict)
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

    def show_core(self, units: int) -> str:
        """Smallest units of the core asset as people read them."""
        return self.town.show(units, self.core)

    def show_bitasset(self, units: int) -> str:
        """Smallest units of the bitasset as people read them."""
        return self.town.show(units, self.symbol)

    # --- what the ledger has --------------------------------------------------------------------------------

    def object(self, kind: str, key: str) -> Mapping[str, Any]:
        """An object of the ledger; raises `LookupError` if there is none."""
        with self.books.reading() as reader:
            found = books.body(reader, kind, key)
        if found is None:
            raise LookupError(f"the ledger has no {kind} {key}")
        return found

    def objects(self, kind: str) -> list[Mapping[str, Any]]:
        """All objects of a kind."""
        with self.books.reading() as reader:
            return reader.objects(kind)

    def live_loans(self) -> list[Mapping[str, Any]]:
        """The loans that have not ended."""
        return [loan for loan in self.objects("loan") if loan["ended"] is None]

    def position(self, role: str) -> Mapping[str, Any]:
        """A person's position as the ledger saw it last."""
        return self.object("position", f"{self.symbol}/{self[role].name}")

    def balance(self, account: str, asset: str) -> int:
        """What an account of the ledger holds; `account` may name a role, as in `free/Ming`."""
        kind, _, role = account.partition("/")
        name = f"{kind}/{self[role].name}" if role in self.people else account
        with self.books.reading() as reader:
            return books.balance(reader, name, asset)

    def funds(self, asset: str) -> int:
        """What the market's insurance fund and risk fund hold together."""
        return sum(self.balance(f"{kind}/{self.symbol}", asset) for kind in ("fund", "risk"))

    def parameter(self, name: str) -> Any:
        """A parameter of the market, as the committee set it."""
        return self.object("market", self.symbol)["parameters"][name]

    def next_due(self) -> int:
        """When the next interest of a loan that lives falls due, in chain seconds."""
        return min(int(loan["interest_due"]) for loan in self.live_loans())

    def until(self, what: str, look: Callable[[], Found | None]) -> Found:
        """Wait until `look` finds something; raises `LateError` if it takes too long."""
        return self.patience.until(what, look)

    def refusals(self, seq: int) -> list[Refused]:
        """What an input was refused, if it was."""
        with self.books.reading() as reader:
            return books.refusals_of(reader, seq)

    # --- time -------------------------------------------------------------------------------------------------

    def pass_time(self, scene: Scene, seconds: int, words: str) -> None:
        """Let chain time pass, and the ledger's clock with it: moved on an embedded node, waited for on another."""
        until = self.town.chain.head().time + seconds
        if self.can_move_time:
            node.advance(self.town.connection, seconds)
        scene.done.append(f"{words} go by, until {time_text(self.books.has_reached(until))}")

    def publish(self, scene: Scene, price: str) -> None:
        """Publish a feed, and wait until the ledger has seen it."""
        made = self.town.publish(price)
        scene.done.append(f"{FEEDS} publishes {price} {self.symbol} for 1 {self.core}")
        self.books.has_feed(self.symbol, made)

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

    def reserve_for_fees(self, scene: Scene, role: str, payouts: int = PAYOUTS) -> str:
        """Put money aside for the chain's fees of so many payouts (`mplp operator`); gives its place."""
        whole_units = 10 ** self.town.precisions[self.core]
        return self.ask_elsewhere(scene, role, "mplp operator", str(payouts * self.town.fee_units // whole_units + 1))

    def counted(self, *sources: str) -> list[int]:
        """Wait until transfers have counted; gives the numbers of their inputs."""
        return [self.books.counted(source) for source in sources]

    def run_as(self, scene: Scene, role: str, *words: str) -> str:
        """Run a command as a person does at home, with their own key; gives what it prints.

        Raises `CommandFailedError` if its exit status is not 0.
        """
        own = write_own_configuration(self.config, self[role])
        scene.done.append(f"{role}: mplp {' '.join(words)}")
        return self._run(own, *words)

    def _run(self, config: Path, *words: str) -> str:
        ran = subprocess.run([*MPLP, "--config", str(config), *words], capture_output=True, text=True, check=False)
        if ran.returncode:
            said = (ran.stderr or ran.stdout)[-500:].strip()
            raise CommandFailedError(f"mplp {' '.join(words)} ended with status {ran.returncode}: {said}")
        return ran.stdout

    # --- the end ----------------------------------------------------------------------------------------------

    def audit(self) -> dict[str, Any]:
        """What `mplp audit` says, in a process of its own."""
        found: dict[str, Any] = json.loads(self._run(self.config, "audit", "--json"))
        return found

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
        if setting.guard:
            town.make_lifetime_member(people[POOL])
        config, settings = write_configuration(
            directory, setting, town, people[POOL], people.get(setting.guard), database=where.database
        )
        say("the ledger")
        initialise(settings)
        keeper = KeeperProcess(config, directory / "keeper.log")
        keeper.start()
        stack.callback(keeper.stop)
        patience.look_after = keeper.check
        if where.kill_seed is not None:
            keeper.kill_at_random(where.kill_seed)
        journal = stack.enter_context(open_journal(settings, read_only=True))
        yield Stage(town, people, Books(journal, patience), keeper, patience, config, can_move_time)
