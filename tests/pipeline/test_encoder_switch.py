"""Another encoder comes into force, over a real socket: nothing is mixed, nothing is lost, and there is a way back."""

from collections.abc import Iterator
from pathlib import Path

import agent_harness
import pytest
from agent_harness import CLEAR, TOPICS, Company, words
from pydantic import HttpUrl

from ticketflow.agent import learn, switching
from ticketflow.agent.pipeline import TICKET_WORKFLOW
from ticketflow.config import EncoderProvider
from ticketflow.db.tables import chunk
from ticketflow.domain import Action, ChunkKind, Intake
from ticketflow.errors import Conflict, EncoderSwitched, EncoderUnavailable, InvalidInput
from ticketflow.knowledge import reencoding
from ticketflow.retrieval import reembedding
from ticketflow.store import encoders
from ticketflow.store.encoders import EncoderState
from ticketflow.store.tickets import NewTicket
from ticketflow.testing import HashEncoder, Mode, ModelServer
from ticketflow.workflow import history
from ticketflow.workflow.runner import Runner

DIMENSION = 96
OLD, NEW = "hash-64", f"openai:small@{DIMENSION}"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, and no other process has to notice anything."""
    monkeypatch.setattr(switching, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr("ticketflow.agent.minds.LOOK_AGAIN", 0)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture
def company(tmp_path: Path, server: ModelServer) -> Iterator[Company]:
    """The company that has learned, with another encoder to be had."""
    provider = EncoderProvider(
        name="hosted", kind="openai", model="small", base_url=HttpUrl(server.url), dimension=DIMENSION, seconds=1.0
    )
    opened = Company(tmp_path, agent_harness.made(agent_harness.teach), encoders=[provider])
    yield opened
    opened.close()


def switched(company: Company, name: str = "hosted") -> str:
    run_id = switching.begin(company.deps, company.id, name, company.runtime.make_encoder)
    company.work()
    return run_id


def states(company: Company) -> dict[str, EncoderState]:
    with company.database.read() as session:
        return {one.id: one.state for one in encoders.every(session)}


def intake(company: Company, ticket_id: str) -> Intake:
    with company.database.read() as session:
        (run,) = history.of_ticket(session, company.id, ticket_id)
        return Intake.model_validate(history.outputs(session, company.id, run.id)["ingest"].output)


def lacking(company: Company, encoder_id: str) -> int:
    with company.database.read() as session:
        counted = reembedding.count(session, encoder_id)
    return counted.total - counted.done


def test_after_the_switch_everything_goes_by_the_new_encoder(company: Company) -> None:
    before = company.handle(CLEAR)
    switched(company)
    assert states(company) == {NEW: EncoderState.ACTIVE, OLD: EncoderState.KEPT}
    assert lacking(company, NEW) == 0
    after = company.handle(CLEAR)
    assert (intake(company, before.id).encoder, intake(company, after.id).encoder) == (OLD, NEW)
    first, second = (company.decision(ticket.id).decision for ticket in (before, after))
    assert (first.action, second.action, second.label) == (Action.RESOLVE, Action.RESOLVE, first.label)
    assert first.version != second.version, "a score is learned with an encoder's vectors"
    certificate = company.live()
    assert certificate is not None
    assert certificate.version == second.version, "and proven with them"


def test_no_vector_of_one_encoder_is_compared_with_another_ones(company: Company) -> None:
    text = intake(company, company.handle(CLEAR).id).text
    switched(company)
    old, new = (company.deps.minds.of(name) for name in (OLD, NEW))
    for mind in (old, new):
        vector = mind.encoder.encode([text])[0]
        with company.database.read() as session:
            hits = mind.search.neighbours(session, company.workspace, vector, ChunkKind.TICKET, 1)
        assert [hit.similarity for hit in hits] == [pytest.approx(1.0, abs=2e-3)], mind.encoder.id


def test_the_way_back_needs_no_vectors_anew(company: Company, server: ModelServer) -> None:
    before = company.decision(company.handle(CLEAR).id).decision
    switched(company)
    company.handle(NewTicket(body=words(TOPICS[1])[3]))
    assert lacking(company, OLD) > 0
    run_id = switched(company, "minilm")
    assert states(company) == {OLD: EncoderState.ACTIVE, NEW: EncoderState.KEPT}
    embedded = switching.Embedded.model_validate(company.steps(run_id)[0].output)
    assert embedded.chunks == 1, "only what came meanwhile"
    asked = len(server.requests)
    again = company.decision(company.handle(CLEAR).id).decision
    assert (again.action, again.label) == (before.action, before.label)
    assert len(server.requests) == asked
    switched(company)
    assert states(company)[NEW] is EncoderState.ACTIVE


def test_a_ticket_under_way_is_finished_with_the_encoder_that_read_it(company: Company) -> None:
    known = company.deps.experience.get(company.id)
    ticket, _ = company.open(CLEAR)

    def switch_meanwhile(point: str) -> None:
        if point == "computed:search":
            switching.begin(company.deps, company.id, "hosted", company.runtime.make_encoder)
            while company.runtime.runner.run_one([switching.SWITCH]):
                pass
            company.clock.advance(1)

    company.runner(switch_meanwhile).run_one(["ticket"])
    assert states(company)[NEW] is EncoderState.ACTIVE
    assert intake(company, ticket.id).encoder == OLD
    made = company.decision(ticket.id).decision
    assert made.version == known.version
    assert made.action is Action.ESCALATE, "the proof of the score before the switch has ended"


def test_what_a_process_wrote_that_had_not_noticed_is_completed(company: Company) -> None:
    ticket, _ = company.open(CLEAR)
    unaware = company.deps.pinned()
    switching.begin(company.deps, company.id, "hosted", company.runtime.make_encoder)
    while company.runtime.runner.run_one([switching.SWITCH]):
        pass
    Runner(company.database, unaware, [TICKET_WORKFLOW], lease_seconds=30, max_attempts=5).run_one()
    assert intake(company, ticket.id).encoder == OLD
    assert lacking(company, NEW) == 1
    company.clock.advance(60)
    company.work()
    assert lacking(company, NEW) == 0
    with company.database.read() as session:
        assert len(history.of_workspace(session, company.id, workflow=reencoding.COMPLETE, limit=5)) == 1


def test_a_case_of_a_ticket_read_before_the_switch_gets_the_new_vector(company: Company) -> None:
    ticket = company.handle(CLEAR)
    switched(company)
    company.judge(ticket.id, kind="right")
    assert lacking(company, NEW) == 1
    company.clock.advance(60)
    company.work()
    assert lacking(company, NEW) == 0


@pytest.mark.parametrize("mode", [Mode.FAILING, Mode.RESET, Mode.UNAUTHORISED])
def test_a_ticket_that_the_encoder_cannot_read_goes_to_a_human_and_is_completed_later(
    company: Company, server: ModelServer, mode: Mode
) -> None:
    switched(company)
    server.mode = mode
    ticket = company.handle(CLEAR)
    made = company.decision(ticket.id)
    assert made.decision.action is Action.ESCALATE
    assert any("sentence encoder gave no answer" in reason for reason in made.decision.reasons)
    assert made.decision.label is not None, "its words still lead to past tickets"
    assert lacking(company, NEW) == 1
    server.mode = Mode.GOOD
    company.clock.advance(60)
    company.work()
    assert lacking(company, NEW) == 0
    company.deps.minds.current().breaker.succeeded()
    assert company.decision(company.handle(CLEAR).id).decision.action is Action.RESOLVE


def test_an_encoder_that_does_not_answer_is_not_begun_with(company: Company, server: ModelServer) -> None:
    server.mode = Mode.UNAUTHORISED
    with pytest.raises(EncoderUnavailable, match="key"):
        switched(company)
    assert states(company) == {}
    with pytest.raises(InvalidInput, match="no encoder 'other'"):
        switched(company, "other")
    with pytest.raises(Conflict, match="in force already"):
        switching.begin(company.deps, company.id, "minilm", lambda _name: HashEncoder())


def test_a_switch_that_fails_leaves_all_as_it_was_and_the_next_goes_on_there(
    company: Company, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "BATCH", 16)
    switching.begin(company.deps, company.id, "hosted", company.runtime.make_encoder)
    server.script = [Mode.GOOD] * 3
    server.mode = Mode.UNAUTHORISED
    for _ in range(20):
        company.work()
        company.clock.advance(3600)
    assert states(company) == {OLD: EncoderState.ACTIVE, NEW: EncoderState.KEPT}
    with company.database.read() as session:
        (kept,) = (one for one in encoders.every(session) if one.id == NEW)
    assert "key" in (kept.error or "")
    left = lacking(company, NEW)
    assert left > 0
    assert company.decision(company.handle(CLEAR).id).decision.action is Action.RESOLVE
    server.mode = Mode.GOOD
    run_id = switched(company)
    assert states(company)[NEW] is EncoderState.ACTIVE
    assert switching.Embedded.model_validate(company.steps(run_id)[0].output).chunks == left + 1


def test_a_cancelled_switch_changes_nothing(company: Company) -> None:
    switching.begin(company.deps, company.id, "hosted", company.runtime.make_encoder)
    with pytest.raises(Conflict, match="A switch to the encoder 'hosted' is under way"):
        switching.begin(company.deps, company.id, "other", lambda _name: HashEncoder(32))
    assert switching.cancel(company.deps, company.id).name == "hosted"
    company.work()
    assert states(company)[OLD] is EncoderState.ACTIVE
    with pytest.raises(InvalidInput, match="under way"):
        switching.cancel(company.deps, company.id)


def test_what_was_learned_with_the_encoder_before_is_not_put_in_force(company: Company) -> None:
    unaware = company.deps.pinned()
    switched(company)
    now = company.newest_version()
    with pytest.raises(EncoderSwitched):
        learn.refit(unaware, company.id)
    assert company.newest_version() == now


def test_every_chunk_has_its_own_text_embedded(company: Company) -> None:
    switched(company)
    mind = company.deps.minds.of(NEW)
    with company.database.read() as session:
        rows = session.execute(chunk.select()).all()
    for row in rows[::20]:
        vector = mind.encoder.encode([f"{row.title}\n{row.text}".strip() if row.title else row.text])[0]
        with company.database.read() as session:
            cosine = mind.search.index.cosines(session, [row.id], vector)
        assert cosine[row.id] > 0.9
