"""The chain's side of a story: its accounts, its bitasset, and what they do there, all of it signed transactions."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Operation, Units
from bsip_mplp.chain.chain import CORE_ID, Chain, Position
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.envelope import seal_for, seal_plain
from bsip_mplp.chain.errors import KeysError, NotFoundError, RefusedError
from bsip_mplp.chain.history import read_irreversible
from bsip_mplp.chain.keys import Secret, keyring_of
from bsip_mplp.chain.transactions import broadcast, sign, with_fees
from bsip_mplp.money import format_units, parse_units
from bsip_mplp.ratios import Price
from bsip_mplp.rules.inputs import FeedSeen
from bsip_mplp.story.errors import FaucetError
from bsip_mplp.story.patience import Patience
from bsip_mplp.story.people import Person, new_keyring, new_letters

EXPIRATION_SECONDS = 300
OPERATIONS_PER_TRANSACTION = 10
BITASSET_PRECISION = 4
FEED_LIFETIME_SECONDS = 2 * 366 * 86_400
"""Longer than any story, so that a feed only changes when its publisher says so."""

ORDER_LIFE_SECONDS = 3600
ACTIONS_PER_PERSON = 40
"""How many of the chain's fees each person is given money for, over what the story gives them."""

MEMO_BYTES = 200


class Ratios(NamedTuple):
    """What the feeds of a story say beside the price, per mille."""

    mcr: int
    mssr: int
    icr: int


