"""Inputs and outcomes as JSON, in the one form that the journal, `mplp play` and the documentation use.

Fractions stand as text (`"3/25"`, also read from `"12%"` and `"0.12"`), everything else as itself. A field that has
its default value may be left out and is left out. Floats are refused everywhere: money has none.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from fractions import Fraction
from json.encoder import encode_basestring
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from bsip_mplp.money import MAX_UNITS, MoneyError, parse_fraction
from bsip_mplp.rules import inputs
from bsip_mplp.rules.inputs import Ask, Input
from bsip_mplp.rules.outcomes import Order, Outcome


class CodecError(ValueError):
    """JSON that is no input; the text says which field is wrong and what it takes."""


_INPUTS: dict[str, type[Any]] = {cls.kind: cls for cls in get_args(Input)}
_ASKS: dict[str, type[Any]] = {cls.do: cls for cls in get_args(Ask)}


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

_NO_DEFAULT = object()


def _default(spec: Field[Any]) -> Any:
    if spec.default_factory is not MISSING:
        return spec.default_factory()
    return _NO_DEFAULT if spec.default is MISSING else spec.default


_DEFAULTS: dict[type[Any], tuple[tuple[str, Any], ...]] = {
    cls: tuple((spec.name, _default(spec)) for spec in fields(cls)) for cls in (*_INPUTS.values(), *_ASKS.values())
}
"""The fields of each class with their defaults, looked up once: the journal encodes every input."""


def input_to_json(item: Input) -> dict[str, Any]:
    """An input as a JSON object, the same for equal inputs."""
    return {"kind": item.kind, **_fields_to_json(item)}


def input_from_json(data: Mapping[str, Any]) -> Input:
    """Read an input from a JSON object; raises `CodecError`, naming the field, for anything that is none."""
    return _read("kind", _INPUTS, data)  # type: ignore[no-any-return]


def ask_to_json(ask: Ask) -> dict[str, Any]:
    """What was asked for as a JSON object."""
    return {"do": ask.do, **_fields_to_json(ask)}


def ask_from_json(data: Mapping[str, Any]) -> Ask:
    """Read what is asked for from a JSON object; raises `CodecError`."""
    return _read("do", _ASKS, data)  # type: ignore[no-any-return]


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a JSON object; the objects it touched stand under their kind and key, tuples for lists."""
    objects: dict[str, dict[str, Any]] = {}
    for (kind, key), body in outcome.objects.items():
        objects.setdefault(kind, {})[key] = body
    return {
        "time": outcome.time,
        "entries": outcome.entries,
        "events": outcome.events,
        "objects": objects,
        "orders": [_order_to_json(order) for order in outcome.orders],
        "notices": outcome.notices,
        "refusals": outcome.refusals,
    }


def _order_to_json(order: Order) -> list[Any]:
    """An order as a list; what only a vault's order has stands at its end, or not at all."""
    *kept, steps = order
    return [*kept, [list(step) for step in steps]] if steps else kept


class OutcomeTexts(NamedTuple):
    """An outcome in canonical form, and the parts of that text that projections keep apart, each encoded once."""

    whole: str
    events: list[str]
    """The figures of each event."""
    objects: dict[str, dict[str, str]]
    """Each touched object, by kind and key."""


def outcome_texts(data: Mapping[str, Any]) -> OutcomeTexts:
    """An outcome as JSON in canonical form; `whole` is what `canonical` gives, put together from its parts."""
    quote = encode_basestring
    events = [canonical(event[-1]) for event in data["events"]]
    heads = [
        f"[{int(time)},{quote(rule)},{quote(kind)},{quote(key)},{quote(what)},{values}]"
        for (time, rule, kind, key, what, _), values in zip(data["events"], events, strict=True)
    ]
    objects = {
        kind: {key: canonical(bodies[key]) for key in sorted(bodies)}
        for kind, bodies in sorted(data["objects"].items())
    }
    kinds = [
        f"{quote(kind)}:{{{','.join([f'{quote(key)}:{text}' for key, text in texts.items()])}}}"
        for kind, texts in objects.items()
    ]
    parts = {name: canonical(part) for name, part in data.items() if name not in ("events", "objects")}
    parts |= {"events": f"[{','.join(heads)}]", "objects": f"{{{','.join(kinds)}}}"}
    whole = ",".join([f"{quote(name)}:{parts[name]}" for name in sorted(parts)])
    return OutcomeTexts(f"{{{whole}}}", events, objects)


