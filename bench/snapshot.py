"""Lists, scores, reasons and array hashes of fixed builds, to compare two versions of the code.

python -m bench.snapshot take DATA WORK OUT.json     builds the cases that are not in WORK yet
python -m bench.snapshot compare BEFORE.json AFTER.json

Names of experts, files and columns are left out of the hashes, so a rename changes nothing here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from safetensors.numpy import load_file

import vireo

K = 20
USERS = 40
Snapshot = dict[str, Any]


def build_demo(data: Path, folder: Path) -> tuple[vireo.Workspace, list[str]]:
    """The demo's catalogue with the demo's settings."""
    return _small(folder, {"pretraining": {"objective": "contrastive"}}, data)


def build_platform(data: Path, folder: Path) -> tuple[vireo.Workspace, list[str]]:
    """The demo's catalogue with the settings of the preset `platform`."""
    settings = {
        "behavior": {"half_life_days": 30.0},
        "recommend": {"creator_cap": 2, "calibration": 0.3},
    }
    return _small(folder, settings, data)


def build_movielens(data: Path, folder: Path) -> tuple[vireo.Workspace, list[str]]:
    """MovieLens-1M, without the experts that take long to train."""
    workspace = _open(folder, {})
    workspace.ingest(events=data / "ml-1m", format="movielens", replace=True)
    workspace.build(fast=True)
    return workspace, [str(number) for number in range(1, 6041, 6040 // USERS)]


def _small(
    folder: Path, settings: Mapping[str, Any], data: Path
) -> tuple[vireo.Workspace, list[str]]:
    from vireo.demo.world import make_world

    world = make_world(folder.parent / "world", 0)
    workspace = _open(folder, settings)
    workspace.ingest(world.videos, world.events, replace=True)
    workspace.build()
    users = pl.read_csv(world.events, infer_schema=False, truncate_ragged_lines=True)
    return workspace, [*world.three_users, *sorted(set(users["user_id"].drop_nulls()))[:USERS]]


def _open(folder: Path, settings: Mapping[str, Any]) -> vireo.Workspace:
    if (folder / "vireo.toml").is_file():
        return vireo.Workspace.open(folder)
    return vireo.Workspace.create(folder, config=vireo.Config.of(settings))


CASES: Mapping[str, Callable[[Path, Path], tuple[vireo.Workspace, list[str]]]] = {
    "demo": build_demo,
    "platform": build_platform,
    "ml-1m-fast": build_movielens,
}


def snapshot(workspace: vireo.Workspace, users: list[str], at: int) -> Snapshot:
    """Every list with scores and reasons, similar videos, and the hash of every array."""
    lists = {user: _rows(workspace.recommend(user, K, at=at)) for user in dict.fromkeys(users)}
    lists[""] = _rows(workspace.recommend(None, K, at=at))
    first = [row[0] for row in lists[""][:5]]
    everyone = workspace.path / f"lists-{at}.parquet"
    everyone.unlink(missing_ok=True)
    workspace.recommend_all(everyone, K, at=at)
    table = pl.read_parquet(everyone).sort("user_id", "rank")
    batch: dict[str, Any] = {
        user[0]: [[*row] for row in part.select("video_id", "score").iter_rows()]
        for user, part in table.group_by(["user_id"], maintain_order=True)
    }
    return {
        "lists": lists,
        "similar": {video: _rows(workspace.similar(video, 10)) for video in first},
        "batch": batch,
        "arrays": arrays(workspace.path),
    }


def _rows(picks: Any) -> list[list[Any]]:
    return [[pick.video_id, pick.score, pick.reason] for pick in picks]


def arrays(folder: Path) -> dict[str, list[str]]:
    """Per stage the sorted hashes of all arrays and columns of its published artifact."""
    live = json.loads((folder / "live.json").read_text(encoding="utf-8"))
    stages = live["current"]["stages"]
    return {
        stage: sorted(_hashes(folder / "artifacts" / stage / artifact_id))
        for stage, artifact_id in stages.items()
    }


def _hashes(artifact: Path) -> list[str]:
    found = []
    for path in sorted(artifact.rglob("*")):
        if path.suffix == ".safetensors":
            found += [_digest(a.dtype, a.shape, a.tobytes()) for a in load_file(path).values()]
        if path.suffix == ".parquet":
            table = pl.read_parquet(path, memory_map=False)
            found += [_digest(column.dtype, column.len(), _text(column)) for column in table]
    return found


def _text(column: pl.Series) -> bytes:
    return json.dumps(column.to_list(), default=str, ensure_ascii=False).encode()


def _digest(kind: object, shape: object, content: bytes) -> str:
    return hashlib.sha256(f"{kind} {shape} ".encode() + content).hexdigest()[:16]


def take(data: Path, work: Path, out: Path, cases: list[str]) -> None:
    """Build the cases below WORK and write their snapshot."""
    found = {}
    for name in cases:
        folder = work / name
        folder.mkdir(parents=True, exist_ok=True)
        workspace, users = CASES[name](data, folder)
        found[name] = snapshot(workspace, users, at=1_790_000_000_000)
        workspace.close()
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


def compare(before: Path, after: Path) -> list[str]:
    """One line for each difference; an empty list where there is none."""
    one = json.loads(before.read_text(encoding="utf-8"))
    other = json.loads(after.read_text(encoding="utf-8"))
    lines = []
    for case, parts in one.items():
        for part in ("lists", "similar", "batch"):
            lines += _list_differences(f"{case}/{part}", parts[part], other[case][part])
        for stage, hashes in parts["arrays"].items():
            now = other[case]["arrays"].get(stage, [])
            lost, new = _without(hashes, now), _without(now, hashes)
            if lost or new:
                lines.append(f"{case}/arrays/{stage}: {len(lost)} gone, {len(new)} new")
    return lines


def _without(some: list[str], others: list[str]) -> list[str]:
    rest = list(others)
    gone = []
    for one in some:
        if one in rest:
            rest.remove(one)
        else:
            gone.append(one)
    return gone


def _list_differences(
    place: str, before: Mapping[str, list[list[Any]]], after: Mapping[str, list[list[Any]]]
) -> list[str]:
    ids = scores = reasons = 0
    largest = 0.0
    for key, rows in before.items():
        now = after.get(key, [])
        ids += [r[0] for r in rows] != [r[0] for r in now]
        for row, other in zip(rows, now, strict=False):
            if row[0] == other[0]:
                largest = max(largest, abs(row[1] - other[1]))
                scores += row[1] != other[1]
                reasons += row[2:] != other[2:]
    if not (ids or scores or reasons):
        return []
    return [
        f"{place}: {ids} of {len(before)} lists in another order, {scores} scores differ"
        f" (by at most {largest:.2g}), {reasons} reasons differ"
    ]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    taken = verbs.add_parser("take")
    taken.add_argument("data", type=Path)
    taken.add_argument("work", type=Path)
    taken.add_argument("out", type=Path)
    taken.add_argument("--case", action="append", choices=list(CASES))
    compared = verbs.add_parser("compare")
    compared.add_argument("before", type=Path)
    compared.add_argument("after", type=Path)
    asked = parser.parse_args()
    if asked.verb == "take":
        take(asked.data, asked.work, asked.out, asked.case or list(CASES))
        return 0
    lines = compare(asked.before, asked.after)
    print("\n".join(lines) or "No difference.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
