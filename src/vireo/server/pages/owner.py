"""Owner's pages: catalog, records, builds, reports, requests, lists of a user."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from vireo.artifacts.files import read_json
from vireo.errors import InputError, VireoError
from vireo.server.auth import ServiceOf
from vireo.server.http_error import HttpProblem
from vireo.server.metrics import Metrics
from vireo.server.pages.render import bars, page
from vireo.server.pages.session import OwnerOf, TrustedForm
from vireo.server.service import Service
from vireo.serving.details import for_display
from vireo.store.validation import check_text

router = APIRouter(prefix="/owner", include_in_schema=False)
PER_PAGE = 50
_REPORT = re.compile(r"[0-9]{8}-[0-9-]+[a-z-]*")
SHOWN_METRICS = ("hit_rate", "ndcg", "coverage")
DRAWN = "report.html"
BOXED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox"
)
"""For a page that carries its own style: no script, no form, nothing from elsewhere."""
LISTS = "/v1/users/{user_id}/recommendations"


@router.get("", response_class=HTMLResponse)
def overview(
    request: Request, response: Response, service: ServiceOf, session: OwnerOf
) -> Response:
    """Health, what is published, the last build, requests."""
    metrics: Metrics = request.app.state.metrics
    facts = {
        "trouble": service.state.trouble,
        "uptime": round((time.time() - service.started) / 60),
        "counts": _counts(service),
        "stages": _stages(service),
        "build": service.builds.last(),
        "latency": {share: metrics.quantile(LISTS, share) for share in (0.5, 0.99)},
        "actions": service.store.actions(12),
    }
    return page(request, response, session, "owner.html", **facts)


def _counts(service: Service) -> dict[str, int]:
    try:
        now = service.now
    except VireoError:
        return {}
    catalogue = now.overlay.catalogue
    return {
        "videos": len(catalogue) - len(now.overlay.deleted),
        "never watched": int((catalogue.user_counts == 0).sum()),
        "viewers": len(now.overlay.histories),
        "live events": service.store.watermark(),
        "lists kept": service.lists.cache.hits,
        "lists made": service.lists.cache.misses,
    }


def _stages(service: Service) -> list[dict[str, Any]]:
    try:
        ids = service.now.ids
    except VireoError:
        return []
    found = ((stage, service.work.resources.artifacts.find(stage, at)) for stage, at in ids.items())
    return [
        {"stage": stage, "id": manifest.id, "seconds": manifest.seconds}
        for stage, manifest in found
        if manifest is not None
    ]


@router.post("/build")
def build(form: TrustedForm, service: ServiceOf, session: OwnerOf) -> Response:
    """Start a build in the background."""
    service.build(session.caller)
    return RedirectResponse("/owner", 303)


@router.post("/rollback")
def rollback(form: TrustedForm, service: ServiceOf, session: OwnerOf) -> Response:
    """Serve what was published before."""
    service.rollback(session.caller)
    return RedirectResponse("/owner", 303)


@router.get("/videos", response_class=HTMLResponse)
def videos(
    request: Request,
    response: Response,
    service: ServiceOf,
    session: OwnerOf,
    q: str = "",
    at: int = 0,
) -> Response:
    """The catalogue, with what became of each file."""
    rows = service.now.served.videos()
    words = q.strip().casefold()
    found = [r for r in rows if words in f"{r['title']} {r['video_id']} {r['topic']}".casefold()]
    at = max(0, min(at, len(found)))
    facts = {"rows": found[at : at + PER_PAGE], "all": len(found), "at": at, "per": PER_PAGE}
    return page(request, response, session, "videos.html", words=q, **facts)


@router.get("/videos/{video_id}", response_class=HTMLResponse)
def video(
    request: Request, response: Response, video_id: str, service: ServiceOf, session: OwnerOf
) -> Response:
    """Metadata, visual features, dialogue and record of one video."""
    about = for_display(service.videos.about(video_id))
    return page(request, response, session, "video.html", about=about, video_id=video_id)


@router.get("/rejects", response_class=HTMLResponse)
def rejects(request: Request, response: Response, service: ServiceOf, session: OwnerOf) -> Response:
    """The refused rows of the published tables, with reasons."""
    frame = service.now.overlay.tables.rejects
    counts = frame["reason"].value_counts(sort=True).rows()
    rows = frame.head(200).to_dicts()
    return page(request, response, session, "rejects.html", rows=rows, counts=counts)


@router.get("/reports", response_class=HTMLResponse)
def reports(request: Request, response: Response, service: ServiceOf, session: OwnerOf) -> Response:
    """The evaluations, the latest first."""
    found = [_report(path) for path in sorted(_home(service).glob("*/report.json"), reverse=True)]
    return page(request, response, session, "reports.html", reports=found[:20])


def _home(service: Service) -> Path:
    return service.work.path / "reports"


def _report(path: Path) -> dict[str, Any]:
    report = read_json(path) or {}
    systems = report.get("systems", {})
    metrics = [m for m in next(iter(systems.values()), {}) if m.startswith(SHOWN_METRICS)]
    drawn = (path.parent / DRAWN).is_file() and _REPORT.fullmatch(path.parent.name)
    return {"name": path.parent.name, "systems": systems, "metrics": metrics, "drawn": bool(drawn)}


@router.get("/reports/{report}")
def report_page(report: str, service: ServiceOf, session: OwnerOf) -> Response:
    """A report with its plots, as `vireo evaluate` wrote it; shown in a box that runs nothing."""
    path = _home(service) / report / DRAWN
    if not _REPORT.fullmatch(report) or not path.is_file():
        raise HttpProblem(
            404, "unknown", f"There is no report '{report}'.", "/owner/reports has all."
        )
    boxed = {"content-security-policy": BOXED, "x-frame-options": "SAMEORIGIN"}
    return FileResponse(path, media_type="text/html; charset=utf-8", headers=boxed)


@router.get("/try", response_class=HTMLResponse)
def try_user(
    request: Request,
    response: Response,
    service: ServiceOf,
    session: OwnerOf,
    user: str = "",
    query: str = "",
) -> Response:
    """A viewer's list as it comes about: scores by source, and what is known of them."""
    user, query = user.strip()[:500], query.strip()[:1000]
    if user:
        check_text("user", user)
    picks = service.lists.recommend(user or None, 20, query)
    rows = [{"pick": pick, "bars": bars(list(pick.sources.items()))} for pick in picks]
    try:
        known = service.now.served.about_user(user) if user else None
    except InputError:
        known = None
    rules = service.work.config.recommend.rules
    facts = {"user": user, "query": query, "rows": rows, "known": known, "rules": rules}
    return page(request, response, session, "try.html", notes=picks.notes, **facts)


@router.get("/audit", response_class=HTMLResponse)
def audit(request: Request, response: Response, service: ServiceOf, session: OwnerOf) -> Response:
    """Log of actions: time, actor, action."""
    return page(request, response, session, "audit.html", actions=service.store.actions(500))
