"""Webhooks: what the reference library signs is taken, and everything else is refused with one kind of error."""

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from ticketflow_client import WebhookVerificationError, WebhookVerifier
from ticketflow_client.errors import Misconfigured, TicketFlowError

SECRET, OTHER = ("whsec_" + base64.b64encode(name * 12).decode() for name in (b"one", b"two"))
BODY = json.dumps({"type": "ticket.resolved", "data": {"ticket_id": "é"}}, ensure_ascii=False)


def signed(secret: str = SECRET, body: str = BODY, *, age: float = 0, message_id: str = "msg_1") -> dict[str, str]:
    """The headers of a webhook that was signed `age` seconds ago."""
    at = datetime.fromtimestamp(int(time.time() - age), UTC)
    return {
        "Webhook-Id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "WEBHOOK-SIGNATURE": Webhook(secret).sign(message_id, at, body),
    }


@pytest.mark.parametrize("body", [BODY, BODY.encode()])
def test_a_genuine_webhook_is_read(body: str | bytes) -> None:
    delivery = WebhookVerifier(SECRET).verify(body, signed(age=10))
    assert delivery.id == "msg_1"
    assert delivery.payload == {"type": "ticket.resolved", "data": {"ticket_id": "é"}}
    assert 9 < (datetime.now(UTC) - delivery.sent_at).total_seconds() < 60


def test_one_secret_of_several_is_enough_while_they_rotate() -> None:
    for secret in (SECRET, OTHER):
        assert WebhookVerifier(OTHER, SECRET).verify(BODY, signed(secret)).id == "msg_1"
    both = signed(SECRET) | {"WEBHOOK-SIGNATURE": " ".join(signed(one)["WEBHOOK-SIGNATURE"] for one in (OTHER, SECRET))}
    assert WebhookVerifier(SECRET).verify(BODY, both).id == "msg_1"
    with pytest.raises(WebhookVerificationError):
        WebhookVerifier(OTHER).verify(BODY, signed(SECRET))


@pytest.mark.parametrize(
    "changed",
    [
        {"Webhook-Id": "msg_2"},
        {"Webhook-Id": ""},
        {"webhook-timestamp": "1700000000"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "inf"},
        {"webhook-timestamp": "1e400"},
        {"webhook-timestamp": "soon"},
        {"WEBHOOK-SIGNATURE": "v1,AAAA"},
        {"WEBHOOK-SIGNATURE": "v1"},
        {"WEBHOOK-SIGNATURE": "v1,a,b"},
        {"WEBHOOK-SIGNATURE": "v1,not base64!"},
        {"WEBHOOK-SIGNATURE": "v1,A"},
        {"WEBHOOK-SIGNATURE": "v1,é"},
        {"WEBHOOK-SIGNATURE": "v2," + "A" * 44},
        {"WEBHOOK-SIGNATURE": " "},
    ],
)
def test_damaged_headers_are_refused_with_one_kind_of_error(changed: dict[str, str]) -> None:
    with pytest.raises(WebhookVerificationError):
        WebhookVerifier(SECRET, OTHER).verify(BODY, signed() | changed)


@pytest.mark.parametrize("body", [BODY + " ", b"\xff\xfe", "", "\ud800", b"x" * 100_000])
def test_another_body_is_refused(body: str | bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        WebhookVerifier(SECRET).verify(body, signed())


@pytest.mark.parametrize("body", ["[]", "7", "no json", "[" * 100_000])
def test_a_signed_body_that_is_no_object_is_refused(body: str) -> None:
    with pytest.raises(WebhookVerificationError):
        WebhookVerifier(SECRET).verify(body, signed(body=body))


def test_headers_that_are_missing_are_named_as_such() -> None:
    with pytest.raises(WebhookVerificationError, match="Missing required headers"):
        WebhookVerifier(SECRET).verify(BODY, {})


@pytest.mark.parametrize(("age", "tolerance", "taken"), [(250, 300, True), (250, 200, False), (-250, 200, False)])
def test_an_old_webhook_may_be_a_replayed_one(age: float, tolerance: float, taken: bool) -> None:
    verifier = WebhookVerifier(SECRET, tolerance_seconds=tolerance)
    if taken:
        assert verifier.verify(BODY, signed(age=age)).id == "msg_1"
    else:
        with pytest.raises(WebhookVerificationError, match="too long ago"):
            verifier.verify(BODY, signed(age=age))
    for far in (400, -400):
        with pytest.raises(WebhookVerificationError):
            WebhookVerifier(SECRET).verify(BODY, signed(age=far))


@pytest.mark.parametrize(
    ("secrets", "options"),
    [((), {}), (("",), {}), (("whsec_",), {}), (("whsec_A",), {}), ((SECRET,), {"tolerance_seconds": 301})],
)
def test_a_verifier_that_could_not_work_is_not_made(secrets: tuple[str, ...], options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        WebhookVerifier(*secrets, **options)


def test_the_error_is_one_of_the_clients_own() -> None:
    assert issubclass(WebhookVerificationError, TicketFlowError)
