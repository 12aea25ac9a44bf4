"""Build pipeline: the stages, their inputs, and a runner that skips finished stages.

    data -> video -> behavior -> pretraining -> understanding -> interest -> recommend

An artifact's id is the hash of its recipe: stage, version, config sections, seed, and the content
hashes of its inputs. A stage whose artifact exists is skipped.
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
    """Inputs of a build: config, engine, artifacts, sources, database and split."""

    config: Config
    context: Context
    artifacts: ArtifactStore
    sources: Sources
    store: Store
    split: Split

    @property
    def encoders(self) -> Path:
        """Directory of trained frame encoders; a new video file reuses them."""
        return self.artifacts.root / "encoder"


@dataclass(frozen=True)
class Stage:
    """One stage: its inputs, config sections, build function and output class."""

    name: str
    version: int
    output: str
    build: str
    arguments: Callable[[BuildContext], tuple[Any, ...]]
    """Arguments of `build` after the outputs of other stages."""
    needs: tuple[str, ...] = ()
    """`stage` for a whole artifact or `stage/part` for the files of that stem."""
    sections: tuple[str, ...] = ()
    identity: Callable[[BuildContext, Mapping[str, Manifest]], Any] = lambda build, manifests: None
    """Further part of the recipe."""
    optional_needs: Callable[[Config], tuple[str, ...]] = lambda config: ()
    """Artifacts that some settings need; passed to `build` as keywords."""
    format: int = 1
    """Layout of the output's files. Raise it when older files can no longer be read."""

    def inputs(self, config: Config) -> dict[str, tuple[str, ...]]:
        """Parts to read by stage; an empty tuple reads the whole artifact."""
        parts: dict[str, list[str]] = {}
        for need in (*self.needs, *self.optional_needs(config)):
            stage, _, part = need.partition("/")
            parts.setdefault(stage, []).extend([part] if part else [])
        return {stage: tuple(names) for stage, names in parts.items()}


def _data_identity(build: BuildContext, _: Mapping[str, Manifest]) -> Any:
    recipe = load_object("vireo.data.build:recipe")
    section, cache = build.config.data, build.context.cache
    return recipe(build.sources, build.store, build.split, section, cache)


def _data_arguments(build: BuildContext) -> tuple[Any, ...]:
    return build.sources, build.store, build.split, build.config.data, build.context


def _video_identity(build: BuildContext, manifests: Mapping[str, Manifest]) -> Any:
    media = load_output(manifests["data"], STAGES["data"], ("media",)).media
    recipe = load_object("vireo.video.build:recipe")
    return recipe(media, build.config.video, build.encoders, build.context.seed)


def _custom_topics(build: BuildContext) -> Any:
    """Topics of the workspace's topic file; none without a file."""
    read = load_object("vireo.understanding.custom_topics:read")
    return read(build.artifacts.root.parent, build.config.understanding.topic_file)


def _recommend_identity(build: BuildContext) -> Any:
    """Settings of what the stage builds; rules apply per list and are left out."""
    section = build.config.recommend
    settings: dict[str, Any] = {
        "index": section.index.model_dump(mode="json"),
        "text_preference": section.text_preference.model_dump(mode="json"),
        "query_weight": section.query_weight,
    }
    if section.ranker.enabled:
        interest = build.config.interest.model_dump(mode="json")
        ranker = section.ranker.model_dump(mode="json")
        settings |= {"ranker": ranker, "interest": interest, "candidates": section.candidates}
    return settings


_STAGES = (
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
        arguments=lambda build: (
            *(build.config.video, build.config.language),
            *(build.context, build.encoders),
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
        arguments=lambda build: (build.config.behavior, build.context),
    ),
    Stage(
        "pretraining",
        version=3,
        output="vireo.pretraining.base:Checkpoint",
        build="vireo.pretraining.build:build",
        needs=("data/videos", "data/comments", "video/dialogue"),
        sections=("pretraining", "language"),
        arguments=lambda build: (
            *(build.config.pretraining, build.config.language),
            build.context,
        ),
        optional_needs=lambda config: ("behavior",) if config.pretraining.include_histories else (),
    ),
    Stage(
        "understanding",
        version=8,
        output="vireo.understanding.base:Understanding",
        build="vireo.understanding.build:build",
        needs=("data/videos", "video/dialogue", "pretraining"),
        sections=("understanding", "language", "language.generation"),
        arguments=lambda build: (
            *(build.config.understanding, build.config.language),
            *(build.context, _custom_topics(build)),
        ),
        identity=lambda build, _: [topic.text for topic in _custom_topics(build)] or None,
    ),
    Stage(
        "interest",
        version=7,
        format=3,
        output="vireo.interest.base:InterestModel",
        build="vireo.interest.build:build",
        needs=("data/videos", "behavior", "understanding", "video"),
        sections=("interest",),
        arguments=lambda build: (build.config.interest, build.context),
    ),
    Stage(
        "recommend",
        version=8,
        output="vireo.recommend.catalogue:Catalogue",
        build="vireo.recommend.build:build",
        needs=(
            *("data/videos", "behavior", "understanding", "interest"),
            *("video", "pretraining"),
        ),
        arguments=lambda build: (
            *(build.config.recommend, build.config.interest, build.config.language),
            build.context,
        ),
        identity=lambda build, _: _recommend_identity(build),
    ),
)
STAGES: dict[str, Stage] = {stage.name: stage for stage in _STAGES}


