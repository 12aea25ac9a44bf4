"""TED: talks with transcripts, and for each talk the ones that the site shows beside it."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import polars as pl

from bench.base import NO_TIME, Interactions, Item


def read(data: Path) -> Interactions:
    """2,550 talks. A "user" is a talk; its first item is itself, the others are related talks.

    So a list for a user is a list of talks like that one, and the talk itself is masked as seen.
    A related talk is found by its title and speaker; those that are not in the file are counted.
    """
    folder = data / "ted"
    talks = pl.read_csv(folder / "ted_main.csv.gz")
    spoken = pl.read_csv(folder / "transcripts.csv.gz")
    dialogue = {url.strip(): text for text, url in spoken.select("transcript", "url").iter_rows()}
    catalogue = tuple(_talk(row, dialogue) for row in talks.iter_rows(named=True))
    place = {
        (title.strip(), speaker.strip()): row
        for row, (title, speaker) in enumerate(talks.select("title", "main_speaker").iter_rows())
    }
    pairs, unknown = set[tuple[int, int]](), 0
    for row, written in enumerate(talks["related_talks"]):
        for related in ast.literal_eval(written):  # the column is spelled as a Python literal
            at = place.get((related["title"].strip(), related["speaker"].strip()))
            unknown += at is None
            if at is not None and at != row:
                pairs.add((row, at))
    own = [(row, row) for row in range(talks.height)]
    rows = sorted([*own, *pairs], key=lambda pair: (pair[0], pair[0] != pair[1], pair[1]))
    count = len(rows)
    return Interactions(
        users=np.array([row for row, _ in rows], dtype=np.int64),
        items=np.array([at for _, at in rows], dtype=np.int64),
        times=np.full(count, NO_TIME, dtype=np.int64),
        values=np.ones(count),
        user_ids=tuple(item.id for item in catalogue),
        catalogue=catalogue,
        dropped={"related talks that are not in the catalogue": unknown},
    )


def _talk(row: dict[str, str], dialogue: dict[str, str]) -> Item:
    url = row["url"].strip()
    tags = tuple(str(tag) for tag in ast.literal_eval(row["tags"]))
    said = dialogue.get(url, "")
    text = " ".join(part for part in (row["description"], ", ".join(tags) + ".", said) if part)
    return Item(url.rsplit("/", 1)[-1], row["title"].strip(), text, row["description"], tags, said)
