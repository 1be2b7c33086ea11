"""Answers: what may be sent to a customer once a human approved it."""

from typing import Annotated

from fastapi import Query, Response

from ticketflow.api import paging
from ticketflow.api.documented import fails
from ticketflow.api.existing import existing_named
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.knowledge import AnswerIn, AnswerOut, AnswerPage, AnswerPatch, AnswerQuery
from ticketflow.api.scopes import Scope
from ticketflow.db import Session
from ticketflow.domain import AnswerStatus
from ticketflow.knowledge import publishing
from ticketflow.store import answers
from ticketflow.store.answers import Answer, NewAnswer

routes = router("Articles and answers")


@routes.post("/answers", status_code=201, summary="Write an answer", responses=fails(409))
@needs(Scope.ARTICLES_WRITE)
def write_answer(calling: Calling, body: AnswerIn, response: Response) -> AnswerOut:
    """Store an answer, as a draft unless it says otherwise. A second one with the same label is refused with 409, and
    `existing_id` names the first.
    """
    new = NewAnswer.model_validate(body.model_dump())
    runtime = calling.runtime

    def same(session: Session) -> Answer | None:
        return answers.by_labels(session, calling.workspace_id, [new.label]).get(new.label)

    with existing_named(calling, same):
        made = publishing.save_answer(
            runtime.database, runtime.encoder, calling.workspace_id, new, calling.principal.actor
        )
    response.headers["Location"] = f"/v1/answers/{made.id}"
    return AnswerOut.model_validate(made)


@routes.get("/answers", summary="List answers")
@needs(Scope.ARTICLES_READ)
def list_answers(calling: Calling, query: Annotated[AnswerQuery, Query()]) -> AnswerPage:
    """Answers by label, archived ones left out unless `status` asks for them."""
    after = paging.position(calling, "answers", query)
    with calling.runtime.database.read() as session:
        wanted = answers.page(
            session,
            calling.workspace_id,
            statuses=[AnswerStatus(status) for status in query.status or ("draft", "approved")],
            after=after[1] if after is not None else "",
            limit=query.limit + 1,
        )
    items, cursor = paging.cut(calling, "answers", query, wanted, lambda last: (0, last.label))
    return AnswerPage(items=[AnswerOut.model_validate(item) for item in items], next_cursor=cursor)


@routes.get("/answers/{answer_id}", summary="Read an answer", responses=fails(404))
@needs(Scope.ARTICLES_READ)
def read_answer(calling: Calling, answer_id: str) -> AnswerOut:
    """An answer with its record: how often the agent sent it, and how often that was right."""
    with calling.runtime.database.read() as session:
        return AnswerOut.model_validate(answers.get(session, calling.workspace_id, answer_id))


@routes.patch("/answers/{answer_id}", summary="Change or approve an answer", responses=fails(404, 409))
@needs(Scope.ARTICLES_WRITE)
def change_answer(calling: Calling, answer_id: str, body: AnswerPatch) -> AnswerOut:
    """Change some fields. Setting `status` to `approved` lets the agent send the answer without a human; it needs a
    body for that. `archived` takes it out of search and decisions; it can be brought back.
    """
    made = publishing.change_answer(
        calling.runtime.database,
        calling.runtime.encoder,
        calling.workspace_id,
        answer_id,
        calling.principal.actor,
        **body.changes(),
    )
    return AnswerOut.model_validate(made)
