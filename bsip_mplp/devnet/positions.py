"""Debt positions and collateral bids (``call_order_update`` and ``bid_collateral`` in ``market_evaluator.cpp``)."""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from . import calls, feeds, fills
from .amounts import Asset, Price
from .constants import BlackSwanResponse, Permission
from .errors import AssertError, InsufficientFeeds, require
from .evaluator import Evaluator, created
from .objects import AssetObject, Bitasset, CallOrder, CollateralBid
from .operations import DONE, BidCollateral, CallOrderUpdate, Result
from .state import State


def _market_issued(state: State, asset_id: int) -> tuple[AssetObject, Bitasset]:
    asset = state.asset(asset_id)
    require(
        asset.is_market_issued,
        "_debt_asset->is_market_issued(): Unable to cover ${sym} as it is not a collateralized asset.",
        {"sym": asset.symbol},
    )
    return asset, state.bitasset(asset)


def _check_holder(state: State, account: int, asset: AssetObject, bitasset: Bitasset) -> None:
    who = state.account(account)
    require(state.is_authorized(who, asset), "The account is not allowed to transact the debt asset")
    require(
        state.is_authorized(who, state.asset(bitasset.backing)),
        "The account is not allowed to transact the collateral asset",
    )


class UpdatePosition(Evaluator[CallOrderUpdate], operation=CallOrderUpdate):
    """``call_order_update``."""

    FILE = "market_evaluator.cpp"

    def check(self) -> None:
        state, op = self.state, self.op
        self.asset, self.bitasset = _market_issued(state, op.delta_debt.asset_id)
        self._check_supply()
        require(
            not self.bitasset.is_globally_settled,
            "!_bitasset_data->is_globally_settled(): Cannot update debt position when the asset has been globally "
            "settled",
        )
        require(
            op.delta_collateral.asset_id == self.bitasset.backing,
            "Collateral asset type should be same as backing asset of debt asset",
        )
        self.call = state.call_of.get((op.funding_account, op.delta_debt.asset_id))
        self._check_result()
        self._check_feed()
        _check_holder(state, op.funding_account, self.asset, self.bitasset)

    def _check_supply(self) -> None:
        delta = self.op.delta_debt.amount
        require(delta <= 0 or not self.asset.flag(Permission.DISABLE_NEW_SUPPLY), "Can not create new supply")
        supply = self.state.dynamic(self.asset).current_supply + delta
        require(supply <= self.asset.options.max_supply, "Borrowing this quantity would exceed MAX_SUPPLY")
        require(supply >= 0, "This transaction would bring current supply below zero.")

    def _check_result(self) -> None:
        """What the position would be after the operation."""
        op, call = self.op, self.call
        self.closing = False
        if call is None:
            require(op.delta_collateral.amount > 0, "Delta collateral amount of new debt position should be positive")
            require(op.delta_debt.amount > 0, "Delta debt amount of new debt position should be positive")
            self.new_collateral, self.new_debt = op.delta_collateral.amount, op.delta_debt.amount
            return
        self.new_collateral = call.collateral + op.delta_collateral.amount
        self.new_debt = call.debt + op.delta_debt.amount
        if self.new_debt == 0:
            require(
                self.new_collateral == 0,
                "new_collateral == 0: Should claim all collateral when closing debt position",
            )
            self.closing = True
        else:
            require(
                self.new_collateral > 0 and self.new_debt > 0,
                "new_collateral > 0 && new_debt > 0: Both collateral and debt should be positive after updated a debt "
                "position if not to close it",
            )

    def _check_feed(self) -> None:
        if self.bitasset.is_prediction_market:
            require(
                self.op.delta_collateral.amount == self.op.delta_debt.amount,
                "Debt amount and collateral amount should be same when updating debt position in a prediction market",
            )
        elif self.bitasset.current_feed.settlement_price.is_null and not self.closing:
            raise InsufficientFeeds("Cannot borrow asset with no price feed.")

    def apply(self) -> Result:
        state, op = self.state, self.op
        state.adjust_balance(op.funding_account, op.delta_debt)
        if op.delta_debt.amount:
            state.change_supply(self.asset, op.delta_debt.amount)
        state.adjust_balance(op.funding_account, -op.delta_collateral)
        state.adjust_core_in_orders(op.funding_account, op.delta_collateral)
        if self.closing and self.call is not None:
            return self._close(self.call)
        old = self.call.collateralization if self.call else None
        old_debt = self.call.debt if self.call else 0
        call = self._store()
        result = created(call)
        if not self.bitasset.is_prediction_market:
            increasing = old is not None and call.debt <= old_debt and call.collateralization > old
            self._check_margin(call, increasing)
        return result

    def _close(self, call: CallOrder) -> Result:
        state, bitasset = self.state, self.bitasset
        result = created(call)
        state.store.remove(call)
        if bitasset.response == BlackSwanResponse.NO_SETTLEMENT:
            old_price = bitasset.current_feed.settlement_price
            feeds.update_current_feed(state, bitasset, skip_median=True)
            price = bitasset.current_feed.settlement_price
            if not price.is_null and price != old_price:
                calls.check_call_orders(state, self.asset, bitasset)
        return result

    def _store(self) -> CallOrder:
        op, store = self.op, self.state.store
        target = op.extensions.target_collateral_ratio
        if self.call is not None:
            store.update(self.call, collateral=self.new_collateral, debt=self.new_debt, target_collateral_ratio=target)
            return self.call
        return store.create(
            CallOrder,
            borrower=op.funding_account,
            collateral=self.new_collateral,
            debt=self.new_debt,
            call_price=Price(Asset(1, op.delta_collateral.asset_id), Asset(1, op.delta_debt.asset_id)),
            target_collateral_ratio=target,
        )

    def _check_margin(self, call: CallOrder, increasing: bool) -> None:
        """No position may be made that is called at once, unless the call fills it or makes it safe."""
        state, bitasset = self.state, self.bitasset
        collateralization = call.collateralization
        require(
            increasing or collateralization >= ~bitasset.median_feed.max_short_squeeze_price(),
            "increasing_cr || call_collateralization >= ~( _bitasset_data->median_feed.max_short_squeeze_price() ): "
            "Could not create a debt position which would trigger a blackswan event instantly, unless it is to "
            "increase collateral ratio of an existing debt position and is not increasing its debt amount",
        )
        if bitasset.response == BlackSwanResponse.NO_SETTLEMENT:
            feeds.update_current_feed(state, bitasset, skip_median=True)
        called = calls.check_call_orders(state, self.asset, bitasset, allow_black_swan=False)
        left = state.calls.get(call.number)
        if called:
            require(
                left is None or increasing or left.collateralization > bitasset.current_initial_collateralization,
                "Could not create a debt position which would trigger a margin call instantly, unless the debt "
                "position is fully filled, or it is to increase collateral ratio of an existing debt position and is "
                "not increasing its debt amount, or the remaining debt position's collateral ratio is above required "
                "initial collateral ratio (ICR)",
            )
            return
        if left is None:
            raise AssertError("no margin call was executed and yet the call object was deleted")
        require(
            increasing or collateralization > bitasset.current_initial_collateralization,
            "ok: Can only increase collateral ratio without increasing debt when the debt position's collateral ratio "
            "is lower than or equal to required initial collateral ratio (ICR), if not to trigger a margin call "
            "immediately",
        )


