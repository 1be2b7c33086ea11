"""Who is let in: the bearer of an API key, or a browser with a session. Everybody else is refused."""

from starlette.requests import HTTPConnection

from ticketflow.api import cookies, csrf
from ticketflow.api.csrf import Origins
from ticketflow.api.keys import Gate
from ticketflow.api.principal import Principal
from ticketflow.api.sessions import SessionGate
from ticketflow.api.uses import Uses
from ticketflow.errors import Unauthenticated
from ticketflow.runtime import Runtime


class Admission:
    """Looks at what a request shows of its sender. Safe to share between threads."""

    def __init__(self, runtime: Runtime) -> None:
        self.uses = Uses(runtime.database)
        self.keys = Gate(runtime.database, runtime.secret, self.uses)
        self.sessions = SessionGate(runtime.database, runtime.secret, self.uses)
        self._secret = runtime.secret
        self.origins = Origins(runtime.config.public_url, runtime.config.allowed_origins)

    def admit(self, request: HTTPConnection) -> Principal:
        """Who sends a request; an Authorization header counts before a cookie.

        Raises Unauthenticated, StorageUnavailable, and Forbidden when a browser's request that changes something does
        not show that it comes from our own pages.
        """
        authorization = request.headers.get("authorization")
        cookie = cookies.read(request.cookies, secure=self.is_secure(request))
        if authorization is not None or cookie is None:
            return self.keys.admit(authorization)
        caller = self.sessions.admit(cookie)
        if request.scope.get("method", "GET") not in csrf.SAFE_METHODS:
            csrf.require_own_origin(request.headers, self.origins)
            csrf.require_token(self._secret, str(caller.session_id), request.headers)
        return caller

    def session_of(self, request: HTTPConnection) -> Principal | None:
        """The session that a request's cookie stands for, if any, whatever else it sends."""
        cookie = cookies.read(request.cookies, secure=self.is_secure(request))
        try:
            return None if cookie is None else self.sessions.admit(cookie)
        except Unauthenticated:
            return None

    def is_secure(self, request: HTTPConnection) -> bool:
        """Whether the browser speaks https, to us or to the proxy before us."""
        if self.origins.public_url is not None:
            return self.origins.public_url.startswith("https:")
        return request.url.scheme in ("https", "wss")
