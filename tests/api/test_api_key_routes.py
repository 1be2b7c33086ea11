"""Keys over the API: nobody grants more than they hold, and one key takes another's place without a gap."""

from collections.abc import Callable
from typing import Any

import pytest
from access_harness import entries, person, signed_in
from fastapi import FastAPI

from ticketflow.api.scopes import Scope
from ticketflow.clock import DAY, HOUR, MINUTE, from_iso, to_iso
from ticketflow.domain import Role
from ticketflow.runtime import Runtime
from ticketflow.store import keys as stored
from ticketflow.testing import FrozenClock

READ = ["tickets:read", "articles:read"]


def made(someone: Any, **more: Any) -> Any:
    answer = someone.post("/v1/keys", {"name": "help desk", "scopes": READ, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def opens(someone: Any, key: str) -> bool:
    answer = someone.get("/v1/articles", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code in (200, 401)
    return bool(answer.status_code == 200)


def test_a_key_is_shown_once(acme: Any, runtime: Runtime) -> None:
    answer = acme.post("/v1/keys", {"name": "help desk", "scopes": READ})
    new = answer.json()
    assert answer.headers["location"] == f"/v1/keys/{new['id']}"
    assert opens(acme, new["key"])
    secret = new["key"].split("_")[3]
    for shown in (acme.get("/v1/keys"), acme.get(f"/v1/keys/{new['id']}"), acme.get("/v1/audit-log")):
        assert new["id"] in shown.text
        assert secret not in shown.text
    read = acme.get(f"/v1/keys/{new['id']}").json()
    assert (read["state"], read["last_four"], read["scopes"]) == ("live", secret[-4:], sorted(READ))
    (entry, *_) = entries(runtime, acme.workspace.id, "api_key.created")
    assert (entry.object, entry.actor) == (new["id"], f"key:{acme.key.split('_')[2]}")
    assert secret.encode() not in (runtime.config.home / "ticketflow.db").read_bytes()


def test_nobody_grants_more_than_they_hold(
    app: FastAPI, runtime: Runtime, caller: Callable[..., Any], acme: Any
) -> None:
    narrow = caller(scopes=["keys:write", "tickets:read"])
    refused = narrow.post("/v1/keys", {"name": "more", "scopes": ["tickets:read", "settings:write"]})
    assert refused.status_code == 403
    assert "settings:write" in refused.json()["detail"]
    assert narrow.post("/v1/keys", {"name": "less", "scopes": ["tickets:read"]}).status_code == 201
    wide = made(acme, scopes=[scope.value for scope in Scope])
    assert narrow.post(f"/v1/keys/{wide['id']}/rotate", {}).status_code == 403  # it would be shown that key's power
    admin = signed_in(app, runtime, person(runtime, Role.ADMIN))
    everything = {"name": "all", "scopes": [scope.value for scope in Scope]}
    assert admin("POST", "/v1/keys", json=everything).status_code == 403
    owner = signed_in(app, runtime, person(runtime, Role.OWNER))
    assert owner("POST", "/v1/keys", json=everything).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["tickets:delete"]},
        {"name": " ", "scopes": READ},
        {"name": "x", "scopes": READ, "expires_at": "2020-01-01T00:00:00Z"},
    ],
)
def test_a_key_that_makes_no_sense_is_refused(acme: Any, body: dict[str, Any]) -> None:
    assert acme.post("/v1/keys", body).status_code == 422


def test_both_keys_open_until_the_old_ones_end(acme: Any, clock: FrozenClock) -> None:
    old = made(acme)
    new = acme.post(f"/v1/keys/{old['id']}/rotate", {"overlap_seconds": 3600}).json()
    assert (new["replaces"], new["scopes"], new["name"]) == (old["id"], old["scopes"], old["name"])
    assert opens(acme, old["key"])
    assert opens(acme, new["key"])
    clock.advance(3599)
    assert opens(acme, old["key"])
    clock.advance(2)
    assert not opens(acme, old["key"])
    assert opens(acme, new["key"])
    assert acme.get(f"/v1/keys/{old['id']}").json()["state"] == "expired"


