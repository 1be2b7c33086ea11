"""Tickets: opened, read, talked in, and compared."""

from typing import Annotated

from fastapi import Query, Response

from ticketflow.agent import learn, pipeline, speaking
from ticketflow.agent.speaking import Said
from ticketflow.api import etags, paging, searching
from ticketflow.api.documented import fails
from ticketflow.api.existing import existing_named
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.runs import FeedbackIn, FeedbackOut, RunList, RunOut
from ticketflow.api.schemas.search import SearchOut, SimilarQuery, kinds_of
from ticketflow.api.schemas.tickets import (
    DecisionOut,
    LinkOut,
    MessageAccepted,
    MessageIn,
    MessageOut,
    TicketAccepted,
    TicketDetail,
    TicketIn,
    TicketOut,
    TicketPage,
    TicketQuery,
)
from ticketflow.api.scopes import Scope
from ticketflow.db import Session
from ticketflow.errors import InvalidInput
from ticketflow.store import answers, decisions, links, ticket_lists, tickets, workspaces
from ticketflow.store.feedback import NewFeedback
from ticketflow.store.ticket_lists import Wanted
from ticketflow.workflow import history

routes = router("Tickets")

FILTERS = Wanted.model_fields.keys() - {"statuses"}


@routes.post("/tickets", status_code=202, summary="Open a ticket", responses=fails(409))
@needs(Scope.TICKETS_WRITE)
def open_ticket(calling: Calling, body: TicketIn, response: Response) -> TicketAccepted:
    """Store a ticket and start the run that works on it. It is accepted for good before the response is sent;
    what the agent decides is seen on the ticket a moment later.

    A second ticket with the same `external_id` is refused with 409, and `existing_id` names the first.
    """
    new = tickets.NewTicket.model_validate(body.model_dump())

    def same(session: Session) -> tickets.Ticket | None:
        return tickets.by_external_id(session, calling.workspace_id, new.external_id or "")

    with existing_named(calling, same), calling.runtime.database.write() as session:
        made, run_id = pipeline.start(session, calling.workspace_id, new)
        made = tickets.get(session, calling.workspace_id, made.id)
    response.headers["Location"] = f"/v1/tickets/{made.id}"
    return TicketAccepted(ticket=TicketOut.model_validate(made), run_id=run_id)


@routes.get("/tickets", summary="List tickets")
@needs(Scope.TICKETS_READ)
def list_tickets(calling: Calling, query: Annotated[TicketQuery, Query()]) -> TicketPage:
    """Tickets by their last change, newest first. A ticket that changes while you page moves to the front."""
    before = paging.position(calling, "tickets", query)
    wanted = Wanted(statuses=query.status, **{name: getattr(query, name) for name in FILTERS})
    with calling.runtime.database.read() as session:
        found = ticket_lists.page(session, calling.workspace_id, wanted, before=before, limit=query.limit + 1)
    items, cursor = paging.cut(calling, "tickets", query, found, lambda last: (last.updated_at, last.id))
    return TicketPage(items=[TicketOut.model_validate(item) for item in items], next_cursor=cursor)


@routes.get("/tickets/{ticket_id}", summary="Read a ticket", responses={**fails(404), **etags.tagged()})
@needs(Scope.TICKETS_READ)
def read_ticket(calling: Calling, ticket_id: str, response: Response) -> TicketDetail:
    """A ticket with its conversation and the agent's newest decision."""
    with calling.runtime.database.read() as session:
        found = tickets.get(session, calling.workspace_id, ticket_id)
        conversation = tickets.conversation(session, calling.workspace_id, ticket_id)
        linked = links.of_ticket(session, calling.workspace_id, ticket_id)
        decision = decisions.newest(session, calling.workspace_id, ticket_id)
    etags.mark(response, etags.of_version(found.version))
    return TicketDetail(
        **dict(TicketOut.model_validate(found)),
        messages=[MessageOut.model_validate(message) for message in conversation],
        links=[LinkOut.model_validate(link) for link in linked],
        decision=DecisionOut.of(decision) if decision else None,
    )


@routes.post("/tickets/{ticket_id}/messages", status_code=201, summary="Add a message", responses=fails(404, 409))
@needs(Scope.TICKETS_WRITE)
def add_message(calling: Calling, ticket_id: str, body: MessageIn) -> MessageAccepted:
    """Add the customer's next message, a human's reply, or a human's note.

    A customer's message starts a new run, and opens the ticket again when it was resolved. To a closed ticket it opens
    a follow-up that is linked to it, unless the setting `after_closing` says otherwise, and to a merged one it goes to
    the ticket that it was merged into: `ticket` is the one that has the message.

    A human's reply sets the ticket to `waiting`. Whatever a human writes also stops an automatic reply that is still
    being prepared.
    """
    said = Said(**body.model_dump())
    with calling.runtime.database.write() as session:
        spoken = speaking.say(session, calling.workspace_id, ticket_id, said)
        found = tickets.get(session, calling.workspace_id, spoken.ticket_id)
        conversation = tickets.messages(session, calling.workspace_id, spoken.ticket_id)
    message = next(message for message in conversation if message.id == spoken.message_id)
    return MessageAccepted(
        message=MessageOut.model_validate(message), ticket=TicketOut.model_validate(found), run_id=spoken.run_id
    )


@routes.get("/tickets/{ticket_id}/runs", summary="List a ticket's runs", responses=fails(404))
@needs(Scope.RUNS_READ)
def list_ticket_runs(calling: Calling, ticket_id: str) -> RunList:
    """Every run over the ticket, oldest first: one for its opening and one for each later message of the customer."""
    with calling.runtime.database.read() as session:
        tickets.get(session, calling.workspace_id, ticket_id)
        found = history.of_ticket(session, calling.workspace_id, ticket_id)
    return RunList(items=[RunOut.model_validate(run) for run in found])


@routes.get("/tickets/{ticket_id}/similar", summary="Find what resembles a ticket", responses=fails(404))
@needs(Scope.SEARCH_READ)
def similar_to_ticket(calling: Calling, ticket_id: str, query: Annotated[SimilarQuery, Query()]) -> SearchOut:
    """Resolved cases (or articles, answers, other tickets) that are like what the customer still waits for."""
    with calling.runtime.database.read() as session:
        found = tickets.get(session, calling.workspace_id, ticket_id)
        conversation = tickets.conversation(session, calling.workspace_id, ticket_id)
    text = searching.text_of_ticket(found, conversation)
    return searching.look(
        calling, text, kinds=kinds_of(query.kinds), limit=query.limit, filters={}, without=frozenset({ticket_id})
    )


@routes.post("/tickets/{ticket_id}/feedback", status_code=201, summary="Give feedback", responses=fails(404))
@needs(Scope.FEEDBACK_WRITE)
def give_feedback(calling: Calling, ticket_id: str, body: FeedbackIn) -> FeedbackOut:
    """Say whether the newest decision on a ticket was right, and which answer would have been. The agent learns it."""
    with calling.runtime.database.write() as session:
        workspaces.hold(session, calling.workspace_id)  # before the ticket, as everybody does
        tickets.get(session, calling.workspace_id, ticket_id)
        if body.answer_id and not answers.by_ids(session, calling.workspace_id, [body.answer_id]):
            raise InvalidInput(f"There is no answer {body.answer_id}.", field="answer_id")
        made = learn.give_feedback(
            session,
            calling.workspace_id,
            ticket_id,
            NewFeedback.model_validate(body.model_dump()),
            calling.principal.actor,
        )
    return FeedbackOut.model_validate(made)
