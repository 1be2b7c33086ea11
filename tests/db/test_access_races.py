"""What may happen once, happens once, however many ask for it at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ticketflow.api import keys, people, rotation, sign_in
from ticketflow.api.scopes import Scope
from ticketflow.db import Database, Session
from ticketflow.domain import Role, Workspace
from ticketflow.errors import Conflict
from ticketflow.store import browser_sessions
from ticketflow.store import people as stored

SECRET = b"a secret of the tests, long enough"
AT_ONCE = 4


def at_once(database: Database, doing: Callable[[Session, int], object], count: int = AT_ONCE) -> list[object]:
    """What came of `doing`, called by so many threads at the same moment: its result, or the Conflict it met."""
    ready = threading.Barrier(count)

    def one(number: int) -> object:
        ready.wait()
        try:
            with database.write() as session:
                return doing(session, number)
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_two_owners_who_step_down_at_once_leave_one(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        owners = [
            people.add(session, workspace.id, f"{number}@example.com", "", Role.OWNER, actor="test", held=Scope)
            for number in range(AT_ONCE)
        ]

    def step_down(session: Session, number: int) -> object:
        return people.change(session, workspace.id, owners[number].id, actor="test", held=Scope, role=Role.ADMIN)

    told = at_once(database, step_down)
    assert sum(isinstance(one, Conflict) for one in told) == 1
    with database.read() as session:
        assert len(stored.owners(session, workspace.id)) == 1


def test_a_link_opened_by_many_at_once_signs_one_of_them_in(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        nadia = people.add(session, workspace.id, "n@example.com", "", Role.AGENT, actor="test", held=Scope)
        token = sign_in.token_for(session, nadia, actor="test", held=Scope)
    told = at_once(database, lambda session, _: sign_in.open_session(session, SECRET, token))
    assert sum(one is not None for one in told) == 1
    with database.read() as session:
        assert len(browser_sessions.live(session, workspace.id, nadia.id)) == 1


def test_a_key_rotated_by_many_at_once_has_one_successor(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        old, _ = keys.create(session, workspace.id, SECRET, "desk", ["tickets:read"], actor="test")
    told = at_once(database, lambda session, _: rotation.rotate(session, workspace.id, SECRET, old.id, actor="test"))
    assert sum(not isinstance(one, Conflict) for one in told) == 1


def test_servers_that_start_at_once_make_one_owner(database: Database, workspace: Workspace) -> None:
    told = at_once(database, lambda session, _: sign_in.first_token(session, workspace.id))
    assert len({one[0].id for one in told if isinstance(one, tuple)}) == 1
    assert all(isinstance(one, tuple) for one in told)
    with database.read() as session:
        assert stored.count(session, workspace.id) == 1
