"""The objects of the chain, with members in the order of core's ``FC_REFLECT``.

``asset_object.hpp``, ``account_object.hpp``, ``market_object.hpp``, ``witness_object.hpp`` and their neighbours.
"""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from typing import Any

from . import serial
from .amounts import Asset, Price
from .constants import (
    DEFAULT_MAINTENANCE_COLLATERAL_RATIO,
    PERCENT_100,
    RATIO_DENOMINATOR,
    BlackSwanResponse,
    Permission,
)
from .operations import (
    AccountOptions,
    AssetOptions,
    Authority,
    BitassetOptions,
    Operation,
    PriceFeed,
    TakeProfit,
    authority,
    on_fill_actions,
    operation,
    operation_result,
)
from .serial import ListOf, MapOf, OptionalOf, PairOf, StructOf, VariantOf, of
from .store import ChainObject
from .transactions import Transaction

_special_authority = VariantOf(serial.empty)


class CoinSecondsPolicy(serial.Struct):
    """``cdd_vesting_policy``: a deposit vests by lying still."""

    vesting_seconds: int = of(serial.uint32)
    start_claim: int = of(serial.moment)
    coin_seconds_earned: int = of(serial.uint128, lambda: 0)
    coin_seconds_earned_last_update: int = of(serial.moment)


#: Tags of a vesting balance's policy.
LINEAR, COIN_SECONDS, INSTANT = 0, 1, 2
vesting_policy = VariantOf(serial.empty, StructOf(CoinSecondsPolicy), serial.empty)


class Account(ChainObject):
    """``account_object``."""

    SPACE, TYPE = 1, 2

    membership_expiration_date: int = of(serial.moment)
    registrar: int = of(serial.account_id)
    referrer: int = of(serial.account_id)
    lifetime_referrer: int = of(serial.account_id)
    network_fee_percentage: int = of(serial.uint16, lambda: 2_000)
    lifetime_referrer_fee_percentage: int = of(serial.uint16, lambda: 3_000)
    referrer_rewards_percentage: int = of(serial.uint16)
    name: str = of(serial.text)
    owner: Authority = of(authority)
    active: Authority = of(authority)
    options: AccountOptions = of(StructOf(AccountOptions))
    num_committee_voted: int = of(serial.uint16)
    statistics: int = of(serial.Id(2, 6))
    whitelisting_accounts: tuple[int, ...] = of(serial.SetOf(serial.account_id))
    blacklisting_accounts: tuple[int, ...] = of(serial.SetOf(serial.account_id))
    whitelisted_accounts: tuple[int, ...] = of(serial.SetOf(serial.account_id))
    blacklisted_accounts: tuple[int, ...] = of(serial.SetOf(serial.account_id))
    cashback_vb: int | None = of(OptionalOf(serial.vesting_balance_id))
    owner_special_authority: tuple[int, Any] = of(_special_authority)
    active_special_authority: tuple[int, Any] = of(_special_authority)
    top_n_control_flags: int = of(serial.uint8)
    creation_block_num: int = of(serial.uint32)
    creation_time: int = of(serial.moment)

    @property
    def is_lifetime_member(self) -> bool:
        """Lifetime members may register accounts and earn fees back."""
        return self.membership_expiration_date == serial._UINT32_MAX

    def is_member(self, now: int) -> bool:
        """A member of any kind."""
        return self.is_lifetime_member or self.membership_expiration_date > now

    def accounts(self) -> set[int]:
        return {self.number}


class AccountStatistics(ChainObject):
    """``account_statistics_object``."""

    SPACE, TYPE = 2, 6

    owner: int = of(serial.account_id)
    name: str = of(serial.text)
    most_recent_op: int = of(serial.Id(2, 9))
    total_ops: int = of(serial.uint64)
    removed_ops: int = of(serial.uint64)
    total_core_in_orders: int = of(serial.int64)
    total_core_inactive: int = of(serial.int64)
    total_core_pob: int = of(serial.int64)
    total_core_pol: int = of(serial.int64)
    total_pob_value: int = of(serial.int64)
    total_pol_value: int = of(serial.int64)
    core_in_balance: int = of(serial.int64)
    has_cashback_vb: bool = of(serial.boolean)
    is_voting: bool = of(serial.boolean)
    last_vote_time: int = of(serial.moment)
    vp_all: int = of(serial.uint64)
    vp_active: int = of(serial.uint64)
    vp_committee: int = of(serial.uint64)
    vp_witness: int = of(serial.uint64)
    vp_worker: int = of(serial.uint64)
    vote_tally_time: int = of(serial.moment)
    lifetime_fees_paid: int = of(serial.int64)
    pending_fees: int = of(serial.int64)
    pending_vested_fees: int = of(serial.int64)

    def accounts(self) -> set[int]:
        return {self.owner}


