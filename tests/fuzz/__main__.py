"""Fuzz for some seconds a target: `python -m tests.fuzz SECONDS`, with atheris; `--plain` with random bytes alone."""

import os
import random
import subprocess
import sys
import time

SEEDS = (
    b"mplp lend rate=12%/yr days=30",
    b"mplp borrow least below=12%/yr pools=3,17",
    b'{"from":"TEST1","to":"TEST2","nonce":"7","message":"00"}',
    b'place="x"\n[chain]\nnodes=["ws://a"]\ncore_asset="TEST"\npool_account="p"\n[markets.CNY]\nlmcr=1.3\n',
    b'[{"id":"1.11.5","op":[0,{}],"block_num":3,"trx_in_block":0,"op_in_trx":0,"virtual_op":0}]',
)


def plain(seconds):
    """Random changes of the seeds, without coverage."""
    from tests.fuzz.targets import TARGETS

    rng = random.Random(0)
    for name, target in TARGETS.items():
        count, ends = 0, time.monotonic() + seconds
        while time.monotonic() < ends:
            data = bytearray(rng.choice(SEEDS))
            for _ in range(rng.randrange(6)):
                place = rng.randrange(len(data) + 1)
                data[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(4))
            try:
                target(bytes(data))
            except Exception:
                print(f"{name} breaks on {bytes(data)!r}")
                raise
            count += 1
        print(f"{name}: {count} inputs in {seconds} s, none broke")


def with_atheris(name, seconds):
    """One target, guided by coverage; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["bsip_mplp"]):
        from tests.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=300", "-verbosity=0"], TARGETS[name])
    atheris.Fuzz()


def main(words):
    """Each target in a process of its own: the fuzzer ends the one it runs in."""
    if words[0] == "--plain":
        plain(float(words[1]))
        return 0
    if words[0] == "--target":
        with_atheris(words[1], int(words[2]))
        return 0
    import atheris  # noqa: F401  so that a machine without it is told apart from a fault that was found

    worst = 0
    for name in ("memo_text", "sealed_memo", "configuration", "answer"):
        command = [sys.executable, "-m", "tests.fuzz", "--target", name, words[0]]
        status = subprocess.run(command, env=os.environ, check=False).returncode
        print(f"{name}: {'nothing broke' if status == 0 else 'broke'} in {words[0]} s", flush=True)
        worst = max(worst, abs(status))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
