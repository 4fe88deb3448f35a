"""The inside market as the embedded node has it: its own state and its own code, in this process, without blocks.

It is what `fast_market` is measured by. It is slow, and keeps no secrets: after each operation the views are read anew
from the node's objects. Operations cost no network fee, and a position that the rules of lending judge is passed over
when the node looks for the least collateralised one.
"""

# Methods without a docstring of their own are documented by `market.Market`.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bsip_mplp.devnet.amounts import Asset
from bsip_mplp.devnet.calls import check_call_orders
from bsip_mplp.devnet.chain import Chain
from bsip_mplp.devnet.constants import TIME_MAX, Permission
from bsip_mplp.devnet.errors import ChainError
from bsip_mplp.devnet.evaluator import apply_operation
from bsip_mplp.devnet.fees import FeeSchedule
from bsip_mplp.devnet.objects import Balance, CallOrder
from bsip_mplp.devnet.operations import FillOrder, Operation, operation
from bsip_mplp.devnet.serial import time_to_text
from bsip_mplp.devnet.state import State
from bsip_mplp.devnet.store import ChainObject
from bsip_mplp.rehearsal.market import CORE, USD, Called, MarketOptions, Side, Swan

FAUCET = 17
NUMBERS = {
    "transfer": 0, "limit_order_create": 1, "limit_order_cancel": 2, "call_order_update": 3, "account_create": 5,
    "asset_create": 10, "asset_update_feed_producers": 13, "asset_settle": 17, "asset_publish_feed": 19,
    "asset_claim_fees": 43, "bid_collateral": 45,
}  # fmt: skip


class _NoFees(FeeSchedule):
    """Operations cost nothing."""

    def required(self, op: Operation) -> int:
        """Nothing."""
        return 0


class _Eligible:
    """The node's index of positions, whose first is the first that the rules of lending don't judge."""

    def __init__(self, inner: Any, exempted: set[int]) -> None:
        self._inner, self._exempted = inner, exempted

    def first(self, group: Any = None) -> CallOrder | None:
        """The least collateralised position that may be called."""
        return next((call for call in self._inner.all(group) if call.borrower not in self._exempted), None)

    def all(self, group: Any = None) -> list[CallOrder]:
        """All positions: a global settlement closes every one."""
        return self._inner.all(group)  # type: ignore[no-any-return]


