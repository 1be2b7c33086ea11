"""Tickets over the wire: opened, listed page by page, talked in, compared, judged."""

from typing import Any

import pytest

from ticketflow.store import audit, decisions, tickets
from ticketflow.workflow import history


def opened(caller: Any, **fields: Any) -> dict[str, Any]:
    response = caller.post("/v1/tickets", {"body": "my kettle leaks", **fields})
    assert response.status_code == 202, response.text
    return response.json()


def test_an_opened_ticket_is_stored_with_its_queued_run(acme: Any, runtime: Any) -> None:
    response = acme.post(
        "/v1/tickets",
        {
            "subject": "Leak",
            "body": "my kettle leaks",
            "external_id": "4711",
            "requester_name": "Nadia",
            "tags": ["a"],
            "headers": {"Auto-Submitted": "no"},
        },
    )
    assert response.status_code == 202
    made = response.json()
    ticket = made["ticket"]
    assert response.headers["location"] == f"/v1/tickets/{ticket['id']}"
    assert (ticket["status"], ticket["external_id"], ticket["tags"]) == ("processing", "4711", ["a"])
    assert ticket["created_at"].endswith("Z")
    with runtime.database.read() as session:
        run = history.get(session, acme.workspace.id, made["run_id"])
        stored = tickets.get(session, acme.workspace.id, ticket["id"])
        message = tickets.messages(session, acme.workspace.id, ticket["id"])[0]
    assert (run.ticket_id, run.state) == (ticket["id"], "live")
    assert stored.version == ticket["version"]
    assert message.headers == {"auto-submitted": "no"}


def test_a_ticket_is_read_with_its_conversation(acme: Any) -> None:
    ticket = opened(acme)["ticket"]
    seen = acme.get(f"/v1/tickets/{ticket['id']}").json()
    assert [message["body"] for message in seen["messages"]] == ["my kettle leaks"]
    assert seen["decision"] is None
    assert {name: seen[name] for name in ticket} == ticket


def test_a_second_ticket_with_the_same_external_id_names_the_first(acme: Any) -> None:
    first = opened(acme, external_id="A-1")["ticket"]
    refused = acme.post("/v1/tickets", {"body": "again", "external_id": "A-1"})
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["existing_id"]) == ("conflict", first["id"])
    assert refused.json()["errors"][0]["pointer"] == "/external_id"
    assert len(acme.get("/v1/tickets").json()["items"]) == 1


def test_two_workspaces_may_use_the_same_external_id(caller: Any) -> None:
    opened(caller("one"), external_id="A-1")
    opened(caller("two"), external_id="A-1")


