"""Erasures and exports over the API: who may, what is counted, what comes back."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from api_harness import Caller

from ticketflow.api.scopes import Scope
from ticketflow.runtime import Runtime

ANA = {"subject": "Parcel", "body": "Where is it?", "requester_email": "ana@example.org"}


def work(runtime: Runtime) -> None:
    while runtime.runner.run_one():
        pass


def test_an_erasure_is_counted_first_and_then_leaves_nothing_to_read(acme: Caller, runtime: Runtime) -> None:
    ticket_id = acme.post("/v1/tickets", ANA).json()["ticket"]["id"]
    kept = acme.post("/v1/tickets", {**ANA, "requester_email": "bo@example.org"}).json()["ticket"]["id"]
    work(runtime)
    wanted = {"requester_email": "ANA@example.org"}
    counted = acme.post("/v1/erasures", {**wanted, "dry_run": True})
    assert counted.status_code == 202
    assert (counted.json()["run_id"], counted.json()["counts"]["tickets"]) == (None, 1)
    assert acme.get(f"/v1/tickets/{ticket_id}").status_code == 200
    begun = acme.post("/v1/erasures", wanted)
    assert begun.headers["location"] == f"/v1/runs/{begun.json()['run_id']}"
    work(runtime)
    assert acme.get(begun.headers["location"]).json()["state"] == "succeeded"
    assert acme.get(f"/v1/tickets/{ticket_id}").status_code == 404
    assert acme.get(f"/v1/tickets/{kept}").status_code == 200
    assert "ana@example.org" not in acme.get("/v1/events").text.lower()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"ticket_id": "nowhere"}, 404),
        ({"requester_email": "nobody@example.org"}, 202),
        ({"dry_run": True}, 422),
    ],
)
def test_what_an_erasure_must_name(acme: Caller, body: dict[str, Any], status: int) -> None:
    assert acme.post("/v1/erasures", body).status_code == status


def test_an_export_is_made_in_the_background_and_downloaded(acme: Caller, runtime: Runtime) -> None:
    acme.post("/v1/tickets", ANA)
    work(runtime)
    begun = acme.post("/v1/exports", None)
    place = begun.headers["location"]
    assert (begun.status_code, begun.json()["state"], begun.json()["size"]) == (202, "live", None)
    assert acme.get(f"{place}/content").status_code == 404
    work(runtime)
    made = acme.get(place).json()
    assert (made["state"], made["counts"]["tickets"]) == ("succeeded", 1)
    content = acme.get(f"{place}/content")
    assert content.headers["content-type"] == "application/zip"
    assert len(content.content) == made["size"]
    with zipfile.ZipFile(io.BytesIO(content.content)) as archive:
        (line,) = archive.read("tickets.jsonl").splitlines()
    assert json.loads(line)["requester_email"] == "ana@example.org"
    acme.post("/v1/erasures", {"requester_email": "ana@example.org"})
    work(runtime)
    assert acme.get(f"{place}/content").status_code == 404, "a copy of what is erased"


def test_both_need_scopes_of_their_own(caller: Callable[..., Caller]) -> None:
    someone = caller(scopes=["tickets:write", "tickets:read"])
    assert someone.post("/v1/erasures", {"ticket_id": "x"}).status_code == 403
    assert someone.post("/v1/exports", None).status_code == 403


def test_an_export_is_its_workspace_s_alone(acme: Caller, caller: Callable[..., Caller], runtime: Runtime) -> None:
    place = acme.post("/v1/exports", None).headers["location"]
    work(runtime)
    assert acme.get(f"{place}/content").status_code == 200
    rival = caller("rival")
    assert [rival.get(place).status_code, rival.get(f"{place}/content").status_code] == [404, 404]
    every_other = caller(scopes=[scope.value for scope in Scope if scope is not Scope.DATA_EXPORT])
    assert every_other.get(f"{place}/content").status_code == 403
