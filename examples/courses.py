"""The preset `courses` on MOOCCube's relations: python examples/courses.py DATA WORKSPACE.

MOOCCube says which concept comes before which, and not who learnt what in which order. So each
concept becomes a lesson that needs its prerequisites, and learners are generated: each follows the
relations from an easy concept of one subject, and leaves the last lesson half-done.
"""

from __future__ import annotations

import csv
import random
import sys
from collections import defaultdict
from pathlib import Path

from vireo import Config, Workspace
from vireo.config.presets import preset_config

SECONDS = 600


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def lessons(data: Path) -> dict[str, list[str]]:
    """Concept -> the concepts that come before it."""
    needs: dict[str, list[str]] = defaultdict(list)
    for row in read(data / "prerequisite_relations.csv"):
        needs[row["knowledge2"]].append(row["knowledge1"])
        needs.setdefault(row["knowledge1"], [])
    return needs


def learners(needs: dict[str, list[str]], subject: dict[str, str], count: int) -> list[dict]:
    """Generated: who did which lesson, in an order that the relations allow."""
    rng = random.Random(0)
    events = []
    for number in range(count):
        field = rng.choice(sorted(set(subject.values())))
        done: list[str] = []
        for step in range(rng.randint(3, 12)):
            free = [c for c in needs if c not in done and not set(needs[c]) - set(done)]
            own = [c for c in free if subject.get(c) == field] or free
            done.append(rng.choice(own))
            events.append(
                {
                    "user_id": f"learner-{number}",
                    "video_id": done[-1],
                    "event": "view",
                    "timestamp": 1_700_000_000 + 86_400 * step + number,
                    "watch_seconds": SECONDS,
                }
            )
        events[-1]["watch_seconds"] = SECONDS // 3
    return events


def make(data: Path, home: Path, rows: int = 300, config: Config | None = None) -> Workspace:
    """The workspace with every lesson and `rows` generated learners, built."""
    home.mkdir(parents=True, exist_ok=True)
    needs = lessons(data)
    subject = {row["knowledge"]: row["major"] for row in read(data / "knowledge-major.csv")}
    videos: list[dict[str, object]] = [
        {
            "video_id": concept,
            "title": concept,
            "category": subject.get(concept, ""),
            "duration": SECONDS,
            "needs": "|".join(before),
        }
        for concept, before in needs.items()
    ]
    work = Workspace.create(home / "workspace", config=config or preset_config("courses"))
    events = learners(needs, subject, rows)
    work.ingest(write(home / "lessons.csv", videos), write(home / "views.csv", events))
    work.build()
    return work


if __name__ == "__main__":
    made = make(Path(sys.argv[1]), Path(sys.argv[2]))
    for learner in made.online.users()[:3]:
        print(f"\nFor {learner}\n{made.recommend(learner, 5)}")
