"""The desk that the bots work at: what they may look at, and the hands that carry their plans out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bsip_mplp.bots.actions import Action, HoldBack, Pay, Take, Warn
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.inbox import Inbox, Reading
from bsip_mplp.chain.outbox import Outbox, Waiting
from bsip_mplp.config import Settings
from bsip_mplp.journal import Cursor, Journal
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.rules.codec import canonical, input_to_json
from bsip_mplp.rules.inputs import FeedSeen, OrderDone, OrderFailed, PositionSeen


class Done(NamedTuple):
    """What was done, a line each, and what had to wait, with the reason."""

    lines: list[str]
    held: list[str]


class Desk:
    """One engine at one journal, and one connection to the chain. Without an outbox nothing is ever sent."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        intake: Intake,
        connection: Connection,
        inbox: Inbox | None,
        outbox: Outbox | None,
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.intake = intake
        self.chain = Chain(connection)
        self._connection = connection
        self._inbox = inbox
        self._outbox = outbox
        self._sent: list[str] = []
        """What was said to be sent already, so that it is said once and not with each broadcast."""

    # --- what bots look at ----------------------------------------------------------------------------------

    def read_inbox(self, was: Cursor) -> Reading:
        """What came after the cursor in irreversible blocks; where there is no pool account only the clock moves."""
        if self._inbox is not None:
            return self._inbox.read(was.block, was.operation)
        head = self.chain.head()
        return Reading((), (), head.irreversible_number, head.irreversible_time, was.operation)

    def read_feeds(self, markets: Iterable[str], time: int) -> list[FeedSeen]:
        """The feeds of markets as the chain has them now, dated with the ledger's clock."""
        names = sorted(markets)
        return self.chain.feeds(names, time) if names else []

    def read_positions(self, accounts: Sequence[str], time: int) -> list[PositionSeen]:
        """The positions of accounts in all markets, batched by market."""
        return self.read_positions_of(
            [(market, account) for market in self.intake.sightings.markets for account in accounts], time
        )

    def read_positions_of(self, wanted: Sequence[tuple[str, str]], time: int) -> list[PositionSeen]:
        """The positions of (market, account), in the order given, batched by market; none is a debt of 0."""
        accounts: dict[str, list[str]] = {}
        for market, account in wanted:
            accounts.setdefault(market, []).append(account)
        found = {market: self.chain.positions(market, names) for market, names in accounts.items()}
        return [
            PositionSeen(
                time=time,
                market=market,
                account=account,
                collateral=found[market][account].collateral,
                debt=found[market][account].debt,
            )
            for market, account in wanted
        ]

    # --- what is done ---------------------------------------------------------------------------------------

    def carry_out(self, action: Action) -> Done:
        """Do what a plan asks for; returns what was done and what waits."""
        match action:
            case Take():
                return self._take(action)
            case Pay():
                return self._pay(action)
            case HoldBack() | Warn():
                return Done([], action.lines())

    def _take(self, take: Take) -> Done:
        outcomes = self.intake.take(take.inputs, take.cursor)
        lines = [f"took {canonical(input_to_json(item))}" for item in take.inputs]
        for outcome in outcomes:
            lines.extend(f"{event.rule}: {event.kind} {event.key} {event.what}" for event in outcome.events)
            lines.extend(f"{one.rule} refused {one.account}: {one.reason}" for one in outcome.refusals)
        return Done(lines, [])

    def _pay(self, pay: Pay) -> Done:
        if self._outbox is None:
            return Done([], pay.lines())
        progress = self._outbox.work(pay.orders, pay.time, pay.reserve_units)
        ended = tuple(one for one in progress if isinstance(one, OrderDone | OrderFailed))
        done = self._take(Take(ended)) if ended else Done([], [])
        under_way = [f"order {one.order}: {one.reason}" for one in progress if isinstance(one, Waiting)]
        sent = [line for line in under_way if line.endswith("was sent")]
        news, self._sent = [line for line in sent if line not in self._sent], sent
        return Done(done.lines + news, [line for line in under_way if line not in sent])

    def hang_up(self) -> None:
        """Leave the node in use; the next question dials the next one."""
        self._connection.leave()

    def close(self) -> None:
        """Close the journal and the connection."""
        self._connection.close()
        self.journal.close()
