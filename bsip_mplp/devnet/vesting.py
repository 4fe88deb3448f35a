"""Vesting balances: cashback, witness pay, shared market fees (``vesting_balance_object.cpp``, ``db_balance.cpp``)."""

from __future__ import annotations

from .amounts import Asset
from .constants import CORE_ASSET
from .objects import COIN_SECONDS, INSTANT, Account, CoinSecondsPolicy, VestingBalance, Witness
from .state import State


def _earned(balance: VestingBalance, policy: CoinSecondsPolicy, now: int) -> int:
    """Coin seconds earned by now, capped at full vesting."""
    seconds = max(now - policy.coin_seconds_earned_last_update, 0)
    cap = balance.balance.amount * max(policy.vesting_seconds, 1)
    return min(policy.coin_seconds_earned + balance.balance.amount * seconds, cap)


def allowed_withdraw(balance: VestingBalance, now: int) -> int:
    """How much has vested."""
    tag, policy = balance.policy
    if tag == INSTANT:
        return balance.balance.amount
    if tag != COIN_SECONDS or now <= policy.start_claim:
        return 0
    return int(_earned(balance, policy, now) // max(policy.vesting_seconds, 1))


def withdraw(state: State, balance: VestingBalance, amount: Asset) -> None:
    """Take out what has vested; the caller has checked that it is allowed."""
    tag, policy = balance.policy
    if tag == COIN_SECONDS:
        earned = _earned(balance, policy, state.now) - amount.amount * max(policy.vesting_seconds, 1)
        policy = policy.replaced(coin_seconds_earned=earned, coin_seconds_earned_last_update=state.now)
    state.store.update(balance, policy=(tag, policy), balance=balance.balance - amount)


def _deposit(state: State, balance: VestingBalance, amount: int, *, vested: bool) -> None:
    tag, policy = balance.policy
    if tag == COIN_SECONDS:
        earned = _earned(balance, policy, state.now)
        if vested:
            earned += amount * max(policy.vesting_seconds, 1)
        policy = policy.replaced(coin_seconds_earned=earned, coin_seconds_earned_last_update=state.now)
    total = Asset(balance.balance.amount + amount, balance.balance.asset_id)
    state.store.update(balance, policy=(tag, policy), balance=total)


def _deposit_lazily(
    state: State, known: int | None, owner: int, amount: int, seconds: int, kind: str, *, require_vesting: bool
) -> int | None:
    """Add to a balance of the right policy, or make one; answers the id of a new one."""
    if known is not None:
        balance = state.vesting[known]
        tag, policy = balance.policy
        if balance.owner == owner and tag == COIN_SECONDS and policy.vesting_seconds == seconds:
            _deposit(state, balance, amount, vested=not require_vesting)
            return None
    made = CoinSecondsPolicy(
        vesting_seconds=seconds,
        coin_seconds_earned=0 if require_vesting else amount * seconds,
        coin_seconds_earned_last_update=state.now,
    )
    created = state.store.create(
        VestingBalance,
        owner=owner,
        balance=Asset(amount, CORE_ASSET),
        policy=(COIN_SECONDS, made),
        balance_type=kind,
    )
    return created.number


def deposit_cashback(state: State, account: Account, amount: int, *, require_vesting: bool) -> None:
    """A member's share of fees; what would go to the chain's own accounts is burnt."""
    if amount == 0:
        return
    if state.is_reserved(account.number):
        core = state.core_dynamic
        state.store.update(core, current_supply=core.current_supply - amount)
        return
    seconds = int(state.parameters["cashback_vesting_period_seconds"])
    made = _deposit_lazily(
        state, account.cashback_vb, account.number, amount, seconds, "cashback", require_vesting=require_vesting
    )
    if made is not None:
        state.store.update(account, cashback_vb=made)
        state.store.update(state.statistics_of(account.number), has_cashback_vb=True)


def deposit_witness_pay(state: State, witness: Witness, amount: int, vesting_seconds: int) -> None:
    """Pay for a block."""
    if amount == 0:
        return
    made = _deposit_lazily(
        state, witness.pay_vb, witness.witness_account, amount, vesting_seconds, "witness", require_vesting=True
    )
    if made is not None:
        state.store.update(witness, pay_vb=made)


def deposit_market_fee(state: State, account: int, amount: Asset) -> None:
    """A registrar's or referrer's share of a market fee; it can be withdrawn at once."""
    if amount.amount == 0:
        return
    found = state.market_fee_vesting.get((account, amount.asset_id))
    if found is None:
        state.store.create(
            VestingBalance, owner=account, balance=amount, policy=(INSTANT, None), balance_type="market_fee_sharing"
        )
    else:
        _deposit(state, found, amount.amount, vested=True)
