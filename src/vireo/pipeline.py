"""The road on one page: which stage needs what, and a runner that skips what is already built.

    data -> video -> behavior -> pretraining -> understanding -> interest -> recommend

An artefact's id is the hash of its recipe: the stage and its version, the sections of the config
that it reads, the seed, and the content of the parts that it needs. Same recipe: nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from vireo.artifacts import ArtifactStore, Manifest
from vireo.config import Config
from vireo.data.base import Split
from vireo.data.sources import Sources
from vireo.engine import Context
from vireo.errors import CorruptArtifact, InputError, OutdatedArtifact, VireoError
from vireo.registry import load_object
from vireo.settings import Section
from vireo.store.base import Store


@dataclass(frozen=True)
class BuildContext:
    """What the road stands on: one workspace's shelves, its settings, and the clock (split)."""

    config: Config
    context: Context
    artifacts: ArtifactStore
    sources: Sources
    store: Store
    split: Split

    @property
    def encoders(self) -> Path:
        """Where trained frame encoders are kept, so that one new file costs one encoding."""
        return self.artifacts.root / "encoder"


@dataclass(frozen=True)
class Stage:
    """One row of the road."""

    name: str
    version: int
    output: str
    build: str
    arguments: Callable[[BuildContext], tuple[Any, ...]]
    """Arguments of `build` after the outputs of other stages: its config sections, the context."""
    needs: tuple[str, ...] = ()
    """`stage` for a whole artefact or `stage/part` for the files of that stem."""
    sections: tuple[str, ...] = ()
    identity: Callable[[BuildContext, Mapping[str, Manifest]], Any] = lambda ground, made: None
    """What else the result depends on."""
    optional_needs: Callable[[Config], tuple[str, ...]] = lambda config: ()
    """Whole artefacts that some settings need; `build` gets them by the stage's name."""
    format: int = 1
    """Layout of the output's files. Raise it when older files can no longer be read."""

    def inputs(self, config: Config) -> dict[str, tuple[str, ...]]:
        """stage -> the parts of it that are read; no parts: all of it."""
        parts: dict[str, list[str]] = {}
        for need in (*self.needs, *self.optional_needs(config)):
            stage, _, part = need.partition("/")
            parts.setdefault(stage, []).extend([part] if part else [])
        return {stage: tuple(names) for stage, names in parts.items()}


def _data_identity(ground: BuildContext, _: Mapping[str, Manifest]) -> Any:
    recipe = load_object("vireo.data.build:recipe")
    section, cache = ground.config.data, ground.context.cache
    return recipe(ground.sources, ground.store, ground.split, section, cache)


def _data_arguments(ground: BuildContext) -> tuple[Any, ...]:
    return ground.sources, ground.store, ground.split, ground.config.data, ground.context


def _video_identity(ground: BuildContext, made: Mapping[str, Manifest]) -> Any:
    media = load_output(made["data"], STAGES["data"], ("media",)).media
    recipe = load_object("vireo.video.build:recipe")
    return recipe(media, ground.config.video, ground.encoders, ground.context.seed)


def _listed(ground: BuildContext) -> Any:
    """The topics that the workspace's own list names; none without one."""
    read = load_object("vireo.understanding.custom_topics:read")
    return read(ground.artifacts.root.parent, ground.config.understanding.topic_file)


def _made_ahead(ground: BuildContext) -> Any:
    """Rules are applied to each list; indexes, tastes and the learned ranker are made ahead."""
    section = ground.config.recommend
    ahead: dict[str, Any] = {
        "index": section.index.model_dump(mode="json"),
        "taste": section.text_preference.model_dump(mode="json"),
        "query_weight": section.query_weight,
    }
    if section.ranker.enabled:
        interest = ground.config.interest.model_dump(mode="json")
        ranker = section.ranker.model_dump(mode="json")
        ahead |= {"ranker": ranker, "interest": interest, "candidates": section.candidates}
    return ahead


