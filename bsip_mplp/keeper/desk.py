"""The desk that the bots work at: what they may look at, and the hands that carry their plans out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bsip_mplp.bots.actions import Action, Claim, HoldBack, Judge, Pay, Take, Warn
from bsip_mplp.chain.at_head import agreed_at_head
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.claims import Claims, Collected, read_collected
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.errors import NotFoundError, StaleNodeError, WrongChainError
from bsip_mplp.chain.holdings import read_holdings
from bsip_mplp.chain.inbox import Inbox, Reading
from bsip_mplp.chain.orders import Waiting
from bsip_mplp.chain.outbox import Outbox
from bsip_mplp.chain.quorum import agreed
from bsip_mplp.config import Settings
from bsip_mplp.journal import Cursor, Journal, read
from bsip_mplp.keeper.audit import Audit, Verdict, judge, own_of
from bsip_mplp.keeper.audits import Board, Kept, first_block, read_bonds, read_books, read_vaults
from bsip_mplp.keeper.intake import Intake
from bsip_mplp.keeper.orders import order_of
from bsip_mplp.keeper.outflow import outflow_of
from bsip_mplp.keeper.vaults import Seen, Watch
from bsip_mplp.rules.codec import canonical, input_to_json
from bsip_mplp.rules.inputs import FeedSeen, OrderDone, OrderFailed, OrderFilled, PositionSeen


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
        audits: Board,
        watch: Watch | None = None,
        claims: Claims | None = None,
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.intake = intake
        self.chain = Chain(connection)
        self._connection = connection
        self._inbox = inbox
        self._outbox = outbox
        self._audits = audits
        self._watch = watch
        self._claims = claims
        self._audited: Audit | None = None
        """What was found since this desk was opened: payouts go by nothing older."""
        self._unknown: list[str] = []
        """Payments out of the account that the inbox saw and the journal knows nothing of."""
        self._sent: dict[int, str] = {}
        """What was said to be sent already, by order, so that it is said once and not with each broadcast."""

    # --- what bots look at ----------------------------------------------------------------------------------

    def read_inbox(self, was: Cursor) -> Reading:
        """What came after the cursor in irreversible blocks; where there is no pool account only the clock moves."""
        self._check_block(was)
        if self._inbox is not None:
            reading = self._inbox.read(was.block, was.operation)
            self._look_for_unknown([one.transaction or one.source for one in reading.sent])
        else:
            head = self.chain.head()
            reading = Reading((), (), head.irreversible_number, head.irreversible_time, was.operation)
        if reading.block == was.block:
            return reading._replace(block_id=was.block_id)
        return reading._replace(block_id=self._id_of(reading.block))

    def _id_of(self, block: int) -> str:
        try:
            return agreed(self.chain, lambda one: one.block_id(block), f"the id of block {block}")
        except NotFoundError:
            return ""  # there is no block behind it yet

    def _check_block(self, was: Cursor) -> None:
        """Raise `WrongChainError` if the block that was read last is another one now: nothing of it was ever so."""
        found = self._id_of(was.block) if was.block_id else ""
        if found and found != was.block_id:
            raise WrongChainError(
                f"block {was.block} was read as {was.block_id[:16]}…, the nodes tell {found[:16]}…: this is another "
                "chain than the journal's (a devnet begun anew?); use the chain's own data, or a journal of its own"
            )

    def _look_for_unknown(self, sent: list[str]) -> None:
        """Remember payments that no order was signed for: of another journal, such as one restored from a backup."""
        if sent:
            with self.journal.reading() as connection:
                known = {one.transaction_id for one in read.signed(connection, sent)}
            self._unknown.extend(one for one in sent if one not in known and one not in self._unknown)

    @property
    def hold(self) -> str | None:
        """Why nothing may be paid out now; None if payouts may go on."""
        if self._unknown:
            return f"transaction {self._unknown[0]} was paid out of the account, and this journal knows nothing of it"
        return "nothing was audited yet since the keeper started" if self._audited is None else self._audited.hold

    def node_faults(self) -> list[str]:
        """What was wrong with nodes in the last minutes, a line each."""
        reports = self._connection.reports().items()
        return [f"node {url}: {one.reason} (seen {one.times} times)" for url, one in sorted(reports)]

    def audit(self) -> Audit | None:
        """Compare ledger and chain; None where there is no pool account, or nothing was read yet."""
        account, cursor = self.settings.chain.pool_account, self.journal.cursor()
        if self._inbox is None or account is None or cursor is None:
            return None
        since, own = first_block(self.journal, cursor), self._audits.read().own
        if own is None and self._audited is not None:
            since = min(since, self._audited.same_since)
        holdings = read_holdings(self.chain, account, since)
        if holdings.head < cursor.block:
            raise StaleNodeError(f"the node knows {holdings.head} blocks, and {cursor.block} were read")
        books = read_books(self.journal, holdings, own, outflow_of(self.chain, account))
        vaults, bonds = read_vaults(self.journal, self.chain), read_bonds(self.journal, self.chain)
        return None if books is None else judge(books, holdings, self._audited, vaults, bonds=bonds)

    def read_feeds(self, markets: Iterable[str], time: int, *, whole: bool = False) -> list[FeedSeen]:
        """The feeds of markets as the chain has them now, dated with the ledger's clock.

        What enough nodes don't agree on is unknown and left out; with `whole` a `DisagreementError` is raised then.
        """
        names = sorted(markets)
        if not names:
            return []
        found = agreed_at_head(
            self.chain, lambda one: {f.market: f for f in one.feeds(names, time)}, "feeds", whole=whole
        )
        return list(found.values())

    def read_positions(self, accounts: Sequence[str], time: int) -> list[PositionSeen]:
        """The positions of accounts in all markets, batched by market."""
        return self.read_positions_of(
            [(market, account) for market in self.intake.sightings.markets for account in accounts], time
        )

    def read_positions_of(
        self, wanted: Sequence[tuple[str, str]], time: int, *, whole: bool = False
    ) -> list[PositionSeen]:
        """The positions of (market, account), in the order given, batched by market; none is a debt of 0.

        What enough nodes don't agree on is unknown and left out; with `whole` a `DisagreementError` is raised then.
        """
        accounts: dict[str, list[str]] = {}
        for market, account in wanted:
            accounts.setdefault(market, []).append(account)

        def tell(one: Chain) -> dict[tuple[str, str], PositionSeen]:
            return {
                (market, account): PositionSeen(
                    time=time, market=market, account=account, collateral=found.collateral, debt=found.debt
                )
                for market, names in accounts.items()
                for account, found in one.positions(market, names).items()
            }

        told = agreed_at_head(self.chain, tell, "positions", whole=whole) if wanted else {}
        return [told[one] for one in wanted if one in told]

    def read_vaults(self, vaults: Sequence[Mapping[str, Any]]) -> list[Seen]:
        """Those of some vaults whose state on the chain can't be undone; none where no vaults are configured."""
        return [] if self._watch is None else self._watch.look(vaults, self.intake.sightings.former_holders)

    def read_collected(self) -> list[Collected]:
        """The fees that the bitassets of all markets collected (PL-42)."""
        markets = self.intake.sightings.markets
        return read_collected(self.chain, markets) if markets else []

    # --- what is done ---------------------------------------------------------------------------------------

    def carry_out(self, action: Action) -> Done:
        """Do what a plan asks for; returns what was done and what waits."""
        match action:
            case Take():
                return self._take(action)
            case Pay():
                return self._pay(action)
            case Judge():
                return self._judge(action.audit)
            case Claim():
                return self._claim(action)
            case HoldBack() | Warn():
                return Done([], action.lines())

    def _take(self, take: Take) -> Done:
        outcomes = self.intake.take(take.inputs, take.cursor)
        lines = [f"took {canonical(input_to_json(item))}" for item in take.inputs]
        for outcome in outcomes:
            lines.extend(f"{event.rule}: {event.kind} {event.key} {event.what}" for event in outcome.events)
            lines.extend(f"{one.rule} refused {one.account}: {one.reason}" for one in outcome.refusals)
        return Done(lines, [])

    def _judge(self, audit: Audit) -> Done:
        own = own_of(audit)
        if own is not None:
            self._confirm_own(audit)
        kept = self._audits.read()
        self._audits.write(Kept(kept.own if own is None else own, audit))
        self._audited = audit
        if audit.verdict is Verdict.DIFFERS:
            self._connection.leave()  # it may be the node: the next audit asks another
        return Done([] if own is None else [f"the account holds of its own: {own or 'nothing'}"], audit.alarms())

    def _confirm_own(self, audit: Audit) -> None:
        """What the account holds of its own is found once and for all: other nodes must find the same."""
        account = str(self.settings.chain.pool_account)
        agreed(self.chain, lambda one: read_holdings(one, account, audit.block).at(audit.block), "the holdings")

    def _pay(self, pay: Pay) -> Done:
        if self._outbox is None:
            return Done([], pay.lines())
        with self.journal.reading() as connection:
            orders = [order_of(connection, one) for one in pay.orders]
        progress = self._outbox.work(orders, pay.time, pay.reserve_units, pay.hold)
        reports = tuple(one for one in progress if isinstance(one, OrderDone | OrderFailed | OrderFilled))
        done = self._take(Take(reports)) if reports else Done([], [])
        under_way = {one.order: f"order {one.order}: {one.reason}" for one in progress if isinstance(one, Waiting)}
        sent = {order: line for order, line in under_way.items() if line.endswith("was sent")}
        news = [line for order, line in sent.items() if self._sent.get(order) != line]
        self._sent = {order: line for order, line in self._sent.items() if order not in {o.number for o in orders}}
        self._sent |= sent
        return Done(done.lines + news, [line for order, line in under_way.items() if order not in sent])

    def _claim(self, claim: Claim) -> Done:
        if self._claims is None:
            return Done([], claim.lines())
        return Done([self._claims.pay_in(claim.market, claim.asset, claim.units)], [])

    def hang_up(self) -> None:
        """Leave the node in use; the next question dials the next one."""
        self._connection.leave()

    def close(self) -> None:
        """Close the journal and the connection."""
        self._connection.close()
        self._audits.close()
        self.journal.close()
