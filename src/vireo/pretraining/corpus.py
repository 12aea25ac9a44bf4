"""Tables -> Corpus: every text of the catalogue once, a tenth of the videos held out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import polars as pl

from vireo.language.texts import PARTS, VideoTexts, clean, texts_of
from vireo.pretraining.base import Corpus, Document

HELDOUT_SHARE = 0.1
_AT_LEAST = 2  # held-out videos: with fewer there is nothing to find a title among
_WORDS = re.compile(r"\w+")


def make_corpus(videos: pl.DataFrame, comments: pl.DataFrame, dialogue: pl.DataFrame) -> Corpus:
    """The documents of VIDEO_SCHEMA, COMMENT_SCHEMA and DIALOGUE_SCHEMA tables.

    Held out are the videos whose hashed id falls below a tenth, so that a growing catalogue
    keeps its split. A text that two parts share goes to the held-out part alone.
    """
    texts = texts_of(videos, dialogue)
    hidden = _heldout(texts.video_ids)
    every = [*_told(texts), *_commented(comments, set(texts.video_ids))]
    every.sort(key=lambda document: document.video_id not in hidden)  # held-out first; stable
    seen: dict[str, Document] = {}
    for document in every:
        seen.setdefault(_normal(document.text), document)
    seen.pop("", None)
    return Corpus(
        train=tuple(d for d in seen.values() if d.video_id not in hidden),
        heldout=tuple(d for d in seen.values() if d.video_id in hidden),
        pairs=tuple(_pairs(texts, hidden)),
        duplicates=len(every) - len(seen),
    )


def _heldout(video_ids: tuple[str, ...]) -> set[str]:
    place = {i: int.from_bytes(hashlib.sha256(i.encode()).digest()[:8], "big") for i in video_ids}
    drawn = {i for i, value in place.items() if value < HELDOUT_SHARE * 2**64}
    if len(drawn) >= _AT_LEAST or len(place) <= _AT_LEAST:
        return drawn
    return set(sorted(place, key=lambda i: (place[i], i))[:_AT_LEAST])


def _told(texts: VideoTexts) -> Iterator[Document]:
    for name in PARTS:
        for video_id, text in zip(texts.video_ids, texts.part(name), strict=True):
            if text:
                yield Document(video_id, name, text)


def _commented(comments: pl.DataFrame, known: set[str]) -> Iterator[Document]:
    for video_id, text in comments.select("video_id", "text").iter_rows():
        cleaned = clean(text)
        if cleaned and video_id in known:
            yield Document(video_id, "comment", cleaned)


def _pairs(texts: VideoTexts, hidden: set[str]) -> Iterator[tuple[str, str]]:
    """One pair per title, so that every query has one right answer."""
    titles: set[str] = set()
    for row, video_id in enumerate(texts.video_ids):
        told = texts.description[row] or texts.dialogue[row]
        title = texts.title[row]
        if video_id in hidden and told and title and _normal(title) not in titles:
            titles.add(_normal(title))
            yield told, title


def _normal(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))
