"""Graphene's binary form and its JSON form, described once per field.

A :class:`Kind` reads a value from JSON (as leniently as core's ``fc::variant``), writes it as JSON with core's
habits (large integers become strings) and packs it into the binary form that is hashed and signed. A
:class:`Struct` lists its fields in the order of core's ``FC_REFLECT``.
"""

# Methods without a docstring of their own override documented ones.
# ruff: noqa: D102

from __future__ import annotations

import calendar
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from struct import Struct as Layout
from typing import Any, ClassVar, TypeVar, cast

from .amounts import NULL_PRICE, Asset, Price
from .errors import AssertError, BadCast
from .keys import NULL_KEY, key_from_text, key_order, key_to_text

PREFIX = "TEST"

T = TypeVar("T")
S = TypeVar("S", bound="Struct")

_INT32_MIN, _INT32_MAX, _UINT32_MAX = -(2**31), 2**31 - 1, 2**32 - 1


def wire_int64(value: int) -> int | str:
    """A signed integer as core's JSON has it: a string beyond 32 bits."""
    return value if _INT32_MIN <= value <= _INT32_MAX else str(value)


def wire_uint64(value: int) -> int | str:
    """An unsigned integer as core's JSON has it: a string beyond 32 bits."""
    return value if value <= _UINT32_MAX else str(value)


def type_name(value: Any) -> str:
    """The name that ``fc::variant`` gives to the type of a JSON value."""
    if value is None:
        return "null_type"
    if isinstance(value, bool):
        return "bool_type"
    if isinstance(value, int):
        return "uint64_type" if value >= 0 else "int64_type"
    if isinstance(value, float):
        return "double_type"
    if isinstance(value, str):
        return "string_type"
    return "array_type" if isinstance(value, list | tuple) else "object_type"


def cast_error(value: Any, wanted: str) -> BadCast:
    """Core's words for a value of the wrong type."""
    return BadCast(
        "Invalid cast from ${type} to " + wanted, {"type": type_name(value)}, where=f"variant.cpp:as_{wanted}"
    )


def as_int(value: Any, low: int, high: int, wanted: str) -> int:
    """Read an integer as ``fc::variant`` does: numbers, numeric strings, booleans and null."""
    if value.__class__ is int:
        number = cast(int, value)
    elif isinstance(value, str):
        try:
            number = int(value)
        except ValueError:
            raise BadCast("Couldn't parse ${type}", {"type": wanted}, where="string.cpp:to_int64") from None
    elif isinstance(value, bool | float):
        number = _from_float(value, wanted)
    elif value is None:
        number = 0
    else:
        raise cast_error(value, wanted)
    if not low <= number <= high:
        raise BadCast("${value} is out of the range of ${type}", {"value": str(number), "type": wanted})
    return number


def _from_float(value: float, wanted: str) -> int:
    try:
        return int(value)
    except (ValueError, OverflowError):
        raise BadCast("Couldn't parse ${type}", {"type": wanted}) from None


def as_list(value: Any) -> list[Any]:
    """Read an array."""
    if not isinstance(value, list):
        raise BadCast("Invalid cast from ${type} to Array", {"type": type_name(value)}, where="variant.cpp:get_array")
    return value


def as_object(value: Any) -> dict[str, Any]:
    """Read an object."""
    if not isinstance(value, dict):
        raise BadCast(
            "Invalid cast from type '${type}' to Object", {"type": type_name(value)}, where="variant.cpp:get_object"
        )
    return value


def as_text(value: Any) -> str:
    """Read a string; numbers and booleans become their text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    raise cast_error(value, "string")


def pack_varint(value: int, out: bytearray) -> None:
    """Unsigned LEB128 (``fc::unsigned_int``)."""
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


@lru_cache(maxsize=16384)
def time_to_text(seconds: int) -> str:
    """``2026-11-20T09:52:00`` in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


@lru_cache(maxsize=16384)
def time_from_text(text: str) -> int:
    """Inverse of :func:`time_to_text`."""
    try:
        return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        raise BadCast("unable to convert ISO-formatted string to fc::time_point_sec", {"str": text}) from None