class Balance(ChainObject):
    """``account_balance_object``."""

    SPACE, TYPE = 2, 5

    owner: int = of(serial.account_id)
    asset_type: int = of(serial.asset_id)
    balance: int = of(serial.int64)
    maintenance_flag: bool = of(serial.boolean)

    def accounts(self) -> set[int]:
        return {self.owner}


class AssetObject(ChainObject):
    """``asset_object``."""

    SPACE, TYPE = 1, 3

    symbol: str = of(serial.text)
    precision: int = of(serial.uint8)
    issuer: int = of(serial.account_id)
    options: AssetOptions = of(StructOf(AssetOptions))
    dynamic_asset_data_id: int = of(serial.Id(2, 3))
    bitasset_data_id: int | None = of(OptionalOf(serial.Id(2, 4)))
    creation_block_num: int = of(serial.uint32)
    creation_time: int = of(serial.moment)

    @property
    def is_market_issued(self) -> bool:
        """Whether positions create the asset."""
        return self.bitasset_data_id is not None

    def flag(self, bit: int) -> bool:
        """Whether a flag is set."""
        return bool(self.options.flags & bit)

    def permits(self, bit: int) -> bool:
        """Whether an issuer permission bit is set."""
        return bool(self.options.issuer_permissions & bit)

    @property
    def can_force_settle(self) -> bool:
        """Whether holders may ask for settlement."""
        return not self.flag(Permission.DISABLE_FORCE_SETTLE)

    def amount_text(self, amount: int) -> str:
        """``123.45``: the whole part alone, or all digits of the precision."""
        whole, rest = divmod(abs(amount), 10**self.precision)
        sign = "-" if amount < 0 else ""
        return f"{sign}{whole}" + (f".{rest:0{self.precision}d}" if rest else "")

    def pretty(self, amount: int) -> str:
        """``123.45 USD``."""
        return f"{self.amount_text(amount)} {self.symbol}"

    def accounts(self) -> set[int]:
        return {self.issuer}


class AssetDynamicData(ChainObject):
    """``asset_dynamic_data_object``."""

    SPACE, TYPE = 2, 3

    current_supply: int = of(serial.int64)
    confidential_supply: int = of(serial.int64)
    accumulated_fees: int = of(serial.int64)
    accumulated_collateral_fees: int = of(serial.int64)
    fee_pool: int = of(serial.int64)


class Feed(PriceFeed):
    """``price_feed_with_icr``."""

    initial_collateral_ratio: int = of(serial.uint16, lambda: DEFAULT_MAINTENANCE_COLLATERAL_RATIO)

    @classmethod
    def published(cls, feed: PriceFeed, initial_collateral_ratio: int | None) -> Feed:
        """A producer's feed; without an ICR of its own it has its MCR."""
        ratio = feed.maintenance_collateral_ratio if initial_collateral_ratio is None else initial_collateral_ratio
        return cls(**feed.__dict__, initial_collateral_ratio=ratio)

    def same_for_calls(self, other: Feed) -> bool:
        """Whether nothing that concerns margin calls differs (``margin_call_params_equal``)."""
        return (
            self.settlement_price == other.settlement_price
            and self.maintenance_collateral_ratio == other.maintenance_collateral_ratio
            and self.maximum_short_squeeze_ratio == other.maximum_short_squeeze_ratio
        )

    def max_short_squeeze_price(self) -> Price:
        """Debt per collateral at which a called position gives its collateral: feed / MSSR."""
        return self.settlement_price.scaled(RATIO_DENOMINATOR, self.maximum_short_squeeze_ratio)

    def margin_call_order_numerator(self, margin_call_fee_ratio: int | None) -> int:
        """MSSR − MCFR, at least 1 (per mille)."""
        fee = margin_call_fee_ratio or 0
        squeeze = self.maximum_short_squeeze_ratio
        return max(squeeze - fee if fee < squeeze else RATIO_DENOMINATOR, RATIO_DENOMINATOR)

    def collateralization(self, ratio: int) -> Price:
        """Collateral per debt at a collateral ratio."""
        if self.settlement_price.is_null:
            return self.settlement_price
        return (~self.settlement_price).scaled(ratio, RATIO_DENOMINATOR)


