"""The clients: `TicketFlow` waits, `AsyncTicketFlow` is awaited. Each drives `exchange` over a pool of connections."""

import asyncio
import platform
import time
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from ticketflow_client.calls import Call
from ticketflow_client.configuration import Configuration, Retries, configured
from ticketflow_client.exchange import Attempt, Outcome, Pause, exchange
from ticketflow_client.generated.async_resources import AsyncResources
from ticketflow_client.generated.resources import Resources
from ticketflow_client.version import __version__

T = TypeVar("T")

AGENT = f"ticketflow-client/{__version__} Python/{platform.python_version()}"
SECONDS = 30.0
RETRIES = Retries()


class TicketFlow(Resources):
    """The API of one server, with one key. Safe to use from several threads; close it, or use it in a `with` block.

    url        the server's, such as https://support.example.org; None: from TICKETFLOW_URL
    key        the API key; None: from TICKETFLOW_API_KEY
    timeout    seconds that each try may wait for a connection, and for each part of the response
    retries    how often a call is tried again
    transport  an httpx2 transport of your own, for a proxy, a private certificate or tests

    Raises Misconfigured.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = SECONDS,
        retries: Retries = RETRIES,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._configuration = configured(url, key, timeout, retries)
        self._http = httpx2.Client(timeout=timeout, transport=transport, headers=_headers(self._configuration))
        super().__init__(self)

    def send(self, call: Call[T]) -> T:
        """Carry out one call; the methods of the resources do it."""
        steps = exchange(call, self._configuration)
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as ended:
                return ended.value
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                outcome = None
                continue
            try:
                outcome = self._http.request(step.method, step.url, **_sent(step))
            except httpx2.RequestError as error:
                outcome = error

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return _shown(self, self._configuration)


class AsyncTicketFlow(AsyncResources):
    """The same for asyncio: every method is awaited, every iterator is an async one. See TicketFlow."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = SECONDS,
        retries: Retries = RETRIES,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._configuration = configured(url, key, timeout, retries)
        self._http = httpx2.AsyncClient(timeout=timeout, transport=transport, headers=_headers(self._configuration))
        super().__init__(self)

    async def send(self, call: Call[T]) -> T:
        """Carry out one call; the methods of the resources do it."""
        steps = exchange(call, self._configuration)
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as ended:
                return ended.value
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                outcome = None
                continue
            try:
                outcome = await self._http.request(step.method, step.url, **_sent(step))
            except httpx2.RequestError as error:
                outcome = error

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return _shown(self, self._configuration)


def _headers(configuration: Configuration) -> httpx2.Headers:
    """What every request carries. The key is given to the HTTP library here and nowhere else: it hides it when it shows
    headers, where a dictionary among the local variables of a traceback would not.
    """
    return httpx2.Headers({"Authorization": f"Bearer {configuration.key}", "User-Agent": AGENT})


def _sent(attempt: Attempt) -> dict[str, Any]:
    """An attempt as the HTTP library takes it."""
    return {
        "headers": attempt.headers,
        "params": attempt.query or None,
        "content": attempt.content,
        "data": attempt.form or None,
        "files": attempt.files or None,
    }


def _shown(client: object, configuration: Configuration) -> str:
    return f"{type(client).__name__}(url={configuration.url!r})"
