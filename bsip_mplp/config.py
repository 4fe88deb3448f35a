"""Configuration: one TOML file for each place, read exactly, with unknown keys refused.

Ratios and rates are decimals (`1.3`, `0.1` or `"10%"`), read as written and never as floats. No secret stands in a
configuration: keys are named by where they are kept.
"""

from __future__ import annotations

import os
import re
import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from bsip_mplp.market import ParameterError, Parameters
from bsip_mplp.money import MoneyError, parse_units
from bsip_mplp.ratios import PERMILLE

ENVIRONMENT = "MPLP_CONFIG"
PLACES = Path(__file__).parent / "places"
MAINNET = "4018d7844c78f6a6c41c6a552b898022310fc5dec06da467ee7905a8dad512c8"

RATIOS = ("lmcr", "combined_floor", "lcr_cap", "auction_floor", "icr", "least_mcr")
"""Parameters of a market that are ratios: decimals in a configuration, per mille in the rules."""


class ConfigError(Exception):
    """A configuration that can't be used; the text names the file and the key, and says what it takes."""


def _amount_text(value: Any) -> str:
    """A decimal amount as text; how many units it is depends on its asset's precision."""
    if isinstance(value, int | Decimal | str) and not isinstance(value, bool):
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        if re.fullmatch(r"\d{1,15}(\.\d{1,12})?", text):
            return text
    raise ValueError("write an amount such as 10 or 0.5")


def _text(pattern: str, says: str) -> BeforeValidator:
    """Text of a certain form; `says` tells what it takes."""

    def check(value: Any) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        raise ValueError(f"takes {says}, not {value!r}")

    return BeforeValidator(check)


AmountText = Annotated[str, BeforeValidator(_amount_text)]
Seconds = Annotated[Decimal, Field(gt=0, le=86_400)]
AccountName = Annotated[str, _text(r"[a-z][a-z0-9.\-]{0,62}", "an account's name")]
Symbol = Annotated[str, _text(r"[A-Z][A-Z0-9.]{1,15}", "an asset's symbol, such as CNY")]
Node = Annotated[str, _text(r"wss?://[^\s/]+\S*", "an address such as wss://node.example/ws")]
ChainId = Annotated[str, _text(r"[0-9a-f]{64}", "64 hexadecimal digits")]
PlaceName = Annotated[str, _text(r"[a-z0-9][a-z0-9\-]{0,40}", "small letters, digits and dashes")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, arbitrary_types_allowed=True)


class Chain(_Table):
    """The chain: its nodes, which chain it must be, and the account that holds the pools' money.

    `quorum` nodes must agree on what is credited; without it two, if there are so many.

    Without `chain_id` the first node says which chain it is, and the journal then belongs to that one.
    """

    nodes: Annotated[tuple[Node, ...], Field(min_length=1)]
    quorum: Annotated[int, Field(ge=1)] | None = None
    chain_id: ChainId | None = None
    core_asset: Symbol
    pool_account: AccountName | None = None
    expiration_seconds: Annotated[int, Field(ge=15, le=3600)] = 60


class Keys(_Table):
    """Where keys are kept: a file with one private key a line, or the wallet that `uptick` made."""

    file: Path | None = None
    uptick_wallet: bool = False

    @field_validator("file")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        return value.expanduser() if value else None

    @property
    def configured(self) -> bool:
        """Whether any key can be found."""
        return self.file is not None or self.uptick_wallet


class Database(_Table):
    """Where the journal is: an SQLAlchemy address; by default SQLite under ~/.local/share/mplp."""

    url: str | None = None

    @field_validator("url")
    @classmethod
    def _without_password(cls, url: str | None) -> str | None:
        if url is not None and re.search(r"://[^/@]*:[^/@]+@|[?&]password=", url):
            raise ValueError("no password stands in a configuration: write it in ~/.pgpass, or name PGPASSFILE")
        return url


class Asset(_Table):
    """An asset that can be lent, and the least size of a pool and of a loan in it (PL-D39)."""

    least: AmountText = "1"


