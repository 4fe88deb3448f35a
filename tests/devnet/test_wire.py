"""Goal: clients find on the wire what a real node sends. Method: every request of ``data/wire`` is put to a chain
with the same things on it, and the shapes of the answers are compared: members, types, and the words of errors.
Ids and names differ between the chains; they are translated in the requests."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from bsip_mplp.devnet.transactions import Transaction

from .kit import Client, Stage, key_of

WIRE = Path(__file__).parent / "data" / "wire"


def lines(name):
    return [json.loads(line) for line in (WIRE / f"{name}.jsonl").read_text().splitlines()]


def shape(value):
    """What a client relies on: members and types. Integers that may be large are text or number alike."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        shapes = []
        for item in value:
            made = shape(item)
            if made not in shapes:
                shapes.append(made)
        return ["list", *shapes]
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    if isinstance(value, int) or re.fullmatch(r"-?\d{1,20}", value):
        return "integer"
    for name, pattern in (
        ("id", r"\d+\.\d+\.\d+"),
        ("time", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
        ("key", r"(BTS|TEST)[1-9A-HJ-NP-Za-km-z]{45,55}"),
        ("hex", r"[0-9a-f]{21,}"),
        ("vote", r"\d+:\d+"),
    ):
        if re.fullmatch(pattern, value):
            return name
    return "text"


def plain_words(message):
    """An error's words without names and numbers of one chain."""
    message = re.sub(r"'[^']*'", "'…'", message)
    message = re.sub(r"\d[\d.]* (BTS|TEST|USD\w*)", "… core", message)
    message = re.sub(r"\b[a-z]+-[a-z]{6}1?\b", "…", message)
    return re.sub(r"\d+(\.\d+)*", "…", message)


class Translation:
    """One chain's ids and names in the other's words."""

    def __init__(self, pairs):
        self.pairs = pairs

    def __call__(self, value):
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items()}
        return self.pairs.get(value, value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def stage():
    """As in the recorded session: two positions of one bitasset, on a chain that has run for a while."""
    stage = Stage().account("issuer", "feeder", "ann-wipbpc", "bob-wipbpc")
    stage.ids["ann"], stage.ids["bob"] = stage.ids["ann-wipbpc"], stage.ids["bob-wipbpc"]
    stage.bitasset("USDWIPBPC")
    stage.feed(5, 1000, "USDWIPBPC")
    stage.borrow("ann", 10**9, 3 * 10**6, "USDWIPBPC", target=1700)
    stage.borrow("bob", 2 * 10**9, 3 * 10**6, "USDWIPBPC")
    stage.blocks(650)  # maintenances, so that there are cashback and witness pay
    stage.transfer("ann", "bob", 5)
    return stage


@pytest.fixture(scope="module")
def translate(stage):
    ann, bob = stage.ids["ann"], stage.ids["bob"]
    asset = stage.state.asset(stage.assets["USDWIPBPC"])
    calls = stage.state.calls_by_collateral.all((0, asset.number))
    return Translation(
        {
            "1.2.183": f"1.2.{ann}",
            "1.2.6": next(f"1.2.{w.witness_account}" for w in stage.state.witnesses if w.pay_vb is not None),
            "1.2.184": f"1.2.{bob}",
            "1.2.185": f"1.2.{bob}",
            "1.3.17": asset.id,
            "2.3.17": f"2.3.{asset.dynamic_asset_data_id}",
            "2.4.16": f"2.4.{asset.bitasset_data_id}",
            "1.8.43": calls[0].id,
            "1.8.44": calls[1].id,
            "ann-wipbpc1": "ann-wipbpc",
            "bob-wipbpc1": "bob-wipbpc",
            "BTS": "TEST",
            "BTS6wTFPpPB4tANrK2aq3BXDCQWJrTMj6r24LMzvvvo7QpAs6X9NC": stage.chain.account("ann-wipbpc").to_json()[
                "active"
            ]["key_auths"][0][0],
        }
    )


READS = [row for row in lines("read") if row["request"] is not None]


def same_errors(recorded, found):
    assert found["code"] == recorded["code"]
    assert plain_words(found["message"]) == plain_words(recorded["message"])
    for member in ("code", "name", "message"):
        assert found["data"][member] == recorded["data"][member]
    for here, there in zip(found["data"]["stack"], recorded["data"]["stack"], strict=False):
        assert set(here) == set(there)
        assert set(here["context"]) == set(there["context"])
        if there["format"]:
            assert here["format"] == there["format"]


def covers(recorded, found, path="answer"):
    """Every recorded shape is found, member by member; lists may hold fewer kinds of items than the record."""
    if isinstance(recorded, dict):
        assert isinstance(found, dict), path
        assert set(found) == set(recorded), path
        for key in recorded:
            covers(recorded[key], found[key], f"{path}.{key}")
    elif isinstance(recorded, list):
        assert isinstance(found, list), path
        for item in found[1:]:
            assert len(recorded) == 1 or any(matches(kind, item) for kind in recorded[1:]), f"{path}[]: {item}"
    else:
        assert found == recorded, path


def matches(recorded, found):
    try:
        covers(recorded, found)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("row", READS, ids=lambda row: str(row["request"][1]))
def test_read(row, stage, translate):
    client = Client(stage.chain)
    api, method, arguments = translate(row["request"])
    if method == "get_block" and arguments == [704]:
        arguments = [stage.chain.head_number]
    if method == "get_transaction":
        arguments = [stage.chain.head_number - 1, 0]  # an empty block
    message = json.dumps({"id": 1, "method": "call", "params": [api, method, arguments]})
    answer = client.raw(message)
    if "error" in row["answer"]:
        same_errors(row["answer"]["error"], answer["error"])
        return
    recorded, found = row["answer"]["result"], answer["result"]
    if method == "get_config":
        recorded = {**recorded, "GRAPHENE_SYMBOL": "TEST", "GRAPHENE_ADDRESS_PREFIX": "TEST"}
        assert found == recorded
    if method == "get_global_properties":
        assert found["parameters"]["current_fees"] == recorded["parameters"]["current_fees"]
        assert found["active_witnesses"] == recorded["active_witnesses"]
    covers(shape(recorded), shape(found))


def test_core_genesis_ids_agree(stage):
    """Witnesses, committee and faucet have the numbers that a chain of core's own development genesis has."""
    client = Client(stage.chain)
    assert client.ask("get_witness_by_account", "1.2.6")["id"] == "1.6.1"
    assert client.ask("get_committee_members", ["1.5.0"])[0]["vote_id"] == "0:11"
    assert client.ask("get_account_by_name", "nathan")["id"] == "1.2.17"


# ---- writing -----------------------------------------------------------------------------------------------


def test_transaction_hex_is_core_s():
    """The binary form of a recorded transaction comes out byte for byte."""
    row = next(r for r in lines("write") if r["request"][1] == "get_transaction_hex")
    assert Transaction.parse(row["request"][2][0]).packed().hex() == row["answer"]["result"]


def test_transaction_ids_are_core_s():
    """Ids of recorded broadcasts are recomputed; a memo's keys carry the recorded chain's prefix."""
    checked = 0
    for row in lines("write"):
        if row["request"][1] == "broadcast_transaction_synchronous" and "result" in row["answer"]:
            text = re.sub(r'"BTS(?=[1-9A-HJ-NP-Za-km-z]{40})', '"TEST', json.dumps(row["request"][2][0]))
            assert Transaction.parse(json.loads(text)).id == row["answer"]["result"]["id"]
            checked += 1
    assert checked >= 4


def broadcasts(stage):
    """The recorded session's broadcasts, built anew for this chain: (wire line, request here)."""
    ann, bob = stage.ids["ann"], stage.ids["bob"]
    chain, key = stage.chain, key_of("ann-wipbpc")
    for row in lines("write"):
        api, method, arguments = row["request"]
        if not method.startswith("broadcast"):
            continue
        operations = json.loads(
            json.dumps(arguments[0]["operations"])
            .replace("1.2.179", f"1.2.{ann}")
            .replace("1.2.180", f"1.2.{bob}")
            .replace("1.3.16", f"1.3.{stage.assets['USDWIPBPC']}")
            .replace('"BTS', '"TEST')
        )
        made = chain.transaction(operations, [key])
        yield row, api, method, made


async def _broadcast(client, api, method, transaction):
    asked = asyncio.ensure_future(client.ask_later(method, transaction, api=api))
    for _ in range(50):
        await asyncio.sleep(0)
        if asked.done():
            break
        client.node.tick()
    return await asked


def test_broadcasts(stage):
    client = Client(stage.chain)
    last = None
    for row, api, method, made in broadcasts(stage):
        recorded = row["answer"]
        request = made.to_json()
        if "error" in recorded:
            code = recorded["error"]["code"]
            if code == 3030001:
                request = last
            elif code == 4010001:
                request = {**last, "expiration": row["request"][2][0]["expiration"]}
                if request["expiration"] == last["expiration"] or row["request"][2][0]["ref_block_prefix"] == 5:
                    request["ref_block_prefix"] = 5
        answer = asyncio.run(_broadcast(client, api, method, request))
        if "error" in recorded:
            same_errors(recorded["error"], answer["error"])
            assert len(answer["error"]["data"]["stack"]) == len(recorded["error"]["data"]["stack"])
        else:
            assert "result" in answer, answer["error"]["message"]
            covers(shape(recorded["result"]), shape(answer["result"]))
            last = request


def test_notices(stage):
    """Subscribed as the recorded client was, the notices have its members, in the same order of kinds."""
    client = Client(stage.chain)
    asset = stage.state.asset(stage.assets["USDWIPBPC"])
    client.ask("set_subscribe_callback", 11, False)
    client.ask("set_block_applied_callback", 12)
    position = stage.state.calls_by_collateral.first((0, asset.number))
    client.ask("get_objects", [f"2.4.{asset.bitasset_data_id}", position.id])
    client.ask("get_full_accounts", [f"1.2.{stage.ids['ann']}"], True)
    stage.feed(48, 10000, "USDWIPBPC")
    stage.borrow("ann", 500000, 0, "USDWIPBPC")
    stage.transfer("bob", "ann", 500000)
    recorded = [row["answer"]["params"] for row in lines("notify") if row["request"] is None]
    kinds = {11: [], 12: []}
    for callback, payload in recorded:
        kinds[callback].append(payload)
    found = {11: [], 12: []}
    for notice in client.notices:
        assert notice["method"] == "notice"
        found[notice["params"][0]].append(notice["params"][1])
    assert all(re.fullmatch("[0-9a-f]{40}", payload[0]) for payload in found[12])
    rows = {}
    for payload in kinds[11]:
        for row in payload[0]:
            rows.setdefault(row["id"].rsplit(".", 1)[0], []).append(shape(row))
    seen = set()
    for payload in found[11]:
        assert len(payload) == 1
        for row in payload[0]:
            kind = row["id"].rsplit(".", 1)[0]
            seen.add(kind)
            if kind in rows and kind not in ("1.11", "2.7"):
                made = shape(row)
                assert any(set(made) >= set(r) - {"pay_vb"} for r in rows[kind]), kind
    assert seen >= {"2.4", "1.8", "2.9", "1.11", "2.7", "2.5", "2.6", "2.1", "2.8", "1.6"}
