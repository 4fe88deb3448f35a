"""Writes batch after batch, and an attempt after each, saying so, until it is killed. It starts where it was ended."""

from __future__ import annotations

import sys

from bsip_mplp.journal import Cursor, Journal
from bsip_mplp.rules.inputs import Deposit, Input, Request, Withdraw
from tests.journal.fake_engine import FakeEngine

BATCH = 40


def batch(number: int) -> list[Input]:
    deposits: list[Input] = [
        Deposit(time=number, account=f"user{n % 5}", asset="TEST", amount=n + 1, source=f"{number}:{n}:0")
        for n in range(BATCH - 1)
    ]
    return [*deposits, Request(time=number, account="user0", ask=Withdraw(asset="TEST", amount=1))]


def main(path: str) -> None:
    with Journal.open(path) as journal:
        engine = FakeEngine()
        for item in journal.inputs():
            engine.apply(item)
        cursor = journal.cursor()
        number = cursor.block if cursor else 0
        if 0 < number != len(journal.attempts()):
            save(journal, number)
        print("ready", flush=True)
        while number < 10_000:
            number += 1
            journal.write([(item, engine.apply(item)) for item in batch(number)], Cursor(number, number))
            print(number, flush=True)
            save(journal, number)


def save(journal: Journal, number: int) -> None:
    signed = {"operations": [[0, {"n": number}]]}
    journal.save_attempt(
        number, transaction_id=f"{number:040x}", signed_transaction=signed, expires=number + 60, reference_block=1
    )


if __name__ == "__main__":
    main(sys.argv[1])
