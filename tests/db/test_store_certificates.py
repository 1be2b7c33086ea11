"""Certificates: one live by segment at most, every look counted, and never another workspace's."""

import pytest

from ticketflow.clock import SECOND
from ticketflow.db import Database
from ticketflow.domain import Workspace
from ticketflow.errors import NotFound
from ticketflow.store import certificates
from ticketflow.store.certificates import Certificate, NewCertificate
from ticketflow.testing import FrozenClock


def new(segment: str = "", version: str = "v1", **fields: object) -> NewCertificate:
    known = {
        "segment": segment,
        "version": version,
        "standing": "certified",
        "alpha": 0.05,
        "delta": 0.1 + 0.2,
        "look": 1,
        "spent": 1 / 3,
        "threshold": 0.1 + 0.7,
        "coverage": 2 / 3,
        "wrong_share": 0.01,
        "upper_bound": 0.04,
        "labels": 300,
        "automatic": 240,
        "errors": 3,
        "needed": None,
        "reason": "",
        "passed": [0.95, 0.9, 0.1 + 0.7],
        "excluded": ["legal"],
        "source": "history",
    }
    return NewCertificate.model_validate(known | fields)


def refusal(segment: str = "", version: str = "v1") -> NewCertificate:
    return new(segment, version, standing="more_labels", threshold=None, passed=[], needed=40, reason="Too few.")


def add(database: Database, workspace: Workspace, made: NewCertificate, *, live: bool) -> Certificate:
    with database.write() as session:
        return certificates.add(session, workspace.id, made, live=live)


def test_every_number_comes_back_as_it_was(database: Database, workspace: Workspace) -> None:
    made = add(database, workspace, new(), live=True)
    with database.read() as session:
        assert certificates.get(session, workspace.id, made.id) == made
        assert certificates.live(session, workspace.id) == {"": made}
    assert (made.threshold, made.spent, made.passed) == (0.1 + 0.7, 1 / 3, [0.95, 0.9, 0.1 + 0.7])
    assert (made.live, made.ended_at, made.ended_because) == (True, None, "")


def test_a_fresh_certificate_takes_the_place_of_its_segments_one(
    database: Database, workspace: Workspace, clock: FrozenClock
) -> None:
    first = add(database, workspace, new(), live=True)
    other = add(database, workspace, new("billing"), live=True)
    clock.advance(5)
    second = add(database, workspace, new(look=2), live=True)
    with database.read() as session:
        assert certificates.live(session, workspace.id) == {"": second, "billing": other}
        ended = certificates.get(session, workspace.id, first.id)
    assert not ended.live
    assert ended.ended_at == first.created_at + 5 * SECOND
    assert ended.ended_because
    assert ended.threshold == first.threshold, "what was proven stays to be read"


def test_a_refusal_ends_nothing(database: Database, workspace: Workspace) -> None:
    made = add(database, workspace, new(), live=True)
    add(database, workspace, refusal(), live=False)
    with database.read() as session:
        assert certificates.live(session, workspace.id) == {"": made}


def test_ending_by_segment_and_all_at_once(database: Database, workspace: Workspace) -> None:
    rest = add(database, workspace, new(), live=True)
    billing = add(database, workspace, new("billing"), live=True)
    with database.write() as session:
        assert certificates.end(session, workspace.id, "billing", "Too many wrong.") == [billing.id]
        assert certificates.end(session, workspace.id, "billing", "Again.") == []
        assert set(certificates.live(session, workspace.id)) == {""}
        assert certificates.get(session, workspace.id, billing.id).ended_because == "Too many wrong."
        assert certificates.end(session, workspace.id, None, "A new version.") == [rest.id]
        assert certificates.live(session, workspace.id) == {}


def test_looks_are_counted_by_version_and_segment_refusals_included(database: Database, workspace: Workspace) -> None:
    for made in (new(), refusal(), new("billing"), new(version="v2"), refusal()):
        add(database, workspace, made, live=False)
    with database.read() as session:
        assert certificates.looks(session, workspace.id, "v1", "") == 3
        assert certificates.looks(session, workspace.id, "v1", "billing") == 1
        assert certificates.looks(session, workspace.id, "v2", "") == 1
        assert certificates.looks(session, workspace.id, "v3", "") == 0


def test_the_newest_look_at_each_segment_of_a_version(database: Database, workspace: Workspace) -> None:
    add(database, workspace, new(), live=True)
    last = add(database, workspace, refusal(), live=False)
    add(database, workspace, new(version="v2"), live=False)
    billing = add(database, workspace, new("billing"), live=True)
    with database.read() as session:
        assert certificates.newest(session, workspace.id, "v1") == {"": last, "billing": billing}
        assert certificates.newest(session, workspace.id, "v3") == {}


def test_pages_go_back_in_time(database: Database, workspace: Workspace) -> None:
    made = [add(database, workspace, new(look=number), live=False) for number in range(1, 6)]
    with database.read() as session:
        first = certificates.page(session, workspace.id, limit=3)
        rest = certificates.page(session, workspace.id, before=first[-1].id)
    assert [one.look for one in first] == [5, 4, 3]
    assert [one.id for one in rest] == [made[1].id, made[0].id]


def test_the_stamp_moves_with_each_change(database: Database, workspace: Workspace, clock: FrozenClock) -> None:
    seen = []

    def note() -> None:
        with database.read() as session:
            seen.append(certificates.stamp(session, workspace.id))
        clock.advance(1)

    note()
    add(database, workspace, new(), live=True)
    note()
    add(database, workspace, refusal(), live=False)
    note()
    with database.write() as session:
        certificates.end(session, workspace.id, None, "x")
    note()
    assert len(set(seen)) == 4
    note()
    assert seen[-1] == seen[-2]


def test_another_workspaces_certificates_are_not_there(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    made = add(database, workspace, new(), live=True)
    with database.write() as session:
        assert certificates.live(session, other.id) == {}
        assert certificates.newest(session, other.id, "v1") == {}
        assert certificates.looks(session, other.id, "v1", "") == 0
        assert certificates.page(session, other.id) == []
        assert certificates.end(session, other.id, None, "x") == []
        with pytest.raises(NotFound):
            certificates.get(session, other.id, made.id)
        assert certificates.get(session, workspace.id, made.id).live
    add(database, other, new(), live=True)
    with database.read() as session:
        assert certificates.live(session, workspace.id) == {"": made}


@pytest.fixture
def clock(database: Database) -> FrozenClock:
    assert isinstance(database.clock, FrozenClock)
    return database.clock
