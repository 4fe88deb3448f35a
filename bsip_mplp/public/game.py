"""The public rehearsal while it runs: one turn after the other, each of bounded work, none of it twice."""

from __future__ import annotations

import queue
import re
import time
from typing import Any, NamedTuple

from bsip_mplp.chain.builders import TRANSFER
from bsip_mplp.chain.chain import CORE_ID
from bsip_mplp.chain.envelope import EnvelopeError, unseal
from bsip_mplp.chain.errors import ChainError
from bsip_mplp.chain.history import Entry, read_after
from bsip_mplp.cli.reading import Reader
from bsip_mplp.journal import Journal
from bsip_mplp.public import watching
from bsip_mplp.public.exchange import ANSWER_PREFIX, Exchange, Incoming, Side, unanswered
from bsip_mplp.public.house import House
from bsip_mplp.public.scores import Holdings, Known, Standing, Trade, ranked, standing
from bsip_mplp.public.setting import EXCHANGE, POOL, Game, Options
from bsip_mplp.public.watching import Past
from bsip_mplp.story.node import advance

NAME = re.compile(r"[a-z][a-z0-9\-]{1,61}[a-z0-9]")
KEY_CHARS_MAX = 80

FEED_SECONDS = 15
"""How often the feed is published, in chain seconds; it says the price of `FEED_DELAY_SECONDS` ago."""

FEED_DELAY_SECONDS = 5
MARKET_SECONDS = 30
"""How often the resting book is placed anew: until then it can be taken at the price of before."""

TABLE_SECONDS = 1.0
REGISTRATION_SECONDS_MAX = 60.0


class RegistrationError(Exception):
    """A name that can't be registered; the text says why."""


class _Wish(NamedTuple):
    name: str
    keys: tuple[str, str, str]
    answer: queue.Queue[str | Exception]