class Bid(Evaluator[BidCollateral], operation=BidCollateral):
    """``bid_collateral``."""

    FILE = "market_evaluator.cpp"

    def check(self) -> None:
        state, op = self.state, self.op
        asset, bitasset = _market_issued(state, op.debt_covered.asset_id)
        require(not asset.flag(Permission.DISABLE_COLLATERAL_BIDDING), "Collateral bidding is disabled for this asset")
        require(bitasset.is_globally_settled, "Cannot bid since the asset is not globally settled")
        require(
            op.additional_collateral.asset_id == bitasset.backing,
            "o.additional_collateral.asset_id == _bitasset_data->options.short_backing_asset: ",
        )
        require(not bitasset.is_prediction_market, "Cannot bid on a prediction market!")
        self.bid = state.bid_of.get((op.debt_covered.asset_id, op.bidder))
        require(self.bid is not None or op.debt_covered.amount > 0, "Can't find bid to cancel?!")
        if op.additional_collateral.amount > 0:
            self._check_balance(bitasset)
        _check_holder(state, op.bidder, asset, bitasset)

    def _check_balance(self, bitasset: Bitasset) -> None:
        balance = self.state.balance(self.op.bidder, bitasset.backing)
        held = self.bid.inv_swan_price.base.amount if self.bid else 0
        require(
            balance >= self.op.additional_collateral.amount - held,
            "Cannot bid ${c} collateral when payer only has ${b}",
            {"c": self.op.additional_collateral.amount, "b": balance},
        )

    def apply(self) -> Result:
        state, op = self.state, self.op
        if self.bid is not None:
            fills.cancel_bid(state, self.bid, virtual=False)
        if op.debt_covered.amount == 0:
            return DONE
        state.adjust_balance(op.bidder, -op.additional_collateral)
        state.store.create(CollateralBid, bidder=op.bidder, inv_swan_price=op.additional_collateral / op.debt_covered)
        return DONE
