"""A payout: one transfer from the pool's account, with the order's memo."""

from __future__ import annotations

from bsip_mplp.chain.builders import Units, transfer
from bsip_mplp.chain.deeds import Context, Followed, Needs, done
from bsip_mplp.chain.envelope import seal_for
from bsip_mplp.chain.orders import OrderLike
from bsip_mplp.chain.own import Own, Seen


class Payout:
    """`units` of `asset` to `account`."""

    lasts = False

    def prepare(self, order: OrderLike, context: Context) -> Needs:
        """The transfer."""
        pool, receiver = context.pool, context.chain.account(order.account)
        memo = seal_for(order.memo, context.keyring, pool, receiver)
        money = Units(context.chain.asset(order.asset).id, order.units)
        return Needs([transfer(pool.id, receiver.id, money, memo)], [pool])

    def follow(self, order: OrderLike, own: Own, seen: Seen, context: Context) -> Followed:
        """It is paid."""
        return done(order, own, context)
