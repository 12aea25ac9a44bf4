"""Log-in with a key, and log-out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from vireo.server.auth import ServiceOf
from vireo.server.http_error import HttpProblem
from vireo.server.pages.render import bare
from vireo.server.pages.session import COOKIE, OwnForm, Sessions, TrustedForm

router = APIRouter(include_in_schema=False)
TRIES_PER_MINUTE = 30


@router.get("/login", response_class=HTMLResponse)
async def form() -> Response:
    return bare("login.html", wrong=False)


@router.post("/login")
async def enter(request: Request, form: OwnForm, service: ServiceOf) -> Response:
    """A key -> a session. There is no session yet, so the form has no token: but another's page
    must not log a visitor in under another name."""
    host = request.client.host if request.client else ""
    if request.app.state.buckets.take(f"login {host}", TRIES_PER_MINUTE):
        raise HttpProblem(429, "too-many", "Too many tries.", "Wait a minute.")
    caller = service.state.keys.caller(form.get("key", "").strip())
    if caller is None:
        return bare("login.html", status=401, wrong=True)
    response = RedirectResponse("/", 303)
    sessions: Sessions = request.app.state.sessions
    sessions.open(caller, response, request.url.scheme == "https")
    return response


@router.post("/logout")
async def leave(request: Request, form: TrustedForm) -> Response:
    sessions: Sessions = request.app.state.sessions
    sessions.close(request)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response