class Running:
    """The rehearsal of one process: the house, the exchange's books, and what is known of the players."""

    def __init__(self, options: Options, game: Game, house: House, exchange: Exchange, journal: Journal) -> None:
        self.options, self.game, self.house, self.exchange = options, game, house, exchange
        self._journal = journal
        self.town = house.town
        self._chain = house.town.chain
        self._past = Past(self._chain)
        self._wishes: queue.Queue[_Wish] = queue.Queue()
        self._answered: set[str] = set()
        self._ids = {name: self._chain.account_ids([name])[name] for name in game.players}
        self._bitasset_id = self._chain.asset(game.symbol).id
        self._house_ids = {person.id for person in house.people.values()}
        self._faucet_id = house.faucet.id
        self._published = self._made_market = 0
        self._table_at = 0.0
        self._advanced_at = time.monotonic()
        self.now = self._chain.head().time
        self.standings: list[Standing] = []
        self._note_answers_that_are_not_final()

    # --- a turn ---------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Everything that is to be done now, once."""
        self._advance()
        self.now = self._chain.head().time
        self._register()
        self._publish()
        self._exchange()
        self._make_market()
        if time.monotonic() >= self._table_at:
            began = time.monotonic()
            self.standings = self._standings()
            # a table of many players takes a while: no more than half of the time goes into it
            self._table_at = time.monotonic() + max(TABLE_SECONDS, time.monotonic() - began)

    def _advance(self) -> None:
        """Let chain time go by faster than the clock, if that was asked for."""
        if self.options.chain_speed <= 1:
            return
        passed = time.monotonic() - self._advanced_at
        seconds = int(passed * (self.options.chain_speed - 1))
        if seconds:
            advance(self.town.connection, seconds)
            self._advanced_at += seconds / (self.options.chain_speed - 1)

    def _publish(self) -> None:
        if self.now - self._published >= FEED_SECONDS:
            self.house.publish(self.exchange.path.at(self.now - FEED_DELAY_SECONDS))
            self._published = self.now

    def _make_market(self) -> None:
        if self.now - self._made_market >= MARKET_SECONDS:
            self.house.make_market(self.exchange.path.at(self.now))
            self._made_market = self.now

    # --- registering ----------------------------------------------------------------------------------------

    def register(self, name: str, keys: tuple[str, str, str]) -> str:
        """Register a player, from any thread; waits until that is done and gives the account's id.

        Raises `RegistrationError` that says why it can't be.
        """
        if not NAME.fullmatch(name) or not any(sign in "-0123456789" for sign in name):
            raise RegistrationError(
                f"{name[:70]!r} is no name: small letters, digits and dashes, with a digit or a dash, such as ming-1"
            )
        for key in keys:
            self._check_key(key)
        answer: queue.Queue[str | Exception] = queue.Queue()
        self._wishes.put(_Wish(name, keys, answer))
        try:
            found = answer.get(timeout=REGISTRATION_SECONDS_MAX)
        except queue.Empty:
            raise RegistrationError("the chain did not answer in time: try again") from None
        if isinstance(found, Exception):
            raise RegistrationError(str(found))
        return found

    def _check_key(self, key: str) -> None:
        from graphenebase.account import PublicKey

        try:
            is_key = len(key) <= KEY_CHARS_MAX and bool(repr(PublicKey(key, prefix=self.town.prefix)))
        except Exception:  # noqa: BLE001  the library raises what it likes for a key that is none
            is_key = False
        if not is_key:
            raise RegistrationError(f"{key[:20]!r} is no public key of this chain: they begin with {self.town.prefix}")

    def _register(self) -> None:
        while not self._wishes.empty():
            wish = self._wishes.get()
            try:
                wish.answer.put(self._registered(wish))
            except (ChainError, RegistrationError) as error:
                wish.answer.put(error)

    def _registered(self, wish: _Wish) -> str:
        game = self.game
        if wish.name in game.players or wish.name in game.accounts.values():
            raise RegistrationError(f"{wish.name} is registered already: each name gets its stake once")
        if len(game.players) >= self.options.players_most:
            raise RegistrationError(f"all {self.options.players_most} places are taken")
        account_id = self.house.register(wish.name, wish.keys, game.terms.stake)
        game.players[wish.name] = self._chain.head().time
        game.save(self.options.directory)
        self._ids[wish.name] = account_id
        return account_id

    # --- the outside exchange -------------------------------------------------------------------------------

    def _exchange(self) -> None:
        """Take what has reached the exchange in irreversible blocks, and send what it owes."""
        zb = self.house.people[EXCHANGE]
        for entry in self._past.follow(zb.id):
            incoming = self._incoming(entry)
            if incoming is not None:
                self.exchange.take(incoming)
            self._note_answer(entry)
        self.exchange.advance(self._past.time_of(self._past.read_to[zb.id]) if self._past.read_to[zb.id] else 0)
        owed = unanswered(self.exchange, self._answered.__contains__)
        if owed:
            ids = {**self._ids, **{answer.account: self._id_of(answer.account) for answer in owed}}
            self.house.answer(owed, ids)
            self._answered.update(answer.source for answer in owed)

    def _id_of(self, account: str) -> str:
        return self._chain.account_ids([account])[account]

    def _incoming(self, entry: Entry) -> Incoming | None:
        """A transfer to the exchange; None for anything else, and for what the house sends itself."""
        zb = self.house.people[EXCHANGE]
        fields = entry.fields
        if (
            entry.kind != TRANSFER
            or fields["to"] != zb.id
            or fields["from"] in self._house_ids | {self.house.faucet.id}
        ):
            return None
        asset = str(fields["amount"]["asset_id"])
        if asset not in (CORE_ID, self._bitasset_id):
            return None  # somebody else's asset: it is not taken, and nobody is told
        side: Side = "core" if asset == CORE_ID else "bitasset"
        account = self._chain.account_names([str(fields["from"])])[str(fields["from"])]
        memo = None
        if fields.get("memo") is not None:
            try:
                memo = unseal(fields["memo"], zb.keyring)
            except EnvelopeError:
                memo = None
        units = int(fields["amount"]["amount"])
        return Incoming(entry.source, self._past.time_of(entry.block), account, side, units, memo)

    def _note_answer(self, entry: Entry) -> None:
        zb = self.house.people[EXCHANGE]
        if entry.kind != TRANSFER or entry.fields["from"] != zb.id or entry.fields.get("memo") is None:
            return
        text = unseal(entry.fields["memo"], zb.keyring)
        if text.startswith(ANSWER_PREFIX):
            self._answered.add(text.removeprefix(ANSWER_PREFIX).split(" ")[0])

    def _note_answers_that_are_not_final(self) -> None:
        """After a start: what was sent and stands in a block that could still be undone is not sent again."""
        zb = self.house.people[EXCHANGE]
        for entry in read_after(self._chain, zb.id, self._chain.head().irreversible_number):
            self._note_answer(entry)

    # --- the table ------------------------------------------------------------------------------------------

    def _standings(self) -> list[Standing]:
        game, path = self.game, self.exchange.path
        everybody = [*self._ids.values(), *self._house_ids]
        for account_id in everybody:
            if account_id != self.house.people[EXCHANGE].id:
                self._past.follow(account_id)
        chain = watching.on_chain(self._chain, list(game.players), self._bitasset_id)
        moving = self._under_way()
        waiting = watching.at_exchange(self.exchange, self._answered)
        with self._journal.reading() as connection:
            reader = Reader(connection)
            ledger = watching.in_ledger(reader, list(game.players), self.town.core)
            loans = watching.loans_by_account(reader, path, self.town.core)
        inside = self._inside_trades(everybody)
        found = []
        for name, registered in game.players.items():
            parts = (chain.get(name), waiting.get(name), ledger.get(name), moving.get(self._ids[name]))
            holdings = watching.together(Holdings(), *(part for part in parts if part is not None))
            gifts = self._past.gifts(
                self._ids[name], self._house_ids, self._bitasset_id, (self._faucet_id, game.terms.stake)
            )
            trades = (*self._outside_trades(name), *inside.get(self._ids[name], ()))
            known = Known(name, registered, holdings, trades, tuple(loans.get(name, ())), gifts)
            found.append(standing(known, game.terms, path.at(self.now), self.now, game.qualified.get(name)))
        self._keep_who_qualified(found)
        return ranked(found)

    def _under_way(self) -> dict[str, Holdings]:
        """What players sent to the pool and to the exchange, and neither has booked yet."""
        zb, pool = self.house.people[EXCHANGE].id, self.house.people[POOL].id
        cursor = self._journal.cursor()
        to_pool = read_after(self._chain, pool, cursor.block) if cursor is not None else []
        sent = [watching.under_way(to_pool, pool, self._bitasset_id)]
        to_exchange = [one for one in read_after(self._chain, zb, self._past.read_to[zb]) if one.fields.get("to") == zb]
        sent.append(watching.under_way(to_exchange, zb, self._bitasset_id))
        return {one: watching.together(*(part.get(one, Holdings()) for part in sent)) for part in sent for one in part}

    def _outside_trades(self, name: str) -> list[Trade]:
        return [
            Trade(trade.time, "outside", trade.core, trade.bitasset)
            for trade in self.exchange.trades
            if trade.account == name
        ]

    def _inside_trades(self, everybody: list[str]) -> dict[str, list[Trade]]:
        """Everybody's trades in the chain's book, by account."""
        fills = [fill for account_id in everybody for fill in self._past.fills(account_id)]
        found = watching.inside_trades(fills, self._house_ids, self._bitasset_id)
        return {
            account_id: [trade._replace(time=self._past.time_of(block)) for block, trade in trades]
            for account_id, trades in found.items()
        }

    def _keep_who_qualified(self, standings: list[Standing]) -> None:
        fresh = {
            one.name: (one.qualified, one.due)
            for one in standings
            if one.qualified is not None and one.due is not None and one.name not in self.game.qualified
        }
        if fresh:
            self.game.qualified.update(fresh)
            self.game.save(self.options.directory)

    def facts(self) -> dict[str, Any]:
        """What a player's program has to know."""
        return {
            "node": self.town.connection.url,
            "chain_id": self.town.connection.network.chain_id,
            "prefix": self.town.prefix,
            "core": self.town.core,
            "bitasset": self.game.symbol,
            "precisions": {symbol: self.town.precisions[symbol] for symbol in (self.town.core, self.game.symbol)},
            "exchange": self.house.people[EXCHANGE].name,
            "pool": self.house.people[POOL].name,
        }
