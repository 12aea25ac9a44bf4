"""The video stage: files -> frames, audio and text -> VideoFeatures, one row per video."""

from __future__ import annotations

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
from vireo.video import AUDIO_ENCODERS, ENCODERS
from vireo.video.assemble import ExtractedFile, assemble
from vireo.video.base import VideoFeatures, VideoSection
from vireo.video.encode import EncodedVideos, encode_videos
from vireo.video.encoders.fingerprint import digest_of_weights
from vireo.video.encoders.model_store import expected_training_id
from vireo.video.frame_cache import CatalogueFile, CatalogueFrames, catalogue_files
from vireo.video.text import transcribe_missing


def recipe(
    media: pl.DataFrame, section: VideoSection, encoder_folder: Path, seed: int
) -> dict[str, Any]:
    """Inputs of the result besides tables and settings.

    The identity of the encoder: for `cnn` the id of its training, whether it is stored or still
    to be done; for others the hash of the model. The sidecar subtitles that the table does not
    name. The fingerprints of the ASR and OCR engines.
    """
    files = catalogue_files(media)
    subtitles = [[file.video_id, file.subtitles_digest] for file in files if file.subtitles]
    return {
        "encoder": _encoder_identity(files, section, encoder_folder, seed),
        "subtitles": digest_of_json(subtitles),
        "transcription": transcribe_missing.fingerprints(section.text),
    }


def _encoder_identity(
    files: list[CatalogueFile], section: VideoSection, encoder_folder: Path, seed: int
) -> str:
    if not files:
        return "none"
    if section.model and Path(section.model).exists():
        return f"{section.encoder} {digest_of_weights(Path(section.model))}"
    if section.encoder != "cnn":
        return f"{section.encoder} {section.model}"
    return expected_training_id(encoder_folder, section, seed, [file.digest for file in files])


def build(
    tables: Tables,
    section: VideoSection,
    language: LanguageSection,
    context: Context,
    encoder_folder: Path,
) -> VideoFeatures:
    """One row per video of `tables.videos`, in its order; a bad file fails its own row only.

    Reads the parts `videos` and `media`. `encoder_folder` stores trained encoders.
    Raises VireoError where the encoder itself is not available.
    """
    media = tables.media.unique("video_id", keep="first", maintain_order=True)
    media = media.join(tables.videos.select("video_id"), "video_id", "semi", maintain_order="left")
    files = catalogue_files(media)

    def texts() -> Floats:
        return _text_vectors(tables.videos, files, language, context)

    if not files:
        return assemble(tables.videos, media, [], None, _no_file_info(media.height))
    training_frames = CatalogueFrames(files, section, context, encoder_folder, texts)
    encoder = ENCODERS.get(section.encoder)(section, training_frames, context)
    frames = training_frames.lazy_at(encoder.resolution)
    encoded = encode_videos(frames, encoder, section, context)
    encode_audio = AUDIO_ENCODERS.get(section.audio_encoder)(
        section, training_frames, frames, context
    )
    extracted = [
        ExtractedFile(
            file, replace(frames.extraction(row), audio=encode_audio(row)), frames.sheet_path(row)
        )
        for row, file in enumerate(files)
    ]
    extracted, transcripts = transcribe_missing.with_transcripts(
        extracted, section.text, section.max_download_mb, context
    )
    info = _info(section, encoded, frames.n_opened, transcripts)
    return assemble(tables.videos, media, extracted, encoded, info, context.cache.parent)


def _text_vectors(
    videos: pl.DataFrame, files: list[CatalogueFile], language: LanguageSection, context: Context
) -> Floats:
    """(files, d) embeddings of title, description and tags; (files, 0) without any text."""
    text_of = {row["video_id"]: _text(row) for row in videos.iter_rows(named=True)}
    texts = [text_of.get(file.video_id, "") for file in files]
    if not any(texts):
        return np.zeros((len(files), 0), np.float32)
    model = MODELS.get(language.model)(language, context)
    vectors: Floats = model.embed(texts, context.progress)
    return vectors


def _text(row: dict[str, Any]) -> str:
    """Title, description and tags; a title that repeats the id is left out."""
    title = row["title"] if row["title"] != row["video_id"] else None
    return ". ".join(part for part in (title, row["description"], *(row["tags"] or ())) if part)


def _no_file_info(n_named: int) -> dict[str, str]:
    reason = "None of the named files can be read" if n_named else "No video names a file"
    return {"encoder": "none", "note": f"{reason}: going on with text alone."}


def _info(
    section: VideoSection, encoded: EncodedVideos, n_opened: int, transcripts: str
) -> dict[str, str]:
    total = encoded.n_encoded + encoded.n_reused
    note = (
        f"{encoded.n_encoded} of {total} videos encoded by '{section.encoder}', "
        f"{encoded.n_reused} reused; {n_opened} files opened."
    )
    info = {
        "encoder": section.encoder,
        "fingerprint": encoded.fingerprint,
        "note": note,
        "opened": str(n_opened),
        "encoded": str(encoded.n_encoded),
        "reused": str(encoded.n_reused),
    }
    return {**info, "transcripts": transcripts} if transcripts else info
