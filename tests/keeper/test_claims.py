"""Fees that a bitasset collected on the chain reach the fund, each unit once (PL-42): a node, a journal, the bots.

The fees come from a trade in the bitasset, whose owner takes a percent of what buyers of it receive.
"""

from dataclasses import dataclass

import pytest

from bsip_mplp import bootstrap, config
from bsip_mplp.chain import builders
from bsip_mplp.chain.builders import Units
from bsip_mplp.chain.claims import Claims, read_collected
from bsip_mplp.chain.errors import KeysError, UnreachableError
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.journal import Journal, read
from bsip_mplp.keeper.runner import NoBoard
from tests import databases

PERCENT = 100
CHARGE_MARKET_FEE = 0x01
TRADED = 1_000_000


@dataclass
class Market:
    world: object
    symbol: str
    issuer: object
    maker: object
    pool: object

    def collect(self):
        """The maker sells the bitasset to the issuer, who receives a percent less; gives what was collected."""
        world, asset = self.world, self.world.chain.asset(self.symbol).id
        expires, core = world.chain.head().time + 3600, Units("1.3.0", 10**9)
        sold = Units(asset, TRADED)
        world.send([builders.limit_order_create(self.maker.id, sold, core, expires)], self.maker)
        world.send([builders.limit_order_create(self.issuer.id, core, sold, expires)], self.issuer)
        return self.collected()[self.symbol]

    def collected(self):
        (one,) = read_collected(self.world.chain, [self.symbol])
        assert one.owner == self.issuer.name
        return one.units


@pytest.fixture
def market(world):
    issuer, maker, pool = world.people("issuer", "maker", "mplp-pool", core=10**12)
    symbol = "FEES" + "".join(letter for letter in issuer.name.upper() if letter.isalpha())[-6:]
    creation = builders.bitasset_create(issuer.id, symbol, 4, "1.3.0")
    creation[1]["common_options"] |= {"market_fee_percent": PERCENT, "flags": CHARGE_MARKET_FEE}
    world.send([creation], issuer)
    asset = world.chain.asset(symbol).id
    world.send([builders.feed_producers(issuer.id, asset, [issuer.id])], issuer)
    pair = Units(asset, 1), Units("1.3.0", 1000)
    world.send([builders.publish_feed(issuer.id, pair, mcr=1550, mssr=1100, icr=1600)], issuer)
    debt = Units("1.3.0", 10**11), Units(asset, 10 * TRADED)
    world.send([builders.call_order_update(maker.id, *debt, None)], maker)
    return Market(world, symbol, issuer, maker, pool)


def settings_of(market, folder, **claims):
    keys = folder / "keys"
    keys.write_text(f"{market.pool.wif}\n{market.issuer.wif}\n")
    keys.chmod(0o600)
    world = market.world
    return config.read(
        {
            "place": "trial",
            "chain": {"nodes": [world.url], "core_asset": world.core, "pool_account": market.pool.name},
            "keys": {"file": str(keys)},
            "database": {"url": databases.new(folder)},
            "markets": {market.symbol: {"risk_share": 0}},
            "claims": claims,
        }
    )


def fund(settings, symbol):
    with Journal.open(settings.database_url, read_only=True) as journal, journal.reading() as connection:
        return {one.asset: one.units for one in read.balances(connection, f"fund/{symbol}")}.get(symbol, 0)


def test_pl_42_what_was_collected_is_claimed_and_paid_into_the_fund(market, tmp_path):
    settings = settings_of(market, tmp_path, account=market.issuer.name, least={market.symbol: "0.01"})
    market.world.until_irreversible()
    bootstrap.initialise(settings)
    keeper = bootstrap.open_keeper(settings, NoBoard())
    try:
        expected = 0
        for _ in range(2):
            expected += TRADED * PERCENT // 10_000
            assert market.collect() == TRADED * PERCENT // 10_000
            for _ in range(3):  # again and again: what is claimed is claimed
                assert keeper.once()
                market.world.until_irreversible()
            assert keeper.once()
            assert fund(settings, market.symbol) == expected
            assert market.collected()[market.symbol] == 0
        assert "claimer: nothing to do" in keeper.dry_run()
    finally:
        keeper.close()


class LosesReplies:
    """A connection whose first broadcast arrives without a reply."""

    def __init__(self, connection):
        self._connection = connection
        self.lost = 0

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def call_once(self, api, method, *arguments):
        answer = self._connection.call_once(api, method, *arguments)
        self.lost += 1
        if self.lost == 1:
            raise UnreachableError("the reply was lost")
        return answer


def claims_of(market, connection, *people):
    keyring = keyring_of([one.wif for one in people], market.world.network.prefix)
    chain = type(market.world.chain)(connection)
    return Claims(chain, market.issuer.name, market.pool.name, keyring, 60)


def test_a_claim_whose_reply_was_lost_and_that_is_tried_again_pays_in_no_more(market):
    world, units = market.world, market.collect()
    claims = claims_of(market, LosesReplies(world.connection), market.issuer)
    assert "sent without a reply" in claims.pay_in(market.symbol, market.symbol, units)
    assert "refused for now" in claims.pay_in(market.symbol, market.symbol, units)
    world.step(0)
    world.until(lambda: world.chain.balances(market.pool.name).get(market.symbol))
    assert "refused for now" in claims.pay_in(market.symbol, market.symbol, units)
    assert world.chain.balances(market.pool.name)[market.symbol] == units
    assert market.collected()[market.symbol] == 0


def test_more_than_was_collected_is_not_claimed_of_either_asset(market):
    claims = claims_of(market, market.world.connection, market.issuer)
    for asset in (market.symbol, market.world.core):
        assert "claim more fees than" in claims.pay_in(market.symbol, asset, 10**6)


def test_without_the_owners_key_it_is_said_which_one_is_needed(market):
    with pytest.raises(KeysError, match="no active key of issuer"):
        claims_of(market, market.world.connection, market.pool).pay_in(market.symbol, market.symbol, 1)
