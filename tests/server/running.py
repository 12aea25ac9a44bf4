"""`vireo serve` in a process of its own, for tests that kill it or open a browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Running:
    """A service that listens."""

    process: subprocess.Popen[str]
    url: str
    said: list[str] = field(default_factory=list)


@contextmanager
def running(workspace: Path, **environment: str) -> Iterator[Running]:
    """Start on a free port; whatever is left of it at the end is killed."""
    command = [sys.executable, "-m", "vireo", "serve", "-w", str(workspace), "--port", "0"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    assert process.stderr is not None
    said: list[str] = []
    url = ""
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"at (http://\S+)/", line):
            url = found[1]
            break
    reader = threading.Thread(target=lambda: said.extend(process.stderr or ()))
    reader.start()
    try:
        assert url, "".join(said)
        yield Running(process, url, said)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stderr.close()
