"""The preset `meetings` on a generated company: python examples/meetings.py WORKSPACE.

Everything here is made up: four teams and a board, series of weekly meetings with participants and
what was said, and who watched which recording. Only a meeting's own group may open it; all-hands
meetings are open to the group `everybody`.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from vireo import Config, Workspace
from vireo.config.presets import preset_config

SUBJECTS = {
    "engine": "the new pump|vibration of the shaft|tests on the bench|the bearing supplier",
    "sales": "the spring fair|prices for the north|the open offers|a customer's complaint",
    "people": "the summer school|holidays and shifts|new colleagues|the canteen",
    "finance": "the budget|travel costs|the audit|late invoices",
    "board": "the merger|the plan for five years|a new factory|the chairman's successor",
    "everybody": "the month in numbers|questions to the board|the company party|safety at work",
}
NAMES = ("Ada", "Ben", "Cem", "Dora", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kim", "Lea")
WEEKS = 12
START = 1_704_067_200  # 1 January 2024, a Monday


def company() -> tuple[list[Sequence[object]], list[Sequence[object]], list[Sequence[object]]]:
    """Rows of meetings, of employees and of views."""
    rng = random.Random(0)
    teams = [team for team in SUBJECTS if team != "everybody"]
    groups = {name: [teams[n % 4], "everybody"] for n, name in enumerate(NAMES)}
    for name in NAMES[:3]:
        groups[name].append("board")
    meetings: list[Sequence[object]] = []
    views: list[Sequence[object]] = []
    for group, subjects in SUBJECTS.items():
        members = [name for name in NAMES if group in groups[name]]
        for week in range(WEEKS):
            topic = subjects.split("|")[week % 4]
            present = rng.sample(members, max(2, len(members) - 1))
            said = " ".join(
                f"{name}: About {topic}, the {group} team should decide this week."
                for name in present
            )
            video = f"{group}-{week + 1}"
            when = START + week * 7 * 86_400
            title = f"{group.title()}: {topic}, week {week + 1}"
            people, series = "|".join(present), f"{group} weekly"
            meetings.append([video, title, said, group, group, series, week + 1, people, when])
            views += [
                [name, video, "view", when + 3600]
                for name in members
                if week < WEEKS - 2 and rng.random() < 0.6
            ]
    return meetings, [[name, "|".join(own)] for name, own in groups.items()], views


def make(home: Path, config: Config | None = None) -> Workspace:
    """The workspace of the company, built."""
    home.mkdir(parents=True, exist_ok=True)
    meetings, employees, views = company()
    columns = "video_id title transcript category access series episode participants published_at"
    work = Workspace.create(home / "workspace", config=config or preset_config("meetings"))
    work.ingest(
        write(home / "meetings.csv", columns.split(), meetings),
        write(home / "views.csv", ["user_id", "video_id", "event", "timestamp"], views),
        users=write(home / "employees.csv", ["user_id", "groups"], employees),
    )
    work.build()
    return work


def write(path: Path, columns: Sequence[str], rows: list[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


if __name__ == "__main__":
    made = make(Path(sys.argv[1]))
    for employee in ("Ada", "Lea"):
        print(f"\nFor {employee}\n{made.recommend(employee, 6)}")
    print(f"\nFor a visitor\n{made.recommend('visitor')}")
