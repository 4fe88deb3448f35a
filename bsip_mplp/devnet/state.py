"""The state of the chain: tables, indexes, balances and the operations applied so far in a block.

Follows ``database.hpp``, ``db_getter.cpp`` and ``db_balance.cpp``. The rules are functions over a
:class:`State` in the modules beside it.
"""

from __future__ import annotations

from typing import Any

from . import objects as o
from .amounts import Asset
from .constants import (
    COMMITTEE_ACCOUNT,
    CORE_ASSET,
    NULL_ACCOUNT,
    RELAXED_COMMITTEE_ACCOUNT,
    TEMP_ACCOUNT,
    WITNESS_ACCOUNT,
)
from .errors import AssertError, require
from .fees import FeeSchedule
from .operations import DONE, Operation, Result
from .proposed import Proposal
from .store import Store

_RESERVED = (COMMITTEE_ACCOUNT, WITNESS_ACCOUNT, RELAXED_COMMITTEE_ACCOUNT, NULL_ACCOUNT, TEMP_ACCOUNT)


class Applied:
    """One operation of the block being made, with its place and its result."""

    __slots__ = ("is_virtual", "op", "op_in_trx", "result", "trx_in_block", "virtual_op")

    def __init__(self, op: Operation, trx_in_block: int, op_in_trx: int, virtual_op: int, is_virtual: bool) -> None:
        self.op = op
        self.result: Result = DONE
        self.trx_in_block = trx_in_block
        self.op_in_trx = op_in_trx
        self.virtual_op = virtual_op
        self.is_virtual = is_virtual


