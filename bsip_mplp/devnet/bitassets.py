"""Market-issued assets: their options, feed producers, feeds, global settlement (``asset_evaluator.cpp``)."""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from . import blackswan, calls, feeds
from .amounts import NULL_PRICE, Asset, Price
from .constants import COMMITTEE_ACCOUNT, CORE_ASSET, WITNESS_ACCOUNT, BlackSwanResponse, Permission
from .errors import require
from .evaluator import Evaluator
from .objects import AssetObject, Bitasset, Feed
from .operations import (
    DONE,
    AssetGlobalSettle,
    AssetPublishFeed,
    AssetUpdateBitasset,
    AssetUpdateFeedProducers,
    BitassetOptions,
    Result,
)
from .state import State

_FED = Permission.WITNESS_FED | Permission.COMMITTEE_FED


class UpdateBitasset(Evaluator[AssetUpdateBitasset], operation=AssetUpdateBitasset):
    """``asset_update_bitasset``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        asset = state.asset(op.asset_to_update)
        require(asset.is_market_issued, "Cannot update BitAsset-specific settings on a non-BitAsset.")
        require(op.issuer == asset.issuer, "Only asset issuer can update bitasset_data of the asset.")
        bitasset = state.bitasset(asset)
        if bitasset.is_prediction_market:
            require(
                op.new_options.extensions.black_swan_response_method is None,
                "Can not set black_swan_response_method for Prediction Markets",
            )
        self._check_permissions(asset, bitasset)
        if op.new_options.black_swan_response != bitasset.response:
            self._check_response(asset, bitasset)
        if op.new_options.short_backing_asset != bitasset.backing:
            self._check_backing(asset, bitasset)
        interval = int(state.parameters["block_interval"])
        require(op.new_options.feed_lifetime_sec > interval, "Feed lifetime must exceed block interval.")
        require(
            op.new_options.force_settlement_delay_sec > interval,
            "Force settlement delay must exceed block interval.",
        )

    def _check_permissions(self, asset: AssetObject, bitasset: Bitasset) -> None:
        old, new = bitasset.options.extensions, self.op.new_options.extensions
        for member, bit, name in (
            ("maintenance_collateral_ratio", Permission.DISABLE_MCR_UPDATE, "MCR"),
            ("initial_collateral_ratio", Permission.DISABLE_ICR_UPDATE, "ICR"),
            ("maximum_short_squeeze_ratio", Permission.DISABLE_MSSR_UPDATE, "MSSR"),
        ):
            changed = getattr(old, member) != getattr(new, member)
            require(not (changed and asset.permits(bit)), f"No permission to update {name}")

    def _check_response(self, asset: AssetObject, bitasset: Bitasset) -> None:
        require(not asset.permits(Permission.DISABLE_BSRM_UPDATE), "No permission to update BSRM")
        require(not bitasset.is_globally_settled, "Unable to update BSRM when the asset has been globally settled")
        if bitasset.response == BlackSwanResponse.INDIVIDUAL_TO_FUND:
            require(
                not bitasset.is_settled_to_fund,
                "Unable to update BSRM when the individual settlement pool (for force-settlements) is not empty",
            )
        elif bitasset.response == BlackSwanResponse.INDIVIDUAL_TO_ORDER:
            require(
                self.state.settled_debt_orders.get(asset.number) is None,
                "Unable to update BSRM when there exists an individual settlement order",
            )

    def _check_backing(self, asset: AssetObject, bitasset: Bitasset) -> None:
        op, state = self.op, self.state
        require(
            not bitasset.is_globally_settled,
            "Cannot change backing asset after a global settlement has executed",
        )
        dynamic = state.dynamic(asset)
        require(dynamic.current_supply == 0, "Cannot change backing asset if there is already a current supply.")
        require(
            dynamic.accumulated_collateral_fees == 0,
            "Must claim collateral-denominated fees before changing backing asset.",
        )
        backing = state.asset(op.new_options.short_backing_asset)
        require(backing.number != asset.number, "Cannot update an asset to be backed by itself.")
        if bitasset.is_prediction_market:
            require(
                asset.precision == backing.precision,
                "The precision of the asset and backing asset must be equal.",
            )
        if backing.number != CORE_ASSET:
            self._check_children(asset, backing)
        if backing.is_market_issued:
            ground = state.asset(state.bitasset(backing).backing)
            require(
                ground.number == CORE_ASSET or not ground.is_market_issued,
                "A BitAsset cannot be backed by a BitAsset that itself is backed by a BitAsset.",
            )
            require(
                asset.issuer != COMMITTEE_ACCOUNT or ground.number == CORE_ASSET,
                "May not modify a blockchain-controlled market asset to be backed by an asset which is not backed by "
                "CORE.",
            )
        else:
            require(
                asset.issuer != COMMITTEE_ACCOUNT or backing.number == CORE_ASSET,
                "May not modify a blockchain-controlled market asset to be backed by an asset which is not market "
                "issued asset nor CORE.",
            )

    def _check_children(self, asset: AssetObject, backing: AssetObject) -> None:
        """Assets that are backed by this one must stay valid."""
        for child in self.state.bitassets:
            if child.backing != asset.number:
                continue
            require(
                child.asset_id != backing.number,
                "A BitAsset would be invalidated by changing this backing asset ('A' backed by 'B' backed by 'A').",
            )
            require(
                self.state.asset(child.asset_id).issuer != COMMITTEE_ACCOUNT,
                "A blockchain-controlled market asset would be invalidated by changing this backing asset.",
            )
            require(
                not backing.is_market_issued,
                "A non-blockchain controlled BitAsset would be invalidated by changing this backing asset.",
            )

    def apply(self) -> Result:
        op, state = self.op, self.state
        asset = state.asset(op.asset_to_update)
        bitasset = state.bitasset(asset)
        old, new = bitasset.options, op.new_options
        recompute = _changes_feeds(old, new)
        changes: dict[str, object] = {"options": new}
        if old.short_backing_asset != new.short_backing_asset:
            changes["feeds"] = () if asset.options.flags & _FED else _without_prices(bitasset)
        state.store.update(bitasset, **changes)
        changed = old.extensions.margin_call_fee_ratio != new.extensions.margin_call_fee_ratio
        responses = (old.black_swan_response, new.black_swan_response)
        if recompute or (responses[0] != responses[1] and BlackSwanResponse.NO_SETTLEMENT in responses):
            current, median = bitasset.current_feed, bitasset.median_feed
            feeds.update_current_feed(state, bitasset, skip_median=not recompute)
            changed = changed or not current.same_for_calls(bitasset.current_feed)
            changed = changed or not median.same_for_calls(bitasset.median_feed)
        if changed:
            calls.check_call_orders(state, asset, bitasset)
        return DONE


def _changes_feeds(old: BitassetOptions, new: BitassetOptions) -> bool:
    """Whether the median must be computed again."""
    members = ("minimum_feeds", "feed_lifetime_sec", "short_backing_asset")
    ratios = ("initial_collateral_ratio", "maintenance_collateral_ratio", "maximum_short_squeeze_ratio")
    return any(getattr(old, m) != getattr(new, m) for m in members) or any(
        getattr(old.extensions, r) != getattr(new.extensions, r) for r in ratios
    )


def _without_prices(bitasset: Bitasset) -> tuple[tuple[int, tuple[int, Feed]], ...]:
    """Feeds in the old collateral are worth nothing, but their producers stay."""
    return tuple((who, (at, feed.replaced(settlement_price=NULL_PRICE))) for who, (at, feed) in bitasset.feeds)


class UpdateProducers(Evaluator[AssetUpdateFeedProducers], operation=AssetUpdateFeedProducers):
    """``asset_update_feed_producers``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        require(
            len(op.new_feed_producers) <= int(state.parameters["maximum_asset_feed_publishers"]),
            "Cannot specify more feed producers than maximum allowed",
        )
        asset = state.asset(op.asset_to_update)
        require(asset.is_market_issued, "Cannot update feed producers on a non-BitAsset.")
        require(not asset.flag(Permission.COMMITTEE_FED), "Cannot set feed producers on a committee-fed asset.")
        require(not asset.flag(Permission.WITNESS_FED), "Cannot set feed producers on a witness-fed asset.")
        require(asset.issuer == op.issuer, "Only asset issuer can update feed producers of an asset")
        for account in op.new_feed_producers:
            state.account(account)

    def apply(self) -> Result:
        op, state = self.op, self.state
        asset = state.asset(op.asset_to_update)
        bitasset = state.bitasset(asset)
        known = dict(bitasset.feeds)
        kept = tuple((who, known.get(who, (0, Feed()))) for who in op.new_feed_producers)
        state.store.update(bitasset, feeds=kept)
        feeds.update_current_feed(state, bitasset)
        calls.check_call_orders(state, asset, bitasset)
        return DONE


