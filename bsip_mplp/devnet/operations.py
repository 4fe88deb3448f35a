"""The operations: members in core's order, who pays, who must sign, what the words alone decide.

Follows ``libraries/protocol``: ``market.cpp``, ``asset_ops.cpp``, ``account.cpp``, ``transfer.cpp``,
``custom.cpp``. The checks that need the chain's state are the evaluators' (``transfers.py``, ``orders.py``, …).
"""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from . import serial
from .amounts import Asset, Price
from .constants import (
    MAX_COLLATERAL_RATIO,
    MAX_SHARE_SUPPLY,
    MIN_COLLATERAL_RATIO,
    PERCENT_100,
    TEMP_ACCOUNT,
    BlackSwanResponse,
    Permission,
)
from .errors import AssertError, require
from .keys import key_order
from .serial import ExtensionOf, ListOf, MapOf, OptionalOf, SetOf, Struct, StructOf, VariantOf, of

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]*(\.[A-Z0-9]+)?\Z")
_NAME = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z](?:[a-z0-9-]*[a-z0-9])?)*\Z")


class Authority(Struct):
    """Who may act: keys and accounts with weights that must reach a threshold."""

    weight_threshold: int = of(serial.uint32)
    account_auths: tuple[tuple[int, int], ...] = of(MapOf(serial.account_id, serial.uint16))
    key_auths: tuple[tuple[bytes, int], ...] = of(MapOf(serial.public_key, serial.uint16, key_order))
    address_auths: tuple[tuple[str, int], ...] = of(MapOf(serial.text, serial.uint16))

    @property
    def size(self) -> int:
        """How many keys and accounts it names."""
        return len(self.account_auths) + len(self.key_auths) + len(self.address_auths)

    def validate(self, verb: str, role: str) -> None:
        """Refuse an authority that nobody could ever satisfy."""
        require(self.size != 0, f"{role}.num_auths() != 0: ")
        require(not self.address_auths, f"{role}.address_auths.size() == 0: ")
        weight = sum(w for _, w in (*self.account_auths, *self.key_auths))
        require(
            weight >= self.weight_threshold,
            f"!{role}.is_impossible(): cannot {verb} an account with an impossible {role} authority threshold",
        )


authority = StructOf(Authority)


class Memo(Struct):
    """A message beside a transfer; the null key for both means that it is not encrypted."""

    from_: bytes = of(serial.public_key)
    to: bytes = of(serial.public_key)
    nonce: int = of(serial.uint64)
    message: bytes = of(serial.blob)


class AccountOptions(Struct):
    """Memo key and votes."""

    memo_key: bytes = of(serial.public_key)
    voting_account: int = of(serial.account_id, lambda: 5)
    num_witness: int = of(serial.uint16)
    num_committee: int = of(serial.uint16)
    votes: tuple[tuple[int, int], ...] = of(SetOf(serial.vote_id))
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        """Refuse to ask for more witnesses or committee members than are voted for."""
        witnesses = sum(1 for _, kind in self.votes if kind == 1)
        committee = sum(1 for _, kind in self.votes if kind == 0)
        require(
            witnesses >= self.num_witness and committee >= self.num_committee,
            "needed_witnesses == 0 && needed_committee == 0: May not specify fewer witnesses or committee members "
            "than the number voted for.",
        )


class AssetOptionsExtension(Struct):
    """Later additions to an asset's options."""

    reward_percent: int | None = of(OptionalOf(serial.uint16))
    whitelist_market_fee_sharing: tuple[int, ...] | None = of(OptionalOf(SetOf(serial.account_id)))
    taker_fee_percent: int | None = of(OptionalOf(serial.uint16))


