"""Whole tickets: what is answered by itself, what goes to a human, and what stops a reply at the last moment."""

from collections.abc import Callable

import pytest
from agent_harness import CLEAR, NOVEL, TOPICS, Company, words
from sqlalchemy import select, update

from ticketflow.db.tables import effect, run
from ticketflow.domain import Action, AnswerStatus, Author, Outcome, Priority, TicketStatus
from ticketflow.knowledge import publishing
from ticketflow.store import tickets
from ticketflow.store.tickets import NewTicket
from ticketflow.workflow.effects import effect_key


def outcome(company: Company, ticket_id: str) -> Outcome:
    step = company.steps(company.decision(ticket_id).run_id)[-1]
    assert step.step == "execute"
    return Outcome.model_validate(step.output)


def test_a_clear_ticket_is_answered_with_the_approved_answer(company: Company) -> None:
    before = company.answer("password")
    ticket = company.handle(CLEAR)
    decision = company.decision(ticket.id).decision
    said = company.messages(ticket.id)

    assert ticket.status is TicketStatus.RESOLVED
    assert (ticket.category, ticket.language) == ("account", "en")
    assert [(message.author, message.internal) for message in said] == [("requester", False), ("agent", False)]
    assert said[1].body == before.body.replace("{requester_name}", "Ana")
    assert "{" not in said[1].body
    assert decision.action is Action.RESOLVE
    assert decision.threshold is not None
    assert decision.confidence >= decision.threshold
    after = company.answer("password")
    assert (after.used, after.succeeded) == (before.used + 1, before.succeeded + 1)
    assert after.version == before.version, "being used is no change of the answer"
    assert outcome(company, ticket.id) == Outcome(status=TicketStatus.RESOLVED, message_id=said[1].id, team=None)


def test_the_events_of_a_reply_come_in_order_and_name_the_run(company: Company) -> None:
    ticket = company.handle(CLEAR)
    found = company.events(ticket.id)
    run_id = company.decision(ticket.id).run_id
    assert [event.type for event in found] == ["ticket.created", "decision.made", "ticket.resolved"]
    assert [event.seq for event in found] == sorted(event.seq for event in found)
    assert {event.data["run_id"] for event in found[1:]} == {run_id}
    assert found[1].data["action"] == "resolve"
    assert found[2].data["answer"] == "password"


def test_a_reply_is_recorded_as_an_effect_of_its_trigger(company: Company) -> None:
    ticket = company.handle(CLEAR)
    with company.database.read() as session:
        rows = session.execute(select(effect).where(effect.c.ticket_id == ticket.id)).mappings().all()
        trigger_id = session.execute(select(run.c.trigger_id).where(run.c.ticket_id == ticket.id)).scalar_one()
    assert [(row["kind"], row["state"]) for row in rows] == [("reply", "sent")]
    assert rows[0]["key"] == effect_key(company.id, ticket.id, trigger_id, "reply")
    assert rows[0]["payload"]["answer_id"] == company.answer("password").id


def test_a_ticket_unlike_all_others_goes_to_a_team_with_everything_a_human_needs(company: Company) -> None:
    ticket = company.handle(NOVEL)
    decision = company.decision(ticket.id).decision
    (note,) = company.notes(ticket.id)

    assert ticket.status is TicketStatus.ESCALATED
    assert company.replies(ticket.id) == []
    assert decision.action is Action.ESCALATE
    assert decision.threshold is not None
    assert decision.confidence < decision.threshold
    assert ticket.team == decision.team
    assert ticket.team in {topic.team for topic in TOPICS}
    assert decision.reasons[0] in note
    assert f"Proposed answer: {decision.label}" in note
    assert "Similar resolved cases:" in note
    assert f"-> {decision.label}" in note
    assert [event.type for event in company.events(ticket.id)][-1] == "ticket.escalated"
    assert company.answer(decision.label or "").used == 0


def test_a_draft_is_proposed_and_never_sent(company: Company) -> None:
    answer = company.answer("password")
    publishing.change_answer(
        company.database, company.deps.encoder, company.id, answer.id, "eve", status=AnswerStatus.DRAFT
    )
    ticket = company.handle(CLEAR)
    assert company.decision(ticket.id).decision.label == "password"
    assert company.replies(ticket.id) == []
    assert "nobody has approved" in company.notes(ticket.id)[0]


def test_an_archived_answer_is_not_even_proposed(company: Company) -> None:
    answer = company.answer("password")
    publishing.change_answer(
        company.database, company.deps.encoder, company.id, answer.id, "eve", status=AnswerStatus.ARCHIVED
    )
    ticket = company.handle(CLEAR)
    assert "password" not in [candidate.label for candidate in company.decision(ticket.id).analysis.candidates]
    assert company.replies(ticket.id) == []


def test_automation_switched_off_sends_nothing(company: Company) -> None:
    company.set(automation=False)
    ticket = company.handle(CLEAR)
    assert company.replies(ticket.id) == []
    assert "Automation is switched off." in company.notes(ticket.id)[0]


def switch_off(company: Company, _ticket_id: str) -> None:
    company.set(automation=False)


def unapprove(company: Company, _ticket_id: str) -> None:
    answer = company.answer("password")
    publishing.change_answer(
        company.database, company.deps.encoder, company.id, answer.id, "eve", status=AnswerStatus.DRAFT
    )