class PublishFeed(Evaluator[AssetPublishFeed], operation=AssetPublishFeed):
    """``asset_publish_feed``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        asset = state.asset(op.asset_id)
        require(
            asset.is_market_issued,
            "base.is_market_issued(): Can only publish price feeds for market-issued assets",
        )
        bitasset = state.bitasset(asset)
        require(
            not (bitasset.is_prediction_market and bitasset.is_globally_settled),
            "No further feeds may be published after a settlement event",
        )
        require(
            op.feed.settlement_price.quote.asset_id == bitasset.backing,
            "Quote asset type in settlement price should be same as backing asset of this asset",
        )
        require(
            op.feed.core_exchange_rate.quote.asset_id == CORE_ASSET,
            "Quote asset in core exchange rate should be CORE asset",
        )
        self._check_publisher(asset, bitasset)

    def _check_publisher(self, asset: AssetObject, bitasset: Bitasset) -> None:
        publisher = self.op.publisher
        if asset.flag(Permission.WITNESS_FED):
            require(
                publisher in _members(self.state, WITNESS_ACCOUNT),
                "Only active witnesses are allowed to publish price feeds for this asset",
            )
        elif asset.flag(Permission.COMMITTEE_FED):
            require(
                publisher in _members(self.state, COMMITTEE_ACCOUNT),
                "Only active committee members are allowed to publish price feeds for this asset",
            )
        else:
            require(
                any(who == publisher for who, _ in bitasset.feeds),
                "bitasset.feeds.count(o.publisher) > 0: The account is not in the set of allowed price feed producers "
                "of this asset",
            )

    def apply(self) -> Result:
        op, state = self.op, self.state
        asset = state.asset(op.asset_id)
        bitasset = state.bitasset(asset)
        old_median = bitasset.median_feed
        published = Feed.published(op.feed, op.extensions.initial_collateral_ratio)
        table = {**dict(bitasset.feeds), op.publisher: (state.now, published)}
        state.store.update(bitasset, feeds=tuple(sorted(table.items(), key=lambda row: row[0])))
        feeds.update_current_feed(state, bitasset)
        if old_median.same_for_calls(bitasset.median_feed):
            return DONE
        if bitasset.is_globally_settled and not bitasset.current_feed.settlement_price.is_null:
            supply = state.dynamic(asset).current_supply
            if supply == 0 or self._fund_is_enough(bitasset, supply):
                blackswan.revive(state, asset, bitasset)
        calls.check_call_orders(state, asset, bitasset)
        return DONE

    @staticmethod
    def _fund_is_enough(bitasset: Bitasset, supply: int) -> bool:
        """Whether the settlement fund stands above ICR at the new feed."""
        fund = Price(Asset(bitasset.settlement_fund, bitasset.backing), Asset(supply, bitasset.asset_id))
        return fund > bitasset.current_initial_collateralization


def _members(state: State, account: int) -> set[int]:
    return {member for member, _ in state.account(account).active.account_auths}


class GlobalSettle(Evaluator[AssetGlobalSettle], operation=AssetGlobalSettle):
    """``asset_global_settle``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        asset = state.asset(op.asset_to_settle)
        require(asset.is_market_issued, "Can only globally settle market-issued assets")
        require(asset.permits(Permission.GLOBAL_SETTLE), "The global_settle permission of this asset is disabled")
        require(asset.issuer == op.issuer, "Only asset issuer can globally settle an asset")
        require(state.dynamic(asset).current_supply > 0, "Can not globally settle an asset with zero supply")
        bitasset = state.bitasset(asset)
        require(
            not bitasset.is_globally_settled,
            "This asset has been globally settled, cannot globally settle again",
        )
        call = feeds.least_collateralized(state, bitasset)
        if call is not None:
            require(
                (call.get_debt * op.settle_price).amount <= call.collateral,
                "Cannot globally settle at supplied price: least collateralized short lacks sufficient collateral to "
                "settle.",
            )

    def apply(self) -> Result:
        asset = self.state.asset(self.op.asset_to_settle)
        blackswan.globally_settle(self.state, asset, self.state.bitasset(asset), self.op.settle_price)
        return DONE


