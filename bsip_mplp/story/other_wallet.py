"""Another wallet: python-bitshares as anyone would use it, with none of this program's code in between."""

from __future__ import annotations

from bsip_mplp.chain.errors import RefusedError
from bsip_mplp.story.people import Person
from bsip_mplp.story.town import EXPIRATION_SECONDS, Town


def transfer(town: Town, sender: Person, receiver: Person, amount: str, symbol: str, memo: str) -> str:
    """`BitShares.transfer` with a memo, which the library encrypts; gives its place on the chain.

    The library takes the expiration from this machine's clock, so it can't be used once chain time was moved.
    Raises `RefusedError` if the node refuses.
    """
    from bitshares import BitShares
    from bitshares.instance import set_shared_bitshares_instance
    from grapheneapi.exceptions import RPCError

    wallet = BitShares(town.connection.url, keys=[sender.wif], expiration=EXPIRATION_SECONDS, num_retries=3)
    try:
        set_shared_bitshares_instance(wallet)  # else some of its classes dial a node of the main chain
        after = town.chain.head().number
        signed = wallet.transfer(receiver.name, float(amount), symbol, memo=memo, account=sender.name)
    except RPCError as error:
        raise RefusedError("transfer", str(error)) from None
    finally:
        wallet.rpc.connection.disconnect()
    return town.place_of(signed["signatures"], after)
