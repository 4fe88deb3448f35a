"""A world to test in: a node, the faucet's money, and people, assets, feeds and positions made on demand.

It works on any BitShares node whose account `nathan` has the development key, so the same tests run against the
embedded node (the default) and, with MPLP_TEST_NODE=ws://HOST:PORT, against another.
"""

import os
import random
import secrets
import socket
import string
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass

from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.envelope import seal_for
from bsip_mplp.chain.errors import RefusedError, UnreachableError
from bsip_mplp.chain.keys import Keyring, keyring_of
from bsip_mplp.chain.transactions import broadcast, sign

FAUCET = "nathan"
FAUCET_WIF = "5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"
EXPIRATION_SECONDS = 600
WAIT_SECONDS_MAX = 60

BLOCKS_TO_IRREVERSIBLE = 12
"""More than the embedded node needs."""

MCR, MSSR, ICR = 1750, 1100, 1800


@dataclass(frozen=True)
class Person:
    """An account with a key of its own for everything."""

    name: str
    id: str
    keyring: Keyring

    @property
    def key(self):
        return self.keyring.public_keys[0]

    @property
    def wif(self):
        return self.keyring.secret(self.key).reveal()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def devnet(*options, port=None):
    """An embedded node in a process of its own; gives its address."""
    port = port or free_port()
    command = [sys.executable, "-m", "bsip_mplp.devnet", "--listen", f"127.0.0.1:{port}", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        url = f"ws://127.0.0.1:{port}"
        _wait_until_it_answers(url, process)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _wait_until_it_answers(url, process):
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the embedded node ended: {process.communicate()[1][-2000:]}")
        connection = Connection([url], rounds_max=1)
        try:
            if connection.head()["last_irreversible_block_num"]:
                return
        except UnreachableError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise AssertionError("the embedded node did not answer")


class World:
    """One node seen by the faucet."""

    def __init__(self, url):
        self.url = url
        self.connection = Connection([url])
        self.chain = Chain(self.connection)
        self.network = self.connection.network
        self.core = self.network.core_symbol
        self.is_embedded = self._is_embedded()
        self.faucet = Person(
            FAUCET,
            self.chain.account_ids([FAUCET])[FAUCET],
            keyring_of([FAUCET_WIF], self.network.prefix),
        )

    def close(self):
        self.connection.close()

    # --- making things ------------------------------------------------------------------------------------

    def send(self, operations, *people):
        """Sign by the people, broadcast, and wait for the block that takes it."""
        keyring = keyring_of([person.wif for person in people], self.network.prefix)
        signed = sign(self.chain, operations, keyring, keyring.public_keys, expiration_seconds=EXPIRATION_SECONDS)
        before = self.chain.head().number
        broadcast(self.connection, signed.transaction)
        signatures = signed.transaction["signatures"]
        self.step(0)
        self.until(lambda: self._is_in_a_block(signatures, before))
        return signed

    def _is_embedded(self):
        try:
            self.chain.call("devnet_status")
        except RefusedError:
            return False
        return True

    def _is_in_a_block(self, signatures, after):
        for number in range(after + 1, self.chain.head().number + 1):
            block = self.chain.call("get_block", number)
            if any(one["signatures"] == signatures for one in block["transactions"]):
                return True
        return False

    def person(self, name="ann", **funds):
        """A new account with a name that nobody has, and money of the faucet: `core=` or by symbol, in units."""
        return self.people(name, **funds)[0]

    def people(self, *names, **funds):
        made = []
        for name in names:
            full = f"{name}-{''.join(random.choices(string.ascii_lowercase, k=6))}1"
            keyring = keyring_of([_new_wif()], self.network.prefix)
            made.append((full, keyring))
        operations = []
        for full, keyring in made:
            key = keyring.public_keys[0]
            operations.append(builders.account_create(self.faucet.id, full, key, key, key))
        for part in _parts(operations, 8):
            self.send(part, self.faucet)
        ids = self.chain.account_ids([full for full, _ in made])
        people = [Person(full, ids[full], keyring) for full, keyring in made]
        for symbol, units in funds.items():
            asset = self.chain.asset(self.core if symbol == "core" else symbol)
            money = [builders.transfer(self.faucet.id, one.id, Units(asset.id, units)) for one in people]
            for part in _parts(money, 20):
                self.send(part, self.faucet)
        return people

    def bitasset(self, price=(5, 1000), *, precision=4, mcr=MCR, mssr=MSSR, icr=ICR, **options):
        """A new bitasset of the faucet with a feed; gives its symbol. `price` is (bitasset units, core units)."""
        symbol = "USD" + "".join(random.choices(string.ascii_uppercase, k=6))
        self.send([builders.bitasset_create(self.faucet.id, symbol, precision, "1.3.0", **options)], self.faucet)
        asset = self.chain.asset(symbol)
        self.send([builders.feed_producers(self.faucet.id, asset.id, [self.faucet.id])], self.faucet)
        if price is not None:
            self.feed(symbol, price, mcr=mcr, mssr=mssr, icr=icr)
        return symbol

    def feed(self, symbol, price, *, mcr=MCR, mssr=MSSR, icr=ICR):
        """Publish a feed."""
        bitasset, core = price
        pair = Units(self.chain.asset(symbol).id, bitasset), Units("1.3.0", core)
        self.send([builders.publish_feed(self.faucet.id, pair, mcr=mcr, mssr=mssr, icr=icr)], self.faucet)

    def asset(self, precision=2):
        """A new user-issued asset of the faucet; gives its symbol."""
        symbol = "UIA" + "".join(random.choices(string.ascii_uppercase, k=6))
        self.send([builders.asset_create(self.faucet.id, symbol, precision)], self.faucet)
        return symbol

    def position(self, person, symbol, collateral, debt, target_ratio=None):
        """Change a person's position by collateral and debt."""
        money = Units("1.3.0", collateral), Units(self.chain.asset(symbol).id, debt)
        self.send([builders.call_order_update(person.id, *money, target_ratio)], person)

    def pay(self, sender, receiver, units, text=None, symbol=None, *, seal=None):
        """A transfer, with a memo encrypted between the two unless `seal` makes another."""
        memo = seal(text) if seal else text and self.sealed(sender, receiver, text)
        money = Units(self.chain.asset(symbol or self.core).id, units)
        return self.send([builders.transfer(sender.id, receiver.id, money, memo)], sender)

    def sealed(self, sender, receiver, text):
        accounts = self.chain.account(sender.name), self.chain.account(receiver.name)
        return seal_for(text, sender.keyring, *accounts)

    # --- waiting ------------------------------------------------------------------------------------------

    def until(self, condition):
        """Poll until the condition holds; gives what it returned."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError("waited too long")

    def step(self, seconds=1):
        """Let at least one block be made, and about that much chain time pass; the embedded node does it at once."""
        if self.is_embedded and seconds:
            self.chain.call("devnet_advance", seconds)
        elif self.is_embedded:
            self.chain.call("devnet_produce_blocks", 1)
        else:
            head = self.chain.head()
            self.until(lambda: self.chain.head().number > head.number and self.chain.head().time >= head.time + seconds)

    def until_irreversible(self):
        """Wait until all that is on the chain now is irreversible."""
        head = self.chain.head().number
        if self.is_embedded:
            self.chain.call("devnet_produce_blocks", BLOCKS_TO_IRREVERSIBLE)
        self.until(lambda: self.chain.head().irreversible_number >= head)


def _new_wif():
    from graphenebase.account import PrivateKey

    return str(PrivateKey(secrets.token_hex(32)))


def _parts(items, size):
    return [items[at : at + size] for at in range(0, len(items), size)]


@contextmanager
def some_node():
    """The address of the node that tests run on: MPLP_TEST_NODE, or an embedded one started for them."""
    named = os.environ.get("MPLP_TEST_NODE")
    if named:
        yield named
    else:
        with devnet("--block-interval", "0.1") as url:
            yield url
