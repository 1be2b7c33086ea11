"""What people say of a decision: cases, chunks, each answer's record, and a refit when enough has come together."""

import threading
import time

import numpy as np
import pytest
from agent_harness import CLEAR, NOVEL, Company, Topic, words
from sqlalchemy import select

from ticketflow.agent import learn, lookout
from ticketflow.agent.remembering import load
from ticketflow.db.tables import case, chunk
from ticketflow.domain import ChunkKind, TicketStatus
from ticketflow.errors import NotFound
from ticketflow.learning import refitting
from ticketflow.retrieval.chunks import from_bytes
from ticketflow.store import cases, certificates
from ticketflow.store.tickets import NewTicket
from ticketflow.workflow import history
from ticketflow.workflow.queue import RunState

GIFT = Topic(
    "gift-card",
    "billing",
    "money",
    "Hello {requester_name}, a gift card is redeemed at the checkout.",
    ("how do I redeem a gift card", "the gift voucher code is refused", "gift card balance please"),
    ("at the checkout", "it was a birthday present", "the voucher says unknown code"),
)


def case_of(company: Company, ticket_id: str) -> cases.Case | None:
    with company.database.read() as session:
        row = session.execute(select(case).where(case.c.ticket_id == ticket_id)).mappings().first()
    return cases.Case.model_validate(dict(row)) if row else None


def chunks_of(company: Company, case_id: str) -> list[tuple[str, str | None, np.ndarray]]:
    with company.database.read() as session:
        rows = session.execute(
            select(chunk.c.text, chunk.c.answer_id, chunk.c.vector).where(
                chunk.c.kind == int(ChunkKind.CASE), chunk.c.source_id == case_id
            )
        ).all()
    return [(row.text, row.answer_id, from_bytes([row.vector])[0]) for row in rows]


def record(company: Company, label: str) -> tuple[int, int]:
    answer = company.answer(label)
    return answer.used, answer.succeeded


def test_right_makes_the_ticket_a_case_of_the_proposed_answer(company: Company) -> None:
    ticket = company.handle(CLEAR)
    made = company.judge(ticket.id, kind="right")
    assert made.decision_id == company.decision(ticket.id).id
    found = case_of(company, ticket.id)
    assert found is not None
    assert found.answer_id == company.answer("password").id
    assert (found.category, found.language, found.priority) == ("account", "en", "high")
    ((text, answer_id, vector),) = chunks_of(company, found.id)
    assert answer_id == found.answer_id
    assert text == found.body
    assert vector == pytest.approx(company.deps.encoder.encode([text])[0], abs=2e-3)
    assert record(company, "password") == (1, 1)
    assert company.events(ticket.id)[-1].type == "feedback.given"


def test_the_new_case_is_evidence_for_the_next_ticket(company: Company) -> None:
    ticket = company.handle(NOVEL)
    company.judge(ticket.id, kind="wrong", answer_id=company.answer("invoice").id)
    found = case_of(company, ticket.id)
    assert found is not None
    similar = company.handle(NOVEL)
    run_id = company.decision(similar.id).run_id
    evidence = company.steps(run_id)[1].output["cases"]
    nearest = max(evidence, key=lambda hit: hit["similarity"] or 0.0)
    assert (nearest["id"], nearest["label"]) == (found.id, "invoice")


def test_wrong_makes_it_a_case_of_the_answer_that_was_right(company: Company) -> None:
    ticket = company.handle(CLEAR)
    company.judge(ticket.id, kind="wrong", answer_id=company.answer("refund").id)
    found = case_of(company, ticket.id)
    assert found is not None
    assert found.answer_id == company.answer("refund").id
    assert found.category == "billing"
    assert found.resolution == company.answer("refund").body
    assert record(company, "password") == (1, 0)


def test_wrong_without_the_right_answer_makes_it_a_case_of_none(company: Company) -> None:
    ticket = company.handle(CLEAR)
    company.judge(ticket.id, kind="wrong")
    found = case_of(company, ticket.id)
    assert found is not None
    assert found.answer_id is None
    assert chunks_of(company, found.id)[0][1] is None


