"""One event loop in a thread of its own, for clients that keep their connections by loop."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Loop:
    """Started with the first `run`; any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """What `work` yields. Raises what it raises, and TimeoutError after `seconds`, when it is cancelled."""
        running = asyncio.run_coroutine_threadsafe(_within(work, seconds), self._running())
        return running.result()

    def close(self) -> None:
        """End the thread; what still runs is dropped."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._loop = None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="language-models", daemon=True).start()
            return self._loop


async def _within(work: Coroutine[Any, Any, T], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await work
