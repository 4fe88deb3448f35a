"""A scenario of the rehearsal: prices, users, market and rules, read from TOML exactly, unknown keys refused.

What decides about money (`parameters`, `shared_pool`, the chain's ratios) is read as written and never as a float;
what only steers prices and users (volatility, capital, depth) is a float. Values stand in a scenario as they stood in
the file, so that a change of one key (a sweep, a variant) is that key written otherwise.
"""

from __future__ import annotations

import hashlib
import itertools
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bsip_mplp.config import PLACES, ConfigError, Market, SharedPool, first_fault
from bsip_mplp.market import Feed, Parameters, misfit
from bsip_mplp.ratios import PERMILLE, Price
from bsip_mplp.rehearsal.prices import check as check_path
from bsip_mplp.rehearsal.result import FIGURES
from bsip_mplp.rules.shared_rates import PoolParameters

PRESETS = PLACES / "rehearsal"
"""The scenarios that come with the package: config/rehearsal/."""

RuleSet = Literal["none", "peer", "peer_vaults", "shared", "both", "target_ratio", "ratio_two", "dividends"]
"""RE-4: (0) none, (1) peer lending in the protocol, (1v) with vaults on today's chain, (2) the shared pool, (3) both,
(4) target ratio on every position, (5) MCR at 2, (6) fees paid out as dividends only."""

AttackerKind = Literal["short", "spike", "cheap_interest", "withdraw"]
"""RE-1: shorts to force calls, spikes the price, doesn't pay and bids for its own position, withdraws all at once."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9\-]{0,40}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Positive = Annotated[float, Field(gt=0, le=1e15)]
Ratio = Annotated[Decimal, Field(ge=1, le=32, decimal_places=3)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class PathSpec(_Table):
    """RE-2: the outside price of the collateral, in whole bitasset for one whole core asset: `prices.KINDS`."""

    kind: str
    file: str | None = None
    params: dict[str, float | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _of_its_kind(self) -> PathSpec:
        check_path(self)
        return self


class Users(_Table):
    """RE-1, RE-9: how many there are of each kind, and how their capital is spread.

    Capital is log-normal: `capital_median` in whole core assets, `capital_deviation` of its logarithm. The
    `large_share` of holders with the most collateral are the large ones (RE-10).
    """

    lenders: Count = 300
    tight: Count = 200
    careful: Count = 200
    absent: Count = 100
    protected: Count = 120
    called_on_purpose: Count = 40
    bidders: Count = 20
    call_traders: Count = 20
    capital_median: Positive = 20_000.0
    capital_deviation: Annotated[float, Field(ge=0, le=5)] = 1.2
    large_share: Share = 0.1
    idle_rate_per_year: Annotated[float, Field(ge=0, le=10)] = 0.05
    """What capital earns elsewhere: lenders and bidders ask for more than that."""

    @property
    def total(self) -> int:
        """All users that are not attackers, publishers or the arbitrageur."""
        return sum(getattr(self, kind) for kind in USER_KINDS)


USER_KINDS = ("lenders", "tight", "careful", "absent", "protected", "called_on_purpose", "bidders", "call_traders")
HOLDER_KINDS = ("tight", "careful", "absent", "protected", "called_on_purpose")


class Attacker(_Table):
    """RE-1: one attacker; `capital_share` of all users' capital, acting from `from_day` on."""

    kind: AttackerKind
    capital_share: Annotated[float, Field(gt=0, le=10)] = 0.1
    from_day: Annotated[float, Field(ge=0, le=3650)] = 2.0


