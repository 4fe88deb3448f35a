"""Accounts: create, update, upgrade, opinions about others (``account_evaluator.cpp``), and their fees' way."""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

from . import vesting
from .amounts import percent
from .constants import PERCENT_100, PROXY_TO_SELF_ACCOUNT, TIME_MAX
from .errors import AccountAuthorityNotFound, AccountMaxAuthorityExceeded, AssertError, require
from .evaluator import Evaluator, created
from .objects import Account, AccountStatistics
from .operations import (
    DONE,
    AccountCreate,
    AccountOptions,
    AccountUpdate,
    AccountUpgrade,
    AccountWhitelist,
    Authority,
    Result,
)
from .state import State


def _check_authority(state: State, auth: Authority) -> None:
    if auth.size > int(state.parameters["maximum_authority_membership"]):
        raise AccountMaxAuthorityExceeded("Maximum authority membership exceeded")
    for account, _ in auth.account_auths:
        if state.accounts.get(account) is None:
            raise AccountAuthorityNotFound(
                "Account ${a} specified in authority does not exist", {"a": f"1.2.{account}"}
            )


def _check_options(state: State, options: AccountOptions) -> None:
    parameters = state.parameters
    require(
        options.num_witness <= parameters["maximum_witness_count"],
        "Voted for more witnesses than currently allowed (${c})",
        {"c": parameters["maximum_witness_count"]},
    )
    require(
        options.num_committee <= parameters["maximum_committee_count"],
        "Voted for more committee members than currently allowed (${c})",
        {"c": parameters["maximum_committee_count"]},
    )
    require(state.accounts.get(options.voting_account) is not None, "Invalid proxy account specified.")
    known = {w.vote_id for w in state.witnesses} | {m.vote_id for m in state.committee_members}
    for vote in options.votes:
        require(vote in known, "Can not vote for ${id} which does not exist.", {"id": f"{vote[1]}:{vote[0]}"})


def _is_voting(options: AccountOptions) -> bool:
    return options.voting_account != PROXY_TO_SELF_ACCOUNT or bool(options.votes)


def _committee_votes(options: AccountOptions) -> int:
    return sum(1 for _, kind in options.votes if kind == 0)


class CreateAccount(Evaluator[AccountCreate], operation=AccountCreate):
    """``account_create``."""

    FILE = "account_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        require(
            state.account(op.registrar).is_lifetime_member,
            "fee_paying_account->is_lifetime_member(): Only Lifetime members may register an account.",
        )
        require(
            state.account(op.referrer).is_member(state.now),
            "op.referrer(d).is_member(d.head_block_time()): The referrer must be either a lifetime or annual "
            "subscriber.",
        )
        _check_authority(state, op.owner)
        _check_authority(state, op.active)
        _check_options(state, op.options)
        require(
            state.account_named.get(op.name) is None,
            "current_account_itr == acnt_indx.indices().get<by_name>().end(): Account '${a}' already exists.",
            {"a": op.name},
        )

    def apply(self) -> Result:
        op, state = self.op, self.state
        account = create_account(
            state,
            name=op.name,
            registrar=op.registrar,
            referrer=op.referrer,
            lifetime_referrer=state.account(op.referrer).lifetime_referrer,
            network_fee_percentage=state.parameters["network_percent_of_fee"],
            lifetime_referrer_fee_percentage=state.parameters["lifetime_referrer_percent_of_fee"],
            referrer_rewards_percentage=op.referrer_percent,
            owner=op.owner,
            active=op.active,
            options=op.options,
        )
        dgp = state.dgp
        state.store.update(dgp, accounts_registered_this_interval=dgp.accounts_registered_this_interval + 1)
        return created(account)


def create_account(state: State, *, options: AccountOptions, name: str, **members: object) -> Account:
    """Make an account and its statistics, which have the same number."""
    number = state.accounts.next_number
    statistics = state.store.create(AccountStatistics, owner=number, name=name, is_voting=_is_voting(options))
    return state.store.create(
        Account,
        name=name,
        options=options,
        num_committee_voted=_committee_votes(options),
        statistics=statistics.number,
        creation_block_num=state.head_number + 1,
        creation_time=state.next_time,
        **members,
    )


