"""Goal: what developers know from other development chains, as methods of the node. Method: a client without a
socket calls them."""

import asyncio
from fractions import Fraction

import pytest

from bsip_mplp.devnet import Chain, FeedScript, Ratios
from bsip_mplp.devnet.clock import Clock
from bsip_mplp.devnet.genesis import Genesis
from bsip_mplp.devnet.node import Node
from bsip_mplp.devnet.script import parse_path, read_path
from bsip_mplp.devnet.serial import time_from_text

from .kit import CORE, FAUCET_KEY, Client, Refused, Stage, amount, usual_stage


@pytest.fixture
def client():
    client = Client(Stage().chain)
    client.node.produce_on_demand(40)
    return client


def payment(client, units=1):
    chain = client.node.chain
    return chain.transaction([[0, {"from": "1.2.17", "to": "1.2.6", "amount": amount(units)}]], [FAUCET_KEY]).to_json()


def head(client):
    return client.ask("get_dynamic_global_properties")


def test_three_ways_to_call(client):
    assert client.ask("devnet_status")["head_block_number"] == 41
    assert client.ask("devnet_status", api="devnet") == client.ask("devnet_status")
    assert client.raw('{"id": 1, "method": "devnet_status", "params": []}')["result"] == client.ask("devnet_status")
    assert client.ask("devnet", api=1) >= 2  # a number, as for every interface


def test_advance(client):
    before = head(client)
    after = client.ask("devnet_advance", 48 * 3600)
    assert time_from_text(after["time"]) - time_from_text(before["time"]) == 48 * 3600
    assert after["head_block_number"] == before["head_block_number"] + 1
    for wrong in (-1, "soon", None, [], 10**12):
        if wrong is not None:
            with pytest.raises(Refused):
                client.ask("devnet_advance", wrong)


def test_produce_blocks(client):
    assert client.ask("devnet_produce_blocks", 5)["head_block_number"] == 46
    assert client.ask("devnet_produce_blocks")["head_block_number"] == 47
    with pytest.raises(Refused, match="count must be between 1"):
        client.ask("devnet_produce_blocks", 0)


def test_snapshot_and_revert(client):
    mark = client.ask("devnet_snapshot")
    client.ask("devnet_create_account", "ann", 5 * CORE)
    client.ask("devnet_produce_blocks", 3)
    assert client.ask("get_account_by_name", "ann")
    client.ask("devnet_revert", mark)
    assert client.ask("get_account_by_name", "ann") is None
    with pytest.raises(Refused, match="There is no snapshot 77"):
        client.ask("devnet_revert", 77)


def test_fork(client):
    client.ask("broadcast_transaction", payment(client), api="network_broadcast")
    client.ask("devnet_produce_blocks", 2)
    old = client.ask("get_block", 42)
    answer = client.ask("devnet_fork", 2)
    assert len(answer["transactions"]) == 1
    assert answer["head_block_number"] == 40 + 1
    client.ask("devnet_produce_blocks", 1)
    new = client.ask("get_block", 42)
    assert new["previous"] == old["previous"]
    assert new["timestamp"] != old["timestamp"]
    assert new["transactions"] == []
    with pytest.raises(Refused, match="can be taken back"):
        client.ask("devnet_fork", 42)


def test_missed_blocks(client):
    before = head(client)
    client.ask("devnet_miss_blocks", 3)
    client.ask("devnet_produce_blocks", 1)
    after = head(client)
    assert after["current_aslot"] == before["current_aslot"] + 4
    assert after["recently_missed_count"] > before["recently_missed_count"]


def test_stalled(client):
    client.ask("devnet_stall")
    before = head(client)["head_block_number"]
    client.node.tick()
    assert head(client)["head_block_number"] == before
    client.ask("devnet_stall", False)
    client.node.tick()
    assert head(client)["head_block_number"] == before + 1


def test_lag(client):
    client.ask("devnet_lag", 5)
    assert head(client)["head_block_number"] == 36
    assert client.ask("get_block", 40) is None
    assert client.ask("get_block", 36)
    assert client.ask("devnet_status")["head_block_number"] == 41  # its own interface tells the truth
    client.ask("devnet_heal")
    assert head(client)["head_block_number"] == 41


def test_lie(client):
    client.ask("devnet_lie", "get_account_by_name", {"id": "1.2.17", "name": "someone-else"})
    assert client.ask("get_account_by_name", "nathan")["name"] == "someone-else"
    assert client.ask("devnet_status")["faults"]["lies"] == ["get_account_by_name"]
    client.ask("devnet_lie", "get_account_by_name")
    assert client.ask("get_account_by_name", "nathan")["name"] == "nathan"