def reply(company: Company, ticket_id: str) -> None:
    with company.database.write() as session:
        tickets.add_message(session, company.id, ticket_id, author=Author.USER, body="I am on it.")
        tickets.change(session, company.id, ticket_id, status=TicketStatus.WAITING)


@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        (switch_off, "Automation was switched off."),
        (unapprove, "The proposed answer is not approved any more."),
        (reply, "The ticket changed while the agent was deciding."),
    ],
)
def test_what_happens_between_decision_and_reply_is_seen(
    company: Company, meanwhile: Callable[[Company, str], None], told: str
) -> None:
    ticket, run_id = company.open(CLEAR)
    company.clock.advance(1)

    def interfere(point: str) -> None:
        if point == "computed:decide":
            meanwhile(company, ticket.id)

    assert company.runner(interfere).run_one()
    assert company.decision(ticket.id).decision.action is Action.RESOLVE, "it would have been sent"
    assert company.replies(ticket.id) == []
    assert company.notes(ticket.id)[0].startswith(f"Handed over: {told}")
    after = company.ticket(ticket.id)
    assert (after.status, after.team) == (TicketStatus.ESCALATED, "identity")
    assert company.answer("password").used == 0
    assert company.steps(run_id)[-1].output["message_id"] is not None


@pytest.mark.parametrize("headers", [{"auto-submitted": "auto-replied"}, {"precedence": "bulk"}, {"return-path": "<>"}])
def test_a_machines_mail_is_not_answered(company: Company, headers: dict[str, str]) -> None:
    ticket = company.handle(CLEAR.model_copy(update={"headers": headers}))
    assert company.replies(ticket.id) == []
    assert "was sent by a machine" in company.notes(ticket.id)[0]


def test_without_answers_and_history_every_ticket_goes_to_a_human(newcomer: Company) -> None:
    ticket = newcomer.handle(CLEAR)
    assert ticket.status is TicketStatus.ESCALATED
    assert ticket.team == "support"
    assert newcomer.decision(ticket.id).decision.reasons == ["No answer in the knowledge base resembles this ticket."]


def test_before_the_first_refit_the_right_answer_is_proposed_and_the_missing_history_named(newcomer: Company) -> None:
    for topic in TOPICS:
        newcomer.publish(topic)
    ticket = newcomer.handle(CLEAR)
    decision = newcomer.decision(ticket.id).decision
    assert decision.reasons == [
        "Nothing has been learned yet: import resolved tickets that name their answer.",
    ]
    assert (decision.label, decision.confidence, decision.version) == ("password", 0.0, "untaught")
    assert ticket.team == "identity"


def test_too_little_history_to_prove_anything_is_said(newcomer: Company) -> None:
    for topic in TOPICS[:2]:
        newcomer.resolved(words(topic)[:4], newcomer.publish(topic), topic.category)
    newcomer.clock.advance(1)
    newcomer.refit()
    ticket = newcomer.handle(CLEAR)
    assert ticket.status is TicketStatus.ESCALATED
    assert "history" in newcomer.decision(ticket.id).decision.reasons[0]


@pytest.mark.parametrize("body", ["", "   \n\n ", "\x00\x07", "?", "<p></p>", "> > >", "🙂" * 50, "a" * 200_000])
def test_whatever_a_customer_sends_is_finished(company: Company, body: str) -> None:
    ticket = company.handle(NewTicket(body=body))
    assert ticket.status is TicketStatus.ESCALATED
    assert len(company.notes(ticket.id)) == 1


def test_no_wrong_reply_accepted_means_no_reply(company: Company) -> None:
    company.set(max_wrong=0.0)
    ticket = company.handle(CLEAR)
    assert company.replies(ticket.id) == []
    assert "max_wrong" in company.decision(ticket.id).decision.reasons[0]
    company.refit()
    assert company.handle(CLEAR).status is TicketStatus.ESCALATED


def test_the_team_of_the_category_setting_takes_the_ticket(company: Company) -> None:
    company.set(automation=False, teams={"account": "night shift"})
    assert company.handle(CLEAR).team == "night shift"


def test_the_agent_raises_a_priority_and_never_lowers_one(company: Company) -> None:
    urgent = CLEAR.model_copy(update={"priority": Priority.URGENT})
    assert company.handle(urgent).priority == "urgent"
    burning = NewTicket(body="My kettle is on fire, there is smoke everywhere!")
    assert company.handle(burning).priority == "urgent"


def test_a_run_that_cannot_finish_ends_at_a_human_once(company: Company) -> None:
    ticket, run_id = company.open(CLEAR)
    with company.database.write() as session:
        session.execute(update(run).where(run.c.id == run_id).values(payload={"words": 7}))
    for _ in range(20):
        company.clock.advance(600)
        company.runtime.runner.run_one()
    after = company.ticket(ticket.id)
    assert (after.status, after.team) == (TicketStatus.ESCALATED, "support")
    assert len(company.notes(ticket.id)) == 1
    assert company.notes(ticket.id)[0].startswith("The agent could not finish this ticket: ingest:")
    assert company.replies(ticket.id) == []
    assert [event.type for event in company.events(ticket.id)] == ["ticket.created", "ticket.escalated", "run.failed"]
