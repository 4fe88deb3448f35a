"""Goal: the node stays a room of its own. Method: its imports and its public names are read from the source."""

import ast
from pathlib import Path

from bsip_mplp import devnet

ROOM = Path(devnet.__file__).parent


def imported_modules(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_it_imports_nothing_from_the_rest_of_the_package():
    for file in ROOM.glob("*.py"):
        for name in imported_modules(file):
            assert not name.startswith(("bsip_mplp", "..")), f"{file.name} imports {name}"


def test_no_floats_in_money():
    """Floats are for seconds on the clock, and for reading JSON that has them."""
    may = {"clock.py", "command.py", "serving.py", "serial.py", "rpc.py"}
    for file in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            is_float = (isinstance(node, ast.Constant) and isinstance(node.value, float)) or (
                isinstance(node, ast.Name) and node.id == "float"
            )
            assert file.name in may or not is_float, f"{file.name}:{node.lineno}"


def test_public_names():
    assert devnet.__all__ == sorted(devnet.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert all(hasattr(devnet, name) for name in devnet.__all__)
    assert all(getattr(devnet, name).__doc__ for name in devnet.__all__ if not name.isupper())
