"""Speed of the lists of all users: python -m bench.batch_speed --data DIR [--work WORK]

The first hundred for all 6,040 viewers of MovieLens-1M (leave-one-out), after training, by each
expert alone, by the whole stack and by the peers' own `recommend`: one after the other, in rounds,
on the same machine. The stack's network learns for one pass: how good it is changes nothing here.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.cases import case_named, prepare
from bench.results import machine, row_of
from bench.runner import Bench, run_system
from bench.system_registry import System, chosen
from vireo.artifacts.files import write_json

SPLIT = "ml-1m--leave-one-out"
PEERS = ("implicit-als", "implicit-bm25")
AGAINST = "implicit-als"
EXPERTS = ("ease", "ease-recent", "next-item", "als", "item-knn", "transitions", "content")
GOAL = {"closed form": "at least the lists/s of implicit-als", "vireo": 500.0}
ROUNDS = 3


def main() -> None:
    """Run the rounds and write the medians."""
    given = _parser().parse_args()
    split = prepare(case_named(SPLIT), given.data, given.work)
    systems = [*chosen(SPLIT, PEERS), *_experts(), _stack("small"), _stack("medium")]
    rates: dict[str, list[float]] = {system.name: [] for system in systems}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(given.work, Path(folder))
        for _ in range(given.rounds):
            for system in systems:
                print(run_system(bench, system, split, again=True), flush=True)
                row: dict[str, Any] = row_of(Path(folder), split, system.name) or {}
                rates[system.name].append(float(row.get("lists_per_second", 0.0)))
            write_json(given.out, _told(rates))  # what is measured is kept, whatever comes


def _told(rates: dict[str, list[float]]) -> dict[str, Any]:
    """The results file: medians of the rounds."""
    against = max(median(rates[AGAINST]), 1e-9)
    rows = [
        {
            "system": name,
            "lists_per_second": round(median(rounds), 1),
            f"against {AGAINST}": round(median(rounds) / against, 3),
            "rounds": [round(one, 1) for one in rounds],
        }
        for name, rounds in rates.items()
    ]
    return {
        "split": SPLIT,
        "list_length": 100,
        "machine": machine(),
        "goal": GOAL,
        "rows": rows,
        "command": ["python", "-m", "bench.batch_speed", "--data", "DIR"],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _experts() -> list[System]:
    return [
        System(
            name=f"vireo:{name}",
            adapter="bench.vireo_adapter",
            splits=(SPLIT,),
            source="defaults",
            settings={"expert": name},
        )
        for name in EXPERTS
    ]


def _stack(size: str) -> System:
    settings = {
        "interest.validation_users": 0,  # nobody votes an untrained network out
        "interest.sequence.size": size,
        "interest.sequence.epochs": 1,
        "interest.sequence.min_steps": 0,
        "interest.experts": ["ease", "next-item", "sequence"],
    }
    return System(
        name=f"vireo-{size}",
        adapter="bench.vireo_adapter",
        splits=(SPLIT,),
        source="the experts that have a weight in the row `vireo`, the network untrained",
        settings=settings,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("bench/.work"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=Path("bench/results/top_lists.json"))
    return parser


if __name__ == "__main__":
    main()
