"""What people do with tickets, over the wire: changes, bulk, merging, links, snoozing, and what is told of it."""

from typing import Any

import pytest

from ticketflow.clock import SECOND, to_iso
from ticketflow.store import audit

HOUR = 3_600 * SECOND


def opened(caller: Any, **fields: Any) -> str:
    response = caller.post("/v1/tickets", {"body": "my kettle leaks", **fields})
    assert response.status_code == 202, response.text
    return str(response.json()["ticket"]["id"])


def told(caller: Any, ticket_id: str) -> list[dict[str, Any]]:
    """The ticket's events since it was opened."""
    found = [event for event in caller.get("/v1/events?limit=200").json()["items"] if event["ticket_id"] == ticket_id]
    return found[1:]


def listed(caller: Any, query: str) -> list[str]:
    response = caller.get(f"/v1/tickets?{query}")
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


def test_a_change_sets_what_it_names_and_tells_of_it(acme: Any, runtime: Any) -> None:
    ticket_id = opened(acme, tags=["a", "b"])
    change = {
        "status": "escalated",
        "priority": "urgent",
        "category": "kettles",
        "team": "workshop",
        "assignee": "ines@example.org",
        "subject": "Leak",
        "add_tags": ["c", "a"],
        "remove_tags": ["b"],
    }
    response = acme.patch(f"/v1/tickets/{ticket_id}", change)
    assert response.status_code == 200, response.text
    made = response.json()
    wanted = {name: value for name, value in change.items() if not name.endswith("_tags")} | {"tags": ["a", "c"]}
    assert {name: made[name] for name in wanted} == wanted
    assert acme.get(f"/v1/tickets/{ticket_id}").json()["team"] == "workshop"
    actor = f"key:{acme.key.split('_')[2]}"
    assert {event["type"]: event["data"] for event in told(acme, ticket_id)} == {
        "ticket.escalated": {"by": actor},
        "ticket.assigned": {"team": "workshop", "assignee": "ines@example.org", "by": actor},
        "ticket.tagged": {"added": ["c"], "removed": ["b"], "by": actor},
        "ticket.changed": {"fields": ["subject", "category", "priority"], "by": actor},
    }
    with runtime.database.read() as session:
        entry = audit.newest(session, acme.workspace.id)[0]
    assert (entry.action, entry.object, entry.actor) == ("ticket.changed", ticket_id, actor)
    assert (entry.detail["before"]["status"], entry.detail["after"]["status"]) == ("processing", "escalated")
    assert entry.detail["before"]["tags"] == ["a", "b"]


def test_what_is_so_already_is_no_change_and_null_takes_away(acme: Any) -> None:
    ticket_id = opened(acme, tags=["a"])
    path = f"/v1/tickets/{ticket_id}"
    first = acme.patch(path, {"team": "workshop"}).json()
    again = acme.patch(path, {"team": "workshop", "add_tags": ["a"], "tags": ["a"]}).json()
    assert again == first
    assert acme.patch(path, {}).json() == first
    assert acme.patch(path, {"team": None, "tags": []}).json() | {"version": 0, "updated_at": ""} == first | {
        "team": None,
        "tags": [],
        "version": 0,
        "updated_at": "",
    }
    assert len(told(acme, ticket_id)) == 3


