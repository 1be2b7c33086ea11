"""Other systems send tickets, signed by the official library; whatever is not signed so is refused alike."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from api_harness import Caller
from standardwebhooks.webhooks import Webhook
from starlette.testclient import TestClient

from ticketflow.api.routes import intake
from ticketflow.clock import SECOND
from ticketflow.runtime import Runtime
from ticketflow.testing import FrozenClock
from ticketflow.workflow import history

MAPPING: dict[str, Any] = {
    "external_id": "$.id",
    "subject": "$.title",
    "body": "$.text",
    "priority": {"path": "$.prio", "values": {"P1": "urgent"}, "default": "normal"},
    "ticket": "$.of",
    "author": "$.by",
    "message": "$.message",
}
ITEM = {"id": 1, "title": "Parcel", "text": "Where is it?"}


class Shop:
    """Another system that sends tickets and signs them by the official library."""

    def __init__(self, acme: Caller, client: TestClient, clock: FrozenClock, slug: str = "shop") -> None:
        made = acme.post("/v1/sources", {"slug": slug, "name": "Web shop", "mapping": MAPPING}).json()
        self.id, self.secret, self.address = made["id"], made["secret"], made["address"]
        self._client, self._clock, self._sent = client, clock, 0

    def send(self, item: Any, *, message_id: str = "", secret: str = "", address: str = "", **headers: str) -> Any:
        self._sent += 1
        body = item if isinstance(item, bytes) else json.dumps(item).encode()
        seconds = self._clock.now() // SECOND
        name = message_id or f"message-{self._sent}"
        text = body.decode(errors="replace")
        signature = Webhook(secret or self.secret).sign(name, datetime.fromtimestamp(seconds, UTC), text)
        signed = {"webhook-id": name, "webhook-timestamp": str(seconds), "webhook-signature": signature, **headers}
        return self._client.post(f"/v1/intake/{address or self.address}", content=body, headers=signed)


@pytest.fixture
def shop(acme: Caller, client: TestClient, clock: FrozenClock) -> Shop:
    return Shop(acme, client, clock)


def opened(acme: Caller) -> list[Any]:
    return list(acme.get("/v1/tickets").json()["items"])


def test_a_signed_item_becomes_a_ticket_with_its_run(shop: Shop, acme: Caller, runtime: Runtime) -> None:
    answer = shop.send({**ITEM, "prio": "P1"})
    assert answer.status_code == 200
    (item,) = answer.json()["items"]
    assert (item["index"], item["result"], item["error"]) == (0, "opened", None)
    ticket = acme.get(f"/v1/tickets/{item['ticket_id']}").json()
    assert (ticket["external_id"], ticket["subject"], ticket["priority"]) == ("shop:1", "Parcel", "urgent")
    with runtime.database.read() as session:
        assert history.get(session, acme.workspace.id, item["run_id"]).ticket_id == ticket["id"]


def test_a_batch_is_answered_item_by_item(shop: Shop, acme: Caller) -> None:
    answer = shop.send([ITEM, {"id": 2}, 7, {"id": 3, "text": "Third"}, ITEM])
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["result"] for item in items] == ["opened", "refused", "refused", "opened", "known"]
    assert items[1]["field"] == "body"
    assert items[4]["ticket_id"] == items[0]["ticket_id"]
    assert len(opened(acme)) == 2


def test_a_repetition_opens_nothing_twice(shop: Shop, acme: Caller) -> None:
    first = shop.send([{"text": "One"}, {"text": "Two"}], message_id="m").json()["items"]
    again = shop.send([{"text": "One"}, {"text": "Two"}], message_id="m").json()["items"]
    assert [item["result"] for item in again] == ["known", "known"]
    assert [item["ticket_id"] for item in again] == [item["ticket_id"] for item in first]
    anew = shop.send(ITEM).json()["items"][0]
    assert shop.send(ITEM).json()["items"][0] == {**anew, "result": "known", "run_id": None}
    assert len(opened(acme)) == 3
    long = shop.send({"text": "Long"}, message_id="x" * 250).json()["items"][0]
    assert shop.send({"text": "Long"}, message_id="x" * 250).json()["items"][0]["ticket_id"] == long["ticket_id"]
    assert shop.send({"text": "Long"}, message_id="x" * 251).json()["items"][0]["result"] == "opened"


def test_two_systems_may_call_different_tickets_the_same(
    shop: Shop, acme: Caller, client: TestClient, clock: FrozenClock
) -> None:
    other = Shop(acme, client, clock, "kiosk")
    assert shop.send(ITEM).json()["items"][0]["result"] == "opened"
    assert other.send(ITEM).json()["items"][0]["result"] == "opened"


def test_messages_are_added_to_tickets_that_were_sent_before(shop: Shop, acme: Caller) -> None:
    ticket_id = shop.send(ITEM).json()["items"][0]["ticket_id"]
    asked = {"of": 1, "text": "Any news?", "by": "requester", "message": "m1"}
    added = shop.send(asked).json()["items"][0]
    assert (added["result"], added["ticket_id"]) == ("added", ticket_id)
    assert added["run_id"]
    assert shop.send(asked).json()["items"][0]["result"] == "known"
    told = shop.send({"of": 1, "text": "It is on its way.", "by": "agent"}).json()["items"][0]
    assert (told["result"], told["run_id"]) == ("added", None)
    found = acme.get(f"/v1/tickets/{ticket_id}").json()
    assert [(one["author"], one["body"]) for one in found["messages"]] == [
        ("requester", "Where is it?"),
        ("requester", "Any news?"),
        ("user", "It is on its way."),
    ]
    assert found["status"] == "waiting"


def test_a_message_that_comes_before_its_ticket_is_taken_later(shop: Shop) -> None:
    early = {"of": 1, "text": "Any news?"}
    (refused,) = shop.send([early], message_id="m").json()["items"]
    assert (refused["result"], refused["field"]) == ("refused", "ticket")
    shop.send(ITEM)
    assert shop.send([early], message_id="m").json()["items"][0]["result"] == "added"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 422), (b"[]", 422), (b"7", 422), (b"[" * 100_000, 413), (b'{"id": 1}', 422), (b"\xff", 401)],
)
def test_a_body_that_cannot_be_taken_is_refused(shop: Shop, acme: Caller, body: bytes, status: int) -> None:
    answer = shop.send(body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert opened(acme) == []


def test_more_than_a_hundred_items_are_refused_whole(shop: Shop, acme: Caller) -> None:
    assert shop.send([{"text": "x"}] * 101).status_code == 422
    assert opened(acme) == []
    assert len(shop.send([{"text": "x"}] * 100).json()["items"]) == 100


def test_whatever_is_not_signed_is_refused_alike(shop: Shop, acme: Caller, caller: Callable[..., Caller]) -> None:
    answers = [
        shop.send(ITEM, secret="whsec_" + "A" * 44),
        shop.send(ITEM, address="acme_unknown"),
        shop.send(ITEM, address="unknown_shop"),
        shop.send(ITEM, address="shop"),
        shop.send(ITEM, address=shop.id),
        shop.send(ITEM, **{"webhook-timestamp": "1"}),
        shop.send(ITEM, **{"webhook-id": "another"}),
        shop.send(ITEM, **{"webhook-signature": "v1,"}),
        shop.send(ITEM, **{"webhook-signature": ""}),
        shop.send(ITEM, **{"webhook-signature": "no comma"}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert opened(acme) == []


def test_every_refusal_takes_the_same_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "REFUSED_AFTER_SECONDS", 0.3)
    for answer in (shop.send(ITEM, address="acme_unknown"), shop.send(ITEM, secret="whsec_" + "A" * 44)):
        assert answer.status_code == 401
        assert 0.3 <= answer.elapsed.total_seconds() < 0.6


def test_an_old_message_is_refused(shop: Shop, clock: FrozenClock, client: TestClient) -> None:
    body, seconds = json.dumps(ITEM), clock.now() // SECOND
    signature = Webhook(shop.secret).sign("m", datetime.fromtimestamp(seconds, UTC), body)
    signed = {"webhook-id": "m", "webhook-timestamp": str(seconds), "webhook-signature": signature}
    clock.advance(301)
    assert client.post(f"/v1/intake/{shop.address}", content=body, headers=signed).status_code == 401
    clock.advance(-2)
    assert client.post(f"/v1/intake/{shop.address}", content=body, headers=signed).status_code == 200


def test_while_a_secret_rotates_both_are_taken(shop: Shop, acme: Caller, clock: FrozenClock) -> None:
    fresh = acme.post(f"/v1/sources/{shop.id}/rotate", None).json()["secret"]
    assert fresh != shop.secret
    assert [shop.send(ITEM, secret=one).status_code for one in (shop.secret, fresh)] == [200, 200]
    clock.advance(24 * 3600)
    assert [shop.send(ITEM, secret=one).status_code for one in (shop.secret, fresh)] == [401, 200]


def test_a_disabled_source_is_told_so_and_a_deleted_one_is_unknown(shop: Shop, acme: Caller) -> None:
    assert acme.patch(f"/v1/sources/{shop.id}", {"state": "disabled"}).status_code == 200
    assert shop.send(ITEM).status_code == 403
    assert shop.send(ITEM, secret="whsec_" + "A" * 44).status_code == 401
    assert acme("DELETE", f"/v1/sources/{shop.id}").json() == {"id": shop.id, "deleted": True}
    assert shop.send(ITEM).status_code == 401
    assert acme.get(f"/v1/sources/{shop.id}").status_code == 404


def test_the_same_message_at_the_same_moment_opens_one_ticket(shop: Shop, acme: Caller) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(shop.send({"text": "x"}, message_id="m"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["items"][0]["result"] for answer in answers) == ["known"] * 3 + ["opened"]
    assert len(opened(acme)) == 1


def test_a_mapping_is_checked_and_tried(shop: Shop, acme: Caller) -> None:
    refused = acme.post("/v1/sources", {"slug": "x", "name": "X", "mapping": {"body": "$..text"}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].startswith("/mapping/body")
    assert acme.patch(f"/v1/sources/{shop.id}", {"mapping": {"subject": "$.a"}}).status_code == 422
    shown = acme.post(f"/v1/sources/{shop.id}/test", {"sample": ITEM}).json()
    assert shown["ticket"]["external_id"] == "shop:1"
    assert acme.post(f"/v1/sources/{shop.id}/test", {"sample": {"id": 1}}).json()["field"] == "body"
    message = acme.post(f"/v1/sources/{shop.id}/test", {"sample": {"of": 1, "text": "x"}}).json()
    assert (message["to"], message["message"]["author"]) == ("shop:1", "requester")
    assert opened(acme) == []


def test_sources_are_listed_and_changed_without_their_secrets(shop: Shop, acme: Caller) -> None:
    assert acme.post("/v1/sources", {"slug": "shop", "name": "X", "mapping": {"body": "$"}}).status_code == 409
    changed = acme.patch(f"/v1/sources/{shop.id}", {"name": "Old shop"}).json()
    assert (changed["name"], changed["mapping"]["priority"]["values"]) == ("Old shop", {"P1": "urgent"})
    listed = acme.get("/v1/sources").text
    assert shop.secret not in listed
    assert [one["address"] for one in json.loads(listed)["items"]] == ["acme_shop"]
