"""Settings: defaults, overridden by rows that carry a version and who changed them."""

import pytest
from pydantic import ValidationError
from sqlalchemy import insert, select

from ticketflow.db import Database
from ticketflow.db.tables import setting
from ticketflow.domain import Workspace
from ticketflow.store import settings
from ticketflow.store.settings import Settings


def rows(database: Database, workspace: Workspace) -> dict[str, tuple[object, int, str]]:
    with database.read() as session:
        found = session.execute(select(setting).where(setting.c.workspace_id == workspace.id)).all()
    return {row.name: (row.value, row.version, row.updated_by) for row in found}


def test_without_rows_the_defaults_are_in_force(database: Database, workspace: Workspace) -> None:
    with database.read() as session:
        assert settings.get(session, workspace.id) == Settings()
    assert rows(database, workspace) == {}


def test_a_change_overrides_what_it_names_and_nothing_else(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        merged = settings.put(session, workspace.id, {"automation": False, "teams": {"care": "workshop"}}, "eve")
    with database.read() as session:
        assert settings.get(session, workspace.id) == merged
    assert merged == Settings(automation=False, teams={"care": "workshop"})
    assert rows(database, workspace) == {
        "automation": (False, 1, "eve"),
        "teams": ({"care": "workshop"}, 1, "eve"),
    }


def test_every_change_of_a_setting_raises_its_version(database: Database, workspace: Workspace) -> None:
    for number, author in enumerate(["eve", "bob", "eve"]):
        with database.write() as session:
            settings.put(session, workspace.id, {"max_wrong": 0.01 * (number + 1)}, author)
    with database.write() as session:
        settings.put(session, workspace.id, {"refit_after": 10}, "bob")
        settings.put(session, workspace.id, {}, "nobody")
    assert rows(database, workspace) == {"max_wrong": (0.03, 3, "eve"), "refit_after": (10, 1, "bob")}


def test_another_workspaces_settings_are_its_own(database: Database, workspace: Workspace, other: Workspace) -> None:
    with database.write() as session:
        settings.put(session, workspace.id, {"automation": False}, "eve")
        settings.put(session, other.id, {"default_team": "rivals"}, "mallory")
        assert settings.get(session, workspace.id) == Settings(automation=False)
        assert settings.get(session, other.id) == Settings(default_team="rivals")


@pytest.mark.parametrize("changes", [{"unheard": 1}, {"automation": "maybe"}, {"teams": {"a": 1}}, {"max_wrong": None}])
def test_a_wrong_change_is_refused_whole(database: Database, workspace: Workspace, changes: dict[str, object]) -> None:
    with database.write() as session:
        with pytest.raises(ValidationError):
            settings.put(session, workspace.id, {"default_team": "x"} | changes, "eve")
        assert settings.get(session, workspace.id) == Settings()
    assert rows(database, workspace) == {}


def test_a_setting_that_this_version_does_not_know_is_passed_over(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        session.execute(
            insert(setting).values(
                workspace_id=workspace.id, name="future", value=1, version=1, updated_at=0, updated_by="later"
            )
        )
        assert settings.get(session, workspace.id) == Settings()


def test_rows_tell_who_changed_what_and_never_what_this_version_does_not_know(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    with database.write() as session:
        settings.put(session, workspace.id, {"audit_days": 3}, "eve")
        settings.store(session, workspace.id, {"provider_keys": {"main": {"is_set": True}}, "future": 1}, "bob")
        settings.store(session, other.id, {"provider_keys": {}}, "mallory")
    with database.read() as session:
        found = settings.rows(session, workspace.id)
        assert {name: (row.version, row.updated_by) for name, row in found.items()} == {
            "audit_days": (1, "eve"),
            "provider_keys": (1, "bob"),
        }
        assert settings.told(session, workspace.id, "provider_keys") == {"main": {"is_set": True}}
        assert settings.told(session, workspace.id, "nothing") is None
        assert settings.get(session, workspace.id) == Settings(audit_days=3)
