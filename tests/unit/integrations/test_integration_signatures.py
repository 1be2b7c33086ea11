"""Signatures: ours fit the official library, its fit ours, and nothing that was changed does."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from ticketflow.clock import MINUTE, SECOND, SystemClock
from ticketflow.errors import Unauthenticated
from ticketflow.integrations import signatures

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two characters").decode()
OTHER = "whsec_" + base64.b64encode(b"another one of the same length !!").decode()
NOW = 1_700_000_000 * SECOND
BODY = '{"text":"Grüße"}'.encode()


def signed(**changes: str) -> dict[str, str]:
    return signatures.signed([SECRET], "message-1", NOW, BODY) | changes


def refused(headers: dict[str, str], body: bytes = BODY, now: int = NOW, secrets: Any = (SECRET,)) -> str:
    with pytest.raises(Unauthenticated) as error:
        signatures.verified(secrets, headers, body, now)
    return str(error.value)


def test_the_official_library_takes_ours() -> None:
    headers = signatures.signed([OTHER, SECRET], "message-1", SystemClock().now(), BODY)
    for secret in (SECRET, OTHER):
        assert Webhook(secret).verify(BODY, headers) == {"text": "Grüße"}


def test_we_take_what_the_official_library_signs() -> None:
    moment = datetime.fromtimestamp(NOW // SECOND, UTC)
    signature = Webhook(SECRET).sign("message-1", moment, BODY.decode())
    headers = {"webhook-id": "message-1", "webhook-timestamp": str(NOW // SECOND), "webhook-signature": signature}
    assert signatures.verified([OTHER, SECRET], headers, BODY, NOW) == "message-1"
    headers["webhook-signature"] = f"v1a,x v1,AAAA {signature} v2,{signature}"
    assert signatures.verified([SECRET], headers, BODY, NOW) == "message-1"


def test_every_refusal_says_the_same() -> None:
    right = signed()["webhook-signature"]
    said = {
        refused(signed(), body=BODY + b" "),
        refused(signed(), secrets=[OTHER]),
        refused(signed(), secrets=[]),
        refused(signed(**{"webhook-id": "message-2"})),
        refused(signed(**{"webhook-id": ""})),
        refused(signed(**{"webhook-id": "message 1"})),
        refused(signed(**{"webhook-timestamp": "1700000001"})),
        refused(signed(**{"webhook-timestamp": "never"})),
        refused(signed(**{"webhook-timestamp": "999999999999"})),
        refused(signed(**{"webhook-signature": ""})),
        refused(signed(**{"webhook-signature": right.removeprefix("v1,")})),
        refused(signed(**{"webhook-signature": right.replace("v1,", "v2,")})),
        refused(signed(), body=b"\xff"),
        refused({}),
    }
    assert len(said) == 1


def test_a_secret_of_zeros_opens_nothing_where_there_is_none() -> None:
    headers = signatures.signed([signatures.NOBODYS], "message-1", NOW, BODY)
    refused(headers, secrets=[])


@pytest.mark.parametrize("away", [-5 * MINUTE, 5 * MINUTE])
def test_the_time_may_be_five_minutes_off(away: int) -> None:
    assert signatures.verified([SECRET], signed(), BODY, NOW + away) == "message-1"
    refused(signed(), now=NOW + away + (SECOND if away > 0 else -SECOND))


@given(
    where=st.sampled_from(["body", "webhook-id", "webhook-timestamp", "webhook-signature"]),
    at=st.integers(min_value=0),
    becomes=st.integers(min_value=0, max_value=255),
    how=st.sampled_from(["change", "insert", "remove"]),
)
def test_whatever_is_changed_is_refused(where: str, at: int, becomes: int, how: str) -> None:
    headers = signed()
    whole = BODY if where == "body" else headers[where].encode()
    at %= len(whole)
    middle = {"change": bytes([becomes]), "insert": bytes([becomes]) + whole[at : at + 1], "remove": b""}[how]
    changed = whole[:at] + middle + whole[at + 1 :]
    if changed == whole or (where == "webhook-signature" and _still_there(changed, whole)):
        return
    if where == "body":
        refused(headers, body=changed)
    else:
        refused(headers | {where: changed.decode("latin-1")})


def _still_there(changed: bytes, whole: bytes) -> bool:
    return whole in changed.split(b" ")


@given(st.text(), st.text(), st.text(), st.binary(max_size=100))
def test_nothing_but_a_refusal_comes_of_any_headers(message_id: str, time: str, signature: str, body: bytes) -> None:
    headers = {"webhook-id": message_id, "webhook-timestamp": time, "webhook-signature": signature}
    refused(headers, body=body)
    refused(signed(**{"webhook-signature": signature}))
