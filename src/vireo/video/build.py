"""The video stage: files -> frames, sound and words -> one row of vectors per video."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vireo.arrays import Floats
from vireo.artifacts.files import digest_of_json
from vireo.data.base import Tables
from vireo.engine.base import Context
from vireo.language import MODELS
from vireo.language.base import LanguageSection
from vireo.video import EARS, ENCODERS
from vireo.video.assemble import Taken, features
from vireo.video.base import VideoFeatures, VideoSection
from vireo.video.encode import Encoded, encoded
from vireo.video.encoders.fingerprint import digest_of_weights
from vireo.video.encoders.model_store import EARS as EARS_FOLDER
from vireo.video.encoders.model_store import training_of
from vireo.video.frame_cache import CatalogueFrames, File, files_of
from vireo.video.text import transcribe_missing


def recipe(media: pl.DataFrame, section: VideoSection, encoders: Path, seed: int) -> dict[str, Any]:
    """What the result depends on besides the tables and the settings.

    The encoder: the id of the training of the kept encoder that fits, or of the training that
    a build would do (the same id once it is done); for other encoders the model's content. And
    the subtitles that lie beside the files without being named in the table.
    """
    files = files_of(media)
    words = [[file.video_id, file.words_digest] for file in files if file.words]
    return {
        "encoder": _encoder_id(files, section, encoders, seed),
        "audio_encoder": _ear_id(files, section, encoders, seed),
        "words": digest_of_json(words),
        "heard": transcribe_missing.identity(section.text),
    }


def _encoder_id(files: list[File], section: VideoSection, encoders: Path, seed: int) -> str:
    if not files:
        return "none"
    if section.model and Path(section.model).exists():
        return f"{section.encoder} {digest_of_weights(Path(section.model))}"
    if section.encoder != "cnn":
        return f"{section.encoder} {section.model}"
    return training_of(encoders, section, seed, [file.digest for file in files])


def _ear_id(files: list[File], section: VideoSection, encoders: Path, seed: int) -> str:
    if section.audio_encoder != "network" or not files:
        return section.audio_encoder
    return training_of(encoders / EARS_FOLDER, section, seed, [file.digest for file in files])


def build(
    tables: Tables,
    section: VideoSection,
    language: LanguageSection,
    context: Context,
    encoders: Path,
) -> VideoFeatures:
    """One row per video of `tables.videos`, in its order; a bad file costs its own row.

    Reads the parts `videos` and `media`. `encoders` is where trained encoders are kept.
    Raises VireoError when the encoder itself cannot be had.
    """
    media = tables.media.unique("video_id", keep="first", maintain_order=True)
    media = media.join(tables.videos.select("video_id"), "video_id", "semi", maintain_order="left")
    files = files_of(media)

    def texts() -> Floats:
        return _text_vectors(tables.videos, files, language, context)

    if not files:
        return features(tables.videos, media, [], None, _info(section, None, 0, media.height))
    footage = CatalogueFrames(files, section, context, encoders, texts)
    encoder = ENCODERS.get(section.encoder)(section, footage, context)
    shots = footage.unread(encoder.resolution)
    seen = encoded(shots, encoder, section, context)
    hear = EARS.get(section.audio_encoder)(section, footage, shots, context)
    taken = [
        Taken(file, replace(shots.taken(row), sound=hear(row)), shots.sheet(row))
        for row, file in enumerate(files)
    ]
    taken, said = transcribe_missing.with_transcripts(
        taken, section.text, section.max_download_mb, context
    )
    info = _info(section, seen, shots.opened, media.height, said)
    return features(tables.videos, media, taken, seen, info, context.cache.parent)


def _text_vectors(
    videos: pl.DataFrame, files: list[File], language: LanguageSection, context: Context
) -> Floats:
    """(files, d) vectors of title, description and tags; (files, 0) where there is no text."""
    text_of = {row["video_id"]: _text(row) for row in videos.iter_rows(named=True)}
    texts = [text_of.get(file.video_id, "") for file in files]
    if not any(texts):
        return np.zeros((len(files), 0), np.float32)
    model = MODELS.get(language.model)(language, context)
    vectors: Floats = model.embed(texts, context.progress)
    return vectors


def _text(row: dict[str, Any]) -> str:
    """What is said of a video; a title that only repeats the id says nothing."""
    title = row["title"] if row["title"] != row["video_id"] else None
    return ". ".join(part for part in (title, row["description"], *(row["tags"] or ())) if part)


def _info(
    section: VideoSection, seen: Encoded | None, opened: int, named: int, said: str = ""
) -> dict[str, str]:
    if seen is None:
        why = "No video names a file" if named == 0 else "None of the named files can be read"
        return {"encoder": "none", "note": f"{why}: going on with text alone."}
    counts = Counter({"opened": opened, "encoded": seen.made, "reused": seen.reused})
    note = (
        f"{seen.made} of {seen.made + seen.reused} videos encoded by '{section.encoder}', "
        f"{seen.reused} reused; {opened} files opened."
    )
    told = {name: str(count) for name, count in counts.items()}
    told |= {"words": said} if said else {}
    return {"encoder": section.encoder, "fingerprint": seen.fingerprint, "note": note, **told}