class Kind:
    """How one type of value is read, written and packed."""

    optional = False

    def parse(self, value: Any) -> Any:
        """From JSON."""
        raise NotImplementedError

    def json(self, value: Any) -> Any:
        """To JSON."""
        return value

    def pack(self, value: Any, out: bytearray) -> None:
        """Append the binary form."""
        raise NotImplementedError

    def default(self) -> Any:
        """What a missing member stands for."""
        return None

    def packed(self, value: Any) -> bytes:
        """The binary form."""
        out = bytearray()
        self.pack(value, out)
        return bytes(out)


class _Integer(Kind):
    def __init__(self, code: str, low: int, high: int, name: str, write: Callable[[int], Any]) -> None:
        self._layout = Layout("<" + code)
        self._low, self._high, self._name = low, high, name
        self._write = write

    def parse(self, value: Any) -> int:
        return as_int(value, self._low, self._high, self._name)

    def json(self, value: int) -> Any:
        return self._write(value)

    def pack(self, value: int, out: bytearray) -> None:
        out += self._layout.pack(value)

    def default(self) -> int:
        return 0


class _Bool(Kind):
    def parse(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            if value in ("true", "false"):
                return value == "true"
            raise BadCast('Cannot convert string to bool (only "true" or "false" can be converted)')
        if value is None or isinstance(value, int | float):
            return bool(value)
        raise cast_error(value, "bool")

    def pack(self, value: bool, out: bytearray) -> None:
        out.append(1 if value else 0)

    def default(self) -> bool:
        return False


class _Text(Kind):
    def parse(self, value: Any) -> str:
        return as_text(value)

    def pack(self, value: str, out: bytearray) -> None:
        raw = value.encode("utf-8", "surrogatepass")
        pack_varint(len(raw), out)
        out += raw

    def default(self) -> str:
        return ""


class _Hex(Kind):
    """Bytes in hexadecimal, with a length in front unless the size is fixed."""

    def __init__(self, size: int | None = None) -> None:
        self._size = size

    def parse(self, value: Any) -> bytes:
        try:
            raw = bytes.fromhex(as_text(value))
        except ValueError:
            raise BadCast("Invalid hex character", {"str": value}, where="hex.cpp:from_hex") from None
        if self._size is None:
            return raw
        return raw[: self._size].ljust(self._size, b"\0")

    def json(self, value: bytes) -> str:
        return value.hex()

    def pack(self, value: bytes, out: bytearray) -> None:
        if self._size is None:
            pack_varint(len(value), out)
        out += value

    def default(self) -> bytes:
        return bytes(self._size or 0)


class _Time(Kind):
    _layout = Layout("<I")

    def parse(self, value: Any) -> int:
        return time_from_text(as_text(value))

    def json(self, value: int) -> str:
        return time_to_text(value)

    def pack(self, value: int, out: bytearray) -> None:
        out += self._layout.pack(value)

    def default(self) -> int:
        return 0


class _PublicKey(Kind):
    def parse(self, value: Any) -> bytes:
        return key_from_text(as_text(value), PREFIX)

    def json(self, value: bytes) -> str:
        return key_to_text(value, PREFIX)

    def pack(self, value: bytes, out: bytearray) -> None:
        out += value

    def default(self) -> bytes:
        return NULL_KEY


class Id(Kind):
    """An object id of a known type; the value is the instance number."""

    def __init__(self, space: int, kind: int) -> None:
        self.text = f"{space}.{kind}."
        self._len = len(self.text)

    def parse(self, value: Any) -> int:
        if isinstance(value, str) and value.startswith(self.text):
            digits = value[self._len :]
            if digits.isascii() and digits.isdigit() and len(digits) < 16:
                return int(digits)
        raise AssertError(
            "is_valid: object id ${id} is not of the type ${type}",
            {"id": value if isinstance(value, str) else type_name(value), "type": self.text + "x"},
            where="object_id.hpp:from_variant",
        )

    def json(self, value: int) -> str:
        return self.text + str(value)

    def pack(self, value: int, out: bytearray) -> None:
        pack_varint(value, out)

    def default(self) -> int:
        return 0


class _AnyId(Kind):
    """An object id of any type; the value is its text."""

    _layout = Layout("<Q")

    def parse(self, value: Any) -> str:
        split_id(value)
        return cast(str, value)

    def pack(self, value: str, out: bytearray) -> None:
        space, kind, number = split_id(value)
        out += self._layout.pack(space << 56 | kind << 48 | number)

    def default(self) -> str:
        return "0.0.0"


def split_id(value: Any) -> tuple[int, int, int]:
    """The three numbers of an object id."""
    parts = as_text(value).split(".")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 16 for p in parts):
        raise AssertError("first_dot != second_dot: ", {"id": as_text(value)[:100]}, where="object_id.hpp:from_variant")
    space, kind, number = map(int, parts)
    if space > 0xFF or kind > 0xFF or number >= 2**48:
        raise AssertError("instance overflow", where="object_id.hpp:object_id_type")
    return space, kind, number


