"""Writing a workspace's archive as one state of the database has it. Memory is bounded by a page of rows."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select, tuple_

from ticketflow import __version__
from ticketflow.archive import manifest
from ticketflow.archive.kinds import KINDS, WORKSPACE, Kind
from ticketflow.archive.lines import line_of
from ticketflow.archive.manifest import FileInfo, Manifest
from ticketflow.archive.targets import Target
from ticketflow.clock import to_iso
from ticketflow.db import Session
from ticketflow.domain import Workspace
from ticketflow.store import settings
from ticketflow.store.settings import Settings

PAGE = 500
PAGE_OF_PARTS = 8
"""Parts of attachments are up to a megabyte."""

Progress = Callable[[float, str], None]


def write(session: Session, workspace: Workspace, target: Target, progress: Progress) -> Manifest:
    """Write every file, the manifest last; the manifest. `session` reads one state for as long as it takes."""
    files: dict[str, FileInfo] = {}
    for number, kind in enumerate(KINDS):
        progress(number / len(KINDS), f"writing {kind.name}")
        rows, digest = 0, hashlib.sha256()
        with target.create(kind.file) as file:
            for row in _rows(session, workspace.id, kind):
                line = line_of(kind, row)
                file.write(line)
                digest.update(line)
                rows += 1
        files[kind.file] = FileInfo(rows=rows, sha256=digest.hexdigest())
    made = Manifest(
        format=manifest.FORMAT,
        version=manifest.VERSION,
        product=__version__,
        workspace={"slug": workspace.slug, "name": workspace.name},
        exported_at=to_iso(session.now),
        files=files,
    )
    with target.create(manifest.NAME) as file:
        file.write(made.model_dump_json(indent=1).encode() + b"\n")
    return made


def _rows(session: Session, workspace_id: str, kind: Kind) -> Iterator[dict[str, Any]]:
    if kind.name == "settings":
        yield from _settings(session, workspace_id, kind)
        return
    limit = PAGE_OF_PARTS if kind.name == "attachment_parts" else PAGE
    mine, place = kind.table.c[WORKSPACE] == workspace_id, tuple_(*kind.key)
    statement = select(*kind.columns).where(mine).order_by(*kind.key).limit(limit)
    after: tuple[Any, ...] | None = None
    while True:
        page = session.execute(statement if after is None else statement.where(place > after)).mappings().all()
        for row in page:
            yield dict(row)
        if len(page) < limit:
            return
        after = tuple(page[-1][column.name] for column in kind.key)


def _settings(session: Session, workspace_id: str, kind: Kind) -> Iterator[dict[str, Any]]:
    """As the product reads them: SQLite gives a bare number back without its type."""
    known = settings.get(session, workspace_id).model_dump(mode="json")
    table = kind.table
    rows = session.execute(select(*kind.columns).where(table.c[WORKSPACE] == workspace_id).order_by(*kind.key))
    for row in rows.mappings():
        if row["name"] in Settings.model_fields:
            yield {**row, "value": known[row["name"]]}
