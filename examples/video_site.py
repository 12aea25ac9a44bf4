"""The preset `platform` on KuaiRand-Pure: python examples/video_site.py DATA WORKSPACE."""

from __future__ import annotations

import gzip
import itertools
import sys
from pathlib import Path

from vireo import Config, Workspace
from vireo.config.presets import preset_config

LOG = "data/log_standard_4_25_to_5_08_pure.csv.gz"
VIDEOS = "data/video_features_basic_pure.csv"


def make(
    data: Path, home: Path, rows: int | None = None, config: Config | None = None
) -> Workspace:
    """The workspace, ingested and built from the first `rows` of the log (all by default)."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log_first.csv"
    with gzip.open(data / LOG, "rt", encoding="utf-8") as full:
        log.write_text("".join(itertools.islice(full, None if rows is None else rows + 1)))
    work = Workspace.create(home / "workspace", config=config or preset_config("platform"))
    work.ingest(data / VIDEOS if rows is None else None, log, format="kuairand")
    work.build()
    return work


if __name__ == "__main__":
    made = make(Path(sys.argv[1]), Path(sys.argv[2]))
    for viewer in made.online.users()[:3]:
        print(f"\nFor {viewer}\n{made.recommend(viewer)}")
