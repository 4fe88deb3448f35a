"""Positions that can no longer pay: global and individual settlement, bids and revival (``db_market.cpp``)."""

from __future__ import annotations

from . import feeds, fills
from .amounts import NULL_PRICE, Asset, Price
from .constants import NULL_ACCOUNT, RATIO_DENOMINATOR, TIME_MAX, BlackSwanResponse
from .errors import require
from .objects import AssetObject, Bitasset, CallOrder, CollateralBid, LimitOrder
from .operations import ExecuteBid
from .state import State

_INDIVIDUAL = (BlackSwanResponse.INDIVIDUAL_TO_FUND, BlackSwanResponse.INDIVIDUAL_TO_ORDER)


def check(state: State, asset: AssetObject, bitasset: Bitasset, *, allowed: bool) -> bool:
    """Settle what cannot pay any more (``check_for_blackswan``).

    True if the asset is globally settled or some positions were settled individually. Refuses if a black swan
    is not ``allowed``.
    """
    if bitasset.is_globally_settled:
        return True
    if bitasset.current_feed.settlement_price.is_null:
        return False
    if state.settlements_by_date.first(asset.number) is not None:
        return False  # waiting settlements are matched with the position first
    call = feeds.least_collateralized(state, bitasset)
    if call is None:
        return False
    best = state.book.first((asset.number, bitasset.backing))
    best_pays = best.sell_price.scaled(*bitasset.margin_call_pays_ratio()) if best else None
    settled_some = False
    while call is not None:
        highest = _highest_price(bitasset, best_pays)
        if not ~call.collateralization > highest:
            return settled_some
        require(
            allowed,
            "enable_black_swan: Black swan was detected during a margin update which is not allowed to trigger a "
            "blackswan",
            where="db_market.cpp:check_for_blackswan",
        )
        if bitasset.response not in _INDIVIDUAL:
            globally_settle(state, asset, bitasset, ~call.collateralization, check_margin_calls=True)
            return True
        individually_settle(state, bitasset, call)
        call = feeds.least_collateralized(state, bitasset)
        settled_some = True
    return True


def _highest_price(bitasset: Bitasset, best_pays: Price | None) -> Price:
    """Debt per collateral below which a position still finds a buyer."""
    to_fund = bitasset.response == BlackSwanResponse.INDIVIDUAL_TO_FUND
    feed = bitasset.median_feed if to_fund else bitasset.current_feed
    highest = feed.max_short_squeeze_price()
    if best_pays is None:
        return highest
    if not to_fund:
        return best_pays if highest < best_pays else highest
    return best_pays if best_pays >= bitasset.current_feed.max_short_squeeze_price() else highest


def globally_settle(
    state: State, asset: AssetObject, bitasset: Bitasset, price: Price, *, check_margin_calls: bool = False
) -> None:
    """Close every position into one fund.

    With ``check_margin_calls`` positions at or below MCR pay at ``price``; the squeeze premium goes to the
    issuer as a fee, and the fund receives by ``price`` × MSSR from all. If none is at or below MCR (as can be
    with an MSSR above it), core never turns to the fund's price and all pay at ``price`` into the fund.
    """
    supply = state.dynamic(asset).current_supply
    fund_price = price
    if check_margin_calls:
        fund_price = price.scaled(bitasset.current_feed.maximum_short_squeeze_ratio, RATIO_DENOMINATOR)
    gathered = 0
    calls = state.calls_by_collateral.all(bitasset.market)
    limit = bitasset.current_maintenance_collateralization
    rest_price = fund_price if calls and calls[0].collateralization <= limit else price
    for call in calls:
        called = check_margin_calls and call.collateralization <= limit
        debt = call.get_debt
        pays = Asset(min(debt.times_up(price if called else rest_price).amount, call.collateral), bitasset.backing)
        to_fund = pays.amount
        if called:
            to_fund = min(debt.times_up(fund_price).amount, pays.amount)
        gathered += to_fund
        fills.fill_call_order(
            state,
            call,
            pays,
            debt,
            fill_price=fund_price,
            is_maker=True,
            margin_call_fee=Asset(pays.amount - to_fund, bitasset.backing),
            reduce_supply=False,
        )
    order = state.settled_debt_orders.get(asset.number)
    if order is not None:
        state.store.remove(order)
    gathered += bitasset.individual_settlement_fund
    more = bitasset.options.extensions.replaced(black_swan_response_method=None)
    state.store.update(
        bitasset,
        options=bitasset.options.replaced(extensions=more),
        current_feed=bitasset.median_feed,
        individual_settlement_debt=0,
        individual_settlement_fund=0,
        settlement_price=Asset(supply, asset.number) / Asset(gathered, bitasset.backing),
        settlement_fund=gathered,
    )


