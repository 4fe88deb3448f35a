"""What the devnet's tests share: a stage of accounts and one bitasset, and a client without a socket."""

import asyncio
import json

from bsip_mplp.devnet import Asset, Chain, PrivateKey
from bsip_mplp.devnet.clock import Clock
from bsip_mplp.devnet.constants import DEVELOPMENT_WIF
from bsip_mplp.devnet.node import Node
from bsip_mplp.devnet.operations import (
    AccountCreate,
    AccountOptions,
    Authority,
    Transfer,
    operation,
)
from bsip_mplp.devnet.rpc import Session

CORE = 10**5
FAUCET_KEY = PrivateKey.from_wif(DEVELOPMENT_WIF)


def key_of(name, role="active"):
    """Everybody's keys are made from names."""
    return PrivateKey.from_seed(f"{name} {role}")


def single(key):
    return Authority(weight_threshold=1, key_auths=((key.public, 1),))


def amount(units, asset_id=0):
    return {"amount": units, "asset_id": f"1.3.{asset_id}"}


def pair(base, base_id, quote, quote_id=0):
    return {"base": amount(base, base_id), "quote": amount(quote, quote_id)}


def state_dump(chain):
    """Everything there is, as JSON: two equal dumps are two equal states."""
    rows = {}
    for (space, kind), table in sorted(chain.state.store.tables.items()):
        rows[f"{space}.{kind}"] = [table.rows[n].to_json() for n in sorted(table.rows)] + [table.next_number]
    return json.dumps(rows, sort_keys=True)


