"""World: films, users and tables from a seed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vireo.demo.base import DemoUser, Event, Film, World
from vireo.demo.behavior import live
from vireo.demo.catalogue import plan_films
from vireo.demo.film import Render, put
from vireo.demo.tables import events_csv, videos_csv
from vireo.demo.viewers import plan_viewers
from vireo.demo.vocabulary import COLD_START_USER, TOPICS
from vireo.engine.base import Engine, Outcome
from vireo.engine.progress import NullProgress, Progress
from vireo.errors import InputError, StageFailed

__all__ = ["World", "make_world"]

VERSION = 1
"""Grows whenever the same seed would give other bytes."""
MARKER = "world.json"
SECONDS_PER_FILM = 120.0


def make_world(
    directory: Path,
    seed: int = 0,
    *,
    videos: int = 72,
    users: int = 300,
    progress: Progress | None = None,
    engine: Engine | None = None,
    truth: Path | None = None,
) -> World:
    """Generate videos.csv, events.csv and real video files under `directory`.

    Deterministic in its arguments; finished files are reused. `truth`: path for the topics and
    tastes, for tests. Raises InputError for sizes out of range and for a directory with other
    tables, StageFailed when a film cannot be drawn.
    """
    _check(directory, videos, users, truth)
    films, viewers = plan_films(seed, videos), plan_viewers(seed, users)
    _claim(directory, {"version": VERSION, "seed": seed, "videos": videos, "users": users})
    missing = [film for film in films if not _drawn(directory, film)]
    _draw(directory, missing, engine, progress or NullProgress())
    world = World(
        directory / "videos.csv",
        directory / "events.csv",
        ("ana", "ben", COLD_START_USER),
        tuple(film.video_id for film in films if film.fresh),
    )
    _write_tables(world, seed, films, live(seed, films, viewers))
    if truth is not None:
        put(truth, _as_json(_truth(films, viewers)))
    return world


def _check(directory: Path, videos: int, users: int, truth: Path | None) -> None:
    least = 2 * len(TOPICS)
    if videos < least or users < 10:
        raise InputError(
            f"A world of {videos} videos and {users} users is too small to show anything.",
            f"Take at least {least} videos and 10 users.",
        )
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory} is a file, not a directory.", "Name another directory.")
    if truth is not None and directory.resolve() in truth.resolve().parents:
        raise InputError(f"{truth} lies inside the world.", "Keep the answers outside of it.")


def _claim(directory: Path, recipe: dict[str, int]) -> None:
    """Claim the directory: keep a world of this recipe, delete one of another."""
    (directory / "clips").mkdir(parents=True, exist_ok=True)
    marker = directory / MARKER
    known = _read(marker, recipe)
    if known == recipe:
        return
    tables = [directory / name for name in ("videos.csv", "events.csv")]
    clips = [*directory.glob("clips/*"), *directory.glob("clips/.*.part")]
    if known is None and (any(table.exists() for table in tables) or clips):
        raise InputError(
            f"{directory} holds tables or clips that the demo did not make.",
            "Name an empty directory.",
        )
    for old in (*tables, *clips):
        if old.suffix in {".csv", ".mp4", ".srt", ".part"}:
            old.unlink(missing_ok=True)
    put(marker, _as_json(recipe))


def _read(marker: Path, recipe: dict[str, int]) -> Any:
    """Recipe in the marker file; None without a valid marker."""
    try:
        known = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and known.keys() == recipe.keys() else None


def _drawn(directory: Path, film: Film) -> bool:
    names = [film.path, film.subtitles] if film.subtitles else [film.path]
    return all((directory / name).exists() for name in names)


def _draw(
    directory: Path, films: Sequence[Film], engine: Engine | None, progress: Progress
) -> None:
    if not films:
        return
    render = Render(str(directory.resolve()))
    with progress.task("drawing videos", len(films)) as tick:
        for film, error in _outcomes(render, films, engine):
            if error:
                raise StageFailed(
                    f"The video {film.video_id} could not be drawn: {error}",
                    "Run the command again: finished videos are kept.",
                )
            tick()


def _outcomes(
    render: Render, films: Sequence[Film], engine: Engine | None
) -> Iterator[tuple[Film, str]]:
    if engine is None:
        for film in films:
            render(film)
            yield film, ""
        return
    outcome: Outcome[str]
    for outcome in engine.map(render, films, timeout=SECONDS_PER_FILM):
        yield films[outcome.index], "" if outcome.kind == "done" else outcome.error


def _write_tables(world: World, seed: int, films: Sequence[Film], events: Sequence[Event]) -> None:
    texts = {world.videos: videos_csv(films), world.events: events_csv(seed, films, events)}
    for path, text in texts.items():
        content = text.encode()
        if not path.exists() or path.read_bytes() != content:
            put(path, content)


def _truth(films: Sequence[Film], viewers: Sequence[DemoUser]) -> dict[str, Any]:
    return {
        "topics": {film.video_id: film.topic for film in films},
        "appeal": {film.video_id: film.appeal for film in films},
        "tastes": {viewer.user_id: [dict(taste) for taste in viewer.tastes] for viewer in viewers},
        "new_videos": [film.video_id for film in films if film.fresh],
    }


def _as_json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()
