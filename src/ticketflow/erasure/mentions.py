"""Records of others that name a ticket and may quote it: kept answers to requests, and the audit log.

Neither is indexed by ticket, so each is read once, some rows at a time.
"""

import json
import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import select, tuple_, update

from ticketflow.db import Database
from ticketflow.db.tables import audit_log, idempotency

ROWS = 500
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_GONE = {
    "type": "/docs#problem-not_found",
    "title": "Not found",
    "status": 404,
    "code": "not_found",
    "detail": "What this request made was erased.",
    "retryable": False,
}


def blank_answers(database: Database, workspace_id: str, ids: Collection[str]) -> None:
    """Let a repeated request whose answer names one of `ids` hear that it is gone; it is not done again."""
    wanted, after = frozenset(ids), ("", "")
    key = tuple_(idempotency.c.caller, idempotency.c.key)
    named = (idempotency.c.caller, idempotency.c.key, idempotency.c.headers, idempotency.c.body)
    gone: dict[str, Any] = {
        "status": 404,
        "headers": {"content-type": "application/problem+json"},
        "body": json.dumps(_GONE).encode(),
    }
    while True:
        with database.read() as session:
            mine = (idempotency.c.workspace_id == workspace_id, idempotency.c.status.is_not(None))
            page = select(*named).where(*mine, key > after).order_by(*key.clauses).limit(ROWS)
            rows = session.execute(page).all()
        told = {(row.caller, row.key): f"{row.headers}{row.body.decode('utf-8', 'replace')}" for row in rows}
        hit = [place for place, text in told.items() if wanted & named_in(text)]
        if hit:
            with database.write() as session:
                session.execute(update(idempotency).where(*mine, key.in_(hit)).values(**gone))
        if len(rows) < ROWS:
            return
        after = (rows[-1].caller, rows[-1].key)


def blank_audit_log(database: Database, workspace_id: str, ids: Collection[str]) -> None:
    """Leave of entries that name one of `ids` who did what when, without what was there before and after."""
    wanted, after = frozenset(ids), ""
    while True:
        with database.read() as session:
            mine = audit_log.c.workspace_id == workspace_id
            page = select(audit_log.c.id, audit_log.c.object, audit_log.c.detail).where(mine, audit_log.c.id > after)
            rows = session.execute(page.order_by(audit_log.c.id).limit(ROWS)).all()
        hit = [row.id for row in rows if row.detail and wanted & named_in(f"{row.object} {row.detail}")]
        if hit:
            with database.write() as session:
                session.execute(update(audit_log).where(mine, audit_log.c.id.in_(hit)).values(detail={}))
        if len(rows) < ROWS:
            return
        after = rows[-1].id


def named_in(text: str) -> set[str]:
    """The ids that stand in a text."""
    return set(_ID.findall(text))