class Stage:
    """A chain with people on it, spoken to in short words. Each word is a transaction and, mostly, a block."""

    def __init__(self, chain=None):
        self.chain = chain or Chain()
        self.chain.produce_block()
        self.ids = {"nathan": 17}
        self.assets = {"CORE": 0}

    @property
    def state(self):
        return self.chain.state

    def send(self, *operations, block=True):
        """Apply operations without signatures; answers their results."""
        results = self.chain.send([operation.parse(op) if isinstance(op, list) else op for op in operations])
        if block:
            self.chain.produce_block()
        return results

    def account(self, *names, core=10**6 * CORE):
        for name in names:
            made = self.send(
                AccountCreate(
                    registrar=17,
                    referrer=17,
                    name=name,
                    owner=single(key_of(name, "owner")),
                    active=single(key_of(name)),
                    options=AccountOptions(memo_key=key_of(name, "memo").public),
                ),
                block=False,
            )
            self.ids[name] = int(made[0][1].split(".")[2])
            if core:
                self.send(Transfer(from_=17, to=self.ids[name], amount=Asset(core, 0)), block=False)
        self.chain.produce_block()
        return self

    def bitasset(self, symbol="USDX", issuer="issuer", producers=("feeder",), precision=4, flags=0, fee=0, **options):
        extensions = options.pop("extensions", {})
        op = {
            "issuer": f"1.2.{self.ids[issuer]}",
            "symbol": symbol,
            "precision": precision,
            "common_options": {
                "max_supply": 10**15,
                "market_fee_percent": fee,
                "max_market_fee": 10**15,
                "issuer_permissions": 511,
                "flags": flags,
                "core_exchange_rate": pair(1, 0, 1, 1),
            },
            "bitasset_opts": {
                "feed_lifetime_sec": 86400,
                "minimum_feeds": 1,
                "force_settlement_delay_sec": 60,
                "force_settlement_offset_percent": 0,
                "maximum_force_settlement_volume": 10000,
                "short_backing_asset": "1.3.0",
                "extensions": extensions,
                **options,
            },
        }
        made = self.send([10, op], block=False)[0][1]
        number = self.assets[symbol] = int(made.split(".")[2])
        who = [f"1.2.{self.ids[name]}" for name in producers]
        self.send([13, {"issuer": op["issuer"], "asset_to_update": made, "new_feed_producers": who}])
        return number

    def uia(self, symbol="GOLD", issuer="issuer", precision=3, flags=0, fee=0, extensions=None):
        op = {
            "issuer": f"1.2.{self.ids[issuer]}",
            "symbol": symbol,
            "precision": precision,
            "common_options": {
                "max_supply": 10**15,
                "market_fee_percent": fee,
                "max_market_fee": 10**15,
                "issuer_permissions": 79,
                "flags": flags,
                "core_exchange_rate": pair(1, 0, 1, 1),
                "extensions": extensions or {},
            },
        }
        self.assets[symbol] = int(self.send([10, op])[0][1].split(".")[2])
        return self.assets[symbol]

    def issue(self, symbol, to, units):
        asset = self.state.asset(self.assets[symbol])
        op = {"issuer": f"1.2.{asset.issuer}", "asset_to_issue": amount(units, asset.number)}
        return self.send([14, {**op, "issue_to_account": f"1.2.{self.ids[to]}"}])

    def feed(self, base, quote, symbol="USDX", by="feeder", mcr=1500, mssr=1100, icr=1550):
        number = self.assets[symbol]
        op = {
            "publisher": f"1.2.{self.ids[by]}",
            "asset_id": f"1.3.{number}",
            "feed": {
                "settlement_price": pair(base, number, quote),
                "core_exchange_rate": pair(base, number, quote),
                "maintenance_collateral_ratio": mcr,
                "maximum_short_squeeze_ratio": mssr,
            },
            "extensions": {"initial_collateral_ratio": icr} if icr else {},
        }
        return self.send([19, op])

    def borrow(self, who, collateral, debt, symbol="USDX", target=None):
        op = {
            "funding_account": f"1.2.{self.ids[who]}",
            "delta_collateral": amount(collateral),
            "delta_debt": amount(debt, self.assets[symbol]),
            "extensions": {} if target is None else {"target_collateral_ratio": target},
        }
        return self.send([3, op])

    def order(self, who, sell, receive, *, kill=False, expires_in=86400, extensions=None):
        op = {
            "seller": f"1.2.{self.ids[who]}",
            "amount_to_sell": amount(sell[0], self.assets[sell[1]]),
            "min_to_receive": amount(receive[0], self.assets[receive[1]]),
            "fill_or_kill": kill,
            "extensions": extensions or {},
        }
        from bsip_mplp.devnet.serial import time_to_text

        return self.send([1, {**op, "expiration": time_to_text(self.chain.now + expires_in)}])[0][1]

    def cancel(self, who, order):
        return self.send([2, {"fee_paying_account": f"1.2.{self.ids[who]}", "order": order}])

    def transfer(self, who, to, units, symbol="CORE", **more):
        op = {"from": f"1.2.{self.ids[who]}", "to": f"1.2.{self.ids[to]}", "amount": amount(units, self.assets[symbol])}
        return self.send([0, {**op, **more}])

    def settle(self, who, units, symbol="USDX"):
        op = {"account": f"1.2.{self.ids[who]}", "amount": amount(units, self.assets[symbol])}
        return self.send([17, op])

    def balance(self, who, symbol="CORE"):
        return self.state.balance(self.ids[who], self.assets[symbol])

    def position(self, who, symbol="USDX"):
        call = self.state.call_of.get((self.ids[who], self.assets[symbol]))
        return (call.collateral, call.debt) if call else None

    def blocks(self, count):
        for _ in range(count):
            self.chain.produce_block()


def usual_stage(**options):
    """Issuer, feeder, four people with a million TEST each, USDX fed at 0.05 USDX per TEST."""
    stage = Stage().account("issuer", "feeder", "ann", "bob", "cat", "mm")
    stage.bitasset(**options)
    stage.feed(5, 1000)
    return stage


class Client:
    """A client of a node without a socket between."""

    def __init__(self, chain=None, interval=1.0):
        chain = chain or Chain()
        self.node = Node(chain, Clock(interval, wall=lambda: chain.now))  # chain time is all the time there is
        self.notices = []
        self.session = Session(self.node, lambda text: self.notices.append(json.loads(text)))
        self._count = 0

    async def ask_later(self, method, *arguments, api=0):
        self._count += 1
        request = {"id": self._count, "method": "call", "params": [api, method, list(arguments)]}
        return json.loads(await self.session.handle(json.dumps(request)))

    def raw(self, message):
        answer = asyncio.run(self.session.handle(message))
        return None if answer is None else json.loads(answer)

    def ask(self, method, *arguments, api=0):
        answer = asyncio.run(self.ask_later(method, *arguments, api=api))
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]


class Refused(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.error = error
