"""The preset `live` on follows of Twitch channels: python examples/live.py DATA WORKSPACE.

Follows and descriptions are real; when a channel is live is generated: each has two weekly slots.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import random
import sys
from pathlib import Path

from vireo import Config, Workspace
from vireo.config.presets import preset_config
from vireo.data.schedule import DAYS


def schedule(channel: str) -> str:
    """Two weekly slots of four hours, always the same for a channel."""
    rng = random.Random(channel)
    slots = [(rng.choice(DAYS), rng.randrange(24)) for _ in range(2)]
    return "; ".join(f"{day} {hour:02}:00-{(hour + 4) % 24:02}:00" for day, hour in slots)


def make(
    data: Path, home: Path, rows: int | None = None, config: Config | None = None
) -> Workspace:
    """The workspace with the first `rows` follows (all by default), built."""
    home.mkdir(parents=True, exist_ok=True)
    with gzip.open(data / "follows_train.csv.gz", "rt", encoding="utf-8") as file:
        follows = list(itertools.islice(csv.DictReader(file), rows))
    names = {row["streamer"] for row in follows}
    with (data / "streamer_info_eng.csv").open(encoding="utf-8-sig", newline="") as file:
        about = {row["name"]: row for row in csv.DictReader(file)}
    channels = home / "channels.csv"
    with channels.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["video_id", "title", "description", "language", "schedule"])
        for name in sorted(names):
            known = about.get(name, {})
            text = known.get("channel_description", "")
            writer.writerow([name, name, text, known.get("language", ""), schedule(name)])
    events = home / "follows.csv"
    with events.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "video_id", "event"])
        writer.writerows([row["user_idx"], row["streamer"], "follow"] for row in follows)
    work = Workspace.create(home / "workspace", config=config or preset_config("live"))
    work.ingest(channels, events)
    work.build()
    return work


if __name__ == "__main__":
    made = make(Path(sys.argv[1]), Path(sys.argv[2]))
    for viewer in made.online.users()[:3]:
        print(f"\nFor {viewer}, now\n{made.recommend(viewer)}")
