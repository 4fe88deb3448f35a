"""Force settlement: requests, funds of settled assets, requests that fall due (``asset_settle``, ``db_update.cpp``)."""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from . import calls, feeds, fills, market_fees
from .amounts import Asset, Price
from .constants import PERCENT_100, BlackSwanResponse
from .errors import ChainError, InsufficientFeeds, require
from .evaluator import Evaluator
from .matching import SettleMatch, debt_to_cover
from .objects import Bitasset, ForceSettlement
from .operations import AssetSettle, Result, SettleResult
from .state import State

_EXTENDABLE = 5  # tag of the result


class Settle(Evaluator[AssetSettle], operation=AssetSettle):
    """``asset_settle``."""

    FILE = "asset_evaluator.cpp"

    def check(self) -> None:
        state, op = self.state, self.op
        self.asset = asset = state.asset(op.amount.asset_id)
        require(asset.is_market_issued, "Can only force settle a predition market or a market issued asset")
        self.bitasset = bitasset = state.bitasset(asset)
        require(
            asset.can_force_settle or bitasset.is_globally_settled or bitasset.is_settled_to_fund,
            "Either the asset need to have the force_settle flag enabled, or it need to be globally settled, or the "
            "individual settlement pool (for force-settlements) is not empty",
        )
        if bitasset.is_prediction_market:
            require(
                bitasset.is_globally_settled,
                "Global settlement must occur before force settling a prediction market",
            )
        elif (
            bitasset.current_feed.settlement_price.is_null
            and not bitasset.is_globally_settled
            and not bitasset.is_settled_to_fund
        ):
            raise InsufficientFeeds(
                "Cannot force settle with no price feed if the asset is not globally settled and the individual "
                "settlement pool (for force-settlements) is not empty"
            )
        balance = state.balance(op.account, op.amount.asset_id)
        require(
            balance >= op.amount.amount,
            "d.get_balance( op.account, op.amount.asset_id ) >= op.amount: Insufficient balance",
        )
        account = state.account(op.account)
        require(state.is_authorized(account, asset), "The account is not allowed to settle the asset")
        require(
            state.is_authorized(account, state.asset(bitasset.backing)),
            "The account is not allowed to receive the backing asset",
        )

    def apply(self) -> Result:
        if self.bitasset.is_globally_settled:
            return _EXTENDABLE, self._from_global_fund()
        result = SettleResult()
        amount = self.op.amount
        if self.bitasset.is_settled_to_fund:
            result = self._from_individual_pool()
            if self.bitasset.is_settled_to_fund or not self.asset.can_force_settle:
                return _EXTENDABLE, result
            amount -= (result.paid or ())[0]
        if amount.amount == 0 or self.bitasset.current_feed.settlement_price.is_null:
            return _EXTENDABLE, result
        settle = self._request(amount)
        result = result.replaced(new_objects=(settle.id,))
        apply_force_settlement(self.state, settle, self.bitasset)
        return _EXTENDABLE, result

    def _request(self, amount: Asset) -> ForceSettlement:
        state = self.state
        state.adjust_balance(self.op.account, -amount)
        due = state.now + self.bitasset.options.force_settlement_delay_sec
        return state.store.create(ForceSettlement, owner=self.op.account, balance=amount, settlement_date=due)

    def _from_global_fund(self) -> SettleResult:
        state, bitasset, amount = self.state, self.bitasset, self.op.amount
        takes_all = amount.amount == state.dynamic(self.asset).current_supply
        settled = Asset(bitasset.settlement_fund, bitasset.backing) if takes_all else amount * bitasset.settlement_price
        require(settled.amount <= bitasset.settlement_fund, "settled_amount.amount <= bitasset.settlement_fund: ")
        if settled.amount == 0 and not bitasset.is_prediction_market:
            raise ChainError("Settle amount is too small to receive anything due to rounding")
        pays = amount
        if not takes_all and settled.amount != 0:
            pays = settled.times_up(bitasset.settlement_price)
        state.adjust_balance(self.op.account, -pays)
        fees: list[Asset] = []
        if settled.amount > 0:
            state.store.update(bitasset, settlement_fund=bitasset.settlement_fund - settled.amount)
            settled, fees = self._pay_out(pays, settled)
        state.change_supply(self.asset, -pays.amount)
        return SettleResult(paid=(pays,), received=(settled,), fees=tuple(fees) or (Asset(0, bitasset.backing),))

    def _pay_out(self, pays: Asset, settled: Asset) -> tuple[Asset, list[Asset]]:
        """Take the collateral fee and the market fee out of a payment and pay the rest."""
        fees = []
        collateral_fee = self._collateral_fee(pays, settled)
        if collateral_fee is not None:
            self.state.accumulate_fee(self.asset, collateral_fee)
            settled -= collateral_fee
            fees.append(collateral_fee)
        account = self.state.account(self.op.account)
        backing = self.state.asset(settled.asset_id)
        fee = market_fees.pay_market_fees(self.state, account, backing, settled, is_maker=False)
        settled -= fee
        self.state.adjust_balance(self.op.account, settled)
        return settled, [*fees, fee]

    def _collateral_fee(self, pays: Asset, settled: Asset) -> Asset | None:
        """Where the fund pays more than a margin call would, the difference is the issuer's (core-2591)."""
        bitasset = self.bitasset
        if bitasset.is_prediction_market or bitasset.current_feed.settlement_price.is_null:
            return None
        try:
            by_call = pays.times_up(bitasset.margin_call_order_price())
        except ChainError:
            return None
        return settled - by_call if by_call.amount < settled.amount else None

    def _from_individual_pool(self) -> SettleResult:
        state, bitasset = self.state, self.bitasset
        pays = Asset(bitasset.individual_settlement_debt, bitasset.asset_id)
        settled = Asset(bitasset.individual_settlement_fund, bitasset.backing)
        if self.op.amount.amount < bitasset.individual_settlement_debt:
            price = bitasset.individual_settlement_price()
            settled = self.op.amount * price
            require(settled.amount > 0, "Settle amount is too small to receive anything due to rounding")
            pays = settled.times_up(price)
        state.adjust_balance(self.op.account, -pays)
        state.store.update(
            bitasset,
            individual_settlement_debt=bitasset.individual_settlement_debt - pays.amount,
            individual_settlement_fund=bitasset.individual_settlement_fund - settled.amount,
        )
        state.change_supply(self.asset, -pays.amount)
        settled, fees = self._pay_out(pays, settled)
        old_price = bitasset.current_feed.settlement_price
        feeds.update_current_feed(state, bitasset, skip_median=True)
        if bitasset.individual_settlement_debt == 0 and old_price != bitasset.current_feed.settlement_price:
            calls.check_call_orders(state, self.asset, bitasset)
        return SettleResult(paid=(pays,), received=(settled,), fees=tuple(fees))


