"""Maintenance: shares of fees, the budget, settlement volumes, collateral bids (``db_maint.cpp``).

Votes are stored but not tallied: the witnesses and the committee of the genesis stay in office.
"""

from __future__ import annotations

from . import accounts, blackswan
from .constants import CORE_ASSET_CYCLE_RATE, CORE_ASSET_CYCLE_RATE_BITS, Permission
from .objects import Bitasset
from .state import State


def perform(state: State, block_number: int) -> None:
    """Everything that is due at the end of a maintenance interval."""
    tallied_at = state.now
    _remember_core_balances(state)
    for statistics in state.fee_payers.all():
        accounts.process_fees(state, state.account(statistics.owner))
    _set_next_time(state, block_number, tallied_at)
    for bitasset in state.bitassets:
        _reset_bitasset(state, bitasset)
    _make_budget(state)


def _remember_core_balances(state: State) -> None:
    for balance in state.flagged_balances.all():
        state.store.update(state.statistics_of(balance.owner), core_in_balance=balance.balance)
        state.store.update(balance, maintenance_flag=False)


def _set_next_time(state: State, block_number: int, tallied_at: int) -> None:
    interval = int(state.parameters["maintenance_interval"])
    next_time = state.dgp.next_maintenance_time
    if next_time <= state.now:
        if block_number == 1:
            next_time = (state.now // interval + 1) * interval
        else:
            next_time += ((state.now - next_time) // interval + 1) * interval
    state.store.update(
        state.dgp,
        next_maintenance_time=next_time,
        last_vote_tally_time=tallied_at,
        accounts_registered_this_interval=0,
    )


def _reset_bitasset(state: State, bitasset: Bitasset) -> None:
    """A new settlement volume; expired feeds of witness-fed assets go; bids may revive the asset."""
    if bitasset.force_settled_volume:
        state.store.update(bitasset, force_settled_volume=0)
    flags = state.asset(bitasset.asset_id).options.flags
    lifetime = bitasset.options.feed_lifetime_sec
    if flags & (Permission.WITNESS_FED | Permission.COMMITTEE_FED) and lifetime < state.now:
        alive = tuple(row for row in bitasset.feeds if row[1][0] >= state.now - lifetime)
        if len(alive) != len(bitasset.feeds):
            state.store.update(bitasset, feeds=alive)
    if bitasset.is_globally_settled:
        blackswan.process_bids(state, bitasset)


def _make_budget(state: State) -> None:
    """What witnesses may earn until the next maintenance; the rest goes back to the reserve."""
    dgp, core = state.dgp, state.core_dynamic
    parameters = state.parameters
    max_supply = state.asset(0).options.max_supply
    total = 0
    if dgp.last_budget_time and state.now > dgp.last_budget_time:
        reserve = max_supply - core.current_supply + core.accumulated_fees + dgp.witness_budget
        grown = reserve * (state.now - dgp.last_budget_time) * CORE_ASSET_CYCLE_RATE
        total = min((grown + 2**CORE_ASSET_CYCLE_RATE_BITS - 1) >> CORE_ASSET_CYCLE_RATE_BITS, reserve)
    seconds = dgp.next_maintenance_time - state.now
    interval = int(parameters["block_interval"])
    blocks = -(-seconds // interval)
    witness_budget = min(int(parameters["witness_pay_per_block"]) * blocks, total)
    supply = core.current_supply + witness_budget - core.accumulated_fees - dgp.witness_budget
    state.store.update(core, current_supply=supply, accumulated_fees=0)
    state.store.update(dgp, witness_budget=witness_budget, last_budget_time=state.now)
