"""Market fees and force-settlement fees, and who gets them (``db_market.cpp``)."""

from __future__ import annotations

from . import vesting
from .amounts import Asset, percent
from .constants import COMMITTEE_ACCOUNT, TEMP_ACCOUNT, Permission
from .errors import require
from .objects import Account, AssetObject
from .state import State


def market_fee(asset: AssetObject, amount: int, *, is_maker: bool) -> int:
    """The fee on what a trade receives, rounded down and capped by the issuer's maximum."""
    if not asset.flag(Permission.CHARGE_MARKET_FEE):
        return 0
    taker = asset.options.extensions.taker_fee_percent
    rate = asset.options.market_fee_percent if is_maker or taker is None else taker
    return min(percent(amount, rate), asset.options.max_market_fee)


def pay_market_fees(
    state: State, seller: Account | None, asset: AssetObject, receives: Asset, *, is_maker: bool
) -> Asset:
    """Take the fee of a trade: rewards to registrar and referrer, the rest to the issuer."""
    fee = market_fee(asset, receives.amount, is_maker=is_maker)
    require(fee <= receives.amount, "issuer_fees <= receives: Market fee shouldn't be greater than receives")
    if fee > 0:
        reward = _pay_rewards(state, seller, asset, fee) if seller else 0
        if fee > reward:
            dynamic = state.dynamic(asset)
            state.store.update(dynamic, accumulated_fees=dynamic.accumulated_fees + fee - reward)
    return Asset(fee, asset.number)


def _pay_rewards(state: State, seller: Account, asset: AssetObject, fee: int) -> int:
    """Share a fee with the accounts that brought the trader; answers what they got."""
    more = asset.options.extensions
    allowed = more.whitelist_market_fee_sharing
    if not more.reward_percent or (allowed and seller.registrar not in allowed):
        return 0
    reward = percent(fee, more.reward_percent)
    if reward <= 0 or not state.is_authorized(state.account(seller.registrar), asset):
        return 0
    registrar, referrer = (
        COMMITTEE_ACCOUNT if who == TEMP_ACCOUNT else who for who in (seller.registrar, seller.referrer)
    )
    registrar_reward = reward
    if referrer != registrar:
        referrer_reward = percent(reward, seller.referrer_rewards_percentage)
        if referrer_reward > 0 and state.is_authorized(state.account(referrer), asset):
            registrar_reward -= referrer_reward
            vesting.deposit_market_fee(state, referrer, Asset(referrer_reward, asset.number))
    vesting.deposit_market_fee(state, registrar, Asset(registrar_reward, asset.number))
    return reward


def pay_force_settle_fee(state: State, asset: AssetObject, collateral: Asset) -> Asset:
    """Take the settled asset's force-settlement fee out of the collateral that is paid."""
    rate = state.bitasset(asset).options.extensions.force_settle_fee_percent
    fee = Asset(percent(collateral.amount, rate) if rate else 0, collateral.asset_id)
    if fee.amount > 0:
        state.accumulate_fee(asset, fee)
    return fee
