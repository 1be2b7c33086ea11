"""`ticketflow automation`, `certify` and `audit`: what an operator and a grader do on the command line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from e2e_harness import Command

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))  # the agent's harness is shared with the tests there

from agent_harness import CLEAR, NOVEL, Company, made, teach

from ticketflow.agent import watch
from ticketflow.cli.audit import KEYS, GradeName
from ticketflow.cli.automation import LevelName
from ticketflow.domain import Grade, Level, Stage
from ticketflow.store import audit, audits, settings, watches
from ticketflow.store.settings import Settings
from ticketflow.testing import HashEncoder


@pytest.fixture
def company(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    """The agent's sample company in the home folder: learned, certified, every ticket drawn for the audit."""
    home.mkdir()
    monkeypatch.setenv("TICKETFLOW_WORKSPACE", "acme")
    monkeypatch.setenv("TICKETFLOW_DATABASE_URL", f"sqlite:///{home / 'agent.db'}")
    # The command has the encoder that the company has learned with: what was learned with another one is not in force.
    monkeypatch.setattr("ticketflow.embeddings.BundledEncoder", lambda _threads: HashEncoder())
    opened = Company(home, made(teach))
    opened.set(audit_share=1.0)
    yield opened
    opened.close()


def drawn(company: Company, ticket: Any = CLEAR) -> str:
    """A decision that waits for a grade, and for no second one; its id."""
    decision = company.decision(company.handle(ticket).id)
    with company.database.write() as session:
        audits.change(session, company.id, decision.id, twice=False)
    return decision.id


def sample(company: Company, decision_id: str) -> audits.AuditSample:
    with company.database.read() as session:
        return audits.get(session, company.id, decision_id)


def rules(company: Company) -> Settings:
    with company.database.read() as session:
        return settings.get(session, company.id)


def authors(company: Company) -> set[str]:
    """Who changed settings, as the audit log has it."""
    with company.database.read() as session:
        entries = audit.newest(session, company.id)
    return {entry.actor for entry in entries if entry.action == "settings.changed"}


def test_automation_is_shown_in_sentences_and_as_json(company: Company, command: Command) -> None:
    drawn(company)
    with company.database.write() as session:
        now = watches.get(session, company.id, "")
        watch.lower(session, company.id, "", now, Stage.AMBER, "Tickets arrive in other languages than before.")
    shown = command("automation")
    assert (shown.code, shown.err) == (0, "")
    assert "all others" in shown.out
    assert "amber" in shown.out
    assert "Never automatic: legal, minors, refund, security." in shown.out
    assert "1 wait for a grade" in shown.out
    assert "Unread notices" in shown.out
    assert "Tickets arrive in other languages than before." in shown.out
    told = json.loads(command("automation", "--json").out)
    assert told["segments"][0]["stage"] == "amber"
    assert [notice["kind"] for notice in told["notices"]] == ["automation.lowered"]
    assert "1 notice is marked as read." in command("automation", "read").err
    assert "Unread" not in command("automation").out


def test_the_kill_switch_stops_a_running_agent_and_is_taken_back(company: Company, command: Command) -> None:
    assert company.handle(CLEAR).status == "resolved"
    stopped = command("automation", "stop", "--reason", "The prices change.")
    assert (stopped.code, stopped.out) == (0, "")
    assert "stopped" in stopped.err
    assert company.handle(CLEAR).status == "escalated"
    assert "Automation is switched off." in command("automation").out
    assert json.loads(command("automation", "resume", "--json").out)["automation"] is True
    assert company.handle(CLEAR).status == "resolved"
    assert authors(company) == {"command line"}


def test_levels_are_set_for_all_and_for_a_category(company: Company, command: Command) -> None:
    assert command("automation", "level", "assist").code == 0
    assert rules(company).level == "assist"
    assert command("automation", "level", "shadow", "--category", "billing").err.count("Warning") == 0
    assert rules(company).levels == {"billing": "shadow"}
    warned = command("automation", "level", "off", "--category", "biling")
    assert warned.code == 0
    assert "no case and no answer has the category 'biling'" in warned.err
    assert "billing" in warned.err
    command("automation", "level", "auto", "--category", "billing")
    assert rules(company).levels == {"biling": "off"}
    assert "biling: off" in command("automation").out


def test_a_certificate_is_tried_for_with_settings_that_are_kept(company: Company, command: Command) -> None:
    proven = command("certify", "--max-wrong", 0.3, "--certainty", 0.8)
    assert proven.code == 0
    assert "all other categories: certified from confidence" in proven.out
    assert "With 80 % certainty, at most 30 % of the automatic replies" in proven.out
    assert (rules(company).max_wrong, rules(company).certainty) == (0.3, 0.8)
    refused = command("certify", "--max-wrong", 0.001, "--json")
    (verdict,) = [json.loads(line) for line in refused.out.splitlines()]
    assert (refused.code, verdict["threshold"]) == (0, None), "a refusal is an answer"
    assert verdict["needed"] > 0
    assert "not proven" in command("certify").out
    assert authors(company) == {"command line"}


def test_a_category_gets_a_share_and_a_verdict_of_its_own(company: Company, command: Command) -> None:
    nothing = command("certify", "--segment", "billing", "--certainty", 0.7)
    assert nothing.code == 2
    assert "no accepted wrong share of its own" in nothing.err
    assert rules(company).certainty == 0.8, "nothing is set where nothing can be tried"
    looked = command("certify", "--segment", "billing", "--max-wrong", 0.4, "--json")
    (verdict,) = [json.loads(line) for line in looked.out.splitlines()]
    assert (verdict["segment"], verdict["max_wrong"]) == ("billing", 0.4)
    assert rules(company).category_max_wrong == {"billing": 0.4}


