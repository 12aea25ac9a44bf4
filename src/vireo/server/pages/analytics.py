"""Owner's pages of exposure, experiments and users' requests."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from vireo.errors import InputError
from vireo.evaluation.online_experiments import compare_live
from vireo.privacy.forget import Pending, made_before, waits
from vireo.server.auth import ServiceOf
from vireo.server.exposure_report import exposure
from vireo.server.pages.render import page
from vireo.server.pages.session import OwnerOf
from vireo.server.service import Service

router = APIRouter(prefix="/owner", include_in_schema=False)
MAX_ACTIONS = 2000
ASKED = ("forget a viewer", "show what is held of a viewer")
"""Actions in the audit log that viewers have a right to."""


@router.get("/exposure", response_class=HTMLResponse)
def shown(request: Request, response: Response, service: ServiceOf, session: OwnerOf) -> Response:
    """How much of the catalogue is shown, how evenly, and how new videos fare."""
    overlay = service.now.overlay
    live = [one for batch in service.store.events(overlay.live_until) for one in batch]
    least = service.work.config.privacy.min_group_size
    facts = {"report": exposure(overlay, live, least), "least": least}
    return page(request, response, session, "exposure.html", **facts)


@router.get("/variants", response_class=HTMLResponse)
def variants(
    request: Request, response: Response, service: ServiceOf, session: OwnerOf
) -> Response:
    """Experiments and their outcomes."""
    experiments = service.store.experiments()
    facts: dict[str, Any] = {
        "running": service.lists.variants,
        "experiments": experiments[:10],
        "found": [],
        "why": "",
    }
    try:
        facts["found"] = compare_live(service.store, service.work.config)
    except InputError as error:
        facts["why"] = f"{error.what} {error.hint}"
    return page(request, response, session, "variants.html", **facts)


@router.get("/requests", response_class=HTMLResponse)
def requests(
    request: Request, response: Response, service: ServiceOf, session: OwnerOf
) -> Response:
    """Requests for access or erasure, and their pending parts."""
    actions = service.store.actions(MAX_ACTIONS)
    asked = [action for action in actions if action.action in ASKED]
    facts = {
        "counts": Counter(action.action for action in asked),
        "actions": asked[:50],
        "waiting": _waiting(service),
    }
    return page(request, response, session, "requests.html", **facts)


def _waiting(service: Service) -> str:
    """Pending parts of the last erasure, in words; empty: none."""
    work = service.work
    if Pending.read(work.path) is None:
        return ""
    rows = (
        "The rows of the tables wait for a build to end. "
        if waits(work.resources.store, work.path)
        else ""
    )
    made = len(made_before(work.resources.artifacts))
    return f"{rows}{made} artefacts were made from forgotten viewers' rows among others."
