"""Assets of any kind: create, update, issue, burn, fee pools, fees (``asset_evaluator.cpp``)."""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from . import fills
from .amounts import Asset
from .constants import COMMITTEE_ACCOUNT, CORE_ASSET, Permission
from .errors import AssertError, AssetReserveInvalid, require
from .evaluator import Evaluator, created
from .objects import AssetDynamicData, AssetObject, Bitasset
from .operations import (
    DONE,
    AssetClaimFees,
    AssetClaimPool,
    AssetCreate,
    AssetFundFeePool,
    AssetIssue,
    AssetOptions,
    AssetReserve,
    AssetUpdate,
    AssetUpdateIssuer,
    BitassetOptions,
    Result,
)
from .state import State


def _check_lists(state: State, options: AssetOptions) -> None:
    most = int(state.parameters["maximum_asset_whitelist_authorities"])
    for authorities in (options.whitelist_authorities, options.blacklist_authorities):
        require(len(authorities) <= most, "authorities.size() <= maximum_asset_whitelist_authorities: ")
        for account in authorities:
            state.account(account)


def check_backing(state: State, issuer: int, backing: AssetObject) -> None:
    """No bitasset may be backed by a bitasset that is backed by a bitasset."""
    ground = backing
    if backing.is_market_issued:
        ground = state.asset(state.bitasset(backing).backing)
        require(not ground.is_market_issued, "May not create a bitasset backed by a bitasset backed by a bitasset.")
    require(
        issuer != COMMITTEE_ACCOUNT or ground.number == CORE_ASSET,
        "May not create a blockchain-controlled market asset which is not backed by CORE.",
    )


