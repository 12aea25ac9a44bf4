"""Sessions of the pages: key, selected user, CSRF token.

Kept in memory: after a restart people log in again. The cookie holds a random name, nothing else.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request, Response

from vireo.server.auth import ServiceOf, limited
from vireo.server.base import LOCAL, Principal
from vireo.server.http_error import HttpProblem
from vireo.server.service import Service

COOKIE = "vireo_session"
MAX_SESSIONS = 20_000
LIFETIME = 14 * 86_400
"""Seconds."""
MAX_FORM = 20_000
"""Bytes of a form."""


@dataclass
class Session:
    """One browser."""

    caller: Principal
    user_id: str = ""
    """Whose lists are shown; empty: a new viewer's."""
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    until: float = 0.0


class Sessions:
    """Sessions by the name in the cookie; the oldest leave first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Session] = OrderedDict()

    def open(self, caller: Principal, response: Response, secure: bool) -> Session:
        """A new session, its cookie set on the response."""
        name = secrets.token_urlsafe(32)
        session = Session(caller, caller.user_id or "", until=time.time() + LIFETIME)
        self._kept[name] = session
        while len(self._kept) > MAX_SESSIONS:
            self._kept.popitem(last=False)
        response.set_cookie(
            COOKIE, name, max_age=LIFETIME, httponly=True, samesite="strict", secure=secure
        )
        return session

    def find(self, request: Request) -> Session | None:
        session = self._kept.get(request.cookies.get(COOKIE, ""))
        return session if session is not None and session.until > time.time() else None

    def close(self, request: Request) -> None:
        self._kept.pop(request.cookies.get(COOKIE, ""), None)


class LogIn(Exception):
    """The page needs a key: the browser is sent to the form."""


def session_of(request: Request, response: Response, service: ServiceOf) -> Session:
    """The browser's session; without keys everyone at this machine is the owner."""
    sessions: Sessions = request.app.state.sessions
    session = sessions.find(request)
    keyless = not len(service.state.keys)
    if session is None or (session.caller == LOCAL) != keyless or not _valid(session, service):
        if not keyless:
            raise LogIn
        session = sessions.open(LOCAL, response, request.url.scheme == "https")
    limited(request, service, session.caller)
    return session


def _valid(session: Session, service: Service) -> bool:
    """A revoked key ends its sessions."""
    return session.caller == LOCAL or service.state.keys.holds(session.caller)


SessionOf = Annotated[Session, Depends(session_of)]


def owner_of(session: SessionOf) -> Session:
    """The owner's session; raises Refusal for anybody else's."""
    if not session.caller.may("owner"):
        raise HttpProblem(
            403, "forbidden", "These pages are the owner's.", "Log in with an owner key."
        )
    return session


OwnerOf = Annotated[Session, Depends(owner_of)]


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a posted form, the last of each name."""
    body = await request.body()
    if len(body) > MAX_FORM:
        raise HttpProblem(413, "too-large", "The form is too long.", "Write less.")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    return {name: values[-1] for name, values in fields.items()}


FormOf = Annotated[dict[str, str], Depends(form_of)]


def trusted_form(request: Request, session: SessionOf, form: FormOf) -> dict[str, str]:
    """A form that our own page sent: raises Refusal where the token or the origin is not ours."""
    token = form.get("csrf", "").encode("utf-8", "replace")
    if not hmac.compare_digest(token, session.csrf.encode()):
        raise _not_ours()
    return from_our_page(request, form)


def from_our_page(request: Request, form: FormOf) -> dict[str, str]:
    """A form that no page elsewhere sent, as far as the browser says; raises Refusal."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _not_ours()
    return form


def _not_ours() -> HttpProblem:
    return HttpProblem(403, "forbidden", "This form did not come from our page.", "Load it again.")


TrustedForm = Annotated[dict[str, str], Depends(trusted_form)]
OwnForm = Annotated[dict[str, str], Depends(from_our_page)]