class UpdateAccount(Evaluator[AccountUpdate], operation=AccountUpdate):
    """``account_update``."""

    FILE = "account_evaluator.cpp"

    def check(self) -> None:
        op, state = self.op, self.state
        for auth in (op.owner, op.active):
            if auth is not None:
                _check_authority(state, auth)
        state.account(op.account)
        if op.new_options is not None:
            _check_options(state, op.new_options)

    def apply(self) -> Result:
        op, state = self.op, self.state
        account = state.account(op.account)
        changes: dict[str, object] = {}
        if op.owner is not None:
            changes["owner"] = op.owner
        if op.active is not None:
            changes["active"] = op.active
        if op.new_options is not None:
            new = op.new_options
            if (new.voting_account, new.votes) != (account.options.voting_account, account.options.votes):
                state.store.update(
                    state.statistics_of(account.number), is_voting=_is_voting(new), last_vote_time=state.now
                )
            changes["options"] = new
            changes["num_committee_voted"] = _committee_votes(new)
        state.store.update(account, **changes)
        return DONE


class ListAccount(Evaluator[AccountWhitelist], operation=AccountWhitelist):
    """``account_whitelist``."""

    FILE = "account_evaluator.cpp"

    def check(self) -> None:
        self.state.account(self.op.account_to_list)
        require(
            self.state.account(self.op.authorizing_account).is_lifetime_member,
            "o.authorizing_account(d).is_lifetime_member(): The authorizing account must be a lifetime member.",
        )

    def apply(self) -> Result:
        op, store = self.op, self.state.store
        listed, lister = self.state.account(op.account_to_list), self.state.account(op.authorizing_account)
        white, black = bool(op.new_listing & 1), bool(op.new_listing & 2)
        store.update(
            listed,
            whitelisting_accounts=_with(listed.whitelisting_accounts, lister.number, white),
            blacklisting_accounts=_with(listed.blacklisting_accounts, lister.number, black),
        )
        store.update(
            lister,
            whitelisted_accounts=_with(lister.whitelisted_accounts, listed.number, white),
            blacklisted_accounts=_with(lister.blacklisted_accounts, listed.number, black),
        )
        return DONE


def _with(members: tuple[int, ...], member: int, inside: bool) -> tuple[int, ...]:
    rest = set(members) - {member}
    return tuple(sorted(rest | {member} if inside else rest))


class UpgradeAccount(Evaluator[AccountUpgrade], operation=AccountUpgrade):
    """``account_upgrade``: annual membership has been closed since hard fork 613."""

    FILE = "account_evaluator.cpp"

    def check(self) -> None:
        require(
            not self.state.account(self.op.account_to_upgrade).is_lifetime_member, "!account->is_lifetime_member(): "
        )

    def apply(self) -> Result:
        state = self.state
        account = state.account(self.op.account_to_upgrade)
        if not self.op.upgrade_to_lifetime_member:
            raise AssertError("d.head_block_time() <= HARDFORK_613_TIME: ")
        process_fees(state, account)
        state.store.update(
            account,
            membership_expiration_date=TIME_MAX,
            referrer=account.number,
            registrar=account.number,
            lifetime_referrer=account.number,
            lifetime_referrer_fee_percentage=PERCENT_100 - account.network_fee_percentage,
        )
        return DONE


def process_fees(state: State, account: Account) -> None:
    """Share the fees that an account has paid: network, lifetime referrer, referrer, registrar."""
    stats = state.statistics_of(account.number)
    pending, vested = stats.pending_fees, stats.pending_vested_fees
    if pending <= 0 and vested <= 0:
        return
    for total, require_vesting in ((pending, True), (vested, False)):
        if not state.account(account.referrer).is_member(state.now):
            state.store.update(account, referrer=account.lifetime_referrer)
        network = percent(total, account.network_fee_percentage)
        lifetime = percent(total, account.lifetime_referrer_fee_percentage)
        referral = total - network - lifetime
        core = state.core_dynamic
        state.store.update(core, accumulated_fees=core.accumulated_fees + network)
        referrer_cut = percent(referral, account.referrer_rewards_percentage)
        for who, cut in (
            (account.lifetime_referrer, lifetime),
            (account.referrer, referrer_cut),
            (account.registrar, referral - referrer_cut),
        ):
            vesting.deposit_cashback(state, state.account(who), cut, require_vesting=require_vesting)
    state.store.update(
        stats,
        lifetime_fees_paid=stats.lifetime_fees_paid + pending + vested,
        pending_fees=0,
        pending_vested_fees=0,
    )