class Bitasset(ChainObject):
    """``asset_bitasset_data_object``."""

    SPACE, TYPE = 2, 4

    asset_id: int = of(serial.asset_id)
    feeds: tuple[tuple[int, tuple[int, Feed]], ...] = of(
        MapOf(serial.account_id, PairOf(serial.moment, StructOf(Feed)))
    )
    median_feed: Feed = of(StructOf(Feed))
    current_feed: Feed = of(StructOf(Feed))
    current_feed_publication_time: int = of(serial.moment)
    current_maintenance_collateralization: Price = of(serial.price)
    current_initial_collateralization: Price = of(serial.price)
    options: BitassetOptions = of(StructOf(BitassetOptions))
    force_settled_volume: int = of(serial.int64)
    is_prediction_market: bool = of(serial.boolean)
    settlement_price: Price = of(serial.price)
    settlement_fund: int = of(serial.int64)
    individual_settlement_debt: int = of(serial.int64)
    individual_settlement_fund: int = of(serial.int64)
    asset_cer_updated: bool = of(serial.boolean)
    feed_cer_updated: bool = of(serial.boolean)

    @property
    def backing(self) -> int:
        """The collateral asset."""
        return self.options.short_backing_asset

    @property
    def market(self) -> tuple[int, int]:
        """(collateral, debt): the group of its positions."""
        return self.options.short_backing_asset, self.asset_id

    @property
    def is_globally_settled(self) -> bool:
        """Whether all positions were closed into a fund."""
        return not self.settlement_price.is_null

    @property
    def response(self) -> int:
        """Black swan response method."""
        return self.options.black_swan_response

    @property
    def is_price_capped(self) -> bool:
        """Whether the response method keeps the feed above the median."""
        return self.median_feed.settlement_price != self.current_feed.settlement_price

    @property
    def is_settled_to_fund(self) -> bool:
        """Whether a fund of individually settled positions waits for holders."""
        return self.response == BlackSwanResponse.INDIVIDUAL_TO_FUND and self.individual_settlement_debt != 0

    def margin_call_order_price(self) -> Price:
        """Debt per collateral at which margin calls stand in the book: feed / (MSSR − MCFR)."""
        return self.current_feed.settlement_price.scaled(RATIO_DENOMINATOR, self._call_numerator())

    def margin_call_order_ratio(self) -> tuple[int, int]:
        """MSSR − MCFR as a fraction."""
        return self._call_numerator(), RATIO_DENOMINATOR

    def margin_call_pays_ratio(self) -> tuple[int, int]:
        """What the buyer pays per what the position gives: (MSSR − MCFR) / MSSR."""
        return self._call_numerator(), self.current_feed.maximum_short_squeeze_ratio

    def _call_numerator(self) -> int:
        return self.current_feed.margin_call_order_numerator(self.options.extensions.margin_call_fee_ratio)

    def individual_settlement_price(self) -> Price:
        """Debt per collateral of the individual settlement pool."""
        return Asset(self.individual_settlement_debt, self.asset_id) / Asset(
            self.individual_settlement_fund, self.backing
        )

    def max_settlement_volume(self, current_supply: int) -> int:
        """Largest amount that may be force-settled in a maintenance interval."""
        limit = self.options.maximum_force_settlement_volume
        if limit == 0:
            return 0
        if limit == PERCENT_100:
            return current_supply + self.force_settled_volume
        return (current_supply + self.force_settled_volume) * limit // PERCENT_100

    @property
    def feed_expiration(self) -> int:
        """When the oldest feed that counts stops counting."""
        return min(self.current_feed_publication_time + self.options.feed_lifetime_sec, serial._UINT32_MAX)

    @property
    def needs_rate_update(self) -> bool:
        """Whether the core exchange rate of the asset may differ from its feed's."""
        return not self.current_feed.core_exchange_rate.is_null and (self.asset_cer_updated or self.feed_cer_updated)


