"""A stored decision comes out the same, byte for byte, whatever happened since; what somebody altered is found."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_harness import CLEAR, NOVEL, TOPICS, Company, words
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from replay_harness import (
    TICKETS,
    differing,
    ended_certificate,
    everything,
    made,
    nothing,
    opened,
    other_answers,
    other_settings,
    replayed,
    rows,
    tampered,
    watched,
)
from sqlalchemy import delete, select, update

from ticketflow.agent import experiments
from ticketflow.agent.experience import UNTAUGHT
from ticketflow.agent.replay import ABSENT, Configuration, differences, replay, under
from ticketflow.db.tables import artefact, artefact_part, case, decision, run
from ticketflow.domain import Action, Stage
from ticketflow.errors import Conflict, NotFound
from ticketflow.learning import training
from ticketflow.store.tickets import NewTicket
from ticketflow.testing import HashEncoder


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Company]:
    company = opened(tmp_path / "lived")
    yield company
    company.close()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (nothing, None),
        (other_answers, "knowledge"),
        (other_settings, "level"),
        (ended_certificate, "certificate_id"),
        (watched(Stage.AMBER), "stage"),
        (watched(Stage.RED), "stage"),
        (everything, "version"),
    ],
    ids=["nothing", "answers", "settings", "certificate", "amber", "red", "everything"],
)
def test_every_decision_comes_out_the_same_whatever_happened_since(
    lived: Company, change: Callable[[Company], None], path: str | None
) -> None:
    change(lived)
    before = rows(lived)
    for name in TICKETS:
        told = replayed(lived, name)
        assert (differing(told), told.altered, told.same) == ([], [], True), name
        assert {step.step: step.same for step in told.steps} == {
            "ingest": True,
            "vector": True,
            "search": None,
            "analyze": True,
            "decide": True,
            "record": True,
        }
    assert rows(lived) == before, "nothing is written"
    today = under(lived.deps, lived.id, made(lived, "resolved").id, Configuration(now=True))
    assert (path is None) == (today.differences == [])
    assert path is None or path in {one.path for one in today.differences}, "what changed matters"


def test_the_sample_holds_one_of_each(lived: Company) -> None:
    actions = {name: made(lived, name).decision.action for name in TICKETS}
    assert [actions.pop(name) for name in ("resolved", "mixed")] == [Action.RESOLVE] * 2
    assert set(actions.values()) == {Action.ESCALATE}
    assert "The message holds no words to go by." in made(lived, "wordless").decision.reasons


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.sampled_from([text for topic in TOPICS for text in (*topic.problems, *topic.details)]),
        min_size=0,
        max_size=5,
    ),
    noise=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
    rules=st.fixed_dictionaries(
        {
            "level": st.sampled_from(["auto", "assist", "shadow"]),
            "max_wrong": st.sampled_from([0.05, 0.1, 0.2]),
            "category_max_wrong": st.sampled_from([{}, {"account": 0.3}]),
            "audit_share": st.sampled_from([0.0, 0.3, 1.0]),
        }
    ),
    stages=st.tuples(st.sampled_from(Stage), st.sampled_from(Stage)),
)
def test_any_ticket_under_any_rules_comes_out_the_same(
    lived: Company, parts: list[str], noise: str, rules: dict[str, Any], stages: tuple[Stage, Stage]
) -> None:
    lived.set(**rules)
    for segment, stage in zip(("", "account"), stages, strict=True):
        watched(stage, segment)(lived)
    ticket = lived.handle(NewTicket(subject=noise[:9], body=f"{'. '.join(parts)} {noise} x"))
    lived.set(level="auto", max_wrong=0.1, category_max_wrong={}, audit_share=0.1)
    watched(Stage.GREEN)(lived)
    told = replayed(lived, ticket.id)
    assert (differing(told), told.same) == ([], True)


def test_a_decision_made_before_anything_was_learned_comes_out_the_same_after(newcomer: Company) -> None:
    first = newcomer.handle(CLEAR)
    newcomer.publish(TOPICS[0])
    second = newcomer.handle(CLEAR)
    assert newcomer.decision(second.id).decision.version == UNTAUGHT
    for topic in TOPICS[1:]:
        newcomer.resolved(words(topic), newcomer.publish(topic), topic.category)
    newcomer.refit()
    for ticket in (first, second):
        assert replayed(newcomer, ticket.id).same


def test_the_sides_of_a_stopped_experiment_are_kept(lived: Company) -> None:
    with lived.database.write() as session:
        plan = experiments.plan("strict", "threshold", "certified", 0.99999, share=1.0)
        started = experiments.start(session, lived.id, plan, "eve")
    tickets = [lived.handle(CLEAR)]
    variants = [made(lived, tickets[0].id).decision.variants[started.id]]
    while set(variants) != {"control", "treatment"}:
        tickets.append(lived.handle(CLEAR))
        variants.append(made(lived, tickets[-1].id).decision.variants[started.id])
    with lived.database.write() as session:
        experiments.stop(session, lived.id, started.id, "eve")
    for ticket, side in zip(tickets, variants, strict=True):
        before = made(lived, ticket.id)
        assert (before.decision.action is Action.RESOLVE) == (side == "control")
        assert replayed(lived, ticket.id).same
        today = under(lived.deps, lived.id, before.id, Configuration(now=True)).after.decision
        assert (today.action, today.variants) == (Action.RESOLVE, {})


def test_the_weights_of_a_stopped_experiment_are_kept(lived: Company) -> None:
    with lived.database.write() as session:
        weights = {"similarity": 0.3, "lexical": 1.0}
        started = experiments.start(session, lived.id, experiments.plan("words", "fusion", "learned", weights), "eve")
    tickets = [lived.handle(CLEAR) for _ in range(6)]
    with lived.database.write() as session:
        experiments.stop(session, lived.id, started.id, "eve")
    for ticket in tickets:
        before = made(lived, ticket.id)
        assert (before.decision.action is Action.RESOLVE) == (before.decision.variants[started.id] == "control")
        assert replayed(lived, ticket.id).same


def test_a_refit_that_learns_the_same_score_but_other_categories_changes_no_past_decision(
    lived: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[Any] = []
    fit_and_judge = training.fit_and_judge

    def once(*given: Any) -> Any:
        learned.append(learned[0] if learned else fit_and_judge(*given))
        return learned[-1]

    monkeypatch.setattr(training, "fit_and_judge", once)
    ended_certificate(lived)
    assert lived.refit().in_force
    before = made(lived, lived.handle(CLEAR).id)
    with lived.database.write() as session:
        session.execute(update(case).where(case.c.category == "account").values(category="login"))
    lived.refit()
    told = replayed(lived, before.id)
    assert (differing(told), told.same) == ([], True)


@pytest.mark.parametrize(
    ("step", "change", "path", "altered"),
    [
        ("ingest", lambda out: out.update(redactions=7), "ingest: redactions", "search"),
        ("search", lambda out: out["cases"].clear(), "analyze: candidates.0.features", "analyze"),
        ("analyze", lambda out: out["candidates"][0].update(score=9.5), "analyze: candidates.0.score", "decide"),
        ("analyze", lambda out: out["category"].update(value="music"), "analyze: category.value", "decide"),
        ("decide", lambda out: out.update(confidence=0.5), "decide: confidence", "execute"),
        ("decide", lambda out: out["reasons"].append("Because."), "decide: reasons.1", "execute"),
        ("decide", lambda out: out["variants"].update(x="control"), "decide: variants.x", "execute"),
        ("search", lambda out: out["variants"].update(x="control"), None, "decide"),
        ("decide", lambda out: out["rules"]["settings"].update(max_wrong=0.2), "record: decision.rules", "execute"),
    ],
)
def test_a_tampered_output_is_found_with_its_path(
    lived: Company, step: str, change: Callable[[dict[str, Any]], object], path: str | None, altered: str
) -> None:
    tampered(lived, "resolved", step, change)
    if path is None:
        with pytest.raises(NotFound, match="its experiment x is not stored"):
            replayed(lived, "resolved")
        return
    told = replayed(lived, "resolved")
    assert not told.same
    assert any(one.startswith(path) for one in differing(told)), differing(told)
    assert altered in told.altered


def test_a_coin_that_was_turned_is_found(lived: Company) -> None:
    for name in TICKETS:
        tampered(lived, name, "ingest", lambda out: out.update(audited=not out["audited"]))
        told = replayed(lived, name)
        assert not told.same, "the digests tell"
        assert told.altered
        assert differing(told) == ["ingest: audited"]


def test_a_tampered_trigger_and_a_tampered_row_are_found(lived: Company) -> None:
    found = made(lived, "resolved")
    with lived.database.write() as session:
        body = session.execute(select(decision.c.body).where(decision.c.id == found.id)).scalar_one()
        body["decision"]["label"] = "refund"
        session.execute(update(decision).where(decision.c.id == found.id).values(body=body))
    told = replayed(lived, "resolved")
    assert (differing(told), told.same) == (["record: decision.label"], False)
    other = made(lived, "novel")
    with lived.database.write() as session:
        payload = session.execute(select(run.c.payload).where(run.c.id == other.run_id)).scalar_one()
        session.execute(update(run).where(run.c.id == other.run_id).values(payload={**payload, "words": "My parcel?"}))
    told = replayed(lived, "novel")
    assert "ingest: text" in differing(told)
    assert (told.altered, told.same) == (["ingest"], False)


def test_another_secret_throws_other_coins(lived: Company) -> None:
    lived.set(audit_share=0.25)
    watched(Stage.AMBER)(lived)  # doubles the share
    tickets = [lived.handle(NOVEL) for _ in range(20)]
    assert all(replayed(lived, ticket.id).same for ticket in tickets)
    (lived.folder / "secret.key").write_bytes(b"another secret of thirty-two bytes or more")
    stranger = Company(lived.folder)
    told = [replayed(stranger, ticket.id) for ticket in tickets]
    stranger.close()
    assert {path for one in told for path in differing(one)} == {"ingest: audited"}


def test_a_vector_that_was_only_rounded_differently_counts_as_the_same(lived: Company) -> None:
    class Shaky(HashEncoder):
        def encode(self, texts: Any, role: Any = None) -> Any:
            found = super().encode(texts)
            found[:, 0] += 1e-3
            return found

    class Other(HashEncoder):
        def encode(self, texts: Any, role: Any = None) -> Any:
            return -super().encode(texts)

    class Newer(HashEncoder):
        def __init__(self) -> None:
            super().__init__(32)

    seen: dict[str, tuple[bool, bool | None]] = {}
    for encoder in (Shaky(), Other(), Newer()):
        company = Company(lived.folder, encoder=encoder)
        told = replayed(company, "resolved")
        vector = next(step for step in told.steps if step.step == "vector")
        assert vector.note
        seen[type(encoder).__name__] = (told.same, vector.same)
        if isinstance(encoder, Newer):
            decision_id = made(company, "resolved").id
            assert under(company.deps, company.id, decision_id, Configuration(settings={"level": "assist"}))
            with pytest.raises(Conflict, match="hash-64, today's evidence with hash-32"):
                under(company.deps, company.id, decision_id, Configuration(now=True))
        company.close()
    assert seen == {"Shaky": (True, False), "Other": (False, False), "Newer": (True, None)}


def test_a_decision_is_named_by_its_id_or_its_tickets(lived: Company) -> None:
    first = made(lived, "resolved")
    assert made(lived, first.id) == made(lived, first.ticket_id) == first
    lived.say(first.ticket_id, "Thanks. Now the courier has not come, tracking shows no movement for my parcel.")
    lived.work()
    newer = made(lived, "resolved")
    assert newer.id != first.id
    assert made(lived, first.id) == first
    for one in (first, newer):
        assert replay(lived.deps, lived.id, one.id).same
    with pytest.raises(NotFound, match="no decision 'unknown', and no ticket"):
        made(lived, "unknown")
    with pytest.raises(NotFound):
        replay(lived.deps, lived.id, "unknown")
    rival = Company(lived.folder, slug="rival")
    with pytest.raises(NotFound):
        replay(rival.deps, rival.id, first.id)
    rival.close()


def test_what_is_missing_is_said(lived: Company) -> None:
    found = made(lived, "resolved")
    now = Configuration(now=True)
    watched(Stage.GREEN)(lived)

    def forget(*where: Any) -> None:
        with lived.database.write() as session:
            session.execute(delete(artefact).where(*where))

    forget(artefact.c.kind == "answers")
    with pytest.raises(NotFound, match=f"what it knew of its answers \\({found.decision.knowledge}\\)"):
        replay(lived.deps, lived.id, found.id)
    assert under(lived.deps, lived.id, found.id, now).before.decision == found.decision
    forget(artefact.c.kind == "decision")
    with pytest.raises(NotFound, match=f"its score version {found.decision.version} is not stored"):
        replay(lived.deps, lived.id, found.id)


def test_what_is_damaged_is_said(lived: Company) -> None:
    with lived.database.write() as session:
        session.execute(update(artefact_part).values(data=b"no zip"))
    with pytest.raises(Conflict, match=r"are damaged in the database\. Restore a backup"):
        replayed(lived, "resolved")
    tampered(lived, "novel", "ingest", lambda out: out.pop("text"))
    with pytest.raises(Conflict, match=r"step 'ingest' \(version 1\) stored cannot be read"):
        replayed(lived, "novel")


def test_a_decision_from_before_replay_says_so(lived: Company) -> None:
    tampered(lived, "resolved", "decide", lambda out: [out.pop(name) for name in ("rules", "knowledge", "variants")])
    with pytest.raises(NotFound, match=r"it predates replay.*--now"):
        replayed(lived, "resolved")
    told = under(lived.deps, lived.id, made(lived, "resolved").id, Configuration(now=True))
    assert told.after.decision.action is Action.RESOLVE


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers(0, 3) | st.floats(0, 1) | st.text(max_size=2),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=6,
    ),
    other=st.recursive(
        st.none() | st.integers(0, 3), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner)
    ),
)
def test_differences_are_none_for_the_same_bytes_only(value: Any, other: Any) -> None:
    def text(one: Any) -> str:
        return json.dumps(one, sort_keys=True)

    assert list(differences(value, json.loads(json.dumps(value)))) == []
    assert (list(differences(value, other)) == []) == (text(value) == text(other))


def test_a_difference_names_the_path_and_what_is_absent() -> None:
    told = list(differences({"a": [1, {"b": 2}], "c": None}, {"a": [1, {"b": 3}, 4]}))
    assert [(one.path, one.before, one.after) for one in told] == [
        ("a.1.b", 2, 3),
        ("a.2", ABSENT, 4),
        ("c", None, ABSENT),
    ]
