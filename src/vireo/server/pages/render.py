"""Rendering of templates with escaping."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from vireo.server.pages.session import Session
from vireo.version import VERSION

MAX_BAR = 100.0
"""Length of the longest bar in a drawing, in its own units."""


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("vireo.server", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["day"] = _day
    return made


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def bars(entries: list[tuple[str, float]]) -> list[dict[str, Any]]:
    """(label, value) -> bars: length in [0, MAX_BAR], and the sign."""
    most = max((abs(value) for _, value in entries), default=0.0) or 1.0
    ordered = sorted(entries, key=lambda entry: -entry[1])
    return [
        {"label": n, "value": v, "length": round(MAX_BAR * abs(v) / most, 1), "against": v < 0}
        for n, v in ordered
    ]


def page(
    request: Request, response: Response, session: Session, name: str, **facts: Any
) -> HTMLResponse:
    """A page in our frame; cookies that were set on `response` go along."""
    path = request.url.path
    text = (
        _templates()
        .get_template(name)
        .render(
            session=session, path=path, version=VERSION, owner=session.caller.may("owner"), **facts
        )
    )
    made = HTMLResponse(text)
    made.headers.raw.extend((n, v) for n, v in response.headers.raw if n == b"set-cookie")
    return made


def bare(name: str, status: int = 200, **facts: Any) -> HTMLResponse:
    """A page without a session: the log-in form, an error."""
    text = (
        _templates()
        .get_template(name)
        .render(session=None, path="", version=VERSION, owner=False, **facts)
    )
    return HTMLResponse(text, status)
