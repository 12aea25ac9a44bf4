"""Questions that are asked for every list: compiled once, so that asking costs little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Select


class Prepared:
    """A SELECT with named parameters, spelled for one database."""

    def __init__(self, question: Select[Any], dialect: Dialect) -> None:
        compiled = question.compile(dialect=dialect)
        self._text = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup

    def rows(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """The rows, for these values of the parameters."""
        told: Any = values
        if self._order is not None:
            told = tuple(values[name] for name in self._order)
        return connection.exec_driver_sql(self._text, told).all()