class AssetOptions(Struct):
    """What an issuer may tune of any asset."""

    max_supply: int = of(serial.int64, lambda: MAX_SHARE_SUPPLY)
    market_fee_percent: int = of(serial.uint16)
    max_market_fee: int = of(serial.int64, lambda: MAX_SHARE_SUPPLY)
    issuer_permissions: int = of(serial.uint16, lambda: 0x4F)
    flags: int = of(serial.uint16)
    core_exchange_rate: Price = of(serial.price)
    whitelist_authorities: tuple[int, ...] = of(SetOf(serial.account_id))
    blacklist_authorities: tuple[int, ...] = of(SetOf(serial.account_id))
    whitelist_markets: tuple[int, ...] = of(SetOf(serial.asset_id))
    blacklist_markets: tuple[int, ...] = of(SetOf(serial.asset_id))
    description: str = of(serial.text)
    extensions: AssetOptionsExtension = of(ExtensionOf(AssetOptionsExtension))

    def validate(self) -> None:
        """``asset_options::validate``."""
        require(0 < self.max_supply <= MAX_SHARE_SUPPLY, "max_supply <= GRAPHENE_MAX_SHARE_SUPPLY: ")
        require(self.market_fee_percent <= PERCENT_100, "market_fee_percent <= GRAPHENE_100_PERCENT: ")
        taker = self.extensions.taker_fee_percent
        require(taker is None or taker <= PERCENT_100, "*extensions.value.taker_fee_percent <= GRAPHENE_100_PERCENT: ")
        require(0 <= self.max_market_fee <= MAX_SHARE_SUPPLY, "max_market_fee <= GRAPHENE_MAX_SHARE_SUPPLY: ")
        require(
            not self.flags & Permission.GLOBAL_SETTLE,
            "0 == (flags & global_settle): Can not set global_settle flag, it is for issuer permission only",
        )
        fed = Permission.WITNESS_FED | Permission.COMMITTEE_FED
        require(self.flags & fed != fed, "(flags & (witness_fed_asset | committee_fed_asset)) != …: ")
        self.core_exchange_rate.validate()
        rate = self.core_exchange_rate
        require(rate.base.asset_id == 0 or rate.quote.asset_id == 0, "core_exchange_rate.base.asset_id == 0: ")
        if self.whitelist_authorities or self.blacklist_authorities:
            require(bool(self.flags & Permission.WHITE_LIST), "0 != (flags & white_list): ")
        require(
            not set(self.whitelist_markets) & set(self.blacklist_markets),
            "blacklist_markets.find(item) == blacklist_markets.end(): ",
        )
        reward = self.extensions.reward_percent
        require(reward is None or reward <= PERCENT_100, "*extensions.value.reward_percent <= GRAPHENE_100_PERCENT: ")

    def validate_flags(self, is_market_issued: bool) -> None:
        """``asset_options::validate_flags``."""
        permission_only = self.flags & Permission.PERMISSION_ONLY
        require(not permission_only, "Can not set a permission-only bit in flags")
        if not is_market_issued:
            require(not self.flags & ~Permission.UIA, "Can not set a flag for bitassets only to UIA")

    @property
    def enabled_permissions(self) -> int:
        """Permissions with the "disable" bits turned so that 1 always means "may"."""
        return (self.issuer_permissions & Permission.ENABLE_BITS) | (~self.issuer_permissions & Permission.DISABLE_BITS)


class BitassetExtension(Struct):
    """Later additions to a bitasset's options."""

    initial_collateral_ratio: int | None = of(OptionalOf(serial.uint16))
    maintenance_collateral_ratio: int | None = of(OptionalOf(serial.uint16))
    maximum_short_squeeze_ratio: int | None = of(OptionalOf(serial.uint16))
    margin_call_fee_ratio: int | None = of(OptionalOf(serial.uint16))
    force_settle_fee_percent: int | None = of(OptionalOf(serial.uint16))
    black_swan_response_method: int | None = of(OptionalOf(serial.uint8))


class BitassetOptions(Struct):
    """What an issuer may tune of a market-issued asset."""

    feed_lifetime_sec: int = of(serial.uint32, lambda: 86_400)
    minimum_feeds: int = of(serial.uint8, lambda: 1)
    force_settlement_delay_sec: int = of(serial.uint32, lambda: 86_400)
    force_settlement_offset_percent: int = of(serial.uint16)
    maximum_force_settlement_volume: int = of(serial.uint16, lambda: 2_000)
    short_backing_asset: int = of(serial.asset_id)
    extensions: BitassetExtension = of(ExtensionOf(BitassetExtension))

    @property
    def black_swan_response(self) -> int:
        """The black swan response method in force."""
        method = self.extensions.black_swan_response_method
        return BlackSwanResponse.GLOBAL_SETTLEMENT if method is None else method

    def validate(self) -> None:
        """``bitasset_options::validate``."""
        require(self.minimum_feeds > 0, "minimum_feeds > 0: ")
        require(
            self.force_settlement_offset_percent <= PERCENT_100,
            "force_settlement_offset_percent <= GRAPHENE_100_PERCENT: ",
        )
        require(
            self.maximum_force_settlement_volume <= PERCENT_100,
            "maximum_force_settlement_volume <= GRAPHENE_100_PERCENT: ",
        )
        more = self.extensions
        for name in ("initial_collateral_ratio", "maintenance_collateral_ratio", "maximum_short_squeeze_ratio"):
            _check_ratio(getattr(more, name), name)
        mcfr, fsfp = more.margin_call_fee_ratio, more.force_settle_fee_percent
        require(
            mcfr is None or mcfr <= MAX_COLLATERAL_RATIO, "*margin_call_fee_ratio <= GRAPHENE_MAX_COLLATERAL_RATIO: "
        )
        require(fsfp is None or fsfp <= PERCENT_100, "*force_settle_fee_percent <= GRAPHENE_100_PERCENT: ")
        require(
            self.black_swan_response < BlackSwanResponse.COUNT,
            "*extensions.value.black_swan_response_method < bsrm_count: black_swan_response_method should be less "
            "than ${c}",
            {"c": BlackSwanResponse.COUNT},
        )


