"""Objects with ids, indexes over them, and an undo log.

Every change is one entry of a single log, so a savepoint is a position in it: leaving a failed transaction,
going back to a snapshot or taking back a block all mean unwinding to a position, and keeping changes costs
nothing. Entries below the oldest position that may still be asked for are dropped.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, TypeVar, cast

from .serial import Struct

O = TypeVar("O", bound="ChainObject")  # noqa: E741

_CREATED, _UPDATED, _REMOVED = 0, 1, 2


class ChainObject(Struct):
    """Something with an id. Members are replaced through the store only."""

    SPACE: ClassVar[int] = 0
    TYPE: ClassVar[int] = 0

    number: int
    _saved: int

    @property
    def id(self) -> str:
        """``space.type.number``."""
        return f"{self.SPACE}.{self.TYPE}.{self.number}"

    def to_json(self) -> dict[str, Any]:
        """As ``get_objects`` answers it."""
        return {"id": self.id, **super().to_json()}

    def accounts(self) -> set[int]:
        """Accounts that a change of the object concerns (``get_relevant_accounts``)."""
        return set()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class Index(Generic[O]):
    """Sorted keys of the objects of one table. A key ends in the object's number, so it is unique.

    ``key`` may answer ``None`` for an object that is not in this index. With ``group`` there is one sorted
    list for each group.
    """

    def __init__(self, key: Callable[[O], Any], group: Callable[[O], Any] | None = None) -> None:
        self._key, self._group = key, group
        self._lists: dict[Any, list[Any]] = {}
        self._objects: dict[Any, O] = {}

    def add(self, obj: O) -> None:
        """Insert an object."""
        key = self._key(obj)
        if key is None:
            return
        group = self._group(obj) if self._group else None
        insort(self._lists.setdefault(group, []), key)
        self._objects[group, key] = obj

    def discard(self, obj: O) -> None:
        """Take an object out; it must still have the members that it was inserted with."""
        key = self._key(obj)
        if key is None:
            return
        group = self._group(obj) if self._group else None
        keys = self._lists[group]
        del keys[bisect_left(keys, key)]
        if not keys:
            del self._lists[group]
        del self._objects[group, key]

    def first(self, group: Any = None) -> O | None:
        """The object with the lowest key."""
        keys = self._lists.get(group)
        return self._objects[group, keys[0]] if keys else None

    def last(self, group: Any = None) -> O | None:
        """The object with the highest key."""
        keys = self._lists.get(group)
        return self._objects[group, keys[-1]] if keys else None

    def all(self, group: Any = None) -> list[O]:
        """All objects of a group in order."""
        return [self._objects[group, key] for key in self._lists.get(group, ())]

    def walk(self, group: Any = None, start: Any = None) -> Iterator[O]:
        """Objects in order from ``start`` on; stops being valid when the index changes."""
        keys = self._lists.get(group, [])
        position = 0 if start is None else bisect_left(keys, start)
        while position < len(keys):
            yield self._objects[group, keys[position]]
            position += 1

    def walk_back(self, group: Any = None, start: Any = None) -> Iterator[O]:
        """Objects in reverse order from ``start`` (included) down."""
        keys = self._lists.get(group, [])
        position = len(keys) if start is None else bisect_right(keys, start)
        while position > 0:
            position -= 1
            yield self._objects[group, keys[position]]

    def after(self, key: Any, group: Any = None) -> O | None:
        """The object with the lowest key above ``key``."""
        keys = self._lists.get(group, [])
        position = bisect_right(keys, key)
        return self._objects[group, keys[position]] if position < len(keys) else None

    def is_first(self, obj: O) -> bool:
        """Whether no object of its group has a lower key."""
        group = self._group(obj) if self._group else None
        return bool(self._lists[group][0] == self._key(obj))

    def groups(self) -> list[Any]:
        """The groups that have objects, sorted."""
        return sorted(self._lists)

    def count(self, group: Any = None) -> int:
        """How many objects a group has."""
        return len(self._lists.get(group, ()))


class Lookup(Generic[O]):
    """Objects by a unique key."""

    def __init__(self, key: Callable[[O], Any]) -> None:
        self._key = key
        self._objects: dict[Any, O] = {}

    def add(self, obj: O) -> None:
        """Insert an object."""
        key = self._key(obj)
        if key is not None:
            self._objects[key] = obj

    def discard(self, obj: O) -> None:
        """Take an object out."""
        key = self._key(obj)
        if key is not None:
            del self._objects[key]

    def get(self, key: Any) -> O | None:
        """The object with this key, if there is one."""
        return self._objects.get(key)


class Table(Generic[O]):
    """All objects of one type."""

    def __init__(self, kind: type[O], *, first_number: int = 0) -> None:
        self.kind = kind
        self.rows: dict[int, O] = {}
        self.next_number = first_number
        self.indexes: list[Index[O] | Lookup[O]] = []
        self.key_members: frozenset[str] = frozenset()

    def index(self, members: str, key: Callable[[O], Any], group: Callable[[O], Any] | None = None) -> Index[O]:
        """Add a sorted index; ``members`` are the members that its key is made of."""
        made: Index[O] = Index(key, group)
        self.indexes.append(made)
        self.key_members |= set(members.split())
        return made

    def lookup(self, members: str, key: Callable[[O], Any]) -> Lookup[O]:
        """Add a unique index."""
        made: Lookup[O] = Lookup(key)
        self.indexes.append(made)
        self.key_members |= set(members.split())
        return made

    def get(self, number: int) -> O | None:
        """The object with this instance number, if there is one."""
        return self.rows.get(number)

    def __getitem__(self, number: int) -> O:
        return self.rows[number]

    def __iter__(self) -> Iterator[O]:
        return iter(list(self.rows.values()))

    def __len__(self) -> int:
        return len(self.rows)


class Store:
    """Tables and the undo log over all of them."""

    def __init__(self) -> None:
        self.tables: dict[tuple[int, int], Table[Any]] = {}
        self._log: list[tuple[int, ChainObject, dict[str, Any] | None]] = []
        self._dropped = 0  # entries that were forgotten: positions count from the chain's first change
        self._serial = 0

    def table(self, kind: type[O], *, first_number: int = 0) -> Table[O]:
        """Make the table of one type of object."""
        made = Table(kind, first_number=first_number)
        self.tables[kind.SPACE, kind.TYPE] = made
        return made

    def _table(self, obj: O) -> Table[O]:
        return cast("Table[O]", self.tables[obj.SPACE, obj.TYPE])

    def create(self, kind: type[O], **members: Any) -> O:
        """Make an object with the next id of its type."""
        table = cast("Table[O]", self.tables[kind.SPACE, kind.TYPE])
        obj = kind(**members)
        mine = obj.__dict__
        mine["number"] = table.next_number
        mine["_saved"] = self._serial
        table.next_number += 1
        table.rows[obj.number] = obj
        for index in table.indexes:
            index.add(obj)
        self._log.append((_CREATED, obj, None))
        return obj

    def update(self, obj: ChainObject, **members: Any) -> None:
        """Replace members of an object."""
        mine = obj.__dict__
        if mine["_saved"] != self._serial:
            self._log.append((_UPDATED, obj, mine.copy()))
            mine["_saved"] = self._serial
        table = self._table(obj)
        if table.indexes and not table.key_members.isdisjoint(members):
            for index in table.indexes:
                index.discard(obj)
            mine.update(members)
            for index in table.indexes:
                index.add(obj)
        else:
            mine.update(members)

    def remove(self, obj: ChainObject) -> None:
        """Take an object out; its id is never used again."""
        table = self._table(obj)
        for index in table.indexes:
            index.discard(obj)
        del table.rows[obj.number]
        self._log.append((_REMOVED, obj, None))

    def savepoint(self) -> int:
        """A position to which :meth:`undo_to` can return."""
        self._serial += 1
        return self._dropped + len(self._log)

    def undo_to(self, position: int) -> None:
        """Unwind every change made after ``position``."""
        keep = position - self._dropped
        if keep < 0:
            raise ValueError("that far back nothing is kept")
        log = self._log
        while len(log) > keep:
            what, obj, old = log.pop()
            table = self._table(obj)
            if what == _UPDATED:
                self._restore(table, obj, cast("dict[str, Any]", old))
            elif what == _CREATED:
                for index in table.indexes:
                    index.discard(obj)
                del table.rows[obj.number]
                table.next_number = obj.number
            else:
                table.rows[obj.number] = obj
                for index in table.indexes:
                    index.add(obj)
        self._serial += 1

    @staticmethod
    def _restore(table: Table[Any], obj: ChainObject, old: dict[str, Any]) -> None:
        for index in table.indexes:
            index.discard(obj)
        obj.__dict__.clear()
        obj.__dict__.update(old)
        for index in table.indexes:
            index.add(obj)

    def forget_before(self, position: int) -> None:
        """Give up the possibility to return to positions before this one."""
        count = position - self._dropped
        if count > 0:
            del self._log[:count]
            self._dropped = position

    def changes_since(self, position: int) -> tuple[list[ChainObject], list[ChainObject], list[ChainObject]]:
        """Objects created, changed and removed since ``position`` that still are so."""
        created: dict[int, ChainObject] = {}
        changed: dict[int, ChainObject] = {}
        removed: dict[int, ChainObject] = {}
        for what, obj, _ in self._log[position - self._dropped :]:
            key = id(obj)
            if what == _CREATED:
                created[key] = obj
            elif what == _UPDATED:
                if key not in created:
                    changed[key] = obj
            else:
                changed.pop(key, None)
                if created.pop(key, None) is None:
                    removed[key] = obj
        return list(created.values()), list(changed.values()), list(removed.values())

    def find(self, space: int, kind: int, number: int) -> ChainObject | None:
        """Any object by the three numbers of its id; ``KeyError`` if there is no such type."""
        return cast("ChainObject | None", self.tables[space, kind].get(number))
