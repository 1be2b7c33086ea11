"""How many requests are worked on at once: when the database hangs, callers are told so instead of piling up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ticketflow.db.dialect import OVERLOADED, POOL
from ticketflow.errors import NotReady

PLACES: int = POOL["pool_size"] + POOL["max_overflow"]  # each request uses one connection at most
PATIENCE_SECONDS = 10.0


class Turns:
    """A number of places, taken in the order of asking."""

    def __init__(self, places: int = PLACES, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._places = asyncio.Semaphore(places)
        self._patience = patience_seconds

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[None]:
        """Hold a place while the block runs. Raises NotReady when none becomes free for too long."""
        try:
            await asyncio.wait_for(self._places.acquire(), self._patience)
        except TimeoutError as error:
            raise NotReady(
                f"The server is at work on as many requests as it can, and no place came free in {self._patience:g} s.",
                remedy=OVERLOADED,
            ) from error
        try:
            yield
        finally:
            self._places.release()
