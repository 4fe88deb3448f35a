"""What a public rehearsal is set up with, and what of it is kept: the house's accounts, the prices, the terms."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.public.exchange import LIMIT_DIGITS, PricePath
from bsip_mplp.public.scores import Terms
from bsip_mplp.ratios import Price
from bsip_mplp.rehearsal.prices import outside_prices
from bsip_mplp.rehearsal.scenario import Scenario
from bsip_mplp.story.errors import StoryError
from bsip_mplp.story.people import Person
from bsip_mplp.story.town import BITASSET_PRECISION

GAME_FILE, KEYS_FILE, CHAIN_DIRECTORY = "game.json", "house.keys", "chain"

PATH_STEP_SECONDS = 60
"""The price path has a price for each minute."""

POOL, FEEDS, EXCHANGE, MAKER, LENDER = "Pool", "Feeds", "Exchange", "Maker", "Lender"
NAMES = {
    POOL: "mplp-pool",
    FEEDS: "feed-publisher",
    EXCHANGE: "virtual-zb",
    MAKER: "market-maker",
    LENDER: "house-lender",
}
"""The house's accounts by role: none of them plays."""

SYMBOL = "PLAYCNY"


class GameError(StoryError):
    """What was kept of a rehearsal can't be gone on with; the text says why and what to do."""


class Options(NamedTuple):
    """How a rehearsal is run."""

    scenario: Scenario
    """Its price path, the chain's ratios, and the market's parameters count; its users are the players."""
    listen: str
    """Where the node listens."""
    web_host: str
    web_port: int
    directory: Path
    block_seconds: str
    minute_seconds: int
    """How many chain seconds a minute of the price path lasts."""
    chain_speed: int
    """How many chain seconds go by in a second."""
    terms: Terms
    players_most: int = 1000


@dataclass
class Game:
    """What is kept between two starts. Times in chain seconds, amounts in smallest units."""

    start: int
    seed: int
    minute_seconds: int
    path: Mapping[str, Any]
    """The scenario's path, and its days."""
    accounts: Mapping[str, str]
    symbol: str
    terms: Terms
    players: dict[str, int] = field(default_factory=dict)
    """Who registered, and when."""
    qualified: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Who met the terms: when first, and what was left then."""

    def save(self, directory: Path) -> None:
        """Keep it, whole or not at all."""
        body = {**vars(self), "terms": self.terms._asdict()}
        draft = directory / f"{GAME_FILE}.new"
        draft.write_text(json.dumps(body, indent=1), encoding="utf-8")
        draft.replace(directory / GAME_FILE)

    @classmethod
    def load(cls, directory: Path) -> Game | None:
        """What was kept, or None if nothing was."""
        file = directory / GAME_FILE
        if not file.exists():
            return None
        try:
            return cls._of(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GameError(f"{file} can't be read ({error}): restore it, or name another directory") from None

    @classmethod
    def _of(cls, body: dict[str, Any]) -> Game:
        qualified = {str(name): (int(found[0]), int(found[1])) for name, found in body["qualified"].items()}
        return cls(**{**body, "terms": Terms(**body["terms"]), "qualified": qualified})


def keep_keys(directory: Path, people: Mapping[str, Person]) -> None:
    """Write the house's keys, readable by nobody else. They are worth nothing anywhere else."""
    body = json.dumps({role: [person.name, person.id, person.wif] for role, person in people.items()})
    with os.fdopen(os.open(directory / KEYS_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(body)


def read_keys(directory: Path, prefix: str) -> dict[str, Person]:
    """The house's people again."""
    body = json.loads((directory / KEYS_FILE).read_text(encoding="utf-8"))
    return {role: Person(role, name, one, keyring_of([wif], prefix)) for role, (name, one, wif) in body.items()}


def described(scenario: Scenario) -> dict[str, Any]:
    """What decides a price path beside the seed, as it is kept."""
    read: dict[str, Any] = json.loads(json.dumps({**scenario.path.model_dump(), "days": scenario.days}))
    return read


def price_path(scenario: Scenario, seed: int, start: int, minute_seconds: int, core_precision: int) -> PricePath:
    """The outside price of a scenario as integers, from `start` on."""
    found = outside_prices(scenario.path, scenario.days, PATH_STEP_SECONDS, np.random.SeedSequence(seed))
    whole_core = 10 ** (core_precision + LIMIT_DIGITS)
    digits = 10 ** (BITASSET_PRECISION + LIMIT_DIGITS)
    prices = tuple(Price(max(1, round(float(price) * digits)), whole_core) for price in found)
    return PricePath(start, minute_seconds, prices)