def canonical(data: Any) -> str:
    """JSON text with sorted keys and no spaces: the same value gives the same text, to be hashed."""
    return _ENCODER.encode(data)


def _fields_to_json(item: Any) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, default in _DEFAULTS[type(item)]:
        value = getattr(item, name)
        if value != default:
            out[name] = value if isinstance(value, str | int) else _value_to_json(value)
    return out


def _value_to_json(value: Any) -> Any:
    match value:
        case Fraction():
            return str(value)
        case tuple():
            return [_value_to_json(v) for v in value]
        case Mapping():
            return {k: _value_to_json(v) for k, v in value.items()}
        case _ if hasattr(value, "do"):
            return ask_to_json(value)
        case _:
            return value


_FIELDS: dict[str, dict[str, tuple[Any, bool]]] = {
    name: {
        field: (get_type_hints(cls, vars(inputs))[field], default is _NO_DEFAULT) for field, default in _DEFAULTS[cls]
    }
    for name, cls in (_INPUTS | _ASKS).items()
}
"""By the name of each class: what each field takes, and whether it must be there."""


def _read(tag: str, classes: Mapping[str, type[Any]], data: Any) -> Any:
    if not isinstance(data, Mapping):
        raise CodecError(f'expected a JSON object with a "{tag}", not {data!r}')
    name = data.get(tag)
    if not isinstance(name, str) or name not in classes:
        raise CodecError(f"\"{tag}\" is {name!r}: it must be one of {', '.join(sorted(classes))}")
    known = _FIELDS[name]
    for key in data:
        if key != tag and key not in known:
            raise CodecError(f"{name} has no field {key!r}: it has {', '.join(known)}")
    values: dict[str, Any] = {}
    for key, (hint, required) in known.items():
        if key in data:
            values[key] = _from_json(f"{name}.{key}", hint, data[key])
        elif required:
            raise CodecError(f"{name} needs the field {key!r}")
    return classes[name](**values)


def _from_json(where: str, hint: Any, value: Any) -> Any:
    if isinstance(hint, type) and get_origin(hint) is None:
        return _scalar_from_json(where, hint, value)
    if isinstance(hint, types.UnionType):
        return _from_union(where, hint.__args__, value)
    origin = get_origin(hint)
    if origin is Union:
        return _from_union(where, get_args(hint), value)
    if origin is tuple:
        return _tuple_from_json(where, get_args(hint), value)
    if str(origin) == "typing.Literal":
        if value not in get_args(hint):
            raise CodecError(f"{where} must be {' or '.join(map(repr, get_args(hint)))}, not {value!r}")
        return value
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise CodecError(f"{where} must be a JSON object, not {value!r}")
        return dict(value)
    raise TypeError(f"{where}: no reader for {hint}")


def _from_union(where: str, options: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in options:
        return None
    if hasattr(options[0], "do"):
        return ask_from_json(value)
    return _from_json(where, options[0], value)


def _tuple_from_json(where: str, hints: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise CodecError(f"{where} must be a list, not {value!r}")
    if len(hints) == 2 and hints[1] is Ellipsis:
        return tuple(_from_json(where, hints[0], part) for part in value)
    if len(value) != len(hints):
        raise CodecError(f"{where} must have {len(hints)} numbers, not {len(value)}")
    return tuple(_from_json(where, hint, part) for hint, part in zip(hints, value, strict=True))


def _scalar_from_json(where: str, hint: Any, value: Any) -> Any:
    if hint is Fraction:
        if isinstance(value, int) and not isinstance(value, bool):
            return Fraction(value)
        if not isinstance(value, str):
            raise CodecError(f'{where} must be text such as "3/25" or "12%", not {value!r}')
        try:
            return parse_fraction(value)
        except MoneyError as error:
            raise CodecError(f"{where}: {error}") from None
    if hint is int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise CodecError(f"{where} must be a whole number, not {value!r}")
        if not 0 <= value <= MAX_UNITS:
            raise CodecError(f"{where} must be from 0 to {MAX_UNITS}, not {value}")
        return value
    if not isinstance(value, hint):
        raise CodecError(f"{where} must be {'true or false' if hint is bool else 'text'}, not {value!r}")
    return value
