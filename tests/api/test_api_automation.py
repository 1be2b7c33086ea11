"""How automation stands, the kill switch, and settings that a proof rests on, over the wire."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from automation_harness import CLEAR, Company, changes_of, live_of, served, taught, types_of

from ticketflow.agent import watch
from ticketflow.domain import Stage
from ticketflow.runtime import Runtime
from ticketflow.store import watches
from ticketflow.workflow import history


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    opened = taught(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def runtime(company: Company) -> Runtime:
    return served(company)


def rest(stands: dict[str, Any]) -> dict[str, Any]:
    """The segment of every category without a share of its own."""
    return stands["segments"][0]


def looks(company: Company) -> int:
    """How many looks at the proofs were queued."""
    with company.database.read() as session:
        return len(history.of_workspace(session, company.id, workflow=watch.WATCH))


def test_certified_automation_is_shown_with_its_proof(company: Company, acme: Any) -> None:
    stands = acme.get("/v1/automation").json()
    live = live_of(company)
    assert (stands["automation"], stands["level"], stands["version"]) == (True, "auto", live.version)
    assert "at most 10 % wrong with 80 % certainty" in stands["sentence"]
    segment = rest(stands)
    assert (segment["segment"], segment["level"], segment["stage"], segment["objections"]) == ("", "auto", "green", [])
    assert segment["threshold"] >= live.threshold
    assert segment["refusal"] is None
    proof = segment["certificate"]
    assert (proof["id"], proof["threshold"], proof["labels"]) == (live.id, live.threshold, live.labels)
    assert (proof["max_wrong"], proof["certainty"]) == (0.1, 0.8)
    assert (segment["watch"]["suspicion"], segment["watch"]["audits"], segment["watch"]["reasons"]) == (0.0, 0, [])
    assert {one["category"] for one in stands["categories"] if one["sensitive"]} == {
        "refund",
        "legal",
        "security",
        "minors",
    }
    assert stands["audits"] == {"open": 0, "second": 0, "graded": 0, "overdue": 0, "wrong": 0}


def test_a_workspace_that_has_learned_nothing_says_so(caller: Any) -> None:
    stands = caller("newcomer").get("/v1/automation").json()
    assert stands["version"] == "untaught"
    assert rest(stands)["threshold"] is None
    assert rest(stands)["certificate"] is None
    assert "Nothing has been learned yet" in stands["sentence"]
    assert "Nothing has been learned yet" in rest(stands)["objections"][0]


def test_a_category_with_a_share_of_its_own_is_a_segment_with_its_own_objections(company: Company, acme: Any) -> None:
    acme.patch("/v1/settings", {"category_max_wrong": {"billing": 0.2, "refund": 0.01}, "levels": {"care": "assist"}})
    stands = acme.get("/v1/automation").json()
    assert [one["segment"] for one in stands["segments"]] == ["", "billing", "refund"]
    billing = stands["segments"][1]
    assert (billing["max_wrong"], billing["threshold"], billing["certificate"]) == (0.2, None, None)
    assert "Nothing is certified yet" in billing["objections"][0]
    named = {one["category"]: one for one in stands["categories"]}
    assert (named["care"]["level"], named["care"]["segment"]) == ("assist", "")
    assert (named["refund"]["sensitive"], named["refund"]["segment"]) == (False, "refund")
    assert named["legal"]["sensitive"] is True
    assert "changed which categories" in rest(stands)["objections"][0]


def test_the_watch_shows_its_suspicion_and_what_red_means(company: Company, acme: Any) -> None:
    with company.database.write() as session:
        watch.observe(session, company.id, "", wrong=True)
    seen = rest(acme.get("/v1/automation").json())
    assert 0 < seen["watch"]["suspicion"] < 1
    assert seen["watch"]["audits"] == 1
    with company.database.write() as session:
        now = watches.get(session, company.id, "")
        watch.lower(session, company.id, "", now, Stage.RED, "Too many replies were wrong.")
    seen = rest(acme.get("/v1/automation").json())
    assert (seen["stage"], seen["threshold"], seen["certificate"]) == ("red", None, None)
    assert seen["watch"]["reasons"] == ["Too many replies were wrong."]
    assert "withdrawn until a fresh certificate" in seen["objections"][0]


def test_stopping_is_seen_at_once_announced_and_audited_once(company: Company, acme: Any) -> None:
    stopped = acme.post("/v1/automation/stop", {"reason": "The prices change."})
    assert stopped.status_code == 200
    assert stopped.json()["automation"] is False
    assert "Automation is switched off." in rest(stopped.json())["objections"]
    assert acme.get("/v1/settings").json()["automation"] is False
    assert acme.post("/v1/automation/stop", {}).status_code == 200
    told = ("settings.changed", {"names": ["automation"], "reason": "The prices change."})
    assert types_of(acme).count(told) == 1
    assert types_of(acme)[-1] == told
    (entry,) = changes_of(company)
    assert entry.actor == f"key:{acme.key.split('_')[2]}"
    assert entry.detail == {
        "before": {"automation": True},
        "after": {"automation": False},
        "reason": "The prices change.",
    }
    assert acme.post("/v1/automation/resume", {}).json()["automation"] is True
    assert rest(acme.get("/v1/automation").json())["objections"] == []
    assert [one.detail["after"]["automation"] for one in changes_of(company)] == [True, False]


def test_another_process_sends_nothing_once_automation_is_stopped(company: Company, acme: Any, tmp_path: Path) -> None:
    other = Company(tmp_path)  # another installation on the same file: its own connections, its own memory
    assert other.handle(CLEAR).status == "resolved"
    late, _ = other.open(CLEAR)
    acme.post("/v1/automation/stop", {})
    while other.runtime.runner.run_one():  # no time passes: what the other holds in memory is as old as before
        pass
    assert other.ticket(late.id).status == "escalated"
    assert other.replies(late.id) == []
    assert "Automation was switched off." in other.notes(late.id)[0]
    other.clock.advance(1)
    assert "Automation is switched off." in other.decision(other.handle(CLEAR).id).decision.reasons
    acme.post("/v1/automation/resume", {})
    assert other.handle(CLEAR).status == "resolved"
    other.close()


def test_a_stop_that_makes_no_sense_changes_nothing(acme: Any) -> None:
    for body in ({"reason": 7}, {"reason": "x" * 2_001}, {"why": "x"}, [], {"reason": "\u0000"}):
        assert acme.post("/v1/automation/stop", body).status_code == 422, body
    assert acme.get("/v1/settings").json()["automation"] is True


ALL = {
    "level": "assist",
    "levels": {"care": "shadow"},
    "max_wrong": 0.02,
    "certainty": 0.99,
    "category_max_wrong": {"billing": 0.01},
    "sensitive": ["billing"],
    "max_replies_per_day": 100,
    "max_replies_per_ticket": 1,
    "audit_share": 1.0,
    "audit_days": 30,
}


def test_every_setting_of_automation_is_changed_and_audited_with_what_it_was(company: Company, acme: Any) -> None:
    before = acme.get("/v1/settings").json()
    assert acme.patch("/v1/settings", ALL).json() == {**before, **ALL}
    (entry,) = changes_of(company)
    assert entry.detail == {"before": {name: before[name] for name in ALL}, "after": ALL}
    assert acme.patch("/v1/settings", {"max_replies_per_day": None}).json()["max_replies_per_day"] is None
    assert types_of(acme)[-2][1]["names"] == sorted(ALL)


def test_what_a_proof_rests_on_is_looked_at_when_it_changes(company: Company, acme: Any) -> None:
    for name in ("level", "levels", "max_wrong", "certainty", "category_max_wrong", "sensitive"):
        before = looks(company)
        acme.patch("/v1/settings", {name: ALL[name]})
        assert looks(company) == before + 1, name
        acme.patch("/v1/settings", {name: ALL[name]})
        assert looks(company) == before + 1, f"{name} is so already: that is no change"


def test_what_no_proof_rests_on_queues_no_look(company: Company, acme: Any) -> None:
    before = looks(company)
    acme.patch("/v1/settings", {"audit_share": 0.5, "audit_days": 3, "default_team": "x", "automation": False})
    assert looks(company) == before


def test_asking_for_fewer_wrong_replies_ends_automatic_ones_until_they_are_proven(company: Company, acme: Any) -> None:
    acme.patch("/v1/settings", {"max_wrong": 0.001})
    asked = rest(acme.get("/v1/automation").json())
    assert asked["threshold"] is None
    assert "`ticketflow certify` tries for one" in asked["objections"][0]
    company.work()
    looked = rest(acme.get("/v1/automation").json())
    assert looked["threshold"] is None
    assert "more graded tickets" in looked["refusal"]


NO_SETTINGS: list[dict[str, Any]] = [
    {"level": "full"},
    {"levels": {"care": "full"}},
    {"levels": {" ": "auto"}},
    {"max_wrong": 0.9},
    {"certainty": 0.4},
    {"certainty": 1.0},
    {"category_max_wrong": {"care": 0.6}},
    {"category_max_wrong": {"": 0.1}},
    {"sensitive": [""]},
    {"sensitive": "refund"},
    {"max_replies_per_day": -1},
    {"max_replies_per_ticket": 1.5},
    {"audit_share": 1.1},
    {"audit_days": 0},
    {"audit_days": 366},
    {"audit_days": None},
]


def test_settings_of_automation_that_make_no_sense_are_refused(acme: Any) -> None:
    for body in NO_SETTINGS:
        refused = acme.patch("/v1/settings", {"default_team": "other", **body})
        assert refused.status_code == 422, body
        assert f"/{next(iter(body))}" in refused.json()["errors"][0]["pointer"], body
    assert acme.get("/v1/settings").json()["default_team"] == "support"
