"""Saving an article or an answer so that it is found at once: its row, its chunks, its event and its audit entry.

Embedding comes first, with no transaction open; everything else is one transaction.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ticketflow import events
from ticketflow.db import Database, Session
from ticketflow.domain import AnswerStatus, ArticleStatus, ChunkKind, Workspace
from ticketflow.embeddings.encoder import Encoder
from ticketflow.errors import Conflict, InvalidInput
from ticketflow.knowledge import reencoding
from ticketflow.retrieval import chunks
from ticketflow.retrieval.chunks import PreparedChunk, Source
from ticketflow.store import answers, articles, audit, workspaces
from ticketflow.store.answers import Answer, NewAnswer
from ticketflow.store.articles import Article, NewArticle

_UNSAVED = "unsaved"


def save_article(database: Database, encoder: Encoder, workspace_id: str, new: NewArticle, author: str) -> Article:
    """Store a new article and index it. Raises Conflict when its external id exists."""
    prepared = chunks.prepare(encoder, [article_source(_UNSAVED, new)])
    with database.write() as session:
        made = articles.add(session, workspace_id, new, author)
        _put_article(session, made, prepared)
        _record(session, "article.created", made, author, version=made.version, status=made.status)
    return made


def revise_article(
    database: Database,
    encoder: Encoder,
    workspace_id: str,
    article_id: str,
    new: NewArticle,
    author: str,
    version: int,
) -> Article:
    """Store the article's next version on top of `version` and index it anew.

    Raises NotFound, and Conflict when `version` is no longer the newest.
    """
    with database.read() as session:
        articles.get(session, workspace_id, article_id)
    prepared = chunks.prepare(encoder, [article_source(article_id, new)])
    with database.write() as session:
        made = articles.revise(session, workspace_id, article_id, new, author, version)
        _put_article(session, made, prepared)
        _record(session, "article.revised", made, author, version=made.version, status=made.status)
    return made


def save_answer(database: Database, encoder: Encoder, workspace_id: str, new: NewAnswer, author: str) -> Answer:
    """Store a new answer and index it.

    Raises Conflict when its label exists, InvalidInput when it is to be approved without a body.
    """
    _sendable(new.status, new.body)
    titled = new.model_copy(update={"title": new.title or answers.title_of(new.label)})
    prepared = chunks.prepare(encoder, [answer_source(_UNSAVED, titled)])
    with database.write() as session:
        made = answers.add(session, workspace_id, titled)
        _put_answer(session, made, prepared)
        _record(session, "answer.created", made, author, label=made.label, status=made.status)
    return made


def change_answer(
    database: Database, encoder: Encoder, workspace_id: str, answer_id: str, author: str, **values: Any
) -> Answer:
    """Set fields of an answer (title, body, status, category, team, language) and index it anew.

    Raises NotFound, Conflict when somebody else changed it meanwhile, and InvalidInput when it would be approved
    without a body.
    """
    with database.read() as session:
        known = answers.get(session, workspace_id, answer_id)
    wanted = Answer.model_validate({**known.model_dump(), **values})
    changed = {name: value for name, value in values.items() if getattr(known, name) != value}
    if not changed:
        return known
    _sendable(wanted.status, wanted.body)
    prepared = chunks.prepare(encoder, [answer_source(answer_id, wanted)])
    with database.write() as session:
        if answers.get(session, workspace_id, answer_id).version != known.version:
            raise Conflict("The answer was changed meanwhile.", remedy="Read it again and repeat the change.")
        answers.change(session, workspace_id, answer_id, **changed)
        made = answers.get(session, workspace_id, answer_id)
        _put_answer(session, made, prepared)
        _record(session, _happened(known, made), made, author, fields=sorted(changed), status=made.status)
    return made


def _happened(before: Answer, after: Answer) -> str:
    if before.status == after.status:
        return "answer.changed"
    return {AnswerStatus.APPROVED: "answer.approved", AnswerStatus.ARCHIVED: "answer.archived"}.get(
        after.status, "answer.changed"
    )


def _sendable(status: AnswerStatus, body: str) -> None:
    if status is AnswerStatus.APPROVED and not body.strip():
        raise InvalidInput(
            "An answer without a body cannot be approved: a customer would read its title alone.",
            remedy="Write the body, or leave the answer a draft.",
            field="body",
        )


def article_source(article_id: str, new: Article | NewArticle) -> Source:
    """What is indexed of an article."""
    return Source(
        kind=ChunkKind.ARTICLE,
        id=article_id,
        title=new.title,
        text=new.body,
        status=new.status,
        category=new.category,
        language=new.language,
    )


def answer_source(answer_id: str, answer: Answer | NewAnswer) -> Source:
    """What is indexed of an answer."""
    return Source(
        kind=ChunkKind.ANSWER,
        id=answer_id,
        title=answer.title if answer.body else "",
        text=answer.body or answer.title,
        status=answer.status,
        category=answer.category,
        language=answer.language,
    )


def _put_article(session: Session, made: Article, prepared: Sequence[PreparedChunk]) -> None:
    # What may not be cited must not be found: searches for evidence do not look at the status.
    _put(session, ChunkKind.ARTICLE, made, prepared, findable=made.status is ArticleStatus.PUBLISHED)


def _put_answer(session: Session, made: Answer, prepared: Sequence[PreparedChunk]) -> None:
    _put(session, ChunkKind.ANSWER, made, prepared, findable=made.status is not AnswerStatus.ARCHIVED)


def _put(
    session: Session, kind: ChunkKind, made: Article | Answer, prepared: Sequence[PreparedChunk], *, findable: bool
) -> None:
    workspace: Workspace = workspaces.get(session, made.workspace_id)
    if findable:
        named = [replace(part, source=replace(part.source, id=made.id)) for part in prepared]
        chunks.replace(session, workspace, named)
        reencoding.complete_later(session, workspace.id, named[0].encoder)
    else:
        chunks.delete(session, workspace, kind, [made.id])


def _record(session: Session, action: str, made: Article | Answer, author: str, **detail: Any) -> None:
    kind = action.partition(".")[0]
    events.append(session, made.workspace_id, action, **{f"{kind}_id": made.id}, **detail)
    audit.record(session, made.workspace_id, author, action, made.id, **detail)
