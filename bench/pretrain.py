"""Language models trained on TED's talks, and what that is worth; one objective a run.

    python -m bench.pretrain causal --data ../shared/data --work bench/.work/pretrain

`causal`: a model from scratch against Kneser-Ney models, perplexity of held-out talks.
`masked`, `contrastive`: the embedded model before and after, recall of related talks, which the
training never sees. A run that was stopped goes on. Results: bench/results/pretrain-*.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from bench.base import Interactions
from bench.datasets import ted
from bench.samples import sampled_talks
from bench.system_registry import ROOT
from bench.write_result import made_by, tell
from vireo.data.base import COMMENT_SCHEMA, VIDEO_SCHEMA
from vireo.engine.progress import LogProgress
from vireo.language.hf_directory import fingerprint_of
from vireo.language.minilm import package_directory
from vireo.pretraining.base import Corpus, PretrainingSection
from vireo.pretraining.corpus import load_corpus, make_corpus, save_about
from vireo.pretraining.training import MODEL, PretrainingJob, recipe_of, trained
from vireo.video.base import DIALOGUE_SCHEMA

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "causal": {"steps": 5000, "patience": 0},
    "contrastive": {"steps": 150},
    "masked": {"steps": 200},
}


def main() -> None:
    """Train (or find what was trained), measure, write."""
    given = _parser().parse_args()
    talks = ted.read(given.data)
    if given.talks:  # to try the bench out; its figures are of no worth
        talks = sampled_talks(talks, given.talks)
    corpus = corpus_of(talks, given.work / "corpus")
    section = PretrainingSection.model_validate(
        {"objective": given.objective, **SETTINGS[given.objective], **given.settings}
    )
    shelf, report = model_of(corpus, section, given.work)
    found = MEASURES[given.objective](talks, corpus, shelf, given.work)
    about = {
        **made_by("bench.pretrain"),
        "settings": section.model_dump(mode="json", exclude_defaults=True),
        "processor_seconds": round(json.loads((shelf / "spent.json").read_text()), 1),
        "training": report,
    }
    out = given.out or ROOT / f"bench/results/pretrain-{given.objective}.json"
    tell({**about, **found}, out)


def corpus_of(talks: Interactions, directory: Path) -> Corpus:
    """The talks as any catalogue is read: titles, descriptions, tags and dialogue."""
    if not (directory / "about.json").exists():
        none = pl.DataFrame(schema=COMMENT_SCHEMA), pl.DataFrame(schema=DIALOGUE_SCHEMA)
        save_about(make_corpus(videos_of(talks), *none, directory))
    return load_corpus(directory)


def videos_of(talks: Interactions) -> pl.DataFrame:
    """The talks in VIDEO_SCHEMA."""
    rows = [
        {
            "video_id": talk.id,
            "title": talk.title,
            "description": talk.description,
            "tags": list(talk.tags),
            "transcript": talk.dialogue or None,
        }
        for talk in talks.catalogue
    ]
    return pl.DataFrame([dict.fromkeys(VIDEO_SCHEMA) | row for row in rows], schema=VIDEO_SCHEMA)


def model_of(
    corpus: Corpus, section: PretrainingSection, work: Path
) -> tuple[Path, dict[str, Any]]:
    """The shelf where the trained model lies, and its report; the processor time is kept there."""
    base = None if section.objective == "causal" else package_directory()
    named = fingerprint_of(base, "") if base else "scratch"
    shelf = work / f"{section.objective}-{recipe_of(corpus, section, named, 0)}"
    shelf.mkdir(parents=True, exist_ok=True)
    if not (shelf / "corpus").exists():
        (shelf / "corpus").symlink_to(corpus.directory.resolve())
    spent, start = shelf / "spent.json", time.process_time()
    report = trained(shelf, PretrainingJob(section, base, 0), LogProgress(30))
    if not spent.exists():
        spent.write_text(json.dumps(time.process_time() - start), encoding="ascii")
    return shelf, report


def _causal(talks: Interactions, corpus: Corpus, shelf: Path, work: Path) -> dict[str, Any]:
    from bench.perplexity import compared

    return compared(corpus, shelf / MODEL)


def _tuned(talks: Interactions, corpus: Corpus, shelf: Path, work: Path) -> dict[str, Any]:
    from bench.retrieval import compared

    return compared(talks, corpus, shelf / MODEL, work / "cache")


MEASURES: Mapping[str, Callable[[Interactions, Corpus, Path, Path], dict[str, Any]]] = {
    "causal": _causal,
    "contrastive": _tuned,
    "masked": _tuned,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("objective", choices=sorted(MEASURES))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--work", type=Path, default=ROOT / "bench" / ".work" / "pretrain")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--talks", type=int, default=0, help="only so many; 0 for all")
    parser.add_argument("--settings", type=json.loads, default={})
    return parser


if __name__ == "__main__":
    main()
