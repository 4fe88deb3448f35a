"""Margin calls: positions at or below MCR against the book and against settlements (``check_call_orders``)."""

from __future__ import annotations

from . import blackswan, feeds, fills
from .amounts import Asset, Price
from .constants import BlackSwanResponse
from .errors import require
from .matching import Filled, SettleMatch, debt_to_cover, match_settled_debt
from .objects import AssetObject, Bitasset, CallOrder, LimitOrder
from .state import State

_INDIVIDUAL = (BlackSwanResponse.INDIVIDUAL_TO_FUND, BlackSwanResponse.INDIVIDUAL_TO_ORDER)


class _Undercollateralized(Exception):
    """The position cannot pay a match; it is left to settlements or to the next look for a black swan."""


def check_call_orders(
    state: State,
    asset: AssetObject,
    bitasset: Bitasset,
    *,
    allow_black_swan: bool = True,
    skip_settlements: bool = False,
) -> bool:
    """Call what may be called; true if something was."""
    if bitasset.is_prediction_market:
        return False
    if bitasset.response not in _INDIVIDUAL and blackswan.check(state, asset, bitasset, allowed=allow_black_swan):
        return False
    if bitasset.current_feed.settlement_price.is_null:
        return False
    return _Caller(state, asset, bitasset, allow_black_swan, skip_settlements).run()


class _Caller:
    """One pass over the positions of an asset, the least collateralised first, until one is safe."""

    def __init__(
        self, state: State, asset: AssetObject, bitasset: Bitasset, allow_black_swan: bool, skip_settlements: bool
    ) -> None:
        self.state, self.asset, self.bitasset = state, asset, bitasset
        self.allow_black_swan = allow_black_swan
        self.skip_settlements = skip_settlements
        self.side = (asset.number, bitasset.backing)
        self.lowest_bid = bitasset.margin_call_order_price()
        self.update_feed = bitasset.response == BlackSwanResponse.NO_SETTLEMENT and bitasset.is_price_capped
        self.called = False

    def run(self) -> bool:
        while feeds.least_collateralized(self.state, self.bitasset) is not None:
            settled = blackswan.check(self.state, self.asset, self.bitasset, allowed=self.allow_black_swan)
            if self.bitasset.is_globally_settled:
                return self.called
            if settled:
                self.called = True
                if feeds.least_collateralized(self.state, self.bitasset) is None:
                    break
                if self.bitasset.response == BlackSwanResponse.INDIVIDUAL_TO_FUND:
                    self.lowest_bid = self.bitasset.margin_call_order_price()
            outcome = self._call_one()
            if outcome is not None:
                return outcome
        check_settled_debt_order(self.state, self.bitasset)
        return self.called

    def _call_one(self) -> bool | None:
        """Call the first position; an answer ends the pass."""
        call = feeds.least_collateralized(self.state, self.bitasset)
        if call is None:
            return None
        if self.bitasset.current_maintenance_collateralization < call.collateralization:
            check_settled_debt_order(self.state, self.bitasset)
            return self.called
        order = self.state.book.first(self.side)
        if order is not None and order.sell_price >= self.lowest_bid:
            try:
                self._fill_from_book(call, order)
            except _Undercollateralized:
                pass
            else:
                return None
        if self.skip_settlements or self.state.settlements_by_date.first(self.asset.number) is None:
            return self.called
        if match_force_settlements(self.state, self.bitasset):
            self.called = True
            if self.update_feed:
                self._feed_changed()
        return None

    def _feed_changed(self) -> None:
        self.lowest_bid = self.bitasset.margin_call_order_price()
        self.update_feed = self.bitasset.is_price_capped

    def _fill_from_book(self, call: CallOrder, order: LimitOrder) -> None:
        price = order.sell_price
        self.called = True
        pays_price = price.scaled(*self.bitasset.margin_call_pays_ratio())
        to_buy = Asset(debt_to_cover(self.bitasset, call, pays_price), call.debt_asset)
        for_sale = order.amount_for_sale
        if to_buy.amount > for_sale.amount:
            order_receives = for_sale * price
            call_receives = order_receives.times_up(price)
            call_pays = call_receives * pays_price
            _refuse_worse(call, call_pays, call_receives)
        else:
            call_receives = to_buy
            call_pays = to_buy.times_up(pays_price)
            if call_pays.amount > call.collateral:
                raise _Undercollateralized
            order_receives = to_buy.times_up(price)
        require(call_pays.amount >= order_receives.amount, "call_pays >= limit_receives: ")
        fills.fill_call_order(
            self.state,
            call,
            call_pays,
            call_receives,
            fill_price=price,
            is_maker=False,
            margin_call_fee=call_pays - order_receives,
        )
        if self.update_feed:
            feeds.update_current_feed(self.state, self.bitasset, skip_median=True)
            self._feed_changed()
        fills.fill_limit_order(
            self.state, order, call_receives, order_receives, cull=True, fill_price=price, is_maker=True
        )


def _refuse_worse(call: CallOrder, pays: Asset, receives: Asset) -> None:
    """A partial fill must not lower the position's ratio."""
    if pays.amount >= call.collateral:
        raise _Undercollateralized
    after = Price(call.get_collateral - pays, call.get_debt - receives)
    if after < call.collateralization:
        raise _Undercollateralized


def match_force_settlements(state: State, bitasset: Bitasset) -> bool:
    """Match called positions with waiting settlements; true if a position changed."""
    match_price = bitasset.margin_call_order_price()
    pays_price = bitasset.current_feed.max_short_squeeze_price()
    while True:
        settle = state.settlements_by_date.first(bitasset.asset_id)
        call = feeds.least_collateralized(state, bitasset)
        if settle is None or call is None:
            return False
        if bitasset.current_maintenance_collateralization < call.collateralization:
            return False
        cover = Asset(debt_to_cover(bitasset, call, pays_price), bitasset.asset_id)
        match = SettleMatch(
            state,
            settle,
            call,
            bitasset,
            match_price=pays_price,
            fill_price=match_price,
            max_settlement=cover,
            is_margin_call=True,
            settle_is_taker=False,
        )
        if match.run() > 0:
            return True


def check_settled_debt_order(state: State, bitasset: Bitasset) -> None:
    """Match the order of individually settled debt with the book after its price has moved."""
    if bitasset.response != BlackSwanResponse.INDIVIDUAL_TO_ORDER:
        return
    order = state.settled_debt_orders.get(bitasset.asset_id)
    if order is None:
        return
    lowest = ~order.sell_price
    while True:
        best = state.book.first((bitasset.asset_id, bitasset.backing))
        if best is None or best.sell_price < lowest:
            return
        old_price = order.sell_price
        if match_settled_debt(state, order, best, best.sell_price) is not Filled.MAKER:
            return
        if old_price != order.sell_price:
            lowest = ~order.sell_price