class PlainMarket:
    """One bitasset's market on the node's own code; see `market.Market`."""

    def __init__(self, accounts: int, issuer: int, options: MarketOptions) -> None:
        self.core, self.bitasset, self.collateral, self.debt = (np.zeros(accounts, dtype=np.int64) for _ in range(4))
        self.calls: list[Called] = []
        self.swans: list[Swan] = []
        self.touched: set[int] = set()
        self.last_price: tuple[int, int] | None = None
        self._closed_by_swan = 0
        chain = Chain()
        chain.produce_block()
        self.state: State = chain.state
        self.state.fees = _NoFees()
        self.exempted: set[int] = set()
        """Numbers of the node's accounts whose position the rules of lending judge."""
        self.state.calls_by_collateral = _Eligible(self.state.calls_by_collateral, self.exempted)  # type: ignore[assignment]
        self.ids = [self._made("account_create", _account(f"user{number}")) for number in range(accounts)]
        self.accounts = {ident: account for account, ident in enumerate(self.ids)}
        self._looked = self.state.store.savepoint()
        self.issuer = issuer
        self.usd = self._made("asset_create", _bitasset(self.ids[issuer], options))
        producers = {"issuer": self._id(issuer), "asset_to_update": f"1.3.{self.usd}"}
        self._send("asset_update_feed_producers", {**producers, "new_feed_producers": [self._id(issuer)]})

    # --- talking to the node ------------------------------------------------------------------------------

    def _id(self, account: int) -> str:
        return f"1.2.{self.ids[account]}"

    def _amount(self, units: int, side: Side) -> dict[str, Any]:
        return {"amount": units, "asset_id": "1.3.0" if side == CORE else f"1.3.{self.usd}"}

    def _send(self, name: str, body: dict[str, Any]) -> Any:
        """Carry an operation out; raises `ChainError`, with nothing changed, if the node refuses it."""
        op = operation.parse([NUMBERS[name], body])
        return self._try(lambda: apply_operation(self.state, op, is_virtual=False), op)

    def _try(self, do: Callable[[], Any], op: Operation | None = None) -> Any:
        state = self.state
        mark, applied = state.store.savepoint(), len(state.applied)
        try:
            if op is not None:
                op.validate()
            return do()
        except ChainError:
            state.store.undo_to(mark)
            del state.applied[applied:]
            raise

    def _done(self, name: str, body: dict[str, Any]) -> bool:
        """Carry an operation out and read the views anew; false if the node refuses it."""
        try:
            self._send(name, body)
        except ChainError:
            return False
        self._look()
        return True

    def _made(self, name: str, body: dict[str, Any]) -> int:
        return int(self._send(name, body)[1].split(".")[2])

    def _look(self) -> None:
        """Read the views of what changed anew, and what happened to positions."""
        state = self.state
        changed = {ident for kind in state.store.changes_since(self._looked) for row in kind for ident in _owners(row)}
        idents = sorted(changed & self.accounts.keys())
        before = {
            account: (int(self.collateral[account]), int(self.debt[account]))
            for account in map(self.accounts.__getitem__, idents)
        }
        self._closed_by_swan = 0
        for applied in state.applied:
            if isinstance(applied.op, FillOrder):
                self._note(applied.op, before)
        state.applied.clear()
        for ident in idents:
            account = self.accounts[ident]
            self.core[account] = state.balance(ident, CORE)
            self.bitasset[account] = state.balance(ident, self.usd)
            call = state.call_of.get((ident, self.usd))
            now = (call.collateral, call.debt) if call else (0, 0)
            if now != (self.collateral[account], self.debt[account]):
                self.touched.add(account)
                self.collateral[account], self.debt[account] = now
            if call is None:
                self.exempted.discard(ident)
        self._looked = state.store.savepoint()
        state.store.forget_before(self._looked)

    def _note(self, fill: FillOrder, before: dict[int, tuple[int, int]]) -> None:
        if not fill.order_id.startswith("1.8."):
            base, quote = fill.fill_price.base, fill.fill_price.quote
            self.last_price = (base.amount, quote.amount) if base.asset_id else (quote.amount, base.amount)
            return
        account = self.accounts[fill.account_id]
        collateral, debt = before[account]
        self._closed_by_swan += fill.is_maker  # margin calls of a feed are takers
        closed = fill.receives.amount == debt
        freed = collateral - fill.pays.amount if closed else 0
        before[account] = (0, 0) if closed else (collateral - fill.pays.amount, debt - fill.receives.amount)
        self.calls.append(Called(account, fill.pays.amount, fill.receives.amount, fill.fee.amount, closed, freed))

    # --- reading ------------------------------------------------------------------------------------------

    @property
    def _asset(self) -> Any:
        return self.state.asset(self.usd)

    @property
    def _bitasset(self) -> Any:
        return self.state.bitasset_of(self.usd)

    @property
    def settled(self) -> bool:
        return bool(self._bitasset.is_globally_settled)

    @property
    def supply(self) -> int:
        return self.state.dynamic(self._asset).current_supply

    @property
    def fund(self) -> int:
        return int(self._bitasset.settlement_fund)

    @property
    def fees(self) -> tuple[int, int]:
        dynamic = self.state.dynamic(self._asset)
        return dynamic.accumulated_collateral_fees, dynamic.accumulated_fees

    def has(self, account: int, side: Side, units: int) -> bool:
        return 0 < units <= int((self.core if side == CORE else self.bitasset)[account])

    def best(self, sells: Side) -> tuple[int, int] | None:
        order = self.state.book.first((CORE, self.usd) if sells == CORE else (self.usd, CORE))
        if order is None:
            return None
        base, quote = order.sell_price.base.amount, order.sell_price.quote.amount
        return (base, quote) if sells == USD else (quote, base)

    def resting(self) -> list[tuple[int, Side, int]]:
        orders = (self.state.limit_orders[number] for number in sorted(self.state.limit_orders.rows))
        return [
            (self.accounts[order.seller], USD if order.market[0] == self.usd else CORE, order.for_sale)
            for order in orders
        ]

    # --- doing --------------------------------------------------------------------------------------------

    def create_core(self, account: int, units: int) -> None:
        if units:
            self._send("transfer", {"from": f"1.2.{FAUCET}", "to": self._id(account), "amount": self._amount(units, 0)})
            self._look()

    def transfer(self, sender: int, receiver: int, side: Side, units: int) -> bool:
        if not self.has(sender, side, units) or sender == receiver:
            return self.has(sender, side, units)
        body = {"from": self._id(sender), "to": self._id(receiver), "amount": self._amount(units, side)}
        return self._done("transfer", body)

    def adjust(self, account: int, collateral: int, debt: int, *, payer: int, target: int | None) -> bool:
        closing = self.debt[account] > 0 and (self.collateral[account] + collateral, self.debt[account] + debt) == (
            0,
            0,
        )
        if self.ids[account] in self.exempted and (collateral < 0 or debt > 0) and not closing:
            return False
        if int(self.bitasset[payer]) + debt < 0 or int(self.core[payer]) < collateral:
            return False
        body = {
            "funding_account": self._id(account),
            "delta_collateral": self._amount(collateral, CORE),
            "delta_debt": self._amount(debt, USD),
            "extensions": {} if target is None else {"target_collateral_ratio": target},
        }
        ident, other = self.ids[account], self.ids[payer]
        op = operation.parse([NUMBERS["call_order_update"], body])

        def do() -> None:
            for units, asset in ((collateral, CORE), (-debt, self.usd)):
                if units > 0:
                    self._move(other, ident, units, asset)
            apply_operation(self.state, op, is_virtual=False)
            for units, asset in ((-collateral, CORE), (debt, self.usd)):
                if units > 0:
                    self._move(ident, other, units, asset)

        try:
            self._try(do, op)
        except ChainError:
            return False
        self._look()
        return True

    def _move(self, sender: int, receiver: int, units: int, asset: int) -> None:
        self.state.adjust_balance(sender, Asset(-units, asset))
        self.state.adjust_balance(receiver, Asset(units, asset))

    def place(self, account: int, sell: Side, units: int, receive: int) -> int:
        body = {
            "seller": self._id(account),
            "amount_to_sell": self._amount(units, sell),
            "min_to_receive": self._amount(receive, USD if sell == CORE else CORE),
            "expiration": time_to_text(TIME_MAX),
        }
        if receive < 1 or not self.has(account, sell, units):
            return 0
        try:
            number = self._made("limit_order_create", body)
        except ChainError:
            return 0
        self._look()
        # the first order of a node is number 0
        return number + 1 if self.state.limit_orders.get(number) is not None else 0

    def cancel(self, account: int, order: int) -> bool:
        return self._done("limit_order_cancel", {"fee_paying_account": self._id(account), "order": f"1.7.{order - 1}"})

    def publish(self, price: tuple[int, int], mcr: int, mssr: int, icr: int) -> None:
        pair = {"base": self._amount(price[0], USD), "quote": self._amount(price[1], CORE)}
        settled = self.settled
        feed = {
            "settlement_price": pair,
            "core_exchange_rate": pair,
            "maintenance_collateral_ratio": mcr,
            "maximum_short_squeeze_ratio": mssr,
        }
        body = {"publisher": self._id(self.issuer), "asset_id": f"1.3.{self.usd}", "feed": feed}
        self._send("asset_publish_feed", {**body, "extensions": {"initial_collateral_ratio": icr}})
        self._look()
        self._note_swan(settled)

    def _note_swan(self, settled: bool) -> None:
        if self.settled and not settled:
            self.swans.append(Swan(self.supply, self.fund, self._closed_by_swan))

    def exempt(self, account: int, exempt: bool) -> None:
        ident = self.ids[account]
        if exempt == (ident in self.exempted) or not self.debt[account]:
            return
        if exempt:
            self.exempted.add(ident)
            return
        self.exempted.discard(ident)
        settled = self.settled
        check_call_orders(self.state, self._asset, self._bitasset)
        self._look()
        self._note_swan(settled)

    def _call(self, account: int) -> CallOrder:
        found = self.state.call_of.get((self.ids[account], self.usd))
        if found is None:
            raise ValueError(f"account {account} has no position")
        return found

    def take_collateral(self, account: int, units: int, receiver: int) -> None:
        call = self._call(account)
        self.state.store.update(call, collateral=call.collateral - units)
        self.state.adjust_balance(self.ids[receiver], Asset(units, CORE))
        self._look()

    def pay_debt(self, account: int, units: int, payer: int) -> None:
        state, ident = self.state, self.ids[account]
        call = self._call(account)
        state.adjust_balance(self.ids[payer], Asset(-units, self.usd))
        state.change_supply(self._asset, -units)
        if units == call.debt:
            state.adjust_balance(ident, Asset(call.collateral, CORE))
            state.store.remove(call)
        else:
            state.store.update(call, debt=call.debt - units)
        self._look()

    def settle(self, account: int, units: int) -> int:
        if not self.settled or not self.has(account, USD, units):
            return 0
        before = int(self.core[account])
        self._done("asset_settle", {"account": self._id(account), "amount": self._amount(units, USD)})
        return int(self.core[account]) - before

    def bid_collateral(self, account: int, collateral: int, debt: int) -> bool:
        body = {"bidder": self._id(account), "additional_collateral": self._amount(collateral, CORE)}
        return self._done("bid_collateral", {**body, "debt_covered": self._amount(debt, USD)})

    def claim_fees(self, receiver: int) -> tuple[int, int]:
        claimed = self.fees
        dynamic = self.state.dynamic(self._asset)
        self.state.store.update(dynamic, accumulated_collateral_fees=0, accumulated_fees=0)
        for units, asset in zip(claimed, (CORE, self.usd), strict=True):
            self.state.adjust_balance(self.ids[receiver], Asset(units, asset))
        self._look()
        return claimed


