"""The chain's side of a course on a node: the people's keys, bitassets, blocks made when they are wanted."""

from __future__ import annotations

from typing import NamedTuple

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import CORE_ID, Chain
from bsip_mplp.chain.clock import seconds_of
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.envelope import seal_for, seal_plain
from bsip_mplp.chain.errors import RefusedError
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.chain.transactions import broadcast, prepare, sign, transaction_id
from bsip_mplp.devnet import PrivateKey, Transaction
from tests.kit import FAUCET, FAUCET_WIF

POOL = "mplp-pool"
CORE_UNITS = 10**12
DEBT_UNITS = 3 * 10**9
COLLATERAL_UNITS = 10**14
FEED_LIFETIMES_SECONDS = {"USD": 3 * 366 * 86_400, "EUR": 20 * 86_400}
"""One feed outlives the course, the other doesn't."""

EXPIRATION_SECONDS = 600
BLOCKS_AT_LEAST = 4
BLOCKS_MAX = 20
NO_SETTLEMENT = 1
"""`black_swan_response_method`: a price under MSSR closes no position, so that the ledger's rules have their turn."""


class Block(NamedTuple):
    """Where a transaction stands."""

    number: int
    time: int


class Paid(NamedTuple):
    """A transfer out of the pool's account."""

    transaction: str
    to: str
    asset: str
    units: int
    fee: int