class Town:
    """One node, seen by those who live there."""

    def __init__(self, connection: Connection, faucet: str, secret: Secret, patience: Patience) -> None:
        self.connection = connection
        self.chain = Chain(connection)
        self.patience = patience
        network = connection.network
        self.core, self.prefix = network.core_symbol, network.prefix
        self._faucet = self._find_faucet(faucet, secret)
        self.precisions = {self.core: self.chain.asset(self.core).precision}
        self.fee_units = self._fee_units()

    def _find_faucet(self, name: str, secret: Secret) -> Person:
        try:
            account = self.chain.account(name)
            keyring = keyring_of([secret.reveal()], self.prefix)
        except NotFoundError:
            raise FaucetError(f"the chain has no account {name}: name one with --faucet") from None
        except KeysError:
            raise FaucetError("--wif is no private key in wallet import format, such as 5K…") from None
        if keyring.public_keys[0] not in account.active_keys:
            raise FaucetError(f"--wif is not the active key of {name}")
        return Person("faucet", account.name, account.id, keyring)

    def _fee_units(self) -> int:
        """What the chain takes for one transfer with a memo, in smallest units of the core asset."""
        memo = {**seal_plain("", self.prefix), "message": "00" * MEMO_BYTES}
        operation = builders.transfer(self._faucet.id, self._faucet.id, Units(CORE_ID, 1), memo)
        return int(with_fees(self.chain, [operation])[0][1]["fee"]["amount"])

    # --- amounts --------------------------------------------------------------------------------------------

    def units(self, amount: str, symbol: str) -> int:
        """A decimal amount of an asset in smallest units."""
        return parse_units(amount, self.precisions[symbol])

    def show(self, units: int, symbol: str) -> str:
        """Smallest units as people read them."""
        return f"{format_units(units, self.precisions[symbol])} {symbol}"

    def _asset_units(self, units: int, symbol: str) -> Units:
        return Units(self.chain.asset(symbol).id, units)

    # --- transactions ---------------------------------------------------------------------------------------

    def send(self, operations: Sequence[Operation], *people: Person) -> str:
        """Sign by the people, broadcast, and wait for a block; gives the first operation's place on the chain."""
        keyring = keyring_of([person.wif for person in people], self.prefix)
        signed = sign(self.chain, operations, keyring, keyring.public_keys, expiration_seconds=EXPIRATION_SECONDS)
        after = self.chain.head().number
        broadcast(self.connection, signed.transaction)
        return self.place_of(signed.transaction["signatures"], after)

    def place_of(self, signatures: Sequence[str], after_block: int) -> str:
        """Wait for the block that takes a transaction, known by its signatures; gives the place of what it does."""
        looked_at = after_block

        def look() -> str | None:
            nonlocal looked_at
            while looked_at < self.chain.head().number:
                for place, found in enumerate(self.chain.block(looked_at + 1)["transactions"]):
                    if found["signatures"] == list(signatures):
                        return f"{looked_at + 1}.{place}.0"
                looked_at += 1
            return None

        return self.patience.until("a block that takes a transaction", look)

    # --- setting the scene ----------------------------------------------------------------------------------

    def settle(self, funds: dict[str, str], names: Mapping[str, str] = MappingProxyType({})) -> dict[str, Person]:
        """Make an account for each role, with a key of its own, an amount of core asset, and some for the fees.

        Who is to have an amount of "" gets nothing at all. Who is not in `names` gets a name that nobody has.
        """
        made = {
            role: (names.get(role) or f"{role.lower()}-{new_letters()}1", new_keyring(self.prefix)) for role in funds
        }
        creations = []
        for name, keyring in made.values():
            key = keyring.public_keys[0]
            creations.append(builders.account_create(self._faucet.id, name, key, key, key))
        fees = ACTIONS_PER_PERSON * self.fee_units
        gifts = {role: self.units(amount, self.core) + fees for role, amount in funds.items() if amount}
        self._check_faucet(creations, sum(gifts.values()))
        for part in _parts(creations):
            self.send(part, self._faucet)
        ids = self.chain.account_ids([name for name, _ in made.values()])
        people = {role: Person(role, name, ids[name], keyring) for role, (name, keyring) in made.items()}
        transfers = [
            builders.transfer(self._faucet.id, people[role].id, Units(CORE_ID, units)) for role, units in gifts.items()
        ]
        for part in _parts(transfers):
            self.send(part, self._faucet)
        return people

    def _check_faucet(self, creations: Sequence[Operation], gift_units: int) -> None:
        fees = sum(int(fields["fee"]["amount"]) for _, fields in with_fees(self.chain, creations))
        needed = fees + gift_units
        held = self.chain.balances(self._faucet.name).get(self.core, 0)
        if held < needed:
            raise FaucetError(
                f"{self._faucet.name} holds {self.show(held, self.core)}, and the story needs more than "
                f"{self.show(needed, self.core)}: send it some, or name another account with --faucet"
            )

    def use_bitasset(self, publisher: Person, ratios: Ratios, symbol: str) -> None:
        """Go on with a bitasset that was made before."""
        self._publisher, self._ratios, self.symbol = publisher, ratios, symbol
        self.precisions[symbol] = BITASSET_PRECISION

    def make_bitasset(self, publisher: Person, ratios: Ratios, symbol: str = "") -> str:
        """A new bitasset, backed by the core asset, whose feed `publisher` makes; gives its symbol.

        Without a symbol it gets one that nobody has.
        """
        self.use_bitasset(publisher, ratios, symbol or f"CNY{new_letters(string.ascii_uppercase)}")
        creation = builders.bitasset_create(
            publisher.id, self.symbol, BITASSET_PRECISION, CORE_ID, feed_lifetime_seconds=FEED_LIFETIME_SECONDS
        )
        naming = builders.feed_producers(publisher.id, CORE_ID, [publisher.id])  # the fee is the same for any asset
        fees = sum(int(fields["fee"]["amount"]) for _, fields in with_fees(self.chain, [creation, naming]))
        self.send([builders.transfer(self._faucet.id, publisher.id, Units(CORE_ID, fees))], self._faucet)
        self.send([creation], publisher)
        asset_id = self.chain.asset(self.symbol).id
        self.send([builders.feed_producers(publisher.id, asset_id, [publisher.id])], publisher)
        return self.symbol

    def make_lifetime_member(self, person: Person) -> None:
        """Make a person's account one that may make others; the faucet pays for it."""
        upgrade = builders.account_upgrade(person.id)
        fee = int(with_fees(self.chain, [upgrade])[0][1]["fee"]["amount"])
        self.send([builders.transfer(self._faucet.id, person.id, Units(CORE_ID, fee))], self._faucet)
        self.send([upgrade], person)
        made = self.chain.head().number
        self.patience.until(
            "a block that can't be undone: what comes after it counts as a deposit",
            lambda: self.chain.head().irreversible_number >= made,
        )

    # --- what people do ---------------------------------------------------------------------------------------

    def publish(self, price: str) -> Price:
        """Publish a feed: how much of the bitasset a whole unit of the core asset is worth."""
        made = Price(self.units(price, self.symbol), self.units("1", self.core))
        self.publish_pair(made)
        return made

    def publish_pair(self, price: Price) -> None:
        """Publish a feed as the chain has it."""
        pair = self._asset_units(price.bitasset, self.symbol), Units(CORE_ID, price.core)
        ratios = self._ratios
        operation = builders.publish_feed(self._publisher.id, pair, mcr=ratios.mcr, mssr=ratios.mssr, icr=ratios.icr)
        self.send([operation], self._publisher)

    def change_position(self, person: Person, collateral: str, debt: str) -> None:
        """Add collateral and debt to a person's position, or take some away where negative."""
        amounts = []
        for text, symbol in ((collateral, self.core), (debt, self.symbol)):
            units = self.units(text.removeprefix("-"), symbol)
            amounts.append(self._asset_units(-units if text.startswith("-") else units, symbol))
        self.send([builders.call_order_update(person.id, amounts[0], amounts[1], None)], person)

    def give(self, giver: Person, receiver: Person, amount: str, symbol: str) -> None:
        """A transfer between two people, without a memo."""
        money = self._asset_units(self.units(amount, symbol), symbol)
        self.send([builders.transfer(giver.id, receiver.id, money)], giver)

    def ask(self, person: Person, pool: Person, units: int, symbol: str, memo: str, *, plain: bool) -> str:
        """A transfer to the pool's account with a memo, encrypted or not; gives its place on the chain."""
        sealed = seal_plain(memo, self.prefix) if plain else self._sealed(person, pool, memo)
        return self.send([builders.transfer(person.id, pool.id, self._asset_units(units, symbol), sealed)], person)

    def _sealed(self, person: Person, pool: Person, memo: str) -> dict[str, object]:
        return seal_for(memo, person.keyring, self.chain.account(person.name), self.chain.account(pool.name))

    def buy_core(self, person: Person, pay_units: int, price: Price, ratio_permille: int) -> str | None:
        """Offer bitasset for core asset at `price · 1000 / ratio`, rounded in the seller's favour.

        A position that the chain has called sells at that price at the worst. Gives what the chain refused, if it did.
        """
        receive = pay_units * price.core * ratio_permille // (price.bitasset * 1000)
        expires = self.chain.head().time + ORDER_LIFE_SECONDS
        pay, core = self._asset_units(pay_units, self.symbol), Units(CORE_ID, receive)
        try:
            self.send([builders.limit_order_create(person.id, pay, core, expires)], person)
        except RefusedError as refused:
            return refused.message
        return None

    def refusal(self, operations: Sequence[Operation], *people: Person) -> str:
        """What the chain says to operations that it refuses, signed by some people; "" if it takes them."""
        try:
            self.send(operations, *people)
        except RefusedError as refused:
            return refused.message
        return ""

    # --- what the chain says ------------------------------------------------------------------------------------

    def position(self, person: Person) -> Position:
        """A person's position; all 0 if there is none."""
        return self.position_of(person.name)

    def position_of(self, account: str) -> Position:
        """The position of any account; all 0 if there is none."""
        return self.chain.positions(self.symbol, [account])[account]

    def feed(self) -> FeedSeen:
        """The bitasset's feed as it counts on the chain."""
        return self.chain.feed(self.symbol, 0)

    def holds(self, person: Person, symbol: str) -> int:
        """What a person's account holds of an asset, in smallest units."""
        return self.chain.balances(person.name).get(symbol, 0)

    def received(self, receiver: Person, sender: Person) -> dict[str, int]:
        """What one account got from another in irreversible blocks, by symbol, in smallest units."""
        found: dict[str, int] = {}
        for entry in read_irreversible(self.chain, receiver.id, 0).entries:
            if entry.kind == builders.TRANSFER and (entry.fields["from"], entry.fields["to"]) == (
                sender.id,
                receiver.id,
            ):
                money = entry.fields["amount"]
                symbol = self.chain.assets_by_id([money["asset_id"]])[money["asset_id"]].symbol
                found[symbol] = found.get(symbol, 0) + int(money["amount"])
        return found

    def open_orders(self) -> int:
        """How many limit orders stand in the market between the bitasset and the core asset."""
        return len(self.chain.call("get_limit_orders", self.chain.asset(self.symbol).id, CORE_ID, 10))


def _parts(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    rest = iter(operations)
    while part := list(islice(rest, OPERATIONS_PER_TRANSACTION)):
        yield part
