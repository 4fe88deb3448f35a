"""Feeds: the median, the feed in force, and what depends on them (``asset_object.cpp``, ``db_update.cpp``)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from .amounts import Asset, Price
from .constants import RATIO_DENOMINATOR, BlackSwanResponse
from .errors import ChainError
from .objects import Bitasset, CallOrder, Feed
from .state import State


def least_collateralized(state: State, bitasset: Bitasset) -> CallOrder | None:
    """The position with the lowest collateral ratio, the oldest of equals."""
    return state.calls_by_collateral.first(bitasset.market)


def _median(feeds: list[Feed], read: Callable[[Feed], Any]) -> Any:
    """The element in the middle, the upper one of an even number."""

    def compare(a: Feed, b: Feed) -> int:
        left, right = read(a), read(b)
        return -1 if left < right else 1 if right < left else 0

    return read(sorted(feeds, key=cmp_to_key(compare))[len(feeds) // 2])


def _effective(bitasset: Bitasset, now: int) -> list[tuple[int, Feed]]:
    lifetime = bitasset.options.feed_lifetime_sec
    return [(at, feed) for _, (at, feed) in bitasset.feeds if at != 0 and now - at < lifetime]


def _combined(bitasset: Bitasset, feeds: list[Feed]) -> Feed:
    """The median of each member, with the issuer's own ratios in place of the producers'."""
    more = bitasset.options.extensions
    ratios = {}
    for name in ("maintenance_collateral_ratio", "maximum_short_squeeze_ratio", "initial_collateral_ratio"):
        own = getattr(more, name)
        ratios[name] = own if own is not None else _median(feeds, lambda f, n=name: getattr(f, n))  # type: ignore[misc]
    return Feed(
        settlement_price=_median(feeds, lambda f: f.settlement_price),
        core_exchange_rate=_median(feeds, lambda f: f.core_exchange_rate),
        **ratios,
    )


def _update_median(state: State, bitasset: Bitasset) -> None:
    """Set the median feed and what is cached from it (``update_median_feeds``)."""
    now = state.now
    effective = _effective(bitasset, now)
    if len(effective) < bitasset.options.minimum_feeds:
        median, published, rate_updated = Feed(), now, False
    else:
        median = _combined(bitasset, [feed for _, feed in effective])
        published = min(now, *(at for at, _ in effective))
        rate_updated = bitasset.feed_cer_updated or (
            median.core_exchange_rate != bitasset.median_feed.core_exchange_rate
        )
    maintenance = median.collateralization(median.maintenance_collateral_ratio)
    initial = maintenance
    if median.initial_collateral_ratio > median.maintenance_collateral_ratio:
        initial = median.collateralization(median.initial_collateral_ratio)
    state.store.update(
        bitasset,
        median_feed=median,
        current_feed=median,
        current_feed_publication_time=published,
        current_maintenance_collateralization=maintenance,
        current_initial_collateralization=initial,
        feed_cer_updated=rate_updated,
    )


def _derived_price(state: State, bitasset: Bitasset) -> Price:
    """The feed in force under the response methods that keep it from falling to a black swan."""
    median = bitasset.median_feed.settlement_price
    if median.is_null:
        return median
    if bitasset.response == BlackSwanResponse.NO_SETTLEMENT:
        call = least_collateralized(state, bitasset)
        if call is None:
            return median
        squeeze = bitasset.current_feed.maximum_short_squeeze_ratio
        callable_at = (~call.collateralization).scaled(squeeze, RATIO_DENOMINATOR)
        return callable_at if median < callable_at else median
    if bitasset.response == BlackSwanResponse.INDIVIDUAL_TO_FUND and bitasset.individual_settlement_debt > 0:
        callable_at = bitasset.individual_settlement_price().scaled(*bitasset.margin_call_order_ratio())
        return callable_at if median < callable_at else median
    return median


def update_current_feed(state: State, bitasset: Bitasset, *, skip_median: bool = False) -> None:
    """Bring the feed in force up to date (``update_bitasset_current_feed``)."""
    if not skip_median:
        _update_median(state, bitasset)
    price = _derived_price(state, bitasset)
    if price != bitasset.current_feed.settlement_price:
        feed = bitasset.current_feed.replaced(settlement_price=price)
        state.store.update(bitasset, current_feed=feed)
    if not skip_median and bitasset.response == BlackSwanResponse.INDIVIDUAL_TO_ORDER:
        _update_settled_debt_order(state, bitasset)


def settled_debt_offer(bitasset: Bitasset) -> tuple[int, Price]:
    """What the order of individually settled debt sells, and its price: at the margin call price if that pays."""
    price = ~bitasset.margin_call_order_price()
    try:
        for_sale = Asset(bitasset.individual_settlement_debt, bitasset.asset_id).times_up(price).amount
        if for_sale <= bitasset.individual_settlement_fund:
            return for_sale, price
    except ChainError:
        pass  # beyond the largest supply: sell all, as core does
    return bitasset.individual_settlement_fund, ~bitasset.individual_settlement_price()


def _update_settled_debt_order(state: State, bitasset: Bitasset) -> None:
    if bitasset.current_feed.settlement_price.is_null:
        return  # no unexpected prices without feeds
    order = state.settled_debt_orders.get(bitasset.asset_id)
    if order is not None:
        for_sale, price = settled_debt_offer(bitasset)
        state.store.update(order, for_sale=for_sale, sell_price=price)
