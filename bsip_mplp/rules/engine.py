"""The engine: `apply(input) -> outcome`, pure and exact, the same for keeper, dry run, rehearsal and replay (PL-I5)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from bsip_mplp.rules import (
    auctions,
    bond_assets,
    bonds,
    borrowing,
    chain_orders,
    feeds,
    funds,
    interest,
    loans,
    pools,
    positions,
    protection,
    serving,
    shared_accrual,
    shared_calls,
    shared_lenders,
    shared_pool,
    shared_service,
    vault_requests,
    vault_results,
    vault_work,
    vaults,
)
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.inputs import (
    Ask,
    AssetSeen,
    Bid,
    Borrow,
    BuyBond,
    ChangePool,
    CloseBlack,
    Deposit,
    FeedSeen,
    Hold,
    Input,
    Insure,
    IssueBond,
    KeepBond,
    LeavePool,
    Lend,
    Loss,
    MarketOpened,
    Operator,
    OrderDone,
    OrderFailed,
    OrderFilled,
    ParametersChanged,
    PassBond,
    PositionSeen,
    Prepay,
    Protect,
    Redeem,
    Repay,
    Request,
    Rewards,
    SharedPoolSet,
    Stake,
    Supply,
    TakeBond,
    Tick,
    Unhold,
    Unlend,
    Unprepay,
    Unprotect,
    VaultBalance,
    VaultSeen,
    Withdraw,
)
from bsip_mplp.rules.outcomes import Outcome
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.shared_state import SharedPool
from bsip_mplp.rules.state import Market
from bsip_mplp.rules.vault_asks import VaultAdd, VaultClose, VaultDraw, VaultOpen, VaultPay, VaultTake


class Engine:
    """The rules over one book. Inputs are applied in order; one dated before the clock counts at the clock.

    With `shows` false outcomes name the objects that were touched, but don't show them: for who reads the book itself.
    """

    def __init__(self, *, shows: bool = True) -> None:
        self.book = Book(shows=shows)

    @property
    def now(self) -> int:
        """The time of the last input, in chain seconds."""
        return self.book.now

    @property
    def ledger(self) -> Any:
        """The ledger, to be read."""
        return self.book.ledger

    def next_due(self, kinds: Collection[DueKind] | None = None) -> int | None:
        """When the earliest thing of some kinds, or of all, falls due, in chain seconds."""
        return self.book.schedule.next_time(kinds)

    def apply(self, item: Input) -> Outcome:
        """Do first what fell due at or before the input's time (G-7), then what the input says.

        What a rule forbids becomes a refusal in the outcome; only a fault (a broken ledger) raises.
        """
        time = max(item.time, self.book.now)
        self._work_off(time)
        self.book.now = time
        try:
            self._take(item)
        except Refused as refused:
            self.book.refuse(_whose(item), refused)
        self._look()
        self._work_off(time)
        return self.book.finish()

    def _work_off(self, until: int) -> None:
        while (due := self.book.schedule.take(until)) is not None:
            self.book.now = max(due.time, self.book.now)
            self._do_due(due)
            self._look()

    def _do_due(self, due: DueItem) -> None:
        match due.kind:
            case DueKind.FEED_EXPIRY:
                feeds.feed_expires(self.book, due.number)
            case DueKind.HOLD | DueKind.CURE:
                positions.hold_is_complete(self.book, due.number, due.detail)
            case DueKind.INTEREST:
                interest.interest_falls_due(self.book, self.book.loans[due.number])
            case DueKind.SHARED_INTEREST:
                self._shared_interest(due)
            case DueKind.SHARED_LEAVING:
                shared_lenders.step_falls_due(self.book, self._shared_pool(due.number), due.time)
            case DueKind.SHARED_CALL:
                shared_calls.calls_fall_due(self.book, self._shared_pool(due.number))
            case DueKind.END:
                interest.paid_time_ends(self.book, self.book.loans[due.number], due.time)
            case DueKind.ROUND:
                auctions.round_closes(self.book, self.book.auctions[due.number])
            case DueKind.WINDOW:
                serving.window_ends(self.book, self.book.series[due.number])
            case DueKind.DIVIDEND:
                serving.dividend_falls_due(self.book, self._market(due.number))
            case DueKind.VAULT:
                vault_results.retry(self.book, due.number)

    def _shared_interest(self, due: DueItem) -> None:
        pool = self._shared_pool(due.number)
        if pool.due_time != due.time:
            return
        pool.due_time = None
        shared_accrual.advance(pool, self.book.now)
        shared_accrual.pay_due(self.book, pool)
        shared_service.refresh(self.book, pool)

    def _shared_pool(self, number: int) -> SharedPool:
        return self.book.shared_pools[self.book.market_names[number]]

    def _market(self, number: int) -> Market:
        return self.book.markets[self.book.market_names[number]]

    def _look(self) -> None:
        """PL-26, PL-D11: look at every position that anything touched, in the order in which they were first seen.

        Then the funds of the markets that anything touched do what they have to (PL-40), until nothing changes.
        """
        book = self.book
        while book.to_look_at or book.to_serve:
            keys, book.to_look_at = book.to_look_at, set()
            for position in sorted((book.positions[key] for key in keys), key=lambda position: position.number):
                positions.look(book, position)
                if position.custody == "vault":
                    vault_work.look(book, position)
            if not book.to_look_at:
                names, book.to_serve = book.to_serve, set()
                for market in sorted((book.markets[name] for name in names), key=lambda market: market.number):
                    serving.serve(book, market)
                    vault_work.serve(book, market)

    def _take(self, item: Input) -> None:
        match item:
            case Tick():
                return
            case Deposit():
                self._deposit(item)
            case Request():
                self._ask(item.account, item.ask, None)
            case FeedSeen():
                feeds.feed_seen(self.book, item)
            case AssetSeen():
                feeds.asset_seen(self.book, item)
            case MarketOpened():
                feeds.market_opened(self.book, item)
            case ParametersChanged():
                feeds.parameters_changed(self.book, item)
            case SharedPoolSet():
                shared_pool.pool_set(self.book, item)
            case OrderDone() | OrderFilled() | OrderFailed():
                if not vault_results.report(self.book, item) and not bond_assets.report(self.book, item):
                    chain_orders.report(self.book, item)
            case Loss():
                chain_orders.lost(self.book, item)
            case _:
                self._seen(item)

    def _seen(self, item: PositionSeen | VaultSeen | VaultBalance) -> None:
        match item:
            case VaultSeen():
                vaults.vault_seen(self.book, item)
            case VaultBalance():
                vault_results.balance_seen(self.book, item)
            case PositionSeen() if item.custody == "vault" or item.account in self.book.vaults:
                vault_results.position_seen(self.book, item)
            case PositionSeen():
                positions.position_seen(self.book, item)

    def _deposit(self, item: Deposit) -> None:
        """G-6: whatever arrives is the sender's free balance first; then what the memo asked for is tried."""
        self.book.move(
            "G-6",
            "deposit",
            ("outside", item.asset, -item.amount),
            (f"free/{item.account}", item.asset, item.amount),
        )
        is_bond = bond_assets.bring_back(self.book, item)
        if item.ask is not None:
            self._ask(item.account, item.ask, (item.asset, item.amount) if item.amount and not is_bond else None)
        elif item.unreadable is not None and not is_bond:
            raise Refused("G-6", item.unreadable, "The money is in your free balance: withdraw it with mplp withdraw.")

    def _ask(self, account: str, ask: Ask, along: tuple[str, int] | None) -> None:
        kind = type(ask)
        if kind in _OF_MONEY:
            _OF_MONEY[kind](self.book, account, ask, *_money(ask, along))
        elif kind in _WITH_INTEREST:
            _WITH_INTEREST[kind](self.book, account, ask, along)
        else:
            _PLAIN[kind](self.book, account, ask)

    def state(self) -> dict[str, Any]:
        """The whole state as plain values: what `mplp play` prints."""
        book = self.book
        balances = self.ledger.balances()
        return {
            "time": book.now,
            "balances": _by_account(balances, "free/"),
            "prepaid": _by_account(balances, "prepaid/"),
            "funds": _by_account(balances, "fund/"),
            "risk_funds": _by_account(balances, "risk/"),
            "risk_lent": _by_account(balances, "risk_lent/"),
            "held_bids": _by_account(balances, "bid/"),
            "payouts": _by_account(balances, "payout/"),
            "bonds_on_chain": _by_account(balances, "bonds/"),
            "operator": _by_account(balances, "operator").get("", {}),
            "outside": _by_account(balances, "outside").get("", {}),
            "assets": {symbol: asset.as_json() for symbol, asset in book.assets.items()},
            "markets": {name: market.as_json() for name, market in book.markets.items()},
            "pools": {str(number): pool.as_json() for number, pool in book.pools.items()},
            "loans": {str(number): loan.as_json() for number, loan in book.loans.items()},
            "positions": {p.key: p.as_json() for p in book.positions.values()},
            "protections": {str(number): kept.as_json() for number, kept in book.protections.items()},
            "auctions": {str(number): kept.as_json() for number, kept in book.auctions.items()},
            "bids": {str(number): kept.as_json() for number, kept in book.bids.items()},
            "claims": {str(number): kept.as_json() for number, kept in book.claims.items()},
            "series": {str(number): kept.as_json() for number, kept in book.series.items()},
            "offers": {str(number): kept.as_json() for number, kept in book.offers.items()},
            "shared": _by_account(balances, "shared/"),
            "shared_pools": {name: kept.as_json() for name, kept in book.shared_pools.items()},
            "participants": {
                kept.object_key: kept.as_json() for pool in book.shared_pools.values() for kept in pool.known.values()
            },
            "lenders": {
                kept.object_key: kept.as_json() for pool in book.shared_pools.values() for kept in pool.lenders.values()
            },
            "vaults": {account: kept.as_json() for account, kept in book.vaults.items()},
            "unwindings": {str(number): kept.as_json() for number, kept in book.unwindings.items()},
            "in_vaults": _by_account(balances, "vaults").get("", {}),
            "orders": {str(number): kept.as_json() for number, kept in book.orders.items()},
        }