class _Amount(Kind):
    _layout = Layout("<q")

    def parse(self, value: Any) -> Asset:
        row = as_object(value)
        return Asset(int64.parse(row.get("amount", 0)), asset_id.parse(row.get("asset_id", "1.3.0")))

    def json(self, value: Asset) -> Any:
        return value.to_json()

    def pack(self, value: Asset, out: bytearray) -> None:
        out += self._layout.pack(value.amount)
        pack_varint(value.asset_id, out)

    def default(self) -> Asset:
        return Asset()


class _Price(Kind):
    def parse(self, value: Any) -> Price:
        row = as_object(value)
        return Price(amount.parse(row.get("base", {})), amount.parse(row.get("quote", {})))

    def json(self, value: Price) -> Any:
        return value.to_json()

    def pack(self, value: Price, out: bytearray) -> None:
        amount.pack(value.base, out)
        amount.pack(value.quote, out)

    def default(self) -> Price:
        return NULL_PRICE


class ListOf(Kind):
    """``vector``; the value is a tuple."""

    def __init__(self, item: Kind) -> None:
        self.item = item

    def parse(self, value: Any) -> tuple[Any, ...]:
        parse = self.item.parse
        return tuple([parse(v) for v in as_list(value)])

    def json(self, value: Iterable[Any]) -> list[Any]:
        return [self.item.json(v) for v in value]

    def pack(self, value: Any, out: bytearray) -> None:
        pack_varint(len(value), out)
        for v in value:
            self.item.pack(v, out)

    def default(self) -> tuple[Any, ...]:
        return ()


class SetOf(ListOf):
    """``flat_set``: sorted, without repetition."""

    def parse(self, value: Any) -> tuple[Any, ...]:
        return tuple(sorted(set(super().parse(value))))


class KeySetOf(ListOf):
    """``flat_set`` of public keys, which core orders by their addresses."""

    def parse(self, value: Any) -> tuple[Any, ...]:
        return tuple(sorted(set(super().parse(value)), key=key_order))


class PairOf(Kind):
    """``pair``; the value is a tuple of two."""

    def __init__(self, first: Kind, second: Kind) -> None:
        self.first, self.second = first, second

    def parse(self, value: Any) -> tuple[Any, Any]:
        row = as_list(value)
        if len(row) < 2:
            raise BadCast("Invalid cast from ${type} to pair", {"type": "array_type"})
        return self.first.parse(row[0]), self.second.parse(row[1])

    def json(self, value: tuple[Any, Any]) -> list[Any]:
        return [self.first.json(value[0]), self.second.json(value[1])]

    def pack(self, value: tuple[Any, Any], out: bytearray) -> None:
        self.first.pack(value[0], out)
        self.second.pack(value[1], out)

    def default(self) -> tuple[Any, Any]:
        return self.first.default(), self.second.default()


class MapOf(Kind):
    """``flat_map``; the value is a tuple of pairs sorted by key."""

    def __init__(self, key: Kind, value: Kind, order: Callable[[Any], Any] | None = None) -> None:
        self._pair = PairOf(key, value)
        self._order = order

    def parse(self, value: Any) -> tuple[tuple[Any, Any], ...]:
        rows: dict[Any, Any] = {}
        for row in as_list(value):
            key, item = self._pair.parse(row)
            rows.setdefault(key, item)
        return tuple((key, rows[key]) for key in sorted(rows, key=self._order))

    def json(self, value: Iterable[tuple[Any, Any]]) -> list[Any]:
        return [self._pair.json(kv) for kv in value]

    def pack(self, value: Any, out: bytearray) -> None:
        pack_varint(len(value), out)
        for kv in value:
            self._pair.pack(kv, out)

    def default(self) -> tuple[Any, ...]:
        return ()


