"""What the tests of generation share: a shape, prompts, and a small server that misbehaves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from vireo.language.generate import GenerationSection, Prompt


class Mood(BaseModel):
    """A shape for tests."""

    model_config = ConfigDict(extra="forbid")
    mood: str = Field(max_length=20)
    score: int = Field(ge=0, le=10)


def asked(title: str = "A quiet walk", **more: Any) -> Prompt[Mood]:
    return Prompt("test", 1, "Name the mood of the video.", {"title": title}, Mood, **more)


def completion(text: str | None) -> bytes:
    """The body of a chat completion."""
    usage = {"prompt_tokens": 50, "completion_tokens": 7}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    return json.dumps({"id": "1", "object": "c", "choices": [choice], "usage": usage}).encode()


GOOD = '{"mood": "calm", "score": 7}'
Play = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]
"""What the server does with a request, whose body is read already."""


def says(text: str | None) -> Play:
    return sends(200, completion(text))


def sends(status: int, body: bytes, **headers: str) -> Play:
    def play(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return play


def sleeps(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """Takes the question and never answers."""
    time.sleep(1.5)


def trickles(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """Never silent for long, never done."""
    handler.send_response(200)
    handler.end_headers()
    for _piece in range(40):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def floods(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """Babbles megabytes."""
    handler.send_response(200)
    handler.end_headers()
    for _piece in range(200):
        handler.wfile.write(b"blah " * 20_000)


def hangs_up(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
    """Promises more than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")


@dataclass
class Served:
    """A running server: what it was asked, and how to configure a client for it."""

    port: int
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def section(self, **settings: Any) -> GenerationSection:
        quick: dict[str, Any] = {"timeout_seconds": 20.0, "retries": 1, "concurrency": 1} | settings
        url = f"http://127.0.0.1:{self.port}/v1"
        return GenerationSection(model="openai", base_url=url, name="tiny", **quick)


@contextmanager
def serving(*plays: Play) -> Iterator[Served]:
    """A server on loopback that plays one play per request; the last one again and again."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # a connection per request

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(served.asked)
                served.asked.append(body)
                served.headers.append({k.lower(): v for k, v in self.headers.items()})
            try:
                plays[min(number, len(plays) - 1)](self, body)
            except OSError:
                return  # the client hung up, as it should

        def log_message(self, *_: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Served(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
