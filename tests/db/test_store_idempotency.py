"""Answers by caller and key: who is first takes the key; what stands under it is told to the others."""

from ticketflow.db import Database
from ticketflow.domain import Workspace
from ticketflow.store import idempotency
from ticketflow.store.idempotency import Repeated
from ticketflow.testing import FrozenClock

CALLER, KEY = "key:abc", "6f1c"


def begin(database: Database, workspace: Workspace, caller: str = CALLER, key: str = KEY) -> Repeated | None:
    with database.write() as session:
        return idempotency.begin(session, workspace.id, caller, key, "hash")


def test_the_first_takes_the_key_and_the_others_are_told(database: Database, workspace: Workspace) -> None:
    assert begin(database, workspace) is None
    again = begin(database, workspace)
    assert again is not None
    assert again.status is None
    with database.write() as session:
        idempotency.finish(session, workspace.id, CALLER, KEY, 201, {"etag": '"1"'}, b"{}")
    again = begin(database, workspace)
    assert again is not None
    assert (again.request_hash, again.status, again.headers, again.body) == ("hash", 201, {"etag": '"1"'}, b"{}")


def test_keys_are_a_callers_own(database: Database, workspace: Workspace, other: Workspace) -> None:
    assert begin(database, workspace) is None
    assert begin(database, workspace, caller="key:def") is None
    assert begin(database, other) is None
    assert begin(database, workspace, key="7a2d") is None


def test_a_key_given_back_is_free_and_an_old_one_is_forgotten(database: Database, workspace: Workspace) -> None:
    assert begin(database, workspace) is None
    with database.write() as session:
        idempotency.forget(session, workspace.id, CALLER, KEY)
    assert begin(database, workspace) is None
    assert isinstance(database.clock, FrozenClock)
    database.clock.advance(24 * 3600)
    assert begin(database, workspace) is None