class OptionalOf(Kind):
    """``optional``: absent members are left out of JSON."""

    optional = True

    def __init__(self, item: Kind) -> None:
        self.item = item

    def parse(self, value: Any) -> Any:
        return None if value is None else self.item.parse(value)

    def json(self, value: Any) -> Any:
        return None if value is None else self.item.json(value)

    def pack(self, value: Any, out: bytearray) -> None:
        if value is None:
            out.append(0)
        else:
            out.append(1)
            self.item.pack(value, out)


class VariantOf(Kind):
    """``static_variant``; the value is (tag, content)."""

    def __init__(self, *kinds: Kind) -> None:
        self._kinds = kinds

    def parse(self, value: Any) -> tuple[int, Any]:
        row = as_list(value)
        if len(row) < 2:
            return 0, self._kinds[0].default()
        tag = as_int(row[0], 0, 2**63, "uint64")
        if tag >= len(self._kinds):
            raise AssertError("tag < count(): unknown tag ${tag}", {"tag": tag}, where="static_variant.hpp:set_which")
        return tag, self._kinds[tag].parse(row[1])

    def json(self, value: tuple[int, Any]) -> list[Any]:
        return [value[0], self._kinds[value[0]].json(value[1])]

    def pack(self, value: tuple[int, Any], out: bytearray) -> None:
        pack_varint(value[0], out)
        self._kinds[value[0]].pack(value[1], out)

    def default(self) -> tuple[int, Any]:
        return 0, self._kinds[0].default()


class _NoExtensions(Kind):
    """``extensions_type``: a place for the future that is always empty."""

    def parse(self, value: Any) -> tuple[()]:
        if value is not None and not isinstance(value, dict) and as_list(value):
            raise AssertError("No such extension is known", where="ext.hpp:from_variant")
        return ()

    def json(self, value: Any) -> list[Any]:
        return []

    def pack(self, value: Any, out: bytearray) -> None:
        out.append(0)

    def default(self) -> tuple[()]:
        return ()


class _Empty(Kind):
    """A structure without members."""

    def parse(self, value: Any) -> None:
        return None

    def json(self, value: Any) -> dict[str, Any]:
        return {}

    def pack(self, value: Any, out: bytearray) -> None:
        return None


class Field:
    """One member of a :class:`Struct`."""

    __slots__ = ("default", "kind", "name", "wire")

    def __init__(self, kind: Kind, default: Callable[[], Any] | None = None) -> None:
        self.kind = kind
        self.default = default or kind.default
        self.name = ""
        self.wire = ""


def of(kind: Kind, default: Callable[[], Any] | None = None) -> Any:
    """Declare a member: ``amount: Asset = of(serial.amount)``."""
    return Field(kind, default)


