"""The background runs that write an export of the workspace, and remove it after some days."""

import tempfile
from typing import IO

from ticketflow import events
from ticketflow.agent.deps import Deps
from ticketflow.archive import targets, writing
from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.domain import Value
from ticketflow.erasure import stamp
from ticketflow.errors import NotReady
from ticketflow.store import audit, exports, workspaces
from ticketflow.workflow import queue
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

EXPORT, EXPIRE = "export", "expire-export"


class Written(Value):
    """An export as it was stored: its bytes, and rows by kind, as they stood at `read_at` (microseconds)."""

    size: int
    counts: dict[str, int]
    read_at: int


class Removed(Value):
    """An export's content is gone."""


def begin(session: Session, workspace_id: str, actor: str) -> str:
    """Queue an export; its id, which is the run's as well."""
    export_id = queue.enqueue(session, workspace_id, EXPORT, trigger_id=new_id(), payload={"actor": actor})
    audit.record(session, workspace_id, actor, "data.exported", export_id)
    return export_id


def _write(deps: Deps, state: State) -> Written:
    """Into a file without a name first: nobody waits for a disk inside a transaction that writes."""
    workspace_id, export_id = state.run.workspace_id, state.run.id
    with state.kept(), tempfile.TemporaryFile() as file:
        with deps.database.read() as session:
            read_at = session.now
            target = targets.Zip(file)
            made = writing.write(session, workspaces.get(session, workspace_id), target, lambda _share, _doing: None)
            target.close()
        size = file.tell()
        _store(state, workspace_id, export_id, file)
    return Written(size=size, counts=made.counts, read_at=read_at)


def _store(state: State, workspace_id: str, export_id: str, file: IO[bytes]) -> None:
    _remove(state, workspace_id, export_id)  # what an earlier attempt left
    with state.write() as session:
        exports.begin(session, workspace_id, export_id)
    file.seek(0)
    ordinal = 0
    while data := file.read(exports.PART_BYTES):
        with state.write() as session:
            exports.add_part(session, workspace_id, export_id, ordinal, data)
        ordinal += 1


def _finish(_deps: Deps, session: Session, state: State, value: Written) -> None:
    run = state.run
    whole = exports.finish(session, run.workspace_id, run.id, value.size, value.counts)
    if not whole or stamp.get(session) >= value.read_at:
        raise NotReady("Something was erased while the export was written.", remedy="It is written anew.")
    events.append(session, run.workspace_id, "export.finished", export_id=run.id, counts=value.counts)
    gone_at = session.now + exports.KEPT
    payload = {"export_id": run.id}
    queue.enqueue(session, run.workspace_id, EXPIRE, trigger_id=run.id, payload=payload, due_at=gone_at)


def _remove(state: State, workspace_id: str, export_id: str) -> None:
    more = True
    while more:
        with state.write() as session:
            more = exports.remove_part(session, workspace_id, export_id)


def _expire(_deps: Deps, state: State) -> Removed:
    _remove(state, state.run.workspace_id, str(state.run.payload["export_id"]))
    return Removed()


def _give_up(_deps: Deps, session: Session, run: Run, _error: str) -> None:
    """What there is of it is removed; the event `run.failed` tells why."""
    payload = {"export_id": run.id}
    queue.enqueue(session, run.workspace_id, EXPIRE, trigger_id=run.id, payload=payload)


def _leave(_deps: Deps, _session: Session, _run: Run, _error: str) -> None:
    """An erasure removes it; nobody can download what is not whole."""


EXPORT_WORKFLOW = Workflow[Deps](
    EXPORT,
    1,
    (Step[Deps]("write", "1", _write, _finish, output=Written, inputs=(TICKET,), outside=True),),
    _give_up,
    background=True,
)
EXPIRE_WORKFLOW = Workflow[Deps](
    EXPIRE,
    1,
    (Step[Deps]("remove", "1", _expire, output=Removed, inputs=(TICKET,), outside=True),),
    _leave,
    background=True,
)
