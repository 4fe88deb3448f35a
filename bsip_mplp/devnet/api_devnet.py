"""This node's own interface, ``devnet``: time, blocks, snapshots, forks, faults, accounts, scripted feeds.

Every method can be called as ``["devnet", "devnet_advance", [3600]]``, through the database interface, or as a
plain JSON-RPC method.
"""

from __future__ import annotations

from typing import Any

from . import lookups
from .amounts import Asset
from .errors import AssertError
from .genesis import FAUCET
from .keys import PrivateKey, key_to_text
from .operations import AccountCreate, AccountOptions, Authority, Transfer, is_valid_name
from .rpc import Api, method
from .script import FeedScript, Ratios, parse_path
from .serial import PREFIX, as_int, as_list, as_object, as_text, public_key, time_to_text

_SECONDS_MAX = 50 * 365 * 86_400
_BLOCKS_MAX = 100_000


def _count(value: Any, most: int, what: str, *, least: int = 0) -> int:
    number = as_int(value, -(2**63), 2**63 - 1, "int64")
    if not least <= number <= most:
        raise AssertError("${what} must be between ${least} and ${most}", {"what": what, "least": least, "most": most})
    return number


class DevnetApi(Api):
    """What developers of other chains know from their development nodes."""

    NAME = "devnet"

    @property
    def node(self) -> Any:
        """The node."""
        return self.session.node

    def _head(self) -> dict[str, Any]:
        chain = self.node.chain
        return {
            "head_block_number": chain.head_number,
            "time": time_to_text(chain.now),
            "last_irreversible_block_num": chain.irreversible_number,
        }

    @method
    def devnet_status(self) -> Any:
        """Head, pending transactions, faults."""
        chain, node = self.node.chain, self.node
        return {
            **self._head(),
            "chain_id": chain.chain_id.hex(),
            "pending": len(chain.pending),
            "block_interval": node.clock.interval,
            "seconds_ahead": node.clock.ahead,
            "faucet": FAUCET,
            "faults": node.faults.to_json(),
        }

    @method
    def devnet_advance(self, seconds: Any) -> Any:
        """Move chain time forward: one block that far away, and all that is due by then."""
        self.node.advance(_count(seconds, _SECONDS_MAX, "seconds"))
        return self._head()

    @method
    def devnet_produce_blocks(self, count: Any = 1) -> Any:
        """Make blocks at once."""
        self.node.produce_on_demand(_count(count, _BLOCKS_MAX, "count", least=1))
        return self._head()

    @method
    def devnet_snapshot(self) -> Any:
        """Remember the chain as it is; answers an id."""
        return self.node.chain.snapshot()

    @method
    def devnet_revert(self, snapshot: Any) -> Any:
        """Go back to a snapshot."""
        try:
            self.node.chain.revert(_count(snapshot, 2**62, "snapshot"))
        except KeyError:
            raise AssertError("There is no snapshot ${id}", {"id": snapshot}) from None
        return self._head()

    @method
    def devnet_fork(self, count: Any, keep_transactions: Any = False) -> Any:
        """Take back the newest reversible blocks; answers the ids of their transactions."""
        try:
            taken = self.node.chain.fork(
                _count(count, _BLOCKS_MAX, "count", least=1), keep_transactions=bool(keep_transactions)
            )
        except ValueError as wrong:
            raise AssertError(str(wrong)) from None
        return {**self._head(), "transactions": [transaction.id for transaction in taken]}

    @method
    def devnet_miss_blocks(self, count: Any) -> Any:
        """The next block comes after this many missed slots."""
        self.node.missed = _count(count, 10_000, "count")
        return self._head()

    # ---- faults --------------------------------------------------------------------------------------------

    @method
    def devnet_stall(self, stalled: Any = True) -> Any:
        """Stand still: take transactions, make no blocks but on demand."""
        self.node.faults.stalled = bool(stalled)
        return self.node.faults.to_json()

    @method
    def devnet_lag(self, blocks: Any) -> Any:
        """Show head, blocks and history as of this many blocks ago."""
        self.node.faults.lag_blocks = _count(blocks, _BLOCKS_MAX, "blocks")
        return self.node.faults.to_json()

    @method
    def devnet_delay(self, milliseconds: Any) -> Any:
        """Answer late."""
        self.node.faults.delay_ms = _count(milliseconds, 60_000, "milliseconds")
        return self.node.faults.to_json()

    @method
    def devnet_lie(self, name: Any, answer: Any = None) -> Any:
        """Answer a method with something else; ``null`` for the truth again."""
        text = as_text(name)
        if answer is None:
            self.node.faults.lies.pop(text, None)
        else:
            self.node.faults.lies[text] = answer
        return self.node.faults.to_json()

    @method
    def devnet_lose_replies(self, count: Any) -> Any:
        """Carry out the next broadcasts, but drop the connection instead of answering."""
        self.node.faults.replies_to_lose = _count(count, 10_000, "count")
        return self.node.faults.to_json()

    @method
    def devnet_heal(self) -> Any:
        """An honest, quick node again."""
        self.node.faults.clear()
        return self.node.faults.to_json()

    # ---- accounts and feeds --------------------------------------------------------------------------------

    @method
    def devnet_create_account(self, name: Any, amount: Any = 0, key: Any = None) -> Any:
        """Register an account with an amount of core; without a public key one is made from the name."""
        text = as_text(name)
        if not is_valid_name(text):
            raise AssertError("is_valid_name( name ): ")
        chain = self.node.chain
        wif = None
        if key is None:
            private = PrivateKey.from_seed("devnet " + text)
            public, wif = private.public, private.wif
        else:
            public = public_key.parse(key)
        authority = Authority(weight_threshold=1, key_auths=((public, 1),))
        faucet = chain.account(FAUCET).number
        create = AccountCreate(
            registrar=faucet,
            referrer=faucet,
            name=text,
            owner=authority,
            active=authority,
            options=AccountOptions(memo_key=public),
        )
        made = chain.send([create])[0][1]
        units = _count(amount, 10**15, "amount")
        if units:
            chain.send([Transfer(from_=faucet, to=int(made.split(".")[2]), amount=Asset(units, 0))])
        self._settle()
        return {"id": made, "name": text, "public_key": key_to_text(public, PREFIX), "wif": wif}

    @method
    def devnet_fund(self, name_or_id: Any, amount: Any) -> Any:
        """Give an account core from the faucet."""
        chain = self.node.chain
        account = lookups.get_account(chain.state, name_or_id)
        units = Asset(_count(amount, 10**15, "amount", least=1), 0)
        chain.send([Transfer(from_=chain.account(FAUCET).number, to=account.number, amount=units)])
        self._settle()
        return self._head()

    def _settle(self) -> None:
        if self.node.clock.on_demand:
            self.node.produce()

    @method
    def devnet_script_feed(self, symbol: Any, path: Any, ratios: Any = None) -> Any:
        """Publish prices on a schedule: ``[[seconds, "0.0045"], …]``, bitasset per collateral."""
        given = as_object(ratios) if ratios is not None else {}
        known = {"mcr", "mssr", "icr"}
        if set(given) - known:
            raise AssertError("Known ratios are mcr, mssr and icr")
        numbers = {name: as_int(value, 1, 2**16 - 1, "uint64") for name, value in given.items()}
        try:
            script = FeedScript(as_text(symbol), parse_path(as_list(path)), Ratios(**numbers))
        except (ValueError, TypeError) as wrong:
            raise AssertError(str(wrong)) from None
        self.node.scripts.append(script)
        return len(script.path)