def _check_ratio(ratio: int | None, name: str) -> None:
    if ratio is not None:
        require(ratio >= MIN_COLLATERAL_RATIO, f"*extensions.value.{name} >= GRAPHENE_MIN_COLLATERAL_RATIO: ")
        require(ratio <= MAX_COLLATERAL_RATIO, f"*extensions.value.{name} <= GRAPHENE_MAX_COLLATERAL_RATIO: ")


class PriceFeed(Struct):
    """What a feed producer publishes."""

    settlement_price: Price = of(serial.price)
    maintenance_collateral_ratio: int = of(serial.uint16, lambda: 1_750)
    maximum_short_squeeze_ratio: int = of(serial.uint16, lambda: 1_500)
    core_exchange_rate: Price = of(serial.price)

    def validate(self) -> None:
        """``price_feed::validate``."""
        if not self.settlement_price.is_null:
            self.settlement_price.validate()
        for name in ("maximum_short_squeeze_ratio", "maintenance_collateral_ratio"):
            ratio = getattr(self, name)
            require(ratio >= MIN_COLLATERAL_RATIO, f"{name} >= GRAPHENE_MIN_COLLATERAL_RATIO: ")
            require(ratio <= MAX_COLLATERAL_RATIO, f"{name} <= GRAPHENE_MAX_COLLATERAL_RATIO: ")


class TakeProfit(Struct):
    """Sell again what an order received, at a better price."""

    fee_asset_id: int = of(serial.asset_id)
    spread_percent: int = of(serial.uint16)
    size_percent: int = of(serial.uint16)
    expiration_seconds: int = of(serial.uint32)
    repeat: bool = of(serial.boolean)
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        """``create_take_profit_order_action::validate``."""
        require(self.spread_percent > 0, "spread_percent > 0: The spread percentage must be positive")
        require(self.size_percent > 0, "size_percent > 0: The size percentage must be positive")
        require(
            self.size_percent <= PERCENT_100,
            "size_percent <= GRAPHENE_100_PERCENT: The size percentage must not exceed 100%",
        )
        require(self.expiration_seconds > 0, "expiration_seconds > 0: The expiration seconds must be positive")


on_fill_actions = ListOf(VariantOf(StructOf(TakeProfit)))

BY_NUMBER: dict[int, type[Operation]] = {}


class Operation(Struct):
    """One step of a transaction."""

    NUMBER: ClassVar[int] = -1
    PAYER: ClassVar[str] = ""
    NAME: ClassVar[str] = ""

    fee: Asset = of(serial.amount)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.NAME = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        BY_NUMBER[cls.NUMBER] = cls

    @property
    def payer(self) -> int:
        """The account that pays the fee."""
        return int(self.__dict__[self.PAYER])

    def required_active(self) -> set[int]:
        """Accounts whose active authority must sign."""
        return {self.payer}

    def required_owner(self) -> set[int]:
        """Accounts whose owner authority must sign."""
        return set()

    def required_keys(self) -> set[bytes]:
        """Keys that must sign, whoever's they are."""
        return set()

    def impacted(self) -> set[int]:
        """Accounts in whose history the operation appears."""
        return {self.payer}

    def validate(self) -> None:
        """Refuse what the words alone show to be wrong."""
        if self.fee.amount < 0:
            raise AssertError("fee.amount >= 0: ")


def authority_accounts(*authorities: Authority | None) -> Iterable[int]:
    """The accounts named in authorities."""
    return [a for auth in authorities if auth is not None for a, _ in auth.account_auths]


