"""Whether an order can be learnt: python -m bench.ranker NAME=WORKSPACE ... --out FILE

For every built workspace, LambdaMART (extra `ranker`) is trained and tested as by a build with
`recommend.ranker.enabled`: the latest events of all users are held out, the serving experts fitted
on the rest, half of the users train and the other half test. Nothing is published.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.write_result import made_by, tell
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.recommend.rank.lambdamart_training import learn
from vireo.workspace import Workspace


def tried(name: str, place: Path, users: int, seed: int) -> Mapping[str, Any]:
    """The verdict on one workspace: NDCG@10 of the sum and of the trees, and the interval."""
    work = Workspace.open(place)
    base = work.resources.snapshot()
    ranker = work.config.recommend.ranker.model_copy(update={"users": users})
    section = work.config.recommend.model_copy(update={"ranker": ranker})
    context = Context(Serial(EngineSection()), place / "cache", NullProgress(), seed)
    trees = learn(
        base.model, base.catalogue, base.histories, work.config.interest, section, context
    )
    work.close()
    return {"data": name, **trees.report}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspaces", nargs="+", metavar="NAME=WORKSPACE")
    parser.add_argument("--users", type=int, default=4000, help="viewers that are held back")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    pairs = [word.partition("=")[::2] for word in given.workspaces]
    result = {
        **made_by("bench.ranker"),
        "rows": [tried(name, Path(place), given.users, given.seed) for name, place in pairs],
    }
    tell(result, given.out)


if __name__ == "__main__":
    main()
