"""A request whose reply was lost may have been sent: it is told as such, and looked for, never sent again by itself."""

import re
from decimal import Decimal

import pytest

from bsip_mplp.chain.connection import Connection
from bsip_mplp.chain.errors import LackingError, UnreachableError
from bsip_mplp.cli.wallet import Wallet


class LosingReplies(Connection):
    """Broadcasts arrive, or don't, and no reply ever comes."""

    arrives = True

    def call_once(self, api, method, *arguments):
        if self.arrives:
            super().call_once(api, method, *arguments)
        raise UnreachableError("the reply was lost")


@pytest.mark.parametrize("arrives", [True, False])
def test_without_a_reply_it_is_looked_for_on_the_chain(world, arrives):
    pool, ann = world.people("pool", "ann", core=10**9)
    connection = LosingReplies([world.url])
    connection.arrives = arrives
    with Wallet(connection, ann.name, pool.name, ann.keyring, 60) as wallet:
        sent = wallet.send(world.core, 5, "mplp stake", must_broadcast=True)
        assert sent.was_broadcast
        assert not sent.was_answered
        world.until_irreversible()
        assert (wallet.source_of(sent) is not None) == arrives


def test_too_little_money_is_said_in_one_line_and_nothing_is_sent(world):
    pool, ann = world.people("pool", "ann", core=10**6)
    with Wallet(Connection([world.url]), ann.name, pool.name, ann.keyring, 60) as wallet:
        with pytest.raises(LackingError) as lacking:
            wallet.send(world.core, 10**6, "mplp stake", must_broadcast=True)
        says = r"(\S+) has 10.00000 TEST, and this takes (\S+) TEST \((\S+) of it the chain's fee\): nothing was sent"
        who, takes, fee = re.fullmatch(says, str(lacking.value)).groups()
        assert (who, Decimal(takes)) == (ann.name, 10 + Decimal(fee))
        assert wallet.holds(world.core) == 10**6
