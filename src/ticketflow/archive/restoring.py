"""An archive into an empty workspace: rows in the order in which they refer to each other, then what search knows.

How far it got is noted with the rows, so that a restore that was cut short goes on there.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import insert, select

from ticketflow import events
from ticketflow.archive import indexing, reading
from ticketflow.archive.kinds import KINDS, WORKSPACE, Kind
from ticketflow.archive.lines import row_of
from ticketflow.archive.manifest import Manifest
from ticketflow.archive.targets import Origin
from ticketflow.db import Database, Session
from ticketflow.db.tables import answer, article, case, ticket
from ticketflow.domain import Value, Workspace
from ticketflow.embeddings.encoder import Encoder
from ticketflow.errors import Conflict
from ticketflow.store import audit, imports, workspaces

TOGETHER = 200
"""Rows a transaction; of attachments' parts, which are up to a megabyte, fewer."""
PARTS_TOGETHER = 8
FINISHED, RUNNING = "finished", "running"
SHARED = {"settings", "people"}
"""Of these an empty workspace may have rows: a setting of the archive wins, a person who is there stays."""

Progress = Callable[[float, str], None]


class Restored(Value):
    """What a restore brought: rows by kind, whether it had been done before."""

    counts: dict[str, int]
    done_before: bool


def restore(
    database: Database, encoder: Encoder, workspace: Workspace, origin: Origin, actor: str, progress: Progress
) -> Restored:
    """Bring an archive into a workspace that has nothing yet.

    Raises InvalidFile for an archive that is damaged or of another kind, before anything is written where its digests
    show it, and Conflict where the workspace holds tickets, cases, articles or answers of other origin.
    """
    progress(0.0, "checking the archive")
    made, digest = reading.checked(origin)
    with database.write() as session:
        workspaces.hold(session, workspace.id)
        known = _begin(session, workspace, made, digest)
    if known.state == FINISHED:
        return Restored(counts=made.counts, done_before=True)
    total = sum(made.counts.values())
    with_chunks = total + sum(made.counts[name] for name in ("answers", "articles", "cases", "tickets"))
    position = 0
    for kind in KINDS:
        for rows in _batches(origin, kind, workspace.id):
            position += len(rows)
            if position > known.position:
                with database.write() as session:
                    _store(session, kind, rows)
                    imports.progress(
                        session, workspace.id, known.id, position=position, counts=made.counts, state=RUNNING
                    )
                progress(position / with_chunks, f"restoring {kind.name}")
    for count in indexing.index(database, encoder, workspace):
        position += count
        progress(min(1.0, position / with_chunks), "making it searchable")
    with database.write() as session:
        imports.progress(session, workspace.id, known.id, position=total, counts=made.counts, state=FINISHED)
        events.append(session, workspace.id, "workspace.restored", counts=made.counts)
        audit.record(session, workspace.id, actor, "workspace.restored", workspace.id, counts=made.counts)
    return Restored(counts=made.counts, done_before=False)


def _begin(session: Session, workspace: Workspace, made: Manifest, digest: str) -> imports.Import:
    known = imports.begin(session, workspace.id, "archive", digest, {"exported_at": made.exported_at})
    if known.position == 0 and known.state != FINISHED:
        for table in (ticket, case, article, answer):
            found = select(table.c.id).where(table.c[WORKSPACE] == workspace.id).limit(1)
            if session.execute(found).first() is not None:
                raise Conflict(
                    f"The workspace {workspace.slug!r} is not empty: it has {table.name}s.",
                    remedy="Name one that does not exist yet with --workspace.",
                )
    return known


def _batches(origin: Origin, kind: Kind, workspace_id: str) -> Iterator[list[dict[str, Any]]]:
    length = PARTS_TOGETHER if kind.name == "attachment_parts" else TOGETHER
    numbered = enumerate(reading.lines(origin, kind), 1)
    while page := list(islice(numbered, length)):
        yield [row_of(kind, line, f"Line {number} of {kind.file}", workspace_id) for number, line in page]


def _store(session: Session, kind: Kind, rows: list[dict[str, Any]]) -> None:
    if "position" in kind.standing:  # what happened before it came here is no news
        seq = events.last_seq(session, rows[0][WORKSPACE])
        rows = [{**row, "position": seq} for row in rows]
    if kind.name == "settings":
        columns = [column.name for column in kind.columns if column.name != "name"]
        session.execute(session.dialect.upsert(kind.table, [WORKSPACE, "name"], columns), rows)
    elif kind.name in SHARED:
        for row in rows:
            session.insert_once(kind.table, row)
    else:
        session.execute(insert(kind.table), rows)