class NodeTown:
    """Everything that people do on the chain; each of it is a signed transaction in a block of its own."""

    def __init__(self, url, people, markets):
        self.url = url
        self.connection = Connection([url])
        self.chain = Chain(self.connection)
        network = self.connection.network
        self.core, self.prefix = network.core_symbol, network.prefix
        self._do("devnet_stall", True)  # a block is made when it is asked for, and only then
        self.wifs = {FAUCET: FAUCET_WIF}
        for name in (*people, POOL):
            self.wifs[name] = self._do("devnet_create_account", name, CORE_UNITS)["wif"]
        self._do("devnet_produce_blocks", 1)
        self.keyrings = {name: keyring_of([wif], self.prefix) for name, wif in self.wifs.items()}
        self._ids = self.chain.account_ids([*people, POOL, FAUCET])
        self._paid, self._looked_to = [], self.chain.head().number
        self.people, self.markets = people, markets
        for market in markets:
            self._make_bitasset(market)

    def _do(self, method, *arguments):
        return self.chain.call(method, *arguments)

    def close(self):
        self.connection.close()

    # --- transactions ---------------------------------------------------------------------------------------------

    def send(self, who, *operations):
        """Sign and broadcast; gives the block. Raises `RefusedError`."""
        keyring = self.keyrings[who]
        signed = sign(self.chain, operations, keyring, keyring.public_keys, expiration_seconds=EXPIRATION_SECONDS)
        return self._in_a_block(signed.transaction)

    def _in_a_block(self, transaction):
        broadcast(self.connection, transaction)
        self._do("devnet_produce_blocks", 1)
        number = self.chain.head().number
        block = self.chain.block(number)
        assert transaction["signatures"] in [one["signatures"] for one in block["transactions"]]
        return Block(number, seconds_of(block["timestamp"]))

    def _make_bitasset(self, market):
        """The library can't say what happens in a black swan: this one is signed with the node's own words."""
        creation = builders.bitasset_create(
            self._ids[FAUCET], market, 4, CORE_ID, feed_lifetime_seconds=FEED_LIFETIMES_SECONDS[market]
        )
        creation[1]["bitasset_opts"]["extensions"] = {"black_swan_response_method": NO_SETTLEMENT}
        unsigned, _ = prepare(self.chain, [creation], expiration_seconds=EXPIRATION_SECONDS)
        made = Transaction.parse(unsigned)
        signature = PrivateKey.from_wif(FAUCET_WIF).sign(made.digest(bytes.fromhex(self.connection.network.chain_id)))
        self._in_a_block({**unsigned, "signatures": [signature.hex()]})
        faucet = self._ids[FAUCET]
        self.send(FAUCET, builders.feed_producers(faucet, self.chain.asset(market).id, [faucet]))

    def give_debt(self, market):
        """What people have of a bitasset was borrowed by the faucet, far over every ratio."""
        asset = self.chain.asset(market).id
        debt = Units(asset, DEBT_UNITS * (len(self.people) + 1))
        self.send(FAUCET, builders.call_order_update(self._ids[FAUCET], Units(CORE_ID, COLLATERAL_UNITS), debt, None))
        for name in self.people:
            self.send(FAUCET, builders.transfer(self._ids[FAUCET], self._ids[name], Units(asset, DEBT_UNITS)))

    def pay(self, who, units, symbol, text, *, is_plain):
        """A transfer to the pool with a memo; gives the block, or None if the chain refused it."""
        memo = None
        if text is not None and is_plain:
            memo = seal_plain(text, self.prefix)
        elif text is not None:
            memo = seal_for(text, self.keyrings[who], self.chain.account(who), self.chain.account(POOL))
        money = Units(self.chain.asset(symbol).id, units)
        return self._if_taken(who, builders.transfer(self._ids[who], self._ids[POOL], money, memo))

    def change_position(self, who, market, collateral, debt):
        """Bring a position to these amounts; gives the block, or None if the chain refused it."""
        now = self.position(who, market)
        if now == (collateral, debt):
            return None
        more = Units(CORE_ID, collateral - now[0]), Units(self.chain.asset(market).id, debt - now[1])
        return self._if_taken(who, builders.call_order_update(self._ids[who], *more, None))

    def publish(self, market, price, mcr, mssr, icr):
        """A feed of (bitasset, core) units; gives the block, or None if the chain refused it."""
        pair = Units(self.chain.asset(market).id, price[0]), Units(CORE_ID, price[1])
        return self._if_taken(
            FAUCET, builders.publish_feed(self._ids[FAUCET], pair, mcr=mcr, mssr=mssr, icr=icr or None)
        )

    def _if_taken(self, who, operation):
        try:
            return self.send(who, operation)
        except RefusedError:
            return None

    # --- time and what there is -------------------------------------------------------------------------------------

    @property
    def now(self):
        return self.chain.head().time

    def advance_to(self, time):
        behind = time - self.now
        if behind > 0:
            self._do("devnet_advance", behind)

    def finish(self):
        """Make all that stands in blocks irreversible: how many blocks that takes lies in the witnesses' order."""
        wanted = self.chain.head().number
        for _ in range(BLOCKS_MAX):
            head = self._do("devnet_produce_blocks", BLOCKS_AT_LEAST)
            if head["last_irreversible_block_num"] >= wanted:
                return
        raise AssertionError(f"block {wanted} does not become irreversible")

    def position(self, who, market):
        """(collateral, debt), as the node's own objects have them."""
        for one in self._do("get_margin_positions", self._ids[who]):
            if one["call_price"]["quote"]["asset_id"] == self.chain.asset(market).id:
                return int(one["collateral"]), int(one["debt"])
        return 0, 0

    @staticmethod
    def lifetime_seconds(market):
        """How long a feed of a market counts."""
        return FEED_LIFETIMES_SECONDS[market]

    def held(self, symbol):
        """What the pool's account has, over what it was given in the beginning."""
        units = self.chain.balances(POOL).get(symbol, 0)
        return units - (CORE_UNITS if symbol == self.core else 0)

    def payouts(self):
        """All transfers out of the pool's account so far, in the chain's order."""
        for number in range(self._looked_to + 1, self.chain.head().number + 1):
            for transaction in self.chain.block(number)["transactions"]:
                for kind, fields in transaction["operations"]:
                    if kind == builders.TRANSFER and fields["from"] == self._ids[POOL]:
                        self._paid.append(self._paid_by(transaction, fields))
            self._looked_to = number
        return self._paid

    def _paid_by(self, transaction, fields):
        asset = str(fields["amount"]["asset_id"])
        return Paid(
            transaction_id(transaction, self.prefix),
            next(name for name, one in self._ids.items() if one == fields["to"]),
            self.chain.assets_by_id([asset])[asset].symbol,
            int(fields["amount"]["amount"]),
            int(fields["fee"]["amount"]),
        )