def test_a_second_word_on_the_same_ticket_corrects_its_case_and_counts_once(company: Company) -> None:
    ticket = company.handle(CLEAR)
    company.judge(ticket.id, kind="wrong")
    company.judge(ticket.id, kind="edited", answer_id=company.answer("refund").id)
    company.judge(ticket.id, kind="csat", score=1)
    with company.database.read() as session:
        assert cases.count(session, company.id) == 151
    found = case_of(company, ticket.id)
    assert found is not None
    assert found.answer_id == company.answer("refund").id
    assert chunks_of(company, found.id)[0][1] == found.answer_id
    assert record(company, "password") == (1, 0), "one reply is wrong once, however often it is said"


def test_an_error_of_each_decision_counts(company: Company) -> None:
    ticket = company.handle(CLEAR)
    company.judge(ticket.id, kind="wrong")
    company.say(ticket.id, "I still forgot my password and cannot log in, the reset link has expired.")
    company.work()
    assert len(company.replies(ticket.id)) == 2
    company.judge(ticket.id, kind="wrong")
    assert record(company, "password") == (2, 0)


@pytest.mark.parametrize(("score", "succeeded"), [(1, 0), (2, 0), (3, 1), (5, 1)])
def test_csat_counts_only_against_and_teaches_no_case(company: Company, score: int, succeeded: int) -> None:
    ticket = company.handle(CLEAR)
    company.judge(ticket.id, kind="csat", score=score)
    assert record(company, "password") == (1, succeeded)
    assert case_of(company, ticket.id) is None


def test_reopening_takes_the_case_back(company: Company) -> None:
    ticket = company.handle(CLEAR)
    company.judge(ticket.id, kind="right")
    found = case_of(company, ticket.id)
    assert found is not None
    company.judge(ticket.id, kind="reopened")
    assert case_of(company, ticket.id) is None
    assert chunks_of(company, found.id) == []
    assert company.ticket(ticket.id).status is TicketStatus.REOPENED
    assert record(company, "password") == (1, 0)
    assert [event.type for event in company.events(ticket.id)][-2:] == ["feedback.given", "ticket.reopened"]


def test_what_was_not_sent_counts_for_no_answer(company: Company) -> None:
    novel = company.handle(NOVEL)
    proposed = company.decision(novel.id).decision.label or ""
    company.judge(novel.id, kind="wrong")
    assert record(company, proposed) == (0, 0)

    ticket, _ = company.open(CLEAR)
    company.clock.advance(1)
    company.runner(lambda point: company.set(automation=False) if point == "computed:decide" else None).run_one()
    assert company.decision(ticket.id).decision.action == "resolve"
    company.judge(ticket.id, kind="wrong")
    assert record(company, "password") == (0, 0), "it was decided to send it, and it was not sent"


def test_an_answers_record_counts_from_the_next_refit_on(company: Company) -> None:
    ticket = company.handle(CLEAR)
    company.judge(ticket.id, kind="wrong")
    company.clock.advance(1)
    place = company.deps.experience.get(company.id).index_of[company.answer("password").id]
    assert company.deps.experience.get(company.id).success_rates[place] == 0.5, "what is proven does not drift"
    company.refit()
    company.clock.advance(1)
    version = company.newest_version()
    encoder = company.deps.encoder
    with company.database.read() as session:
        newest = load(session, encoder, company.id, version)
    assert newest.success_rates[newest.index_of[company.answer("password").id]] == 0.0


def test_feedback_on_what_does_not_exist_is_refused(company: Company) -> None:
    with pytest.raises(NotFound):
        company.judge("no-ticket", kind="right")
    ticket = company.handle(CLEAR)
    with pytest.raises(NotFound):
        company.judge(ticket.id, kind="wrong", answer_id="no-answer")
    assert case_of(company, ticket.id) is None
    assert record(company, "password") == (1, 1)


def test_a_refit_is_queued_when_enough_is_new_and_only_once(company: Company) -> None:
    company.set(refit_after=2)
    for number, kind in enumerate(["right", "right", "wrong", "right"]):
        ticket = company.handle(NewTicket(body=f"I forgot my password number {number}, the reset link has expired."))
        with company.database.read() as session:
            live = history.of_workspace(session, company.id, workflow=learn.REFIT, state=RunState.LIVE)
        assert len(live) == 0
        company.judge(ticket.id, kind=kind)
        with company.database.read() as session:
            live = history.of_workspace(session, company.id, workflow=learn.REFIT, state=RunState.LIVE)
        assert len(live) == (number % 2)
        if live:
            company.work()


def test_queueing_a_refit_twice_gives_the_same_run(company: Company) -> None:
    with company.database.write() as session:
        assert learn.queue_refit(session, company.id) == learn.queue_refit(session, company.id)