def apply_force_settlement(state: State, settle: ForceSettlement, bitasset: Bitasset) -> None:
    """Match a new request with called positions at once (``apply_force_settlement``)."""
    asset = state.asset(bitasset.asset_id)
    fill_price = bitasset.margin_call_order_price()
    pays_price = bitasset.current_feed.max_short_squeeze_price()
    capped = bitasset.response == BlackSwanResponse.NO_SETTLEMENT and bitasset.is_price_capped
    while True:
        call = feeds.least_collateralized(state, bitasset)
        if call is None or call.collateralization > bitasset.current_maintenance_collateralization:
            return
        cover = Asset(debt_to_cover(bitasset, call, pays_price), bitasset.asset_id)
        SettleMatch(
            state,
            settle,
            call,
            bitasset,
            match_price=pays_price,
            fill_price=fill_price,
            max_settlement=cover,
            is_margin_call=True,
            settle_is_taker=True,
        ).run()
        gone = state.settlements.get(settle.number) is None
        if capped:
            calls.check_call_orders(state, asset, bitasset, skip_settlements=True)
            if not gone:
                fill_price = bitasset.margin_call_order_price()
                pays_price = bitasset.current_feed.max_short_squeeze_price()
                capped = bitasset.is_price_capped
        if gone:
            return


def clear_expired(state: State) -> None:
    """Pay requests that are due, asset by asset, up to each asset's volume (``clear_expired_force_settlements``)."""
    for asset_id in state.settlements_by_date.groups():
        _clear_asset(state, asset_id)


def _clear_asset(state: State, asset_id: int) -> None:
    asset = state.asset(asset_id)
    bitasset = state.bitasset(asset)
    volume: int | None = None
    price = None
    while True:
        settle = state.settlements_by_date.first(asset_id)
        if settle is None:
            return
        if bitasset.is_globally_settled:
            fills.cancel_settle_order(state, settle)
            continue
        if settle.settlement_date > state.now:
            return
        if (
            bitasset.current_feed.settlement_price.is_null
            or bitasset.options.force_settlement_offset_percent == PERCENT_100
        ):
            fills.cancel_settle_order(state, settle)
            continue
        if volume is None:
            volume = bitasset.max_settlement_volume(state.dynamic(asset).current_supply)
        if bitasset.force_settled_volume >= volume:
            return
        if price is None:
            offset = PERCENT_100 - bitasset.options.force_settlement_offset_percent
            price = bitasset.current_feed.settlement_price.scaled(PERCENT_100, offset)
        if not _clear_one(state, settle, bitasset, volume, price):
            return


def _clear_one(state: State, settle: ForceSettlement, bitasset: Bitasset, volume: int, price: Price) -> bool:
    """Pay one request from the least collateralised positions; false if the asset is done for this block."""
    settled = bitasset.force_settled_volume
    go_on = True
    while settled < volume and state.settlements.get(settle.number) is not None:
        call = feeds.least_collateralized(state, bitasset)
        if settle.balance.amount == 0 or call is None:
            fills.cancel_settle_order(state, settle)
            break
        match = SettleMatch(
            state,
            settle,
            call,
            bitasset,
            match_price=price,
            fill_price=price,
            max_settlement=Asset(volume - settled, bitasset.asset_id),
            is_margin_call=False,
            settle_is_taker=True,
        )
        paid = match.run()
        if paid == 0:
            go_on = state.settlements.get(settle.number) is None
            break
        settled += paid
    if bitasset.force_settled_volume != settled:
        state.store.update(bitasset, force_settled_volume=settled)
    return go_on
