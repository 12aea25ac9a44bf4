"""Make the environments of the peers, each from its pinned list: python bench/peers/install.py

A list names in its header the version of Python, what must be there `first`, and pip's `flags`.
Environments are made with venv and pip in WORK/envs; one that is complete is left alone.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]


@dataclass(frozen=True)
class Environment:
    """One pinned list."""

    name: str
    python: str
    first: tuple[str, ...]
    """Requirements to install before the others (torch, or what a build needs)."""
    flags: tuple[str, ...]
    digest: str

    @staticmethod
    def read(path: Path) -> Environment:
        text = path.read_text(encoding="utf-8")
        header = dict(
            line[2:].split(": ", 1)
            for line in text.splitlines()
            if line.startswith(("# python: ", "# first: ", "# flags: "))
        )
        return Environment(
            name=path.stem,
            python=header.get("python", "3.11"),
            first=tuple(header.get("first", "").split()),
            flags=tuple(header.get("flags", "").split()),
            digest=hashlib.sha256(text.encode()).hexdigest(),
        )

    def commands(self, place: Path) -> list[list[str]]:
        """What makes it, as argument lists."""
        pip = [str(place / "bin" / "python"), "-m", "pip"]
        install = [*pip, "install", "--quiet", "--disable-pip-version-check"]
        steps = [[_python(self.python), "-m", "venv", str(place)]]
        if self.first:
            steps.append([*install, *self.first])
        steps.append([*install, *self.flags, "-r", str(FOLDER / f"{self.name}.txt")])
        return [*steps, [*pip, "check"]]


def install(environment: Environment, envs: Path) -> str:
    """Make one environment unless it is complete. -> one line that says what was done."""
    place = envs / environment.name
    mark = place / "installed.sha256"
    if mark.is_file() and mark.read_text(encoding="ascii").strip() == environment.digest:
        return f"{environment.name}: is there"
    shutil.rmtree(place, ignore_errors=True)
    for command in environment.commands(place):
        if subprocess.run(command, check=False).returncode:
            return f"{environment.name}: FAILED at: {' '.join(command)}"
    mark.write_text(environment.digest + "\n", encoding="ascii")
    return f"{environment.name}: made"


def _python(version: str) -> str:
    """An interpreter of that version: this one if it fits, else pythonX.Y from the path."""
    if sys.version_info[:2] == tuple(int(part) for part in version.split(".")):
        return sys.executable
    found = shutil.which(f"python{version}")
    if found is None:
        raise SystemExit(f"Python {version} is needed and was not found: install python{version}.")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the named environments, or all of them; 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="all of them unless named")
    parser.add_argument("--work", type=Path, default=ROOT / "bench" / ".work")
    given = parser.parse_args(arguments)
    paths = sorted(FOLDER.glob("*.txt"))
    known = [path.stem for path in paths]
    if unknown := sorted(set(given.names) - set(known)):
        parser.error(f"no list for {', '.join(unknown)}; there are {', '.join(known)}")
    failed = False
    for path in paths:
        if not given.names or path.stem in given.names:
            line = install(Environment.read(path), given.work / "envs")
            sys.stdout.write(line + "\n")
            failed |= "FAILED" in line
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
