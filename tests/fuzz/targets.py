"""What is fed with rubbish: memos, sealed memos, configurations, answers of nodes. No target raises anything.

A target takes bytes. Faults that the program means (a memo that can't be read, a wrong configuration) are caught here.
"""

import json
import tomllib
from decimal import Decimal

from bsip_mplp import config
from bsip_mplp.chain import memo
from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.envelope import EnvelopeError, unseal
from bsip_mplp.chain.errors import ChainError
from bsip_mplp.chain.history import read_irreversible
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.chain.memo import MemoError
from bsip_mplp.chain.node import speakable
from bsip_mplp.rules.codec import canonical, input_from_json, input_to_json
from bsip_mplp.rules.inputs import Deposit
from tests.chain.fake import ACCOUNT, FakeCaller, transfer_fields
from tests.safety.run import CONTEXT

KEYRING = keyring_of(["5KQwrPbwdL6PhXujxW37FSSQZ1JiwsST4cqQzDeyXtP79zkvFD3"], "TEST")
FORMS = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError)
"""What an answer in a wrong form may raise: the keeper takes it for a failed reading, and asks another node."""


def memo_text(data: bytes) -> None:
    """Any text is a request or one clear line, and either can be journaled and read again."""
    text = data.decode("utf-8", "replace")
    try:
        ask, unreadable = memo.parse(text, CONTEXT), None
    except MemoError as error:
        ask, unreadable = None, str(error)
        assert len(unreadable.splitlines()) <= 1
    item = Deposit(time=1, account="ann", asset="TEST", amount=1, ask=ask, unreadable=unreadable, source="1.1.1")
    body = canonical(input_to_json(item))
    body.encode()
    assert input_from_json(json.loads(body)) == item


def sealed_memo(data: bytes) -> None:
    """Whatever stands in a memo's envelope, it is opened or refused with one line."""
    try:
        sealed = speakable(json.loads(data))
    except (ValueError, RecursionError):
        sealed = {"from": KEYRING.public_keys[0], "to": KEYRING.public_keys[0], "nonce": "1", "message": data.hex()}
    if not isinstance(sealed, dict):
        return
    try:
        unseal(sealed, KEYRING).encode()
    except EnvelopeError as error:
        str(error).encode()


def configuration(data: bytes) -> None:
    """A configuration is taken whole or refused with one line that names the key."""
    try:
        table = tomllib.loads(data.decode("utf-8", "replace"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    read_configuration(table)


def read_configuration(table):
    """Read it; a fault must be one line."""
    try:
        config.read(table)
    except config.ConfigError as error:
        said = str(error)
    else:
        return
    assert len(said.splitlines()) == 1, said


def answer(data: bytes) -> None:
    """A node's history in any form makes a reading fail, or tells just what its blocks hold."""
    fake = FakeCaller(irreversible=9)
    fake.add(3, transfer_fields("1.2.60", ACCOUNT, 5))
    fake.add(5, transfer_fields("1.2.61", ACCOUNT, 6))
    truth = fake.get_account_history(ACCOUNT, "1.11.0", 100, "1.11.0")
    try:
        told = speakable(json.loads(data))
    except (ValueError, RecursionError):
        told = [dict(row) for row in truth]
        for place, byte in enumerate(data[:8]):
            row = told[place % len(told)]
            row[list(row)[byte % len(row)]] = byte
    fake.get_account_history = lambda *_: told
    from bsip_mplp.chain.inbox import Inbox

    try:
        reading = Inbox(Chain(fake), "pool", KEYRING, CONTEXT).read(0)
        read_irreversible(Chain(fake), ACCOUNT, 0)
    except (ChainError, *FORMS):
        return
    # What the chain did by itself stands in no block: there a node that is asked alone is believed
    in_blocks = [one for one in reading.deposits if one.source.count(".") == 2]
    assert {one.source for one in in_blocks} <= {"3.0.0", "5.0.0"}
    assert sum(one.amount for one in in_blocks) <= 11


TARGETS = {each.__name__: each for each in (memo_text, sealed_memo, configuration, answer)}
