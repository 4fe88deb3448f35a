"""The first state: core's development genesis, funded (``db_genesis.cpp``).

Ids agree with a chain made by core from its own development template: the chain's own accounts are 1.2.0 to
1.2.5, the witnesses ``init0`` to ``init10`` 1.2.6 to 1.2.16, ``nathan`` 1.2.17.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from . import objects as o
from .accounts import create_account
from .amounts import Asset, Price
from .constants import (
    CORE_PRECISION_DIGITS,
    DEVELOPMENT_WIF,
    MAX_SHARE_SUPPLY,
    NULL_ACCOUNT,
    PERCENT_100,
    PROXY_TO_SELF_ACCOUNT,
    TESTNET_CHAIN_ID,
    TIME_MAX,
)
from .fees import FeeSchedule, divided_schedule
from .keys import PrivateKey
from .operations import AccountOptions, AssetOptions, Authority
from .state import State

SYMBOL = "TEST"
FAUCET = "nathan"
WITNESS_COUNT = 11

#: This development chain's own id. It never changes, so that clients can register it once.
DEVNET_CHAIN_ID = hashlib.sha256(b"bsip_mplp devnet, a BitShares development chain").hexdigest()

#: 2024-01-01T00:00:00Z: after every hard fork of core 7 that has a date; used where no clock is given.
DEFAULT_TIME = 1_704_067_200


@dataclass(frozen=True)
class Funded:
    """An account that exists and has core from the start."""

    name: str
    amount: int
    wif: str

    @classmethod
    def named(cls, name: str, amount: int) -> Funded:
        """An account whose key is made from its name, for tests: everybody can compute it."""
        return cls(name, amount, PrivateKey.from_seed("devnet " + name).wif)


@dataclass(frozen=True)
class Genesis:
    """What the first state is made of."""

    time: int = DEFAULT_TIME
    chain_id: str = DEVNET_CHAIN_ID
    block_interval: int = 1
    maintenance_interval: int = 300
    funded: tuple[Funded, ...] = field(default=())
    fee_divisor: int = 1
    """What core's default fees are divided by."""

    @classmethod
    def as_testnet(cls, **members: Any) -> Genesis:
        """The same with the public testnet's chain id."""
        return cls(chain_id=TESTNET_CHAIN_ID, **members)

    def to_json(self) -> dict[str, Any]:
        """For keeping beside the blocks."""
        return {
            "time": self.time,
            "chain_id": self.chain_id,
            "block_interval": self.block_interval,
            "maintenance_interval": self.maintenance_interval,
            "funded": [[f.name, f.amount, f.wif] for f in self.funded],
            "fee_divisor": self.fee_divisor,
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Genesis:
        """Inverse of :meth:`to_json`."""
        return cls(**{**row, "funded": tuple(Funded(*f) for f in row["funded"])})


def parameters(genesis: Genesis, state: State) -> dict[str, Any]:
    """``chain_parameters`` of the development template."""
    return {
        "current_fees": state.fees.to_json(),
        "block_interval": genesis.block_interval,
        "maintenance_interval": genesis.maintenance_interval,
        "maintenance_skip_slots": 0,
        "committee_proposal_review_period": 1209600,
        "maximum_transaction_size": 98304,
        "maximum_block_size": 2000000,
        "maximum_time_until_expiration": 86400,
        "maximum_proposal_lifetime": 2419200,
        "maximum_asset_whitelist_authorities": 10,
        "maximum_asset_feed_publishers": 20,
        "maximum_witness_count": 1001,
        "maximum_committee_count": 1001,
        "maximum_authority_membership": 10,
        "reserve_percent_of_fee": 2000,
        "network_percent_of_fee": 2000,
        "lifetime_referrer_percent_of_fee": 3000,
        "cashback_vesting_period_seconds": 31536000,
        "cashback_vesting_threshold": 10000000,
        "count_non_member_votes": True,
        "allow_non_member_whitelists": False,
        "witness_pay_per_block": 1000000,
        "worker_budget_per_day": "50000000000",
        "max_predicate_opcode": 1,
        "fee_liquidation_threshold": 10000000,
        "accounts_per_fee_scale": 1000,
        "account_fee_scale_bitshifts": 4,
        "max_authority_depth": 2,
        "extensions": {"updatable_htlc_options": {"max_timeout_secs": 2592000, "max_preimage_size": 1024000}},
    }


def _single(key: bytes) -> Authority:
    return Authority(weight_threshold=1, key_auths=((key, 1),))


def build(state: State, genesis: Genesis) -> None:
    """Fill an empty state."""
    state.fees = FeeSchedule(divided_schedule(genesis.fee_divisor))
    _make_globals(state, genesis)
    _make_special_accounts(state)
    nathan = PrivateKey.from_wif(DEVELOPMENT_WIF).public
    for number in range(WITNESS_COUNT):
        _make_member(state, f"init{number}", nathan)
    faucet = _make_member(state, FAUCET, nathan)
    funded = [(_make_member(state, f.name, PrivateKey.from_wif(f.wif).public), f.amount) for f in genesis.funded]
    _make_core(state)
    _fund(state, faucet, funded)
    _make_office_holders(state, nathan)


def _make_globals(state: State, genesis: Genesis) -> None:
    store = state.store
    state.next_time = genesis.time
    store.create(o.GlobalProperties, parameters=parameters(genesis, state))
    store.create(o.DynamicGlobalProperties, time=genesis.time, head_block_id=bytes(20))
    store.create(o.ChainProperties, chain_id=bytes.fromhex(genesis.chain_id))
    store.create(o.WitnessSchedule)


def _make_special_accounts(state: State) -> None:
    committee = {"network_fee_percentage": 2000, "lifetime_referrer_fee_percentage": 8000}
    null = {"network_fee_percentage": 0, "lifetime_referrer_fee_percentage": PERCENT_100}
    for name, threshold, percentages in (
        ("committee-account", 1, committee),
        ("witness-account", 1, committee),
        ("relaxed-committee-account", 1, committee),
        ("null-account", 1, null),
        ("temp-account", 0, committee),
        ("proxy-to-self", 1, null),
    ):
        own = state.accounts.next_number
        patron = NULL_ACCOUNT if name == "proxy-to-self" else own
        authority = Authority(weight_threshold=threshold)
        account = create_account(
            state,
            name=name,
            options=AccountOptions(),
            registrar=patron,
            referrer=patron,
            lifetime_referrer=patron,
            membership_expiration_date=TIME_MAX,
            owner=authority,
            active=authority,
            **percentages,
        )
        account.__dict__["creation_block_num"] = 0


def _make_member(state: State, name: str, key: bytes) -> int:
    """A lifetime member with one key for everything."""
    own = state.accounts.next_number
    account = create_account(
        state,
        name=name,
        options=AccountOptions(memo_key=key, voting_account=PROXY_TO_SELF_ACCOUNT),
        registrar=own,
        referrer=own,
        lifetime_referrer=own,
        membership_expiration_date=TIME_MAX,
        lifetime_referrer_fee_percentage=8000,
        owner=_single(key),
        active=_single(key),
    )
    account.__dict__["creation_block_num"] = 0
    return account.number


def _make_core(state: State) -> None:
    core = state.store.create(o.AssetDynamicData, current_supply=MAX_SHARE_SUPPLY)
    state.store.create(
        o.AssetObject,
        symbol=SYMBOL,
        precision=CORE_PRECISION_DIGITS,
        issuer=NULL_ACCOUNT,
        options=AssetOptions(issuer_permissions=0, core_exchange_rate=Price(Asset(1, 0), Asset(1, 0))),
        dynamic_asset_data_id=core.number,
        creation_time=state.now,
    )


def _fund(state: State, faucet: int, funded: list[tuple[int, int]]) -> None:
    """All core is the faucet's, but for what other accounts get; the committee has an empty balance first."""
    state.store.create(o.Balance, owner=0, asset_type=0, balance=0, maintenance_flag=True)
    rest = MAX_SHARE_SUPPLY - sum(amount for _, amount in funded)
    if rest < 0:
        raise ValueError("the accounts funded at start get more than the largest supply")
    state.adjust_balance(faucet, Asset(rest, 0))
    for account, amount in funded:
        state.adjust_balance(account, Asset(amount, 0))


def _make_office_holders(state: State, key: bytes) -> None:
    first = state.account_named.get("init0")
    numbers = range(first.number, first.number + WITNESS_COUNT) if first else range(0)
    for vote, account in enumerate(numbers):
        state.store.create(o.Witness, witness_account=account, signing_key=key, vote_id=(vote, 1))
    for vote, account in enumerate(numbers):
        state.store.create(o.CommitteeMember, committee_member_account=account, vote_id=(WITNESS_COUNT + vote, 0))
    witnesses = tuple(range(1, WITNESS_COUNT + 1))
    state.store.update(
        state.gpo,
        next_available_vote_id=2 * WITNESS_COUNT,
        active_witnesses=witnesses,
        active_committee_members=tuple(range(WITNESS_COUNT)),
    )
    state.store.update(state.schedules[0], current_shuffled_witnesses=witnesses)
    members = Authority(weight_threshold=6, account_auths=tuple((a, 1) for a in numbers))
    for account in (0, 1, 2):
        state.store.update(state.accounts[account], active=members, owner=Authority(weight_threshold=1))
