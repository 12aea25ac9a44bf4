"""Fingerprint of a model by the content of its files."""

from __future__ import annotations

from pathlib import Path

from vireo.artifacts.files import digest_of_file, digest_of_json

_ENDINGS = (".safetensors", ".json")


def digest_of_weights(path: Path) -> str:
    """Hash of a model directory, or of a model file and the files of its stem beside it."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in _ENDINGS)
    else:
        files = sorted(path.parent.glob(f"{_literal(path.stem)}.*"))
    return digest_of_json([[file.name, digest_of_file(file)] for file in files if file.is_file()])


def _literal(name: str) -> str:
    """The name with the wildcards of `glob` escaped."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
