"""HTTP protocol: rejects what is not valid HTTP before any middleware.

uvicorn reads requests of any length for any time and refuses in plain text; here their heads are
bounded, they must arrive in time, and every refusal is a problem document.
"""

from __future__ import annotations

import asyncio
import uuid
from functools import partial

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from vireo.server.middleware import HEADERS
from vireo.server.problems import problem

MAX_HEAD = 64 * 1024
"""Bytes of a request's first line and headers."""
ARRIVAL_SECONDS = 20.0
"""From the first byte of a request to its last; a new connection has as long to begin."""
LINGER_SECONDS = 2.0
"""Until then a refused client may go on sending."""
_MALFORMED = (400, "malformed", "What came is not a request of HTTP/1.1.", "Look at the client.")
_LATE = (408, "too-late", "The request did not arrive in time.", "Send it again, at once.")
_LONG = (
    431,
    "head-too-large",
    f"The first line and the headers have more than {MAX_HEAD} bytes.",
    "Send less in the address and the headers.",
)


_CONTINUE = b"HTTP/1.1 100"
"""Interim response: the client sends the body after it."""


class _HeadTooLarge(Exception):
    """Ends the parsing; uvicorn then asks for the refusal."""


class _Together:
    """A transport that sends the head of an answer with the first part of its body.

    uvicorn writes them apart; each write is a call of the system, and wakes up who waits for it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held = b""
        self._begun = False

    def write(self, data: bytes) -> None:
        if not self._begun and not data.startswith(_CONTINUE):
            self._held, self._begun = data, True
            return
        self._transport.write(self._held + data)
        self._held = b""

    def flush(self) -> None:
        if self._held:
            self.write(b"")

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self.flush()
        self._transport.close()


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._why = _MALFORMED
        self._hung_up = False
        self._head: int | None = 0  # bytes that came of the next head; None while a body comes
        self._timer = self.loop.call_later(ARRIVAL_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._hung_up:
            return
        if self._head is not None:
            self._head += len(data)
        super().data_received(data)
        if self._head is not None and self._head > MAX_HEAD:  # one header without an end, say
            self._refuse(_LONG)

    def on_message_begin(self) -> None:
        self._await()
        self._head = 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if len(self.url) + sum(len(n) + len(v) for n, v in self.headers) > MAX_HEAD:
            self._why = _LONG
            raise _HeadTooLarge
        self._head = None
        super().on_headers_complete()
        together = _Together(self.transport)
        self.cycle.transport = together  # type: ignore[assignment]
        self.cycle.on_response = partial(self._answered, together)

    def on_message_complete(self) -> None:
        self._timer.cancel()
        self._head = 0
        super().on_message_complete()

    def _answered(self, together: _Together) -> None:
        together.flush()  # there may have been no body
        self.on_response_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # else the next request is here already
            self._await()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._why)

    def _await(self) -> None:
        self._timer.cancel()
        self._timer = self.loop.call_later(ARRIVAL_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self._head == 0:  # nothing was asked
            self.transport.close()
        else:
            self._refuse(_LATE)

    def _refuse(self, why: tuple[int, str, str, str]) -> None:
        """Hang up; with an answer, unless it would be taken for that of an earlier request."""
        if self.transport.is_closing() or self._hung_up:
            return
        cycle = self.cycle
        if self._head is not None:
            free = cycle is None or cycle.response_complete
        else:
            free = cycle.more_body and not cycle.response_started
        if not free:
            self.transport.close()
            return
        self.transport.write(_written(*why))
        self.transport.write_eof()
        if cycle is not None and not cycle.response_complete:  # a reader of the body must end
            cycle.disconnected = True
            cycle.message_event.set()
        # What still comes is read and dropped: closing over it would have the system take the
        # answer back before it was read.
        self._hung_up = True
        self._timer.cancel()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)


def _written(status: int, kind: str, detail: str, hint: str) -> bytes:
    """The problem as bytes of HTTP/1.1, with the headers that every answer carries."""
    request_id = uuid.uuid4().hex
    answer = problem(status, kind, detail, hint, request_id)
    more = {**HEADERS, "x-request-id": request_id}
    headers = [*answer.raw_headers, *((n.encode(), v.encode()) for n, v in more.items())]
    lines = [b"%s: %s\r\n" % header for header in (*headers, (b"connection", b"close"))]
    return b"".join((STATUS_LINE[status], *lines, b"\r\n", bytes(answer.body)))