def test_accounts(client):
    made = client.ask("devnet_create_account", "ann", 5 * CORE)
    client.ask("devnet_fund", "ann", 7)
    client.ask("devnet_produce_blocks", 1)
    assert made["wif"].startswith("5")
    balance = client.ask("get_account_balances", "ann", ["1.3.0"])
    assert balance == [amount(5 * CORE + 7)]
    for wrong in ("ann", "Nathan", "", 5):
        with pytest.raises(Refused):
            client.ask("devnet_create_account", wrong)
    with pytest.raises(Refused):
        client.ask("devnet_fund", "nobody", 5)


def test_a_block_for_each_transaction():
    chain = Chain(Genesis(time=1_700_000_000))
    node = Node(chain, Clock(0, wall=lambda: chain.now))
    node.tick()
    client = Client(chain)
    client.node.clock = Clock(0, wall=lambda: chain.now)
    done = client.ask("broadcast_transaction_synchronous", payment(client), api="network_broadcast")
    assert done["block_num"] == chain.head_number
    assert not chain.pending


def test_lost_replies(client):
    from bsip_mplp.devnet.rpc import ReplyLost

    client.ask("devnet_lose_replies", 1)
    with pytest.raises(ReplyLost):
        asyncio.run(client.ask_later("broadcast_transaction", payment(client), api="network_broadcast"))
    assert len(client.node.chain.pending) == 1  # carried out all the same
    client.ask("broadcast_transaction", payment(client), api="network_broadcast")


# ---- scripted feeds --------------------------------------------------------------------------------------------


def price_of(stage, symbol="USDX"):
    price = stage.state.bitasset(stage.chain.asset(symbol)).median_feed.settlement_price
    units = Fraction(price.base.amount, price.quote.amount)
    return units / 10**4 * 10**5


def test_a_feed_follows_its_path():
    stage = usual_stage()
    client = Client(stage.chain)
    path = [[0, "0.06"], [30, "0.045"], [31, "0.04"], [3600, "0.0301"]]
    assert client.ask("devnet_script_feed", "USDX", path, {"mcr": 1600, "mssr": 1200}) == 4
    client.ask("devnet_produce_blocks", 1)
    assert price_of(stage) == Fraction("0.06")
    client.ask("devnet_advance", 40)
    client.ask("devnet_produce_blocks", 1)
    assert price_of(stage) == Fraction("0.04")
    client.ask("devnet_advance", 3600)
    client.ask("devnet_produce_blocks", 2)
    assert price_of(stage) == Fraction("0.0301")
    assert client.node.scripts == []
    feed = stage.state.bitasset(stage.chain.asset("USDX")).median_feed
    assert (feed.maintenance_collateral_ratio, feed.maximum_short_squeeze_ratio) == (1600, 1200)


@pytest.mark.parametrize(
    ("path", "ratios"), [([], None), ([[0]], None), ([[0, "x"]], None), ([[0, "-1"]], None), ([[0, "1"]], {"x": 1})]
)
def test_a_bad_path_is_refused(path, ratios):
    client = Client(usual_stage().chain)
    with pytest.raises(Refused):
        client.ask("devnet_script_feed", "USDX", path, ratios)


def test_prices_from_csv(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text("date,price_usd\n2026-01-01,0.004\n2026-01-02,0.0041\n")
    assert list(read_path(file)) == [(0, Fraction("0.004")), (86_400, Fraction("0.0041"))]
    assert list(read_path(file, step_seconds=5)) == [(0, Fraction("0.004")), (5, Fraction("0.0041"))]
    file.write_text("0.5\n0.6\n")
    assert [price for _, price in read_path(file)] == [Fraction(1, 2), Fraction(3, 5)]
    file.write_text("time,price\n5,abc\n")
    with pytest.raises(ValueError, match="row 1"):
        read_path(file)
    file.write_text("")
    with pytest.raises(ValueError):  # noqa: PT011 - any wording
        FeedScript("USDX", read_path(file))


def test_a_script_waits_for_its_asset():
    script = FeedScript("USDX", parse_path([[0, "0.05"]]), Ratios(1500, 1100, 1600))
    stage = Stage().account("issuer", "feeder")
    assert script.due(stage.state) is None
    stage.bitasset()
    feed = script.due(stage.state)
    assert feed.feed.maintenance_collateral_ratio == 1500
    assert script.finished


# ---- the clock -------------------------------------------------------------------------------------------------


def test_short_intervals_share_seconds():
    wall = [1000.0]
    clock = Clock(0.25, wall=lambda: wall[0])
    times, at = [], 999
    for _ in range(9):
        wall[0] += 0.25
        at = clock.next_time(at)
        times.append(at)
    assert times == [1000, 1000, 1000, 1001, 1001, 1001, 1001, 1002, 1002]


def test_long_intervals_have_slots():
    clock = Clock(3, wall=lambda: 1000)
    assert clock.next_time(990) == 999
    assert clock.next_time(999) == 1002  # never the same time twice


def test_time_moved_forward_stays_so():
    wall = [1000.0]
    clock = Clock(1, wall=lambda: wall[0])
    clock.follow(5000)
    wall[0] = 1007.5
    assert clock.next_time(5000) == 5007