def _owners(row: ChainObject) -> set[int]:
    """Whose balance or position an object is."""
    if isinstance(row, Balance):
        return {row.owner}
    return row.accounts() if isinstance(row, CallOrder) else set()


def _account(name: str) -> dict[str, Any]:
    key = "TEST6MRyAjQq8ud7hVNYcfnVPJqcVpscN5So8BhtHuGYqET5GDW5CV"
    authority = {"weight_threshold": 1, "account_auths": [], "key_auths": [[key, 1]]}
    options = {"memo_key": key, "voting_account": "1.2.5"}
    who = f"1.2.{FAUCET}"
    return {
        "registrar": who,
        "referrer": who,
        "name": name,
        "owner": authority,
        "active": authority,
        "options": options,
    }


def _bitasset(issuer: int, options: MarketOptions) -> dict[str, Any]:
    one = {"base": {"amount": 1, "asset_id": "1.3.0"}, "quote": {"amount": 1, "asset_id": "1.3.1"}}
    fee = {"margin_call_fee_ratio": options.margin_call_fee} if options.margin_call_fee else {}
    return {
        "issuer": f"1.2.{issuer}",
        "symbol": "REHEARSED",
        "precision": 4,
        "common_options": {
            "max_supply": 10**15,
            "market_fee_percent": options.market_fee,
            "max_market_fee": 10**15,
            "issuer_permissions": 511,
            "flags": int(Permission.CHARGE_MARKET_FEE) if options.market_fee else 0,
            "core_exchange_rate": one,
        },
        "bitasset_opts": {
            "feed_lifetime_sec": 10**9,
            "minimum_feeds": 1,
            "force_settlement_delay_sec": 60,
            "force_settlement_offset_percent": 0,
            "maximum_force_settlement_volume": 10_000,
            "short_backing_asset": "1.3.0",
            "extensions": fee,
        },
    }
