"""Plays the steps of a recording on a chain in this process and notes what a real node's recording notes.

The recordings under ``data/`` were made on bitshares-core 7. Names are the recording's own.
"""

from graphenebase.account import PasswordKey

from bsip_mplp.devnet import ChainError, PrivateKey
from bsip_mplp.devnet.operations import BY_NUMBER, operation
from bsip_mplp.devnet.serial import time_to_text

from .kit import FAUCET_KEY, Client, amount, pair

NUMBERS = {kind.NAME: number for number, kind in BY_NUMBER.items()}
QUIET = ("account_create",)


class Player:
    def __init__(self):
        self.client = Client()
        self.chain = self.client.node.chain
        self.chain.produce_block()
        self.accounts = {}
        self.assets = {"CORE": 0}
        self.names = {"1.3.0": "CORE"}
        self.orders = {}
        self.seen = {}
        self.keys = {}

    # ---- who and what --------------------------------------------------------------------------------------

    def key(self, who, role="active"):
        if who == "faucet":
            return FAUCET_KEY
        if (who, role) not in self.keys:
            text = format(PasswordKey(who, "recording", role).get_private_key(), "WIF")
            self.keys[who, role] = PrivateKey.from_wif(text)
        return self.keys[who, role]

    def public(self, who, role="active"):
        from bsip_mplp.devnet.keys import key_to_text

        return key_to_text(self.key(who, role).public, "TEST")

    def account(self, who):
        return "1.2.17" if who == "faucet" else self.accounts[who]

    def name(self, ident):
        return self.names.get(ident, ident)

    def amount(self, value, asset):
        return amount(int(value), self.assets[asset])

    def asset_id(self, asset):
        return f"1.3.{self.assets[asset]}"

    # ---- steps ---------------------------------------------------------------------------------------------

    def build(self, step):
        kind = step["op"]
        return [NUMBERS[kind], getattr(self, "_" + kind)(step, self.account(step.get("by", "faucet")))]

    def _authority(self, who, role):
        return {"weight_threshold": 1, "account_auths": [], "key_auths": [[self.public(who, role), 1]]}

    def _account_create(self, s, _by):
        return {
            "registrar": "1.2.17",
            "referrer": "1.2.17",
            "name": s["name"] + "-1",
            "owner": self._authority(s["name"], "owner"),
            "active": self._authority(s["name"], "active"),
            "options": {"memo_key": self.public(s["name"], "memo"), "voting_account": "1.2.5"},
        }

    def _account_update(self, s, by):
        active = {
            "weight_threshold": s["threshold"],
            "account_auths": [[self.account(a), w] for a, w in s.get("account_auths", [])],
            "key_auths": [[self.public(a), w] for a, w in s.get("key_auths", [])],
        }
        return {"account": by, "active": active}

    def _transfer(self, s, by):
        op = {"from": by, "to": self.account(s["to"]), "amount": self.amount(s["amount"], s["asset"])}
        if "memo" in s:
            null = "TEST1111111111111111111111111111111114T1Anm"
            op["memo"] = {"from": null, "to": null, "nonce": 0, "message": "00000000" + s["memo"].encode().hex()}
        return op

    def _asset_create(self, s, by):
        bitasset = s.get("bitasset")
        op = {
            "issuer": by,
            "symbol": s["symbol"] + "REC",
            "precision": s["precision"],
            "common_options": {
                "max_supply": 10**15,
                "market_fee_percent": s.get("market_fee_percent", 0),
                "max_market_fee": 10**15,
                "issuer_permissions": s.get("permissions", 511 if bitasset is not None else 79),
                "flags": s.get("flags", 0),
                "core_exchange_rate": pair(1, 0, 1, 1),
            },
        }
        if bitasset is not None:
            op["bitasset_opts"] = {
                "feed_lifetime_sec": 86400,
                "minimum_feeds": 1,
                "force_settlement_delay_sec": 60,
                "force_settlement_offset_percent": 0,
                "maximum_force_settlement_volume": 10000,
                "short_backing_asset": "1.3.0",
                "extensions": {},
                **bitasset,
            }
        return op

    def _asset_issue(self, s, by):
        issued = self.amount(s["amount"], s["asset"])
        return {"issuer": by, "asset_to_issue": issued, "issue_to_account": self.account(s["to"])}

    def _asset_update_feed_producers(self, s, by):
        who = [self.account(a) for a in s["producers"]]
        return {"issuer": by, "asset_to_update": self.asset_id(s["asset"]), "new_feed_producers": who}

    def _asset_publish_feed(self, s, by):
        price = pair(s["price"][0], self.assets[s["asset"]], s["price"][1])
        feed = {
            "settlement_price": price,
            "core_exchange_rate": price,
            "maintenance_collateral_ratio": s["MCR"],
            "maximum_short_squeeze_ratio": s["MSSR"],
        }
        extensions = {"initial_collateral_ratio": s["ICR"]} if "ICR" in s else {}
        return {"publisher": by, "asset_id": self.asset_id(s["asset"]), "feed": feed, "extensions": extensions}

    def _call_order_update(self, s, by):
        return {
            "funding_account": by,
            "delta_collateral": self.amount(s["collateral"], "CORE"),
            "delta_debt": self.amount(s["debt"], s["asset"]),
            "extensions": {"target_collateral_ratio": s["TCR"]} if "TCR" in s else {},
        }

    def _limit_order_create(self, s, by):
        return {
            "seller": by,
            "amount_to_sell": self.amount(*s["sell"]),
            "min_to_receive": self.amount(*s["receive"]),
            "expiration": time_to_text(self.chain.now + 86400),
            "fill_or_kill": s.get("fill_or_kill", False),
        }

    def _limit_order_cancel(self, s, by):
        return {"fee_paying_account": by, "order": self.orders[s["label"]]}

    def _asset_settle(self, s, by):
        return {"account": by, "amount": self.amount(s["amount"], s["asset"])}

    def _asset_global_settle(self, s, by):
        price = pair(s["price"][0], self.assets[s["asset"]], s["price"][1])
        return {"issuer": by, "asset_to_settle": self.asset_id(s["asset"]), "settle_price": price}

    def _bid_collateral(self, s, by):
        collateral, debt = self.amount(s["collateral"], "CORE"), self.amount(s["debt"], s["asset"])
        return {"bidder": by, "additional_collateral": collateral, "debt_covered": debt}

    def _asset_claim_fees(self, s, by):
        return {"issuer": by, "amount_to_claim": self.amount(s["amount"], s["asset"])}

    def _asset_reserve(self, s, by):
        return {"payer": by, "amount_to_reserve": self.amount(s["amount"], s["asset"])}

    def _custom(self, s, by):
        return {"payer": by, "required_auths": [by], "id": s.get("id", 0), "data": s["data"].encode().hex()}

    def step(self, step):
        """Carry out one step; "ok" or "refused", as much as is compared."""
        if step.get("op") == "wait":
            for _ in range(step["seconds"]):
                self.chain.produce_block()
            return "ok"
        parts = step.get("ops", [step])
        built = [operation.parse(self.build(part)) for part in parts]
        signers = step.get("signed_by") or sorted({part.get("by", "faucet") for part in parts})
        keys = [self.key(*(who.split("/") if "/" in who else (who,))) for who in signers]
        try:
            results = self.chain.push(self.chain.transaction(built, keys))
        except ChainError:
            return "refused"
        finally:
            self.chain.produce_block()
        for part, (_, made) in zip(parts, results, strict=True):
            self._remember(part, made)
        return "ok"

    def _remember(self, part, made):
        if part["op"] == "account_create":
            self.accounts[part["name"]] = made
            self.names[made] = part["name"]
        elif part["op"] == "asset_create":
            self.assets[part["symbol"]] = int(made.split(".")[2])
            self.names[made] = part["symbol"]
        elif part["op"] == "limit_order_create" and "label" in part:
            self.orders[part["label"]] = made

    # ---- what is there afterwards --------------------------------------------------------------------------

    def pair(self, price):
        base, quote = price["base"], price["quote"]
        return [int(base["amount"]), self.name(base["asset_id"]), int(quote["amount"]), self.name(quote["asset_id"])]

    def state(self):
        balances = {}
        for who, ident in sorted(self.accounts.items()):
            rows = self.client.ask("get_account_balances", ident, [])
            held = {self.name(row["asset_id"]): int(row["amount"]) for row in rows if int(row["amount"])}
            balances[who] = {name: units for name, units in held.items() if name in self.assets}
        assets = {name: self._asset_state(name) for name in sorted(self.assets) if name != "CORE"}
        return {"balances": balances, "assets": assets}

    def _asset_state(self, name):
        ask, ident = self.client.ask, self.asset_id(name)
        asset = ask("get_objects", [ident])[0]
        dynamic = ask("get_objects", [asset["dynamic_asset_data_id"]])[0]
        row = {
            "supply": int(dynamic["current_supply"]),
            "accumulated_fees": int(dynamic["accumulated_fees"]),
            "accumulated_collateral_fees": int(dynamic["accumulated_collateral_fees"]),
        }
        if "bitasset_data_id" in asset:
            row |= self._bitasset_state(ask("get_objects", [asset["bitasset_data_id"]])[0], ident)
        orders = ask("get_limit_orders", "1.3.0", ident, 100)
        made = [
            {"who": self.name(o["seller"]), "for_sale": int(o["for_sale"]), "price": self.pair(o["sell_price"])}
            for o in orders
        ]
        row["limit_orders"] = sorted(made, key=lambda o: (o["for_sale"], o["price"], o["who"]))
        return row

    def _bitasset_state(self, data, ident):
        feed = data["current_feed"]
        calls = []
        for call in self.client.ask("get_call_orders", ident, 100):
            row = {"who": self.name(call["borrower"]), "collateral": int(call["collateral"]), "debt": int(call["debt"])}
            if "target_collateral_ratio" in call:
                row["TCR"] = call["target_collateral_ratio"]
            calls.append(row)
        return {
            "feed": {
                "price": self.pair(feed["settlement_price"]),
                "MCR": feed["maintenance_collateral_ratio"],
                "MSSR": feed["maximum_short_squeeze_ratio"],
                "ICR": feed["initial_collateral_ratio"],
            },
            "globally_settled": int(data["settlement_price"]["base"]["amount"]) != 0,
            "settlement_fund": int(data["settlement_fund"]),
            "individual_settlement": [
                int(data["individual_settlement_debt"]),
                int(data["individual_settlement_fund"]),
            ],
            "calls": calls,
            "settle_orders": [
                {"who": self.name(o["owner"]), "amount": int(o["balance"]["amount"])}
                for o in self.client.ask("get_settle_orders", ident, 100)
            ],
        }

    def fills(self):
        """Virtual operations and fills that reached the accounts since the last look, oldest first."""
        new = []
        for who, ident in sorted(self.accounts.items()):
            rows = self.client.ask("get_account_history", ident, "1.11.0", 100, "1.11.0", api="history")
            for row in reversed(rows):
                number = int(row["id"].split(".")[2])
                if number > self.seen.get(who, 0):
                    self.seen[who] = number
                    new += self._fill(who, *row["op"])
        return new

    def _fill(self, who, kind, op):
        name = BY_NUMBER[kind].NAME
        if name == "fill_order":
            sides = {side: [int(op[side]["amount"]), self.name(op[side]["asset_id"])] for side in ("pays", "receives")}
            fee = [int(op["fee"]["amount"]), self.name(op["fee"]["asset_id"])]
            return [[who, name, {**sides, "fee": fee, "is_maker": op["is_maker"]}]]
        if name in ("execute_bid", "asset_settle_cancel", "limit_order_cancel") or kind > 47:
            return [[who, name, {}]]
        return []


def normal(recorded):
    """A recorded state with its orders in a fixed order."""
    for asset in recorded["assets"].values():
        asset["limit_orders"].sort(key=lambda o: (o["for_sale"], o["price"], o["who"]))
    return recorded


def play(recording):
    """Yield (number, step, recorded, found) for each step."""
    player = Player()
    for number, row in enumerate(recording["steps"]):
        recorded, found = {"answer": row["answer"].split(":")[0]}, {"answer": player.step(row["do"])}
        if "after" in row:
            recorded |= {"fills": row["fills"], "after": normal(row["after"])}
            found |= {"fills": player.fills(), "after": player.state()}
        yield number, row["do"], recorded, found
