"""Texts of mixed lengths to vectors: Vireo and sentence-transformers' defaults, in one run.

    python -m bench.embedding --data ../shared/data --out bench/results/embedding.json

Titles, descriptions and pieces of dialogue of TED's talks; both read the same texts in turns, the
best of each one's turns counts. Then all plots of MovieLens-1M, with a cold and a warm cache.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from bench.datasets import movielens
from bench.write_result import made_by, tell
from vireo.arrays import Floats
from vireo.language import LanguageSection
from vireo.language.encoder import Encoder
from vireo.language.minilm import package_directory
from vireo.language.precision import resolved

TURNS = 3
_LOADED: dict[str, Encoder] = {}
_HOME = TemporaryDirectory()


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=1500)
    parser.add_argument("--talks", type=int, default=0, help="whole dialogues to read, of 2,488")
    given = parser.parse_args()
    texts = mixed(given.data, given.texts)
    figures: dict[str, Any] = {"texts": len(texts), "systems": compared(texts)}
    figures["plots"] = plots(given.data)
    if given.talks:
        figures["talks"] = whole_talks(given.data, given.talks)
    about = {**made_by("bench.embedding"), "load_average": os.getloadavg()[0]}
    tell({**about, **figures}, given.out)


def mixed(data: Path, count: int) -> list[str]:
    """A third titles, a third descriptions, a third pieces of 150 words of dialogue."""
    talks = pl.read_csv(data / "ted" / "ted_main.csv.gz")
    spoken = pl.read_csv(data / "ted" / "transcripts.csv.gz")["transcript"].to_list()
    each = count // 3
    pieces = [" ".join(text.split()[:150]) for text in spoken[:each]]
    return [*talks["title"].to_list()[:each], *talks["description"].to_list()[:each], *pieces]


def compared(texts: list[str]) -> dict[str, Any]:
    """Texts a second of each system, and the cosines to the vectors of sentence-transformers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer

        library = SentenceTransformer(str(package_directory()), device="cpu")
    systems: dict[str, Callable[[], Floats]] = {
        "sentence-transformers": lambda: np.asarray(library.encode(texts)),
        "vireo, ONNX Runtime": lambda: _ours("float32", "onnx", texts),
        "vireo, torch": lambda: _ours("float32", "torch", texts),
        "vireo, int8": lambda: _ours("int8", "onnx", texts),
    }
    if resolved("auto") == "bfloat16":  # matrix units: what `auto` takes there
        systems["vireo, bfloat16"] = lambda: _ours("bfloat16", "torch", texts)
    for embed in systems.values():  # whatever is loaded or exported once
        embed()
    best = dict.fromkeys(systems, float("inf"))
    spent = dict.fromkeys(systems, float("inf"))
    vectors = {}
    for turn in range(TURNS):
        for name, embed in systems.items():
            start, processor_start = time.perf_counter(), time.process_time()
            vectors[name] = embed()
            spent[name] = min(spent[name], time.process_time() - processor_start)
            best[name] = min(best[name], time.perf_counter() - start)
            print(f"turn {turn + 1}: {name}: {best[name]:.1f} s", flush=True)
    theirs = vectors["sentence-transformers"]
    found = {}
    for name, ours in vectors.items():
        cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1)
        found[name] = {
            "texts_per_second": round(len(texts) / best[name], 1),
            "times": round(best["sentence-transformers"] / best[name], 2),
            "processor_seconds": round(spent[name], 2),
            "processor_times": round(spent["sentence-transformers"] / spent[name], 2),
            "least_cosine": round(float((cosines / np.linalg.norm(theirs, axis=1)).min()), 6),
            "same_top_10": round(_same_neighbours(ours, theirs), 4),
        }
    return found


def plots(data: Path) -> dict[str, float]:
    """Seconds for all plots of MovieLens-1M's movies, with a cold and then a warm cache."""
    texts = movielens.plots(data)["text"].to_list()
    found: dict[str, float] = {"plots": len(texts)}
    with TemporaryDirectory() as cache:
        for name in ("cold_seconds", "warm_seconds"):
            start = time.perf_counter()
            Encoder(package_directory(), LanguageSection(), Path(cache)).embed(texts)
            found[name] = round(time.perf_counter() - start, 2)
            print(f"plots, {name}: {found[name]}", flush=True)
    return found


def whole_talks(data: Path, count: int) -> dict[str, float]:
    """Seconds for evenly spread whole dialogues, and what all would take at that pace."""
    said = pl.read_csv(data / "ted" / "transcripts.csv.gz")["transcript"].to_list()
    chosen = [said[row] for row in np.linspace(0, len(said) - 1, count).round().astype(int)]
    with TemporaryDirectory() as cache:
        start, processor_start = time.perf_counter(), time.process_time()
        Encoder(package_directory(), LanguageSection(runtime="onnx"), Path(cache)).embed(chosen)
        seconds = time.perf_counter() - start
    pace = sum(map(len, said)) / sum(map(len, chosen))
    return {
        "read": count,
        "of": len(said),
        "seconds": round(seconds, 1),
        "processor_seconds": round(time.process_time() - processor_start, 1),
        "all_minutes": round(seconds * pace / 60, 1),
    }


def _ours(precision: str, runtime: str, texts: list[str]) -> Floats:
    """A network that is loaded, and an empty cache each time: its file is part of the price."""
    key = f"{precision}-{runtime}"
    if key not in _LOADED:
        section = LanguageSection.model_validate({"precision": precision, "runtime": runtime})
        home = Path(_HOME.name) / key
        _LOADED[key] = Encoder(package_directory(), section, home)
        _LOADED[key].prepare(len(texts))
    encoder = _LOADED[key]
    (Path(_HOME.name) / key / "vectors.sqlite").unlink(missing_ok=True)
    return encoder.embed(texts)


def _same_neighbours(ours: Floats, theirs: Floats) -> float:
    """The share of each text's ten nearest that both agree on."""
    mine, other = (_nearest(vectors) for vectors in (ours, theirs))
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(mine, other, strict=True)]))


def _nearest(vectors: Floats) -> list[list[int]]:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    nearest: list[list[int]] = np.argsort(-cosines, axis=1)[:, :10].tolist()
    return nearest


if __name__ == "__main__":
    main()
