"""Questions that are asked for every list: compiled once, so that asking costs little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Dialect, Select
from sqlalchemy.exc import DBAPIError


class PreparedQuery:
    """A SELECT with named parameters, spelled for one database."""

    def __init__(self, question: Select[Any], dialect: Dialect) -> None:
        compiled = question.compile(dialect=dialect)
        self._text = str(compiled)
        driver: Any = dialect.loaded_dbapi
        self._errors = driver.Error
        self._order: Sequence[str] | None = compiled.positiontup

    def rows(self, driver: Any, **values: Any) -> Sequence[Any]:
        """Rows of the query for these parameters, through the driver's connection, which skips
        SQLAlchemy's result objects."""
        parameters: Any = values
        if self._order is not None:
            parameters = tuple(values[name] for name in self._order)
        cursor = driver.cursor()
        try:
            cursor.execute(self._text, parameters)
            rows: Sequence[Any] = cursor.fetchall()
        except self._errors as error:
            raise DBAPIError(self._text, None, error) from error
        finally:
            cursor.close()
        return rows
