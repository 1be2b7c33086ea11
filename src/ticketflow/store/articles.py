"""Knowledge-base articles and their versions."""

from collections.abc import Sequence

from pydantic import Field
from sqlalchemy import and_, insert, select, tuple_, update

from ticketflow.clock import new_id
from ticketflow.db import Session
from ticketflow.db.tables import article, article_version
from ticketflow.domain import ArticleStatus, Value
from ticketflow.errors import Conflict, NotFound


class NewArticle(Value):
    """An article as an author brings it."""

    title: str = Field(min_length=1, max_length=2_000)
    body: str = Field(min_length=1, max_length=1_000_000)
    external_id: str | None = Field(default=None, max_length=190)
    status: ArticleStatus = ArticleStatus.PUBLISHED
    category: str | None = Field(default=None, max_length=190)
    language: str | None = Field(default=None, max_length=8)


class Article(Value):
    """An article at its newest version."""

    workspace_id: str
    id: str
    external_id: str | None
    title: str
    body: str
    status: ArticleStatus
    category: str | None
    language: str | None
    version: int
    created_at: int
    updated_at: int


_NEWEST = select(article, article_version.c.body).join(
    article_version,
    and_(
        article_version.c.workspace_id == article.c.workspace_id,
        article_version.c.article_id == article.c.id,
        article_version.c.version == article.c.version,
    ),
)


def add(session: Session, workspace_id: str, new: NewArticle, author: str) -> Article:
    """Store an article as its version 1. Raises Conflict when the external id exists."""
    if new.external_id is not None and by_external_id(session, workspace_id, new.external_id) is not None:
        raise Conflict(f"An article with the external id {new.external_id!r} exists already.", field="external_id")
    made = Article(
        workspace_id=workspace_id,
        id=new_id(),
        version=1,
        created_at=session.now,
        updated_at=session.now,
        **new.model_dump(),
    )
    session.execute(insert(article).values(**made.model_dump(exclude={"body"})))
    _add_version(session, made, author)
    return made


def revise(session: Session, workspace_id: str, article_id: str, new: NewArticle, author: str, version: int) -> Article:
    """Store a new version on top of `version`. Raises Conflict when that is no longer the newest."""
    known = get(session, workspace_id, article_id)
    made = known.model_copy(
        update={**new.model_dump(exclude={"external_id"}), "version": version + 1, "updated_at": session.now}
    )
    changed = session.execute(
        update(article)
        .where(
            article.c.workspace_id == workspace_id,
            article.c.id == article_id,
            article.c.version == version,
        )
        .values(**made.model_dump(exclude={"body", "workspace_id", "id", "external_id", "created_at"}))
    )
    if changed.rowcount == 0:
        raise Conflict(
            f"The article is at version {known.version}, not {version}.",
            remedy="Read it again and repeat the change.",
            field="version",
        )
    _add_version(session, made, author)
    return made


def _add_version(session: Session, made: Article, author: str) -> None:
    session.execute(
        insert(article_version).values(
            workspace_id=made.workspace_id,
            article_id=made.id,
            version=made.version,
            title=made.title,
            body=made.body,
            author=author,
            created_at=session.now,
        )
    )


def get(session: Session, workspace_id: str, article_id: str) -> Article:
    """The article. Raises NotFound."""
    where = (article.c.workspace_id == workspace_id, article.c.id == article_id)
    row = session.execute(_NEWEST.where(*where)).mappings().first()
    if row is None:
        raise NotFound(f"There is no article {article_id}.")
    return Article.model_validate(dict(row))


def by_external_id(session: Session, workspace_id: str, external_id: str) -> Article | None:
    """The article that another system knows by this id."""
    where = (article.c.workspace_id == workspace_id, article.c.external_id == external_id)
    row = session.execute(_NEWEST.where(*where)).mappings().first()
    return Article.model_validate(dict(row)) if row else None


def page(
    session: Session,
    workspace_id: str,
    *,
    statuses: Sequence[ArticleStatus] = (),
    before: tuple[int, str] | None = None,
    limit: int = 50,
) -> list[Article]:
    """Articles by last change, newest first, those after the position (updated_at, id) `before`."""
    statement = _NEWEST.where(article.c.workspace_id == workspace_id)
    if statuses:
        statement = statement.where(article.c.status.in_(statuses))
    if before is not None:
        statement = statement.where(tuple_(article.c.updated_at, article.c.id) < before)
    statement = statement.order_by(article.c.updated_at.desc(), article.c.id.desc()).limit(limit)
    return [Article.model_validate(dict(row)) for row in session.execute(statement).mappings()]