class Transfer(Operation):
    """Move an amount from one account to another."""

    NUMBER = 0
    PAYER = "from_"

    from_: int = of(serial.account_id)
    to: int = of(serial.account_id)
    amount: Asset = of(serial.amount)
    memo: Memo | None = of(OptionalOf(StructOf(Memo)))
    extensions: tuple[()] = of(serial.no_extensions)

    def impacted(self) -> set[int]:
        return {self.from_, self.to}

    def validate(self) -> None:
        super().validate()
        require(self.from_ != self.to, "from != to: ", where="transfer.cpp:validate")
        require(self.amount.amount > 0, "amount.amount > 0: ", where="transfer.cpp:validate")


class LimitOrderExtension(Struct):
    """Later additions to limit orders."""

    on_fill: tuple[tuple[int, TakeProfit], ...] | None = of(OptionalOf(on_fill_actions))


class LimitOrderCreate(Operation):
    """Offer an amount of one asset for at least an amount of another."""

    NUMBER = 1
    PAYER = "seller"

    seller: int = of(serial.account_id)
    amount_to_sell: Asset = of(serial.amount)
    min_to_receive: Asset = of(serial.amount)
    expiration: int = of(serial.moment, lambda: 0xFFFFFFFF)
    fill_or_kill: bool = of(serial.boolean)
    extensions: LimitOrderExtension = of(ExtensionOf(LimitOrderExtension))

    def validate(self) -> None:
        require(
            self.amount_to_sell.asset_id != self.min_to_receive.asset_id,
            "amount_to_sell.asset_id != min_to_receive.asset_id: ",
        )
        super().validate()
        require(self.amount_to_sell.amount > 0, "amount_to_sell.amount > 0: ")
        require(self.min_to_receive.amount > 0, "min_to_receive.amount > 0: ")
        for _, action in self.extensions.on_fill or ():
            action.validate()

    @property
    def price(self) -> Price:
        """Sold per received."""
        return Price(self.amount_to_sell, self.min_to_receive)


class LimitOrderCancel(Operation):
    """Take an order off the book."""

    NUMBER = 2
    PAYER = "fee_paying_account"

    fee_paying_account: int = of(serial.account_id)
    order: int = of(serial.limit_order_id)
    extensions: tuple[()] = of(serial.no_extensions)


class CallOrderExtension(Struct):
    """Later additions to positions."""

    target_collateral_ratio: int | None = of(OptionalOf(serial.uint16))


class CallOrderUpdate(Operation):
    """Open, change or close a debt position."""

    NUMBER = 3
    PAYER = "funding_account"

    funding_account: int = of(serial.account_id)
    delta_collateral: Asset = of(serial.amount)
    delta_debt: Asset = of(serial.amount)
    extensions: CallOrderExtension = of(ExtensionOf(CallOrderExtension))

    def validate(self) -> None:
        super().validate()
        require(
            self.delta_collateral.asset_id != self.delta_debt.asset_id,
            "delta_collateral.asset_id != delta_debt.asset_id: ",
        )
        require(
            self.delta_collateral.amount != 0 or self.delta_debt.amount != 0,
            "delta_collateral.amount != 0 || delta_debt.amount != 0: ",
        )


class FillOrder(Operation):
    """Virtual: an order, a position or a settlement was filled."""

    NUMBER = 4
    PAYER = "account_id"

    order_id: str = of(serial.any_id)
    account_id: int = of(serial.account_id)
    pays: Asset = of(serial.amount)
    receives: Asset = of(serial.amount)
    fill_price: Price = of(serial.price)
    is_maker: bool = of(serial.boolean)


class AccountCreateExtension(Struct):
    """Special authorities and buyback accounts are not implemented; nothing is accepted here."""


class AccountCreate(Operation):
    """Register an account."""

    NUMBER = 5
    PAYER = "registrar"

    registrar: int = of(serial.account_id)
    referrer: int = of(serial.account_id)
    referrer_percent: int = of(serial.uint16)
    name: str = of(serial.text)
    owner: Authority = of(authority)
    active: Authority = of(authority)
    options: AccountOptions = of(StructOf(AccountOptions))
    extensions: AccountCreateExtension = of(ExtensionOf(AccountCreateExtension))

    def impacted(self) -> set[int]:
        return {self.registrar, self.referrer, *authority_accounts(self.owner, self.active)}

    def validate(self) -> None:
        super().validate()
        require(is_valid_name(self.name), "is_valid_name( name ): ", where="account.cpp:validate")
        require(self.referrer_percent <= PERCENT_100, "referrer_percent <= GRAPHENE_100_PERCENT: ")
        self.owner.validate("create", "owner")
        self.active.validate("create", "active")
        self.options.validate()