def individually_settle(state: State, bitasset: Bitasset, call: CallOrder) -> None:
    """Move one position into the asset's pool, to a fund or to an order on the book."""
    debt, collateral = call.get_debt, call.get_collateral
    num, den = bitasset.margin_call_pays_ratio()
    fund_price = (~call.collateralization).scaled(den, num)
    to_fund = Asset(min(debt.times_up(fund_price).amount, collateral.amount), collateral.asset_id)
    state.store.update(
        bitasset,
        individual_settlement_debt=bitasset.individual_settlement_debt + debt.amount,
        individual_settlement_fund=bitasset.individual_settlement_fund + to_fund.amount,
    )
    if bitasset.response == BlackSwanResponse.INDIVIDUAL_TO_ORDER:
        _settle_to_order(state, bitasset, debt, to_fund)
    fills.fill_call_order(
        state,
        call,
        collateral,
        debt,
        fill_price=fund_price,
        is_maker=True,
        margin_call_fee=collateral - to_fund,
        reduce_supply=False,
    )
    if bitasset.response == BlackSwanResponse.INDIVIDUAL_TO_FUND:
        feeds.update_current_feed(state, bitasset, skip_median=True)


def _settle_to_order(state: State, bitasset: Bitasset, debt: Asset, to_fund: Asset) -> None:
    order = state.settled_debt_orders.get(bitasset.asset_id)
    if order is not None:
        for_sale, price = feeds.settled_debt_offer(bitasset)
        state.store.update(order, for_sale=for_sale, sell_price=price)
        return
    state.store.create(
        LimitOrder,
        expiration=TIME_MAX,
        seller=NULL_ACCOUNT,
        for_sale=to_fund.amount,
        sell_price=to_fund / debt,
        is_settled_debt=True,
    )


def revive(state: State, asset: AssetObject, bitasset: Bitasset) -> None:
    """Bring a globally settled asset back to life: the issuer takes over the fund as a position."""
    supply = state.dynamic(asset).current_supply
    if supply > 0:
        bid = state.store.create(
            CollateralBid,
            bidder=asset.issuer,
            inv_swan_price=Asset(0, bitasset.backing) / Asset(supply, asset.number),
        )
        _execute_bid(state, bid, supply, bitasset.settlement_fund)
    else:
        require(bitasset.settlement_fund == 0, "bad.settlement_fund == 0: ")
    _cancel_bids_and_revive(state, bitasset)


def _cancel_bids_and_revive(state: State, bitasset: Bitasset) -> None:
    for bid in state.bids_by_price.all(bitasset.asset_id):
        fills.cancel_bid(state, bid)
    state.store.update(bitasset, settlement_price=NULL_PRICE, settlement_fund=0)


def _execute_bid(state: State, bid: CollateralBid, debt: int, from_fund: int) -> None:
    """Turn a bid into a position."""
    collateral_asset, debt_asset = bid.inv_swan_price.base.asset_id, bid.inv_swan_price.quote.asset_id
    collateral = Asset(bid.inv_swan_price.base.amount + from_fund, collateral_asset)
    state.store.create(
        CallOrder,
        borrower=bid.bidder,
        collateral=collateral.amount,
        debt=debt,
        call_price=Asset(1, collateral_asset) / Asset(1, debt_asset),
    )
    state.adjust_core_in_orders(bid.bidder, collateral)
    state.record(ExecuteBid(bidder=bid.bidder, debt=Asset(debt, debt_asset), collateral=collateral))
    state.store.remove(bid)


def process_bids(state: State, bitasset: Bitasset) -> None:
    """At maintenance: if bids cover all the debt at the feed, they become positions (``process_bids``)."""
    if bitasset.is_prediction_market or bitasset.current_feed.settlement_price.is_null:
        return
    supply = state.dynamic(state.asset(bitasset.asset_id)).current_supply
    if supply == 0:
        _cancel_bids_and_revive(state, bitasset)
        return
    winners: list[CollateralBid] = []
    covered = 0
    for bid in state.bids_by_price.all(bitasset.asset_id):
        debt = Asset(min(bid.inv_swan_price.quote.amount, supply), bitasset.asset_id)
        collateral = debt * bitasset.settlement_price + bid.inv_swan_price.base
        if covered >= supply or not _bid_is_enough(bitasset, debt, collateral):
            break
        covered += debt.amount
        winners.append(bid)
    if covered < supply:
        return
    to_cover, fund = supply, bitasset.settlement_fund
    for bid in winners:
        debt = Asset(min(bid.inv_swan_price.quote.amount, supply), bitasset.asset_id)
        share = (debt * bitasset.settlement_price).amount
        amount = debt.amount
        if amount >= to_cover:
            amount, share = to_cover, fund
        to_cover -= amount
        fund -= share
        _execute_bid(state, bid, amount, share)
    _cancel_bids_and_revive(state, bitasset)


def _bid_is_enough(bitasset: Bitasset, debt: Asset, collateral: Asset) -> bool:
    """Whether a bid's position would stand above ICR; core's ``price::call_price`` with its shrinking."""
    from math import gcd

    num = debt.amount * bitasset.current_feed.initial_collateral_ratio
    den = collateral.amount * RATIO_DENOMINATOR
    limit = 10**15
    divisor = gcd(num, den)
    num, den = num // divisor, den // divisor
    while num > limit or den > limit:
        num, den = (num >> 1) + 1, (den >> 1) + 1
        divisor = gcd(num, den)
        num, den = num // divisor, den // divisor
    call_price = Price(Asset(num, debt.asset_id), Asset(den, collateral.asset_id))
    return call_price < bitasset.current_feed.settlement_price
