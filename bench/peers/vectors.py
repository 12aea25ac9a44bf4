"""The texts of a split's items -> WORK/vectors/<set>.npz, for every peer that reads texts.

Run in Vireo's own environment: python bench/peers/vectors.py SPLIT... [--work DIR]
The vectors are those of Vireo's default language model (MiniLM), title and text in one piece.
Of long texts the first MAX_CHARACTERS count, as sentence encoders cut them too. Texts that were
embedded before are read from WORK/cache.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vireo.engine import Context, EngineSection, LogProgress
from vireo.engine.serial import Serial
from vireo.language import LanguageSection, load

MAX_CHARACTERS = 2000
ROOT = Path(__file__).resolve().parents[2]


def make(split: Path, work: Path) -> Path:
    """Embed the items of one split directory; the file of an earlier split of the set grows."""
    about = json.loads((split / "about.json").read_text(encoding="utf-8"))
    lines = (split / "items.jsonl").read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    texts = {str(item["id"]): _text(item) for item in items}
    path = work / "vectors" / f"{about['set']}.npz"
    if path.is_file():
        with np.load(path, allow_pickle=False) as held:
            if set(texts) <= {str(name) for name in held["ids"]}:
                return path
    cache = work / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    context = Context(Serial(EngineSection()), cache, LogProgress(), seed=0)
    start = time.perf_counter()
    vectors = load(LanguageSection(), context).embed(list(texts.values()), context.progress)
    seconds = np.array(time.perf_counter() - start)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{os.getpid()}.npz")
    np.savez(partial, ids=np.array(list(texts)), vectors=vectors, seconds=seconds)
    partial.replace(path)
    return path


def _text(item: dict[str, Any]) -> str:
    return f"{item['title']}\n{item['text']}".strip()[:MAX_CHARACTERS]


def main(arguments: Sequence[str] | None = None) -> None:
    """Embed the named splits that are prepared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("splits", nargs="+")
    parser.add_argument("--work", type=Path, default=ROOT / "bench" / ".work")
    given = parser.parse_args(arguments)
    for name in given.splits:
        sys.stdout.write(f"{make(given.work / 'splits' / name, given.work)}\n")


if __name__ == "__main__":
    main()
