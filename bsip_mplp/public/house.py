"""The house of a public rehearsal: its accounts on the chain, and what they do there.

It registers players and gives each its stake once, publishes the feed, keeps a resting book inside, answers for the
outside exchange, and lends a little, so that the first player finds a market.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import CORE_ID
from bsip_mplp.chain.envelope import seal_plain
from bsip_mplp.money import div_floor, format_units
from bsip_mplp.public.exchange import Answer, Side
from bsip_mplp.public.setting import EXCHANGE, FEEDS, LENDER, MAKER, NAMES, POOL, SYMBOL
from bsip_mplp.ratios import PERMILLE, Price
from bsip_mplp.story.node import DEVELOPMENT_WIF, FAUCET
from bsip_mplp.story.people import Person
from bsip_mplp.story.town import OPERATIONS_PER_TRANSACTION, Ratios, Town

FUNDS = {POOL: "", FEEDS: "100000", EXCHANGE: "400000000", MAKER: "200000", LENDER: "50000"}
"""What the house's accounts begin with, in whole core assets."""

BACKING = "300000000"
"""The core asset behind the bitasset of the house: so much that no price of a path calls it."""

MINTED_WORTH = 1_000_000
"""What that bitasset is worth at the first price, in whole core assets."""

MAKER_WORTH, LENDER_WORTH = 100_000, 20_000
"""What of it market maker and lender get, in whole core assets."""

LENDS = "20000"
LENDER_RATES = (("rate=12%/yr days=14", "core"), ("rate=15%/yr days=30", "bitasset"))

LEVELS_PERMILLE = (5, 10, 20, 40, 70)
"""How far the orders of the resting book stand from the price."""

LEVEL_CORE = 200
"""What each of them is for, in whole core assets."""

ORDER_LIFE_SECONDS = 86_400
FEE_RESERVE = "1000"
"""Core asset put aside for the chain's fees of payouts."""


class House:
    """The house's accounts on one chain."""

    def __init__(self, town: Town, people: dict[str, Person]) -> None:
        self.town, self.people = town, people

    # --- founding -------------------------------------------------------------------------------------------

    @classmethod
    def found(cls, town: Town, ratios: Ratios, price: Price) -> House:
        """Make the accounts and the bitasset, mint, publish the first feed."""
        people = town.settle(FUNDS, NAMES)
        house = cls(town, people)
        town.make_bitasset(people[FEEDS], ratios, SYMBOL)
        house.publish(price)
        minted = house.bitasset_for(MINTED_WORTH, price)
        position = builders.call_order_update(
            people[EXCHANGE].id, Units(CORE_ID, town.units(BACKING, town.core)), house.units("bitasset", minted), None
        )
        town.send([position], people[EXCHANGE])
        gifts = [
            builders.transfer(
                people[EXCHANGE].id, people[role].id, house.units("bitasset", house.bitasset_for(worth, price))
            )
            for role, worth in ((MAKER, MAKER_WORTH), (LENDER, LENDER_WORTH))
        ]
        town.send(gifts, people[EXCHANGE])
        return house

    def lend(self, price: Price) -> None:
        """Put the house's pools there, and money aside for the fees of payouts. The keeper has to run."""
        town, lender, pool = self.town, self.people[LENDER], self.people[POOL]
        for terms, side in LENDER_RATES:
            units = town.units(LENDS, town.core) if side == "core" else self.bitasset_for(LENDER_WORTH, price) * 9 // 10
            symbol = town.core if side == "core" else town.symbol
            town.ask(lender, pool, units, symbol, f"mplp lend {terms}", plain=True)
        town.ask(lender, pool, town.units(FEE_RESERVE, town.core), town.core, "mplp operator", plain=True)

    def bitasset_for(self, whole_core: int, price: Price) -> int:
        """Bitasset units worth some whole core assets."""
        return div_floor(whole_core * 10 ** self.town.precisions[self.town.core] * price.bitasset, price.core)

    def units(self, side: Side, units: int) -> Units:
        """An amount on the chain."""
        town = self.town
        return Units(CORE_ID if side == "core" else town.chain.asset(town.symbol).id, units)

    # --- players --------------------------------------------------------------------------------------------

    def register(self, name: str, keys: tuple[str, str, str], stake: int) -> str:
        """Make an account with the player's own public keys (owner, active, memo) and give it its stake; gives its id.

        Raises a `ChainError` if the chain refuses the name or a key.
        """
        town = self.town
        giver = self.faucet
        town.send([builders.account_create(giver.id, name, *keys)], giver)
        account_id = town.chain.account_ids([name])[name]
        town.send([builders.transfer(giver.id, account_id, Units(CORE_ID, stake))], giver)
        return account_id

    @property
    def faucet(self) -> Person:
        """Who pays for new accounts."""
        from bsip_mplp.chain.keys import keyring_of

        account = self.town.chain.account(FAUCET)
        return Person("faucet", account.name, account.id, keyring_of([DEVELOPMENT_WIF], self.town.prefix))

    # --- feed, exchange, book -------------------------------------------------------------------------------

    def publish(self, price: Price) -> None:
        """Publish the feed."""
        self.town.publish_pair(price)

    def answer(self, answers: Iterable[Answer], ids: dict[str, str]) -> None:
        """Send what the exchange owes, each with the place that it answers in a memo that anyone can read."""
        zb, prefix = self.people[EXCHANGE], self.town.prefix
        operations = [
            builders.transfer(
                zb.id, ids[answer.account], self.units(answer.side, answer.units), seal_plain(answer.memo, prefix)
            )
            for answer in answers
        ]
        for first in range(0, len(operations), OPERATIONS_PER_TRANSACTION):
            self.town.send(operations[first : first + OPERATIONS_PER_TRANSACTION], zb)

    def make_market(self, price: Price) -> None:
        """Take the resting book back and place it anew around a price."""
        town, maker = self.town, self.people[MAKER]
        full = town.chain.call("get_full_accounts", [maker.id], False)[0][1]
        cancels = [builders.limit_order_cancel(maker.id, str(order["id"])) for order in full["limit_orders"]]
        if cancels:
            town.send(cancels, maker)
        held = town.chain.balances(maker.name)
        free: dict[Side, int] = {"core": held.get(town.core, 0), "bitasset": held.get(town.symbol, 0)}
        expires = town.chain.head().time + ORDER_LIFE_SECONDS
        orders = list(self._levels(price, free, expires))
        if orders:
            town.send(orders, maker)

    def _levels(self, price: Price, free: dict[Side, int], expires: int) -> Iterable[Any]:
        maker, core = self.people[MAKER], LEVEL_CORE * 10 ** self.town.precisions[self.town.core]
        for permille in LEVELS_PERMILLE:
            for side, factor in (("core", PERMILLE + permille), ("bitasset", PERMILLE - permille)):
                bitasset = core * price.bitasset * factor // (price.core * PERMILLE)
                sold, got = (core, bitasset) if side == "core" else (bitasset, core)
                other: Side = "bitasset" if side == "core" else "core"
                own: Side = "core" if side == "core" else "bitasset"
                if 0 < sold <= free[own] and got > 0:
                    free[own] -= sold
                    yield builders.limit_order_create(maker.id, self.units(own, sold), self.units(other, got), expires)

    def show_core(self, units: int) -> str:
        """Core asset as people read it."""
        return f"{format_units(units, self.town.precisions[self.town.core])} {self.town.core}"
