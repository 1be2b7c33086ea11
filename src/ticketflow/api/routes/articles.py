"""Articles: written, revised and read."""

from typing import Annotated

from fastapi import Query, Response

from ticketflow.api import etags, paging
from ticketflow.api.documented import fails
from ticketflow.api.etags import IfMatch
from ticketflow.api.existing import existing_named
from ticketflow.api.guard import Calling, needs, router
from ticketflow.api.schemas.knowledge import (
    ArticleIn,
    ArticleOut,
    ArticlePage,
    ArticleQuery,
    ArticleRevision,
    ArticleSummary,
)
from ticketflow.api.scopes import Scope
from ticketflow.db import Session
from ticketflow.knowledge import publishing
from ticketflow.store import articles
from ticketflow.store.articles import Article, NewArticle

routes = router("Articles and answers")


@routes.post("/articles", status_code=201, summary="Write an article", responses=fails(409))
@needs(Scope.ARTICLES_WRITE)
def write_article(calling: Calling, body: ArticleIn, response: Response) -> ArticleOut:
    """Store an article; when it is published it is found by the next search. A second one with the same `external_id`
    is refused with 409, and `existing_id` names the first.
    """
    new = NewArticle.model_validate(body.model_dump())
    runtime = calling.runtime

    def same(session: Session) -> Article | None:
        return articles.by_external_id(session, calling.workspace_id, new.external_id or "")

    with existing_named(calling, same):
        made = publishing.save_article(
            runtime.database, runtime.encoder, calling.workspace_id, new, calling.principal.actor
        )
    response.headers["Location"] = f"/v1/articles/{made.id}"
    return ArticleOut.model_validate(made)


@routes.get("/articles", summary="List articles")
@needs(Scope.ARTICLES_READ)
def list_articles(calling: Calling, query: Annotated[ArticleQuery, Query()]) -> ArticlePage:
    """Articles by their last change, newest first, without their texts."""
    before = paging.position(calling, "articles", query)
    with calling.runtime.database.read() as session:
        found = articles.page(
            session, calling.workspace_id, statuses=query.status, before=before, limit=query.limit + 1
        )
    items, cursor = paging.cut(calling, "articles", query, found, lambda last: (last.updated_at, last.id))
    return ArticlePage(items=[ArticleSummary.model_validate(item) for item in items], next_cursor=cursor)


@routes.get("/articles/{article_id}", summary="Read an article", responses={**fails(404), **etags.tagged()})
@needs(Scope.ARTICLES_READ)
def read_article(calling: Calling, article_id: str, response: Response) -> ArticleOut:
    """An article at its newest version."""
    with calling.runtime.database.read() as session:
        found = articles.get(session, calling.workspace_id, article_id)
    etags.mark(response, etags.of_version(found.version))
    return ArticleOut.model_validate(found)


@routes.put(
    "/articles/{article_id}",
    summary="Revise an article",
    responses={**fails(404, 409), **etags.tagged(checked=True)},
)
@needs(Scope.ARTICLES_WRITE)
def revise_article(
    calling: Calling, article_id: str, body: ArticleRevision, response: Response, if_match: IfMatch = None
) -> ArticleOut:
    """Store the next version of an article as a whole. `version` is the one that was read; when somebody else was
    faster the change is refused with 409, and nothing of theirs is lost.
    """
    if if_match is not None:
        with calling.runtime.database.read() as session:
            newest = articles.get(session, calling.workspace_id, article_id).version
        for version in (newest, body.version):  # the second is checked again by the commit
            etags.require(if_match, etags.of_version(version))
    made = publishing.revise_article(
        calling.runtime.database,
        calling.runtime.encoder,
        calling.workspace_id,
        article_id,
        NewArticle.model_validate(body.model_dump(exclude={"version"})),
        calling.principal.actor,
        body.version,
    )
    etags.mark(response, etags.of_version(made.version))
    return ArticleOut.model_validate(made)
