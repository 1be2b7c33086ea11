"""A database with a workspace to import into, and what must hold of it afterwards. Can be run to import a file.

`python import_harness.py DATABASE FILE [FAULT N]` imports FILE; with a fault the process kills itself with SIGKILL at
the Nth time it gets to that place.
"""

import os
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # when it is run by itself

from sqlalchemy import func, select

import databases
from ticketflow import events
from ticketflow.clock import Clock
from ticketflow.db import Database, migrations
from ticketflow.db.tables import answer, case, chunk, imports
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.knowledge.importing import ImportReport, import_history
from ticketflow.knowledge.mapping import Mapping
from ticketflow.store import workspaces
from ticketflow.testing import FrozenClock, HashEncoder

MAPPING = Mapping(text="text", answer="label")


@dataclass(frozen=True)
class Place:
    """What an import needs: `importing.Deps` with the workspace beside it."""

    database: Database
    encoder: HashEncoder
    workspace: Workspace

    def load(self, path: Path, mapping: Mapping = MAPPING, **options: Any) -> ImportReport:
        """Import a file."""
        return import_history(self, self.workspace, path, mapping, **options)


def open_place(path: Path, clock: Clock | None = None) -> Place:
    """The database at `path`, made when it is missing."""
    database = databases.open_at(path, clock or FrozenClock())
    if migrations.current(database) is None:
        migrations.upgrade(database)
    with database.write() as session:
        return Place(database, HashEncoder(), workspaces.ensure(session, "default"))


def contents(place: Place) -> dict[str, Any]:
    """Everything an import stores, without ids and times."""
    with place.database.read() as session:
        labels: dict[str | None, str] = {row.id: row.label for row in session.execute(select(answer))}
        return {
            "cases": Counter(
                (row.external_id, row.subject, row.body, row.resolution, labels.get(row.answer_id), row.language)
                for row in session.execute(select(case))
            ),
            "answers": {row.label: (row.title, row.body, row.status) for row in session.execute(select(answer))},
            "chunks": Counter(
                (ChunkKind(row.kind).word, row.text, labels.get(row.answer_id), row.status, row.content_hash)
                for row in session.execute(select(chunk))
            ),
        }


def assert_whole(place: Place) -> None:
    """Each case and answer has its chunks, each chunk its case or answer, and the import counts what is there."""
    with place.database.read() as session:
        case_ids = set(session.execute(select(case.c.id)).scalars())
        answer_ids = set(session.execute(select(answer.c.id)).scalars())
        indexed = {
            kind: set(session.execute(select(chunk.c.source_id).where(chunk.c.kind == int(kind))).scalars())
            for kind in (ChunkKind.CASE, ChunkKind.ANSWER)
        }
        assert indexed == {ChunkKind.CASE: case_ids, ChunkKind.ANSWER: answer_ids}
        named = set(session.execute(select(case.c.answer_id).where(case.c.answer_id.is_not(None))).scalars())
        assert named <= answer_ids
        found = session.execute(select(func.count()).select_from(chunk)).scalar_one()
        if databases.SERVER is None:
            matched = session.connection.exec_driver_sql("SELECT count(*) FROM chunk_fts").scalar_one()
            session.connection.exec_driver_sql("INSERT INTO chunk_fts (chunk_fts) VALUES ('integrity-check')")
            assert matched == found
        else:
            terms = {row.id: set(row.terms.split()) for row in session.execute(select(chunk.c.id, chunk.c.terms))}
            posted = Counter(session.connection.exec_driver_sql("SELECT chunk_id FROM chunk_term").scalars())
            assert posted == {chunk_id: len(words) for chunk_id, words in terms.items() if words}
        for row in session.execute(select(imports)):
            assert row.counts.get("read", 0) == row.position
            assert row.counts.get("added", 0) <= len(case_ids)


def facts(place: Place, kind: str) -> list[dict[str, Any]]:
    """The data of all events of a type, oldest first."""
    with place.database.read() as session:
        found = events.after(session, place.workspace.id, 0)
    return [event.data for event in found if event.type == kind]


def main(database: str, file: str, fault: str = "", count: str = "0") -> None:
    """Import in this process, killed where the fault says."""
    from ticketflow.knowledge import importing
    from ticketflow.retrieval import chunks
    from ticketflow.store import imports as stored_imports

    places = {
        "embed": (chunks, "prepare"),
        "chunks": (chunks, "replace"),
        "position": (stored_imports, "progress"),
        "finish": (importing._ImportRun, "finish"),  # pyright: ignore[reportPrivateUsage]
    }
    if fault:
        owner, name = places[fault]
        inner, left = getattr(owner, name), [int(count)]

        def killing(*arguments: Any, **options: Any) -> Any:
            done = inner(*arguments, **options)
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        setattr(owner, name, killing)
    open_place(Path(database)).load(Path(file))


if __name__ == "__main__":
    main(*sys.argv[1:])
