"""Certificates over the wire: listed, read, tried for, and put into words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from automation_harness import Company, live_of, served, taught

from ticketflow.runtime import Runtime


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    opened = taught(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def runtime(company: Company) -> Runtime:
    return served(company)


def test_the_live_certificate_is_listed_and_says_what_it_covers(company: Company, acme: Any) -> None:
    live = live_of(company)
    (listed,) = acme.get("/v1/certificates").json()["items"]
    assert (listed["id"], listed["live"], listed["standing"]) == (live.id, True, "certified")
    assert (listed["max_wrong"], listed["certainty"], listed["ended_at"]) == (0.1, 0.8, None)
    assert acme.get(f"/v1/certificates/{live.id}").json() == listed
    told = listed["statement"]
    for number in ("80 % certainty", "at most 10 %", f"{live.threshold:.3f}", f"{live.labels:,} graded", live.version):
        assert number in told
    assert "except 'legal', 'minors', 'refund', 'security'" in told
    assert "resolved tickets that learning had not seen" in told
    assert "does not speak of tickets of a new kind" in told


def test_a_look_gives_a_verdict_for_each_segment_and_costs_certainty(company: Company, acme: Any) -> None:
    first = live_of(company)
    acme.patch("/v1/settings", {"category_max_wrong": {"billing": 0.3}})
    made = acme.post("/v1/certificates", {})
    assert made.status_code == 201
    everywhere, billing = made.json()["items"]
    assert (everywhere["segment"], everywhere["look"], billing["segment"], billing["look"]) == ("", 2, "billing", 1)
    assert everywhere["spent"] < first.spent
    assert billing["max_wrong"] == 0.3
    assert "category 'billing'" in billing["statement"]
    listed = acme.get("/v1/certificates").json()["items"]
    assert [one["id"] for one in listed] == [billing["id"], everywhere["id"], first.id]


def test_a_fresh_certificate_ends_the_one_before(company: Company, acme: Any) -> None:
    first = live_of(company)
    acme.patch("/v1/settings", {"max_wrong": 0.3})
    (fresh,) = acme.post("/v1/certificates", {"segment": ""}).json()["items"]
    assert fresh["threshold"] is not None
    assert fresh["live"] is True
    ended = acme.get(f"/v1/certificates/{first.id}").json()
    assert (ended["live"], ended["ended_because"]) == (False, "A fresh certificate took its place.")
    assert ended["ended_at"] is not None
    assert ended["statement"].endswith("It has ended: A fresh certificate took its place.")
    assert live_of(company).id == fresh["id"]


def test_a_refusal_is_a_verdict_that_says_what_is_missing(company: Company, acme: Any) -> None:
    acme.patch("/v1/settings", {"max_wrong": 0.001, "certainty": 0.99})
    made = acme.post("/v1/certificates", {})
    assert made.status_code == 201
    (refused,) = made.json()["items"]
    assert (refused["threshold"], refused["live"], refused["standing"]) == (None, False, "more_labels")
    assert refused["needed"] > 1_000
    assert refused["reason"] in refused["statement"]
    assert "Nothing is proven" in refused["statement"]
    assert "at most 0.1 %" in refused["statement"]
    assert live_of(company).id != refused["id"], "what was proven before stays as it is"


def test_a_segment_that_is_none_is_refused_before_a_look_is_spent(acme: Any) -> None:
    refused = acme.post("/v1/certificates", {"segment": "billing"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/segment"
    assert "category_max_wrong" in refused.json()["remedy"]
    assert len(acme.get("/v1/certificates").json()["items"]) == 1


def test_before_anything_was_learned_there_is_nothing_to_prove(caller: Any) -> None:
    newcomer = caller("newcomer")
    refused = newcomer.post("/v1/certificates", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "Nothing has been learned yet" in refused.json()["detail"]
    assert newcomer.get("/v1/certificates").json() == {"items": [], "next_cursor": None}


def test_certificates_are_paged_newest_first(acme: Any) -> None:
    for _ in range(2):
        acme.post("/v1/certificates", {})
    every = [one["id"] for one in acme.get("/v1/certificates").json()["items"]]
    assert every == sorted(every, reverse=True)
    seen: list[str] = []
    cursor = ""
    while True:
        page = acme.get(f"/v1/certificates?limit=2{cursor}").json()
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == every


def test_another_workspaces_certificate_does_not_exist(company: Company, caller: Any) -> None:
    refused = caller("mine").get(f"/v1/certificates/{live_of(company).id}")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