class Chain(_Table):
    """The market on the chain: its ratios as the feed has them, precisions, fees, and its publishers."""

    mcr: Ratio = Decimal("1.55")
    mssr: Ratio = Decimal("1.1")
    icr: Ratio = Decimal("1.6")
    core_precision: Annotated[int, Field(ge=0, le=12)] = 5
    bitasset_precision: Annotated[int, Field(ge=0, le=12)] = 4
    market_fee: Share = 0.001
    margin_call_fee: Annotated[Decimal, Field(ge=0, lt=1, decimal_places=3)] = Decimal("0.01")
    target_ratio: Ratio = Decimal("1.75")
    """What every position's target ratio is under the rule set `target_ratio`."""
    ratio_two: Ratio = Decimal("2")
    """MCR under the rule set `ratio_two`."""
    dividend_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """How often the fees are paid out under the rule set `dividends`."""
    publishers: Annotated[int, Field(ge=1, le=101)] = 11
    publish_minutes: Positive = 10.0
    publish_delay_minutes: Annotated[float, Field(ge=0, le=1440)] = 2.0
    feed_life_minutes: Positive = 1440.0

    @model_validator(mode="after")
    def _in_order(self) -> Chain:
        if not self.mssr < self.mcr <= self.icr:
            raise ValueError("mssr < mcr ≤ icr must hold")
        return self

    @property
    def mcr_permille(self) -> int:
        """MCR, per mille."""
        return int(self.mcr * PERMILLE)

    @property
    def mssr_permille(self) -> int:
        """MSSR, per mille."""
        return int(self.mssr * PERMILLE)

    @property
    def icr_permille(self) -> int:
        """ICR, per mille."""
        return int(self.icr * PERMILLE)

    @property
    def margin_call_fee_permille(self) -> int:
        """The margin call fee, per mille."""
        return int(self.margin_call_fee * PERMILLE)

    @property
    def target_permille(self) -> int:
        """The target ratio, per mille."""
        return int(self.target_ratio * PERMILLE)

    @property
    def ratio_two_permille(self) -> int:
        """The MCR of the rule set that raises it, per mille."""
        return int(self.ratio_two * PERMILLE)


class Book(_Table):
    """RE-3: the inside order book.

    `depth_share` of all debt is bid for between the price and `depth_width` (a share of it) under it, thinner further
    down; `refill_hours` is how long until what was taken has half come back; `arbitrage_share` of all debt is the
    arbitrageur's bitasset, which comes back from outside after `arbitrage_hours`.
    """

    depth_share: Positive = 0.05
    depth_width: Annotated[float, Field(gt=0, lt=1)] = 0.05
    refill_hours: Positive = 2.0
    arbitrage_share: Share = 0.05
    arbitrage_hours: Positive = 1.0
    arbitrage_cost: Share = 0.005


class Insurance(_Table):
    """What the funds hold at the start, in whole bitasset for each 1000 of debt."""

    fund_permille: Annotated[float, Field(ge=0, le=1000)] = 5.0
    risk_fund_permille: Annotated[float, Field(ge=0, le=1000)] = 0.0


class Variant(_Table):
    """The same scenario with some keys changed: another market, another course of prices.

    `changes` are dotted keys and what they become. `role` says which question of the verdicts it answers.
    """

    name: Name
    role: Literal["illiquid", "falling", "rising", "spike", "slow_fall", "attack", "other"] = "other"
    title_en: str
    title_zh: str
    changes: dict[str, Any]
    rule_sets: tuple[RuleSet, ...] = ()
    paths: Annotated[int, Field(ge=1, le=1_000_000)] = 20


class Axis(_Table):
    """One side of a heat map: a dotted key, and its values."""

    key: str
    values: Annotated[tuple[Any, ...], Field(min_length=2, max_length=25)]


class Sweep(_Table):
    """RE-7: two parameters varied together, one heat map for each of `figures`; `changes` hold in all its cells."""

    name: Name
    title_en: str
    title_zh: str
    x: Axis
    y: Axis
    changes: dict[str, Any] = Field(default_factory=dict)
    rule_set: RuleSet = "peer"
    figures: Annotated[tuple[str, ...], Field(min_length=1)] = ("called_positions_share", "insurance_end_units")
    paths: Annotated[int, Field(ge=1, le=1_000_000)] = 8

    @field_validator("figures")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in FIGURES:
                raise ValueError(f"{name} is no figure of a run: {', '.join(FIGURES)}")
        return value


