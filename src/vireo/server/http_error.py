"""Refusal: an HTTP error raised by guards, endpoints and pages."""

from __future__ import annotations

from fastapi import Request


class HttpProblem(Exception):
    """Rendered as problem details, or as a page with the same text."""

    def __init__(self, status: int, kind: str, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.hint = status, kind, detail, hint


def request_id_of(request: Request) -> str:
    """The id that the guard gave this request, as in the header X-Request-ID."""
    return str(request.scope.get("vireo_request_id", ""))
