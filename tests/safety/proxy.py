"""A node process beside a real one, which passes everything on and may lie.

`python -m tests.safety.proxy PORT URL [JSON]`

The JSON says which deposit it makes up: `account_id`, `sender_id`, `units`, `block`, and the plain `memo`. It tells it
in the account's history and in the block, again and again the same.
"""

import json
import sys

from websockets.sync.client import connect
from websockets.sync.server import serve


def main(port, url, lie):
    """Answer on a port until the process is ended."""

    def answer(client):
        with connect(url) as node:
            for text in client:
                node.send(text)
                asked, told = json.loads(text), json.loads(node.recv())
                if lie is not None and "result" in told:
                    told["result"] = distorted(asked["params"], told["result"], lie)
                client.send(json.dumps(told))

    with serve(answer, "127.0.0.1", port) as server:
        print("ready", flush=True)
        server.serve_forever()


def distorted(params, result, lie):
    """The node's answer with the deposit in it."""
    _, method, arguments = params
    if method == "get_block" and result and arguments[0] == lie["block"]:
        return {**result, "transactions": [*result["transactions"], _transaction(lie)]}
    if method == "get_account_history" and arguments[0] == lie["account_id"]:
        newer = [row for row in result if row["block_num"] > lie["block"]]
        older = result[len(newer) :]
        number = int(older[0]["id"].split(".")[2]) + 1 if older else 1
        row = {"id": f"1.11.{number}", "op": _operation(lie), "result": [0, {}], "block_num": lie["block"],
               "trx_in_block": 0, "op_in_trx": 0, "virtual_op": 0, "is_virtual": False}  # fmt: skip
        return [*newer, row, *older]
    return result


def _operation(lie):
    return [0, {"fee": {"amount": 10, "asset_id": "1.3.0"}, "from": lie["sender_id"], "to": lie["account_id"],
                "amount": {"amount": lie["units"], "asset_id": "1.3.0"}, "memo": lie["memo"],
                "extensions": []}]  # fmt: skip


def _transaction(lie):
    return {"ref_block_num": 1, "ref_block_prefix": 2, "expiration": "2030-01-01T00:00:00",
            "operations": [_operation(lie)], "extensions": [], "signatures": [],
            "operation_results": [[0, {}]]}  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else None)
