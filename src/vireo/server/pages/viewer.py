"""Viewer's pages: lists, a video with its reasons, search, profile."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from vireo.errors import InputError
from vireo.recommend.recommender import Picks
from vireo.server.auth import ServiceOf
from vireo.server.base import MAX_TEXT
from vireo.server.http_error import HttpProblem, request_id_of
from vireo.server.pages.media import file_of, sighted
from vireo.server.pages.render import bars, page
from vireo.server.pages.session import Session, SessionOf, TrustedForm
from vireo.server.service import Service
from vireo.store.base import LiveEvent
from vireo.store.validation import check_text

router = APIRouter(include_in_schema=False)
ROW = 12
"""Videos in a row."""
ACTS = ("like", "dislike", "save", "view")
WAIT_SECONDS = 5.0


@router.get("/", response_class=HTMLResponse)
def home(request: Request, response: Response, service: ServiceOf, session: SessionOf) -> Response:
    """Rows: for you, because you watched, new, what many watch now."""
    user = session.user_id
    rows = [("For you", service.lists.recommend(user or None, ROW))]
    last = service.lists.last_liked(user) if user else None
    if last is not None:
        rows.append(
            (
                f"Because you watched “{service.videos.title(last)}”",
                service.lists.similar(last, ROW, user or None),
            )
        )
    rows.append(("New here", service.lists.newest(user or None, ROW)))
    rows.append(("Many watch now", service.lists.trending(ROW, user or None)))
    shown = [{"title": title, "picks": picks} for title, picks in rows if len(picks)]
    facts = {"rows": shown, "notes": rows[0][1].notes, "request_id": request_id_of(request)}
    return page(request, response, session, "home.html", **facts, users=_users(service, session))


def _users(service: Service, session: Session) -> list[str]:
    """Sample users, for keys that may see all users' lists."""
    return service.now.served.users()[:200] if session.caller.may("service") else []


@router.get("/watch/{video_id}", response_class=HTMLResponse)
def watch(
    request: Request, response: Response, video_id: str, service: ServiceOf, session: SessionOf
) -> Response:
    """One film: player, reasons, buttons, what is like it."""
    sighted(service, session, video_id)
    about = service.videos.about(video_id)
    try:
        near: Picks = service.lists.similar(video_id, ROW, session.user_id or None)
    except InputError:  # put a moment ago
        near = Picks([])
    facts: dict[str, Any] = {
        "video_id": video_id,
        "title": about["metadata"].get("title") or video_id,
        "metadata": about["metadata"],
        "record": about.get("record", {}),
        "playable": file_of(service, video_id) is not None,
        "why": _why(service, session.user_id, video_id),
        "near": near,
        "request_id": request_id_of(request),
    }
    return page(request, response, session, "watch.html", **facts)


def _why(service: Service, user_id: str, video_id: str) -> dict[str, Any] | None:
    """The place in the viewer's own order, and the contributions to draw."""
    if not user_id or service.now.overlay.catalogue.find(video_id) is None:
        return None
    explanation = service.lists.explain(user_id, video_id)
    return {
        "place": explanation.place,
        "of": explanation.of,
        "seen": explanation.seen,
        "sources": bars(list(explanation.sources.items())),
        "own": bars([(title, share) for _, title, share in explanation.own_videos]),
    }


@router.get("/search", response_class=HTMLResponse)
def search(
    request: Request, response: Response, service: ServiceOf, session: SessionOf, q: str = ""
) -> Response:
    """Videos by words."""
    words = q.strip()[:MAX_TEXT]
    picks = service.lists.search(words, 2 * ROW, session.user_id or None) if words else Picks([])
    facts = {"words": words, "picks": picks, "request_id": request_id_of(request)}
    return page(request, response, session, "search.html", **facts)


