"""Corpus of the catalogue's texts, deduplicated, with a tenth of the videos held out.

Tables are read in slices and texts are streamed to files; memory holds a 16-byte hash per text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path

import polars as pl

from vireo.behavior.base import Histories
from vireo.language.texts import PARTS, VideoTexts, clean, texts_of
from vireo.pretraining.base import Corpus, Document, Documents

HELDOUT_SHARE = 0.1
_MIN_HELDOUT = 2  # videos; retrieval among fewer titles is trivial
_MAX_TITLES = 20  # titles of a user in one document: the latest
_MIN_COUNT = 2  # consecutive views of two videos that make a pair
_MAX_PAIRS = 200_000
_SLICE = 512  # videos whose texts are in memory at a time
_WORDS = re.compile(r"\w+")


def make_corpus(
    videos: pl.DataFrame,
    comments: pl.DataFrame,
    dialogue: pl.DataFrame,
    directory: Path,
    watched: Iterable[Document] = (),
    together: Iterable[tuple[str, str]] = (),
) -> Corpus:
    """Write the documents of VIDEO_SCHEMA, COMMENT_SCHEMA and DIALOGUE_SCHEMA tables.

    A text in both parts goes to the held-out part alone. `watched`: documents of histories, of
    train videos alone; `together`: pairs of co-watched video ids.
    """
    ids: list[str] = videos["video_id"].to_list()
    hidden = heldout(ids)
    kept = _Kept()
    pairs = _Pairs()
    directory.mkdir(parents=True, exist_ok=True)
    parts = []
    for name, is_hidden in (("heldout", True), ("train", False)):  # held-out first: it keeps copies
        chosen = videos.filter(pl.col("video_id").is_in(sorted(hidden)) == is_hidden)
        texts = _documents(chosen, comments, dialogue, pairs if is_hidden else None)
        documents = texts if is_hidden else chain(texts, watched)
        parts.append(_written(documents, directory / f"{name}.jsonl", kept))
    near = sorted((a, b) for a, b in together if a not in hidden and b not in hidden)
    kept.whole.update(json.dumps([pairs.found, near]).encode())
    return Corpus(
        directory=directory,
        train=parts[1],
        heldout=parts[0],
        pairs=tuple(pairs.found),
        together=tuple(near),
        duplicates=kept.repeats,
        digest=kept.whole.hexdigest(),
    )


def save_about(corpus: Corpus) -> None:
    """Write about.json: counts, pairs and digest, for `load_corpus` in another process."""
    about = {
        "train": len(corpus.train),
        "heldout": len(corpus.heldout),
        "pairs": corpus.pairs,
        "together": corpus.together,
        "duplicates": corpus.duplicates,
        "digest": corpus.digest,
    }
    (corpus.directory / "about.json").write_text(json.dumps(about), encoding="utf-8")


def load_corpus(directory: Path) -> Corpus:
    """Corpus of a directory that `save_about` completed."""
    about = json.loads((directory / "about.json").read_text(encoding="utf-8"))
    return Corpus(
        directory=directory,
        train=Documents(directory / "train.jsonl", about["train"]),
        heldout=Documents(directory / "heldout.jsonl", about["heldout"]),
        pairs=tuple((texts, title) for texts, title in about["pairs"]),
        together=tuple((a, b) for a, b in about["together"]),
        duplicates=about["duplicates"],
        digest=about["digest"],
    )


@dataclass
class _Kept:
    """Hashes for deduplication, and the digest of the corpus."""

    seen: set[bytes] = field(default_factory=set)
    repeats: int = 0
    whole: hashlib._Hash = field(default_factory=hashlib.sha256)

    def is_new(self, text: str) -> bool:
        words = _normal(text)
        key = hashlib.sha256(words.encode()).digest()[:16]
        if not words or key in self.seen:
            self.repeats += 1
            return False
        self.seen.add(key)
        return True


@dataclass
class _Pairs:
    """One pair per title, so that every query has one right answer."""

    found: list[tuple[str, str]] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)

    def add(self, texts: VideoTexts) -> None:
        for row, title in enumerate(texts.title):
            body = texts.description[row] or texts.dialogue[row]
            if body and title and _normal(title) not in self.titles:
                self.titles.add(_normal(title))
                self.found.append((body, title))


def _written(documents: Iterable[Document], path: Path, kept: _Kept) -> Documents:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for document in documents:
            if kept.is_new(document.text):
                line = json.dumps([document.video_id, document.kind, document.text]) + "\n"
                file.write(line)
                kept.whole.update(line.encode())
                count += 1
    kept.whole.update(b"\0")
    return Documents(path, count)


def _documents(
    videos: pl.DataFrame, comments: pl.DataFrame, dialogue: pl.DataFrame, pairs: _Pairs | None
) -> Iterator[Document]:
    """Slice by slice: metadata and dialogue of the videos, then their comments."""
    for some in videos.iter_slices(_SLICE):
        own = pl.col("video_id").is_in(some["video_id"].to_list())
        texts = texts_of(some, dialogue.filter(own))
        if pairs is not None:
            pairs.add(texts)
        for row, video_id in enumerate(texts.video_ids):
            for name in PARTS:
                if text := texts.part(name)[row]:
                    yield Document(video_id, name, text)
        for video_id, said in comments.filter(own).select("video_id", "text").iter_rows():
            if text := clean(said):
                yield Document(video_id, "comment", text)


def watch_documents(
    histories: Histories,
    video_ids: Sequence[str],
    titles: Sequence[str],
    known: frozenset[str],
) -> Iterator[Document]:
    """One anonymous document per user: titles of the latest liked videos, oldest first.

    Videos outside `known` are left out.
    """
    for user in range(len(histories)):
        liked = histories.row(user).positives.videos.tolist()
        rows = [row for row in dict.fromkeys(liked) if video_ids[row] in known and titles[row]]
        if len(rows) > 1:
            text = "; ".join(clean(titles[row]) for row in rows[-_MAX_TITLES:])
            yield Document(video_ids[rows[-1]], "watched", text)


def watched_pairs(histories: Histories, video_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Most frequent pairs of ids of videos liked one after the other, at least twice."""
    counts: Counter[tuple[int, int]] = Counter()
    for user in range(len(histories)):
        liked = histories.row(user).positives.videos.tolist()
        counts.update((min(a, b), max(a, b)) for a, b in pairwise(liked) if a != b)
    often = sorted(
        (pair for pair, n in counts.items() if n >= _MIN_COUNT),
        key=lambda pair: (-counts[pair], pair),
    )
    return [(video_ids[a], video_ids[b]) for a, b in often[:_MAX_PAIRS]]


def heldout(video_ids: Iterable[str]) -> set[str]:
    """Ids of the held-out videos, by hash: stable as the catalogue grows."""
    place = {i: int.from_bytes(hashlib.sha256(i.encode()).digest()[:8], "big") for i in video_ids}
    drawn = {i for i, value in place.items() if value < HELDOUT_SHARE * 2**64}
    if len(drawn) >= _MIN_HELDOUT or len(place) <= _MIN_HELDOUT:
        return drawn
    return set(sorted(place, key=lambda i: (place[i], i))[:_MIN_HELDOUT])


def _normal(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))