class CreateAsset(Evaluator[AssetCreate], operation=AssetCreate):
    """``asset_create``: half of the fee goes to the new asset's fee pool."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        op.common_options.validate_flags(op.bitasset_opts is not None)
        _check_lists(state, op.common_options)
        require(state.asset_named.get(op.symbol) is None, "asset_symbol_itr == asset_indx.end(): ")
        self._check_prefix()
        if op.bitasset_opts is not None:
            self._check_bitasset(op.bitasset_opts)

    def _check_prefix(self) -> None:
        op, state = self.op, self.state
        prefix, dot, _ = op.symbol.rpartition(".")
        if not dot:
            return
        parent = state.asset_named.get(prefix)
        if parent is None:
            raise AssertError(
                "Asset ${s} may only be created by issuer of asset ${p}, but asset ${p} has not been created",
                {"s": op.symbol, "p": prefix},
            )
        require(
            parent.issuer == op.issuer,
            "Asset ${s} may only be created by issuer of ${p}, ${i}",
            {"s": op.symbol, "p": prefix, "i": state.account(op.issuer).name},
        )

    def _check_bitasset(self, options: BitassetOptions) -> None:
        op, state = self.op, self.state
        backing = state.asset(options.short_backing_asset)
        check_backing(state, op.issuer, backing)
        interval = int(state.parameters["block_interval"])
        require(
            options.feed_lifetime_sec > interval and options.force_settlement_delay_sec > interval,
            "op.bitasset_opts->feed_lifetime_sec > chain_parameters.block_interval && "
            "op.bitasset_opts->force_settlement_delay_sec > chain_parameters.block_interval: ",
        )
        if op.is_prediction_market:
            require(
                op.precision == backing.precision,
                "op.precision == op.bitasset_opts->short_backing_asset(d).precision: ",
            )

    def pay_fee(self) -> None:
        self.to_pool = self.core_fee // 2
        self.core_fee -= self.to_pool
        super().pay_fee()

    def apply(self) -> Result:
        op, store = self.op, self.state.store
        number = self.state.assets.next_number
        dynamic = store.create(AssetDynamicData, fee_pool=self.to_pool)
        bitasset = None
        if op.bitasset_opts is not None:
            bitasset = store.create(
                Bitasset,
                options=op.bitasset_opts,
                is_prediction_market=op.is_prediction_market,
                asset_id=number,
            )
        options = op.common_options
        rate = options.core_exchange_rate
        base, quote = rate.base, rate.quote
        if base.asset_id == CORE_ASSET:
            quote = Asset(quote.amount, number)
        else:
            base = Asset(base.amount, number)
        asset = store.create(
            AssetObject,
            issuer=op.issuer,
            symbol=op.symbol,
            precision=op.precision,
            options=options.replaced(core_exchange_rate=base / quote),
            dynamic_asset_data_id=dynamic.number,
            bitasset_data_id=bitasset.number if bitasset else None,
            creation_block_num=self.state.head_number + 1,
            creation_time=self.state.next_time,
        )
        return created(asset)


class UpdateAsset(Evaluator[AssetUpdate], operation=AssetUpdate):
    """``asset_update``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        asset = state.asset(op.asset_to_update)
        new = op.new_options
        self._check_kind(asset)
        require(
            op.new_issuer is None,
            "Since Hardfork #199, updating issuer requires the use of asset_update_issuer_operation.",
        )
        dynamic = state.dynamic(asset)
        enabled = asset.options.enabled_permissions
        if dynamic.current_supply != 0:
            self._check_with_supply(asset, enabled)
            require(dynamic.current_supply <= new.max_supply, "Max supply should not be smaller than current supply")
        new.validate_flags(asset.is_market_issued)
        bits = Permission.VALID_FLAGS if asset.is_market_issued else Permission.UIA
        require(
            not (new.flags ^ asset.options.flags) & bits & ~enabled,
            "Flag change is forbidden by issuer permissions",
        )
        require(
            op.issuer == asset.issuer,
            "Incorrect issuer for asset! (${o.issuer} != ${a.issuer})",
            {"o.issuer": f"1.2.{op.issuer}", "a.issuer": f"1.2.{asset.issuer}"},
        )
        require(
            not asset.flag(Permission.LOCK_MAX_SUPPLY) or asset.options.max_supply == new.max_supply,
            "Can not update max supply",
        )
        self._check_precision(asset)
        _check_lists(state, new)

    def _check_kind(self, asset: AssetObject) -> None:
        permissions = self.op.new_options.issuer_permissions
        if not asset.is_market_issued:
            require(not permissions & Permission.NOT_UIA, "Unable to set non-UIA issuer permission bits on UIA")
        elif self.state.bitasset(asset).is_prediction_market:
            require(
                not permissions & Permission.DISABLE_BSRM_UPDATE,
                "Unable to set disable_bsrm_update issuer permission bit on PM",
            )
            require(
                bool(permissions & Permission.GLOBAL_SETTLE),
                "The global_settle permission should be enabled for prediction markets",
            )

    def _check_with_supply(self, asset: AssetObject, enabled: int) -> None:
        regained = self.op.new_options.enabled_permissions & ~enabled
        if not asset.is_market_issued:
            regained &= Permission.UIA
        elif self.state.bitasset(asset).is_prediction_market:
            regained &= ~Permission.DISABLE_BSRM_UPDATE
        require(
            not regained,
            "Cannot reinstate previously revoked issuer permissions on an asset if current supply is non-zero.",
        )
        require(self.op.extensions.new_precision is None, "Cannot update precision if current supply is non-zero")

    def _check_precision(self, asset: AssetObject) -> None:
        precision = self.op.extensions.new_precision
        if precision is None:
            return
        require(precision != asset.precision, "Specified a new precision but it does not change")
        if asset.is_market_issued:
            require(
                not self.state.bitasset(asset).is_prediction_market,
                "Can not update precision of a prediction market",
            )
        require(
            all(b.backing != asset.number for b in self.state.bitassets),
            "Asset ${a} is backed by this asset, can not update precision",
            {"a": asset.id},
        )

    def apply(self) -> Result:
        op, state = self.op, self.state
        asset = state.asset(op.asset_to_update)
        new = op.new_options
        if new.flags & Permission.DISABLE_FORCE_SETTLE and asset.can_force_settle:
            for settle in state.settlements_by_date.all(asset.number):
                fills.cancel_settle_order(state, settle)
        bidding = Permission.DISABLE_COLLATERAL_BIDDING
        if new.flags & bidding and not asset.flag(bidding):
            for bid in state.bids_by_price.all(asset.number):
                fills.cancel_bid(state, bid)
        old_rate = asset.options.core_exchange_rate
        if op.extensions.skip_core_exchange_rate is not None:
            new = new.replaced(core_exchange_rate=old_rate)
        elif asset.is_market_issued and old_rate != new.core_exchange_rate:
            state.store.update(state.bitasset(asset), asset_cer_updated=True)
        precision = op.extensions.new_precision
        state.store.update(asset, options=new, precision=asset.precision if precision is None else precision)
        return DONE


