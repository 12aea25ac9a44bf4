"""Middleware: request ids, limits of size and load, headers, metrics, one log line.

Plain ASGI, so that it costs little and sees every answer, also those of other middleware.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vireo.config.server import ServerSection
from vireo.server.list_executor import makes_list
from vireo.server.metrics import Metrics
from vireo.server.problems import described, problem

LOG = logging.getLogger("vireo.access")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CSP = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}

_ALWAYS = tuple((n.encode(), v.encode()) for n, v in HEADERS.items())


class RequestMiddleware:
    """Everything that holds for all requests, whatever they ask."""

    def __init__(
        self,
        app: ASGIApp,
        section: ServerSection,
        metrics: Metrics,
        open_to_all: Callable[[], bool],
    ) -> None:
        self._app = app
        self._section = section
        self._metrics = metrics
        self._keyless = open_to_all
        self._waiting = 0
        self._lists = 0
        self._arriving: set[_Turn] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        turn = _Turn(scope, send, self._section.max_body_kb * 1024, receive)
        scope["vireo_request_id"] = turn.request_id
        if turn.declared or turn.headers.get(b"transfer-encoding"):
            self._arriving.add(turn)
            turn.arrived = lambda: self._arriving.discard(turn)
        lists = makes_list(scope["path"])
        self._waiting += 1
        self._lists += lists
        self._metrics.in_flight.set(self._waiting)
        try:
            refusal = self._refusal(scope, turn, lists)
            if refusal is not None:
                await refusal(scope, receive, turn.send)
            else:
                await self._answer(scope, turn)
        finally:
            turn.arrived()
            self._waiting -= 1
            self._lists -= lists
            self._metrics.in_flight.set(self._waiting)
            self._note(scope, turn)

    def _refusal(self, scope: Scope, turn: _Turn, lists: bool) -> Any:
        many = self._too_many(turn, lists)
        if many:
            self._metrics.turned_away.inc()
            return problem(503, "overloaded", many, "Come again in a moment.", turn.request_id)
        if self._keyless() and not self._is_ours(scope, turn):
            what = "While there are no keys, only this machine is answered, under its own name."
            hint = "Make a key: `vireo keys add NAME --scope service`."
            return problem(403, "forbidden", what, hint, turn.request_id)
        if turn.declared > turn.most:
            return _too_large(turn)
        return None

    def _too_many(self, turn: _Turn, lists: bool) -> str:
        """The exceeded limit, or the empty string."""
        # Slow bodies, which need no key, delay only each other.
        arriving = len(self._arriving)
        many = arriving if turn in self._arriving else self._waiting - arriving
        if many > self._section.max_in_flight:
            return f"{many - 1} requests are in flight."
        if lists and self._lists > self._section.threads + self._section.max_queued_lists:
            return f"{self._section.max_queued_lists} lists wait to be made."
        return ""

    def _is_ours(self, scope: Scope, turn: _Turn) -> bool:
        """From this machine, under a name of ours, and from no page elsewhere.

        Such a page cannot point its own name at us, nor have a visitor's browser send what no form
        of ours sent.
        """
        if (scope.get("client") or ("", 0))[0] not in LOOPBACK:
            return False
        names = (*LOOPBACK, *self._section.allowed_hosts)
        origins = [v.decode("latin-1") for n, v in scope["headers"] if n == b"origin"]
        host = turn.headers.get(b"host", b"").decode("latin-1")
        return all(_host_in(at) in names for at in (f"//{host}", *origins))

    async def _answer(self, scope: Scope, turn: _Turn) -> None:
        try:
            async with asyncio.timeout(self._section.timeout_seconds) as limit:
                turn.limit = limit
                await self._app(scope, turn.receive, turn.send)
        except TimeoutError:
            if turn.status:
                raise
            turn.limit = None
            late = "The answer was not ready in time."
            answer = described(Request(scope), 503, "too-slow", late, "Send it again.")
            await answer(scope, turn.receive, turn.send)

    def _note(self, scope: Scope, turn: _Turn) -> None:
        """Counts and one line, with the route's pattern and never its ids."""
        route = getattr(scope.get("route"), "path", "(none)")
        seconds = time.perf_counter() - turn.began
        self._metrics.answered(route, turn.method, turn.status, seconds)
        line = (turn.request_id, turn.method, route, turn.status, 1000 * seconds)
        LOG.info("%s %s %s %s %.1f ms", *line)


def _too_large(turn: _Turn) -> Any:
    what = f"The body has more than {turn.most} bytes."
    return problem(413, "too-large", what, "Send it in smaller parts.", turn.request_id)


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class _Turn:
    """One request on its way: what it may send, what was answered."""

    def __init__(self, scope: Scope, send: Send, most: int, receive: Receive) -> None:
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # of equals the first
        given = self.headers.get(b"x-request-id", b"").decode("latin-1")
        self.request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        self.method = scope["method"] if scope["method"] in _METHODS else "other"
        self.began = time.perf_counter()
        self.most = most
        length = self.headers.get(b"content-length", b"").decode("latin-1")
        self.declared = int(length) if length.isdecimal() else 0
        self.status = 0
        self.limit: asyncio.Timeout | None = None
        self.arrived: Callable[[], None] = lambda: None
        self._got = 0
        self._send, self._receive = send, receive

    async def receive(self) -> Message:
        message = await self._receive()
        self._got += len(message.get("body", b""))
        if self._got > self.most:
            raise HTTPException(413, f"The body has more than {self.most} bytes.")
        if not message.get("more_body"):
            self.arrived()
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.limit is not None and not self.limit.expired():
                self.limit.reschedule(None)  # a film may take as long as it lasts
            headers = message["headers"]
            there = {name for name, _ in headers}
            more = (*_ALWAYS, (b"x-request-id", self.request_id.encode()))
            message["headers"] = [*headers, *(one for one in more if one[0] not in there)]
        await self._send(message)


def _host_in(url: str) -> str:
    """The host that an address names; empty where it is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