class Market(_Table):
    """A market, by the symbol of its bitasset: the committee's parameters, where they differ from the defaults."""

    parameters: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        """All keys of a market's table are parameters, in the form that the rules take."""
        if not isinstance(data, dict):
            raise ValueError("write a table of parameters")
        if set(data) == {"parameters"}:
            return data
        changes = {name: _parameter(name, value) for name, value in data.items()}
        try:
            Parameters().changed(changes)
        except ParameterError as error:
            raise ValueError(str(error)) from None
        return {"parameters": changes}


class SharedPool(_Table):
    """A market's shared pool, by the symbol of its bitasset: its parameters, where they differ from the defaults."""

    parameters: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        """All keys of a shared pool's table are parameters, in the form that the rules take."""
        from bsip_mplp.rules.shared_rates import PoolParameters

        if not isinstance(data, dict):
            raise ValueError("write a table of parameters")
        if set(data) == {"parameters"}:
            return data
        changes = {name: _parameter(name, value) for name, value in data.items()}
        try:
            PoolParameters().changed(changes)
        except ParameterError as error:
            raise ValueError(str(error)) from None
        return {"parameters": changes}


def _parameter(name: str, value: Any) -> Any:
    """A configured value as `Parameters.changed` takes it: ratios per mille, shares as exact text."""
    if isinstance(value, bool):
        raise ValueError(f"{name} takes a number or a word, not {str(value).lower()}")
    if isinstance(value, Decimal | int) and name in RATIOS:
        permille = Fraction(value) * PERMILLE
        if permille.denominator != 1:
            raise ValueError(f"{name} takes a ratio with at most 3 digits after the point, such as 1.3, not {value}")
        return int(permille)
    if isinstance(value, Decimal):
        return str(Fraction(value))
    return value


def parameter_of(name: str, text: str) -> Any:
    """A parameter written on the command line as it would stand in a configuration; raises `ValueError`.

    A word needs no quotation marks, and `none` is no value.
    """
    if text == "none":
        return None
    try:
        value = tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if name in RATIOS and not isinstance(value, int | Decimal) and value not in ("ICR", "MCR"):
        raise ValueError(f"takes a ratio such as 1.35, not {text}")
    return _parameter(name, value)


class Schedule(_Table):
    """How often a bot runs."""

    every_seconds: Seconds = Decimal(3)


class Bots(_Table):
    """The bots' schedules."""

    inbox: Schedule = Schedule()
    watcher: Schedule = Schedule()
    committee: Schedule = Schedule()
    collector: Schedule = Schedule()
    auctioneer: Schedule = Schedule()
    auditor: Schedule = Schedule(every_seconds=Decimal(10))
    carrier: Schedule = Schedule(every_seconds=Decimal(60))
    claimer: Schedule = Schedule(every_seconds=Decimal(600))
    bonds: Schedule = Schedule()
    dividends: Schedule = Schedule()
    nodes: Schedule = Schedule()
    payouts: Schedule = Schedule()
    vaults: Schedule = Schedule()


class Payouts(_Table):
    """Limits of payouts. What is over one is held back, and `mplp health` says so."""

    most_per_run: Annotated[int, Field(ge=1, le=1000)] = 20
    largest: dict[Symbol, AmountText] = Field(default_factory=dict)
    per_day: dict[Symbol, AmountText] = Field(default_factory=dict)


class Vault(_Table):
    """Custody of vaults (V-2): who acts for a vault, and which cold account guards it beside its holder.

    The active authority of a vault is `threshold` of `keepers`; its owner authority is its holder and `guard`, both.
    """

    keepers: Annotated[tuple[AccountName, ...], Field(min_length=1, max_length=20)]
    threshold: Annotated[int, Field(ge=1)] = 1
    guard: AccountName
    keeper: AccountName | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Vault:
        if len(set(self.keepers)) != len(self.keepers):
            raise ValueError("keepers: name each account once")
        if self.threshold > len(self.keepers):
            raise ValueError(f"threshold: {self.threshold} must approve, and there are {len(self.keepers)} keepers")
        if self.guard in self.keepers:
            raise ValueError(f"guard: {self.guard} is a keeper: the guard must be another account, best a cold one")
        if self.keeper is not None and self.keeper not in self.keepers:
            raise ValueError(f"keeper: {self.keeper} is none of the keepers: {', '.join(self.keepers)}")
        if self.keeper is None and len(self.keepers) > 1:
            raise ValueError("keeper: say which of the keepers this one is")
        return self

    @property
    def own(self) -> str:
        """The keeper account that acts from here."""
        return self.keeper or self.keepers[0]


