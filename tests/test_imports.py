"""The rooms and who may import whom, read from the sources, without importing anything.

Imports go down the list of rooms, never up. The checker is a function of module names and sources; every rule is proved
by a source that breaks it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

#: The rooms of the engine from the ground up; those on one line may import each other. A room that stands nowhere is
#: above all of these: it may import everything, and nobody here may import it.
FLOORS = [
    "shapes decimal_functions complex_functions number_kinds numeric numeric_unary numeric_binary numeric_choice",
    "kernels",
    "primitives nested printing methods protocols modes anomaly notes",
    "value",
    "operations",
    "functions vjps",
    "hooks walk backward",
    "custom recompute evaluation trees transforms",
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}
TOP = len(FLOORS)

NUMBERS = set(FLOORS[0].split()) - {"shapes"}
MAY_ONLY = {"kernels": {*NUMBERS, "shapes", "kernels"}, "vjps": NUMBERS}
SEE_HANDWRITTEN = ("nn.handwritten", "nn.compare", "nn.commands", "nn.cli")
NOBODYS = ("graph", "compiler")  # rooms that read recorded graphs, and that the engine does without


class Import(NamedTuple):
    """One imported module, and the names taken from it."""

    line: int
    module: str
    names: tuple[str, ...]
    late: bool  # inside a function: it runs only if that is called


def imports(name: str, source: str, modules: set[str], is_package: bool) -> Iterator[Import]:
    """Imports that run; what stands under ``if TYPE_CHECKING`` does not."""
    package = name if is_package else name.rpartition(".")[0]

    def walk(node: ast.AST, late: bool) -> Iterator[Import]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.orelse:
                yield from walk(child, late)
            return
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, (), late)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                if f"{module}.{alias.name}" in modules:
                    yield Import(node.lineno, f"{module}.{alias.name}", (), late)
                else:
                    yield Import(node.lineno, module, (alias.name,), late)
        late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, late)

    return walk(ast.parse(source), False)


def room_of(module: str) -> str:
    """The room of the engine that a module stands in."""
    return module.split(".")[1] if "." in module else "__init__"


def violations(sources: dict[str, str], packages: set[str], public: set[str]) -> list[str]:
    """What breaks a rule, one line each.

    Args:
        sources: source by module name.
        packages: the module names that are packages.
        public: what nn may import from tinygrad_lists.
    """
    found = []
    for name, source in sources.items():
        for i in imports(name, source, set(sources), name in packages):
            problem = _engine(name, i) if name.startswith("tinygrad_lists") else _nn(name, i, public)
            problem = problem or _outside(i)
            if "*" in i.names:
                problem = "imports a star"
            if problem:
                found.append(f"{name}:{i.line}: {i.module}: {problem}")
    return found


def _outside(i: Import) -> str | None:
    top = i.module.partition(".")[0]
    if top in {"tinygrad_lists", "nn"} or top in sys.stdlib_module_names or i.late:
        return None
    return "no part of the standard library; import it where it is used, inside a function"


def _engine(name: str, i: Import) -> str | None:
    if i.module.partition(".")[0] == "nn":
        return "the engine does not know nn"
    if not i.module.startswith("tinygrad_lists") or name == "tinygrad_lists":
        return None
    room, target = room_of(name), room_of(i.module)
    if target in NOBODYS and room not in NOBODYS:
        return "read by no engine file"
    if room in MAY_ONLY and target not in MAY_ONLY[room]:
        return f"{room} may import {', '.join(sorted(MAY_ONLY[room]))} only"
    if FLOOR.get(target, -1 if target == "__init__" else TOP) > FLOOR.get(room, TOP) or target == "__init__":
        return f"an import up the list of rooms, from {room}"
    return None


def _nn(name: str, i: Import, public: set[str]) -> str | None:
    if within(name, "nn.handwritten"):
        if i.module.partition(".")[0] in {"nn", "tinygrad_lists"} and not within(i.module, "nn.handwritten"):
            return "handwritten is an independent witness"
        return None
    if within(i.module, "nn.handwritten") and not any(within(name, room) for room in SEE_HANDWRITTEN):
        return "only compare and the command line see both sides"
    # The graph and the compiler are packages with public names of their own, for the command line.
    if i.module in NOBODYS_PACKAGES and set(i.names) <= NOBODYS_PACKAGES[i.module] and within(name, "nn.commands"):
        return None
    # A public room is taken whole: `from tinygrad_lists import functions`.
    taken = set(i.names) if i.module == "tinygrad_lists" else {i.module.removeprefix("tinygrad_lists.")}
    if within(i.module, "tinygrad_lists") and (not taken <= public or (i.names and i.module != "tinygrad_lists")):
        return f"nn imports public names of tinygrad_lists only, not {', '.join(i.names) or 'its rooms'}"
    return None


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def public_names(source: str) -> set[str]:
    """``__all__``, read from the source."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def read_sources() -> tuple[dict[str, str], set[str]]:
    sources, packages = {}, set()
    for top in ("tinygrad_lists", "nn"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[-1] == "__init__":
                parts = parts[:-1]
                packages.add(".".join(parts))
            sources[".".join(parts)] = path.read_text(encoding="utf-8")
    return sources, packages


NOBODYS_PACKAGES = {
    f"tinygrad_lists.{room}": public_names(read_sources()[0][f"tinygrad_lists.{room}"]) for room in NOBODYS
}


def test_everybody_keeps_to_the_rooms() -> None:
    sources, packages = read_sources()
    public = public_names(sources["tinygrad_lists"])
    assert len(sources) > 50
    assert not violations(sources, packages, public), "\n".join(violations(sources, packages, public))


def test_every_floor_has_its_rooms() -> None:
    """A name on the list that no file has would guard nothing."""
    sources, _ = read_sources()
    rooms = {room_of(name) for name in sources if name.startswith("tinygrad_lists.")}
    assert set(FLOOR) <= rooms


def test_every_module_says_what_it_exports() -> None:
    """But the program, templates for the user to fill in, and packages that hold modules and nothing else."""
    sources, _ = read_sources()
    for name, source in sources.items():
        if name != "nn.__main__" and not within(name, "nn.compare.templates") and len(ast.parse(source).body) > 1:
            assert public_names(source), name


BAD = [
    ("tinygrad_lists.kernels.matmul", "from ..value import Value", "kernels may import"),
    ("tinygrad_lists.kernels.matmul", "from .. import operations", "kernels may import"),
    ("tinygrad_lists.vjps", "from .value import Value", "vjps may import"),
    ("tinygrad_lists.vjps", "def f():\n    from .shapes import numel", "vjps may import"),
    ("tinygrad_lists.value", "from .functions import exp", "an import up"),
    ("tinygrad_lists.value", "def f():\n    from . import backward", "an import up"),
    ("tinygrad_lists.value", "import tinygrad_lists", "an import up"),
    ("tinygrad_lists.value", "from tinygrad_lists import no_grad", "an import up"),
    ("tinygrad_lists.operations", "from .somewhere_new import x", "an import up"),
    ("tinygrad_lists.backward", "from .graph import capture", "read by no engine file"),
    ("tinygrad_lists.transforms", "from .compiler.passes import fuse", "read by no engine file"),
    ("tinygrad_lists.graph.capture", "import nn", "the engine does not know nn"),
    ("tinygrad_lists.transforms", "def f():\n    from nn.module import Module", "the engine does not know nn"),
    ("tinygrad_lists.value", "import numpy", "no part of the standard library"),
    (
        "nn.plots",
        "try:\n    import matplotlib.pyplot as plt\nexcept ImportError:\n    plt = None",
        "no part of the standard",
    ),
    (
        "nn.layers.conv",
        "from tinygrad_lists.value import constant",
        "public names of tinygrad_lists only, not constant",
    ),
    ("nn.layers.conv", "import tinygrad_lists.kernels.conv", "public names of tinygrad_lists only"),
    ("nn.layers.conv", "from tinygrad_lists import _secret", "public names of tinygrad_lists only, not _secret"),
    ("nn.layers.conv", "from tinygrad_lists import *", "star"),
    ("nn.layers.conv", "from tinygrad_lists import backward", "public names of tinygrad_lists only"),
    ("nn.layers.conv", "from tinygrad_lists.backward import gradients", "public names of tinygrad_lists only"),
    ("nn.layers.conv", "from tinygrad_lists.graph import capture", "public names of tinygrad_lists only"),
    ("nn.commands.draw", "from tinygrad_lists.graph import _secret", "public names of tinygrad_lists only"),
    ("nn.commands.bench", "from tinygrad_lists.compiler.build import library", "public names of tinygrad_lists only"),
    ("nn.trainer", "from .handwritten import Network", "only compare and the command line see both sides"),
    ("nn.handwritten.conv", "from tinygrad_lists import Value", "independent witness"),
    ("nn.handwritten.conv", "from nn.init import sine", "independent witness"),
    ("nn.handwritten.conv", "from .. import init", "independent witness"),
]


@pytest.mark.parametrize(("name", "source", "problem"), BAD)
def test_what_breaks_a_rule_is_found(name: str, source: str, problem: str) -> None:
    known = dict.fromkeys(["tinygrad_lists.operations", "tinygrad_lists.backward", "nn.init", "nn.handwritten"], "")
    (found,) = violations({**known, name: source}, {"nn.handwritten"}, {"Value", "no_grad"})
    assert found.startswith(f"{name}:")
    assert problem in found


GOOD = [
    (
        "tinygrad_lists.kernels.matmul",
        "from ..shapes import Shape\nfrom .movement import crop\nfrom ..numeric import exp",
    ),
    ("tinygrad_lists.value", "if TYPE_CHECKING:\n    from .functions import exp\n    import numpy"),
    ("tinygrad_lists.graph.capture", "from ..backward import reachable\nfrom ..compiler import x"),
    ("tinygrad_lists.check.oracles", "from ..transforms import grad\nfrom math import inf"),
    ("nn.plots", "def plot():\n    import matplotlib"),
    ("nn.losses", "from tinygrad_lists import functions\nimport tinygrad_lists"),
    ("nn.trainer", "from tinygrad_lists import Value, no_grad\nfrom .module import Module"),
    ("nn.compare.report", "from nn.handwritten import Layer\nfrom .metrics import Metrics"),
    ("nn.handwritten.conv", "import math\nfrom .layer import Layer\nfrom nn.handwritten.nested import zeros"),
]


@pytest.mark.parametrize(("name", "source"), GOOD)
def test_what_keeps_the_rules_is_let_through(name: str, source: str) -> None:
    known = {"tinygrad_lists.functions": ""}
    assert violations({**known, name: source}, set(), {"Value", "no_grad", "functions"}) == []
