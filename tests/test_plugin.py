"""The example plug-in is installed as a package and used through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).resolve().parent.parent / "examples" / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the installed plug-in; its build files stay out of the checkout."""
    home = tmp_path_factory.mktemp("plugin")
    source = home / "source"
    subprocess.run(["cp", "-r", str(PLUGIN), str(source)], check=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([*command, "--target", str(home / "site"), str(source)], check=True)
    return home / "site"


def run(installed: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_parts_pass_the_contracts(installed: Path) -> None:
    tests = str(PLUGIN / "tests")
    run(installed, "-m", "pytest", tests, "-q", "-p", "no:cacheprovider", "--rootdir", tests)


def test_reader_expert_and_rule_make_a_list(installed: Path, tmp_path: Path) -> None:
    vireo = ("-m", "vireo")
    for menu, name in (
        ("readers", "sequences"),
        ("experts", "markov-chain"),
        ("rules", "distinct-titles"),
    ):
        rows = json.loads(run(installed, *vireo, "list", menu, "--json"))
        assert {"name": name} in rows
    table = tmp_path / "sequences.txt"
    lines = [f"u{number}: v{number % 3} v{(number + 1) % 3} w{number % 4}" for number in range(30)]
    table.write_text("\n".join([*lines, "nobody and nothing", "ana: v0"]), encoding="utf-8")
    where = ("-w", str(tmp_path / "ws"))
    run(installed, *vireo, "new", str(tmp_path / "ws"))
    toml = tmp_path / "ws" / "vireo.toml"
    text = toml.read_text(encoding="utf-8")
    text = text.replace("[interest]", '[interest]\nexperts = ["popularity", "markov-chain"]', 1)
    text = text.replace("[recommend]", '[recommend]\nrules = ["seen", "distinct-titles"]', 1)
    toml.write_text(text, encoding="utf-8")
    said = json.loads(
        run(
            installed,
            *vireo,
            "ingest",
            *where,
            "--events",
            str(table),
            "--format",
            "sequences",
            "--json",
        )
    )
    assert said["events"]["read"] == 32
    assert said["events"]["accepted"] == 31
    run(installed, *vireo, "build", *where)
    found = json.loads(run(installed, *vireo, "recommend", "ana", *where, "--json"))
    first = found[0]["recommendations"][0]
    assert first["video_id"] == "v1", "v0 is always followed by v1 at first"
    assert "markov-chain" in first["sources"]