def clear_expired_feeds(state: State) -> None:
    """Medians whose oldest feed has expired are computed again (``update_expired_feeds``)."""
    now = state.now
    due = []
    for bitasset in state.bitassets_by_expiration.walk():
        if bitasset.feed_expiration > now:
            break
        due.append(bitasset)
    for bitasset in due:
        asset = state.asset(bitasset.asset_id)
        current, median = bitasset.current_feed, bitasset.median_feed
        feeds.update_current_feed(state, bitasset)
        new_current, new_median = bitasset.current_feed, bitasset.median_feed
        if (not new_current.settlement_price.is_null and not new_current.same_for_calls(current)) or (
            not new_median.settlement_price.is_null and not new_median.same_for_calls(median)
        ):
            calls.check_call_orders(state, asset, bitasset)


def update_exchange_rates(state: State) -> None:
    """Core exchange rates of bitassets follow their feeds (``update_core_exchange_rates``)."""
    while True:
        bitasset = state.bitassets_by_rate.first()
        if bitasset is None:
            return
        asset = state.asset(bitasset.asset_id)
        rate = bitasset.current_feed.core_exchange_rate
        if asset.options.core_exchange_rate != rate:
            state.store.update(asset, options=asset.options.replaced(core_exchange_rate=rate))
        state.store.update(bitasset, asset_cer_updated=False, feed_cer_updated=False)
