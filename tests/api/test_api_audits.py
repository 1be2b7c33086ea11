"""The audit over the wire: a blind queue, grades that stay, second grades, and how it stands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from automation_harness import CLEAR, NOVEL, Company, served, taught, types_of

from ticketflow.agent import audits as auditing
from ticketflow.clock import DAY, new_id
from ticketflow.domain import Grade
from ticketflow.runtime import Runtime
from ticketflow.store import audits, cases
from ticketflow.store.audits import AuditState, NewSample


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    opened = taught(tmp_path)
    opened.set(audit_share=1.0)
    yield opened
    opened.close()


@pytest.fixture
def runtime(company: Company) -> Runtime:
    return served(company)


def drawn(company: Company, *, twice: bool = False, ticket: Any = CLEAR) -> str:
    """A decision that the coin drew, with or without a second grade to come; its id."""
    decision = company.decision(company.handle(ticket).id)
    with company.database.write() as session:
        audits.change(session, company.id, decision.id, twice=twice)
    return decision.id


def queue(caller: Any) -> list[str]:
    return [one["decision_id"] for one in caller.get("/v1/audits").json()["items"]]


def test_graders_see_the_ticket_and_the_reply_and_nothing_that_sways_them(company: Company, acme: Any) -> None:
    first, second = drawn(company), drawn(company, ticket=NOVEL)
    response = acme.get("/v1/audits")
    sent, other = response.json()["items"]
    assert [sent["decision_id"], other["decision_id"]] == [first, second]
    assert (sent["subject"], sent["body"]) == (CLEAR.subject, CLEAR.body)
    assert sent["answer"]["label"] == "password"
    assert sent["answer"]["text"].startswith("Hello Ana, choose 'Forgot password'"), "as the customer would read it"
    assert sent["evidence"]
    assert sent["evidence"][0]["label"] == "password"
    assert set(sent["evidence"][0]) == {"kind", "title", "snippet", "label"}
    assert set(sent) == {
        "decision_id",
        "ticket_id",
        "subject",
        "body",
        "category",
        "answer",
        "evidence",
        "drawn_at",
        "due_at",
    }
    assert set(sent) == set(other), "a sent reply looks like one that was not"
    for word in ("confidence", "automatic", "threshold", "resolved", "escalated"):
        assert f'"{word}' not in response.text
    assert set(response.json()["rubric"]) == {"right", "incomplete", "wrong", "unsafe"}
    single = acme.get(f"/v1/audits/{first}").json()
    assert {name: single[name] for name in sent} == sent
    assert (single["state"], single["grade"], single["grader"]) == ("open", None, None)


def test_a_grade_leaves_the_queue_is_told_and_teaches(company: Company, acme: Any) -> None:
    decision_id = drawn(company)
    with company.database.read() as session:
        before = cases.count(session, company.id)
    graded = acme.post(f"/v1/audits/{decision_id}/grade", {"grade": "right", "note": "just so"})
    assert graded.status_code == 201
    assert graded.json() == {"decision_id": decision_id, "grade": "right", "state": "graded", "wrong": False}
    assert queue(acme) == []
    seen = acme.get(f"/v1/audits/{decision_id}").json()
    assert (seen["state"], seen["grade"], seen["note"]) == ("graded", "right", "just so")
    assert seen["grader"] == f"key:{acme.key.split('_')[2]}"
    told = dict(types_of(acme))["audit.graded"]
    assert told == {"decision_id": decision_id, "grade": "right", "wrong": False}
    with company.database.read() as session:
        assert cases.count(session, company.id) == before + 1
    assert acme.get("/v1/automation").json()["segments"][0]["watch"]["audits"] == 1


@pytest.mark.parametrize("grade", ["incomplete", "wrong", "unsafe"])
def test_only_right_is_no_error(company: Company, acme: Any, grade: str) -> None:
    decision_id = drawn(company)
    right = company.answer("invoice").id
    body = {"grade": grade, "right_answer_id": right}
    assert acme.post(f"/v1/audits/{decision_id}/grade", body).json()["wrong"] is True
    assert acme.get(f"/v1/audits/{decision_id}").json()["right_answer_id"] == right
    assert acme.get("/v1/automation").json()["segments"][0]["watch"]["suspicion"] > 0


def test_a_grade_stays(company: Company, acme: Any) -> None:
    decision_id = drawn(company)
    acme.post(f"/v1/audits/{decision_id}/grade", {"grade": "wrong"})
    again = acme.post(f"/v1/audits/{decision_id}/grade", {"grade": "right"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert "graded wrong already" in again.json()["detail"]
    assert acme.get(f"/v1/audits/{decision_id}").json()["grade"] == "wrong"


def test_a_second_grade_is_for_somebody_else_who_does_not_know_the_first(
    company: Company, acme: Any, caller: Any
) -> None:
    decision_id = drawn(company, twice=True)
    assert acme.post(f"/v1/audits/{decision_id}/grade", {"grade": "right"}).json()["state"] == "second"
    assert queue(acme) == [], "who gave the first grade is not asked for the second"
    refused = acme.post(f"/v1/audits/{decision_id}/grade", {"grade": "right"})
    assert refused.status_code == 409
    assert "somebody else" in refused.json()["remedy"]
    other = caller()
    assert queue(other) == [decision_id]
    seen = other.get(f"/v1/audits/{decision_id}").json()
    assert (seen["state"], seen["grade"], seen["grader"], seen["note"]) == ("second", None, None, "")
    made = other.post(f"/v1/audits/{decision_id}/grade", {"grade": "unsafe"})
    assert (made.json()["state"], made.json()["wrong"]) == ("graded", True)
    seen = other.get(f"/v1/audits/{decision_id}").json()
    assert (seen["grade"], seen["second_grade"]) == ("right", "unsafe")
    assert queue(acme) == queue(other) == []


def test_a_late_grade_is_taken_down_and_changes_nothing(company: Company, acme: Any) -> None:
    decision_id = drawn(company)
    company.clock.advance(15 * 86_400)
    with company.database.write() as session:
        auditing.close_overdue(session, company.id)
    assert acme.get(f"/v1/audits/{decision_id}").json()["state"] == "overdue"
    late = acme.post(f"/v1/audits/{decision_id}/grade", {"grade": "right"})
    assert (late.status_code, late.json()["state"], late.json()["wrong"]) == (201, "overdue", True)
    assert acme.get("/v1/audits/summary").json()["overdue"] == 1


BAD_GRADES: list[tuple[dict[str, Any], str]] = [
    ({"grade": "good"}, "/grade"),
    ({}, "/grade"),
    ({"grade": None}, "/grade"),
    ({"grade": "wrong", "right_answer_id": "no-such"}, "/right_answer_id"),
    ({"grade": "wrong", "right_answer_id": " "}, "/right_answer_id"),
    ({"grade": "wrong", "note": "x" * 10_001}, "/note"),
    ({"grade": "wrong", "grader": "eve"}, "/grader"),
]


def test_a_grade_that_makes_no_sense_is_refused(company: Company, acme: Any) -> None:
    decision_id = drawn(company)
    for body, pointer in BAD_GRADES:
        refused = acme.post(f"/v1/audits/{decision_id}/grade", body)
        assert refused.status_code == 422, body
        assert refused.json()["errors"][0]["pointer"] == pointer, body
    assert queue(acme) == [decision_id]


def test_what_is_right_has_no_other_right_answer(company: Company, acme: Any) -> None:
    decision_id = drawn(company)
    body = {"grade": "right", "right_answer_id": company.answer("invoice").id}
    refused = acme.post(f"/v1/audits/{decision_id}/grade", body)
    assert refused.status_code == 422
    assert "other than `right`" in refused.json()["detail"]
    assert queue(acme) == [decision_id]


def test_decisions_that_are_unknown_not_drawn_or_anothers_do_not_exist(
    company: Company, acme: Any, caller: Any
) -> None:
    theirs = drawn(company)
    company.set(audit_share=0.0)
    undrawn = company.decision(company.handle(CLEAR).id).id
    mine = caller("mine")
    for someone, decision_id in ((acme, "nothing"), (acme, undrawn), (mine, theirs)):
        assert someone.get(f"/v1/audits/{decision_id}").status_code == 404
        assert someone.post(f"/v1/audits/{decision_id}/grade", {"grade": "right"}).status_code == 404
    assert queue(mine) == []
    assert queue(acme) == [theirs]


def test_an_answer_of_another_workspace_is_no_right_answer(company: Company, acme: Any, caller: Any) -> None:
    decision_id = drawn(company)
    foreign = caller("mine").post("/v1/answers", {"label": "x", "body": "y"}).json()["id"]
    refused = acme.post(f"/v1/audits/{decision_id}/grade", {"grade": "wrong", "right_answer_id": foreign})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/right_answer_id"


def test_the_queue_is_paged_oldest_first(company: Company, acme: Any) -> None:
    every = [drawn(company) for _ in range(3)]
    first = acme.get("/v1/audits?limit=2").json()
    second = acme.get(f"/v1/audits?limit=2&cursor={first['next_cursor']}").json()
    assert [one["decision_id"] for one in first["items"] + second["items"]] == every
    assert second["next_cursor"] is None


def samples(company: Company, pairs: list[tuple[Grade, Grade | None]], *, automatic: bool = True) -> None:
    """Graded samples as the store holds them."""
    with company.database.write() as session:
        for first, second in pairs:
            decision_id = new_id()
            new = NewSample(
                decision_id=decision_id,
                ticket_id=new_id(),
                run_id=new_id(),
                segment="",
                category=None,
                version="v",
                answer_id=None,
                confidence=0.5,
                automatic=automatic,
                twice=second is not None,
                due_at=session.now + DAY,
            )
            audits.draw(session, company.id, new)
            audits.change(
                session,
                company.id,
                decision_id,
                state=AuditState.GRADED,
                grade=first,
                second_grade=second,
                wrong=first is not Grade.RIGHT,
            )


def test_the_summary_counts_and_measures_agreement_beyond_chance(company: Company, acme: Any) -> None:
    right, wrong = Grade.RIGHT, Grade.WRONG
    pairs = [(right, right)] * 10 + [(wrong, wrong)] * 5 + [(right, wrong)] * 3 + [(wrong, right)] * 2
    samples(company, list(pairs[1:]))
    few = acme.get("/v1/audits/summary").json()
    assert few["agreement"] == {"doubly": 19, "equal_share": None, "kappa": None}
    samples(company, [pairs[0]])
    samples(company, [(right, None)] * 5, automatic=False)
    drawn(company)
    found = acme.get("/v1/audits/summary").json()
    assert (found["drawn"], found["open"], found["graded"], found["wrong"]) == (26, 1, 25, 7)
    assert found["automatic"] == {"closed": 20, "wrong": 7, "wrong_share": 0.35}
    assert found["agreement"]["equal_share"] == 0.75
    # by chance .65 * .60 + .35 * .40 = .53 of the grades would be equal
    assert found["agreement"]["kappa"] == pytest.approx((0.75 - 0.53) / (1 - 0.53))


def test_graders_who_only_ever_say_the_same_have_no_kappa(company: Company, acme: Any) -> None:
    samples(company, [(Grade.RIGHT, Grade.RIGHT)] * 20)
    assert acme.get("/v1/audits/summary").json()["agreement"] == {"doubly": 20, "equal_share": 1.0, "kappa": None}


def test_the_summary_looks_back_as_far_as_it_is_asked_to(company: Company, acme: Any) -> None:
    drawn(company)
    company.clock.advance(5 * 86_400)
    assert acme.get("/v1/audits/summary?days=4").json()["drawn"] == 0
    assert acme.get("/v1/audits/summary?days=6").json()["drawn"] == 1
    nothing = acme.get("/v1/audits/summary?days=4").json()
    assert nothing["automatic"] == {"closed": 0, "wrong": 0, "wrong_share": None}
    assert acme.get("/v1/audits/summary?days=0").status_code == 422