class UpdateIssuer(Evaluator[AssetUpdateIssuer], operation=AssetUpdateIssuer):
    """``asset_update_issuer``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        asset = state.asset(op.asset_to_update)
        require(state.accounts.get(op.new_issuer) is not None, "New issuer account does not exist")
        if asset.is_market_issued and op.new_issuer == COMMITTEE_ACCOUNT:
            check_backing(state, op.new_issuer, state.asset(state.bitasset(asset).backing))
        require(
            op.issuer == asset.issuer,
            "Incorrect issuer for asset! (${o.issuer} != ${a.issuer})",
            {"o.issuer": f"1.2.{op.issuer}", "a.issuer": f"1.2.{asset.issuer}"},
        )

    def apply(self) -> Result:
        self.state.store.update(self.state.asset(self.op.asset_to_update), issuer=self.op.new_issuer)
        return DONE


class Issue(Evaluator[AssetIssue], operation=AssetIssue):
    """``asset_issue``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        asset = state.asset(op.asset_to_issue.asset_id)
        require(op.issuer == asset.issuer, "o.issuer == a.issuer: ")
        require(not asset.is_market_issued, "Cannot manually issue a market-issued asset.")
        require(not asset.flag(Permission.DISABLE_NEW_SUPPLY), "Can not create new supply")
        require(
            state.is_authorized(state.account(op.issue_to_account), asset), "is_authorized_asset( d, *to_account, a ): "
        )
        require(
            state.dynamic(asset).current_supply + op.asset_to_issue.amount <= asset.options.max_supply,
            "(asset_dyn_data->current_supply + o.asset_to_issue.amount) <= a.options.max_supply: ",
        )

    def apply(self) -> Result:
        op, state = self.op, self.state
        state.adjust_balance(op.issue_to_account, op.asset_to_issue)
        state.change_supply(state.asset(op.asset_to_issue.asset_id), op.asset_to_issue.amount)
        return DONE


class Reserve(Evaluator[AssetReserve], operation=AssetReserve):
    """``asset_reserve``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        asset = state.asset(op.amount_to_reserve.asset_id)
        if asset.is_market_issued:
            raise AssetReserveInvalid(
                "Cannot reserve ${sym} because it is a market-issued asset", {"sym": asset.symbol}
            )
        require(state.is_authorized(state.account(op.payer), asset), "is_authorized_asset( d, *from_account, a ): ")
        require(
            state.dynamic(asset).current_supply >= op.amount_to_reserve.amount,
            "Can not reserve an amount that is more than the current supply",
        )

    def apply(self) -> Result:
        op, state = self.op, self.state
        state.adjust_balance(op.payer, -op.amount_to_reserve)
        state.change_supply(state.asset(op.amount_to_reserve.asset_id), -op.amount_to_reserve.amount)
        return DONE


class FundFeePool(Evaluator[AssetFundFeePool], operation=AssetFundFeePool):
    """``asset_fund_fee_pool``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        self.state.asset(self.op.asset_id)

    def apply(self) -> Result:
        op, state = self.op, self.state
        state.adjust_balance(op.from_account, Asset(-op.amount, CORE_ASSET))
        dynamic = state.dynamic(state.asset(op.asset_id))
        state.store.update(dynamic, fee_pool=dynamic.fee_pool + op.amount)
        return DONE


class ClaimFees(Evaluator[AssetClaimFees], operation=AssetClaimFees):
    """``asset_claim_fees``: fees in the asset itself or in its collateral."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        container = op.extensions.claim_from_asset_id
        self.asset = asset = state.asset(op.amount_to_claim.asset_id if container is None else container)
        require(asset.issuer == op.issuer, "Asset fees may only be claimed by the issuer")
        self.own = op.amount_to_claim.asset_id == asset.number
        require(
            self.own or (asset.is_market_issued and state.bitasset(asset).backing == op.amount_to_claim.asset_id),
            "Asset ${a} (${id}) is not backed by asset (${fid}) and does not hold it as fees.",
            {"a": asset.symbol, "id": asset.id, "fid": f"1.3.{op.amount_to_claim.asset_id}"},
        )
        dynamic = state.dynamic(asset)
        held = dynamic.accumulated_fees if self.own else dynamic.accumulated_collateral_fees
        require(
            op.amount_to_claim.amount <= held,
            "Attempt to claim more fees than have accumulated within asset ${a} (${id}).",
            {"a": asset.symbol, "id": asset.id},
        )

    def apply(self) -> Result:
        op, state = self.op, self.state
        dynamic = state.dynamic(self.asset)
        if self.own:
            left = dynamic.accumulated_fees - op.amount_to_claim.amount
            state.store.update(dynamic, accumulated_fees=left)
        else:
            left = dynamic.accumulated_collateral_fees - op.amount_to_claim.amount
            state.store.update(dynamic, accumulated_collateral_fees=left)
        state.adjust_balance(op.issuer, op.amount_to_claim)
        return DONE


class ClaimPool(Evaluator[AssetClaimPool], operation=AssetClaimPool):
    """``asset_claim_pool``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        asset = state.asset(op.asset_id)
        require(asset.issuer == op.issuer, "Asset fee pool may only be claimed by the issuer")
        require(
            op.amount_to_claim.amount <= state.dynamic(asset).fee_pool,
            "Attempt to claim more fees than is available",
        )

    def apply(self) -> Result:
        op, state = self.op, self.state
        dynamic = state.dynamic(state.asset(op.asset_id))
        state.store.update(dynamic, fee_pool=dynamic.fee_pool - op.amount_to_claim.amount)
        state.adjust_balance(op.issuer, op.amount_to_claim)
        return DONE
