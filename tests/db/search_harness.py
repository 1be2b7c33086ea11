"""Writes and searches in one line each, for the tests of search."""

from collections.abc import Iterable

from sqlalchemy import func, select

import databases
from ticketflow.clock import SystemClock
from ticketflow.db import Database
from ticketflow.db.tables import chunk
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.retrieval import Search, Source, VectorIndex, chunks
from ticketflow.store import workspaces
from ticketflow.testing import HashEncoder

ENCODER = HashEncoder()
CASE, ARTICLE, ANSWER = ChunkKind.CASE, ChunkKind.ARTICLE, ChunkKind.ANSWER


def case(name: str, text: str, **attributes: str) -> Source:
    """A case to index."""
    return Source(CASE, name, "", text, **attributes)


def put(database: Database, workspace: Workspace, sources: Iterable[Source], encoder: HashEncoder = ENCODER) -> None:
    """Index sources as the product does: computed outside, written in one transaction."""
    prepared = chunks.prepare(encoder, sources)
    with database.write() as session:
        chunks.replace(session, workspace, prepared)


def counted(database: Database, workspace: Workspace, search: Search) -> int:
    """How many cases a search has before it: in memory, or in the database where that compares vectors itself."""
    if isinstance(search.index, VectorIndex):
        return search.index.count(workspace, CASE)
    first, last = chunks.id_range(workspace, CASE)
    with database.read() as session:
        found = session.execute(select(func.count()).select_from(chunk).where(chunk.c.id.between(first, last)))
        return int(found.scalar_one())


def drop(database: Database, workspace: Workspace, *names: str) -> None:
    """Remove cases."""
    with database.write() as session:
        chunks.delete(session, workspace, CASE, names)


def write_elsewhere(url: str, slug: str, texts: dict[str, str], gone: list[str]) -> None:
    """What another process does to a workspace's cases."""
    database = databases.open_url(url, SystemClock())
    with database.write() as session:
        workspace = workspaces.ensure(session, slug)
    put(database, workspace, [case(name, text) for name, text in texts.items()])
    drop(database, workspace, *gone)
    database.close()
