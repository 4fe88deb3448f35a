"""A small engine that keeps the real one's protocol: deposits, withdrawals, payouts, and refusals."""

from __future__ import annotations

from typing import Any

from bsip_mplp.ledger import Entry, Ledger, Posting
from bsip_mplp.rules.inputs import Deposit, Input, OrderDone, OrderFailed, Request, Withdraw
from bsip_mplp.rules.outcomes import Event, Notice, Order, Outcome, Refusal


class FakeEngine:
    def __init__(self) -> None:
        self.now = 0
        self.ledger = Ledger()
        self.payouts: dict[int, dict[str, Any]] = {}
        self.deposits: dict[str, int] = {}

    def apply(self, item: Input) -> Outcome:
        self.now = max(self.now, item.time)
        match item:
            case Deposit():
                return self._deposit(item)
            case Request(ask=Withdraw()):
                return self._withdraw(item.account, item.ask)
            case OrderDone() | OrderFailed():
                return self._finish(item)
            case _:
                return Outcome(time=self.now)

    def state(self) -> dict[str, Any]:
        return {
            "orders": {str(number): payout for number, payout in self.payouts.items()},
            "positions": {name: {"name": name, "deposits": times} for name, times in self.deposits.items()},
        }

    def _move(self, rule: str, text: str, *moves: tuple[str, str, int]) -> Entry:
        entry = Entry(self.now, rule, text, tuple(Posting(*move) for move in moves))
        self.ledger.post(entry)
        return entry

    def _deposit(self, item: Deposit) -> Outcome:
        free = f"free/{item.account}"
        entry = self._move("G-6", "deposit", ("outside", item.asset, -item.amount), (free, item.asset, item.amount))
        self.deposits[item.account] = self.deposits.get(item.account, 0) + 1
        body = {"name": item.account, "deposits": self.deposits[item.account]}
        return Outcome(
            time=self.now,
            entries=(entry,),
            events=(Event(self.now, "G-6", "position", item.account, "credited", {"units": item.amount}),),
            objects={("position", item.account): body},
            notices=(Notice(self.now, item.account, "G-6", f"{item.amount} {item.asset} came in: 收到"),),
        )

    def _withdraw(self, account: str, ask: Withdraw) -> Outcome:
        units = ask.amount or 0
        free = f"free/{account}"
        if not 0 < units <= self.ledger.balance(free, ask.asset):
            return Outcome(
                time=self.now,
                refusals=(Refusal(self.now, account, "PL-9", f"there are not {units} {ask.asset}", "Ask for less."),),
            )
        number = len(self.payouts) + 1
        entry = self._move("PL-9", "withdraw", (free, ask.asset, -units), (f"payout/{number}", ask.asset, units))
        self.payouts[number] = {"number": number, "account": account, "asset": ask.asset, "units": units}
        order = Order(number, "payout", account, ask.asset, units, f"payout {number}")
        return Outcome(time=self.now, entries=(entry,), orders=(order,), objects=self._touched(number, "open"))

    def _finish(self, item: OrderDone | OrderFailed) -> Outcome:
        payout = self.payouts.get(item.order)
        if payout is None or payout["state"] != "open":
            return Outcome(
                time=self.now, refusals=(Refusal(self.now, "keeper", "G-6", f"no open order {item.order}", ""),)
            )
        held, asset, units = f"payout/{item.order}", payout["asset"], payout["units"]
        if isinstance(item, OrderFailed):
            entries = [self._move("G-6", "failed", (held, asset, -units), (f"free/{payout['account']}", asset, units))]
            return Outcome(time=self.now, entries=tuple(entries), objects=self._touched(item.order, "failed"))
        entries = [self._move("G-5", "paid", (held, asset, -units), ("outside", asset, units))]
        if item.fee:
            fee = ("operator", item.fee_asset, -item.fee), ("outside", item.fee_asset, item.fee)
            entries.append(self._move("G-5", "fee", *fee))
        return Outcome(time=self.now, entries=tuple(entries), objects=self._touched(item.order, "done"))

    def _touched(self, number: int, state: str) -> dict[tuple[str, str], dict[str, Any]]:
        self.payouts[number]["state"] = state
        return {("order", str(number)): dict(self.payouts[number])}