class Scenario(_Table):
    """One rehearsal, whole: what is simulated, under which rules, how often."""

    name: Name
    title_en: str
    title_zh: str
    days: Annotated[int, Field(ge=1, le=3650)] = 14
    step_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    paths: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    rule_sets: Annotated[tuple[RuleSet, ...], Field(min_length=1)] = get_args(RuleSet)
    path: PathSpec
    users: Users = Users()
    attackers: tuple[Attacker, ...] = ()
    chain: Chain = Chain()
    book: Book = Book()
    insurance: Insurance = Insurance()
    parameters: dict[str, Any] = Field(default_factory=dict)
    shared_pool: dict[str, Any] = Field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    sweeps: tuple[Sweep, ...] = ()

    @field_validator("parameters")
    @classmethod
    def _market_parameters(cls, value: dict[str, Any]) -> dict[str, Any]:
        Market.model_validate(value)
        return value

    @field_validator("shared_pool")
    @classmethod
    def _pool_parameters(cls, value: dict[str, Any]) -> dict[str, Any]:
        SharedPool.model_validate(value)
        return value

    @field_validator("rule_sets")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a rule set is named twice")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Scenario:
        if 3600 % self.step_seconds and self.step_seconds % 3600:
            raise ValueError("step_seconds: must divide an hour, or be whole hours")
        feed = Feed(Price(1, 1), self.chain.mcr_permille, self.chain.mssr_permille, self.chain.icr_permille, 0)
        fault = misfit(self.market_parameters, feed)
        if fault is not None:
            raise ValueError(f"parameters: {fault}")
        names = [variant.name for variant in self.variants] + [sweep.name for sweep in self.sweeps]
        if len(set(names)) != len(names):
            raise ValueError("variants, sweeps: a name is used twice")
        return self

    @property
    def market_parameters(self) -> Parameters:
        """The committee's parameters, in the form that the rules take."""
        return Parameters().changed(Market.model_validate(self.parameters).parameters)

    @property
    def pool_parameters(self) -> PoolParameters:
        """The shared pool's parameters, in the form that the rules take."""
        return PoolParameters().changed(SharedPool.model_validate(self.shared_pool).parameters)

    @property
    def steps(self) -> int:
        """How many steps of price a run has."""
        return self.days * 86_400 // self.step_seconds

    def changed(self, changes: Mapping[str, Any]) -> Scenario:
        """This scenario with dotted keys written otherwise; raises `ConfigError` that names the key."""
        data = self.model_dump()
        for key, value in changes.items():
            _set(data, key, value)
        return check(data, f"{self.name} with {', '.join(changes)}")

    def run_key(self) -> str:
        """A digest of what decides one run: all but names and how many runs there are."""
        decides = self.model_dump(mode="json", exclude=_DECIDES_NOTHING)
        # a parameter that is written out as its default is the same run
        decides |= {"parameters": self.market_parameters.as_json(), "shared_pool": self.pool_parameters.as_json()}
        return hashlib.sha256(repr(_sorted(decides)).encode()).hexdigest()


_DECIDES_NOTHING = {"name", "title_en", "title_zh", "paths", "rule_sets", "variants", "sweeps"}


def _sorted(value: Any) -> Any:
    """A value with the keys of its tables in order, so that the order in a file does not count."""
    if isinstance(value, dict):
        return [(key, _sorted(value[key])) for key in sorted(value)]
    return [_sorted(part) for part in value] if isinstance(value, list) else value


def _set(data: dict[str, Any], key: str, value: Any) -> None:
    """Write one dotted key, or a whole table; raises `ConfigError`."""
    *tables, last = key.split(".")
    place: Any = data
    for part in tables:
        if not isinstance(place, dict) or not isinstance(place.get(part), dict):
            raise ConfigError(f"{key}: {part} is no table of a scenario")
        place = place[part]
    if tables not in (["parameters"], ["shared_pool"], ["path", "params"]) and last not in place:
        raise ConfigError(f"{key}: {last} is no key of a scenario: {', '.join(place)}")
    place[last] = value


def check(data: dict[str, Any], named: str = "scenario") -> Scenario:
    """Check a scenario that was read already; raises `ConfigError` with one line that names the key."""
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{named}: {' '.join(first_fault(error, Scenario).split())}") from None


def shipped() -> list[str]:
    """The names of the scenarios that come with the package."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def find(named: str) -> Path:
    """A scenario's file, or one that comes with the package by its name; raises `ConfigError` if there is none."""
    path = Path(named).expanduser()
    if path.is_file():
        return path
    if named in shipped():
        return PRESETS / f"{named}.toml"
    what = "is a directory" if path.is_dir() else "no such file"
    raise ConfigError(f"{named}: {what}; name a file, or one of {', '.join(shipped())}")


def load(named: str) -> Scenario:
    """Find, read and check a scenario, its variants and its sweeps; raises `ConfigError` that names the key."""
    path = find(named)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    scenario = check(data, str(path))
    for variant in scenario.variants:
        scenario.changed(variant.changes)
    for sweep in scenario.sweeps:
        for x, y in itertools.product(sweep.x.values, sweep.y.values):
            scenario.changed({**sweep.changes, sweep.x.key: x, sweep.y.key: y})
    return scenario
