"""The engine: `apply(input) -> outcome`, pure and exact, the same for keeper, dry run, rehearsal and replay."""

from __future__ import annotations

from typing import Any

from bsip_mplp.rules import borrowing, feeds, loans, payouts, pools, positions, protection
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.inputs import (
    Ask,
    AssetSeen,
    Borrow,
    ChangePool,
    Deposit,
    FeedSeen,
    Input,
    Lend,
    MarketOpened,
    Operator,
    OrderDone,
    OrderFailed,
    ParametersChanged,
    PositionSeen,
    Prepay,
    Protect,
    Repay,
    Request,
    Stake,
    Tick,
    Unlend,
    Unprepay,
    Unprotect,
    Withdraw,
)
from bsip_mplp.rules.outcomes import Outcome
from bsip_mplp.rules.schedule import DueItem, DueKind


class Engine:
    """The rules over one book. Inputs are applied in order; one dated before the clock counts at the clock."""

    def __init__(self) -> None:
        self.book = Book()

    @property
    def now(self) -> int:
        """The time of the last input, in chain seconds."""
        return self.book.now

    @property
    def ledger(self) -> Any:
        """The ledger, to be read."""
        return self.book.ledger

    def next_due(self) -> int | None:
        """When the earliest thing falls due, in chain seconds."""
        return self.book.schedule.next_time()

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
            case DueKind.HOLD:
                positions.hold_is_complete(self.book, due.number, due.detail)
            case DueKind.INTEREST:
                loans.interest_falls_due(self.book, self.book.loans[due.number])
            case DueKind.END:
                loans.paid_time_ends(self.book, self.book.loans[due.number], due.time)

    def _look(self) -> None:
        """PL-26, PL-D11: look at every position that anything touched, in the order in which they were first seen."""
        book = self.book
        while book.to_look_at:
            keys, book.to_look_at = book.to_look_at, set()
            for position in sorted((book.positions[key] for key in keys), key=lambda position: position.number):
                positions.look(book, position)
                book.to_look_at.discard((position.market, position.account))

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
            case PositionSeen():
                positions.position_seen(self.book, item)
            case AssetSeen():
                feeds.asset_seen(self.book, item)
            case MarketOpened():
                feeds.market_opened(self.book, item)
            case ParametersChanged():
                feeds.parameters_changed(self.book, item)
            case OrderDone():
                payouts.order_done(self.book, item)
            case OrderFailed():
                payouts.order_failed(self.book, item)

    def _deposit(self, item: Deposit) -> None:
        """G-6: whatever arrives is the sender's free balance first; then what the memo asked for is tried."""
        self.book.move(
            "G-6",
            "deposit",
            ("outside", item.asset, -item.amount),
            (f"free/{item.account}", item.asset, item.amount),
        )
        if item.ask is not None:
            self._ask(item.account, item.ask, (item.asset, item.amount) if item.amount else None)
        elif item.unreadable is not None:
            raise Refused("G-6", item.unreadable, "The money is in your free balance: withdraw it with mplp withdraw.")

    def _ask(self, account: str, ask: Ask, along: tuple[str, int] | None) -> None:
        book = self.book
        match ask:
            case Lend():
                pools.lend(book, account, ask, *_money(ask, along))
            case Stake():
                pools.stake(book, account, ask, *_money(ask, along))
            case ChangePool():
                pools.change_pool(book, account, ask)
            case Unlend():
                pools.unlend(book, account, ask)
            case Prepay():
                borrowing.prepay(book, account, *_money(ask, along))
                loans.try_overdue(book, account)
            case Unprepay():
                borrowing.unprepay(book, account, ask.asset, ask.amount)
            case Borrow():
                borrowing.borrow(book, account, ask, along)
            case Protect():
                protection.protect(book, account, ask, along)
            case Unprotect():
                protection.unprotect(book, account, ask)
            case Repay():
                loans.repay(book, account, ask)
            case Withdraw():
                payouts.withdraw(book, account, ask)
            case Operator():
                asset, units = _money(None, along)
                book.move("G-5", "operator's reserve", (f"free/{account}", asset, -units), ("operator", asset, units))

    def state(self) -> dict[str, Any]:
        """The whole state as plain values: what `mplp play` prints."""
        book = self.book
        balances = self.ledger.balances()
        return {
            "time": book.now,
            "balances": _by_account(balances, "free/"),
            "prepaid": _by_account(balances, "prepaid/"),
            "funds": _by_account(balances, "fund/"),
            "payouts": _by_account(balances, "payout/"),
            "operator": _by_account(balances, "operator").get("", {}),
            "outside": _by_account(balances, "outside").get("", {}),
            "assets": {symbol: asset.as_json() for symbol, asset in book.assets.items()},
            "markets": {name: market.as_json() for name, market in book.markets.items()},
            "pools": {str(number): pool.as_json() for number, pool in book.pools.items()},
            "loans": {str(number): loan.as_json() for number, loan in book.loans.items()},
            "positions": {p.key: p.as_json() for p in book.positions.values()},
            "protections": {str(number): kept.as_json() for number, kept in book.protections.items()},
            "orders": {str(number): payout.as_json() for number, payout in book.payouts.items()},
        }


def _by_account(balances: dict[tuple[str, str], int], prefix: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (account, asset), units in sorted(balances.items()):
        if account.startswith(prefix):
            found.setdefault(account[len(prefix) :], {})[asset] = units
    return found


def _whose(item: Input) -> str:
    return item.account if isinstance(item, Deposit | Request | PositionSeen) else feeds.OPERATOR


def _money(ask: Lend | Stake | Prepay | None, along: tuple[str, int] | None) -> tuple[str, int]:
    """The asset and the units that a request is about: what it names, or what came along."""
    asset = along[0] if along is not None else None
    units = along[1] if along is not None else None
    if ask is not None and ask.asset is not None:
        units = units if ask.asset == asset else None
        asset = ask.asset
    if ask is not None and ask.amount is not None:
        units = ask.amount
    if asset is None or units is None:
        raise Refused("G-6", "no money came along and none was named", "Send the amount with the memo.")
    return asset, units