@router.get("/me", response_class=HTMLResponse)
def me(request: Request, response: Response, service: ServiceOf, session: SessionOf) -> Response:
    """Stated data, derived profile, and controls to remove both."""
    user = session.user_id
    standing = service.store.user_state(user) if user else None
    choices = dict(standing.choices) if standing else {}
    facts = {
        "query": choices.get("query", ""),
        "allowed": choices.get("consent", {}).get("personal_lists", True),
        "known": service.users.known(user) if user else None,
        "preferences": standing.preferences if standing else (),
        "most": MAX_TEXT,
    }
    return page(request, response, session, "me.html", **facts)


@router.get("/me/download")
def download(service: ServiceOf, session: SessionOf) -> Response:
    """Everything that is held about me."""
    held = json.dumps(service.users.export(_own(session)), ensure_ascii=False, indent=2)
    service.log(session.caller, "show what is held of a viewer", "")
    head = {"content-disposition": 'attachment; filename="viewer.json"'}
    return Response(held, media_type="application/json", headers=head)


@router.post("/act")
def act(form: TrustedForm, service: ServiceOf, session: SessionOf) -> Response:
    """Like, less of this, save, watched: an event like any other."""
    if form.get("event") not in ACTS:
        raise HttpProblem(422, "bad-input", "There is no such action.", "")
    rank = _number(form.get("rank", ""))
    event = LiveEvent(
        event_id=uuid.uuid4().hex,
        user_id=_own(session),
        video_id=form.get("video_id", ""),
        event=form["event"],
        timestamp=round(time.time() * 1000),
        watch_seconds=_seconds(form.get("watch_seconds", "")),
        request_id=form.get("request_id") or None,
        rank=rank if 0 < rank < 10_000 else None,
    )
    service.record([event]).result(WAIT_SECONDS)
    return _back(form)


def _number(text: str) -> int:
    """A number of up to nine digits; 0 for anything else."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e6 else None


@router.post("/me")
def change(form: TrustedForm, service: ServiceOf, session: SessionOf) -> Response:
    """The taste sentence and the consent, with effect on the next list."""
    allowed = form.get("personal_lists") == "on"
    taste = form.get("query", "").strip()[:MAX_TEXT].replace("\0", "")
    service.users.choose(_own(session), {"query": taste, "consent": {"personal_lists": allowed}})
    return _back(form)


@router.post("/me/preferences")
def change_preferences(form: TrustedForm, service: ServiceOf, session: SessionOf) -> Response:
    """More or less of something, in words; or one of these taken back."""
    number = _number(form.get("remove", ""))
    if number:
        service.work.remove_preference(_own(session), number)
    else:
        service.work.add_preference(_own(session), form.get("text", ""))
    return RedirectResponse("/me", 303)


@router.post("/me/forget")
def forget(form: TrustedForm, service: ServiceOf, session: SessionOf) -> Response:
    """Forget me."""
    service.users.forget(_own(session))
    service.log(session.caller, "forget a viewer", "")
    if session.caller.user_id is None:
        session.user_id = ""
    return RedirectResponse("/", 303)


@router.post("/user")
def choose(form: TrustedForm, session: SessionOf) -> Response:
    """Select the user whose lists are shown, for keys that may see all users' lists."""
    user = form.get("user", "").strip()
    if user:
        check_text("user", user)
        if not session.caller.may_act_for(user):
            raise HttpProblem(403, "forbidden", "Your key opens your own lists alone.", "")
    session.user_id = user
    return RedirectResponse("/", 303)


def _own(session: Session) -> str:
    if not session.user_id:
        raise HttpProblem(422, "bad-input", "No user is selected.", "Select a user at the top.")
    return session.user_id


def _back(form: dict[str, str]) -> RedirectResponse:
    """To the page that the form was on: a path of ours, nothing else."""
    parts = urlsplit(form.get("back", "/"))
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    path = parts.path if ours and not parts.path.startswith(("//", "/\\")) else "/"
    return RedirectResponse(path + (f"?{parts.query}" if ours and parts.query else ""), 303)