def test_pages_show_every_ticket_once_newest_first(acme: Any, clock: Any) -> None:
    made = []
    for number in range(7):
        made.append(opened(acme, subject=str(number))["ticket"]["id"])
        clock.advance(number % 2)  # some share their time, so that the id has to tell them apart
    seen: list[str] = []
    path = "/v1/tickets?limit=3"
    pages = 0
    cursor = ""
    while cursor is not None:
        page = acme.get(path + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        pages += 1
    assert (seen, pages) == (made[::-1], 3)


def test_a_cursor_is_good_for_its_own_list_only(caller: Any) -> None:
    one, two = caller("one"), caller("two")
    for each in (one, two):
        for _ in range(3):
            opened(each)
    cursor = one.get("/v1/tickets?limit=1&status=processing").json()["next_cursor"]
    assert one.get(f"/v1/tickets?limit=2&status=processing&cursor={cursor}").status_code == 200
    tampered = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    refusals = [
        one.get(f"/v1/tickets?cursor={cursor}"),
        one.get(f"/v1/tickets?status=new&cursor={cursor}"),
        one.get(f"/v1/articles?cursor={cursor}"),
        two.get(f"/v1/tickets?status=processing&cursor={cursor}"),
        one.get(f"/v1/tickets?status=processing&cursor={tampered}"),
        one.get(f"/v1/tickets?status=processing&cursor={cursor}A"),
    ]
    for refused in refusals:
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "cursor"


def test_lists_are_filtered(acme: Any, runtime: Any) -> None:
    closed, other = opened(acme)["ticket"]["id"], opened(acme)["ticket"]["id"]
    with runtime.database.write() as session:
        tickets.change(session, acme.workspace.id, closed, status="closed", category="kettles")

    def listed(query: str) -> list[str]:
        return [item["id"] for item in acme.get(f"/v1/tickets?{query}").json()["items"]]

    assert listed("status=closed") == [closed]
    assert listed("category=kettles") == [closed]
    assert listed("status=closed&status=processing") == [other, closed]
    assert listed("status=waiting") == []


def test_a_customers_message_opens_the_ticket_again_with_a_run_of_its_own(acme: Any, runtime: Any) -> None:
    first = opened(acme)
    ticket_id = first["ticket"]["id"]
    with runtime.database.write() as session:
        tickets.change(session, acme.workspace.id, ticket_id, status="resolved")
    added = acme.post(f"/v1/tickets/{ticket_id}/messages", {"author": "requester", "body": "it leaks again"})
    assert added.status_code == 201
    made = added.json()
    assert made["message"]["body"] == "it leaks again"
    assert made["ticket"]["status"] == "processing"
    runs = acme.get(f"/v1/tickets/{ticket_id}/runs").json()["items"]
    assert [run["id"] for run in runs] == [first["run_id"], made["run_id"]]
    types = [event["type"] for event in acme.get("/v1/events").json()["items"]]
    assert types == ["ticket.created", "message.added", "ticket.reopened"]
    with runtime.database.read() as session:
        run = history.get(session, acme.workspace.id, made["run_id"])
        stored = tickets.get(session, acme.workspace.id, ticket_id)
    assert run.trigger_id == made["message"]["id"]
    assert "it leaks again" in run.payload["words"]
    assert run.payload["ticket_version"] == stored.version


def test_a_humans_reply_hands_the_turn_to_the_customer(acme: Any) -> None:
    ticket = opened(acme)["ticket"]
    path = f"/v1/tickets/{ticket['id']}/messages"
    replied = acme.post(path, {"author": "user", "author_name": "Ines", "body": "try a new seal"}).json()
    assert (replied["ticket"]["status"], replied["run_id"]) == ("waiting", None)
    assert replied["ticket"]["version"] > ticket["version"]
    noted = acme.post(path, {"author": "user", "body": "third one this week", "internal": True}).json()
    assert noted["ticket"]["status"] == "waiting"
    assert noted["ticket"]["version"] > replied["ticket"]["version"]
    assert [(m["author"], m["internal"]) for m in acme.get(f"/v1/tickets/{ticket['id']}").json()["messages"]] == [
        ("requester", False),
        ("user", False),
        ("user", True),
    ]


@pytest.mark.parametrize(
    "body", [{"author": "requester", "body": "x", "internal": True}, {"author": "agent", "body": "x"}]
)
def test_nobody_writes_in_anothers_name(acme: Any, body: dict[str, Any]) -> None:
    ticket = opened(acme)["ticket"]
    assert acme.post(f"/v1/tickets/{ticket['id']}/messages", body).status_code == 422


def test_similar_finds_other_tickets_and_articles_but_not_the_ticket_itself(acme: Any, runtime: Any) -> None:
    acme.post("/v1/articles", {"title": "Kettle leaks", "body": "When a kettle leaks, change the seal."})
    ticket = opened(acme, subject="leaking kettle")["ticket"]
    found = acme.get(f"/v1/tickets/{ticket['id']}/similar?kinds=article&kinds=ticket&limit=5")
    assert found.status_code == 200
    assert [hit["title"] for hit in found.json()["hits"]] == ["Kettle leaks"]


def test_a_whole_ticket_shows_its_decision_steps_and_takes_feedback(acme: Any, runtime: Any) -> None:
    made = opened(acme)
    ticket_id = made["ticket"]["id"]
    assert runtime.runner.run_one()
    seen = acme.get(f"/v1/tickets/{ticket_id}").json()
    assert seen["status"] == "escalated"
    decision = seen["decision"]
    assert (decision["action"], decision["run_id"]) == ("escalate", made["run_id"])
    assert decision["reasons"]
    assert 0 <= decision["confidence"] <= 1
    run = acme.get(f"/v1/runs/{made['run_id']}").json()
    assert run["state"] == "succeeded"
    assert [step["step"] for step in run["steps"]] == [
        "ingest",
        "search",
        "analyze",
        "consult",
        "decide",
        "draft",
        "execute",
    ]
    for step in run["steps"]:
        assert step["duration_ms"] >= 0
        assert step["input"]
        assert step["output"]
    given = acme.post(f"/v1/tickets/{ticket_id}/feedback", {"kind": "right", "note": "good call"})
    assert given.status_code == 201
    with runtime.database.read() as session:
        newest = decisions.newest(session, acme.workspace.id, ticket_id)
    assert newest is not None
    assert given.json()["decision_id"] == newest.id == decision["id"]
    assert given.json()["author"] == f"key:{acme.key.split('_')[2]}"


@pytest.mark.parametrize(
    "body", [{"kind": "csat"}, {"kind": "right", "score": 3}, {"kind": "csat", "score": 6}, {"kind": "meh"}]
)
def test_feedback_that_makes_no_sense_is_refused(acme: Any, body: dict[str, Any]) -> None:
    ticket = opened(acme)["ticket"]
    assert acme.post(f"/v1/tickets/{ticket['id']}/feedback", body).status_code == 422


def test_making_a_key_is_in_the_audit_log(acme: Any, runtime: Any) -> None:
    with runtime.database.read() as session:
        newest = audit.newest(session, acme.workspace.id)
    assert [(entry.action, entry.object) for entry in newest] == [("api_key.created", acme.key.split("_")[2])]
