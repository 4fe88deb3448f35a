"""How much of a called position is sold: the target collateral ratio (``market_object.cpp``, BSIP 38)."""

from __future__ import annotations

from .amounts import Asset, Price
from .constants import RATIO_DENOMINATOR
from .objects import CallOrder


def max_debt_to_cover(
    call: CallOrder, match_price: Price, feed_price: Price, mcr: int, maintenance_collateralization: Price
) -> int:
    """The most debt that may be bought back from a position, as core computes it to the last unit.

    All of it without a target ratio. With one, just enough that the ratio rises above the larger of target
    and MCR. ``match_price`` is what the position pays; both prices may be given either way around.
    """
    collateral_asset = call.call_price.base.asset_id
    if feed_price.base.asset_id != collateral_asset:
        feed_price = ~feed_price
    if match_price.base.asset_id != collateral_asset:
        match_price = ~match_price
    if call.collateralization > maintenance_collateralization:
        return 0
    if call.target_collateral_ratio is None:
        return call.debt
    return _Search(call, match_price, feed_price, max(call.target_collateral_ratio, mcr)).run()


class _Search:
    """The search for the smallest amount that brings the ratio above the target, with core's rounding."""

    def __init__(self, call: CallOrder, match_price: Price, feed_price: Price, target: int) -> None:
        self.call = call
        self.match_price = match_price
        self.target = feed_price.scaled(target, RATIO_DENOMINATOR)
        match_debt, match_collateral = match_price.quote.amount, match_price.base.amount
        feed_debt, feed_collateral = feed_price.quote.amount, feed_price.base.amount
        self.numerator = (
            feed_collateral * match_debt * call.debt * target
            - feed_debt * match_debt * call.collateral * RATIO_DENOMINATOR
        )
        self.denominator = feed_collateral * match_debt * target - feed_debt * match_collateral * RATIO_DENOMINATOR
        self.fraction = feed_collateral * match_debt * target

    def _collateral_for(self, debt: int) -> int:
        """Collateral paid for debt, rounded up."""
        return Asset(debt, self.call.debt_asset).times_up(self.match_price).amount

    def _debt_for(self, collateral: int) -> int:
        """Debt covered by collateral, rounded down."""
        return (Asset(collateral, self.match_price.base.asset_id) * self.match_price).amount

    def _is_good(self, pay: int, cover: int) -> bool:
        call = self.call
        after = Price(
            Asset(call.collateral - pay, call.call_price.base.asset_id), Asset(call.debt - cover, call.debt_asset)
        )
        return after > self.target

    def run(self) -> int:
        """Estimate, stabilise, and search between the estimate and the one that allows for the fraction."""
        call = self.call
        if self.numerator < 0:
            return 0
        if self.denominator <= 0:
            return call.debt
        cover = self.numerator // self.denominator
        if cover >= call.debt:
            return call.debt
        pay = (Asset(cover, call.debt_asset) * self.match_price).amount
        cover = self._debt_for(pay)
        pay = self._collateral_for(cover)
        if cover >= call.debt or pay >= call.collateral:
            return call.debt
        if self._is_good(pay, cover):
            return cover
        max_pay, max_cover = self._upper_bound()
        if max_pay <= pay or max_cover <= cover:
            return call.debt
        return self._bisect(pay, cover, max_pay, max_cover)

    def _upper_bound(self) -> tuple[int, int]:
        call = self.call
        cover = min((self.numerator + self.fraction) // self.denominator + 1, call.debt)
        pay = call.collateral if cover == call.debt else self._collateral_for(cover)
        pay = min(pay, call.collateral)
        cover = call.debt if pay == call.collateral else self._debt_for(pay)
        if cover >= call.debt:
            return call.collateral, call.debt
        return pay, cover

    def _mean(self, low: tuple[int, int], high: tuple[int, int]) -> tuple[int, int]:
        """The middle, rounded along the side with the smaller steps."""
        (min_pay, min_cover), (max_pay, max_cover) = low, high
        if self.match_price.base.amount < self.match_price.quote.amount:
            pay = (min_pay + max_pay + 1) // 2
            if pay == max_pay:
                return high
            cover = self._debt_for(pay)
            return high if cover >= max_cover else (self._collateral_for(cover), cover)
        cover = (min_cover + max_cover) // 2
        if cover == max_cover:
            return high
        pay = self._collateral_for(cover)
        if pay >= max_pay:
            return high
        cover = self._debt_for(pay)
        return high if cover >= max_cover else (pay, cover)

    def _bisect(self, pay: int, cover: int, max_pay: int, max_cover: int) -> int:
        low, high = (pay, cover), (max_pay, max_cover)
        high_is_good = False
        while True:
            pay, cover = self._mean(low, high)
            if pay <= low[0] or cover <= low[1] or pay > high[0] or cover > high[1]:
                pay, cover = high
            if pay == high[0] and (high_is_good or pay == self.call.collateral):
                return cover
            if self._is_good(pay, cover):
                if pay == high[0]:
                    return cover
                high, high_is_good = (pay, cover), True
            else:
                if pay == high[0]:
                    break
                low = (pay, cover)
        return self._search_forward(pay, cover)

    def _search_forward(self, pay: int, cover: int) -> int:
        """Beyond the bound, in Fibonacci steps, until the ratio is reached or all is covered."""
        call = self.call
        step, following = 1, 1
        while True:
            if self.match_price.base.amount > self.match_price.quote.amount:
                pay += step
                if pay >= call.collateral:
                    return call.debt
                cover = self._debt_for(pay)
                if cover >= call.debt:
                    return call.debt
                pay = self._collateral_for(cover)
            else:
                cover += step
                if cover >= call.debt:
                    return call.debt
                pay = self._collateral_for(cover)
                if pay >= call.collateral:
                    return call.debt
                cover = self._debt_for(pay)
                if cover >= call.debt:
                    return call.debt
            if pay >= call.collateral:
                return call.debt
            if self._is_good(pay, cover):
                return cover
            step, following = following, step + following
