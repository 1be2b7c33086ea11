"""One embeddings endpoint, asked over HTTP: `POST {base_url}/embeddings`, tried again where that may help.

The calls run in an event loop of their own thread: there a deadline covers everything, a slow look-up of the host's
name and an answer that trickles included. Neither the key nor a text gets into an error.
"""

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from ticketflow import origin
from ticketflow.config import EncoderProvider
from ticketflow.embeddings.answers import Unfit, read
from ticketflow.embeddings.encoder import Vectors
from ticketflow.embeddings.refusals import Failed, of_connection, of_no_key, of_status
from ticketflow.errors import EncoderUnavailable, Misconfigured

if TYPE_CHECKING:
    import httpx2

TRIES = 3
LEAST_SECONDS = 0.1  # a try that has less is not begun
PAUSE_SECONDS = (0.2, 0.6)  # before the second try, twice that before the third, where the endpoint names no time
NUMBER_BYTES = 40  # of a number in JSON at most, white space included


Key = str | Callable[[], str | None] | None
"""An endpoint's key, or what looks it up before each call; none where the endpoint takes none."""


class NotTaken(EncoderUnavailable):
    """The endpoint took offence at the request itself (status 400, 413 or 422); a text may be too long for it."""


class Endpoint:
    """Threads may share it; it connects at first use."""

    def __init__(self, provider: EncoderProvider, base_url: str, key: Key) -> None:
        self._provider = provider
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._headers = {"content-type": "application/json", "accept": "application/json"}
        self._key_of = key if callable(key) else None
        if isinstance(key, str):
            self._headers["authorization"] = f"Bearer {_checked(key, provider)}"
        self._lock = threading.Lock()
        self._open: tuple[asyncio.AbstractEventLoop, httpx2.AsyncClient] | None = None

    def ask(self, body: dict[str, Any], count: int, dimension: int, *, seconds: float, deadline: float) -> Vectors:
        """The unit vectors of the `count` texts in `body`, shape (count, dimension).

        A try may take `seconds`, all of them no longer than until `deadline` (time.monotonic). Raises
        EncoderUnavailable, of the kind NotTaken where the request itself was refused.
        """
        most = count * dimension * NUMBER_BYTES + 1_000_000
        self._look_up_key()
        try:
            return read(self._content(json.dumps(body).encode(), seconds, deadline, most), count, dimension)
        except Failed as failure:
            kind = NotTaken if failure.not_taken else EncoderUnavailable
            raise kind(f"The encoder {self._provider.name} {failure}.", remedy=failure.remedy) from failure
        except Unfit as problem:
            remedy = "Check base_url, model and dimension of the encoder: this is not what was asked for."
            raise EncoderUnavailable(f"The encoder {self._provider.name} {problem}.", remedy=remedy) from problem

    def _look_up_key(self) -> None:
        """Where the key is a setting it may have changed."""
        if self._key_of is None:
            return
        key = self._key_of()
        if key is None:
            raise EncoderUnavailable(f"The encoder {self._provider.name} has no key.", remedy=of_no_key(self._provider))
        self._headers = {**self._headers, "authorization": f"Bearer {_checked(key, self._provider)}"}

    def close(self) -> None:
        """Let go of the connections and end the thread; calls under way fail, a later one connects anew."""
        with self._lock:
            if self._open is not None:
                self._open[0].call_soon_threadsafe(self._open[0].stop)
                self._open = None

    def _content(self, sent: bytes, seconds: float, deadline: float, most: int) -> bytes:
        loop, client = self._opened()
        work = self._patiently(client, sent, seconds, deadline, most)
        try:
            calling = asyncio.run_coroutine_threadsafe(work, loop)
        except RuntimeError as error:  # the loop was closed just now
            work.close()
            raise Failed("was closed while it was asked", "Try again.") from error
        try:
            return calling.result(max(deadline - time.monotonic(), 0.0) + 1)
        except (CancelledError, TimeoutError) as error:
            calling.cancel()
            raise Failed("was closed while it was asked", "Try again.") from error

    def _opened(self) -> tuple[asyncio.AbstractEventLoop, "httpx2.AsyncClient"]:
        with self._lock:
            if self._open is None:
                import httpx2

                loop, client = asyncio.new_event_loop(), httpx2.AsyncClient(timeout=None)
                threading.Thread(target=_serve, args=(loop, client), name="encoder-calls", daemon=True).start()
                self._open = loop, client
            return self._open

    async def _patiently(
        self, client: "httpx2.AsyncClient", content: bytes, seconds: float, deadline: float, most: int
    ) -> bytes:
        failure = Failed("had no time left to answer", "Try again.")
        for number in range(TRIES):
            within = min(seconds, deadline - time.monotonic())
            if within < LEAST_SECONDS:
                break
            try:
                async with asyncio.timeout(within):
                    return await self._once(client, content, most)
            except TimeoutError:
                remedy = "Try again later, or allow it more time by its field seconds."
                failure = Failed(f"did not answer within {within:.3g} s", remedy, again=True)
            except Failed as error:
                failure = error
            pause = failure.retry_after
            if pause is None:
                pause = random.uniform(*PAUSE_SECONDS) * (number + 1)
            if not failure.again or number + 1 == TRIES or time.monotonic() + pause + LEAST_SECONDS > deadline:
                break
            await asyncio.sleep(pause)
        raise failure

    async def _once(self, client: "httpx2.AsyncClient", content: bytes, most: int) -> bytes:
        import httpx2

        headers = self._headers | origin.outgoing()
        try:
            async with client.stream("POST", self._url, content=content, headers=headers) as answer:
                if not answer.is_success:
                    raise of_status(answer.status_code, answer.headers, self._provider)
                received = bytearray()
                async for piece in answer.aiter_bytes():
                    received += piece
                    if len(received) > most:
                        raise Failed("answered with far more than was asked for", "Check base_url of the encoder.")
                return bytes(received)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise of_connection(error, again=isinstance(error, httpx2.TransportError)) from error


def _serve(loop: asyncio.AbstractEventLoop, client: "httpx2.AsyncClient") -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(client.aclose())
    loop.close()


def _checked(key: str, provider: EncoderProvider) -> str:
    # The HTTP library would name the whole header, and so the key, in its error.
    if key.strip() and key.strip().isascii() and key.strip().isprintable():
        return key.strip()
    raise Misconfigured(
        f"The key of the encoder {provider.name} is empty or holds characters that no key has.",
        remedy=of_no_key(provider),
    )