class AccountUpdate(Operation):
    """Change an account's authorities or options."""

    NUMBER = 6
    PAYER = "account"

    account: int = of(serial.account_id)
    owner: Authority | None = of(OptionalOf(authority))
    active: Authority | None = of(OptionalOf(authority))
    new_options: AccountOptions | None = of(OptionalOf(StructOf(AccountOptions)))
    extensions: AccountCreateExtension = of(ExtensionOf(AccountCreateExtension))

    def required_owner(self) -> set[int]:
        return {self.account} if self.owner is not None else set()

    def impacted(self) -> set[int]:
        return {self.account, *authority_accounts(self.owner, self.active)}

    def validate(self) -> None:
        require(self.account != TEMP_ACCOUNT, "account != GRAPHENE_TEMP_ACCOUNT: ")
        super().validate()
        require(self.account != 0, "account != account_id_type(): ")
        require(self.owner is not None or self.active is not None or self.new_options is not None, "has_action: ")
        if self.owner is not None:
            self.owner.validate("update", "owner")
        if self.active is not None:
            self.active.validate("update", "active")
        if self.new_options is not None:
            self.new_options.validate()


class AccountWhitelist(Operation):
    """Have an opinion about another account, for assets that ask for one."""

    NUMBER = 7
    PAYER = "authorizing_account"

    authorizing_account: int = of(serial.account_id)
    account_to_list: int = of(serial.account_id)
    new_listing: int = of(serial.uint8)
    extensions: tuple[()] = of(serial.no_extensions)

    def impacted(self) -> set[int]:
        return {self.authorizing_account, self.account_to_list}

    def validate(self) -> None:
        super().validate()
        require(self.new_listing < 4, "new_listing < 0x4: ")


class AccountUpgrade(Operation):
    """Become a lifetime member."""

    NUMBER = 8
    PAYER = "account_to_upgrade"

    account_to_upgrade: int = of(serial.account_id)
    upgrade_to_lifetime_member: bool = of(serial.boolean)
    extensions: tuple[()] = of(serial.no_extensions)


class AssetCreate(Operation):
    """Create an asset."""

    NUMBER = 10
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    symbol: str = of(serial.text)
    precision: int = of(serial.uint8)
    common_options: AssetOptions = of(StructOf(AssetOptions))
    bitasset_opts: BitassetOptions | None = of(OptionalOf(StructOf(BitassetOptions)))
    is_prediction_market: bool = of(serial.boolean)
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        super().validate()
        require(is_valid_symbol(self.symbol), "is_valid_symbol(symbol): ", where="asset_ops.cpp:validate")
        options = self.common_options
        options.validate()
        fed = Permission.WITNESS_FED | Permission.COMMITTEE_FED
        if options.issuer_permissions & Permission.NOT_UIA & ~fed:
            require(self.bitasset_opts is not None, "bitasset_opts.valid(): ")
        if self.is_prediction_market:
            self._validate_prediction_market()
        if self.bitasset_opts is not None:
            self.bitasset_opts.validate()
        rate = options.core_exchange_rate
        require({rate.base.asset_id, rate.quote.asset_id} == {0, 1}, "dummy.asset_id == asset_id_type(1): ")
        require(self.precision <= 12, "precision <= 12: ")

    def _validate_prediction_market(self) -> None:
        if self.bitasset_opts is None:
            raise AssertError("bitasset_opts.valid(): Cannot have a User-Issued Asset implement a prediction market.")
        permissions = self.common_options.issuer_permissions
        require(bool(permissions & Permission.GLOBAL_SETTLE), "0 != (issuer_permissions & global_settle): ")
        require(not permissions & Permission.DISABLE_BSRM_UPDATE, "0 == (issuer_permissions & disable_bsrm_update): ")
        require(
            self.bitasset_opts.extensions.black_swan_response_method is None,
            "Can not set black_swan_response_method for Prediction Markets",
        )


class AssetUpdateExtension(Struct):
    """Later additions to asset updates."""

    new_precision: int | None = of(OptionalOf(serial.uint8))
    skip_core_exchange_rate: bool | None = of(OptionalOf(serial.boolean))


class AssetUpdate(Operation):
    """Change an asset's options."""

    NUMBER = 11
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    asset_to_update: int = of(serial.asset_id)
    new_issuer: int | None = of(OptionalOf(serial.account_id))
    new_options: AssetOptions = of(StructOf(AssetOptions))
    extensions: AssetUpdateExtension = of(ExtensionOf(AssetUpdateExtension))

    def validate(self) -> None:
        super().validate()
        require(self.new_issuer is None or self.issuer != self.new_issuer, "issuer != *new_issuer: ")
        self.new_options.validate()
        rate = self.new_options.core_exchange_rate
        ids = {rate.base.asset_id, rate.quote.asset_id}
        require(ids == {0, self.asset_to_update}, "dummy.asset_id == asset_id_type(): ")
        precision = self.extensions.new_precision
        require(precision is None or precision <= 12, "*extensions.value.new_precision <= 12: ")
        require(
            self.extensions.skip_core_exchange_rate in (None, True),
            "If skip_core_exchange_rate is specified, it can only be true",
        )