class State:
    """Everything that blocks change."""

    def __init__(self) -> None:
        self.store = Store()
        self.fees = FeeSchedule()
        self.applied: list[Applied] = []
        self.trx_in_block = 0
        self.op_in_trx = 0
        self.virtual_op = 0
        self.nesting = 0
        #: Time of the block that is being made: what it creates carries it.
        self.next_time = 0
        self._make_tables()
        self._make_market_indexes()
        self._make_other_indexes()

    def _make_tables(self) -> None:
        table = self.store.table
        self.accounts = table(o.Account)
        self.statistics = table(o.AccountStatistics)
        self.balances = table(o.Balance)
        self.assets = table(o.AssetObject)
        self.dynamics = table(o.AssetDynamicData)
        self.bitassets = table(o.Bitasset)
        self.limit_orders = table(o.LimitOrder)
        self.calls = table(o.CallOrder)
        self.settlements = table(o.ForceSettlement)
        self.bids = table(o.CollateralBid)
        self.proposals = table(Proposal)
        self.history = table(o.OperationHistory)
        self.account_history = table(o.AccountHistory)
        self.transactions = table(o.TransactionHistory)
        self.summaries = table(o.BlockSummary)
        self.witnesses = table(o.Witness, first_number=1)
        self.committee_members = table(o.CommitteeMember)
        self.vesting = table(o.VestingBalance)
        self.global_properties = table(o.GlobalProperties)
        self.dynamic_properties = table(o.DynamicGlobalProperties)
        self.chain_properties = table(o.ChainProperties)
        self.schedules = table(o.WitnessSchedule)
        self.tickers = table(o.MarketTicker)
        self.fills = table(o.Fill)

    def _make_market_indexes(self) -> None:
        orders, calls, settles, bids = self.limit_orders, self.calls, self.settlements, self.bids
        # best price first: core's by_price is sorted from greatest to least
        self.book = orders.index("sell_price", lambda x: (-x.sell_price.key(), x.number), lambda x: x.market)
        self.orders_by_expiration = orders.index("expiration", lambda x: (x.expiration, x.number))
        self.orders_by_seller = orders.index("seller", lambda x: (x.number,), lambda x: x.seller)
        self.settled_debt_orders = orders.lookup(
            "is_settled_debt", lambda x: x.sell_price.quote.asset_id if x.is_settled_debt else None
        )
        # least collateralised first
        self.calls_by_collateral = calls.index(
            "collateral debt", lambda x: (x.collateralization.key(), x.number) if x.debt else None, lambda x: x.market
        )
        self.call_of = calls.lookup("borrower", lambda x: (x.borrower, x.debt_asset))
        self.calls_by_borrower = calls.index("borrower", lambda x: (x.debt_asset, x.number), lambda x: x.borrower)
        self.settlements_by_date = settles.index(
            "settlement_date", lambda x: (x.settlement_date, x.number), lambda x: x.balance.asset_id
        )
        self.settlements_by_owner = settles.index("owner", lambda x: (x.number,), lambda x: x.owner)
        self.bids_by_price = bids.index(
            "inv_swan_price",
            lambda x: (-x.inv_swan_price.key(), x.number),
            lambda x: x.inv_swan_price.quote.asset_id,
        )
        self.bid_of = bids.lookup("bidder", lambda x: (x.inv_swan_price.quote.asset_id, x.bidder))
        self.bitassets_by_expiration = self.bitassets.index(
            "current_feed_publication_time options", lambda x: (x.feed_expiration, x.asset_id)
        )
        self.bitassets_by_rate = self.bitassets.index(
            "current_feed asset_cer_updated feed_cer_updated", lambda x: (x.number,) if x.needs_rate_update else None
        )

    def _make_other_indexes(self) -> None:
        self.account_named = self.accounts.lookup("name", lambda x: x.name)
        self.asset_named = self.assets.lookup("symbol", lambda x: x.symbol)
        self.assets_by_issuer = self.assets.index("issuer", lambda x: (x.number,), lambda x: x.issuer)
        self.balance_of = self.balances.lookup("owner", lambda x: (x.owner, x.asset_type))
        self.balances_by_owner = self.balances.index("owner", lambda x: (x.asset_type,), lambda x: x.owner)
        self.flagged_balances = self.balances.index(
            "maintenance_flag", lambda x: (x.number,) if x.maintenance_flag else None
        )
        self.fee_payers = self.statistics.index(
            "pending_fees pending_vested_fees",
            lambda x: (x.number,) if x.pending_fees or x.pending_vested_fees else None,
        )
        self.transaction_named = self.transactions.lookup("trx_id", lambda x: x.trx_id)
        self.transactions_by_expiration = self.transactions.index("trx", lambda x: (x.trx.expiration, x.number))
        self.history_by_block = self.history.index("block_num", lambda x: (x.number,), lambda x: x.block_num)
        self.history_by_account = self.account_history.index(
            "account", lambda x: (x.operation_id,), lambda x: x.account
        )
        self.proposals_by_expiration = self.proposals.index("expiration_time", lambda x: (x.expiration_time, x.number))
        self.vesting_by_owner = self.vesting.index("owner", lambda x: (x.number,), lambda x: x.owner)
        self.market_fee_vesting = self.vesting.lookup(
            "owner", lambda x: (x.owner, x.balance.asset_id) if x.balance_type == "market_fee_sharing" else None
        )
        self.ticker_of = self.tickers.lookup("base", lambda x: (x.base, x.quote))
        self.fills_by_market = self.fills.index("base", lambda x: (x.sequence,), lambda x: (x.base, x.quote))

    # ---- the chain's own objects ---------------------------------------------------------------------------

    @property
    def dgp(self) -> o.DynamicGlobalProperties:
        """Dynamic global properties."""
        return self.dynamic_properties[0]

    @property
    def gpo(self) -> o.GlobalProperties:
        """Global properties."""
        return self.global_properties[0]

    @property
    def now(self) -> int:
        """Chain time: the time of the head block."""
        return self.dynamic_properties[0].time

    @property
    def head_number(self) -> int:
        """Number of the head block."""
        return self.dynamic_properties[0].head_block_number

    @property
    def parameters(self) -> dict[str, Any]:
        """The chain's parameters."""
        return self.global_properties[0].parameters

    @property
    def core_dynamic(self) -> o.AssetDynamicData:
        """Supply and fees of the core asset."""
        return self.dynamics[0]

    def account(self, number: int) -> o.Account:
        """An account that must exist."""
        found = self.accounts.get(number)
        if found is None:
            raise AssertError(
                "obj != nullptr: Unable to find Object ${id}", {"id": f"1.2.{number}"}, where="index.hpp:get"
            )
        return found

    def asset(self, number: int) -> o.AssetObject:
        """An asset that must exist."""
        found = self.assets.get(number)
        if found is None:
            raise AssertError(
                "obj != nullptr: Unable to find Object ${id}", {"id": f"1.3.{number}"}, where="index.hpp:get"
            )
        return found

    def dynamic(self, asset: o.AssetObject) -> o.AssetDynamicData:
        """Supply and fees of an asset."""
        return self.dynamics[asset.dynamic_asset_data_id]

    def bitasset(self, asset: o.AssetObject) -> o.Bitasset:
        """Feeds and options of a market-issued asset."""
        if asset.bitasset_data_id is None:
            raise AssertError(
                "bitasset_data_id.valid(): Asset ${a} (${id}) is not a market issued asset.",
                {"a": asset.symbol, "id": asset.id},
                where="asset_object.hpp:bitasset_data",
            )
        return self.bitassets[asset.bitasset_data_id]

    def bitasset_of(self, asset_id: int) -> o.Bitasset:
        """Feeds and options of a market-issued asset, by the asset's id."""
        return self.bitasset(self.asset(asset_id))

    def statistics_of(self, account: int) -> o.AccountStatistics:
        """Statistics of an account; both have the same instance number."""
        return self.statistics[self.accounts[account].statistics]

    def pretty(self, amount: Asset) -> str:
        """``123.45 USD``."""
        return self.asset(amount.asset_id).pretty(amount.amount)

    # ---- balances ------------------------------------------------------------------------------------------

    def balance(self, owner: int, asset_id: int) -> int:
        """What an account has of an asset."""
        found = self.balance_of.get((owner, asset_id))
        return found.balance if found else 0

    def adjust_balance(self, owner: int, delta: Asset) -> None:
        """Add to or take from a balance; refuses to go below zero."""
        if delta.amount == 0:
            return
        found = self.balance_of.get((owner, delta.asset_id))
        if found is None:
            if delta.amount < 0:
                self._refuse_balance(owner, 0, delta)
            self.store.create(
                o.Balance,
                owner=owner,
                asset_type=delta.asset_id,
                balance=delta.amount,
                maintenance_flag=delta.asset_id == CORE_ASSET,
            )
            return
        balance = found.balance + delta.amount
        if delta.amount < 0 and balance < 0:
            self._refuse_balance(owner, found.balance, delta)
        if delta.asset_id == CORE_ASSET and not found.maintenance_flag:
            self.store.update(found, balance=balance, maintenance_flag=True)
        else:
            self.store.update(found, balance=balance)

    def _refuse_balance(self, owner: int, balance: int, delta: Asset) -> None:
        words = "Insufficient Balance: ${a}'s balance of ${b} is less than required ${r}"
        test = "abo->get_balance() >= -delta: " if balance else "delta.amount > 0: "
        raise AssertError(
            test + words,
            {
                "a": self.account(owner).name,
                "b": self.pretty(Asset(balance, delta.asset_id)),
                "r": self.pretty(-delta),
            },
            where="db_balance.cpp:adjust_balance",
        )

    def adjust_core_in_orders(self, account: int, delta: Asset) -> None:
        """Keep count of core locked in orders and positions; other assets are not counted."""
        if delta.asset_id == CORE_ASSET and delta.amount:
            stats = self.statistics_of(account)
            self.store.update(stats, total_core_in_orders=stats.total_core_in_orders + delta.amount)

    def pay_fee(self, account: int, core_fee: int) -> None:
        """Record a fee to be shared out at maintenance (``account_statistics_object::pay_fee``)."""
        stats = self.statistics_of(account)
        if core_fee > int(self.parameters["cashback_vesting_threshold"]):
            self.store.update(stats, pending_fees=stats.pending_fees + core_fee)
        else:
            self.store.update(stats, pending_vested_fees=stats.pending_vested_fees + core_fee)

    def accumulate_fee(self, asset: o.AssetObject, fee: Asset) -> None:
        """Give a fee in the asset itself or in its collateral to the asset's issuer to claim."""
        if fee.amount == 0:
            return
        require(fee.amount >= 0, "fee.amount >= 0: Fee amount must be non-negative.")
        dynamic = self.dynamic(asset)
        if fee.asset_id == asset.number:
            self.store.update(dynamic, accumulated_fees=dynamic.accumulated_fees + fee.amount)
            return
        require(
            fee.asset_id == self.bitasset(asset).backing,
            "Asset ${a} (${id}) cannot accept fee of asset (${fid}).",
            {"a": asset.symbol, "id": asset.id, "fid": f"1.3.{fee.asset_id}"},
        )
        self.store.update(dynamic, accumulated_collateral_fees=dynamic.accumulated_collateral_fees + fee.amount)

    def change_supply(self, asset: o.AssetObject, delta: int) -> None:
        """Change what exists of an asset."""
        dynamic = self.dynamic(asset)
        self.store.update(dynamic, current_supply=dynamic.current_supply + delta)

    def is_authorized(self, account: o.Account, asset: o.AssetObject) -> bool:
        """Whether white and black lists let an account hold an asset (``is_authorized_asset``)."""
        options = asset.options
        if account.number == COMMITTEE_ACCOUNT:
            return True
        if any(a in options.blacklist_authorities for a in account.blacklisting_accounts):
            return False
        if not options.whitelist_authorities:
            return True
        return any(a in options.whitelist_authorities for a in account.whitelisting_accounts)

    def is_reserved(self, account: int) -> bool:
        """The chain's own accounts, whose cashback is burnt."""
        return account in _RESERVED

    # ---- operations of the block being made ----------------------------------------------------------------

    def record(self, op: Operation, *, is_virtual: bool = True) -> Applied:
        """Note that an operation is applied, at its place in the block."""
        made = Applied(op, self.trx_in_block, self.op_in_trx, self.virtual_op, is_virtual)
        self.applied.append(made)
        self.virtual_op += 1
        return made
