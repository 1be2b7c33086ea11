"""Notices over the wire: told until somebody has read them."""

from typing import Any

from ticketflow.agent import watch
from ticketflow.domain import Stage
from ticketflow.runtime import Runtime
from ticketflow.store import notices, watches


def told(runtime: Runtime, workspace_id: str, *texts: str) -> list[str]:
    """Notices with these texts; their ids."""
    with runtime.database.write() as session:
        return [notices.add(session, workspace_id, "automation.lowered", text).id for text in texts]


def test_notices_are_listed_newest_first_until_they_are_read(acme: Any, runtime: Runtime) -> None:
    first, second = told(runtime, acme.workspace.id, "one", "two")
    listed = acme.get("/v1/notices").json()["items"]
    assert [(one["id"], one["text"], one["read_at"]) for one in listed] == [(second, "two", None), (first, "one", None)]
    marked = acme.post(f"/v1/notices/{first}/read", {})
    assert (marked.status_code, marked.json()) == (200, {"id": first, "read": True})
    assert [one["id"] for one in acme.get("/v1/notices?unread=true").json()["items"]] == [second]
    seen = acme.get("/v1/notices").json()["items"][1]
    assert seen["read_by"] == f"key:{acme.key.split('_')[2]}"
    assert seen["read_at"] is not None


def test_who_reads_first_stays_the_reader(acme: Any, caller: Any, runtime: Runtime) -> None:
    (notice_id,) = told(runtime, acme.workspace.id, "one")
    acme.post(f"/v1/notices/{notice_id}/read", {})
    assert caller().post(f"/v1/notices/{notice_id}/read", {}).status_code == 200
    assert acme.get("/v1/notices").json()["items"][0]["read_by"] == f"key:{acme.key.split('_')[2]}"


def test_every_move_down_is_a_notice(acme: Any, runtime: Runtime) -> None:
    with runtime.database.write() as session:
        now = watches.get(session, acme.workspace.id, "billing")
        watch.lower(session, acme.workspace.id, "billing", now, Stage.RED, "Too many were wrong.")
    (notice,) = acme.get("/v1/notices?unread=true").json()["items"]
    assert notice["kind"] == "automation.lowered"
    assert notice["text"].startswith("Automatic replies in 'billing' are withdrawn")


def test_notices_are_paged_and_a_cursor_serves_its_own_list_only(acme: Any, runtime: Runtime) -> None:
    every = told(runtime, acme.workspace.id, "one", "two", "three")[::-1]
    first = acme.get("/v1/notices?limit=2&unread=true").json()
    second = acme.get(f"/v1/notices?limit=2&unread=true&cursor={first['next_cursor']}").json()
    assert [one["id"] for one in first["items"] + second["items"]] == every
    assert second["next_cursor"] is None
    assert acme.get(f"/v1/notices?limit=2&cursor={first['next_cursor']}").status_code == 422
    assert acme.get("/v1/notices?unread=perhaps").status_code == 422


def test_another_workspaces_notice_does_not_exist(caller: Any, runtime: Runtime) -> None:
    theirs, mine = caller("theirs"), caller("mine")
    (notice_id,) = told(runtime, theirs.workspace.id, "secret")
    assert mine.get("/v1/notices").json()["items"] == []
    for unknown in (notice_id, "nothing"):
        assert mine.post(f"/v1/notices/{unknown}/read", {}).status_code == 404
    assert theirs.get("/v1/notices?unread=true").json()["items"][0]["id"] == notice_id
