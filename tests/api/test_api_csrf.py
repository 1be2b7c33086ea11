"""No other site acts through a browser that is signed in here; programs with a key are not bothered."""

import hmac
from collections.abc import Callable
from typing import Any

import pytest
from access_harness import ORIGIN, Browser, browser, person, signed_in, token
from fastapi import FastAPI

from ticketflow.api import cookies
from ticketflow.api.app import create_app
from ticketflow.api.keys import checksum
from ticketflow.domain import Role
from ticketflow.runtime import Runtime, build
from ticketflow.testing import FrozenClock, HashEncoder

ARTICLE = {"title": "a title", "body": "a body"}


@pytest.fixture
def nadia(app: FastAPI, runtime: Runtime) -> Browser:
    return signed_in(app, runtime, person(runtime, Role.AGENT))


def wrote(window: Browser) -> int:
    return len(window("GET", "/v1/articles").json()["items"])


def bare(window: Browser, headers: dict[str, str]) -> Any:
    """A request with the cookie and these headers alone."""
    return window.client.post("/v1/articles", json=ARTICLE, headers=headers)


def test_our_own_pages_may_write(nadia: Browser) -> None:
    assert nadia("POST", "/v1/articles", json=ARTICLE).status_code == 201
    assert bare(nadia, {"Origin": ORIGIN, "X-CSRF-Token": nadia.csrf}).status_code == 201
    assert bare(nadia, {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": nadia.csrf}).status_code == 201
    assert wrote(nadia) == 3


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://testserver:8080"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: " ".join(headers.values()) or "neither")
def test_no_page_from_elsewhere_writes_even_with_the_token(nadia: Browser, headers: dict[str, str]) -> None:
    refused = bare(nadia, {**headers, "X-CSRF-Token": nadia.csrf})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert wrote(nadia) == 0


SPOILT: list[Callable[[str], str]] = [
    lambda _: "",
    lambda right: right[:-1],
    lambda right: right + "0",
    lambda right: right.upper(),
    lambda right: ("0" if right[0] != "0" else "1") + right[1:],
    lambda _: "0" * 64,
]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_token_that_is_missing_or_wrong_writes_nothing(nadia: Browser, spoil: Callable[[str], str]) -> None:
    refused = nadia("POST", "/v1/articles", json=ARTICLE, headers={"X-CSRF-Token": spoil(nadia.csrf)})
    assert refused.status_code == 403
    assert "X-CSRF-Token" in refused.json()["detail"]
    assert nadia.csrf not in refused.text
    assert wrote(nadia) == 0


def test_a_token_of_another_session_writes_nothing(app: FastAPI, runtime: Runtime, nadia: Browser) -> None:
    other = signed_in(app, runtime, person(runtime, Role.OWNER))
    refused = nadia("POST", "/v1/articles", json=ARTICLE, headers={"X-CSRF-Token": other.csrf})
    assert refused.status_code == 403
    same_person = signed_in(app, runtime, person(runtime, Role.AGENT, "second@example.com"))
    assert len({nadia.csrf, other.csrf, same_person.csrf}) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_method_that_changes_something_is_guarded(nadia: Browser, method: str) -> None:
    paths = {
        "POST": "/v1/articles",
        "PUT": "/v1/articles/x",
        "PATCH": "/v1/answers/x",
        "DELETE": "/v1/sessions/current",
    }
    refused = nadia.client.request(method, paths[method], json=None if method == "DELETE" else {})
    assert refused.status_code == 403


def test_secrets_are_compared_in_a_time_that_tells_nothing(
    acme: Any, nadia: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[Any, Any]] = []
    right = hmac.compare_digest

    def noting(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return right(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    nadia("POST", "/v1/articles", json=ARTICLE, headers={"X-CSRF-Token": "wrong"})
    assert (b"wrong", nadia.csrf.encode()) in compared
    compared.clear()
    acme.get("/v1/articles")
    (digests,) = [pair for pair in compared if len(pair[0]) == 64]
    assert digests[0] == digests[1]
    key_id, secret, compared[:] = acme.key.split("_")[2], "A" * 43, []
    body = f"tf_live_{key_id}_{secret}"
    assert acme.get("/v1/me", headers={"Authorization": f"Bearer {body}_{checksum(body)}"}).status_code == 401
    unknown = f"tf_live_{'a' * 16}_{secret}"
    assert acme.get("/v1/me", headers={"Authorization": f"Bearer {unknown}_{checksum(unknown)}"}).status_code == 401
    assert sum(len(pair[0]) == 64 for pair in compared) == 2  # for a key that there is not as for one that there is


def test_reading_needs_no_token(nadia: Browser) -> None:
    assert nadia.client.get("/v1/articles", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_key_needs_neither_origin_nor_token(acme: Any, nadia: Browser) -> None:
    assert acme.post("/v1/articles", ARTICLE).status_code == 201
    assert acme("POST", "/v1/articles", json=ARTICLE, headers={"Origin": "https://evil.example"}).status_code == 201
    both = nadia.client.post("/v1/articles", json=ARTICLE, headers={"Authorization": f"Bearer {acme.key}"})
    assert both.status_code == 201  # the key counts, and no browser adds one by itself


def test_a_wrong_key_is_not_made_good_by_a_cookie(nadia: Browser) -> None:
    assert nadia("GET", "/v1/me", headers={"Authorization": "Bearer tf_live_wrong"}).status_code == 401


@pytest.mark.parametrize("headers", [one for one in FOREIGN if one])
def test_nobody_is_signed_in_by_another_site(app: FastAPI, runtime: Runtime, headers: dict[str, str]) -> None:
    link = token(runtime, person(runtime, Role.AGENT))
    fresh = browser(app)
    refused = fresh.client.post("/v1/sessions", json={"token": link}, headers=headers)
    assert refused.status_code == 403
    assert fresh.client.post("/v1/sessions", json={"token": link}).status_code == 201  # the token is not spent by it


def test_behind_a_public_address_that_one_alone_counts_and_those_allowed(runtime: Runtime, clock: FrozenClock) -> None:
    changes = {"public_url": "http://support.example.com", "allowed_origins": ("https://desk.example.com",)}
    app = create_app(build(runtime.config.model_copy(update=changes), clock=clock, encoder=HashEncoder()))
    window = browser(app)
    answer = window.client.post("/v1/sessions", json={"token": token(runtime, person(runtime, Role.AGENT))})
    window.csrf = answer.json()["csrf_token"]
    assert window.client.cookies.get(cookies.NAME)

    def status(**headers: str) -> int:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return int(bare(window, {**sent, "X-CSRF-Token": window.csrf}).status_code)

    assert status(Origin="http://support.example.com") == 201
    assert status(Origin="https://desk.example.com", Sec_Fetch_Site="same-site") == 201
    assert status(Origin=ORIGIN) == 403
    assert status(Origin="https://support.example.com") == 403
