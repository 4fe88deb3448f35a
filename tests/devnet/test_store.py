"""Goal: undo brings back exactly what was. Method: random changes with savepoints, against copies of the state."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsip_mplp.devnet.objects import ChainObject
from bsip_mplp.devnet.store import Store


@dataclass(eq=False)
class Thing(ChainObject):
    SPACE = 9
    TYPE = 1
    group: int = 0
    rank: int = 0
    name: str | None = None


class World:
    def __init__(self):
        self.store = Store()
        self.table = self.store.table(Thing)
        self.ranks = self.table.index("rank group", lambda x: (x.rank, x.number), lambda x: x.group)
        self.names = self.table.lookup("name", lambda x: x.name)

    def picture(self):
        rows = {n: (t.group, t.rank, t.name) for n, t in self.table.rows.items()}
        orders = {group: [t.number for t in self.ranks.walk(group)] for group in self.ranks.groups()}
        return rows, orders, self.table.next_number


ACTIONS = st.lists(
    st.tuples(st.sampled_from("cccuuurps"), st.integers(0, 30), st.integers(0, 2), st.integers(0, 5)), max_size=60
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ACTIONS)
def test_undo_returns_to_the_savepoint(actions):
    world = World()
    marks = []
    for what, number, group, rank in actions:
        known = sorted(world.table.rows)
        if what == "c":
            world.store.create(Thing, group=group, rank=rank, name=f"n{world.table.next_number}")
        elif what == "p":
            marks.append((world.store.savepoint(), world.picture()))
        elif what == "s" and marks:
            position, picture = marks.pop()
            world.store.undo_to(position)
            assert world.picture() == picture
        elif known and what == "u":
            world.store.update(world.table[known[number % len(known)]], group=group, rank=rank)
        elif known and what == "r":
            world.store.remove(world.table[known[number % len(known)]])
    while marks:
        position, picture = marks.pop()
        world.store.undo_to(position)
        assert world.picture() == picture


def test_index_walks_by_group_and_key():
    world = World()
    for rank in (3, 1, 2):
        world.store.create(Thing, group=1, rank=rank)
    world.store.create(Thing, group=2, rank=0)
    assert [t.rank for t in world.ranks.walk(1)] == [1, 2, 3]
    assert [t.rank for t in world.ranks.walk(1, (2,))] == [2, 3]
    assert [t.rank for t in world.ranks.walk_back(1)] == [3, 2, 1]
    assert world.ranks.after((1, 99), 1).rank == 2
    assert world.ranks.after((3, 99), 1) is None
    assert world.ranks.count(1) == 3


def test_what_changed_since():
    world = World()
    old = world.store.create(Thing)
    gone = world.store.create(Thing)
    at = world.store.savepoint()
    new = world.store.create(Thing)
    brief = world.store.create(Thing)
    world.store.update(old, rank=1)
    world.store.update(new, rank=1)
    world.store.remove(brief)
    world.store.remove(gone)
    assert world.store.changes_since(at) == ([new], [old], [gone])


def test_what_was_forgotten_cannot_be_undone():
    world = World()
    start = world.store.savepoint()
    world.store.create(Thing)
    here = world.store.savepoint()
    world.store.create(Thing)
    world.store.forget_before(here)
    world.store.undo_to(here)
    assert len(world.table) == 1
    with pytest.raises(ValueError, match="nothing is kept"):
        world.store.undo_to(start)
