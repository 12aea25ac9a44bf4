"""A real server of /v1/audio/transcriptions on localhost: its transcript is the pitch of a tone."""

from __future__ import annotations

import io
import json
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np


class Transcriber(ThreadingHTTPServer):
    """`times`: whether it supports verbose_json; `status`: of every response if not 200."""

    def __init__(self, times: bool = True, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.times, self.status = times, status
        self.refused_pitch = 0
        """Hertz of a tone that it refuses."""
        self.requests: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


@contextmanager
def transcriber(times: bool = True, status: int = 200) -> Iterator[Transcriber]:
    server = Transcriber(times, status)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def pitch(wav: bytes) -> tuple[int, float]:
    """(hertz of the strongest tone, seconds) of a WAV file."""
    with wave.open(io.BytesIO(wav)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        rate = file.getframerate()
    strongest = int(np.abs(np.fft.rfft(samples)).argmax())
    return round(strongest * rate / len(samples) / 10) * 10, len(samples) / rate


class _Handler(BaseHTTPRequestHandler):
    server: Transcriber

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        fields = {}
        for part in message_from_bytes(head + body).walk():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(content, bytes):
                fields[name] = content
        wav = fields.pop("file", b"")
        self.server.requests.append(
            {"path": self.path, **{name: text.decode() for name, text in fields.items()}}
        )
        response_format = fields["response_format"].decode()
        if self.server.status != 200:
            self._respond(self.server.status, {"error": {"message": "no such key"}})
        elif response_format == "verbose_json" and not self.server.times:
            self._respond(400, {"error": {"message": "response_format: json only"}})
        elif self.server.refused_pitch == pitch(wav)[0]:
            self._respond(422, {"error": {"message": "cannot transcribe that"}})
        else:
            self._respond(200, _transcript(*pitch(wav), response_format))

    def _respond(self, status: int, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _transcript(hertz: int, seconds: float, response_format: str) -> dict[str, object]:
    text = f"a tone of {hertz} hertz"
    if response_format == "json":
        return {"text": text}
    segment = {"id": 0, "start": 0.0, "end": seconds, "text": f" {text} "}
    header = {"task": "transcribe", "language": "english", "duration": seconds}
    return {**header, "text": text, "segments": [segment]}
