"""Certificates: what was proven of a score version, or why nothing could be. Live ones carry automatic replies."""

from typing import Any

from sqlalchemy import func, insert, select, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import certificate
from ticketflow.domain import Value
from ticketflow.errors import NotFound


class NewCertificate(Value):
    """The result of one look at the labels of a segment ("" for every category without a share of its own).

    `threshold` is the least confidence that is proven to keep a wrong share of `alpha` with certainty 1 - `delta`, of
    which this look, the `look`-th, spent `spent`. `coverage`, `wrong_share` and `upper_bound` are those of the labels,
    of which `automatic` lay at or above the threshold with `errors` wrong. `passed` are the thresholds that passed,
    strict to loose. `excluded` are the categories that the labels leave out. `source` tells where labels came from.
    A refusal has no threshold, a `reason`, and in `needed` how many more graded tickets may serve, if that is known.
    """

    segment: str
    version: str
    standing: str
    alpha: float
    delta: float
    look: int
    spent: float
    threshold: float | None
    coverage: float
    wrong_share: float
    upper_bound: float
    labels: int
    automatic: int
    errors: int
    needed: int | None
    reason: str
    passed: list[float]
    excluded: list[str]
    source: str


class Certificate(NewCertificate):
    """A certificate as it is stored. `live` until something ended it, for the reason in `ended_because`."""

    id: str
    live: bool
    created_at: int
    ended_at: int | None
    ended_because: str


def add(session: Session, workspace_id: str, new: NewCertificate, *, live: bool) -> Certificate:
    """Store the result of a look. `live` puts it in force in place of the segment's one before."""
    if live:
        end(session, workspace_id, new.segment, "A fresh certificate took its place.")
    made = Certificate(
        id=new_id(), live=live, created_at=session.now, ended_at=None, ended_because="", **new.model_dump()
    )
    body = {**new.model_dump(mode="json", exclude={"segment", "version", "standing"}), "ended_because": ""}
    session.execute(
        insert(certificate).values(
            workspace_id=workspace_id,
            id=made.id,
            segment=made.segment,
            version=made.version,
            standing=made.standing,
            live=live,
            body=body,
            created_at=made.created_at,
            ended_at=None,
        )
    )
    return made


def end(session: Session, workspace_id: str, segment: str | None, reason: str) -> list[str]:
    """End the live certificate of a segment, or with None every live one; the ids of those that ended."""
    where = [certificate.c.workspace_id == workspace_id, certificate.c.live.is_(True)]
    if segment is not None:
        where.append(certificate.c.segment == segment)
    ended: list[str] = []
    for row in session.execute(select(certificate.c.id, certificate.c.body).where(*where)).mappings().all():
        session.execute(
            update(certificate)
            .where(certificate.c.workspace_id == workspace_id, certificate.c.id == row["id"])
            .values(live=False, ended_at=session.now, body={**row["body"], "ended_because": reason})
        )
        ended.append(str(row["id"]))
    return ended


def get(session: Session, workspace_id: str, certificate_id: str) -> Certificate:
    """The certificate. Raises NotFound."""
    where = (certificate.c.workspace_id == workspace_id, certificate.c.id == certificate_id)
    row = session.execute(select(certificate).where(*where)).mappings().first()
    if row is None:
        raise NotFound(f"There is no certificate {certificate_id}.")
    return _value(dict(row))


def live(session: Session, workspace_id: str) -> dict[str, Certificate]:
    """The certificates in force, by segment."""
    rows = session.execute(
        select(certificate).where(certificate.c.workspace_id == workspace_id, certificate.c.live.is_(True))
    )
    return {row["segment"]: _value(dict(row)) for row in rows.mappings()}


def newest(session: Session, workspace_id: str, version: str) -> dict[str, Certificate]:
    """The last look at each segment of a score version, refusals included."""
    rows = session.execute(
        select(certificate)
        .where(certificate.c.workspace_id == workspace_id, certificate.c.version == version)
        .order_by(certificate.c.id)
    )
    return {row["segment"]: _value(dict(row)) for row in rows.mappings()}


def looks(session: Session, workspace_id: str, version: str, segment: str) -> int:
    """How often the labels of a segment of a score version have been looked at. Where there were none, nothing was."""
    where = (
        certificate.c.workspace_id == workspace_id,
        certificate.c.version == version,
        certificate.c.segment == segment,
    )
    bodies = session.execute(select(certificate.c.body).where(*where)).scalars()
    return sum(body["labels"] > 0 for body in bodies)


def page(session: Session, workspace_id: str, *, before: str | None = None, limit: int = 50) -> list[Certificate]:
    """Certificates and refusals, newest first, those made before the one with id `before`."""
    statement = select(certificate).where(certificate.c.workspace_id == workspace_id)
    if before is not None:
        statement = statement.where(certificate.c.id < before)
    rows = session.execute(statement.order_by(certificate.c.id.desc()).limit(limit))
    return [_value(dict(row)) for row in rows.mappings()]


def stamp(session: Session, workspace_id: str) -> tuple[Any, ...]:
    """Moves whenever a certificate is added or ended."""
    row = session.execute(
        select(func.max(certificate.c.id), func.max(certificate.c.ended_at), func.count()).where(
            certificate.c.workspace_id == workspace_id
        )
    ).one()
    return tuple(row)


def _value(row: dict[str, Any]) -> Certificate:
    columns = ("id", "segment", "version", "standing", "live", "created_at", "ended_at")
    return Certificate(**{name: row[name] for name in columns}, **row["body"])
