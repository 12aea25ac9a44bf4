"""Query parameters of lists, parsed in one step and described in the OpenAPI document.

FastAPI reads and checks parameter by parameter, which for eight of them takes a third as long as
all else that is done around a list.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vireo.server.base import MAX_K, MAX_TEXT
from vireo.serving.request import RequestOptions
from vireo.store.validation import MAX_ID, MAX_WORD


class ListParams(BaseModel):
    """The parameters of a list; what is not named here is passed over."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    k: Annotated[int, Field(ge=1, le=MAX_K)] | None = None
    """Length; default: recommend.k."""
    query: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    """A sentence that steers."""
    page: Annotated[int, Field(ge=1, le=100)] = 1
    """2 holds what 1 did not."""
    session: Annotated[str, Field(max_length=MAX_ID)] = ""
    """Seeds chance."""
    seeds: Annotated[list[str], Field(max_length=50)] = []
    """Ids of videos that stand for the taste, as if they had been watched."""
    current_video: Annotated[str, Field(max_length=MAX_ID)] = ""
    """Id of the video on the screen: what is like it comes first."""
    preset: Annotated[str, Field(max_length=MAX_WORD)] = ""
    """Settings to make the list by: a variant, or platform, courses, live, meetings."""
    explain: bool = False
    """Say what the viewer's own videos add."""

    @classmethod
    def of(cls, request: Request) -> Self:
        """Raises RequestValidationError, as FastAPI does, for what cannot be used."""
        given = request.query_params
        values: dict[str, Any] = {name: given[name] for name in given if name != "seeds"}
        if "seeds" in given:
            values["seeds"] = given.getlist("seeds")
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = [{**one, "loc": ("query", *one["loc"])} for one in error.errors()]
            raise RequestValidationError(wrong) from None

    @property
    def options(self) -> RequestOptions:
        return RequestOptions(
            self.page, self.session, tuple(self.seeds), current_video=self.current_video
        )


def described() -> dict[str, Any]:
    """The parameters, for the operation in the OpenAPI document."""
    properties = ListParams.model_json_schema()["properties"]
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": schema.pop("description"),
                "schema": schema,
            }
            for name, schema in properties.items()
        ]
    }
