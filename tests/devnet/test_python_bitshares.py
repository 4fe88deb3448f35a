"""Goal: python-bitshares, as it comes, works against the node. Method: one session of a person who opens an
account, sends memos, trades, borrows and reads it all back, over a real socket to a node in its own process."""

import time

import pytest
from bitshares import BitShares
from bitshares.account import Account
from bitshares.amount import Amount
from bitshares.asset import Asset
from bitshares.block import Block
from bitshares.blockchain import Blockchain
from bitshares.dex import Dex
from bitshares.instance import set_shared_bitshares_instance
from bitshares.market import Market
from bitshares.memo import Memo
from bitshares.price import Price
from bitshares.witness import Witness
from bitsharesapi.exceptions import UnhandledRPCError
from bitsharesbase.chains import known_chains
from bitsharesbase.operations import Asset_publish_feed, Asset_update_feed_producers, Call_order_update

from bsip_mplp.devnet import DEVELOPMENT_WIF, DEVNET_CHAIN_ID
from bsip_mplp.devnet.keys import key_to_text

from .kit import key_of

known_chains["DEVNET"] = {"chain_id": DEVNET_CHAIN_ID, "core_symbol": "TEST", "prefix": "TEST"}


@pytest.fixture(scope="module")
def bts(devnet_url):
    keys = [DEVELOPMENT_WIF, *(key_of("e2e", role).wif for role in ("owner", "active", "memo"))]
    chain = BitShares(node=devnet_url, keys=keys, blocking=True, num_retries=2)
    set_shared_bitshares_instance(chain)
    chain.set_default_account("nathan")
    return chain


@pytest.fixture(scope="module")
def person(bts):
    """An account made by python-bitshares, with funds."""
    public = {role: key_to_text(key_of("e2e", role).public, "TEST") for role in ("owner", "active", "memo")}
    bts.create_account(
        "e2e-person",
        registrar="nathan",
        referrer="nathan",
        owner_key=public["owner"],
        active_key=public["active"],
        memo_key=public["memo"],
        storekeys=False,
    )
    bts.transfer("e2e-person", 500_000, "TEST", memo="for a start", account="nathan")
    return Account("e2e-person", blockchain_instance=bts)


@pytest.fixture(scope="module")
def usd(bts, person):
    bts.create_asset(
        "E2EUSD",
        4,
        10**11,
        is_bitasset=True,
        account="nathan",
        bitasset_options={
            "feed_lifetime_sec": 86400,
            "minimum_feeds": 1,
            "force_settlement_delay_sec": 60,
            "force_settlement_offset_percent": 0,
            "maximum_force_settlement_volume": 10000,
            "short_backing_asset": "1.3.0",
            "extensions": [],
        },
    )
    asset = Asset("E2EUSD", full=True, blockchain_instance=bts)
    nathan = Account("nathan", blockchain_instance=bts)["id"]
    fee = {"amount": 0, "asset_id": "1.3.0"}
    bts.finalizeOp(
        Asset_update_feed_producers(
            fee=fee, issuer=nathan, asset_to_update=asset["id"], new_feed_producers=[nathan], extensions=[]
        ),
        "nathan",
        "active",
    )
    price = {"base": {"amount": 5, "asset_id": asset["id"]}, "quote": {"amount": 1000, "asset_id": "1.3.0"}}
    feed = {
        "settlement_price": price,
        "maintenance_collateral_ratio": 1500,
        "maximum_short_squeeze_ratio": 1100,
        "core_exchange_rate": price,
    }
    bts.finalizeOp(
        Asset_publish_feed(fee=fee, publisher=nathan, asset_id=asset["id"], feed=feed, extensions=[]),
        "nathan",
        "active",
    )
    return Asset("E2EUSD", full=True, blockchain_instance=bts)


def fresh(bts, name):
    """The account as it is now: python-bitshares caches accounts by class, for minutes."""
    bts.clear_cache()
    account = Account(name, full=True, blockchain_instance=bts)
    account.refresh()
    return account


def test_chain(bts):
    chain = Blockchain(blockchain_instance=bts, mode="head")
    assert chain.get_current_block_num() > 0
    assert bts.rpc.get_chain_properties()["chain_id"] == DEVNET_CHAIN_ID
    assert Block(1, blockchain_instance=bts)["witness"].startswith("1.6.")
    assert Witness("init0", blockchain_instance=bts)["id"] == "1.6.1"
    info = bts.info()
    assert abs(time.time() - time.mktime(time.strptime(info["time"], "%Y-%m-%dT%H:%M:%S")) + time.timezone) < 5


def test_memo_is_read_by_the_receiver(bts, person):
    bts.transfer("e2e-person", 1, "TEST", memo="mplp lend rate=12%/yr days=30", account="nathan")
    row = next(row for row in person.history(limit=20) if row["op"][0] == 0)
    memo = Memo("nathan", "e2e-person", blockchain_instance=bts)
    assert memo.decrypt(row["op"][1]["memo"]) == "mplp lend rate=12%/yr days=30"


def test_balances(bts, person):
    assert Amount(person.balance("TEST"), blockchain_instance=bts).amount > 499_000
    assert person["name"] == "e2e-person"


def test_refusals_have_core_s_words(bts):
    with pytest.raises(UnhandledRPCError, match="Insufficient Balance"):
        bts.transfer("nathan", 10**8, "TEST", account="e2e-person")
    bts.txbuffer.clear()


def test_borrowing_and_trading(bts, person, usd):
    operation = Call_order_update(
        fee={"amount": 0, "asset_id": "1.3.0"},
        delta_debt={"amount": 300_0000, "asset_id": usd["id"]},
        delta_collateral={"amount": 20_000_00000, "asset_id": "1.3.0"},
        funding_account=person["id"],
        extensions={"target_collateral_ratio": 1750},
    )
    bts.finalizeOp(operation, "e2e-person", "active")
    fresh(bts, "e2e-person")
    debts = Dex(blockchain_instance=bts).list_debt_positions("e2e-person")
    assert debts["E2EUSD"]["debt"].amount == 300
    calls = usd.get_call_orders(10)
    assert calls[0]["account"]["name"] == "e2e-person"
    assert fresh(bts, "e2e-person").callpositions

    trade(bts)


def trade(bts):
    market = Market("E2EUSD:TEST", blockchain_instance=bts)
    price = Price("0.06 E2EUSD/TEST", blockchain_instance=bts)
    sold = market.sell(
        price.invert(), Amount("100 E2EUSD", blockchain_instance=bts), account="e2e-person", returnOrderId=True
    )
    assert sold["orderid"].startswith("1.7.")
    person = fresh(bts, "e2e-person")
    assert len(person.openorders) == 1
    assert market.orderbook()["asks"] or market.orderbook()["bids"]
    bts.cancel(sold["orderid"], account="e2e-person")
    assert not fresh(bts, "e2e-person").openorders
    assert market.ticker()["quoteSettlement_price"] is not None


def test_authorities(bts, person):
    other = key_to_text(key_of("another").public, "TEST")
    bts.allow(other, weight=1, permission="active", account="e2e-person")
    assert len(bts.rpc.get_account_by_name("e2e-person")["active"]["key_auths"]) == 2
    fresh(bts, "e2e-person")
    bts.disallow(other, permission="active", account="e2e-person")
    assert len(bts.rpc.get_account_by_name("e2e-person")["active"]["key_auths"]) == 1


def test_stream_of_blocks(bts):
    chain = Blockchain(blockchain_instance=bts, mode="head")
    head = chain.get_current_block_num()
    assert len(list(chain.blocks(start=head - 3, stop=head))) == 4