class AssetUpdateBitasset(Operation):
    """Change a bitasset's options."""

    NUMBER = 12
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    asset_to_update: int = of(serial.asset_id)
    new_options: BitassetOptions = of(StructOf(BitassetOptions))
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        super().validate()
        self.new_options.validate()


class AssetUpdateFeedProducers(Operation):
    """Say who may publish feeds."""

    NUMBER = 13
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    asset_to_update: int = of(serial.asset_id)
    new_feed_producers: tuple[int, ...] = of(SetOf(serial.account_id))
    extensions: tuple[()] = of(serial.no_extensions)


class AssetIssue(Operation):
    """Issue more of a user-issued asset."""

    NUMBER = 14
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    asset_to_issue: Asset = of(serial.amount)
    issue_to_account: int = of(serial.account_id)
    memo: Memo | None = of(OptionalOf(StructOf(Memo)))
    extensions: tuple[()] = of(serial.no_extensions)

    def impacted(self) -> set[int]:
        return {self.issuer, self.issue_to_account}

    def validate(self) -> None:
        super().validate()
        require(
            self.asset_to_issue.amount <= MAX_SHARE_SUPPLY, "asset_to_issue.amount.value <= GRAPHENE_MAX_SHARE_SUPPLY: "
        )
        require(self.asset_to_issue.amount > 0, "asset_to_issue.amount.value > 0: ")
        require(self.asset_to_issue.asset_id != 0, "asset_to_issue.asset_id != asset_id_type(0): ")


class AssetReserve(Operation):
    """Burn an amount of a user-issued asset."""

    NUMBER = 15
    PAYER = "payer_"

    payer_: int = of(serial.account_id)
    amount_to_reserve: Asset = of(serial.amount)
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        super().validate()
        require(
            self.amount_to_reserve.amount <= MAX_SHARE_SUPPLY,
            "amount_to_reserve.amount.value <= GRAPHENE_MAX_SHARE_SUPPLY: ",
        )
        require(self.amount_to_reserve.amount > 0, "amount_to_reserve.amount.value > 0: ")


class AssetFundFeePool(Operation):
    """Let users of an asset pay fees in it."""

    NUMBER = 16
    PAYER = "from_account"

    from_account: int = of(serial.account_id)
    asset_id: int = of(serial.asset_id)
    amount: int = of(serial.int64)
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        super().validate()
        require(self.fee.asset_id == 0, "fee.asset_id == asset_id_type(): ")
        require(self.amount > 0, "amount > 0: ")


class AssetSettle(Operation):
    """Ask to be paid the collateral behind an amount of a bitasset."""

    NUMBER = 17
    PAYER = "account"

    account: int = of(serial.account_id)
    amount: Asset = of(serial.amount)
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        super().validate()
        require(self.amount.amount >= 0, "amount.amount >= 0: ")


class AssetGlobalSettle(Operation):
    """Close all positions of a bitasset at one price."""

    NUMBER = 18
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    asset_to_settle: int = of(serial.asset_id)
    settle_price: Price = of(serial.price)
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        super().validate()
        require(
            self.asset_to_settle == self.settle_price.base.asset_id, "asset_to_settle == settle_price.base.asset_id: "
        )


class PublishFeedExtension(Struct):
    """Later additions to feeds."""

    initial_collateral_ratio: int | None = of(OptionalOf(serial.uint16))


class AssetPublishFeed(Operation):
    """Publish a price feed."""

    NUMBER = 19
    PAYER = "publisher"

    publisher: int = of(serial.account_id)
    asset_id: int = of(serial.asset_id)
    feed: PriceFeed = of(StructOf(PriceFeed))
    extensions: PublishFeedExtension = of(ExtensionOf(PublishFeedExtension))

    def validate(self) -> None:
        super().validate()
        feed = self.feed
        feed.validate()
        rate = feed.core_exchange_rate
        if not rate.is_null:
            rate.validate()
        require(not feed.settlement_price.is_null, "!feed.settlement_price.is_null(): ")
        require(not rate.is_null, "!feed.core_exchange_rate.is_null(): ")
        require(
            feed.settlement_price.base.asset_id == rate.base.asset_id,
            "feed.settlement_price.base.asset_id == feed.core_exchange_rate.base.asset_id: ",
        )
        require(feed.settlement_price.base.asset_id == self.asset_id, "feed.is_for( asset_id ): ")
        _check_ratio(self.extensions.initial_collateral_ratio, "initial_collateral_ratio")


