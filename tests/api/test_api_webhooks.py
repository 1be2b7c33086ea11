"""Webhook endpoints over the API: secrets shown once, states, the log of deliveries with every attempt."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))  # the receiver is shared with the tests there

import pytest
from api_harness import Caller
from webhook_harness import Receiver, Reply

from ticketflow.outbound import AllowList, Client
from ticketflow.runtime import Runtime
from ticketflow.testing import FrozenClock

NEW = {"url": "https://hooks.example.org/ticketflow", "description": "Order system", "types": ["ticket.created"]}


@pytest.fixture
def receiver(runtime: Runtime) -> Iterator[Receiver]:
    made = Receiver()
    runtime.__dict__["outbound"] = Client(AllowList.of([f"127.0.0.1:{made.port}"]))
    yield made
    made.close()


@pytest.fixture
def endpoint(acme: Caller, receiver: Receiver) -> Any:
    return acme.post("/v1/webhooks/endpoints", {**NEW, "url": receiver.url}).json()


def work(runtime: Runtime) -> None:
    while runtime.runner.follow():
        pass
    while runtime.runner.run_one(["deliver-webhook"]):
        pass


def ticket(acme: Caller) -> str:
    return str(acme.post("/v1/tickets", {"body": "Where is my parcel?"}).json()["ticket"]["id"])


def test_a_secret_is_shown_once_and_rotated(acme: Caller) -> None:
    made = acme.post("/v1/webhooks/endpoints", NEW)
    assert made.status_code == 201
    shown = made.json()
    assert shown["secret"].startswith("whsec_")
    path = made.headers["location"]
    assert path == f"/v1/webhooks/endpoints/{shown['id']}"
    assert "secret" not in acme.get(path).json()
    assert acme.get(path).json()["url"] == NEW["url"]
    rotated = acme.post(f"{path}/rotate", None)
    assert rotated.status_code == 201
    assert rotated.json()["secret"] != shown["secret"]
    assert shown["secret"] not in acme.get("/v1/webhooks/endpoints").text


def test_a_url_that_must_not_be_called_is_refused(acme: Caller) -> None:
    for url in ("http://hooks.example.org/", "https://127.0.0.1/", "https://user@hooks.example.org/", "ftp://x", "x"):
        refused = acme.post("/v1/webhooks/endpoints", {**NEW, "url": url})
        assert (refused.status_code, refused.json()["code"]) == (422, "address_refused")
        made = acme.post("/v1/webhooks/endpoints", NEW).json()
        assert acme.patch(f"/v1/webhooks/endpoints/{made['id']}", {"url": url}).status_code == 422
    assert acme.post("/v1/webhooks/endpoints", {**NEW, "types": ["nonsense"]}).status_code == 422


def test_a_ticket_is_told_and_the_log_says_how(
    acme: Caller, endpoint: Any, receiver: Receiver, runtime: Runtime, clock: FrozenClock
) -> None:
    receiver.replies = [Reply(503, body=b"not yet")]
    ticket_id = ticket(acme)
    work(runtime)
    (listed,) = acme.get("/v1/webhooks/deliveries").json()["items"]
    assert (listed["state"], listed["type"], listed["status"]) == ("pending", "ticket.created", 503)
    clock.advance(10)
    work(runtime)
    found = acme.get(f"/v1/webhooks/deliveries/{listed['id']}").json()
    assert (found["state"], found["attempts"], found["error"]) == ("delivered", 2, None)
    assert [(one["status"], one["excerpt"]) for one in found["tried"]] == [(503, "not yet"), (204, "")]
    assert ticket_id in receiver.received[0].body.decode()
    assert b"parcel" not in receiver.received[0].body
    for state, count in (("delivered", 1), ("failed", 0)):
        query = f"/v1/webhooks/deliveries?state={state}&endpoint_id={endpoint['id']}"
        assert len(acme.get(query).json()["items"]) == count


def test_a_delivery_is_sent_again_and_a_test_is_sent(
    acme: Caller, endpoint: Any, receiver: Receiver, runtime: Runtime
) -> None:
    made = acme.post(f"/v1/webhooks/endpoints/{endpoint['id']}/test", None)
    assert (made.status_code, made.json()["type"]) == (202, "webhook.test")
    work(runtime)
    assert acme.post(f"/v1/webhooks/deliveries/{made.json()['id']}/resend", None).status_code == 202
    work(runtime)
    assert receiver.ids == [made.json()["id"]] * 2
    acme.patch(f"/v1/webhooks/endpoints/{endpoint['id']}", {"state": "disabled"})
    assert acme.post(f"/v1/webhooks/endpoints/{endpoint['id']}/test", None).status_code == 409
    assert acme.post(f"/v1/webhooks/deliveries/{made.json()['id']}/resend", None).status_code == 409


def test_an_endpoint_is_changed_and_deleted(acme: Caller, endpoint: Any, receiver: Receiver, runtime: Runtime) -> None:
    path = f"/v1/webhooks/endpoints/{endpoint['id']}"
    changed = acme.patch(path, {"types": [], "description": ""}).json()
    assert (changed["types"], changed["description"], changed["version"]) == ([], "", 2)
    disabled = acme.patch(path, {"state": "disabled"}).json()
    assert (disabled["state"], disabled["reason"]) == ("disabled", "A person disabled it.")
    assert acme.patch(path, {"after_seq": 10_000}).status_code == 422
    ticket(acme)
    acme.patch(path, {"state": "enabled", "after_seq": 0})
    work(runtime)
    assert receiver.received
    assert acme("DELETE", path).json() == {"id": endpoint["id"], "deleted": True}
    assert acme.get(path).status_code == 404
    assert acme.get("/v1/webhooks/deliveries").json()["items"] == []


def test_a_workspace_has_so_many_endpoints(acme: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from ticketflow.integrations import endpoints

    monkeypatch.setattr(endpoints, "MOST", 2)
    codes = [acme.post("/v1/webhooks/endpoints", NEW).status_code for _ in range(3)]
    assert codes == [201, 201, 409]