@dataclass(frozen=True)
class Result:
    """Result of one stage: its manifest, and whether it was built or found."""

    stage: str
    id: str
    built: bool
    seconds: float
    summary: Mapping[str, Any]
    manifest: Manifest


def load_output(manifest: Manifest, stage: Stage, parts: tuple[str, ...] = ()) -> Any:
    """Output of a stage read from its artifact; `parts` limits it for PARTIAL_STAGES."""
    if manifest.output_format != stage.format:
        raise OutdatedArtifact(
            "Another version of Vireo built the published artifacts.",
            "Run `vireo build` to rebuild them; tables, events, consent and preferences are kept.",
        )
    try:
        return _load(manifest, stage, parts)
    except VireoError:
        raise
    except Exception as error:  # any error of a file format's library
        raise CorruptArtifact(
            f"{manifest.directory} cannot be read: {type(error).__name__}: {error}",
            "Delete that directory and run `vireo build`; `vireo doctor` finds other damage.",
        ) from error


PARTIAL_STAGES = ("data", "understanding")
"""Stages whose outputs load in part."""


def _load(manifest: Manifest, stage: Stage, parts: tuple[str, ...]) -> Any:
    output = load_object(stage.output)
    arguments = (parts,) if stage.name in PARTIAL_STAGES else ()
    return output.load(manifest.directory, *arguments)


def run(
    build: BuildContext, until: str | None = None, stages: Sequence[Stage] = _STAGES
) -> Iterator[Result]:
    """Build the stage `until` and its inputs, or all stages; finished stages are skipped.

    `stages` replaces the default pipeline.
    """
    manifests: dict[str, Manifest] = {}
    for stage in _required(until, stages, build.config):
        recipe = _recipe(stage, build, manifests)
        found = build.artifacts.find(stage.name, build.artifacts.id_of(recipe))
        start = time.monotonic()
        manifest = found or _build(stage, recipe, build, manifests)
        manifests[stage.name] = manifest
        seconds = time.monotonic() - start
        yield Result(stage.name, manifest.id, found is None, seconds, manifest.summary, manifest)


def _required(until: str | None, stages: Sequence[Stage], config: Config) -> list[Stage]:
    if until is None:
        return list(stages)
    if until not in STAGES:
        raise InputError(f"There is no stage '{until}'.", f"Choose one of: {', '.join(STAGES)}.")
    required = {until}
    for stage in reversed(stages):
        if stage.name in required:
            required.update(stage.inputs(config))
    return [stage for stage in stages if stage.name in required]


def _recipe(stage: Stage, build: BuildContext, manifests: Mapping[str, Manifest]) -> dict[str, Any]:
    return {
        "stage": stage.name,
        "version": stage.version,
        "sections": {name: _section(build.config, name).recipe() for name in stage.sections},
        "seed": build.context.seed,
        "needs": {
            name: manifests[name].content(parts)
            for name, parts in stage.inputs(build.config).items()
        },
        "identity": stage.identity(build, manifests),
    }


def _section(config: Config, dotted: str) -> Section:
    section: Section = attrgetter(dotted)(config)
    return section


def _build(
    stage: Stage, recipe: Mapping[str, Any], build: BuildContext, manifests: Mapping[str, Manifest]
) -> Manifest:
    start = time.monotonic()
    inputs = stage.inputs(build.config)
    outputs = {
        name: load_output(manifests[name], STAGES[name], parts) for name, parts in inputs.items()
    }
    optional = {name: outputs.pop(name) for name in stage.optional_needs(build.config)}
    output = load_object(stage.build)(*outputs.values(), *stage.arguments(build), **optional)
    seconds = time.monotonic() - start
    return build.artifacts.write(
        stage.name, recipe, output.save, output.summary(), seconds, stage.format
    )
