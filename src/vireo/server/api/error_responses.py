"""OpenAPI documentation of the error responses that all endpoints share."""

from __future__ import annotations

from typing import Any

from vireo.server.problems import MEDIA_TYPE, Problem

_SAID = {
    401: "A key is needed.",
    403: "This key may not do that.",
    404: "There is no such thing.",
    409: "Something else is under way.",
    413: "The body is too large.",
    422: "The request cannot be used.",
    429: "Too many requests.",
    503: "A part of the service does not answer, or there is too much at once.",
}


def problems(*more: int) -> dict[int | str, dict[str, Any]]:
    """The documented problems of an endpoint; `more` beside those that all have."""
    every = sorted({401, 403, 413, 422, 429, 503, *more})
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _SAID[status], "content": content} for status in every}


__all__ = ["Problem", "problems"]
