"""The rooms of the package and what each may know: read from the code's own imports, also those for types only.

ROOMS is the table of the design. An import that it does not allow fails, unless EXCEPTIONS names its file and says
why; an exception that nothing needs any more fails too.
"""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bsip_mplp"

VALUES = {"rules.inputs", "rules.vault_asks", "rules.outcomes", "rules.codec"}
"""Plain values of the rules: what goes in, what comes out, and their written form. No rule stands in them."""

EXACT = {"money", "ratios", "market", "ledger"}

ROOMS: dict[str, set[str]] = {
    "money": set(),
    "ratios": {"money"},
    "market": {"money", "ratios"},
    "ledger": set(),
    "marks": {"market", "ratios"},
    "rules": {"rules", *EXACT},
    "journal": {"journal", "ledger", "money", *VALUES},
    "chain": {"chain", "money", "rules.inputs", "rules.vault_asks"},
    "devnet": {"devnet"},
    "config": {"money", "ratios", "market"},
    # A bot is a pure plan over what the desk shows it: inputs it hands in, what kinds fall due, how the funds stand
    "bots": {"bots", "journal", "money", "rules.outlook", "rules.schedule", "rules.shared_outlook", *VALUES}
    | {"chain.claims", "keeper.audit", "keeper.changes", "keeper.desk", "keeper.vaults"},
    "keeper": {
        "keeper",
        "bots",
        "chain",
        "config",
        "journal",
        "ledger",
        "market",
        "marks",
        "money",
        "rules.schedule",
        *VALUES,
    },
    "cli": {
        "cli",
        "bootstrap",
        "bootstrap_views",
        "marks",
        "chain",
        "config",
        "journal",
        "keeper",
        "public",
        "rehearsal",
        "story",
        *EXACT,
        *VALUES,
    },
    "story": {"story", "bootstrap", "bots", "chain", "cli", "config", "journal", "money", "ratios", *VALUES},
    "rehearsal": {"rehearsal", "rules", "config", *EXACT},
    # A rehearsal with people: real accounts on an embedded chain, prices and parameters from a scenario
    "public": {"public", "bootstrap", "chain", "cli.output", "cli.reading", "journal", "money", "ratios", "story"}
    | {"rehearsal.prices", "rehearsal.scenario"},
    "web": {"web", "bootstrap", "config", "journal", "keeper.health", "money", "ratios"},
    # It wires the rooms together, and picks what is real
    "bootstrap": {"bots", "chain", "cli.wallet", "config", "journal", "keeper", *VALUES},
    "bootstrap_views": {"bootstrap", "chain", "config", "journal", "keeper", *VALUES},
}

STANDARD_LIBRARY_ONLY = {"money", "ratios", "market", "ledger", "rules"}

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("keeper/intake.py", "rules.state"): "names the type of an open order of the engine",
    ("keeper/folded.py", "rules.engine"): "the one place in the keeper that applies inputs: folding, and taking more",
    ("keeper/setup.py", "rules.feeds"): "takes a feed that was seen as the rules take it",
    ("keeper/intake.py", "rules.outlook"): "asks the rules how the funds stand, for the bots' view",
    ("keeper/intake.py", "rules.shared_outlook"): "asks the rules what shared pools would miss, for the bots' view",
    ("bots/bonds.py", "rules.book"): "writes a time as people read it",
    ("cli/play.py", "rules.engine"): "folds a file of inputs: no keeper and no journal are there",
    ("cli/trial.py", "rules.engine"): "the dry run: the same rules on a copy",
    ("cli/reading.py", "rules.engine"): "folds the journal to ask the rules what would be, and throws it away",
    ("cli/insurance.py", "rules.engine"): "plays the folded journal ahead: what the fund expects",
    ("cli/insurance.py", "rules.outlook"): "asks the rules how the funds stand",
    ("cli/accounts.py", "rules.shared_outlook"): "asks the rules what a lender has in a shared pool",
    ("cli/auctions.py", "rules.auctions"): "asks the rules for a reserve instead of working it out again",
    ("cli/auctions.py", "rules.state"): "asks the rules when a round closes instead of working it out again",
    ("cli/shared.py", "rules.shared_outlook"): "asks the rules how the pool stands and what it would cost",
    ("cli/shared.py", "rules.shared_pool"): "asks the rules whether a request could pass, before it is sent",
    ("cli/vault_moving.py", "rules.engine"): "the request tried out on a copy before anything is sent",
    ("cli/vault_trial.py", "rules.book"): "a refusal of the rules, to be shown",
    ("cli/vault_trial.py", "rules.borrowing"): "asks the rules for a plan instead of working it out again",
    ("cli/vault_trial.py", "rules.engine"): "names the type of the folded journal",
    ("cli/vault_trial.py", "rules.state"): "names the type of a position",
    ("cli/vault_view.py", "rules.engine"): "names the type of the folded journal",
    ("cli/vault_view.py", "rules.loans"): "asks the rules for a period's interest instead of working it out again",
    ("config.py", "rules.shared_rates"): "the parameters of a shared pool, read and checked where they stand",
    ("keeper/setup.py", "rules.shared_rates"): "compares a shared pool's parameters with the configuration's",
    ("cli/devnet.py", "devnet.command"): "starts the embedded node: the only place that knows it",
    ("rehearsal/feed_prices.py", "devnet.amounts"): "prices are scaled by the chain's own code",
    ("rehearsal/fast_market.py", "devnet.amounts"): "hands prices to the search for a target ratio",
    ("rehearsal/fast_market.py", "devnet.objects"): "hands a position to it",
    ("rehearsal/fast_market.py", "devnet.targets"): "the chain's own search, not a second copy",
    (
        "rehearsal/plain_market.py",
        "devnet.amounts",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.calls",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.chain",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.constants",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.errors",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.evaluator",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.fees",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.objects",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.operations",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.serial",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.state",
    ): "the embedded node's own market, in process: what the fast one is measured by",
    (
        "rehearsal/plain_market.py",
        "devnet.store",
    ): "the embedded node's own market, in process: what the fast one is measured by",
}


