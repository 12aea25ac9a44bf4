"""Figures of the code's structure: python -m bench.structure [--json] [--graph]

Largest cycle between packages, public class names used twice, files that one warm
`Workspace.recommend` enters (`sys.setprofile`), modules that `vireo recommend` imports, lines.
`--graph` writes the package graph into docs/architecture.md.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import vireo
from vireo.testing import tiny_world

SOURCE = Path(vireo.__file__).parent
Graph = dict[str, set[str]]


def module_name(path: Path) -> str:
    """src/vireo/a/b.py -> vireo.a.b"""
    parts = ["vireo", *path.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """vireo modules that a file imports anywhere, for type checkers and in functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vireo"):
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def packages() -> Graph:
    """Package or top-level module -> those that it imports."""
    graph: Graph = {}
    for path in SOURCE.rglob("*.py"):
        own = _package(module_name(path))
        others = {_package(name) for name in imports_of(path)} - {own, "vireo"}
        graph.setdefault(own, set()).update(others)
    graph.pop("vireo", None)
    return {name: others & set(graph) for name, others in graph.items()}


def _package(module: str) -> str:
    return module.split(".")[1] if "." in module else "vireo"


def largest_cycle(graph: Graph) -> int:
    """Nodes of the largest strongly connected component."""
    reached = {name: set(others) for name, others in graph.items()}
    for _ in graph:
        for targets in reached.values():
            targets |= {far for near in tuple(targets) for far in reached.get(near, ())}
    return max(sum(a in reached[b] and b in reached[a] for b in graph) or 1 for a in graph)


BASE = ("arrays", "errors", "registry", "settings", "version")
"""Modules that nearly every package imports: one node of the graph."""
PAGE = Path("docs/architecture.md")
BLOCK = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)


def reduced(graph: Graph) -> Graph:
    """The graph without the edges that a longer path replaces (transitive reduction)."""
    reached = {name: set(others) for name, others in graph.items()}
    for _ in graph:
        for targets in reached.values():
            targets |= {far for near in tuple(targets) for far in reached.get(near, ())}
    return {
        name: {
            other
            for other in others
            if not any(other in reached[near] for near in others - {other})
        }
        for name, others in graph.items()
    }


def mermaid(graph: Graph) -> str:
    """The package graph as a Mermaid block; `base` stands for the modules of BASE."""
    names = {name: "base" if name in BASE else name for name in graph}
    merged: Graph = {}
    for name, others in graph.items():
        own = merged.setdefault(names[name], set())
        own.update({names[other] for other in others} - {names[name]})
    shown = reduced({name: others for name, others in merged.items() if name != "__main__"})
    edges = [f"    {name} --> {other}" for name in sorted(shown) for other in sorted(shown[name])]
    return "\n".join(["```mermaid", "graph TD", *edges, "```", ""])


def names_taken_twice() -> dict[str, int]:
    """Public class names that several modules define."""
    names: Counter[str] = Counter()
    for path in SOURCE.rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        names.update(n.name for n in body if isinstance(n, ast.ClassDef) and n.name[0] != "_")
    return {name: count for name, count in names.items() if count > 1}


def built(folder: Path) -> Path:
    """A built workspace over the tiny world of the contract tests."""
    world = tiny_world(folder / "world")
    workspace = vireo.Workspace.create(folder / "workspace")
    workspace.ingest(world.videos, world.events)
    workspace.build(fast=True)
    workspace.close()
    return workspace.path


def files_entered(path: Path) -> tuple[list[str], int]:
    """Files in the order in which one warm `recommend` enters them, and moves between files."""
    workspace = vireo.Workspace.open(path)
    workspace.recommend("ana", 10)
    order: dict[str, None] = {}
    moves, last = 0, ""

    def profile(frame: FrameType, event: str, _: Any) -> None:
        nonlocal moves, last
        name = frame.f_code.co_filename
        if event != "call" or not name.startswith(str(SOURCE)):
            return
        order.setdefault(str(Path(name).relative_to(SOURCE)), None)
        moves, last = moves + (name != last), name

    sys.setprofile(profile)
    try:
        workspace.recommend("ana", 10)
    finally:
        sys.setprofile(None)
    return list(order), moves


def modules_imported(path: Path) -> list[str]:
    """vireo modules that `vireo recommend ana` imports."""
    code = (
        "import sys; from vireo.cli import app\n"
        f"try: app(['recommend', 'ana', '-w', {str(path)!r}], standalone_mode=False)\n"
        "except SystemExit: pass\n"
        "print('\\n'.join(m for m in sorted(sys.modules) if m.split('.')[0] == 'vireo'),"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [line for line in done.stderr.splitlines() if line.startswith("vireo")]


def lines() -> int:
    """Lines of the package."""
    return sum(len(p.read_text(encoding="utf-8").splitlines()) for p in SOURCE.rglob("*.py"))


def figures(folder: Path) -> dict[str, Any]:
    """All figures."""
    path = built(folder)
    entered, moves = files_entered(path)
    modules = modules_imported(path)
    return {
        "largest_cycle": largest_cycle(packages()),
        "class_names_twice": names_taken_twice(),
        "files_entered": len(entered),
        "moves": moves,
        "entered": entered,
        "modules_imported": len(modules),
        "unwanted_modules": [
            m for m in modules if _package(m) in ("evaluation", "batch", "server")
        ],
        "modules": modules,
        "source_lines": lines(),
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="everything, with the lists of names")
    parser.add_argument("--graph", action="store_true", help=f"write the graph into {PAGE}")
    asked = parser.parse_args()
    if asked.graph:
        page = PAGE.read_text(encoding="utf-8")
        block = mermaid(packages())
        PAGE.write_text(BLOCK.sub(lambda _: block, page, count=1), encoding="utf-8")
        return 0
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with tempfile.TemporaryDirectory() as folder:
        found = figures(Path(folder))
    if asked.json:
        print(json.dumps(found, indent=1))
        return 0
    for name, value in found.items():
        if name not in ("entered", "modules"):
            print(f"{name:20} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
