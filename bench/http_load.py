"""A real `vireo serve` in a process of its own, and thin HTTP connections that ask it."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Answer = tuple[int, bytes]
READY_SECONDS = 120.0
"""A service that is not ready by then will never be."""


@dataclass
class Served:
    """A service in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    def peak_mb(self) -> float:
        """Largest resident size so far."""
        return self._memory("VmHWM")

    def now_mb(self) -> float:
        """Resident size at this moment."""
        return self._memory("VmRSS")

    def _memory(self, name: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else float("nan")


@contextmanager
def service(work: Path) -> Iterator[Served]:
    """Start, wait until it is ready, end politely."""
    command = [sys.executable, "-m", "vireo", "serve", "-w", str(work), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = 0
    for line in process.stderr:
        if found := re.search(r"http://\S+:(\d+)/", line):
            port = int(found[1])
            break
    drain = threading.Thread(target=lambda: [None for _ in process.stderr or ()], daemon=True)
    drain.start()
    try:
        asyncio.run(_until_ready(port))
        yield Served(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


async def _until_ready(port: int) -> None:
    """Raises TimeoutError with what the service said last."""
    one, end, said = Connection(port), time.monotonic() + READY_SECONDS, "nothing"
    while time.monotonic() < end:
        try:
            code, body = await one.ask("GET", "/v1/ready")
            if code == 200:
                one.close()
                return
            said = body.decode("utf-8", "replace")
        except OSError as error:
            said = str(error)
        await asyncio.sleep(0.2)
    raise TimeoutError(f"The service was not ready in {READY_SECONDS:.0f} s; it said: {said}")


@dataclass
class Connection:
    """One kept-alive HTTP connection, as thin as can be: the load must cost little."""

    port: int
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Raises OSError where the service is gone."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        kind = "Content-Type: application/json\r\n" if body else ""
        try:
            writer.write((head + kind + "\r\n").encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"content-length: (\d+)", answer, re.IGNORECASE)
            rest = await reader.readexactly(int(length[1]) if length else 0)
        except (asyncio.IncompleteReadError, OSError) as error:
            self.close()
            raise ConnectionError(str(error)) from None
        return int(answer.split(" ", 2)[1]), rest

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


@dataclass
class Load:
    """What came back."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    codes: dict[int, int] = field(default_factory=dict)
    refusals: list[float] = field(default_factory=list)
    """Seconds from sending to a 429 or 503."""

    def note(self, code: int, since_due: float, since_sent: float) -> None:
        self.codes[code] = self.codes.get(code, 0) + 1
        if code in (200, 202):
            self.latencies.append(since_due)
        else:
            self.refusals.append(since_sent)

    def figures(self) -> dict[str, Any]:
        some = np.array(self.latencies) * 1000 if self.latencies else np.array([np.nan])
        return {
            "per_second": round(len(self.latencies) / self.seconds, 1),
            "p50_ms": round(float(np.percentile(some, 50)), 2),
            "p99_ms": round(float(np.percentile(some, 99)), 2),
            **self._refused(),
            "codes": {str(code): count for code, count in sorted(self.codes.items())},
        }

    def _refused(self) -> dict[str, float]:
        """How quickly overload was answered; nothing where nobody was refused."""
        if not self.refusals:
            return {}
        some = np.array(self.refusals) * 1000
        return {"refused_p99_ms": round(float(np.percentile(some, 99)), 2)}
