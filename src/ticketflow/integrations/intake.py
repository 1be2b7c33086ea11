"""What a source sends: verified over its raw bytes, then stored as tickets and messages with their runs, each once.

A repetition is known by the message's `webhook-id` and the item's position in it, and again by the item's own external
id. Everything of one message is stored in one transaction, so that an answer of 2xx means that all of it is.
"""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, cast

from ticketflow.agent import pipeline, speaking
from ticketflow.db import Database, Session
from ticketflow.domain import Value
from ticketflow.errors import Conflict, Forbidden, InvalidInput, KeyTaken, NotFound
from ticketflow.integrations import mapping, signatures, sources
from ticketflow.integrations.mapping import Mapped
from ticketflow.integrations.signing_secrets import SigningSecrets
from ticketflow.store import intake_sources, tickets
from ticketflow.store.intake_sources import Source, SourceState

MOST_ITEMS = 100
TURNS = 5
"""How often it is looked again where another transaction stored the same at the same moment."""


class Result(StrEnum):
    """What became of an item."""

    OPENED = "opened"
    ADDED = "added"
    KNOWN = "known"
    REFUSED = "refused"


class Taken(Value):
    """An item's result: the ticket that it opened, was added to, or had led to before; or why it was refused."""

    index: int
    result: Result
    ticket_id: str | None = None
    run_id: str | None = None
    error: str | None = None
    field: str | None = None


def receive(
    database: Database, secrets: SigningSecrets, address: str, headers: Mapping[str, str], body: bytes
) -> list[Taken]:
    """Take a message that was sent to the source at `address` (`workspace_source`); a result for each item.

    Raises Unauthenticated unless it is signed with the source's secret (the same words where there is no source),
    Forbidden where the source is disabled, InvalidInput where the body is no object and no list of them.
    """
    source, message_id = _verified(database, secrets, address, headers, body)
    if source.state is SourceState.DISABLED:
        raise Forbidden("The source is disabled.", remedy="Have an operator enable it.")
    items = _items(body)
    found = [_mapped(source, item) for item in items]
    if len(found) == 1 and not body.lstrip().startswith(b"[") and isinstance(found[0], InvalidInput):
        raise found[0]
    for _ in range(TURNS - 1):
        try:
            return _store(database, source, message_id, found)
        except KeyTaken:  # another process stored the same ticket meanwhile: now it is seen
            continue
    return _store(database, source, message_id, found)


def _verified(
    database: Database, secrets: SigningSecrets, address: str, headers: Mapping[str, str], body: bytes
) -> tuple[Source, str]:
    workspace_slug, _, slug = address.partition("_")
    with database.read() as session:
        source = intake_sources.at_address(session, workspace_slug, slug)
        # An unknown source is looked up for secrets as well, so that the time taken tells nothing.
        workspace_id, source_id = (source.workspace_id, source.id) if source else ("", "")
        live = secrets.live(session, workspace_id, sources.owner(source_id))
        message_id = signatures.verified(live, headers, body, session.now)
    if source is None:
        raise signatures.refusal()
    return source, message_id


def _items(body: bytes) -> list[Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("The body is not JSON.", remedy="Send one object, or a list of them.") from None
    items = cast(list[Any], document) if isinstance(document, list) else [document]
    if not 1 <= len(items) <= MOST_ITEMS:
        raise InvalidInput(f"A message holds 1 to {MOST_ITEMS} items.", remedy="Send several messages.")
    return items


def _mapped(source: Source, item: Any) -> Mapped | InvalidInput:
    if not isinstance(item, dict):
        return InvalidInput("An item is a JSON object.", remedy="Send one object, or a list of them.")
    try:
        return mapping.apply(sources.rules_of(source), item)
    except InvalidInput as error:
        return error


def _store(database: Database, source: Source, message_id: str, found: list[Mapped | InvalidInput]) -> list[Taken]:
    with database.write() as session:
        return [_take(session, source, message_id, index, item) for index, item in enumerate(found)]


def _take(session: Session, source: Source, message_id: str, index: int, item: Mapped | InvalidInput) -> Taken:
    if isinstance(item, InvalidInput):
        return Taken(index=index, result=Result.REFUSED, error=str(item), field=item.field)
    ids = [_short(f"{index}:{message_id}"), *([_short(f"message:{item.message_id}")] if item.message_id else [])]
    if (known := _known(session, source, ids)) is not None:
        return Taken(index=index, result=Result.KNOWN, ticket_id=known or None)
    try:
        taken = _open(session, source, index, item) if item.ticket else _add(session, source, index, item)
    except (NotFound, Conflict) as error:
        if isinstance(error, KeyTaken):
            raise
        # Not kept: sent again once the ticket is there, it is taken.
        return Taken(index=index, result=Result.REFUSED, error=str(error), field="ticket")
    for delivery_id in ids:
        if not intake_sources.first_time(session, source, delivery_id):
            raise KeyTaken("The same message was stored at the same moment.")
        intake_sources.led_to(session, source, delivery_id, taken.ticket_id or "")
    return taken


def _known(session: Session, source: Source, ids: list[str]) -> str | None:
    found = (intake_sources.ticket_of(session, source, delivery_id) for delivery_id in ids)
    return next((ticket_id for ticket_id in found if ticket_id is not None), None)


def _open(session: Session, source: Source, index: int, item: Mapped) -> Taken:
    new = cast(tickets.NewTicket, item.ticket)
    if new.external_id is not None:
        new = new.model_copy(update={"external_id": external_id(source, new.external_id)})
        known = tickets.by_external_id(session, source.workspace_id, str(new.external_id))
        if known is not None:
            return Taken(index=index, result=Result.KNOWN, ticket_id=known.id)
    ticket, run_id = pipeline.start(session, source.workspace_id, new)
    return Taken(index=index, result=Result.OPENED, ticket_id=ticket.id, run_id=run_id)


def _add(session: Session, source: Source, index: int, item: Mapped) -> Taken:
    ticket = tickets.by_external_id(session, source.workspace_id, external_id(source, item.to or ""))
    if ticket is None:
        raise NotFound("There is no ticket with this external id yet.", remedy="Send the ticket first.")
    spoken = speaking.say(session, source.workspace_id, ticket.id, cast(speaking.Said, item.message))
    return Taken(index=index, result=Result.ADDED, ticket_id=spoken.ticket_id, run_id=spoken.run_id)


def external_id(source: Source, theirs: str) -> str:
    """The ticket's external id: two systems may call different tickets the same."""
    return f"{source.slug}:{theirs}"


def _short(delivery_id: str) -> str:
    """What fits into a key, the same for the same."""
    if len(delivery_id) <= 150 and delivery_id.isascii():
        return delivery_id
    return f"sha256:{hashlib.sha256(delivery_id.encode()).hexdigest()}"
