"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

import json
import logging
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from vireo.errors import (
    Busy,
    CorruptArtifact,
    DatabaseFailed,
    InputError,
    NotBuilt,
    StageFailed,
    UnknownVideo,
    VireoError,
)
from vireo.server.event_writer import QueueFull
from vireo.server.http_error import HttpProblem, request_id_of
from vireo.server.pages.render import bare
from vireo.server.pages.session import LogIn

LOG = logging.getLogger("vireo.server")
MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
_STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (UnknownVideo, 404, "unknown-video"),
    (Busy, 409, "busy"),
    (InputError, 422, "bad-input"),
    (NotBuilt, 503, "not-built"),
    (CorruptArtifact, 503, "damaged"),
    (QueueFull, 503, "overloaded"),
    (StageFailed, 503, "unavailable"),
    (VireoError, 503, "unavailable"),
    (TimeoutError, 503, "too-slow"),
)
_TITLES = {
    "unknown-video": "There is no such video",
    "unknown": "There is nothing here",
    "busy": "The workspace is busy",
    "bad-input": "The request cannot be used",
    "not-built": "Nothing is published yet",
    "damaged": "A file is damaged",
    "overloaded": "Too much at once",
    "unavailable": "A part of the service does not answer",
    "too-slow": "It took too long",
    "no-key": "A key is needed",
    "forbidden": "This key may not do that",
    "too-many": "Too many requests",
    "too-large": "The body is too large",
    "method": "Not in this way",
    "malformed": "This is no request",
    "head-too-large": "The address and the headers are too large",
    "too-late": "The request came too slowly",
    "bug": "Vireo has a bug",
}


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=["urn:vireo:problem:unknown-video"])
    title: str
    status: int
    detail: str
    """Description of the error, with the value that caused it."""
    hint: str = ""
    """Next step for the client."""
    instance: str = ""
    """The request's id, as in the header X-Request-ID."""


def problem(
    status: int, kind: str, detail: str, hint: str, request_id: str, **headers: str
) -> JSONResponse:
    """The answer; 429 and 503 say when to come again, 401 how to come."""
    content = Problem(
        type=f"urn:vireo:problem:{kind}",
        title=_TITLES[kind],
        status=status,
        detail=detail,
        hint=hint,
        instance=request_id,
    )
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    if status in (429, 503):
        more.setdefault("Retry-After", str(RETRY_SECONDS))
    if status == 401:
        more["WWW-Authenticate"] = "Bearer"
    # Half characters in what was sent must not break the answer that names them.
    body: dict[str, Any] = {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in content.model_dump().items()
    }
    return JSONResponse(body, status, headers=more, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Install handlers: every error becomes problem details, or a page on pages."""
    app.add_exception_handler(LogIn, _on_log_in)
    app.add_exception_handler(HttpProblem, _on_refusal)
    app.add_exception_handler(VireoError, _on_error)
    app.add_exception_handler(TimeoutError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


def described(
    request: Request, status: int, kind: str, detail: str, hint: str, **headers: str
) -> Response:
    """The problem, as JSON or as a page, whatever the request is for."""
    answer = problem(status, kind, detail, hint, request_id_of(request), **headers)
    wants_page = "text/html" in request.headers.get("accept", "")
    if not wants_page or request.url.path.startswith(("/v1/", "/api/", "/metrics")):
        return answer
    shown = bare("problem.html", status, problem=json.loads(bytes(answer.body)))
    for name in ("retry-after", "www-authenticate"):
        if name in answer.headers:
            shown.headers[name] = answer.headers[name]
    return shown


async def _on_log_in(request: Request, error: Exception) -> Response:
    if request.method == "GET":
        return RedirectResponse("/login", 303)
    return described(request, 401, "no-key", "This page asks for a key.", "Log in, then try again.")


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpProblem)
    return described(request, error.status, error.kind, error.detail, error.hint)


async def _on_error(request: Request, error: Exception) -> Response:
    status, kind = next((s, k) for known, s, k in _STATUS if isinstance(error, known))
    what = error.what if isinstance(error, VireoError) else "The answer was not ready in time."
    hint = error.hint if isinstance(error, VireoError) else "Send it again."
    if status == 503:
        LOG.error("%s %s", request_id_of(request), what)
    if isinstance(error, DatabaseFailed):
        what, hint = error.public_message, "Send it again in a moment; the log says what happened."
    return described(request, status, kind, what, hint)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    detail = f"{place}: {first['msg']}"
    hint = "/v1/openapi.json describes it."
    if first["loc"][0] == "body" and "json" not in request.headers.get("content-type", ""):
        hint = "Send `Content-Type: application/json` with a body."
    return described(request, 422, "bad-input", detail, hint)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {404: "unknown", 405: "method", 413: "too-large"}
    kind = kinds.get(error.status_code, "bad-input")
    headers = {k.replace("-", "_"): v for k, v in (error.headers or {}).items()}
    hint = "/v1/openapi.json lists what there is."
    # A body that cannot be decoded is one more that cannot be used.
    status = 422 if error.status_code == 400 else error.status_code
    return described(request, status, kind, str(error.detail), hint, **headers)


async def _on_bug(request: Request, error: Exception) -> Response:
    LOG.exception("%s a bug", request_id_of(request), exc_info=error)
    hint = "Please report it, with the request's id and the service's log."
    return described(request, 500, "bug", type(error).__name__, hint)
