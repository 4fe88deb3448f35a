"""A chain in memory that answers what reading a history asks: blocks, headers, operations newest first."""

from bsip_mplp.chain.clock import text_of
from bsip_mplp.chain.errors import RefusedError
from bsip_mplp.chain.network import Network

ACCOUNT = "1.2.50"
START = 1_700_000_000


def transfer_fields(sender, receiver, units, asset="1.3.0", memo=None):
    fields = {
        "fee": {"amount": 10, "asset_id": "1.3.0"},
        "from": sender,
        "to": receiver,
        "amount": {"amount": units, "asset_id": asset},
        "extensions": [],
    }
    return fields if memo is None else {**fields, "memo": memo}


class FakeCaller:
    """Operations are added to blocks; ids grow with gaps. `forgotten` counts what the node has cut off."""

    def __init__(self, irreversible=0, urls=("ws://one",)):
        self.network = Network("0" * 64, "TEST", "TEST")
        self.generation = 1
        self.url = urls[0]
        self.reported = {}
        self.quorum = min(2, len(urls))
        self.operations = []
        self.blocks = {}
        self.irreversible = irreversible
        self.forgotten = 0
        self.calls = 0
        self.others = []

    def add(self, block, fields, kind=0, gap=1, virtual=None):
        transactions = self.blocks.setdefault(block, [])
        last = int(self.operations[-1]["id"].split(".")[2]) if self.operations else 0
        if virtual is None:
            transactions.append(
                {
                    "ref_block_num": 0,
                    "ref_block_prefix": len(self.operations),
                    "expiration": text_of(START),
                    "operations": [[kind, fields]],
                    "extensions": [],
                    "signatures": [],
                }
            )
        self.operations.append(
            {
                "id": f"1.11.{last + gap}",
                "op": [kind, fields],
                "block_num": block,
                "trx_in_block": len(transactions) - (virtual is None),
                "op_in_trx": 0,
                "virtual_op": virtual or 0,
                "is_virtual": virtual is not None,
            }
        )

    def head(self):
        newest = max([self.irreversible, *self.blocks])
        return {
            "head_block_number": newest,
            "time": text_of(START + newest),
            "head_block_id": f"{newest:08x}" + "0" * 32,
            "last_irreversible_block_num": self.irreversible,
        }

    def call(self, api, method, *arguments):
        self.calls += 1
        return getattr(self, method)(*arguments)

    call_once = call

    def peers(self):
        yield from self.others

    def report(self, url, reason):
        self.reported[url] = reason

    def leave(self):
        self.generation += 1

    def get_account_history(self, account, stop, limit, start):
        assert (account, stop) == (ACCOUNT, "1.11.0")
        first = int(start.split(".")[2]) or 10**15
        found = [one for one in reversed(self.operations) if int(one["id"].split(".")[2]) <= first]
        return found[:limit]

    def get_block(self, number):
        return {"timestamp": text_of(START + number), "transactions": self.blocks.get(number, [])}

    def get_block_header(self, number):
        return {"timestamp": text_of(START + number), "previous": f"{number - 1:08x}" + "0" * 32}

    def get_objects(self, ids):
        known = {
            ACCOUNT: {"id": ACCOUNT, "statistics": "2.6.50"},
            "2.6.50": {"id": "2.6.50", "removed_ops": self.forgotten},
            "1.3.0": {"id": "1.3.0", "symbol": "TEST", "precision": 5},
            "1.3.1": {"id": "1.3.1", "symbol": "ODD", "precision": 2},
        }
        return [known.get(one) for one in ids]

    def get_accounts(self, names):
        known = {"pool": ACCOUNT, "alice": "1.2.60", "bob": "1.2.61"}
        known |= {one: one for one in known.values()}
        by_id = {one: name for name, one in known.items() if not name.startswith("1.2.")}
        return [{"id": known[one], "name": by_id[known[one]]} if one in known else None for one in names]

    def lookup_asset_symbols(self, symbols):
        known = {"TEST": self.get_objects(["1.3.0"])[0], "ODD": self.get_objects(["1.3.1"])[0]}
        return [known.get(symbol) for symbol in symbols]

    def __getattr__(self, method):
        raise RefusedError(method, f"no method with name '{method}'")