def test_if_match_keeps_two_people_apart(acme: Any) -> None:
    ticket_id = opened(acme)
    path = f"/v1/tickets/{ticket_id}"
    seen = acme.get(path).headers["etag"]
    first = acme("PATCH", path, json={"team": "one"}, headers={"If-Match": seen})
    assert (first.status_code, first.headers["etag"]) == (200, acme.get(path).headers["etag"])
    late = acme("PATCH", path, json={"team": "two"}, headers={"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert acme.get(path).json()["team"] == "one"


@pytest.mark.parametrize(
    ("before", "after"), [("closed", "waiting"), ("closed", "resolved"), ("escalated", "reopened")]
)
def test_a_move_that_the_table_has_not_is_refused_with_those_that_it_has(acme: Any, before: str, after: str) -> None:
    path = f"/v1/tickets/{opened(acme)}"
    assert acme.patch(path, {"status": before}).status_code == 200
    refused = acme.patch(path, {"status": after, "team": "x"})
    assert refused.status_code == 409
    assert f"A ticket that is {before} does not become {after}." in refused.json()["detail"]
    assert acme.get(path).json()["team"] is None, "nothing of the request is done"


@pytest.mark.parametrize(
    "body",
    [
        {"status": "new"},
        {"status": "processing"},
        {"status": None},
        {"tags": ["x" * 65]},
        {"add_tags": [str(number) for number in range(51)]},
        {"team": ""},
        {"version": 3},
        {"priority": "asap"},
    ],
)
def test_what_no_ticket_takes_is_refused(acme: Any, body: dict[str, Any]) -> None:
    assert acme.patch(f"/v1/tickets/{opened(acme)}", body).status_code == 422


def test_a_ticket_has_at_most_fifty_tags(acme: Any) -> None:
    path = f"/v1/tickets/{opened(acme, tags=[str(number) for number in range(30)])}"
    refused = acme.patch(path, {"add_tags": [f"more {number}" for number in range(21)]})
    assert (refused.status_code, "50 tags" in refused.json()["detail"]) == (422, True)


def test_lists_by_what_people_set(acme: Any, clock: Any) -> None:
    one, two, three = (opened(acme, requester_email=f"{name}@example.org", tags=[name]) for name in "abc")
    clock.advance(10)
    moment = to_iso(clock.now())
    acme.patch(f"/v1/tickets/{one}", {"assignee": "ines", "team": "t", "priority": "high", "category": "c"})
    acme.patch(f"/v1/tickets/{two}", {"team": "t", "status": "closed", "add_tags": ["a"]})
    acme.post(f"/v1/tickets/{one}/snooze", {"until": to_iso(clock.now() + HOUR)})
    for query, found in {
        "assignee=ines": [one],
        "team=t": [two, one],
        "team=t&status=closed": [two],
        "status=closed&status=processing": [two, one, three],
        "priority=high": [one],
        "tag=a": [two, one],
        "requester=c@example.org": [three],
        "snoozed=true": [one],
        "snoozed=false": [two, three],
        f"updated_since={moment}": [two, one],
        f"updated_until={to_iso(clock.now() - SECOND)}": [three],
        "tag=a&team=t&snoozed=true": [one],
    }.items():
        assert sorted(listed(acme, query)) == sorted(found), query
    assert acme.get("/v1/tickets?updated_since=yesterday").status_code == 422


def test_many_tickets_are_changed_with_a_result_for_each(acme: Any, caller: Any) -> None:
    one, two = opened(acme), opened(acme)
    foreign = opened(caller("rival"))
    acme.patch(f"/v1/tickets/{two}", {"status": "closed"})
    body = {"ticket_ids": [one, two, foreign, one], "status": "escalated"}
    response = acme.post("/v1/tickets/bulk", body)
    assert response.status_code == 200
    items = response.json()["items"]
    assert [(item["ticket_id"], item["code"]) for item in items] == [
        (one, None),
        (two, "conflict"),
        (foreign, "not_found"),
    ]
    assert items[0]["ticket"]["status"] == "escalated"
    assert items[1]["ticket"] is None
    assert "does not become escalated" in items[1]["detail"]
    assigned = acme.post("/v1/tickets/bulk", {"ticket_ids": [one, two], "assign": {"assignee": "ines"}}).json()
    assert [item["ticket"]["assignee"] for item in assigned["items"]] == ["ines", "ines"]
    tagged = acme.post("/v1/tickets/bulk", {"ticket_ids": [two], "tag": {"add": ["x"]}}).json()
    assert tagged["items"][0]["ticket"]["tags"] == ["x"]
    assert caller("rival").get(f"/v1/tickets/{foreign}").json()["status"] == "processing"


@pytest.mark.parametrize(
    "body",
    [
        {"ticket_ids": [], "status": "closed"},
        {"ticket_ids": ["x"] * 101, "status": "closed"},
        {"ticket_ids": ["x"]},
        {"ticket_ids": ["x"], "status": "closed", "tag": {"add": ["x"]}},
    ],
)
def test_a_bulk_is_one_action_on_up_to_a_hundred(acme: Any, body: dict[str, Any]) -> None:
    assert acme.post("/v1/tickets/bulk", body).status_code == 422


def test_a_merged_ticket_is_read_in_the_other_one(acme: Any) -> None:
    one, two = opened(acme, subject="first"), opened(acme, subject="second")
    merged = acme.post(f"/v1/tickets/{one}/merge", {"into_ticket_id": two})
    assert merged.status_code == 200, merged.text
    assert (merged.json()["status"], merged.json()["merged_into"]) == ("closed", two)
    shown = acme.get(f"/v1/tickets/{two}").json()
    assert [message["ticket_id"] for message in shown["messages"]] == [one, two, two]
    assert [(link["other_id"], link["kind"]) for link in shown["links"]] == [(one, "merged")]
    runs = acme.get(f"/v1/tickets/{one}/runs").json()["items"]
    assert [run["state"] for run in runs] == ["cancelled"]
    spoken = acme.post(f"/v1/tickets/{one}/messages", {"author": "requester", "body": "any news?"}).json()
    assert (spoken["ticket"]["id"], spoken["message"]["ticket_id"]) == (two, two)
    for path, body in (
        (f"/v1/tickets/{one}/messages", {"author": "user", "body": "x"}),
        (f"/v1/tickets/{one}/merge", {"into_ticket_id": two}),
        (f"/v1/tickets/{two}/merge", {"into_ticket_id": one}),
        (f"/v1/tickets/{two}/merge", {"into_ticket_id": two}),
        (f"/v1/tickets/{one}/snooze", {"until": "2039-01-01"}),
    ):
        assert acme.post(path, body).status_code == 409, path


def test_nothing_is_merged_or_linked_across_workspaces(acme: Any, caller: Any) -> None:
    mine, theirs = opened(acme), opened(caller("rival"))
    assert acme.post(f"/v1/tickets/{mine}/merge", {"into_ticket_id": theirs}).status_code == 404
    assert acme.post(f"/v1/tickets/{theirs}/merge", {"into_ticket_id": mine}).status_code == 404
    assert acme.post(f"/v1/tickets/{mine}/links", {"other_ticket_id": theirs}).status_code == 404
    assert acme.get(f"/v1/tickets/{mine}").json()["status"] == "processing"


def test_links_are_seen_from_both_sides_and_taken_back(acme: Any) -> None:
    one, two = opened(acme), opened(acme)
    made = acme.post(f"/v1/tickets/{one}/links", {"other_ticket_id": two})
    assert (made.status_code, made.json()["kind"]) == (201, "related")
    assert acme.post(f"/v1/tickets/{two}/links", {"other_ticket_id": one}).json()["other_id"] == one
    for ticket_id, other in ((one, two), (two, one)):
        items = acme.get(f"/v1/tickets/{ticket_id}/links").json()["items"]
        assert [item["other_id"] for item in items] == [other]
    assert acme("DELETE", f"/v1/tickets/{two}/links/{one}").status_code == 204
    assert acme("DELETE", f"/v1/tickets/{two}/links/{one}").status_code == 404
    assert acme.get(f"/v1/tickets/{one}/links").json()["items"] == []
    assert [event["type"] for event in told(acme, one)] == ["ticket.linked"]
    acme.post(f"/v1/tickets/{one}/merge", {"into_ticket_id": two})
    assert acme("DELETE", f"/v1/tickets/{two}/links/{one}").status_code == 409, "it tells what happened"


def test_a_ticket_is_put_aside_and_brought_back(acme: Any, clock: Any) -> None:
    path = f"/v1/tickets/{opened(acme)}/snooze"
    until = to_iso(clock.now() + HOUR)
    assert acme.post(path, {"until": until}).json()["snoozed_until"] == until
    assert acme("DELETE", path).json()["snoozed_until"] is None
    assert acme("DELETE", path).status_code == 200
    assert acme.post(path, {"until": to_iso(clock.now())}).status_code == 422
    assert [event["type"] for event in told(acme, path.split("/")[3])] == ["ticket.snoozed", "ticket.woken"]


def test_a_customers_word_to_a_closed_ticket_is_answered_with_the_follow_up(acme: Any) -> None:
    closed = opened(acme, subject="Leak", requester_email="a@example.org")
    acme.patch(f"/v1/tickets/{closed}", {"status": "closed"})
    made = acme.post(f"/v1/tickets/{closed}/messages", {"author": "requester", "body": "it leaks again"}).json()
    assert made["ticket"]["id"] != closed
    assert (made["ticket"]["subject"], made["message"]["body"]) == ("Leak", "it leaks again")
    assert [link["kind"] for link in acme.get(f"/v1/tickets/{closed}").json()["links"]] == ["follow_up"]
    refused = acme.post(f"/v1/tickets/{closed}/messages", {"author": "user", "body": "x"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "The ticket is closed.")
