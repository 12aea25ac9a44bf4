"""Requests that are none, too long or too slow: a real socket, and what comes back over it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from vireo.server import http_protocol
from vireo.server.run import server_of
from vireo.workspace import Workspace

LONGEST = 60.0
"""Seconds after which waiting is a failure."""
WHOLE = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@contextmanager
def listening(workspace: Path) -> Iterator[tuple[str, int]]:
    """The service on a free port of this process."""
    server = server_of(Workspace.open(workspace))
    with socket.create_server(("127.0.0.1", 0)) as one:
        thread = threading.Thread(target=server.run, args=([one],))
        thread.start()
        try:
            yield one.getsockname()
        finally:
            server.should_exit = True
            thread.join(LONGEST)
            assert not thread.is_alive()


def talk(at: tuple[str, int], *parts: bytes) -> bytes:
    """Everything that comes back until the service hangs up."""
    got = b""
    with socket.create_connection(at, LONGEST) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for part in parts:
                connection.sendall(part)
            while some := connection.recv(65_536):
                got += some
        except (BrokenPipeError, ConnectionResetError):  # it did not wait for all of it
            connection.settimeout(LONGEST)
    return got


def problem_in(answer: bytes) -> dict[str, Any]:
    """The one problem of an answer, its headers checked."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    headers = BytesParser().parsebytes(rest)
    told: dict[str, Any] = json.loads(body)
    assert line.split()[1] == str(told["status"]).encode()
    assert headers["content-type"] == "application/problem+json"
    assert headers["content-length"] == str(len(body))
    assert headers["connection"] == "close"
    assert headers["x-request-id"] == told["instance"]
    assert headers["x-content-type-options"] == "nosniff"
    return told


class Recorder:
    """What would have gone over the wire, write by write."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True


def test_a_head_goes_with_the_first_part_of_its_body() -> None:
    for parts, sent in {
        (b"head", b"body", b"more"): [b"headbody", b"more"],
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"head", b""): [
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"head",
        ],
        (b"head",): [b"head"],
    }.items():
        below = Recorder()
        together = http_protocol._Together(below)  # type: ignore[arg-type]
        for part in parts:
            together.write(part)
        together.close()
        assert below.written == sent
        assert below.closed


MALFORMED = {
    "words": b"HELLO SERVICE\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a header without a colon": b"GET /v1/health HTTP/1.1\r\nHost localhost\r\n\r\n",
    "an address that is not ASCII": b"GET /v1/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a length that is none": POST + b"Content-Length: many\r\n\r\n{}",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length and parts": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "a part without a length": POST + b"Transfer-Encoding: chunked\r\n\r\nmany\r\n",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.fixture(scope="module")
def at(_built: Path) -> Iterator[tuple[str, int]]:
    with listening(_built) as address:
        yield address


def test_answers_without_a_body_arrive_also_where_requests_wait_in_line(
    at: tuple[str, int],
) -> None:
    head = WHOLE.replace(b"GET", b"HEAD")
    last = WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    first, second, third, body = talk(at, head + head + last).split(b"\r\n\r\n")
    assert [one.split()[0] for one in (first, second, third)] == [b"HTTP/1.1"] * 3
    assert json.loads(body)


def test_who_waits_for_a_word_before_the_body_gets_it(at: tuple[str, int]) -> None:
    asked = POST + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(at, LONGEST) as connection:
        connection.sendall(asked)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100")
        connection.sendall(b"[]")
        assert connection.recv(65_536).split()[1] in (b"202", b"422")


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_request_gets_a_problem(name: str, at: tuple[str, int]) -> None:
    told = problem_in(talk(at, MALFORMED[name]))
    assert (told["status"], told["type"]) == (400, "urn:vireo:problem:malformed")
    assert told["hint"]


def test_what_is_no_request_does_not_answer_the_one_before(at: tuple[str, int]) -> None:
    """A request that was whole may have been obeyed: its sender must not hear that it was none."""
    assert b"malformed" not in talk(at, WHOLE + b"HELLO\r\n\r\n")


def test_a_head_that_is_too_large_is_refused(at: tuple[str, int]) -> None:
    most = http_protocol.MAX_HEAD
    start = WHOLE[:-2]
    fits = talk(at, start, b"X: " + b"x" * (most - 100) + b"\r\nConnection: close\r\n\r\n")
    assert fits.startswith(b"HTTP/1.1 200")
    long = {
        "one header": start + b"X: " + b"x" * most + b"\r\n\r\n",
        "many headers": start + b"X: y\r\n" * most + b"\r\n",
        "the address": b"GET /" + b"x" * most + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a header without an end": start + b"X: " + b"x" * 20 * most,
    }
    for name, sent in long.items():
        told = problem_in(talk(at, sent))
        assert (told["status"], name) == (431, name)
        assert str(most) in told["detail"]


def test_what_does_not_arrive_is_not_waited_for(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "ARRIVAL_SECONDS", 0.3)
    with listening(built) as at:
        assert talk(at) == b"", "who says nothing hears nothing"
        for part in (WHOLE[:20], WHOLE[:-2], POST + b"Content-Length: 20\r\n\r\n["):
            told = problem_in(talk(at, part))
            assert (told["status"], told["type"]) == (408, "urn:vireo:problem:too-late")
        answer = talk(at, WHOLE, b"GET")
        assert answer.startswith(b"HTTP/1.1 200")
        assert talk(at, WHOLE).endswith(b"}"), "a connection that is kept open ends in silence"


def test_bodies_that_come_slowly_keep_nobody_else_waiting(built: Path) -> None:
    """They need no key: whoever is refused at the end has held a place until then."""
    toml = built / "vireo.toml"
    toml.write_text(toml.read_text().replace("# max_in_flight = 64", "max_in_flight = 2"))
    body = b'{"event_id": "e%d", "user_id": "ana", "video_id": "v-1042", "event": "view"}'
    length = b"Content-Length: %d\r\n\r\n" % len(body % 1)
    with listening(built) as at, ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(at, LONGEST)) for _ in range(2)]
        for number, one in enumerate(slow):
            one.sendall(POST + b"Expect: 100-continue\r\n" + length)
            assert one.recv(65_536).startswith(b"HTTP/1.1 100"), "it is waited for"
            one.sendall((body % number)[:1])
        late = POST + b"Connection: close\r\n" + length
        assert talk(at, late + body % 8).startswith(b"HTTP/1.1 503")
        for path in (b"/v1/health", b"/v1/users/ana/recommendations"):
            asked = WHOLE.replace(b"/v1/health", path)[:-2] + b"Connection: close\r\n\r\n"
            assert talk(at, asked).startswith(b"HTTP/1.1 200")
        for number, one in enumerate(slow):
            one.sendall((body % number)[1:])
            assert one.recv(65_536).startswith(b"HTTP/1.1 202")
        assert talk(at, late + body % 9).startswith(b"HTTP/1.1 202"), "their places are free"


def test_a_wish_for_another_protocol_is_not_heard(at: tuple[str, int]) -> None:
    wish = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    answer = talk(at, WHOLE[:-2] + wish + b"Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
