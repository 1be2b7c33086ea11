"""What a run leaves behind: every step can be read back and repeated; its commits; runs for later messages."""

from typing import Any

import pytest
from agent_harness import CLEAR, NOVEL, Company
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, select

from ticketflow.agent.account import account
from ticketflow.agent.decide import judge
from ticketflow.agent.experiments import sides
from ticketflow.agent.ingest import ingest
from ticketflow.agent.pipeline import run_again
from ticketflow.agent.search import search
from ticketflow.agent.understanding import understand
from ticketflow.db.tables import effect, message
from ticketflow.domain import Action, Analysis, Author, Decision, Findings, Intake, TicketStatus
from ticketflow.store import decisions, tickets
from ticketflow.workflow import history
from ticketflow.workflow.engine import State
from ticketflow.workflow.queue import Run, RunState

CHANGES = ("INSERT", "UPDATE", "DELETE")
STEPS = ["ingest", "search", "analyze", "consult", "decide", "draft", "execute"]


def run_of(company: Company, run_id: str) -> Run:
    with company.database.read() as session:
        return history.get(session, company.id, run_id)


def test_every_step_is_stored_with_input_output_duration_and_version(company: Company) -> None:
    ticket, run_id = company.open(CLEAR)
    company.work()
    steps = company.steps(run_id)
    assert [step.step for step in steps] == STEPS
    assert all(step.version for step in steps)
    assert all(step.duration_us > 0 for step in steps)
    assert sum(step.duration_us for step in steps) < 60_000_000
    given = steps[0].input["ticket"]
    assert given["id"] == ticket.id
    assert given["payload"]["words"] == CLEAR.body
    assert [said["body"] for said in given["messages"]] == [CLEAR.body], "the reply was not there yet"


def test_a_steps_input_is_what_the_steps_before_it_yielded(company: Company) -> None:
    _, run_id = company.open(NOVEL)
    company.work()
    steps = company.steps(run_id)
    outputs = {step.step: step.output for step in steps}
    chained = {step.step: set(step.input) for step in steps}
    assert chained == {
        "ingest": {"ticket"},
        "search": {"ingest"},
        "analyze": {"ingest", "search"},
        "consult": {"ingest", "search", "analyze"},
        "decide": {"ingest", "search", "analyze", "consult"},
        "draft": {"ingest", "search", "analyze", "decide"},
        "execute": {"decide", "analyze", "search", "consult", "draft"},
    }
    for step in steps[1:]:
        for name, given in step.input.items():
            assert given == outputs[name], f"{step.step} was given another {name}"
    with company.database.read() as session:
        assert history.altered(session, company.id, run_id) == []


@pytest.mark.parametrize("new", [CLEAR, NOVEL])
def test_repeating_each_step_on_its_stored_input_gives_the_stored_decision(company: Company, new: Any) -> None:
    _, run_id = company.open(new)
    company.work()
    stored = {step.step: step for step in company.steps(run_id)}
    run = run_of(company, run_id)
    state = State(run, company.clock, 30_000_000, lambda: None)

    intake = ingest(company.deps, state)
    assert intake.model_dump(mode="json") == stored["ingest"].output
    state.outputs["ingest"] = Intake.model_validate(stored["search"].input["ingest"])
    assert search(company.deps, state).model_dump(mode="json") == stored["search"].output
    known = company.deps.experience.get(company.id)
    given = stored["analyze"].input
    analysis = understand(known, Intake.model_validate(given["ingest"]), Findings.model_validate(given["search"]))
    assert analysis.model_dump(mode="json") == stored["analyze"].output
    given = stored["decide"].input
    intake, analysis = Intake.model_validate(given["ingest"]), Analysis.model_validate(given["analyze"])
    decision = judge(known, intake, analysis, sides(known.experiments, company.deps.secret, run.ticket_id))
    assert decision.model_dump_json() == Decision.model_validate(stored["decide"].output).model_dump_json()


def test_another_process_decides_the_same_from_what_is_stored(company: Company) -> None:
    _, run_id = company.open(CLEAR)  # the answer's record changes with it, and must not matter
    company.work()
    stored = {step.step: step for step in company.steps(run_id)}
    fresh = Company(company.folder)  # nothing in memory: the artefacts come from the database
    known = fresh.deps.experience.get(company.id)
    given = stored["analyze"].input
    analysis = understand(known, Intake.model_validate(given["ingest"]), Findings.model_validate(given["search"]))
    assert analysis.model_dump(mode="json") == stored["analyze"].output
    fresh.close()


@pytest.mark.parametrize("new", [CLEAR, NOVEL])
def test_a_ticket_costs_three_commits(company: Company, new: Any) -> None:
    company.handle(NOVEL)  # whatever is done once only
    company.clock.advance(1)
    commits: list[str] = []

    def count(connection: Any) -> None:
        if connection.get_execution_options().get("writes", True):
            commits.append("write")

    sqlalchemy_event.listen(company.database.engine, "commit", count)
    company.open(new)
    assert len(commits) == 1, "accepted"
    assert company.runtime.runner.run_one()
    assert len(commits) == 3, "claimed and done"
    assert not company.runtime.runner.run_one()
    assert len(commits) == 3, "nothing to do costs no commit"


def test_a_tickets_own_chunk_is_written_last_but_the_events(company: Company) -> None:
    """Its number locks the workspace's counter until the commit: on TiDB all other tickets wait meanwhile."""
    company.open(CLEAR)
    statements: list[list[str]] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement.replace("`", " ").split())

    sqlalchemy_event.listen(company.database.engine, "before_cursor_execute", note)
    company.work()
    sqlalchemy_event.remove(company.database.engine, "before_cursor_execute", note)
    changed = [words[2] if words[1] in ("INTO", "FROM") else words[1] for words in statements if words[0] in CHANGES]
    first = changed.index("chunk_counter")
    assert "decision" in changed[:first]
    afterwards = changed[first : changed.index("event", first)]
    assert set(afterwards) <= {"chunk_counter", "chunk", "chunk_term", "event_seq"}


