"""A POST with an Idempotency-Key: done once, answered alike, and never mixed up with another."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from api_harness import Caller

from ticketflow.api import idempotency
from ticketflow.runtime import Runtime
from ticketflow.testing import FrozenClock

KEY = {"Idempotency-Key": "6f1c2b1e"}
TICKET = {"subject": "Lid", "body": "The lid broke."}
Make = Callable[..., Caller]


def opened(caller: Caller, body: dict[str, Any] = TICKET, headers: dict[str, str] = KEY) -> Any:
    return caller("POST", "/v1/tickets", json=body, headers=headers)


def count(caller: Caller) -> int:
    return len(caller.get("/v1/tickets").json()["items"])


def test_the_same_request_is_done_once_and_answered_alike(acme: Caller) -> None:
    first, again = opened(acme), opened(acme)
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert first.content == again.content
    assert idempotency.REPLAYED not in first.headers
    assert again.headers[idempotency.REPLAYED] == "true"
    assert count(acme) == 1
    assert opened(acme, headers={"Idempotency-Key": "another"}).json()["ticket"]["id"] != first.json()["ticket"]["id"]


def test_another_request_under_the_same_key_is_refused(acme: Caller) -> None:
    opened(acme)
    other = opened(acme, {**TICKET, "subject": "Handle"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert count(acme) == 1


def test_a_refusal_keeps_no_key(acme: Caller) -> None:
    refused = opened(acme, {"subject": "no body"})
    assert refused.status_code == 422
    assert opened(acme).status_code == 202
    gone = acme(
        "POST", "/v1/tickets/unknown/messages", json={"author": "user", "body": "-"}, headers={"Idempotency-Key": "x"}
    )
    assert gone.status_code == 404
    again = acme(
        "POST", "/v1/tickets/unknown/messages", json={"author": "user", "body": "-"}, headers={"Idempotency-Key": "x"}
    )
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


def test_keys_are_a_callers_own(caller: Make) -> None:
    one, two = caller(), caller()
    assert opened(one).json()["ticket"]["id"] != opened(two).json()["ticket"]["id"]


@pytest.mark.parametrize("key", ["", "x" * 191, "grüße"])
def test_a_key_that_is_none_is_refused(acme: Caller, key: str) -> None:
    refused = opened(acme, headers={"Idempotency-Key": key.encode("latin-1")})  # type: ignore[dict-item]
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
    assert count(acme) == 0


def test_while_the_first_runs_and_after_it_died_nothing_is_done(
    acme: Caller, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise RuntimeError("the process is killed")

    monkeypatch.setattr(idempotency.idempotency, "finish", die)
    assert opened(acme).status_code == 500
    running = opened(acme)
    assert (running.status_code, running.json()["code"], running.json()["retryable"]) == (
        409,
        "idempotency_still_running",
        True,
    )
    clock.advance(61)
    cut = opened(acme)
    assert (cut.status_code, cut.json()["code"], cut.json()["retryable"]) == (409, "idempotency_cut_short", False)
    assert count(acme) == 1


def test_many_at_once_do_it_once(acme: Caller) -> None:
    answers: list[Any] = []
    threads = [Thread(target=lambda: answers.append(opened(acme))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [answer for answer in answers if answer.status_code == 202]
    assert len({answer.json()["ticket"]["id"] for answer in done}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code != 202} <= {"idempotency_still_running"}
    assert count(acme) == 1


@pytest.mark.parametrize(
    ("path", "body", "secret"),
    [
        ("/v1/keys", {"name": "desk", "scopes": ["tickets:read"]}, "key"),
        ("/v1/webhooks/endpoints", {"url": "https://hooks.example.org/x"}, "secret"),
        ("/v1/sources", {"slug": "shop", "name": "Shop", "mapping": {"body": "text"}}, "secret"),
    ],
)
def test_what_is_shown_once_is_kept_for_no_repetition(
    acme: Caller, runtime: Runtime, path: str, body: dict[str, Any], secret: str
) -> None:
    made = acme("POST", path, json=body, headers=KEY)
    assert made.status_code == 201, made.text
    again = acme("POST", path, json=body, headers=KEY)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_shown_once")
    files = [file for file in runtime.config.home.iterdir() if file.is_file()]
    assert not any(made.json()[secret].encode() in file.read_bytes() for file in files)