def _by_account(balances: dict[tuple[str, str], int], prefix: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (account, asset), units in sorted(balances.items()):
        if account.startswith(prefix):
            found.setdefault(account[len(prefix) :], {})[asset] = units
    return found


def _whose(item: Input) -> str:
    return item.account if isinstance(item, Deposit | Request | PositionSeen) else feeds.OPERATOR


def _money(ask: Any, along: tuple[str, int] | None) -> tuple[str, int]:
    """The asset and the units that a request is about: what it names, or what came along."""
    asset, units = along if along is not None else (None, None)
    named_asset, named_units = getattr(ask, "asset", None), getattr(ask, "amount", None)
    if named_asset is not None and named_asset != asset:
        asset, units = named_asset, None
    if named_units is not None:
        units = named_units
    if asset is None or units is None:
        raise Refused("G-6", "no money came along and none was named", "Send the amount with the memo.")
    return asset, units


_OF_MONEY: dict[type, Callable[[Book, str, Any, str, int], None]] = {
    Lend: pools.lend,
    Stake: pools.stake,
    Prepay: borrowing.prepay_interest,
    Bid: auctions.bid,
    Insure: funds.insure,
    BuyBond: bonds.buy_bond,
    Operator: funds.add_to_reserve,
    Supply: shared_lenders.supply,
    VaultOpen: vaults.open_vault,
    VaultAdd: vault_requests.ask_of_money,
    VaultPay: vault_requests.ask_of_money,
}
"""Requests about an amount: what they name, or what came along."""

_WITH_INTEREST: dict[type, Callable[[Book, str, Any, tuple[str, int] | None], None]] = {
    Borrow: borrowing.borrow,
    Protect: protection.protect,
    Hold: shared_pool.hold,
}
"""Requests for which what came along is prepaid interest."""

_PLAIN: dict[type, Callable[[Book, str, Any], None]] = {
    ChangePool: pools.change_pool,
    Unlend: pools.unlend,
    Unprepay: borrowing.unprepay,
    Unprotect: protection.unprotect,
    Repay: loans.repay,
    Withdraw: chain_orders.withdraw,
    PassBond: bonds.pass_bond,
    TakeBond: bonds.take_bond,
    KeepBond: bonds.keep_bond,
    Redeem: bonds.redeem,
    IssueBond: bond_assets.issue_bond,
    CloseBlack: serving.close_black,
    LeavePool: shared_lenders.leave,
    Rewards: shared_lenders.rewards,
    Unhold: shared_pool.unhold,
    VaultDraw: vault_requests.act,
    VaultTake: vault_requests.act,
    VaultClose: vault_requests.act,
}
