"""Keys, people, sessions and the audit log as rows: pages, what is live, notes of use, and workspaces apart."""

import pytest

from ticketflow.clock import DAY, HOUR, MINUTE, SECOND
from ticketflow.db import Database
from ticketflow.domain import Role, Workspace
from ticketflow.errors import Conflict, NotFound
from ticketflow.store import audit, browser_sessions, keys, one_time, people
from ticketflow.store.browser_sessions import BrowserSession
from ticketflow.store.keys import ApiKey
from ticketflow.store.people import Person
from ticketflow.testing import FrozenClock


def advance(database: Database, micros: int) -> None:
    assert isinstance(database.clock, FrozenClock)
    database.clock.advance(micros / SECOND)


def key(database: Database, workspace: Workspace, key_id: str, **more: object) -> ApiKey:
    with database.write() as session:
        made = ApiKey.model_validate(
            {
                "id": key_id,
                "workspace_id": workspace.id,
                "name": key_id,
                "digest": "0" * 64,
                "last_four": "abcd",
                "scopes": ["tickets:read"],
                "created_at": session.now,
                "expires_at": None,
                "revoked_at": None,
                **more,
            }
        )
        keys.add(session, made)
    return made


def person(database: Database, workspace: Workspace, email: str, role: Role = Role.AGENT) -> Person:
    with database.write() as session:
        return people.add(session, workspace.id, email, email, role)


def signed_in(database: Database, who: Person, session_id: str, lifetime: int = HOUR) -> BrowserSession:
    with database.write() as session:
        made = BrowserSession(
            id=session_id,
            workspace_id=who.workspace_id,
            person_id=who.id,
            created_at=session.now,
            expires_at=session.now + lifetime,
            ended_at=None,
        )
        browser_sessions.add(session, made)
    return made


def test_keys_are_paged_newest_first(database: Database, workspace: Workspace, other: Workspace) -> None:
    for number in range(5):
        key(database, workspace, f"k{number}")
        if number % 2:
            advance(database, SECOND)  # so that some share their time
    key(database, other, "theirs")
    found: list[str] = []
    before: tuple[int, str] | None = None
    with database.read() as session:
        while page := keys.page(session, workspace.id, before=before, limit=2):
            found += [one.id for one in page]
            before = (page[-1].created_at, page[-1].id)
        everything = [one.id for one in keys.every(session, workspace.id)]
    assert found == everything[::-1]
    assert len(found) == 5


def test_a_key_is_its_own_workspaces(database: Database, workspace: Workspace, other: Workspace) -> None:
    key(database, other, "theirs")
    key(database, other, "next", replaces="theirs")
    with database.read() as session:
        with pytest.raises(NotFound):
            keys.get(session, workspace.id, "theirs")
        assert keys.successors(session, workspace.id, "theirs") == []
        assert [one.id for one in keys.successors(session, other.id, "theirs")] == ["next"]
    with database.write() as session:
        keys.end_at(session, workspace.id, "theirs", session.now)
    with database.read() as session:
        assert keys.get(session, other.id, "theirs").expires_at is None


def test_the_minute_of_use_never_goes_back(database: Database, workspace: Workspace) -> None:
    for name in ("a", "b"):
        key(database, workspace, name)
    for minutes in ({}, {"a": 5 * MINUTE, "b": 2 * MINUTE}, {"a": 3 * MINUTE, "b": 4 * MINUTE, "gone": MINUTE}):
        with database.write() as session:
            keys.used(session, minutes)
    with database.read() as session:
        assert [keys.get(session, workspace.id, name).used_at for name in ("a", "b")] == [5 * MINUTE, 4 * MINUTE]


def test_an_address_is_taken_in_one_workspace_alone(database: Database, workspace: Workspace, other: Workspace) -> None:
    mine = person(database, workspace, "nadia@example.com")
    theirs = person(database, other, "nadia@example.com")
    with pytest.raises(Conflict):
        person(database, workspace, "nadia@example.com")
    with database.read() as session:
        assert people.by_email(session, workspace.id, "nadia@example.com") == mine
        assert people.find(session, workspace.id, theirs.id) is None
        assert people.count(session, workspace.id) == 1
        with pytest.raises(NotFound):
            people.get(session, workspace.id, theirs.id)


def test_owners_are_those_who_can_sign_in(database: Database, workspace: Workspace, other: Workspace) -> None:
    first = person(database, workspace, "first@example.com", Role.OWNER)
    second = person(database, workspace, "second@example.com", Role.OWNER)
    person(database, workspace, "admin@example.com", Role.ADMIN)
    person(database, other, "theirs@example.com", Role.OWNER)
    with database.write() as session:
        assert {one.id for one in people.owners(session, workspace.id)} == {first.id, second.id}
        people.change(session, other.id, first.id, {"role": Role.VIEWER})  # another workspace changes nothing here
        people.change(session, workspace.id, second.id, {"disabled_at": session.now})
    with database.read() as session:
        assert [one.id for one in people.owners(session, workspace.id)] == [first.id]