class VestingBalanceWithdraw(Operation):
    """Withdraw what has vested."""

    NUMBER = 33
    PAYER = "owner"

    vesting_balance: int = of(serial.vesting_balance_id)
    owner: int = of(serial.account_id)
    amount: Asset = of(serial.amount)

    def validate(self) -> None:
        super().validate()
        require(self.amount.amount > 0, "amount.amount > 0: ")


class Custom(Operation):
    """Any data, signed and kept."""

    NUMBER = 35
    PAYER = "payer_"

    payer_: int = of(serial.account_id)
    required_auths: tuple[int, ...] = of(SetOf(serial.account_id))
    id: int = of(serial.uint16)
    data: bytes = of(serial.blob)

    def required_active(self) -> set[int]:
        return {self.payer_, *self.required_auths}

    def impacted(self) -> set[int]:
        return {self.payer_, *self.required_auths}

    def validate(self) -> None:
        require(self.fee.amount > 0, "fee.amount > 0: ")


class OverrideTransfer(Operation):
    """An issuer moves its asset between two accounts."""

    NUMBER = 38
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    from_: int = of(serial.account_id)
    to: int = of(serial.account_id)
    amount: Asset = of(serial.amount)
    memo: Memo | None = of(OptionalOf(StructOf(Memo)))
    extensions: tuple[()] = of(serial.no_extensions)

    def impacted(self) -> set[int]:
        return {self.issuer, self.from_, self.to}

    def validate(self) -> None:
        super().validate()
        require(self.from_ != self.to, "from != to: ")
        require(self.amount.amount > 0, "amount.amount > 0: ")
        require(self.issuer != self.from_, "issuer != from: ")


class AssetSettleCancel(Operation):
    """Virtual: a settlement request was given back."""

    NUMBER = 42
    PAYER = "account"

    settlement: str = of(serial.any_id)
    account: int = of(serial.account_id)
    amount: Asset = of(serial.amount)


class ClaimFeesExtension(Struct):
    """Later additions to claiming fees."""

    claim_from_asset_id: int | None = of(OptionalOf(serial.asset_id))


class AssetClaimFees(Operation):
    """An issuer takes the fees that its asset collected."""

    NUMBER = 43
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    amount_to_claim: Asset = of(serial.amount)
    extensions: ClaimFeesExtension = of(ExtensionOf(ClaimFeesExtension))

    def validate(self) -> None:
        super().validate()
        require(self.amount_to_claim.amount > 0, "amount_to_claim.amount > 0: ")
        require(
            self.extensions.claim_from_asset_id != self.amount_to_claim.asset_id,
            "*extensions.value.claim_from_asset_id != amount_to_claim.asset_id: ",
        )


class BidCollateral(Operation):
    """Offer collateral for a share of a globally settled asset's debt."""

    NUMBER = 45
    PAYER = "bidder"

    bidder: int = of(serial.account_id)
    additional_collateral: Asset = of(serial.amount)
    debt_covered: Asset = of(serial.amount)
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        super().validate()
        debt, collateral = self.debt_covered.amount, self.additional_collateral.amount
        require(
            debt == 0 or (debt > 0 and collateral > 0),
            "debt_covered.amount == 0 || (debt_covered.amount > 0 && additional_collateral.amount > 0): ",
        )


class ExecuteBid(Operation):
    """Virtual: a bid became a position."""

    NUMBER = 46
    PAYER = "bidder"

    bidder: int = of(serial.account_id)
    debt: Asset = of(serial.amount)
    collateral: Asset = of(serial.amount)


class AssetClaimPool(Operation):
    """An issuer takes back core from the fee pool of its asset."""

    NUMBER = 47
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    asset_id: int = of(serial.asset_id)
    amount_to_claim: Asset = of(serial.amount)
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        super().validate()
        require(self.fee.asset_id != self.asset_id, "fee.asset_id != asset_id: ")
        require(self.amount_to_claim.amount > 0, "amount_to_claim.amount > 0: ")
        require(self.amount_to_claim.asset_id == 0, "amount_to_claim.asset_id == asset_id_type(): ")


