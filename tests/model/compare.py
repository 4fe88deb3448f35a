"""The engine beside the model: both take a course, and after every input their states must be the same."""

import json
from fractions import Fraction

from bsip_mplp.rules.codec import input_from_json, input_to_json, outcome_to_json
from bsip_mplp.rules.engine import Engine

from .model import Model

OF_VAULTS = ("auction_buffer", "buffer_limit", "capital_limit", "lp2_cover", "vault_prefix", "personal_pools")
"""Parameters of a custody that the model has not."""

OF_LIVE_LOANS = ("unpaid", "judged", "goes_home", "interest_due")


def difference(inputs):
    """The first step at which engine and model differ: (step, what differs), or None."""
    engine, model = Engine(), Model()
    for step, item in enumerate(inputs):
        found = differing(engine, engine.apply(item), model, model.apply(item))
        if found:
            return step, found
    return None


def differing(engine, outcome, model, refused):
    """What differs after one input: the states, what was refused, what falls due next."""
    found = compare(whole_state(engine), model.state())
    rules = [refusal.rule for refusal in outcome.refusals]
    if rules != [rule for _, rule in refused]:
        found.append(f"refused: engine {outcome.refusals}, model {refused}")
    if model.next_due() is not None and not (engine.next_due() or model.next_due() + 1) <= model.next_due():
        found.append(f"next due: engine {engine.next_due()}, model {model.next_due()}")
    return found


def whole_state(engine):
    """What the engine's state leaves out: objects that only the journal's readers show."""
    book, state = engine.book, engine.state()
    for kind in ("auctions", "bids", "claims", "series", "offers"):
        state[kind] = {str(number): kept.as_json() for number, kept in getattr(book, kind).items()}
    return state


def compare(engine, model):
    """What differs between the two states, in words."""
    found = []
    for name in (
        "time",
        "balances",
        "prepaid",
        "funds",
        "risk_funds",
        "risk_lent",
        "held_bids",
        "payouts",
        "bonds_on_chain",
        "operator",
        "outside",
    ):
        differ(found, name, engine[name], model[name])
    for name, theirs in engine["markets"].items():
        ours = model["markets"][name]
        differ(found, f"market {name} valid", theirs["invalid"] is None, ours["valid"])
        differ(found, f"market {name} parameters", _known(theirs["parameters"]), plain(ours["parameters"]))
    objects(found, engine, model, "pools", model_only=())
    objects(
        found,
        engine,
        model,
        "loans",
        model_only=("tried", "end_at", "home_rule", "home_at", "home_judged"),
    )
    objects(found, engine, model, "positions", model_only=())
    objects(found, engine, model, "protections", model_only=())
    objects(found, engine, model, "orders", model_only=())
    objects(found, engine, model, "auctions", model_only=())
    objects(found, engine, model, "bids", model_only=())
    objects(found, engine, model, "claims", model_only=())
    objects(found, engine, model, "series", model_only=("gone",))
    objects(found, engine, model, "offers", model_only=())
    return found


def _known(parameters):
    return {name: value for name, value in parameters.items() if name not in OF_VAULTS}


def objects(found, engine, model, kind, model_only):
    differ(found, kind, sorted(engine[kind]), sorted(model[kind]))
    for key, ours in model[kind].items():
        theirs = engine[kind].get(key, {})
        for name, value in ours.items():
            if name in model_only or (kind == "loans" and ours["ended"] is not None and name in OF_LIVE_LOANS):
                continue
            differ(found, f"{kind} {key} {name}", theirs.get(name), shown(name, value))


def shown(name, value):
    """A value of the model as the engine shows it."""
    if name == "floor":
        return int(value * 1000)
    if name == "unpaid":
        return [[terms.due, str(terms.rate), terms.period_days] for terms in value]
    return plain(value)


def plain(value):
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def differ(found, what, theirs, ours):
    if theirs != ours:
        found.append(f"{what}: engine {theirs}, model {ours}")


def shrunk(inputs, fails, rounds=12):
    """Fewer inputs that still fail: drops pieces as long as it can."""
    size = max(1, len(inputs) // 2)
    for _ in range(rounds):
        start = 0
        while start < len(inputs):
            fewer = inputs[:start] + inputs[start + size :]
            if fewer and fails(fewer):
                inputs = fewer
            else:
                start += size
        if size == 1:
            break
        size = max(1, size // 2)
    return inputs


def as_lines(inputs):
    """A course as JSON lines, as `mplp play` reads them."""
    return "\n".join(json.dumps(input_to_json(item)) for item in inputs)


def from_lines(text):
    return [input_from_json(json.loads(line)) for line in text.splitlines() if line.strip()]


def outcomes(inputs):
    engine = Engine()
    return [json.dumps(outcome_to_json(engine.apply(item)), sort_keys=True) for item in inputs]