def test_a_new_message_is_a_run_of_its_own_with_its_own_reply(company: Company) -> None:
    ticket = company.handle(CLEAR)
    second = company.say(ticket.id, "Thanks. Now the courier has not come, tracking shows no movement for my parcel.")
    assert company.ticket(ticket.id).status is TicketStatus.PROCESSING
    assert company.work() == 1
    with company.database.read() as session:
        runs = history.of_ticket(session, company.id, ticket.id)
        effects = session.execute(select(effect.c.run_id, effect.c.kind)).all()
    assert [run.state for run in runs] == [RunState.SUCCEEDED] * 2
    assert runs[1].id == second
    assert runs[0].trigger_id != runs[1].trigger_id
    assert runs[1].payload["words"].startswith("Thanks. Now"), "what has a reply is not asked again"
    assert sorted(effects) == sorted((run.id, "reply") for run in runs)
    replies = company.replies(ticket.id)
    assert len(replies) == 2
    assert "tracking page" in replies[1]


def test_a_trigger_that_comes_again_starts_nothing(company: Company) -> None:
    ticket = company.handle(CLEAR)
    with company.database.write() as session:
        said = tickets.add_message(session, company.id, ticket.id, author=Author.REQUESTER, body="Where is my parcel?")
    runs = []
    for _ in range(3):
        with company.database.write() as session:
            known = tickets.get(session, company.id, ticket.id)
            runs.append(run_again(session, known, trigger_id=said))
        company.work()
    assert len(set(runs)) == 1
    assert company.ticket(ticket.id).status is not TicketStatus.PROCESSING
    with company.database.read() as session:
        kinds = session.execute(select(effect.c.kind, func.count()).group_by(effect.c.kind)).all()
    assert sum(count for _, count in kinds) == 2
    answers = [said for said in company.messages(ticket.id) if said.author is Author.AGENT]
    assert len(answers) == 2


def test_a_run_that_a_newer_message_overtook_leaves_the_ticket_to_it(company: Company) -> None:
    ticket, first = company.open(CLEAR)
    company.clock.advance(1)
    second: list[str] = []

    def interrupt(point: str) -> None:
        if point == "computed:decide" and not second:
            second.append(company.say(ticket.id, "The reset link for my password has expired, did I mention that?"))

    runner = company.runner(interrupt)
    assert runner.run_one()
    assert [said.author for said in company.messages(ticket.id)] == ["requester", "requester"], "no reply, no note"
    assert company.ticket(ticket.id).status is TicketStatus.PROCESSING
    assert runner.run_one()
    assert len(company.replies(ticket.id)) == 1
    assert company.notes(ticket.id) == []
    assert company.ticket(ticket.id).status is TicketStatus.RESOLVED
    words = run_of(company, second[0]).payload["words"]
    assert CLEAR.body in words
    assert "did I mention that?" in words
    assert run_of(company, first).state is RunState.SUCCEEDED


def test_an_overtaken_run_that_ends_last_does_not_undo_the_reply(company: Company) -> None:
    ticket, _ = company.open(CLEAR)
    company.clock.advance(1)
    other = company.runner(lambda _point: None)

    def overtake(point: str) -> None:
        if point == "computed:decide":
            company.say(ticket.id, "I forgot my password and cannot log in, the reset link has expired.")
            assert other.run_one()

    assert company.runner(overtake).run_one()
    assert company.ticket(ticket.id).status is TicketStatus.RESOLVED
    assert len(company.replies(ticket.id)) == 1
    assert company.notes(ticket.id) == []


def test_a_machines_message_is_not_answered_when_the_ticket_is_run_by_request(company: Company) -> None:
    ticket = company.handle(CLEAR.model_copy(update={"headers": {"auto-submitted": "auto-generated"}}))
    with company.database.write() as session:
        run_again(session, tickets.get(session, company.id, ticket.id))  # the newest message is the agent's note
    company.work()
    assert company.replies(ticket.id) == []
    assert len(company.notes(ticket.id)) == 2


def test_the_account_of_a_ticket_tells_decision_evidence_and_steps(company: Company) -> None:
    new = CLEAR.model_copy(update={"external_id": "H-1"})
    ticket = company.handle(new)
    with company.database.read() as session:
        told = account(session, company.id, "H-1")
        assert account(session, company.id, ticket.id) == told
        assert account(session, company.id, "unknown") is None
    assert told is not None
    assert told.decision.decision.action is Action.RESOLVE
    assert [step.step for step in told.steps] == STEPS
    similarities = [hit.similarity or 0.0 for hit in told.evidence]
    assert similarities == sorted(similarities, reverse=True)
    assert {hit.kind for hit in told.evidence} == {"case", "answer"}
    assert told.evidence[0].label == "password"


def test_there_is_no_account_before_the_decision(company: Company) -> None:
    ticket, _ = company.open(CLEAR)
    with company.database.read() as session:
        assert account(session, company.id, ticket.id) is None


def test_one_decision_a_run_and_one_message_a_decision(company: Company) -> None:
    ticket = company.handle(CLEAR)
    company.say(ticket.id, "Do giraffes like jazz?")
    company.work()
    with company.database.read() as session:
        runs = history.of_ticket(session, company.id, ticket.id)
        made = [decisions.of_run(session, company.id, run.id) for run in runs]
        written = session.execute(
            select(func.count()).where(message.c.ticket_id == ticket.id, message.c.author == "agent")
        ).scalar_one()
    assert all(made)
    assert written == 2
