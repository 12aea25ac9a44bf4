"""Lists of all users as one table, made in shards by any engine.

A shard is a range of viewers; its part of the table is a file of its own, complete or absent. So a
run that was killed goes on with the shards that are missing, and what is held in memory does not
grow with the viewers. When all parts are there they become one file, which appears at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pyarrow import parquet  # type: ignore[import-untyped]

from vireo.artifacts.files import digest_of_json, read_json, write_json
from vireo.batch.worker import BatchJob, BatchWorker, cached_worker
from vireo.config import Config
from vireo.engine import Context
from vireo.errors import InputError, StageFailed

LISTS: dict[str, Any] = {
    "user_id": pl.String,
    "rank": pl.UInt16,
    "video_id": pl.String,
    "score": pl.Float32,
}
"""Columns of the table: one row per place of a list. With `full`, a `reason` too."""
JOB_FILE = "about.json"


@dataclass(frozen=True)
class Shard:
    """The viewers in the rows from `start` to `stop`."""

    number: int
    start: int
    stop: int

    @property
    def part(self) -> str:
        return f"part-{self.number:06}.parquet"


@dataclass(frozen=True)
class ShardTask:
    """Runs in a worker: the lists of a shard, put into its part."""

    job: BatchJob
    folder: str

    def __call__(self, shard: Shard) -> dict[str, int]:
        """How many lists were made in blocks and one by one, and who has none."""
        made = cached_worker(self.job).lists(shard.start, shard.stop)
        path = Path(self.folder) / shard.part
        temporary = path.with_suffix(f".{shard.number}.tmp")
        pl.DataFrame(made.columns, schema=_schema(self.job)).write_parquet(temporary)
        temporary.replace(path)
        return dict(made.counts)


def recommend_all(
    work: BatchJob, config: Config, context: Context, out: Path, shard: int
) -> dict[str, Any]:
    """Write the lists of all viewers of a build to `out`; return the accounting.

    Raises InputError where something else lies there or was begun there.
    """
    if shard < 1:
        raise InputError(
            f"A shard cannot hold {shard} viewers.", "Take 1 or more: --shard-size 10000."
        )
    if out.exists():
        raise InputError(f"{out} is there already.", "Delete it, or name another: --out FILE.")
    folder = out.with_name(out.name + ".parts")
    users = len(BatchWorker(work).shards)
    work = _begun(folder, work, config, users, shard)
    shards = [
        Shard(number, start, min(start + shard, users))
        for number, start in enumerate(range(0, users, shard))
    ]
    missing = [one for one in shards if not (folder / one.part).is_file()]
    counts = _made(missing, ShardTask(work, str(folder.resolve())), context)
    joined = _joined(folder, shards, out, _schema(work))
    shutil.rmtree(folder)
    return {
        "out": str(out),
        "users": users,
        **joined,
        "shards": len(shards),
        "kept_shards": len(shards) - len(missing),
        "made_now": counts,
    }


def _begun(folder: Path, work: BatchJob, config: Config, users: int, shard: int) -> BatchJob:
    """The work as it was begun here, with its moment of asking; begun now where it was not."""
    settings = [config.recommend.recipe(), config.privacy.recipe()]
    recipe = {
        "stages": dict(work.stages),
        "k": work.k,
        "with_reasons": work.with_reasons,
        "users": users,
        "shard": shard,
        "settings": digest_of_json(settings),
    }
    about = read_json(folder / JOB_FILE)
    if about is None:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / JOB_FILE, {"recipe": recipe, "at": work.at})
        return work
    if about.get("recipe") != recipe:
        raise InputError(
            f"{folder} holds parts of other lists: of another build, or with other settings.",
            "Delete it to start again, or name another file: --out FILE.",
        )
    return BatchJob(**{**asdict(work), "at": int(about["at"])})


def _made(missing: list[Shard], make: ShardTask, context: Context) -> dict[str, int]:
    """Let the engine make the missing parts; raises StageFailed after the others are done."""
    counts: dict[str, int] = {}
    failed: list[str] = []
    with context.progress.task("Lists", sum(s.stop - s.start for s in missing)) as tick:
        for outcome in context.engine.map(make, missing):
            one = missing[outcome.index]
            for line in outcome.failed_attempts:
                context.progress.say(f"{one.part}: {line}")
            if outcome.value is None:
                failed.append(f"{one.part}: {outcome.error}")
                continue
            for name, count in outcome.value.items():
                counts[name] = counts.get(name, 0) + count
            tick(one.stop - one.start)
    if failed:
        raise StageFailed(
            f"{len(failed)} of {len(missing)} shards could not be made; {failed[0]}",
            "Type the same again: what was finished is kept.",
        )
    return counts


def _schema(work: BatchJob) -> dict[str, Any]:
    return {**LISTS, "reason": pl.String} if work.with_reasons else LISTS


def _joined(
    folder: Path, shards: list[Shard], out: Path, columns: dict[str, Any]
) -> dict[str, int]:
    """All parts as one file, a part at a time; it appears when it is complete."""
    schema = pl.DataFrame(schema=columns).to_arrow().schema
    temporary = folder / "all.tmp"
    lists = rows = 0
    with parquet.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for table in _parts(folder, shards):
            lists += table["user_id"].n_unique()
            rows += table.height
            writer.write_table(table.to_arrow().cast(schema))
    temporary.replace(out)
    return {"lists": lists, "rows": rows}


def _parts(folder: Path, shards: list[Shard]) -> Iterator[pl.DataFrame]:
    for shard in shards:
        yield pl.read_parquet(folder / shard.part, memory_map=False)


def summary_lines(report: Mapping[str, Any]) -> list[str]:
    """The accounting in words."""
    made = report["made_now"]
    lines = [
        f"{report['lists']} lists ({report['rows']} rows) of {report['users']} users in "
        f"{report['out']}."
    ]
    if report["kept_shards"]:
        lines.append(f"{report['kept_shards']} of {report['shards']} shards were there already.")
    if made:
        lines.append(
            f"Made now: {made['in_blocks']} in blocks, {made['one_by_one']} one by one; "
            f"{made['empty']} viewers may see nothing, {made['forgotten']} were forgotten."
        )
    return lines
