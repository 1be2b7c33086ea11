"""Articles: every version is kept, the newest is shown, and nobody writes over another's change."""

import pytest
from sqlalchemy import select

from ticketflow.db import Database
from ticketflow.db.tables import article_version
from ticketflow.domain import ArticleStatus, Workspace
from ticketflow.errors import Conflict, NotFound
from ticketflow.store import articles
from ticketflow.store.articles import NewArticle
from ticketflow.testing import FrozenClock

NEW = NewArticle(title="Descaling", body="Boil vinegar.", external_id="K-1", category="care", language="en")


def test_an_article_comes_back_as_it_went_in(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = articles.add(session, workspace.id, NEW, "eve")
        assert articles.get(session, workspace.id, made.id) == made
        assert articles.by_external_id(session, workspace.id, "K-1") == made
    assert (made.version, made.status, made.body) == (1, ArticleStatus.PUBLISHED, "Boil vinegar.")


def test_a_revision_is_the_newest_and_keeps_the_ones_before(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = articles.add(session, workspace.id, NEW, "eve")
        text = NewArticle(title="Descaling II", body="Boil lemon.", external_id="ignored", status=ArticleStatus.DRAFT)
        second = articles.revise(session, workspace.id, made.id, text, "bob", 1)
        assert articles.get(session, workspace.id, made.id) == second
        kept = session.execute(
            select(article_version.c.version, article_version.c.body, article_version.c.author).order_by(
                article_version.c.version
            )
        ).all()
    assert (second.version, second.title, second.body, second.status) == (2, "Descaling II", "Boil lemon.", "draft")
    assert second.external_id == "K-1", "an article stays what other systems know it as"
    assert second.created_at == made.created_at
    assert [tuple(row) for row in kept] == [(1, "Boil vinegar.", "eve"), (2, "Boil lemon.", "bob")]


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_revision_of_another_version_is_refused(database: Database, workspace: Workspace, version: int) -> None:
    with database.write() as session:
        made = articles.add(session, workspace.id, NEW, "eve")
        with pytest.raises(Conflict, match=f"at version 1, not {version}"):
            articles.revise(session, workspace.id, made.id, NEW, "bob", version)
        assert articles.get(session, workspace.id, made.id) == made


def test_an_external_id_names_one_article(database: Database, workspace: Workspace, other: Workspace) -> None:
    with database.write() as session:
        articles.add(session, workspace.id, NEW, "eve")
        articles.add(session, other.id, NEW, "eve")
        with pytest.raises(Conflict, match="'K-1'"):
            articles.add(session, workspace.id, NEW, "eve")


def test_another_workspaces_article_is_neither_seen_nor_changed(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    with database.write() as session:
        made = articles.add(session, workspace.id, NEW, "eve")
        with pytest.raises(NotFound):
            articles.get(session, other.id, made.id)
        with pytest.raises(NotFound):
            articles.revise(session, other.id, made.id, NEW, "mallory", 1)
        assert articles.by_external_id(session, other.id, "K-1") is None
        assert articles.page(session, other.id) == []
        assert articles.get(session, workspace.id, made.id) == made


def test_pages_show_each_article_once_at_its_newest_version(database: Database, workspace: Workspace) -> None:
    clock = database.clock
    assert isinstance(clock, FrozenClock)
    with database.write() as session:
        made = [
            articles.add(session, workspace.id, NewArticle(title=f"t{number}", body="b"), "eve") for number in range(5)
        ]
    clock.advance(1)
    with database.write() as session:
        changed = articles.revise(session, workspace.id, made[1].id, NewArticle(title="new", body="c"), "eve", 1)
    shown, before = [], None
    while True:
        with database.read() as session:
            page = articles.page(session, workspace.id, before=before, limit=2)
        if not page:
            break
        shown += page
        before = (page[-1].updated_at, page[-1].id)
    assert shown == [changed, made[4], made[3], made[2], made[0]]


def test_pages_by_status(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        for status in ArticleStatus:
            articles.add(session, workspace.id, NewArticle(title=status, body="b", status=status), "eve")
        found = articles.page(session, workspace.id, statuses=[ArticleStatus.DRAFT, ArticleStatus.ARCHIVED])
    assert {article.title for article in found} == {"draft", "archived"}
