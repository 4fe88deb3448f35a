"""What a lying node tells: a deposit that never was, one left out, another amount or sender, a fee, a block's age."""

import copy

from bsip_mplp.chain.envelope import seal_plain
from tests.safety.town import PEOPLE, POOL

KINDS = ("invents", "hides", "changes", "hurries", "ages", "renames", "overcharges")


class Liar:
    """Keeps to its story: the same lie in the history and in the block."""

    def __init__(self, town, rng):
        self._town = town
        self._kind = rng.choice(KINDS)
        self._block = town.chain.irreversible_number + rng.randrange(1, 10)

    def __call__(self, method, arguments, answer):
        match self._kind, method:
            case "hurries", "get_dynamic_global_properties":
                return {**answer, "last_irreversible_block_num": answer["head_block_number"]}
            case "ages", "get_block_header" if answer:
                return {**answer, "timestamp": "2090-01-01T00:00:00"}
            case "invents", "get_block" if answer and arguments[0] == self._block:
                return {**answer, "transactions": [*answer["transactions"], self._transaction()]}
            case "invents", "get_account_history":
                return self._with_invented(answer)
            case "hides", "get_account_history":
                return answer[1:]
            case "changes", "get_account_history" | "get_block":
                return _tenfold(answer)
            case "renames", "get_accounts":
                return [found and self._as_cat(found, renamed=arguments[0][0].startswith("1.2.")) for found in answer]
            case "renames", "get_account_by_name" if answer:
                return self._as_cat(answer, renamed=False)
            case "overcharges", "get_required_fees":
                return [{**fee, "amount": int(fee["amount"]) * 1000} for fee in answer]
        return answer

    def _as_cat(self, account, *, renamed):
        """An account passed off as another: its name, or its id, is told to be the third person's."""
        other = PEOPLE[2]
        return {**account, "name": other} if renamed else {**account, "id": f"1.2.{self._town.id_of(other)}"}

    def _operation(self):
        return [
            0,
            {
                "fee": {"amount": 10, "asset_id": "1.3.0"},
                "from": f"1.2.{self._town.id_of(PEOPLE[2])}",
                "to": f"1.2.{self._town.id_of(POOL)}",
                "amount": {"amount": 77_777_777, "asset_id": "1.3.0"},
                "memo": seal_plain("mplp withdraw all TEST", "TEST", 7),
                "extensions": [],
            },
        ]

    def _transaction(self):
        return {
            "ref_block_num": 1,
            "ref_block_prefix": 2,
            "expiration": "2024-01-01T00:10:00",
            "operations": [self._operation()],
            "extensions": [],
            "signatures": [],
        }

    def _with_invented(self, answer):
        place = self._town.chain.block(self._block)
        newer = [one for one in answer if one["block_num"] > self._block]
        if place is None or len(answer) == len(newer):
            return answer
        below = answer[len(newer)]
        number = int(below["id"].split(".")[2]) + 1
        invented = {
            **below,
            "id": f"1.11.{number}",
            "op": self._operation(),
            "block_num": self._block,
            "trx_in_block": len(place.transactions),
            "op_in_trx": 0,
        }
        return [*newer, invented, *answer[len(newer) :]]


def _tenfold(answer):
    found = copy.deepcopy(answer)
    rows = found["transactions"] if isinstance(found, dict) else found or []
    for row in rows:
        for kind, fields in row.get("operations") or [row.get("op") or [None, {}]]:
            if kind == 0:
                fields["amount"]["amount"] = int(fields["amount"]["amount"]) * 10
    return found
