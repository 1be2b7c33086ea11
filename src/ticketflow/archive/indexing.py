"""What search knows of a restored workspace, made from its rows: words, and vectors of the encoder in force."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, and_, func, select

from ticketflow.archive.kinds import WORKSPACE
from ticketflow.db import Database, Session
from ticketflow.db.tables import answer, article, article_version, case, message, ticket
from ticketflow.domain import AnswerStatus, ArticleStatus, Author, ChunkKind, Workspace
from ticketflow.embeddings.encoder import Encoder
from ticketflow.knowledge import reencoding
from ticketflow.knowledge.publishing import answer_source, article_source
from ticketflow.retrieval import chunks
from ticketflow.retrieval.chunks import Source
from ticketflow.retrieval.cleaning import clean
from ticketflow.retrieval.redaction import redact
from ticketflow.store.answers import Answer
from ticketflow.store.articles import NewArticle

PAGE = 100


def index(database: Database, encoder: Encoder, workspace: Workspace) -> Iterator[int]:
    """Index everything that is to be found, some rows at a time; how many each time. May be done again.

    What is indexed already stays as it is, but for its vectors.
    """
    for read in (_answers, _articles, _cases, _tickets):
        after = ""
        while True:
            with database.read() as session:
                page = read(session, workspace.id, after)
            if not page:
                break
            sources = [source for _, source in page if source is not None]
            prepared = chunks.prepare(encoder, sources)
            if prepared:
                with database.write() as session:
                    chunks.replace(session, workspace, prepared)
                    reencoding.complete_later(session, workspace.id, encoder.id)
            yield len(page)
            after = page[-1][0]


Page = list[tuple[str, Source | None]]
"""Ids, and what is to be found of each; None for what must not be."""


def _answers(session: Session, workspace_id: str, after: str) -> Page:
    rows = session.execute(_page(answer, workspace_id, after)).mappings()
    found = [Answer.model_validate(dict(row)) for row in rows]
    return [(one.id, None if one.status is AnswerStatus.ARCHIVED else answer_source(one.id, one)) for one in found]


def _articles(session: Session, workspace_id: str, after: str) -> Page:
    newest = and_(
        article_version.c.workspace_id == article.c.workspace_id,
        article_version.c.article_id == article.c.id,
        article_version.c.version == article.c.version,
    )
    joined = _page(article, workspace_id, after).add_columns(article_version.c.body).join(article_version, newest)
    names = NewArticle.model_fields.keys()
    found: Page = []
    for row in session.execute(joined).mappings():
        new = NewArticle.model_validate({name: value for name, value in row.items() if name in names})
        shown = new.status is ArticleStatus.PUBLISHED
        found.append((row["id"], article_source(row["id"], new) if shown else None))
    return found


def _cases(session: Session, workspace_id: str, after: str) -> Page:
    return [(row.id, _case(row)) for row in session.execute(_page(case, workspace_id, after))]


def _case(row: Row[Any]) -> Source:
    """As the import prepares a file's cases; a case made of a ticket holds prepared words already."""
    text, title = row.body, ""
    if row.ticket_id is None:
        text = redact(clean(row.subject, row.body))[0] or row.body
        title = redact(clean(row.subject, ""))[0]
    return Source(
        kind=ChunkKind.CASE,
        id=row.id,
        title=title if title and text.startswith(title) else "",
        text=text,
        category=row.category,
        language=row.language,
        answer_id=row.answer_id,
    )


def _tickets(session: Session, workspace_id: str, after: str) -> Page:
    """By the customer's first words."""
    said = (message.c.workspace_id == workspace_id, message.c.author == Author.REQUESTER)
    page = session.execute(_page(ticket, workspace_id, after)).all()
    first = select(func.min(message.c.id)).where(*said, message.c.ticket_id.in_([row.id for row in page]))
    bodies = select(message.c.ticket_id, message.c.body).where(
        message.c.workspace_id == workspace_id, message.c.id.in_(first.group_by(message.c.ticket_id))
    )
    words = {row.ticket_id: row.body for row in session.execute(bodies)}
    return [(row.id, _ticket(row, words.get(row.id, ""))) for row in page]


def _ticket(row: Row[Any], words: str) -> Source:
    return Source(
        kind=ChunkKind.TICKET,
        id=row.id,
        title="",
        text=redact(clean(row.subject, words))[0] or words,
        status=row.status,
        category=row.category,
        language=row.language,
    )


def _page(table: Any, workspace_id: str, after: str) -> Any:
    mine = (table.c[WORKSPACE] == workspace_id, table.c.id > after)
    return select(table).where(*mine).order_by(table.c.id).limit(PAGE)