_ROWS = (
    Stage(
        "data",
        version=3,
        output="vireo.data.base:Tables",
        build="vireo.data.build:build",
        sections=("data",),
        arguments=_data_arguments,
        identity=_data_identity,
    ),
    Stage(
        "video",
        version=4,
        output="vireo.video.base:VideoFeatures",
        build="vireo.video.build:build",
        needs=("data/videos", "data/media"),
        sections=("video", "language"),
        arguments=lambda ground: (
            *(ground.config.video, ground.config.language),
            *(ground.context, ground.encoders),
        ),
        identity=_video_identity,
    ),
    Stage(
        "behavior",
        version=2,
        output="vireo.behavior.base:Histories",
        build="vireo.behavior.build:build",
        needs=("data/videos", "data/events"),
        sections=("behavior",),
        arguments=lambda ground: (ground.config.behavior, ground.context),
    ),
    Stage(
        "pretraining",
        version=3,
        output="vireo.pretraining.base:Checkpoint",
        build="vireo.pretraining.build:build",
        needs=("data/videos", "data/comments", "video/dialogue"),
        sections=("pretraining", "language"),
        arguments=lambda ground: (
            *(ground.config.pretraining, ground.config.language),
            ground.context,
        ),
        optional_needs=lambda config: ("behavior",) if config.pretraining.include_histories else (),
    ),
    Stage(
        "understanding",
        version=7,
        output="vireo.understanding.base:Understanding",
        build="vireo.understanding.build:build",
        needs=("data/videos", "video/dialogue", "pretraining"),
        sections=("understanding", "language", "language.generation"),
        arguments=lambda ground: (
            *(ground.config.understanding, ground.config.language),
            *(ground.context, _listed(ground)),
        ),
        identity=lambda ground, _: [topic.told for topic in _listed(ground)] or None,
    ),
    Stage(
        "interest",
        version=6,
        format=2,
        output="vireo.interest.base:InterestModel",
        build="vireo.interest.build:build",
        needs=("data/videos", "behavior", "understanding", "video"),
        sections=("interest",),
        arguments=lambda ground: (ground.config.interest, ground.context),
    ),
    Stage(
        "recommend",
        version=7,
        output="vireo.recommend.catalogue:Catalogue",
        build="vireo.recommend.build:build",
        needs=(
            *("data/videos", "behavior", "understanding", "interest"),
            *("video", "pretraining"),
        ),
        arguments=lambda ground: (
            *(ground.config.recommend, ground.config.interest, ground.config.language),
            ground.context,
        ),
        identity=lambda ground, _: _made_ahead(ground),
    ),
)
STAGES: dict[str, Stage] = {row.name: row for row in _ROWS}


@dataclass(frozen=True)
class Result:
    """What became of one stage in one run."""

    stage: str
    id: str
    built: bool
    seconds: float
    summary: Mapping[str, Any]
    manifest: Manifest


def load_output(manifest: Manifest, stage: Stage, parts: tuple[str, ...] = ()) -> Any:
    """The noun in an artefact; `parts` limits what is read of it, where it can be (IN_PARTS)."""
    if manifest.output_format != stage.format:
        raise OutdatedArtifact(
            "What is published here was built by another version of Vireo.",
            "Run `vireo build`: it builds again; tables, events, consent and preferences are kept.",
        )
    try:
        return _loaded(manifest, stage, parts)
    except VireoError:
        raise
    except Exception as error:  # whatever a format's own library says of damaged bytes
        raise CorruptArtifact(
            f"{manifest.directory} cannot be read: {type(error).__name__}: {error}",
            "Delete that directory and run `vireo build`; `vireo doctor` finds other damage.",
        ) from error


IN_PARTS = ("data", "understanding")
"""Stages whose nouns can be loaded in part."""


def _loaded(manifest: Manifest, stage: Stage, parts: tuple[str, ...]) -> Any:
    noun = load_object(stage.output)
    return (
        noun.load(manifest.directory, parts)
        if stage.name in IN_PARTS
        else noun.load(manifest.directory)
    )


def run(
    ground: BuildContext, until: str | None = None, rows: Sequence[Stage] = _ROWS
) -> Iterator[Result]:
    """Build the stage `until` and what it needs (or everything), skipping finished work.

    `rows` is another road than the usual one, for whoever needs less.
    """
    made: dict[str, Manifest] = {}
    for stage in _wanted(until, rows, ground.config):
        recipe = _recipe(stage, ground, made)
        found = ground.artifacts.find(stage.name, ground.artifacts.id_of(recipe))
        start = time.monotonic()
        manifest = found or _build(stage, recipe, ground, made)
        made[stage.name] = manifest
        seconds = time.monotonic() - start
        yield Result(stage.name, manifest.id, found is None, seconds, manifest.summary, manifest)


def _wanted(until: str | None, rows: Sequence[Stage], config: Config) -> list[Stage]:
    if until is None:
        return list(rows)
    if until not in STAGES:
        raise InputError(f"There is no stage '{until}'.", f"Choose one of: {', '.join(STAGES)}.")
    wanted = {until}
    for row in reversed(rows):
        if row.name in wanted:
            wanted.update(row.inputs(config))
    return [row for row in rows if row.name in wanted]


def _recipe(stage: Stage, ground: BuildContext, made: Mapping[str, Manifest]) -> dict[str, Any]:
    return {
        "stage": stage.name,
        "version": stage.version,
        "sections": {name: _section(ground.config, name).recipe() for name in stage.sections},
        "seed": ground.context.seed,
        "needs": {
            name: made[name].content(parts) for name, parts in stage.inputs(ground.config).items()
        },
        "identity": stage.identity(ground, made),
    }


def _section(config: Config, dotted: str) -> Section:
    section: Section = attrgetter(dotted)(config)
    return section


def _build(
    stage: Stage, recipe: Mapping[str, Any], ground: BuildContext, made: Mapping[str, Manifest]
) -> Manifest:
    start = time.monotonic()
    inputs = stage.inputs(ground.config)
    nouns = {name: load_output(made[name], STAGES[name], parts) for name, parts in inputs.items()}
    wished = {name: nouns.pop(name) for name in stage.optional_needs(ground.config)}
    noun = load_object(stage.build)(*nouns.values(), *stage.arguments(ground), **wished)
    seconds = time.monotonic() - start
    return ground.artifacts.write(
        stage.name, recipe, noun.save, noun.summary(), seconds, stage.format
    )