class Claims(_Table):
    """Fees that a market's bitasset collected (PL-42): the account that owns it, and from how much on they are claimed.

    Its key stands with the others. It pays the chain's fees of the claims; `least` is by asset, 1 if left out.
    """

    account: AccountName | None = None
    least: dict[Symbol, AmountText] = Field(default_factory=dict)


class Health(_Table):
    """When `mplp health` speaks up."""

    tick_age_seconds: Annotated[int, Field(ge=1)] = 120
    lag_seconds: Annotated[int, Field(ge=60)] = 600
    fees_in_reserve: Annotated[int, Field(ge=0)] = 20
    stuck_seconds: Annotated[int, Field(ge=10)] = 900


class Alerts(_Table):
    """Where what `mplp health` says is posted as it comes up. The address is a secret: a file holds it."""

    webhook_file: Path | None = None
    repeat_seconds: Annotated[int, Field(ge=60)] = 3600
    per_hour: Annotated[int, Field(ge=1, le=1000)] = 12


class Settings(_Table):
    """A whole configuration, checked."""

    place: PlaceName
    observes_only: bool = False
    account: AccountName | None = None
    default_market: Symbol | None = None
    chain: Chain
    keys: Keys = Keys()
    database: Database = Database()
    assets: dict[Symbol, Asset] = Field(default_factory=dict)
    markets: dict[Symbol, Market] = Field(default_factory=dict)
    shared_pools: dict[Symbol, SharedPool] = Field(default_factory=dict)
    bots: Bots = Bots()
    payouts: Payouts = Payouts()
    vault: Vault | None = None
    claims: Claims = Claims()
    health: Health = Health()
    alerts: Alerts = Alerts()

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if self.chain.chain_id == MAINNET and not self.observes_only:
            raise ValueError("observes_only: must be true on the main chain: this version moves no money there")
        if (self.chain.quorum or 1) > len(set(self.chain.nodes)):
            raise ValueError(f"chain.quorum: {self.chain.quorum} must agree of {len(set(self.chain.nodes))} nodes")
        if self.observes_only and self.keys.configured:
            raise ValueError("keys: must be left out where observes_only is true")
        if not self.observes_only and self.chain.pool_account is None:
            raise ValueError("chain.pool_account: name the account that holds the pools' money")
        if self.vault is not None and self.chain.pool_account is None:
            raise ValueError("vault: vaults need chain.pool_account, which makes them and lends to them")
        if self.vault is not None and self.vault.guard == self.chain.pool_account:
            raise ValueError(f"vault.guard: {self.vault.guard} is the pool's account: the guard must be another")
        if self.claims.account is not None and self.claims.account == self.chain.pool_account:
            raise ValueError(
                "claims.account: the pool's account can't pay itself: name another, which owns the bitasset"
            )
        if self.default_market is not None and self.default_market not in self.markets:
            raise ValueError(
                f"default_market: {self.default_market} is no market here: add [markets.{self.default_market}]"
            )
        for symbol in self.shared_pools:
            if symbol not in self.markets:
                raise ValueError(f"shared_pools.{symbol}: {symbol} is no market here: add [markets.{symbol}]")
        for symbol in self.markets:
            if symbol == self.chain.core_asset:
                raise ValueError(f"markets.{symbol}: a market goes by its bitasset, not by the core asset")
        return self

    @property
    def database_url(self) -> str:
        """The journal's address, with `~` written out."""
        url = self.database.url or f"sqlite:///{data_directory()}/{self.place}.sqlite"
        return re.sub(r"^(sqlite[^:]*:///)~", lambda found: found[1] + str(Path.home()), url)

    @property
    def market_by_default(self) -> str | None:
        """The market that a memo means when it names none: the one configured, or the only one."""
        return self.default_market or (next(iter(self.markets)) if len(self.markets) == 1 else None)

    @property
    def lent_symbols(self) -> tuple[str, ...]:
        """The core asset, every market's bitasset and every asset named: what `mplp init` records."""
        return tuple(dict.fromkeys((self.chain.core_asset, *self.markets, *self.assets)))

    def least_units(self, symbol: str, precision: int) -> int:
        """The least pool and loan in an asset, in smallest units, at least 1 (PL-D39); raises `ConfigError`."""
        asset = self.assets.get(symbol)
        return max(1, _units(f"assets.{symbol}.least", asset.least, precision)) if asset else 1

    def largest_units(self, symbol: str, precision: int) -> int | None:
        """The largest payout of an asset in smallest units, or None: no limit; raises `ConfigError`."""
        text = self.payouts.largest.get(symbol)
        return None if text is None else _units(f"payouts.largest.{symbol}", text, precision)

    def day_units(self, symbol: str, precision: int) -> int | None:
        """What may be paid out of an asset in 24 hours in smallest units, or None: no limit; raises `ConfigError`."""
        text = self.payouts.per_day.get(symbol)
        return None if text is None else _units(f"payouts.per_day.{symbol}", text, precision)

    def claim_least_units(self, symbol: str, precision: int) -> int:
        """From how much on collected fees of an asset are claimed, in smallest units; raises `ConfigError`."""
        return max(1, _units(f"claims.least.{symbol}", self.claims.least.get(symbol, "1"), precision))


