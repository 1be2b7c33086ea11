"""Sources of intake: other systems that send tickets, how their items are read, and the secrets they sign with."""

from typing import Annotated

from fastapi import Query, Response

from ticketflow.api import paging
from ticketflow.api.documented import fails
from ticketflow.api.existing import existing_named
from ticketflow.api.guard import Call, Calling, answers_once, needs, router
from ticketflow.api.schemas.sources import (
    SampleIn,
    SampleOut,
    SourceDeleted,
    SourceIn,
    SourceMade,
    SourceOut,
    SourcePage,
    SourcePatch,
    SourceQuery,
    SourceSecretMade,
)
from ticketflow.api.scopes import Scope
from ticketflow.db import Session
from ticketflow.errors import InvalidInput
from ticketflow.integrations import intake, mapping, sources
from ticketflow.integrations.signing_secrets import OVERLAP
from ticketflow.store import intake_sources, workspaces
from ticketflow.store.intake_sources import Source

routes = router("Intake")


@routes.post("/sources", status_code=201, summary="Add a source", responses=fails(409))
@answers_once
@needs(Scope.SOURCES_WRITE)
def add_source(calling: Calling, body: SourceIn, response: Response) -> SourceMade:
    """From now on it may send tickets to `POST /v1/intake/{address}`, signed with `secret`, shown this once."""

    def same(session: Session) -> Source | None:
        return intake_sources.by_slug(session, calling.workspace_id, body.slug)

    with existing_named(calling, same), calling.runtime.database.write() as session:
        made, secret = sources.create(
            session,
            calling.workspace_id,
            body.slug,
            body.name,
            body.mapping.rules(),
            calling.runtime.signing_secrets,
            calling.principal.actor,
        )
        shown = _shown(session, calling, made)
    response.headers["Location"] = f"/v1/sources/{made.id}"
    return SourceMade.model_validate({**dict(shown), "secret": secret})


@routes.get("/sources", summary="List sources")
@needs(Scope.SOURCES_READ)
def list_sources(calling: Calling, query: Annotated[SourceQuery, Query()]) -> SourcePage:
    """Sources, newest first, without their secrets."""
    before = paging.position(calling, "sources", query)
    with calling.runtime.database.read() as session:
        found = intake_sources.page(
            session, calling.workspace_id, before=before[1] if before else None, limit=query.limit + 1
        )
        items, cursor = paging.cut(calling, "sources", query, found, lambda last: (last.created_at, last.id))
        return SourcePage(items=[_shown(session, calling, one) for one in items], next_cursor=cursor)


@routes.get("/sources/{source_id}", summary="Read a source", responses=fails(404))
@needs(Scope.SOURCES_READ)
def read_source(calling: Calling, source_id: str) -> SourceOut:
    """A source with its mapping, without its secret."""
    with calling.runtime.database.read() as session:
        return _shown(session, calling, intake_sources.get(session, calling.workspace_id, source_id))


@routes.patch("/sources/{source_id}", summary="Change a source", responses=fails(404, 409))
@needs(Scope.SOURCES_WRITE)
def change_source(calling: Calling, source_id: str, body: SourcePatch) -> SourceOut:
    """Fields that are not sent stay as they are; `mapping` is replaced as a whole."""
    changes = body.changes()
    if "mapping" in changes:
        changes["mapping"] = body.mapping.rules()
    with calling.runtime.database.write() as session:
        changed = sources.change(session, calling.workspace_id, source_id, changes, calling.principal.actor)
        return _shown(session, calling, changed)


@routes.delete("/sources/{source_id}", summary="Delete a source", responses=fails(404))
@needs(Scope.SOURCES_WRITE)
def delete_source(calling: Calling, source_id: str) -> SourceDeleted:
    """Nothing that it sends is taken any more; its tickets stay."""
    with calling.runtime.database.write() as session:
        sources.delete(
            session, calling.workspace_id, source_id, calling.runtime.signing_secrets, calling.principal.actor
        )
    return SourceDeleted(id=source_id, deleted=True)


@routes.post("/sources/{source_id}/rotate", status_code=201, summary="Rotate a source's secret", responses=fails(404))
@answers_once
@needs(Scope.SOURCES_WRITE)
def rotate_source_secret(calling: Calling, source_id: str) -> SourceSecretMade:
    """A new secret, shown this once. For 24 hours what is signed with the one before is taken as well."""
    with calling.runtime.database.write() as session:
        secret = sources.rotate(
            session, calling.workspace_id, source_id, calling.runtime.signing_secrets, calling.principal.actor
        )
        return SourceSecretMade(id=source_id, secret=secret, previous_until=session.now + OVERLAP)


@routes.post("/sources/{source_id}/test", summary="Try a source's mapping", responses=fails(404))
@needs(Scope.SOURCES_READ)
def try_source(calling: Calling, source_id: str, body: SampleIn) -> SampleOut:
    """What an item would become. Nothing is stored."""
    with calling.runtime.database.read() as session:
        found = intake_sources.get(session, calling.workspace_id, source_id)
    try:
        mapped = mapping.apply(sources.rules_of(found), body.sample)
    except InvalidInput as error:
        return SampleOut(ticket=None, message=None, to=None, error=str(error), field=error.field)
    theirs = mapped.to if mapped.ticket is None else mapped.ticket.external_id
    return SampleOut.of(mapped, intake.external_id(found, theirs) if theirs is not None else None)


def _shown(session: Session, calling: Call, found: Source) -> SourceOut:
    slug = workspaces.get(session, calling.workspace_id).slug
    return SourceOut.model_validate({**found.model_dump(), "address": f"{slug}_{found.slug}"})