class LimitOrder(ChainObject):
    """``limit_order_object``."""

    SPACE, TYPE = 1, 7

    expiration: int = of(serial.moment)
    seller: int = of(serial.account_id)
    for_sale: int = of(serial.int64)
    sell_price: Price = of(serial.price)
    filled_amount: int = of(serial.uint128, lambda: 0)
    deferred_fee: int = of(serial.int64)
    deferred_paid_fee: Asset = of(serial.amount)
    is_settled_debt: bool = of(serial.boolean)
    on_fill: tuple[tuple[int, TakeProfit], ...] = of(on_fill_actions)
    take_profit_order_id: int | None = of(OptionalOf(serial.limit_order_id))

    @property
    def market(self) -> tuple[int, int]:
        """(sold, received): one side of a market."""
        return self.sell_price.base.asset_id, self.sell_price.quote.asset_id

    @property
    def amount_for_sale(self) -> Asset:
        """What is left to sell."""
        return Asset(self.for_sale, self.sell_price.base.asset_id)

    @property
    def amount_to_receive(self) -> Asset:
        """What is left to sell at the order's own price, rounded down."""
        return self.amount_for_sale * self.sell_price

    def accounts(self) -> set[int]:
        return {self.seller}


class CallOrder(ChainObject):
    """``call_order_object``: a debt position."""

    SPACE, TYPE = 1, 8

    borrower: int = of(serial.account_id)
    collateral: int = of(serial.int64)
    debt: int = of(serial.int64)
    call_price: Price = of(serial.price)
    target_collateral_ratio: int | None = of(OptionalOf(serial.uint16))

    @property
    def market(self) -> tuple[int, int]:
        """(collateral, debt)."""
        return self.call_price.base.asset_id, self.call_price.quote.asset_id

    @property
    def debt_asset(self) -> int:
        """What is owed."""
        return self.call_price.quote.asset_id

    @property
    def get_collateral(self) -> Asset:
        """The collateral as an amount."""
        return Asset(self.collateral, self.call_price.base.asset_id)

    @property
    def get_debt(self) -> Asset:
        """The debt as an amount."""
        return Asset(self.debt, self.call_price.quote.asset_id)

    @property
    def collateralization(self) -> Price:
        """Collateral per debt."""
        return Price(self.get_collateral, self.get_debt)

    def accounts(self) -> set[int]:
        return {self.borrower}


class ForceSettlement(ChainObject):
    """``force_settlement_object``."""

    SPACE, TYPE = 1, 4

    owner: int = of(serial.account_id)
    balance: Asset = of(serial.amount)
    settlement_date: int = of(serial.moment)

    def accounts(self) -> set[int]:
        return {self.owner}


class CollateralBid(ChainObject):
    """``collateral_bid_object``."""

    SPACE, TYPE = 2, 16

    bidder: int = of(serial.account_id)
    inv_swan_price: Price = of(serial.price)

    def accounts(self) -> set[int]:
        return {self.bidder}


class OperationHistory(ChainObject):
    """``operation_history_object``."""

    SPACE, TYPE = 1, 11

    op: Operation = of(operation)
    result: tuple[int, Any] = of(operation_result)
    block_num: int = of(serial.uint32)
    trx_in_block: int = of(serial.uint16)
    op_in_trx: int = of(serial.uint16)
    virtual_op: int = of(serial.uint32)
    is_virtual: bool = of(serial.boolean)
    block_time: int = of(serial.moment)

    def accounts(self) -> set[int]:
        return self.op.impacted()


class AccountHistory(ChainObject):
    """``account_history_object``: a link of an account's chain of operations."""

    SPACE, TYPE = 2, 9

    account: int = of(serial.account_id)
    operation_id: int = of(serial.operation_history_id)
    sequence: int = of(serial.uint64)
    next: int = of(serial.Id(2, 9))

    def accounts(self) -> set[int]:
        return {self.account}


class TransactionHistory(ChainObject):
    """``transaction_history_object``: transactions that have not expired."""

    SPACE, TYPE = 2, 7

    trx: Transaction = of(StructOf(Transaction))
    trx_id: str = of(serial.text)

    def accounts(self) -> set[int]:
        return {a for op in self.trx.operations for a in op.impacted()}


class BlockSummary(ChainObject):
    """``block_summary_object``: block ids for TaPoS, made when first needed."""

    SPACE, TYPE = 2, 8

    block_id: bytes = of(serial.hash160)