def _units(key: str, text: str, precision: int) -> int:
    try:
        return parse_units(text, precision)
    except MoneyError as error:
        raise ConfigError(f"{key}: {error}") from None


def data_directory() -> Path:
    """Where the program keeps its data: $XDG_DATA_HOME/mplp, or ~/.local/share/mplp."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "mplp"


def default_file() -> Path:
    """Where the configuration is looked for when none is named."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "mplp" / "config.toml"


def shipped_places() -> list[str]:
    """The names of the configurations that come with the package."""
    return sorted(path.stem for path in PLACES.glob("*.toml"))


def find(named: str | None) -> Path:
    """The configuration's file: the one named, that in MPLP_CONFIG, or ~/.config/mplp/config.toml.

    A name may also be that of a place that comes with the package. Raises `ConfigError` if there is none.
    """
    chosen = named or os.environ.get(ENVIRONMENT)
    if chosen:
        path = Path(chosen).expanduser()
        if path.is_file():
            return path
        if chosen in shipped_places():
            return PLACES / f"{chosen}.toml"
        raise ConfigError(f"{chosen}: {no_file(path)}; name a file, or one of {', '.join(shipped_places())}")
    if default_file().is_file():
        return default_file()
    raise ConfigError(
        f"no configuration: give --config with a file or one of {', '.join(shipped_places())},"
        f" or write {default_file()}"
    )


def no_file(path: Path) -> str:
    """What is wrong with a path at which there is no file."""
    return "is a directory" if path.is_dir() else "no such file"


def load(named: str | None = None) -> Settings:
    """Find, read and check a configuration; raises `ConfigError` with one line that names the key."""
    path = find(named)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    return read(data, str(path))


def read(data: dict[str, Any], name: str = "configuration") -> Settings:
    """Check a configuration that was read already; raises `ConfigError`."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{name}: {' '.join(first_fault(error, Settings).split())}") from None


def first_fault(error: ValidationError, model: type[BaseModel]) -> str:
    """The first fault of a table in one line: the key, what is wrong, what it takes."""
    # a misspelt key is the likelier cause than the key then missing
    fault = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    if fault["type"] == "extra_forbidden":
        *tables, key = fault["loc"]
        known = ", ".join(_keys_of(tables, model))
        return f"{where}: {key} is no key of this table: it has {known}"
    if fault["type"] == "missing":
        return f"{where}: is missing"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return f"{where}: {message}" if where else message
    return f"{where}: {message[0].lower()}{message[1:]} (it is {fault['input']!s})"


def _keys_of(tables: list[Any], model: type[BaseModel]) -> list[str]:
    """The keys that a table may have, following the models by the table's path."""
    for part in tables:
        if part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The table behind an annotation: itself, or what a dict or an optional holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