class AssetUpdateIssuer(Operation):
    """Hand an asset to a new issuer; signed by the owner authority."""

    NUMBER = 48
    PAYER = "issuer"

    issuer: int = of(serial.account_id)
    asset_to_update: int = of(serial.asset_id)
    new_issuer: int = of(serial.account_id)
    extensions: tuple[()] = of(serial.no_extensions)

    def required_owner(self) -> set[int]:
        return {self.issuer}

    def impacted(self) -> set[int]:
        return {self.issuer, self.new_issuer}

    def validate(self) -> None:
        super().validate()
        require(self.issuer != self.new_issuer, "issuer != new_issuer: ")


class LimitOrderUpdate(Operation):
    """Change an order on the book."""

    NUMBER = 77
    PAYER = "seller"

    seller: int = of(serial.account_id)
    order: int = of(serial.limit_order_id)
    new_price: Price | None = of(OptionalOf(serial.price))
    delta_amount_to_sell: Asset | None = of(OptionalOf(serial.amount))
    new_expiration: int | None = of(OptionalOf(serial.moment))
    on_fill: tuple[tuple[int, TakeProfit], ...] | None = of(OptionalOf(on_fill_actions))
    extensions: tuple[()] = of(serial.no_extensions)

    def validate(self) -> None:
        require(self.fee.amount >= 0, "fee.amount >= 0: Fee must not be negative")
        changes = (self.new_price, self.delta_amount_to_sell, self.new_expiration, self.on_fill)
        require(
            any(change is not None for change in changes),
            "Cannot update limit order if nothing is specified to update",
        )
        if self.new_price is not None:
            self.new_price.validate()
        require(
            self.delta_amount_to_sell is None or self.delta_amount_to_sell.amount != 0,
            "delta_amount_to_sell->amount != 0: Cannot change limit order amount by zero",
        )
        for _, action in self.on_fill or ():
            action.validate()


class SettleResult(Struct):
    """``extendable_operation_result``: what a settlement did at once."""

    impacted_accounts: tuple[int, ...] | None = of(OptionalOf(SetOf(serial.account_id)))
    new_objects: tuple[str, ...] | None = of(OptionalOf(SetOf(serial.any_id)))
    updated_objects: tuple[str, ...] | None = of(OptionalOf(SetOf(serial.any_id)))
    removed_objects: tuple[str, ...] | None = of(OptionalOf(SetOf(serial.any_id)))
    paid: tuple[Asset, ...] | None = of(OptionalOf(ListOf(serial.amount)))
    received: tuple[Asset, ...] | None = of(OptionalOf(ListOf(serial.amount)))
    fees: tuple[Asset, ...] | None = of(OptionalOf(ListOf(serial.amount)))


Result = tuple[int, Any]
operation_result = VariantOf(
    serial.empty, serial.any_id, serial.amount, serial.empty, serial.empty, ExtensionOf(SettleResult)
)
#: The result of an operation that only changes what there is.
DONE: Result = (0, None)


#: Made by the chain itself, never accepted from a client.
VIRTUAL = frozenset({4, 42, 44, 46, 51, 53, 74})
#: How many operations core 7 knows.
COUNT = 78


class _OperationKind(serial.Kind):
    def parse(self, value: Any) -> Operation:
        row = serial.as_list(value)
        tag = serial.as_int(row[0], 0, 2**63, "uint64") if len(row) == 2 else -1
        if not 0 <= tag < COUNT:
            raise AssertError("tag < count(): ", where="static_variant.hpp:set_which")
        kind = BY_NUMBER.get(tag)
        if kind is None:
            raise AssertError("Operation ${n} is not implemented by this development node", {"n": tag})
        return kind.parse(row[1])

    def json(self, value: Operation) -> list[Any]:
        return [value.NUMBER, value.to_json()]

    def pack(self, value: Operation, out: bytearray) -> None:
        serial.pack_varint(value.NUMBER, out)
        value.pack(out)


operation = _OperationKind()


def is_valid_symbol(symbol: str) -> bool:
    """Three to sixteen capitals and digits, one dot at most, not starting with BIT."""
    return 3 <= len(symbol) <= 16 and not symbol.startswith("BIT") and bool(_SYMBOL.match(symbol))


def is_valid_name(name: str) -> bool:
    """Labels of lower-case letters, digits and hyphens, separated by dots, 63 letters at most."""
    return 1 <= len(name) <= 63 and bool(_NAME.match(name))


def is_cheap_name(name: str) -> bool:
    """A name with a digit, a separator or without a vowel costs the basic fee."""
    return bool(re.search(r"[0-9./-]", name)) or not re.search(r"[aeiouy]", name)
