"""Crash points and faults: every call to a node and every transaction of the database can end the run, or go wrong.

A crash point is numbered by how many came before it. A cut is no `Exception`: nothing of the program may catch it.
"""

import copy
import json
import random
from collections import Counter
from contextlib import contextmanager
from typing import ClassVar

from bsip_mplp.chain.errors import RefusedError, UnreachableError
from bsip_mplp.chain.node import speakable
from bsip_mplp.devnet.clock import Clock
from bsip_mplp.devnet.errors import ChainError
from bsip_mplp.devnet.node import Node
from bsip_mplp.devnet.rpc import Session
from bsip_mplp.journal import Journal
from bsip_mplp.journal.database import connect, read_url


class Cut(BaseException):
    """The process is killed here."""


class Points:
    """Counts crash points and says when the run is cut: at the places named, or by chance."""

    def __init__(self, rng, chance=0.0, places=()):
        self.rng = rng
        self.chance = chance
        self.places = set(places)
        self.count = 0
        self.cuts = Counter()
        self.is_on = True

    def pass_by(self, name):
        self.count += 1
        if self.is_on and (self.count in self.places or (self.chance and self.rng.random() < self.chance)):
            self.cuts[name] += 1
            raise Cut(f"{self.count}: {name}")


class CuttingJournal(Journal):
    """A journal whose transactions can be cut before they begin, before they are committed, and after."""

    points = None
    _engines: ClassVar = {}

    @classmethod
    def at(cls, path, points=None):
        """The journal at a path, opened anew: new connections, nothing kept but compiled statements."""
        if path not in cls._engines:
            cls._engines[path] = connect(read_url(str(path)), read_only=False)
        found = cls(cls._engines[path], str(path), read_only=False)
        found.points = points
        return found

    @contextmanager
    def _transaction(self):
        if self.points is None:
            with super()._transaction() as connection:
                yield connection
            return
        self.points.pass_by("before a transaction")
        with super()._transaction() as connection:
            yield connection
            self.points.pass_by("before a commit")
        self.points.pass_by("after a commit")


class Weather:
    """How often what goes wrong between the program and the nodes, and which node lies; `clear` ends all of it."""

    KINDS = ("unsent", "lost", "twice", "mangled")

    def __init__(self, rng, chances, liars=frozenset()):
        self.rng = rng
        self.chances = chances
        self.liars = liars
        self.seen = Counter()

    def strikes(self, kind):
        if self.rng.random() < self.chances.get(kind, 0.0):
            self.seen[kind] += 1
            return True
        return False

    def clear(self):
        self.chances = {}
        self.liars = frozenset()


class LocalNode:
    """A node of the in-process chain behind the faults. Answers go through JSON, as they would on the wire."""

    def __init__(self, chain, url, weather, points):
        self.url = url
        self._weather = weather
        self._points = points
        self.node = Node(chain, Clock(1, wall=lambda: chain.now))
        self._session = Session(self.node, lambda text: None)
        self._last = {}
        self.tell = None
        """What a liar makes of an answer: (method, arguments, answer) to another answer."""

    def call(self, api, method, arguments=()):
        self._points.pass_by(f"before {method}")
        if self._weather.strikes("unsent"):
            raise UnreachableError(f"{self.url}: {method} never arrived")
        answer = self._answer(api, method, arguments)
        if self._weather.strikes("twice"):
            answer = self._answer(api, method, arguments)
        self._points.pass_by(f"after {method}")
        if self._weather.strikes("lost"):
            raise UnreachableError(f"{self.url}: the reply to {method} was lost")
        if isinstance(answer, RefusedError):
            raise answer
        if self.url in self._weather.liars:
            answer = speakable(self._lie(method, arguments, answer))
        return answer

    def close(self):
        pass

    def _answer(self, api, method, arguments):
        try:
            answer = self._session.dispatch("call", json.loads(json.dumps([api, method, list(arguments)])))
        except ChainError as refusal:
            error = refusal.to_json("2024-01-01T00:00:00")
            data = error.get("data") or {}
            return RefusedError(method, error["message"], error["code"], data.get("name", ""), data)
        return json.loads(json.dumps(answer))

    def _lie(self, method, arguments, answer):
        lie = self._weather.rng.choice(("stale", "reordered", "mangled", "told", "truth", "truth"))
        before, self._last[method] = self._last.get(method), answer
        if lie == "stale" and before is not None:
            return before
        if lie == "reordered" and isinstance(answer, list) and len(answer) > 1:
            shuffled = list(answer)
            self._weather.rng.shuffle(shuffled)
            return shuffled
        if lie == "mangled":
            return mangled(answer, self._weather.rng)
        if lie == "told" and self.tell is not None:
            return self.tell(method, arguments, answer)
        return answer


def mangled(answer, rng: random.Random):
    """An answer with one thing in it changed: a number, a text, something missing, something else altogether."""
    if not isinstance(answer, dict | list) or not answer:
        return _other(answer, rng)
    found = copy.deepcopy(answer)
    place = rng.choice(list(found)) if isinstance(found, dict) else rng.randrange(len(found))
    if rng.random() < 0.1:
        del found[place]
    else:
        found[place] = mangled(found[place], rng)
    return found


def _other(value, rng):
    choices = [None, 0, -1, 2**63, "", "x", [], {}, "\ud800", 1.5, True]
    if isinstance(value, int) and not isinstance(value, bool):
        choices += [value + 1, value - 1, value * 10, 10**9] * 3
    if isinstance(value, str) and value[:1].isdecimal():
        choices += [value.replace("1", "2"), "1.2.99", "2099-01-01T00:00:00", str(10**15)] * 3
    return rng.choice(choices)
