"""How many requests are worked on at once: when the database hangs, callers are told so instead of piling up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ticketflow.db.dialect import OVERLOADED, POOL
from ticketflow.errors import NotReady

PLACES: int = POOL["pool_size"] + POOL["max_overflow"]  # each request uses one connection at most
PATIENCE_SECONDS = 10.0
SHARE = 60
"""Percent of the places that one workspace may hold."""


@dataclass
class _Share:
    places: asyncio.Semaphore
    users: int = 0


class Turns:
    """A number of places, taken in the order of asking."""

    def __init__(self, places: int = PLACES, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._places = asyncio.Semaphore(places)
        self._share = max(1, places * SHARE // 100)
        self._shares: dict[str, _Share] = {}
        self._patience = patience_seconds

    @asynccontextmanager
    async def taken_for(self, workspace_id: str) -> AsyncGenerator[None]:
        """Hold one of the workspace's share of the places while the block runs, so that others find one free.

        Raises NotReady as `taken` does.
        """
        share = self._shares.setdefault(workspace_id, _Share(asyncio.Semaphore(self._share)))
        share.users += 1
        try:
            async with self._of(share.places), self.taken():
                yield
        finally:
            share.users -= 1
            if not share.users:
                self._shares.pop(workspace_id, None)

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[None]:
        """Hold a place while the block runs. Raises NotReady when none becomes free for too long."""
        async with self._of(self._places):
            yield

    @asynccontextmanager
    async def _of(self, places: asyncio.Semaphore) -> AsyncGenerator[None]:
        try:
            await asyncio.wait_for(places.acquire(), self._patience)
        except TimeoutError as error:
            raise NotReady(
                f"The server is at work on as many requests as it can, and no place came free in {self._patience:g} s.",
                remedy=OVERLOADED,
            ) from error
        try:
            yield
        finally:
            places.release()
