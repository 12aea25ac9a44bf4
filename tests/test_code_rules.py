"""Rules of the code: imports, cycles, names, file lengths, forbidden calls."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import vireo
from vireo.pipeline import STAGES
from vireo.registry import load_object
from vireo.workspace.registries import REGISTRIES

SOURCE = Path(vireo.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = (
    *("torch", "transformers", "onnxruntime", "matplotlib", "sklearn", "av", "implicit"),
    *("fastapi", "uvicorn", "starlette", "prometheus_client", "jinja2"),
)


def module_name(path: Path) -> str:
    parts = ["vireo", *path.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import vireo",
        "import vireo; vireo.Workspace; vireo.Config; vireo.Query",
        "from typer.testing import CliRunner\nfrom vireo.cli import app\n"
        "r = CliRunner().invoke(app, ['--help']); assert r.exit_code == 0, r.output",
    ],
)
def test_the_front_door_and_the_help_stay_light(code: str) -> None:
    loaded = loaded_after(code)
    assert not loaded & set(HEAVY)


def top_level_imports(path: Path) -> set[str]:
    """vireo modules that this one imports when it is loaded (not those for type checkers)."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("vireo"):
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.startswith("vireo"))
    return found


def test_no_import_cycles() -> None:
    names = {module_name(path): path for path in MODULES}
    graph = {name: top_level_imports(path) & set(names) for name, path in names.items()}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name in done:
            return
        for other in sorted(graph[name] - {name}):
            walk(other, (*trail, name))
        done.add(name)

    for name in graph:
        walk(name, ())


def outside_roots(path: Path) -> set[str]:
    """Top-level names of everything that a file imports when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    roots = {a.name for n in tree.body if isinstance(n, ast.Import) for a in n.names}
    roots |= {n.module or "" for n in tree.body if isinstance(n, ast.ImportFrom)}
    return {root.split(".")[0] for root in roots}


def heavy_modules() -> set[str]:
    """Modules of ours that load one of HEAVY, themselves or through others of ours."""
    names = {module_name(path): path for path in MODULES}
    graph = {name: top_level_imports(path) & set(names) for name, path in names.items()}
    heavy = {name for name, path in names.items() if outside_roots(path) & set(HEAVY)}
    while grown := {name for name in graph if graph[name] & heavy} - heavy:
        heavy |= grown
    return heavy


SHELLS = ("vireo.cli", "vireo.workspace")
"""Packages above all others: they may load a package when a method needs it."""


def test_imports_inside_functions_only_put_off_heavy_libraries() -> None:
    """Never to hide a cycle. And no relative imports, so that names can be searched."""
    heavy = heavy_modules()
    for path in MODULES:
        shell = module_name(path).startswith(SHELLS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not shell:
                inner = [n.module or "" for n in ast.walk(node) if isinstance(n, ast.ImportFrom)]
                ours = [m for m in inner if m.startswith("vireo") and m not in heavy]
                assert not ours, f"{path}:{node.lineno} hides an import of {ours}"
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}:{node.lineno} imports relatively"


def all_imports(path: Path) -> set[str]:
    """vireo modules that a file imports anywhere, for type checkers and in functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vireo"):
            found.update({f"{node.module}.{alias.name}" for alias in node.names})
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.startswith("vireo"))
    return found


def package_of(module: str) -> str:
    """The package or module directly below `vireo`."""
    return module.split(".")[1] if "." in module else "vireo"


def test_no_cycle_between_packages() -> None:
    """Imports for type checkers and inside functions count."""
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        own = package_of(module_name(path))
        graph.setdefault(own, set()).update(package_of(name) for name in all_imports(path))
    reached = {name: graph[name] - {name} for name in graph}
    for _ in graph:  # the transitive closure of the imports
        for targets in reached.values():
            targets |= {far for near in tuple(targets) for far in reached.get(near, ())}
    knot = sorted(name for name, targets in reached.items() if name in targets)
    assert not knot, f"these packages import each other: {', '.join(knot)}"


def test_no_public_class_name_twice() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(module_name(path))
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


def test_the_demo_and_the_road_share_nothing_but_files() -> None:
    """The generator must not know the road, nor the road the generator: it could leak answers."""
    ground = ("vireo.demo", "vireo.engine", "vireo.errors", "vireo.arrays", "vireo.registry")
    for path in MODULES:
        name, imports = module_name(path), top_level_imports(path)
        if name.startswith("vireo.demo") and name != "vireo.demo.run_demo":
            assert all(used.startswith(ground) for used in imports), name
        if not name.startswith(("vireo.demo", "vireo.cli")):
            assert not any(used.startswith("vireo.demo") for used in imports), name


FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}


def test_no_pickle_no_eval_no_shell() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            place = f"{path}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                assert not {a.name.split(".")[0] for a in node.names} & FORBIDDEN_MODULES, place
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in FORBIDDEN_MODULES, place
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in FORBIDDEN_CALLS, place
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "torch.load",
                "torch.save",
            ):
                pytest.fail(f"{place} uses torch's pickle format")
            if isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
                assert isinstance(node.value, ast.Constant), place
                assert node.value.value is False, place


def test_no_library_that_breaks_transformers() -> None:
    assert find_spec("timm") is None
    assert find_spec("torchvision") is None


@pytest.mark.parametrize(
    ("menu", "name"), [(m, n) for m in REGISTRIES for n in REGISTRIES[m].names()]
)
def test_every_part_of_every_menu_can_be_loaded(menu: str, name: str) -> None:
    assert callable(REGISTRIES[menu].get(name))


@pytest.mark.parametrize("stage", STAGES)
def test_one_word_per_stage(stage: str) -> None:
    """Its folder, its row, its section and its docs page all carry the same word."""
    row = STAGES[stage]
    assert (SOURCE / stage / "build.py").is_file()
    assert hasattr(vireo.Config(), stage)
    assert (SOURCE.parent.parent / "docs" / f"{stage}.md").is_file()
    assert callable(load_object(row.build))
    assert {"save", "load", "summary"} <= set(dir(load_object(row.output)))


def test_public_names_are_there() -> None:
    for name in vireo.__all__:
        assert getattr(vireo, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = vireo.nothing


def test_every_file_says_what_it_is() -> None:
    for path in MODULES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path


def test_files_stay_short_enough_to_read_in_one_go() -> None:
    for path in MODULES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 320, path
