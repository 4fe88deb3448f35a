"""Random courses of many lenders and holders, and the engine beside the plain model, to the last unit."""

import random
from fractions import Fraction

from bsip_mplp.rules import shared_accrual
from tests.rules.shared_scene import SharedScene

from .model import Model, No

PRICES = (38_000, 39_000, 40_000, 40_000, 41_000, 43_333, 45_000, 46_000, 48_000, 50_000)
LENDERS, HOLDERS = ("lea", "lou", "lin"), ("ann", "bob", "cat", "dan", "eve", "fay")
MANY = (tuple(f"lender-{n}" for n in range(12)), tuple(f"holder-{n}" for n in range(20)))
OWN = (None, 1001, 1001, 1050, 1100, 1200, 1240, 1333, 1400, 1500, 1600)


def run(seed, steps=50, people=(LENDERS, HOLDERS)):
    """The first difference between engine and model, in words; nothing if there is none."""
    rng = random.Random(seed)
    kind = rng.choice(("fixed", "inverse", "kinked"))
    scene, model = SharedScene(model=kind), Model(kind)
    begin(rng, scene, model, *people)
    for step in range(steps):
        what = one_step(rng, scene, model, *people)
        found = differences(scene, model)
        if found:
            return f"seed {seed}, step {step}, {what}: {found[:4]}"
    return None


def begin(rng, scene, model, lenders, holders):
    """Positions that take part, and lenders, at a price at which nobody is served yet."""
    scene.feed(120_000)
    model.feeds((Fraction(120_000, 10_000_000), 1500, 1500))
    for name in holders[: rng.randint(2, len(holders))]:
        collateral, debt = some_position(rng)
        interest, own = rng.choice((3_000, 30_000, 100_000, 1_000_000)), rng.choice(OWN)
        scene.position(name, collateral, debt)
        model.seen(name, collateral, debt)
        scene.hold(name, own, interest)
        model.hold(name, own, interest)
    for name in lenders[: rng.randint(1, len(lenders))]:
        units = rng.choice((10_000, 100_000, 700_000, 2_000_000))
        scene.supply(name, units)
        model.supply(name, units)


def some_position(rng):
    return rng.choice((5, 10, 10, 10, 10)) * 10**8, rng.choice((2_000_000, 2_620_000, 3_000_000, 3_230_000, 3_500_000))


def one_step(rng, scene, model, lenders, holders):
    scene.now += rng.choice((0, 0, 1, 60, 3599, 3600, 3601, 40_000, 86_400, 86_400 * 3, 86_400 * 14))
    model.go(scene.now)
    lender, holder = rng.choice(lenders), rng.choice(holders)
    action = rng.choice(("supply", "supply", "leave", "leave", "rewards", "hold", "hold", "hold", "unhold", "seen",
                         "feed", "feed", "feed", "feed", "tick"))  # fmt: skip
    units = rng.choice((1, 7, 1000, 50_000, 200_000, 600_000, 649_355))
    said, refused = (action, lender, holder, units), None
    try:
        if action == "supply":
            scene.supply(lender, units)
            model.supply(lender, units)
        elif action == "leave":
            wanted = rng.choice((None, units))
            scene.leave(lender, wanted)
            model.leave(lender, wanted)
        elif action == "rewards":
            scene.rewards(lender)
            model.take_rewards(lender)
        elif action == "hold":
            own, interest = rng.choice(OWN), rng.choice((0, 1000, 30_000, 100_000, 1_000_000))
            said += (own, interest)
            scene.hold(holder, own, interest)
            model.hold(holder, own, interest)
        elif action == "unhold":
            scene.unhold(holder)
            model.unhold(holder)
        elif action == "seen":
            collateral, debt = some_position(rng)
            debt *= rng.random() > 0.1
            said += (collateral, debt)
            scene.position(holder, collateral, debt)
            model.seen(holder, collateral, debt)
        elif action == "feed":
            price = rng.choice((*PRICES, *PRICES, None))
            mcr = rng.choice((1500, 1500, 1500, 1500, 1500, 1400, 1560))
            said += (price, mcr)
            scene.feed(price, mcr=mcr)
            model.feeds(None if price is None else (Fraction(price, 10**7), mcr, max(mcr, 1500)))
        else:
            scene.wait()
    except No as no:
        refused = str(no)
    if scene.refused != refused:
        return (*said, f"refused: engine {scene.outcome.refusals}, model {refused}")
    model.go(scene.now)
    return said


def differences(scene, model):
    """What differs, in words."""
    found = []

    def same(what, theirs, ours):
        if theirs != ours:
            found.append(f"{what}: engine {theirs}, model {ours}")

    pool = scene.pool
    shared_accrual.hand_out(scene.engine.book, pool)  # what accrued is handed out when somebody acts: here, now
    model.hand_out()
    for name, ours in (("pool", model.pool), ("freed", model.freed), ("set_aside", model.set_aside),
                       ("insurance", model.insurance), ("rewards", model.rewards)):  # fmt: skip
        same(name, scene.held(name), ours)
    same("who takes part", set(pool.participants), set(model.holders))
    same("rate", pool.rate, model.rate)
    same("scarce", pool.scarce, model.scarce)
    same("waiting", pool.queue.units, model.waiting)
    if model.price is not None:
        same("least mcr", pool.least_mcr(), model.lowest)
    for name, holder in model.holders.items():
        part = scene.of(name)
        for field in ("served", "unpaid", "call", "own_mcr", "paid"):
            same(f"{name} {field}", getattr(part, field), getattr(holder, "own" if field == "own_mcr" else field))
        same(f"{name} extra", part.extra_units(), model.extra(name) if holder.served else 0)
        same(f"{name} balance", scene.interest(name), holder.balance)
    for name, lender in model.lenders.items():
        same(f"{name} staying", scene.lender(name).staying, lender.staying)
    for name in {*model.free, *model.lenders}:
        same(f"{name} free", scene.free(name), model.free.get(name, 0))
    same("asset", sum(u for (_, a), u in scene.engine.ledger.balances().items() if a == "USD"), 0)
    return found