class Struct:
    """A structure of fields in core's order. Values are replaced, never changed in place."""

    FIELDS: ClassVar[tuple[Field, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = []
        for name, member in list(cls.__dict__.items()):
            if isinstance(member, Field):
                member.name, member.wire = name, name.rstrip("_")
                own.append(member)
                delattr(cls, name)
        cls.FIELDS = cls.FIELDS + tuple(own)

    def __init__(self, **values: Any) -> None:
        mine = self.__dict__
        for field in self.FIELDS:
            if field.name in values:
                mine[field.name] = values.pop(field.name)
            else:
                mine[field.name] = field.default()
        if values:
            raise TypeError(f"{type(self).__name__} has no member {', '.join(values)}")

    @classmethod
    def parse(cls: type[S], value: Any) -> S:
        """From JSON; unknown members are ignored, missing ones take their default, as in core."""
        row = as_object(value)
        self = cls.__new__(cls)
        mine = self.__dict__
        for field in cls.FIELDS:
            if field.wire in row:
                mine[field.name] = field.kind.parse(row[field.wire])
            else:
                mine[field.name] = field.default()
        return self

    def to_json(self) -> dict[str, Any]:
        """As on the wire."""
        mine = self.__dict__
        row = {}
        for field in self.FIELDS:
            value = mine[field.name]
            if value is None and field.kind.optional:
                continue
            row[field.wire] = field.kind.json(value)
        return row

    def pack(self, out: bytearray) -> None:
        """Append the binary form."""
        mine = self.__dict__
        for field in self.FIELDS:
            field.kind.pack(mine[field.name], out)

    def packed(self) -> bytes:
        """The binary form."""
        out = bytearray()
        self.pack(out)
        return bytes(out)

    def replaced(self: S, **values: Any) -> S:
        """A copy with some members replaced."""
        other = self.__class__.__new__(self.__class__)
        other.__dict__.update(self.__dict__)
        other.__dict__.update(values)
        return other

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.packed())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"


class StructOf(Kind):
    """A nested structure."""

    def __init__(self, struct: type[Struct]) -> None:
        self.struct = struct

    def parse(self, value: Any) -> Any:
        return self.struct.parse(value)

    def json(self, value: Struct) -> Any:
        return value.to_json()

    def pack(self, value: Struct, out: bytearray) -> None:
        value.pack(out)

    def default(self) -> Any:
        return self.struct()


class ExtensionOf(StructOf):
    """``extension<T>``: only the members that are set are packed, each after its index."""

    def parse(self, value: Any) -> Any:
        if value is None:
            return self.struct()
        if isinstance(value, list):
            value = self._from_pairs(value)
        known = {field.wire for field in self.struct.FIELDS}
        for name in as_object(value):
            if name not in known:
                raise AssertError("Unknown extension ${name}", {"name": str(name)[:100]}, where="ext.hpp:from_variant")
        return self.struct.parse(value)

    def _from_pairs(self, rows: list[Any]) -> dict[str, Any]:
        named = {}
        for row in rows:
            if not isinstance(row, list) or len(row) != 2:
                raise BadCast("Invalid cast from ${type} to Object", {"type": type_name(row)})
            index = as_int(row[0], 0, 2**32, "uint64")
            if index >= len(self.struct.FIELDS):
                raise AssertError("Unknown extension ${name}", {"name": str(index)}, where="ext.hpp:from_variant")
            named[self.struct.FIELDS[index].wire] = row[1]
        return named

    def pack(self, value: Struct, out: bytearray) -> None:
        present = [
            (index, field, value.__dict__[field.name])
            for index, field in enumerate(value.FIELDS)
            if value.__dict__[field.name] is not None
        ]
        pack_varint(len(present), out)
        for index, field, member in present:
            pack_varint(index, out)
            cast(OptionalOf, field.kind).item.pack(member, out)


def _plain(value: int) -> int:
    return value


uint8 = _Integer("B", 0, 2**8 - 1, "uint64", _plain)
uint16 = _Integer("H", 0, 2**16 - 1, "uint64", _plain)
uint32 = _Integer("I", 0, 2**32 - 1, "uint64", _plain)
uint64 = _Integer("Q", 0, 2**64 - 1, "uint64", wire_uint64)
int64 = _Integer("q", -(2**63), 2**63 - 1, "int64", wire_int64)
uint128 = _Integer("Q", 0, 2**128 - 1, "uint128", str)  # only ever written as text
boolean = _Bool()
text = _Text()
blob = _Hex()
signature = _Hex(65)
hash160 = _Hex(20)
hash256 = _Hex(32)
moment = _Time()
public_key = _PublicKey()
any_id = _AnyId()
account_id = Id(1, 2)
asset_id = Id(1, 3)
committee_member_id = Id(1, 5)
witness_id = Id(1, 6)
limit_order_id = Id(1, 7)
call_order_id = Id(1, 8)
vesting_balance_id = Id(1, 13)
operation_history_id = Id(1, 11)
proposal_id = Id(1, 10)
amount = _Amount()
price = _Price()
no_extensions = _NoExtensions()
empty = _Empty()


class VoteId(Kind):
    """``vote_id_type``: ``type:instance``, packed as one 32-bit number."""

    _layout = Layout("<I")

    def parse(self, value: Any) -> tuple[int, int]:
        parts = as_text(value).split(":")
        if len(parts) != 2:
            raise AssertError("colon_pos != std::string::npos: ", where="vote.hpp:vote_id_type")
        return as_int(parts[1], 0, 2**24 - 1, "uint64"), as_int(parts[0], 0, 255, "uint64")

    def json(self, value: tuple[int, int]) -> str:
        return f"{value[1]}:{value[0]}"

    def pack(self, value: tuple[int, int], out: bytearray) -> None:
        out += self._layout.pack(value[0] << 8 | value[1])

    def default(self) -> tuple[int, int]:
        return 0, 0


vote_id = VoteId()
