"""Experiments in a SQL database: which variants were tried, from which event on."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from sqlalchemy import Row, insert, select

from vireo.store.base import Experiment
from vireo.store.database import Database
from vireo.store.schema import EXPERIMENTS, next_number


class SqlExperiments:
    """Experiments (see base.py)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_experiment(self, experiment: Experiment) -> Experiment:
        """Keep it with the position of the last event, unless it is the one that runs already."""
        with self._database.transaction(write=True) as connection:
            after = self._database.locked(connection, "position")
            latest = select(EXPERIMENTS).order_by(EXPERIMENTS.c.number.desc()).limit(1)
            running = connection.execute(latest).first()
            if running is not None and _same(_read(running), experiment):
                return _read(running)
            begun = replace(experiment, after=after)
            number = next_number(connection, "experiments")
            row = {**asdict(begun), "variants": json.dumps(begun.variants, ensure_ascii=False)}
            connection.execute(insert(EXPERIMENTS), {"number": number, **row})
        return begun

    def experiments(self) -> list[Experiment]:
        """All of them, the latest first."""
        question = select(EXPERIMENTS).order_by(EXPERIMENTS.c.number.desc())
        with self._database.transaction() as connection:
            return [_read(row) for row in connection.execute(question)]


def _read(row: Row[tuple[object, ...]]) -> Experiment:
    variants = tuple(json.loads(row.variants))
    return Experiment(row.name, variants, row.settings, int(row.after), int(row.began_at))


def _same(one: Experiment, other: Experiment) -> bool:
    return (one.name, one.variants, one.settings) == (other.name, other.variants, other.settings)