def test_a_queued_refit_is_not_done_when_somebody_learned_meanwhile(company: Company) -> None:
    with company.database.write() as session:
        run_id = learn.queue_refit(session, company.id)
    company.clock.advance(1)
    company.refit()
    with company.database.read() as session:
        learned = refitting.in_force(session, company.id)
    company.work()
    with company.database.read() as session:
        assert refitting.in_force(session, company.id) == learned
        assert history.get(session, company.id, run_id).state is RunState.SUCCEEDED
        assert learned is not None
        assert history.outputs(session, company.id, run_id)["refit"].output["version"] == learned.version


def test_the_background_thread_refits_while_tickets_go_on(company: Company) -> None:
    before = company.deps.experience.get(company.id).version
    ticket = company.handle(NOVEL)
    company.judge(ticket.id, kind="wrong", answer_id=company.answer("invoice").id)
    with company.database.write() as session:
        run_id = learn.queue_refit(session, company.id)
    seen: dict[str, str] = {}

    def note(point: str) -> None:
        if point in ("computed:refit", "computed:ingest"):
            seen[point] = threading.current_thread().name

    runner = company.runner(note)
    runner.start(1)
    company.open(CLEAR)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with company.database.read() as session:
            if not history.of_workspace(session, company.id, state=RunState.LIVE):
                break
        time.sleep(0.01)
    assert runner.stop(10)
    assert seen == {"computed:refit": "background", "computed:ingest": "runs-1"}
    with company.database.read() as session:
        run = history.get(session, company.id, run_id)
        step = history.outputs(session, company.id, run_id)["refit"]
    assert run.state is RunState.SUCCEEDED
    company.clock.advance(1)
    known = company.deps.experience.get(company.id)
    assert known.version == step.output["version"] != before
    assert company.events()[-1].type == "learning.refitted"


def test_a_refit_that_fails_leaves_what_is_in_force(company: Company) -> None:
    before = company.deps.experience.get(company.id).version
    with company.database.write() as session:
        run_id = learn.queue_refit(session, company.id)
        run = history.get(session, company.id, run_id)
        learn.REFIT_WORKFLOW.give_up(company.deps, session, run, "no memory")
    assert company.events()[-1].type == "learning.failed"
    company.clock.advance(1)
    assert company.deps.experience.get(company.id).version == before


def test_an_answer_added_after_the_refit_is_proposed_at_once_and_sent_after_the_next(company: Company) -> None:
    body = "Hello, how do I redeem a gift card at the checkout? The voucher code is refused."
    answer = company.publish(GIFT)
    first = company.decision(company.handle(NewTicket(body=body)).id)
    assert "gift-card" in [candidate.label for candidate in first.analysis.candidates[:2]], "its own text speaks for it"

    company.resolved(words(GIFT), answer, "billing", days_ago=30)  # the newest tickets would be held out
    ticket = company.handle(NewTicket(body=body))
    second = company.decision(ticket.id).decision
    assert second.label == "gift-card", "its cases speak for it"
    assert ticket.status is TicketStatus.ESCALATED
    assert any("its confidence is a guess" in reason for reason in second.reasons)

    company.refit()
    company.clock.advance(1)
    known = company.deps.experience.get(company.id)
    assert not known.unseen.any()
    third = company.handle(NewTicket(body=body))
    assert company.decision(third.id).decision.label == "gift-card"
    assert company.decision(company.handle(CLEAR).id).decision.label == "password"


def test_a_history_that_suffices_for_a_proof_is_learned_again_with_tickets_held_out(company: Company) -> None:
    company.set(max_wrong=0.001)
    assert company.refit().in_force, "nothing was held out, for too few tickets are there to prove so little"
    lookout.look(company.deps, company.id)
    assert company.work() == 0
    company.set(max_wrong=0.1)
    lookout.look(company.deps, company.id)
    with company.database.read() as session:
        assert not certificates.live(session, company.id)
        queued = history.of_workspace(session, company.id, workflow=learn.REFIT, limit=10)
    assert [run.state for run in queued] == [RunState.LIVE]
    company.work()
    with company.database.read() as session:
        now = refitting.in_force(session, company.id)
        assert now is not None
        assert now.provenance["held_out"] == 30
    lookout.look(company.deps, company.id)
    assert company.work() == 0
