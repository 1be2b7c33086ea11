"""Exports of the workspace: asked for, looked at, downloaded."""

from collections.abc import Iterator

from fastapi import Response
from fastapi.responses import StreamingResponse

from ticketflow.agent import exporting
from ticketflow.api.documented import fails
from ticketflow.api.guard import Call, Calling, needs, router
from ticketflow.api.schemas.data import ExportOut
from ticketflow.api.scopes import Scope
from ticketflow.db import Database
from ticketflow.errors import NotFound
from ticketflow.store import exports
from ticketflow.store.exports import Export
from ticketflow.workflow import history
from ticketflow.workflow.queue import Run

routes = router("Data")


@routes.post("/exports", status_code=202, summary="Export the workspace")
@needs(Scope.DATA_EXPORT)
def export_workspace(calling: Calling, response: Response) -> ExportOut:
    """Write the whole workspace as a ZIP of JSON lines, in the background: without secrets, keys and sessions.

    `ticketflow restore` brings it into an empty workspace, here or elsewhere.
    """
    with calling.runtime.database.write() as session:
        export_id = exporting.begin(session, calling.workspace_id, calling.principal.actor)
        run = history.get(session, calling.workspace_id, export_id)
    response.headers["Location"] = f"/v1/exports/{export_id}"
    return _shown(run, None)


@routes.get("/exports/{export_id}", summary="Read an export", responses=fails(404))
@needs(Scope.DATA_EXPORT)
def read_export(calling: Calling, export_id: str) -> ExportOut:
    """How far an export is, and what it holds."""
    return _shown(*_found(calling, export_id))


@routes.get(
    "/exports/{export_id}/content",
    summary="Download an export",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "The ZIP."}, **fails(404)},
)
@needs(Scope.DATA_EXPORT)
def download_export(calling: Calling, export_id: str) -> StreamingResponse:
    """The ZIP: `manifest.json` with each file's rows and SHA-256, and a file of JSON lines for each kind."""
    run, export = _found(calling, export_id)
    if export is None:
        raise NotFound(f"The export {run.id} has no content: it is {run.state.value}, or was removed.")
    headers = {
        "Content-Disposition": 'attachment; filename="workspace.zip"',
        "Content-Length": str(export.size),
        "Cache-Control": "no-store",
    }
    parts = _parts(calling.runtime.database, calling.workspace_id, export)
    return StreamingResponse(parts, media_type="application/zip", headers=headers)


def _found(calling: Call, export_id: str) -> tuple[Run, Export | None]:
    with calling.runtime.database.read() as session:
        run = history.get(session, calling.workspace_id, export_id)
        if run.workflow != exporting.EXPORT:
            raise NotFound(f"There is no export {export_id!r} in this workspace.")
        return run, exports.find(session, calling.workspace_id, export_id)


def _parts(database: Database, workspace_id: str, export: Export) -> Iterator[bytes]:
    for ordinal in range(-(-export.size // exports.PART_BYTES)):
        with database.read() as session:
            data = exports.part(session, workspace_id, export.id, ordinal)
        yield data


def _shown(run: Run, export: Export | None) -> ExportOut:
    return ExportOut(
        id=run.id,
        state=run.state.value,
        size=None if export is None else export.size,
        counts={} if export is None else export.counts,
        created_at=run.created_at,
        expires_at=run.created_at + exports.KEPT,
    )
