"""When something was erased last: by it every process learns that what it remembers of texts is to be forgotten."""

from sqlalchemy import select

from ticketflow.db import Session
from ticketflow.db.tables import setting

_EVERYBODY, _NAME = "", "erased_at"


def put(session: Session) -> None:
    """Note that it was now."""
    row = {
        "workspace_id": _EVERYBODY,
        "name": _NAME,
        "value": {"at": session.now},
        "version": 1,
        "updated_at": session.now,
        "updated_by": "system",
    }
    keys, update = ["workspace_id", "name"], ["value", "updated_at"]
    session.execute(session.dialect.upsert(setting, keys, update), [row])


def get(session: Session) -> int:
    """When it was (microseconds), 0 for never."""
    mine = (setting.c.workspace_id == _EVERYBODY, setting.c.name == _NAME)
    found = session.execute(select(setting.c.updated_at).where(*mine)).scalar()
    return int(found or 0)
