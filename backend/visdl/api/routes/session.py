"""Signing in and out of a server that has a token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from visdl.api.json_body import JsonRoute
from visdl.api.security.access import SCOPE, Access
from visdl.api.security.sessions import Sessions
from visdl.models.errors import InvalidInputError
from visdl.models.record import Record
from visdl.models.system import SessionInfo

router = APIRouter(prefix="/session", tags=["system"], route_class=JsonRoute)


class Token(Record):
    """The server's token."""

    token: str = Field(max_length=1000)


def access_of(request: Request) -> Access:
    found: Access = request.scope[SCOPE]
    return found


AccessDep = Annotated[Access, Depends(access_of)]


@router.get("", operation_id="getSession")
async def get_session(access: AccessDep, request: Request) -> SessionInfo:
    """Return whether this server has a token, and whether this client is signed in."""
    if access.sessions is None:
        return SessionInfo(required=False, signed_in=True, expires=None)
    shown = await access.check(request.scope, request.headers)
    expires = access.sessions.expires(shown.session) if shown.session else None
    return SessionInfo(required=True, signed_in=shown.token or expires is not None, expires=expires)


@router.post("", operation_id="createSession", status_code=204)
async def create_session(
    token: Token, access: AccessDep, request: Request, response: Response
) -> None:
    """Sign in: exchange the server's token for a cookie that scripts of the page cannot read.

    The cookie contains a random id, not the token. Too many wrong tokens are answered 429.
    """
    if access.sessions is None:
        return
    if not await access.knows_token(request.scope, token.token):
        hint = "It is the value of VISDL_TOKEN."
        raise InvalidInputError("This is not the token of this server.", hint=hint, field="token")
    former = access.find_session(request.headers)
    if former:
        access.sessions.end_session(former)
    _set_cookie(request, response, access.sessions, access.sessions.start_session())


@router.delete("", operation_id="deleteSession", status_code=204)
async def delete_session(access: AccessDep, request: Request, response: Response) -> None:
    """Sign out: the session of this browser ends, and its cookie is removed."""
    if access.sessions is None:
        return
    session = access.find_session(request.headers)
    if session:
        access.sessions.end_session(session)
    _set_cookie(request, response, access.sessions, "")


def _set_cookie(request: Request, response: Response, sessions: Sessions, session: str) -> None:
    """Set the cookie of a session; an empty id removes it."""
    by_tls = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
    response.set_cookie(
        sessions.cookie,
        session,
        max_age=int(sessions.seconds) if session else 0,
        path="/",
        secure=by_tls,
        httponly=True,
        samesite="strict",
    )
