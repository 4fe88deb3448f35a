"""With no rules and a fixed path the market does what bitshares-core 7 did: the recordings, step by step.

Network fees, which the market inside has none of, are reckoned beside it by the chain's default schedule.
"""

import json
from pathlib import Path

import pytest

from bsip_mplp.devnet.fees import DEFAULT_SCHEDULE
from bsip_mplp.rehearsal.fast_market import FastMarket
from bsip_mplp.rehearsal.market import CORE, USD, MarketOptions
from bsip_mplp.rehearsal.plain_market import NUMBERS, PlainMarket

RECORDINGS = Path(__file__).parents[1] / "devnet" / "data" / "recordings"
FEES = {number: parameters.get("fee", 0) for number, parameters in DEFAULT_SCHEDULE}
SIDES = {"CORE": CORE, "USD": USD}
OUTSIDE = ("issuer", "feeder", "faucet")
"""Whose core is not followed: they pay for what the inside market does not have."""


class Player:
    def __init__(self, recording, make_market):
        names = [row["do"]["name"] for row in recording["steps"] if row["do"]["op"] == "account_create"]
        self.index = {name: number for number, name in enumerate([*names, "faucet"])}
        asset = next(row["do"] for row in recording["steps"] if row["do"]["op"] == "asset_create")
        extensions = asset["bitasset"]["extensions"]
        options = MarketOptions(extensions.get("margin_call_fee_ratio", 0), asset.get("market_fee_percent", 0))
        self.market = make_market(len(self.index), self.index["issuer"], options)
        self.market.create_core(self.index["faucet"], 10**14)
        self.orders, self.paid, self.fees = {}, {}, dict.fromkeys(self.index, 0)

    def do(self, step):
        by = step.get("by", "faucet")
        if step["op"] in NUMBERS and by not in OUTSIDE:
            self.fees[by] += FEES[NUMBERS[step["op"]]]
        done = getattr(self, "_" + step["op"], lambda step, who: True)(step, self.index.get(by))
        if not done and by not in OUTSIDE:
            self.fees[by] -= FEES[NUMBERS[step["op"]]]
        return bool(done)

    def _transfer(self, step, who):
        return self.market.transfer(who, self.index[step["to"]], SIDES[step["asset"]], step["amount"])

    def _asset_publish_feed(self, step, who):
        self.market.publish(tuple(step["price"]), step["MCR"], step["MSSR"], step.get("ICR", step["MCR"]))
        return True

    def _call_order_update(self, step, who):
        return self.market.adjust(who, step["collateral"], step["debt"], payer=who, target=step.get("TCR"))

    def _limit_order_create(self, step, who):
        units, side = step["sell"]
        had = self._has(who, side)
        number = self.market.place(who, SIDES[side], units, step["receive"][0])
        if "label" in step:
            self.orders[step["label"]] = number, units
        return number or self._has(who, side) != had

    def _has(self, who, side):
        return int((self.market.core if side == "CORE" else self.market.bitasset)[who])

    def _limit_order_cancel(self, step, who):
        number, units = self.orders[step["label"]]
        before = int(self.market.bitasset[who])
        done = self.market.cancel(who, number)
        if int(self.market.bitasset[who]) - before == units:  # nothing of it was filled: its fee comes back
            self.fees[step["by"]] -= FEES[1]
        return done

    def _asset_settle(self, step, who):
        return self.market.settle(who, step["amount"])

    def _bid_collateral(self, step, who):
        return self.market.bid_collateral(who, step["collateral"], step["debt"])

    def fills(self):
        rows = [(call.account, call.collateral, call.debt, call.fee) for call in self.market.calls]
        self.market.calls.clear()
        return sorted(rows)

    def check(self, row):
        market, names = self.market, self.index
        asset = row["after"]["assets"]["USD"]
        # ours are noted in the order of the calls, the recording's by account
        recorded = [
            (names[who], fill["pays"][0], fill["receives"][0], fill["fee"][0])
            for who, kind, fill in row["fills"]
            if kind == "fill_order" and fill["pays"][1] == "CORE" and fill["receives"][1] == "USD"
        ]
        assert self.fills() == sorted(recorded)
        calls = {names[call["who"]]: (call["collateral"], call["debt"]) for call in asset["calls"]}
        assert {
            number: (int(market.collateral[number]), int(market.debt[number]))
            for number in names.values()
            if market.debt[number]
        } == calls
        assert market.supply == asset["supply"]
        assert (market.settled, market.fund) == (asset["globally_settled"], asset["settlement_fund"])
        assert market.fees == (asset["accumulated_collateral_fees"], asset["accumulated_fees"])
        for who, balances in row["after"]["balances"].items():
            assert int(market.bitasset[names[who]]) == balances.get("USD", 0), who
            if who not in OUTSIDE:
                assert int(market.core[names[who]]) - self.fees[who] == balances.get("CORE", 0), who


@pytest.mark.parametrize("make_market", [FastMarket, PlainMarket])
@pytest.mark.parametrize("name", ["margin_call", "black_swan", "margin_call_fee", "target_ratio"])
def test_market_does_what_the_recorded_node_did(name, make_market):
    recording = json.loads((RECORDINGS / f"{name}.json").read_text())
    player = Player(recording, make_market)
    checked = 0
    for row in recording["steps"]:
        done = player.do(row["do"])
        if "after" in row:
            assert done == (row["answer"] == "ok"), row["do"]
            player.check(row)
            checked += 1
    assert checked > 5
