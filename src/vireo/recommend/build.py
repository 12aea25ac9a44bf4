"""The recommend stage: everything that lists need of the videos, in one small table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import polars as pl

from vireo.arrays import Floats
from vireo.behavior.base import DAY, Histories
from vireo.data.base import Tables
from vireo.engine.base import Context
from vireo.interest.base import InterestModel, InterestSection
from vireo.language import LanguageModel, load, query_texts
from vireo.language.base import LanguageSection
from vireo.pretraining.base import Checkpoint
from vireo.recommend.catalogue import TERMS, Catalogue
from vireo.recommend.cross_modal import learn as sight
from vireo.recommend.index.build import plans
from vireo.recommend.quotes import quotes
from vireo.recommend.settings import RecommendSection
from vireo.recommend.text_preference.training import ReadTexts
from vireo.recommend.text_preference.training import learn as tastes
from vireo.registry import load_object
from vireo.understanding.base import Understanding
from vireo.video.base import VideoFeatures


def build(
    tables: Tables,
    histories: Histories,
    understanding: Understanding,
    model: InterestModel,
    video: VideoFeatures,
    checkpoint: Checkpoint,
    section: RecommendSection,
    interest: InterestSection,
    language: LanguageSection,
    context: Context,
) -> Catalogue:
    """Titles, topics, popularity and vectors side by side."""
    names = [*understanding.topics, None]
    topics = [names[topic] for topic in understanding.topic_of]
    columns = ("video_id", "title", "creator", "category", "published_at")
    table = tables.videos.select(
        *columns, pl.Series("topic", topics, dtype=pl.String)
    ).with_columns(pl.col("title").fill_null(pl.col("video_id")))
    made = Catalogue(
        table=table,
        topic_of=understanding.topic_of,
        user_counts=histories.user_counts(),
        recent_counts=histories.user_counts(since=histories.now - int(interest.recent_days * DAY)),
        content=model.content,
        text=understanding.vectors,
        given_terms=_terms(tables, video, table["video_id"].to_list(), topics),
        index_specs=plans(model, histories, section.index, context),
        cross_modal=sight(video, understanding.vectors, context.seed)[0],
    )
    if section.text_preference.users:
        read = _reader(understanding, checkpoint, language, context)
        taste = tastes(made, histories, read, section, context.seed)
        made = replace(made, text_preference=taste)
    if not section.ranker.enabled:
        return made
    learn = load_object("vireo.recommend.rank.lambdamart_training:learn")  # LightGBM is an extra
    trees = learn(model, made, histories, interest, section, context)
    return replace(made, trees=trees)


def _reader(
    understanding: Understanding,
    checkpoint: Checkpoint,
    language: LanguageSection,
    context: Context,
) -> ReadTexts:
    """Sentences -> their vectors in the space of the text vectors."""

    @cache
    def loaded() -> LanguageModel:
        return load(language, context, checkpoint.model)

    def read(sentences: Sequence[str]) -> Floats:
        vectors = loaded().embed(sentences, context.progress)
        return understanding.project(vectors, query_texts(sentences))

    return read


def _terms(
    tables: Tables, video: VideoFeatures, ids: list[str], topics: list[str | None]
) -> pl.DataFrame:
    """Columns for rules, and one quote per video for reasons."""
    given = tables.videos.select(list(TERMS))
    return pl.concat([given, quotes(video.dialogue, ids, topics)], how="horizontal")
