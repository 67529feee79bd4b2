"""Who has shown that they know the token: scripts by the token itself, browsers by a session."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import NamedTuple

from starlette.types import Scope

from visdl.api.security.brake import Brake
from visdl.api.security.sessions import Sessions

#: The key of a scope under which routes find the Access of their server.
SCOPE = "visdl.access"


class Credentials(NamedTuple):
    """What a request shows: a right token, or the id of an active session."""

    token: bool
    session: str | None


class Access:
    """The token of a server, its sessions and the brake. Without a token, everybody has access."""

    def __init__(
        self, token: str | None, sessions: Sessions | None = None, brake: Brake | None = None
    ) -> None:
        """Create the access; `sessions` are needed where there is a token."""
        self.token = token
        self.sessions = sessions
        self.brake = brake or Brake()

    async def check(self, scope: Scope, headers: Mapping[str, str]) -> Credentials:
        """Return what a request shows. Raises TooManyAttemptsError for a wrong token."""
        given = _bearer(headers.get("authorization", ""))
        if given is not None:
            return Credentials(await self.knows_token(scope, given), None)
        return Credentials(False, self.find_session(headers))

    async def knows_token(self, scope: Scope, given: str) -> bool:
        """Return whether this is the token. Raises TooManyAttemptsError for one guess too many."""
        client = (scope.get("client") or ("",))[0]
        await self.brake.wait_for_turn(client)
        text = given.encode("utf-8", "surrogatepass")
        if secrets.compare_digest(text, (self.token or "").encode()):
            return True
        self.brake.count_wrong(client)
        return False

    def find_session(self, headers: Mapping[str, str]) -> str | None:
        """Return the id of the session that the cookies of a request name, or None."""
        return self.sessions.find_session(headers.get("cookie", "")) if self.sessions else None


def _bearer(authorization: str) -> str | None:
    """Return the token of a header, or None: a proxy may use another scheme for itself."""
    scheme, _, given = authorization.partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None
