"""Rates, origins, and what one workspace may hold: told in headers, refused with a time to go on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_harness import SECRET
from starlette.testclient import TestClient

from ticketflow import runtime as wiring
from ticketflow.api import keys
from ticketflow.api.app import create_app
from ticketflow.api.turns import Turns
from ticketflow.config import Config
from ticketflow.db import migrations
from ticketflow.errors import NotReady
from ticketflow.testing import HashEncoder

PAGE = "https://desk.example.com"


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """A server with small limits and one allowed origin, and a key's header."""
    config = Config(
        home=tmp_path,
        secret_key=SECRET,
        workers=0,
        rate_per_key="3/hour",
        rate_per_workspace="none",
        allowed_origins=(PAGE,),
    )
    built = wiring.build(config, encoder=HashEncoder())
    migrations.upgrade(built.database)
    workspace = built.workspace()
    with built.database.write() as session:
        _, text = keys.create(session, workspace.id, built.secret, "a", ["tickets:read"], actor="test")
    with TestClient(create_app(built)) as client:
        yield client, {"Authorization": f"Bearer {text}"}
    built.close()


def test_a_caller_is_told_what_is_left_and_refused_beyond(strict: tuple[TestClient, dict[str, str]]) -> None:
    client, key = strict
    left = [client.get("/v1/tickets", headers=key).headers["RateLimit"].split(";")[1] for _ in range(3)]
    assert left == ["r=2", "r=1", "r=0"]
    refused = client.get("/v1/tickets", headers=key)
    assert (refused.status_code, refused.json()["code"], refused.json()["retryable"]) == (429, "rate_limited", True)
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["RateLimit-Policy"] == '"key";q=3;w=3600'
    assert refused.headers["content-type"] == "application/problem+json"


def test_an_error_tells_what_is_left_too(strict: tuple[TestClient, dict[str, str]]) -> None:
    client, key = strict
    missing = client.get("/v1/tickets/unknown", headers=key)
    assert (missing.status_code, missing.headers["RateLimit"].split(";")[1]) == (404, "r=2")


def test_only_allowed_origins_may_read(strict: tuple[TestClient, dict[str, str]]) -> None:
    client, key = strict
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}
    allowed = client.options("/v1/tickets", headers={"Origin": PAGE, **asked})
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, PAGE)
    assert "Idempotency-Key" in allowed.headers["access-control-allow-headers"]
    got = client.get("/v1/tickets", headers={"Origin": PAGE, **key})
    assert got.headers["access-control-allow-origin"] == PAGE
    assert "RateLimit" in got.headers["access-control-expose-headers"]
    for other in ("https://evil.example", "null", f"{PAGE}.evil.example", "http://desk.example.com"):
        refused = client.options("/v1/tickets", headers={"Origin": other, **asked})
        assert "access-control-allow-origin" not in refused.headers, other
        assert "access-control-allow-origin" not in client.get("/healthz", headers={"Origin": other}).headers


def test_one_workspace_cannot_hold_every_place() -> None:
    async def scene() -> None:
        turns = Turns(places=5, patience_seconds=0.05)
        held = [turns.taken_for("noisy") for _ in range(3)]
        for one in held:
            await one.__aenter__()
        with pytest.raises(NotReady):
            async with turns.taken_for("noisy"):
                pass
        async with turns.taken_for("quiet"):
            pass
        for one in held:
            await one.__aexit__(None, None, None)
        async with turns.taken_for("noisy"):
            pass

    asyncio.run(scene())
