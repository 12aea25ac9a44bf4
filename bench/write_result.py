"""What the other benches hand in: how it was made, on the screen and in a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.results import machine


def made_by(module: str) -> dict[str, Any]:
    """The command as it was typed, the date and the machine."""
    return {
        "command": ["python", "-m", module, *sys.argv[1:]],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
    }


def tell(result: Mapping[str, Any], out: Path | None) -> None:
    """Print it, and keep it where a file is named."""
    text = json.dumps(result, indent=1)
    print(text)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text + "\n", encoding="utf-8")