class Witness(ChainObject):
    """``witness_object``."""

    SPACE, TYPE = 1, 6

    witness_account: int = of(serial.account_id)
    last_aslot: int = of(serial.uint64)
    signing_key: bytes = of(serial.public_key)
    pay_vb: int | None = of(OptionalOf(serial.vesting_balance_id))
    vote_id: tuple[int, int] = of(serial.vote_id)
    total_votes: int = of(serial.uint64)
    url: str = of(serial.text)
    total_missed: int = of(serial.int64)
    last_confirmed_block_num: int = of(serial.uint32)

    def accounts(self) -> set[int]:
        return {self.witness_account}


class CommitteeMember(ChainObject):
    """``committee_member_object``."""

    SPACE, TYPE = 1, 5

    committee_member_account: int = of(serial.account_id)
    vote_id: tuple[int, int] = of(serial.vote_id)
    total_votes: int = of(serial.uint64)
    url: str = of(serial.text)

    def accounts(self) -> set[int]:
        return {self.committee_member_account}


class VestingBalance(ChainObject):
    """``vesting_balance_object``; the policy is linear, by coin seconds, or instant."""

    SPACE, TYPE = 1, 13

    owner: int = of(serial.account_id)
    balance: Asset = of(serial.amount)
    policy: tuple[int, Any] = of(vesting_policy)
    balance_type: str = of(serial.text)

    def accounts(self) -> set[int]:
        return {self.owner}


class DynamicGlobalProperties(ChainObject):
    """``dynamic_global_property_object``."""

    SPACE, TYPE = 2, 1

    head_block_number: int = of(serial.uint32)
    head_block_id: bytes = of(serial.hash160)
    time: int = of(serial.moment)
    current_witness: int = of(serial.witness_id)
    next_maintenance_time: int = of(serial.moment)
    last_vote_tally_time: int = of(serial.moment)
    last_budget_time: int = of(serial.moment)
    witness_budget: int = of(serial.int64)
    total_pob: int = of(serial.int64)
    total_inactive: int = of(serial.int64)
    accounts_registered_this_interval: int = of(serial.uint32)
    recently_missed_count: int = of(serial.uint32)
    current_aslot: int = of(serial.uint64)
    recent_slots_filled: int = of(serial.uint128, lambda: 2**128 - 1)
    dynamic_flags: int = of(serial.uint32)
    last_irreversible_block_num: int = of(serial.uint32)


class GlobalProperties(ChainObject):
    """``global_property_object``; the parameters are kept as core's JSON."""

    SPACE, TYPE = 2, 0

    parameters: dict[str, Any] = of(serial.empty)
    next_available_vote_id: int = of(serial.uint32)
    active_committee_members: tuple[int, ...] = of(ListOf(serial.committee_member_id))
    active_witnesses: tuple[int, ...] = of(ListOf(serial.witness_id))

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "parameters": self.parameters}


class ChainProperties(ChainObject):
    """``chain_property_object``."""

    SPACE, TYPE = 2, 11

    chain_id: bytes = of(serial.hash256)

    def to_json(self) -> dict[str, Any]:
        limits = {
            "min_committee_member_count": 11,
            "min_witness_count": 11,
            "num_special_accounts": 0,
            "num_special_assets": 0,
        }
        return {**super().to_json(), "immutable_parameters": limits}


class WitnessSchedule(ChainObject):
    """``witness_schedule_object``."""

    SPACE, TYPE = 2, 12

    current_shuffled_witnesses: tuple[int, ...] = of(ListOf(serial.witness_id))


class MarketTicker(ChainObject):
    """``market_ticker_object`` of the market history plugin; volumes are computed when asked for."""

    SPACE, TYPE = 5, 2

    base: int = of(serial.asset_id)
    quote: int = of(serial.asset_id)
    latest_base: int = of(serial.int64)
    latest_quote: int = of(serial.int64)


class Fill(ChainObject):
    """``order_history_object`` of the market history plugin."""

    SPACE, TYPE = 5, 0

    base: int = of(serial.asset_id)
    quote: int = of(serial.asset_id)
    sequence: int = of(serial.int64)
    time: int = of(serial.moment)
    op: Operation = of(operation)

    def to_json(self) -> dict[str, Any]:
        key = {"base": f"1.3.{self.base}", "quote": f"1.3.{self.quote}", "sequence": self.sequence}
        return {"id": self.id, "key": key, "time": serial.time_to_text(self.time), "op": self.op.to_json()}