def test_at_most_two_keys_of_a_line_are_live(acme: Any, clock: FrozenClock) -> None:
    first = made(acme)
    second = acme.post(f"/v1/keys/{first['id']}/rotate", {"overlap_seconds": 3600}).json()
    for wrong in (first, second):
        refused = acme.post(f"/v1/keys/{wrong['id']}/rotate", {})
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    acme.post(f"/v1/keys/{first['id']}/revoke", None)
    third = acme.post(f"/v1/keys/{second['id']}/rotate", {"overlap_seconds": 0})
    assert third.status_code == 201
    assert not opens(acme, second["key"])
    assert acme.post(f"/v1/keys/{second['id']}/rotate", {}).status_code == 409  # it is over


def test_a_new_key_lasts_as_long_as_the_old_one_was_made_to(acme: Any, clock: FrozenClock) -> None:
    old = made(acme, expires_at=to_iso(clock.now() + 90 * DAY))
    clock.advance(89 * 24 * 3600)
    new = acme.post(f"/v1/keys/{old['id']}/rotate", {"overlap_seconds": 30 * 24 * 3600}).json()
    assert from_iso(new["expires_at"]) == clock.now() + 90 * DAY
    still = acme.get(f"/v1/keys/{old['id']}").json()["expires_at"]
    assert still == old["expires_at"]  # no overlap lets a key live longer
    named = acme.post(f"/v1/keys/{new['id']}/rotate", {"expires_at": to_iso(clock.now() + HOUR)})
    assert named.status_code == 409
    acme.post(f"/v1/keys/{old['id']}/revoke", None)
    named = acme.post(f"/v1/keys/{new['id']}/rotate", {"expires_at": to_iso(clock.now() + HOUR)}).json()
    assert from_iso(named["expires_at"]) == clock.now() + HOUR


def test_a_revoked_key_opens_nothing(acme: Any, runtime: Runtime) -> None:
    new = made(acme)
    assert acme.post(f"/v1/keys/{new['id']}/revoke", None).json()["state"] == "revoked"
    assert acme.post(f"/v1/keys/{new['id']}/revoke", None).status_code == 200
    assert not opens(acme, new["key"])
    assert len(entries(runtime, acme.workspace.id, "api_key.revoked")) == 1
    assert acme.post("/v1/keys/unknown/revoke", None).status_code == 404


def test_the_minute_of_the_last_use_is_kept_without_a_write_for_each_request(
    app: FastAPI, acme: Any, runtime: Runtime, clock: FrozenClock
) -> None:
    new, uses = made(acme), app.state.admission.uses
    clock.advance(10)

    def used_at() -> int | None:
        with runtime.database.read() as session:
            return stored.get(session, acme.workspace.id, new["id"]).used_at

    began = clock.now()
    opens(acme, new["key"])
    assert used_at() is None  # no request waited for it
    uses.write()
    assert used_at() == began - began % MINUTE
    writes: list[dict[str, int]] = []
    original = stored.used
    try:
        stored.used = lambda session, minutes: writes.append(minutes)  # type: ignore[assignment]
        for _ in range(50):
            opens(acme, new["key"])
        uses.write()
        assert writes == []
        clock.advance(60)
        for _ in range(50):
            opens(acme, new["key"])
        uses.write()
        assert writes == [{new["id"]: clock.now() - clock.now() % MINUTE}]
    finally:
        stored.used = original


def test_notes_of_uses_are_written_when_the_server_ends(app: FastAPI, acme: Any, client: Any, runtime: Runtime) -> None:
    new = made(acme)
    opens(acme, new["key"])
    app.state.admission.uses.stop()
    with runtime.database.read() as session:
        assert stored.get(session, acme.workspace.id, new["id"]).used_at is not None