def _files():
    for path in sorted([*PACKAGE.rglob("*.py"), *(ROOT / "bots").rglob("*.py")]):
        inside = path.relative_to(ROOT / "bots").parts if path.is_relative_to(ROOT / "bots") else None
        parts = ("bots", *inside) if inside is not None else path.relative_to(PACKAGE).parts
        if inside is None and parts[0] == "bots":
            continue  # the link to bots/, read where it stands
        yield path, "/".join(parts)


def _module_of(name):
    return tuple(name.removesuffix(".py").removesuffix("/__init__").split("/"))


@functools.cache
def _imports(path, name):
    """All modules that a file imports, as dotted names; our own begin with a point."""
    return tuple(_read_imports(path, name))


def _read_imports(path, name):
    here = _module_of(name)
    inside = here if name.endswith("__init__.py") else here[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _ours([*alias.name.split(".")], ())
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = ["bsip_mplp", *inside[: len(inside) - node.level + 1]]
                yield from _ours([*base, *(node.module or "").split(".")], [a.name for a in node.names])
            else:
                yield from _ours((node.module or "").split("."), [alias.name for alias in node.names])


def _ours(parts, names):
    parts = [part for part in parts if part]
    if parts[0] != "bsip_mplp":
        yield parts[0]
        return
    inside = parts[1:]
    for name in names or [None]:
        full = [*inside, name] if name is not None and _is_module([*inside, name]) else inside
        yield "." + ".".join(full[:2])


def _is_module(parts):
    folder = PACKAGE.joinpath(*parts)
    return folder.is_dir() or folder.with_suffix(".py").exists()


def _room(name):
    return name.split("/", 1)[0].removesuffix(".py")


FILES = [pytest.param(path, name, id=name) for path, name in _files() if name != "__init__.py"]
USED: set[tuple[str, str]] = set()


def _forbidden(path, name):
    allowed = ROOMS[_room(name)]
    for module in _imports(path, name):
        if not module.startswith(".") or module == ".":
            continue
        target = module[1:]
        if target in allowed or target.split(".")[0] in allowed:
            continue
        if (name, target) in EXCEPTIONS:
            USED.add((name, target))
        else:
            yield target


@pytest.mark.parametrize(("path", "name"), FILES)
def test_a_file_imports_only_what_its_room_may_know(path, name):
    assert _room(name) in ROOMS, f"{_room(name)} is a new room: say in ROOMS what it may know"

    assert sorted(set(_forbidden(path, name))) == []


@pytest.mark.parametrize(("path", "name"), [file for file in FILES if _room(file.values[1]) in STANDARD_LIBRARY_ONLY])
def test_the_engine_and_the_ledger_know_the_standard_library_only(path, name):
    others = {module for module in _imports(path, name) if not module.startswith(".")}

    assert others <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(("path", "name"), [file for file in FILES if _room(file.values[1]) == "rules"])
def test_the_engine_reads_no_clock_no_file_and_no_chance(path, name):
    """G-4 and PL-I5: nothing of the standard library that would let two machines differ."""
    others = {module for module in _imports(path, name) if not module.startswith(".")}

    assert not others & {
        "time",
        "random",
        "secrets",
        "os",
        "pathlib",
        "io",
        "socket",
        "sqlite3",
        "threading",
        "asyncio",
    }


def test_every_exception_is_needed():
    for path, name in _files():
        if name != "__init__.py":
            list(_forbidden(path, name))

    assert set(EXCEPTIONS) == USED


def test_the_net_catches_an_import_that_is_not_allowed(tmp_path):
    """The check itself: a rule that opened a journal, also by a relative import or for types only."""
    for number, text in enumerate(
        (
            "from bsip_mplp.journal import read",
            "from ..journal import read",
            "if TYPE_CHECKING:\n    import bsip_mplp.journal.read",
        )
    ):
        path = tmp_path / f"{number}.py"
        path.write_text(text, encoding="utf-8")
        assert list(_forbidden(path, "rules/pools.py")) == ["journal.read"]
