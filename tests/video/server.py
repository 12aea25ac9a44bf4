"""A real server of /v1/audio/transcriptions on this machine: it says what pitch it hears."""

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
    """`times` says whether it knows verbose_json; `status` other than 200 is all it answers."""

    def __init__(self, times: bool = True, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.times, self.status = times, status
        self.deaf_to = 0
        """A pitch that it refuses."""
        self.asked: list[dict[str, str]] = []

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


def pitch(sound: bytes) -> tuple[int, float]:
    """(hertz of the strongest tone, seconds) of a WAV file."""
    with wave.open(io.BytesIO(sound)) as file:
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
        sound = fields.pop("file", b"")
        self.server.asked.append(
            {"path": self.path, **{name: text.decode() for name, text in fields.items()}}
        )
        form = fields["response_format"].decode()
        if self.server.status != 200:
            self._answer(self.server.status, {"error": {"message": "no such key"}})
        elif form == "verbose_json" and not self.server.times:
            self._answer(400, {"error": {"message": "response_format: json only"}})
        elif self.server.deaf_to == pitch(sound)[0]:
            self._answer(422, {"error": {"message": "cannot hear that"}})
        else:
            self._answer(200, _said(*pitch(sound), form))

    def _answer(self, status: int, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _said(hertz: int, seconds: float, form: str) -> dict[str, object]:
    text = f"a tone of {hertz} hertz"
    if form == "json":
        return {"text": text}
    segment = {"id": 0, "start": 0.0, "end": seconds, "text": f" {text} "}
    told = {"task": "transcribe", "language": "english", "duration": seconds}
    return {**told, "text": text, "segments": [segment]}