def test_the_queue_is_listed_blind_and_graded(company: Company, command: Command) -> None:
    first, second = drawn(company), drawn(company, NOVEL)
    listed = command("audit")
    assert first in listed.out
    assert second in listed.out
    assert "resolved" not in listed.out
    told = [json.loads(line) for line in command("audit", "--json").out.splitlines()]
    assert [one["decision_id"] for one in told] == [first, second]
    assert not {"confidence", "automatic"} & set(told[0])
    assert "1 more" in command("audit", "--limit", 1).err
    graded = command("audit", "grade", first, "right", "--grader", "ana", "--json")
    assert json.loads(graded.out) == {"decision_id": first, "grade": "right", "state": "graded", "wrong": False}
    arguments = ("wrong", "--right-answer", "invoice", "--note", "about an invoice", "--grader", "ana")
    assert command("audit", "grade", second, *arguments).code == 0
    stored = sample(company, second)
    assert (stored.grade, stored.grader, stored.note) == (Grade.WRONG, "ana", "about an invoice")
    assert stored.right_answer_id == company.answer("invoice").id
    assert "Nothing waits for a grade." in command("audit").err


def test_grading_goes_key_by_key_at_a_terminal(
    company: Company, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped, right, unsafe, left = (drawn(company) for _ in range(4))
    keys = iter(["x", "s", "R", "u", "q"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(typer, "getchar", lambda: next(keys))
    told = command("audit", "next", "--grader", "ana")
    assert told.code == 0
    assert CLEAR.body in " ".join(told.out.split())
    assert "Hello Ana, choose 'Forgot password'" in told.out
    assert "It may do harm" in told.out
    assert "confidence" not in told.out
    assert "2 graded." in told.err
    assert [sample(company, one).grade for one in (skipped, right, unsafe, left)] == [
        None,
        Grade.RIGHT,
        Grade.UNSAFE,
        None,
    ]
    keys = iter(["r", "r"])
    assert "Nothing more waits for a grade by you." in command("audit", "next", "--grader", "ana").err


MISTAKES: list[tuple[tuple[object, ...], str]] = [
    (("automation", "level", "full"), "full"),
    (("automation", "level", "off", "--category", " "), "1 to 190 characters"),
    (("automation", "--json", "stop"), "go behind the word"),
    (("audit", "--limit", 3, "next", "--grader", "ana"), "go behind the word"),
    (("certify", "--max-wrong", 0.9), "less than or equal to 0.5"),
    (("certify", "--max-wrong", "nan"), "--max-wrong"),
    (("certify", "--certainty", 1), "0.999"),
    (("audit", "grade", "nothing", "right", "--grader", "ana"), "not drawn for the audit"),
    (("audit", "grade", "nothing", "good", "--grader", "ana"), "good"),
    (("audit", "grade", "nothing", "right"), "--grader"),
    (("audit", "grade", "DRAWN", "wrong", "--right-answer", "nothing", "--grader", "ana"), "no answer 'nothing'"),
    (("audit", "grade", "DRAWN", "right", "--right-answer", "invoice", "--grader", "ana"), "other than right"),
    (("audit", "grade", "DRAWN", "right", "--grader", " "), "grader's name"),
    (("audit", "next", "--grader", "ana"), "needs a terminal"),
]


def test_a_mistake_is_told_in_a_sentence_and_changes_nothing(company: Company, command: Command) -> None:
    decision_id = drawn(company)
    before = rules(company)
    for arguments, says in MISTAKES:
        ended = command(*(decision_id if word == "DRAWN" else word for word in arguments))
        assert (ended.code, ended.out) == (2, ""), arguments
        assert says in ended.err, arguments
        assert rules(company) == before, arguments
    assert sample(company, decision_id).grade is None


def test_every_level_and_grade_there_is_can_be_typed() -> None:
    assert [one.value for one in LevelName] == [one.value for one in Level]
    assert [one.value for one in GradeName] == [one.value for one in Grade]
    assert len(KEYS) == len(Grade), "each grade has a key of its own"


def test_a_grade_stays(company: Company, command: Command) -> None:
    decision_id = drawn(company)
    command("audit", "grade", decision_id, "right", "--grader", "ana")
    again = command("audit", "grade", decision_id, "wrong", "--grader", "ben")
    assert again.code == 1
    assert "graded right already" in again.err


def test_before_anything_was_learned_certify_says_what_to_do(command: Command) -> None:
    command("db", "upgrade")
    for words in (("automation",), ("certify",)):
        ended = command(*words)
        assert "Nothing has been learned yet: import resolved tickets" in " ".join((ended.out + ended.err).split())
        assert ended.code == (1 if words == ("certify",) else 0)
    assert "Nothing waits for a grade." in command("audit").err


@pytest.mark.parametrize("words", [("automation",), ("automation", "stop"), ("certify",), ("audit",)], ids=" ".join)
def test_without_a_database_nothing_is_made(home: Path, command: Command, words: tuple[str, ...]) -> None:
    ended = command(*words)
    assert ended.code == 3
    assert "There is no database" in ended.err
    assert not (home / "ticketflow.db").exists()