def test_a_session_is_found_with_its_person_as_they_are_now(database: Database, workspace: Workspace) -> None:
    nadia = person(database, workspace, "nadia@example.com")
    signed_in(database, nadia, "s1")
    with database.write() as session:
        people.change(session, workspace.id, nadia.id, {"role": Role.ADMIN})
    with database.read() as session:
        found = browser_sessions.find(session, "s1")
        assert found is not None
        assert (found.person.id, found.person.role) == (nadia.id, Role.ADMIN)
        assert browser_sessions.find(session, "s2") is None


def test_sessions_end_one_by_one_and_all_at_once(database: Database, workspace: Workspace, other: Workspace) -> None:
    nadia, stranger = person(database, workspace, "n@example.com"), person(database, other, "s@example.com")
    for name in ("s1", "s2", "s3"):
        signed_in(database, nadia, name)
    signed_in(database, stranger, "theirs")
    with database.write() as session:
        assert not browser_sessions.end(session, workspace.id, "theirs")
        assert browser_sessions.end(session, workspace.id, "s1")
        assert not browser_sessions.end(session, workspace.id, "s1")
        assert browser_sessions.end_all(session, workspace.id, nadia.id) == 2
        assert browser_sessions.end_all(session, workspace.id, stranger.id) == 0
    with database.read() as session:
        assert browser_sessions.live(session, workspace.id, nadia.id) == []
        assert [one.id for one in browser_sessions.live(session, other.id, stranger.id)] == ["theirs"]


def test_use_prolongs_what_is_live_and_never_shortens(database: Database, workspace: Workspace) -> None:
    nadia = person(database, workspace, "n@example.com")
    kept, ended = signed_in(database, nadia, "kept"), signed_in(database, nadia, "ended")
    with database.write() as session:
        browser_sessions.end(session, workspace.id, "ended")
        browser_sessions.prolong(session, {"kept": kept.expires_at + HOUR, "ended": ended.expires_at + HOUR})
        browser_sessions.prolong(session, {"kept": kept.expires_at})
    with database.read() as session:
        found = {name: browser_sessions.find(session, name) for name in ("kept", "ended")}
    assert found["kept"] is not None
    assert found["ended"] is not None
    assert found["kept"].session.expires_at == kept.expires_at + HOUR
    assert found["ended"].session.expires_at == ended.expires_at


def test_sessions_that_expired_long_ago_go_with_the_next_one(database: Database, workspace: Workspace) -> None:
    nadia, idle = person(database, workspace, "n@example.com"), person(database, workspace, "i@example.com")
    signed_in(database, nadia, "old")
    signed_in(database, idle, "idle")
    advance(database, 29 * DAY)
    signed_in(database, nadia, "newer")
    with database.read() as session:
        assert browser_sessions.find(session, "old") is not None
    advance(database, 2 * DAY)
    signed_in(database, nadia, "newest")
    with database.read() as session:
        assert browser_sessions.find(session, "old") is None
        assert browser_sessions.find(session, "idle") is not None  # so that somebody has signed in, for good
        assert browser_sessions.any_yet(session, workspace.id)


def test_nobody_has_signed_in_to_a_new_workspace(database: Database, workspace: Workspace, other: Workspace) -> None:
    signed_in(database, person(database, other, "s@example.com"), "theirs")
    with database.read() as session:
        assert not browser_sessions.any_yet(session, workspace.id)
        assert browser_sessions.any_yet(session, other.id)


def test_a_spent_token_can_be_told_from_one_made_up(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        text = one_time.issue(session, workspace.id, "sign-in", {"person_id": "p"}, MINUTE)
        one_time.redeem(session, "sign-in", text)
    with database.read() as session:
        known = one_time.find(session, "sign-in", text)
        assert known is not None
        assert (known.workspace_id, known.used_at) == (workspace.id, session.now)
        assert one_time.find(session, "stream", text) is None
        assert one_time.find(session, "sign-in", text + "x") is None


def test_the_audit_log_is_filtered_and_paged(database: Database, workspace: Workspace, other: Workspace) -> None:
    with database.write() as session:
        began = session.now
        audit.record(session, other.id, "a", "made", "x")
    for actor, action, object_id in (("a", "made", "x"), ("b", "made", "y"), ("a", "ended", "x")):
        with database.write() as session:
            audit.record(session, workspace.id, actor, action, object_id)
        advance(database, SECOND)
    with database.read() as session:

        def seen(**wanted: object) -> list[tuple[str, str]]:
            found = audit.page(session, workspace.id, **wanted)  # type: ignore[arg-type]
            return [(one.actor, one.action) for one in found]

        assert seen() == [("a", "ended"), ("b", "made"), ("a", "made")]
        assert seen(actor="a") == [("a", "ended"), ("a", "made")]
        assert seen(action="made", object_id="y") == [("b", "made")]
        assert seen(since=began + SECOND) == [("a", "ended"), ("b", "made")]
        assert seen(until=began + SECOND) == [("a", "made")]
        newest = audit.page(session, workspace.id, limit=1)[0]
        assert seen(before=newest.id, limit=1) == [("b", "made")]
