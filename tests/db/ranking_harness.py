"""The same sources in two databases, and how alike the searches of both rank them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from search_harness import CASE

from ticketflow.db import Database
from ticketflow.domain import Workspace
from ticketflow.embeddings import Encoder
from ticketflow.retrieval import Filters, Hit, Search, Source, chunks
from ticketflow.store import workspaces

TOP = 10


@dataclass(frozen=True)
class Side:
    """One database that holds the sources, and the search over it."""

    database: Database
    workspace: Workspace
    search: Search

    def ranked(self, text: str, vector: np.ndarray, filters: Filters) -> dict[str, list[Hit]]:
        """The ten best by either half and by both."""
        with self.database.read() as session:
            options = {"kinds": CASE, "limit": TOP, "filters": filters}
            return {
                "words": self.search.lexical(session, self.workspace, text, **options),
                "vectors": self.search.neighbours(session, self.workspace, vector, **options),
                "both": self.search.find(session, self.workspace, text, vector=vector, **options),
            }


def filled(database: Database, encoder: Encoder, sources: Sequence[Source]) -> Side:
    """A side with these sources."""
    with database.write() as session:
        workspace = workspaces.ensure(session, "alike")
    for start in range(0, len(sources), 1_000):
        prepared = chunks.prepare(encoder, sources[start : start + 1_000])
        with database.write() as session:
            chunks.replace(session, workspace, prepared)
    search = Search(database, encoder)
    search.load()
    return Side(database, workspace, search)


def overlaps(
    sides: tuple[Side, Side], encoder: Encoder, queries: Sequence[str], filters: Callable[[int], Filters]
) -> Mapping[str, float]:
    """The mean share of the ten best that both sides have in common, for each way of searching.

    Where several score the same at the end of the ten, any of them is right.
    """
    shares: dict[str, list[float]] = {}
    for number, (text, vector) in enumerate(zip(queries, encoder.encode(list(queries)), strict=True)):
        mine, other = (side.ranked(text, vector, filters(number)) for side in sides)
        for way, hits in mine.items():
            shares.setdefault(way, []).append(_share(hits, other[way]))
    return {way: float(np.mean(found)) for way, found in shares.items()}


def _share(mine: Sequence[Hit], other: Sequence[Hit]) -> float:
    if not mine and not other:
        return 1.0
    common = len({hit.source_id for hit in mine} & {hit.source_id for hit in other})
    if len(mine) == len(other) and mine and abs(mine[-1].score - other[-1].score) < 1e-6:
        last = mine[-1].score
        ours, theirs = ({hit.source_id for hit in hits if hit.score - last < 1e-6} for hits in (mine, other))
        common += min(len(ours - theirs), len(theirs - ours))  # tied for the last places
    return min(1.0, common / max(len(mine), len(other)))
