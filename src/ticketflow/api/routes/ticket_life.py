"""What people do with tickets: change, merge, link and snooze them, one or many at a time."""

from fastapi import Response

from ticketflow.agent import handling, merging, snoozing
from ticketflow.api import etags
from ticketflow.api.documented import fails
from ticketflow.api.guard import Call, Calling, needs, router
from ticketflow.api.schemas.ticket_life import (
    BulkIn,
    BulkOut,
    BulkResult,
    LinkIn,
    LinkList,
    MergeIn,
    SnoozeIn,
    TicketPatch,
)
from ticketflow.api.schemas.tickets import LinkOut, TicketOut
from ticketflow.api.scopes import Scope
from ticketflow.errors import TicketFlowError
from ticketflow.store import links, tickets

routes = router("Tickets")


@routes.patch(
    "/tickets/{ticket_id}", summary="Change a ticket", responses={**fails(404, 409), **etags.tagged(checked=True)}
)
@needs(Scope.TICKETS_WRITE)
def change_ticket(
    calling: Calling, ticket_id: str, body: TicketPatch, response: Response, if_match: etags.IfMatch = None
) -> TicketOut:
    """Change a ticket's status, priority, category, team, assignee, subject or tags; what is so already is no change.

    A status that may not follow the one it has is refused with 409, and so is every change of a ticket that was merged.
    Any change stops an automatic reply that is still being prepared, and what it sets stands against what the agent
    finds.
    """
    workspace_id, actor = calling.workspace_id, calling.principal.actor
    with calling.runtime.database.write() as session:
        etags.require(if_match, etags.of_version(tickets.get(session, workspace_id, ticket_id).version))
        made = handling.change_ticket(session, workspace_id, ticket_id, body.changes(), actor)
    etags.mark(response, etags.of_version(made.version))
    return TicketOut.model_validate(made)


@routes.post("/tickets/bulk", summary="Change many tickets")
@needs(Scope.TICKETS_WRITE)
def change_tickets(calling: Calling, body: BulkIn) -> BulkOut:
    """Do one thing to up to 100 tickets: set their status, assign them, or tag them. Each is changed or refused by
    itself, as its result says; the response is 200 also where all were refused.
    """
    return BulkOut(items=[_changed(calling, ticket_id, body) for ticket_id in dict.fromkeys(body.ticket_ids)])


def _changed(calling: Call, ticket_id: str, body: BulkIn) -> BulkResult:
    try:
        # One transaction each, so that nobody who writes waits for all of them.
        with calling.runtime.database.write() as session:
            made = handling.change_ticket(
                session, calling.workspace_id, ticket_id, body.changes(), calling.principal.actor
            )
    except TicketFlowError as error:
        if error.status >= 500:
            raise
        return BulkResult(ticket_id=ticket_id, ticket=None, code=error.code, detail=str(error))
    return BulkResult(ticket_id=ticket_id, ticket=TicketOut.model_validate(made), code=None, detail=None)


@routes.post("/tickets/{ticket_id}/merge", summary="Merge a ticket into another", responses=fails(404, 409))
@needs(Scope.TICKETS_WRITE)
def merge_ticket(calling: Calling, ticket_id: str, body: MergeIn) -> TicketOut:
    """Close a ticket for good and let the other one go on with its conversation; the merged one, as it then stands.

    Its runs are cancelled. What its customer writes from now on goes to the other ticket. It cannot be undone.
    """
    with calling.runtime.database.write() as session:
        merging.merge(session, calling.workspace_id, ticket_id, body.into_ticket_id, calling.principal.actor)
        return TicketOut.model_validate(tickets.get(session, calling.workspace_id, ticket_id))


@routes.get("/tickets/{ticket_id}/links", summary="List a ticket's links", responses=fails(404))
@needs(Scope.TICKETS_READ)
def list_ticket_links(calling: Calling, ticket_id: str) -> LinkList:
    """Tickets that belong to this one, by a person's word or because one continues the other."""
    with calling.runtime.database.read() as session:
        tickets.get(session, calling.workspace_id, ticket_id)
        found = links.of_ticket(session, calling.workspace_id, ticket_id)
    return LinkList(items=[LinkOut.model_validate(link) for link in found])


@routes.post(
    "/tickets/{ticket_id}/links", status_code=201, summary="Link a ticket to another", responses=fails(404, 409)
)
@needs(Scope.TICKETS_WRITE)
def link_tickets(calling: Calling, ticket_id: str, body: LinkIn) -> LinkOut:
    """Relate two tickets; each then shows the other. Two that are linked already stay as they are."""
    with calling.runtime.database.write() as session:
        made = merging.link(session, calling.workspace_id, ticket_id, body.other_ticket_id, calling.principal.actor)
    return LinkOut.model_validate(made)


@routes.delete(
    "/tickets/{ticket_id}/links/{other_ticket_id}",
    status_code=204,
    summary="Take a link back",
    response_description="The link is gone.",
    responses=fails(404, 409),
)
@needs(Scope.TICKETS_WRITE)
def unlink_tickets(calling: Calling, ticket_id: str, other_ticket_id: str) -> None:
    """Take back a link of the kind `related`; the other kinds tell what became of a ticket, and stay."""
    with calling.runtime.database.write() as session:
        merging.unlink(session, calling.workspace_id, ticket_id, other_ticket_id, calling.principal.actor)


@routes.post("/tickets/{ticket_id}/snooze", summary="Put a ticket aside", responses=fails(404, 409))
@needs(Scope.TICKETS_WRITE)
def snooze_ticket(calling: Calling, ticket_id: str, body: SnoozeIn) -> TicketOut:
    """Put a ticket aside until a moment, at which it comes back with the event `ticket.woken`. A message of its
    customer brings it back before. Its status stays; meanwhile it gets no automatic reply.
    """
    with calling.runtime.database.write() as session:
        snoozing.snooze(session, calling.workspace_id, ticket_id, body.until, calling.principal.actor)
        return TicketOut.model_validate(tickets.get(session, calling.workspace_id, ticket_id))


@routes.delete("/tickets/{ticket_id}/snooze", summary="Bring a ticket back", responses=fails(404))
@needs(Scope.TICKETS_WRITE)
def unsnooze_ticket(calling: Calling, ticket_id: str) -> TicketOut:
    """Bring a ticket back before its time; one that is not put aside stays as it is."""
    with calling.runtime.database.write() as session:
        snoozing.unsnooze(session, calling.workspace_id, ticket_id, calling.principal.actor)
        return TicketOut.model_validate(tickets.get(session, calling.workspace_id, ticket_id))
