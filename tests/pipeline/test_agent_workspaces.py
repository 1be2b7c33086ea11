"""Two companies in one database, and many tickets at once."""

from collections.abc import Iterator, Sequence

import pytest
from agent_harness import CLEAR, NOVEL, TOPICS, Company, words

from ticketflow.agent.batch import Processed, process_batch
from ticketflow.domain import Action, TicketStatus
from ticketflow.embeddings import Role, Vectors
from ticketflow.errors import NotFound
from ticketflow.store import tickets
from ticketflow.store.tickets import NewTicket
from ticketflow.testing import HashEncoder


@pytest.fixture
def rival(company: Company) -> Iterator[Company]:
    """Another company in the same database, with answers of its own."""
    opened = Company(company.folder, slug="rival")
    yield opened
    opened.close()


def test_two_workspaces_never_see_each_others_knowledge(company: Company, rival: Company) -> None:
    assert rival.id != company.id
    ticket = rival.handle(CLEAR)
    decision = rival.decision(ticket.id)
    assert decision.decision.reasons == ["No answer in the knowledge base resembles this ticket."]
    findings = rival.steps(decision.run_id)[1].output
    assert findings == {"cases": [], "articles": [], "answers": [], "variants": {}}
    assert rival.deps.experience.get(rival.id).answers == ()


def test_alike_answers_of_two_workspaces_stay_apart(company: Company, rival: Company) -> None:
    for topic in TOPICS:
        rival.resolved(words(topic), rival.publish(topic), topic.category)
    ticket = rival.handle(CLEAR)
    run_id = rival.decision(ticket.id).run_id
    found = rival.steps(run_id)[1].output
    own = {rival.answer(topic.label).id for topic in TOPICS}
    assert found["cases"]
    assert {hit["answer_id"] for hit in found["cases"]} <= own
    assert {hit["id"] for hit in found["answers"]} <= own
    assert rival.decision(ticket.id).decision.answer_id == rival.answer("password").id
    assert not {rival.answer("password").id} & {company.answer("password").id}


def test_one_workspaces_ticket_does_not_exist_for_the_other(company: Company, rival: Company) -> None:
    ticket = company.handle(CLEAR)
    with rival.database.read() as session:
        with pytest.raises(NotFound):
            tickets.get(session, rival.id, ticket.id)
        assert tickets.messages(session, rival.id, ticket.id) == []
    with pytest.raises(NotFound):
        rival.judge(ticket.id, kind="right")
    assert rival.events(ticket.id) == []
    assert len(company.events(ticket.id)) == 3


def test_one_workspaces_settings_and_feedback_change_nothing_for_the_other(company: Company, rival: Company) -> None:
    rival.set(automation=False, default_team="rivals")
    assert company.handle(CLEAR).status is TicketStatus.RESOLVED
    assert rival.handle(NOVEL).team == "rivals"


def batch(company: Company, arrivals: list[NewTicket]) -> list[Processed]:
    runner = company.runner(lambda _point: None, max_attempts=1)
    runner.start(2)
    try:
        return list(process_batch(company.deps, company.workspace, arrivals))
    finally:
        runner.stop(10)


def test_a_batch_keeps_the_order_and_tells_each_decision(company: Company) -> None:
    arrivals = [
        (CLEAR if number % 3 else NOVEL).model_copy(update={"external_id": f"B-{number}"}) for number in range(40)
    ]
    told = batch(company, arrivals)
    assert [each.id for each in told] == [f"B-{number}" for number in range(40)]
    for number, each in enumerate(told):
        assert each.action is (Action.RESOLVE if number % 3 else Action.ESCALATE)
        assert each.error is None
        assert list(each.timings_ms) == ["ingest", "search", "analyze", "consult", "decide", "draft", "execute"]
    right = told[1]
    assert right.answer is not None
    assert (right.answer.label, right.category, right.language) == ("password", "account", "en")
    assert {source.kind for source in right.evidence} == {"case", "answer"}


def test_a_known_ticket_is_told_and_not_run_again(company: Company) -> None:
    new = CLEAR.model_copy(update={"external_id": "B-1"})
    first, second = batch(company, [new, new])
    assert first == second
    assert batch(company, [new]) == [first]
    with company.database.read() as session:
        assert sum(tickets.count_by_status(session, company.id).values()) == 1


class Refusing(HashEncoder):
    """An encoder that one text breaks."""

    def encode(self, texts: Sequence[str], role: Role = Role.QUERY) -> Vectors:
        if list(texts) == ["fail"]:
            raise LookupError("no such word")
        return super().encode(texts)


def test_a_batch_tells_of_a_run_that_failed_and_goes_on(company: Company) -> None:
    frail = Company(company.folder, encoder=Refusing())
    told = batch(frail, [CLEAR, NewTicket(body="fail", external_id="bad"), CLEAR])
    assert [each.action for each in told] == [Action.RESOLVE, Action.ESCALATE, Action.RESOLVE]
    assert told[1].error == "ingest: LookupError: no such word"
    assert (told[1].id, told[1].answer, told[1].confidence, told[1].evidence) == ("bad", None, 0.0, [])
    frail.close()
