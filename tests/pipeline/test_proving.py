"""Score versions and their proofs: what replaces what, what each look costs, and what a proof does not cover."""

from collections.abc import Iterator
from pathlib import Path

import agent_harness
import numpy as np
import pytest
from agent_harness import CLEAR, NOVEL, TOPICS, Company, teach, words
from audit_harness import drawn, graded, more_history
from sqlalchemy import func, select

from ticketflow.agent import audits, certifying, proving
from ticketflow.agent.remembering import ANSWERS, with_past_answers
from ticketflow.db.tables import artefact
from ticketflow.domain import AnswerStatus, FeedbackKind, TicketStatus
from ticketflow.errors import NotFound
from ticketflow.knowledge import publishing
from ticketflow.learning import refitting
from ticketflow.learning.holding_out import Graded
from ticketflow.store import artefacts, certificates
from ticketflow.store.certificates import NewCertificate
from ticketflow.store.feedback import NewFeedback
from ticketflow.store.tickets import NewTicket

DAY = 86_400


def refit_without_labels(company: Company) -> bool:
    """Learn anew with nothing held out, as from a history that is too short for it; whether that is in force."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refitting, "held_out", lambda *_: np.zeros(0, np.int64))
        company.clock.advance(1)
        return company.refit().in_force


def version(company: Company) -> str:
    company.clock.advance(1)
    return company.deps.experience.get(company.id).version


def test_a_refit_keeps_tickets_back_and_tries_its_first_certificate_on_them(company: Company) -> None:
    with company.database.read() as session:
        now = refitting.in_force(session, company.id)
        assert now is not None
        held = Graded.from_arrays(artefacts.load(session, company.id, now.id))
    assert now.provenance["held_out"] == len(held.right) == 30
    (made,) = company.looks()
    assert (made.look, made.labels, made.source, made.live) == (1, 30, "history", True)
    assert set(held.categories.tolist()) <= {topic.category for topic in TOPICS}
    assert len(set(held.categories.tolist())) == 4, "a file in blocks of one topic each, and all are among them"


def test_tickets_that_came_back_from_people_are_learned_from_and_not_judged(company: Company) -> None:
    for topic in TOPICS[:3]:
        for text in words(topic)[:3]:
            company.judge(company.handle(NewTicket(body=f"{text} Once more.")).id, kind="right")
    encoder = company.deps.encoder
    with company.database.read() as session:
        history = refitting.read(session, encoder, company.id)
    kept = refitting.tickets_held_out(history)
    assert len(history.cases) == 159
    assert len(kept) == 30
    assert all(history.cases[int(row)].ticket_id is None for row in kept)


def test_what_is_proven_stays_until_the_next_is_proven_as_well(company: Company) -> None:
    before, live = version(company), company.live()
    assert not refit_without_labels(company)
    assert version(company) == before
    assert company.live() == live
    assert company.newest_version() != before
    assert company.looks()[-1].version == company.newest_version()
    assert not company.looks()[-1].live
    ticket = company.handle(CLEAR)
    assert ticket.status is TicketStatus.RESOLVED
    assert company.decision(ticket.id).decision.version == before


def test_a_version_that_is_proven_replaces_the_one_in_force_and_its_certificate(company: Company) -> None:
    before, live = version(company), company.live()
    assert live is not None
    more_history(company)
    assert company.refit().in_force
    now = company.live()
    assert now is not None
    assert (version(company), now.version) == (company.newest_version(), company.newest_version())
    assert version(company) != before
    with company.database.read() as session:
        ended = certificates.get(session, company.id, live.id)
    assert (ended.live, ended.ended_because) == (False, proving.NEW_VERSION)


def test_learning_the_same_again_spends_no_look_on_the_same_labels(company: Company) -> None:
    encoder = company.deps.encoder
    with company.database.read() as session:
        history = refitting.read(session, encoder, company.id)
    taught = refitting.learn(history, [], lambda *_: None, 1)
    with company.database.write() as session:
        assert proving.settle(session, company.id, taught, history.settings)
    looks, live = company.looks(), company.live()
    for _ in range(3):
        company.clock.advance(1)
        with company.database.write() as session:
            assert proving.settle(session, company.id, taught, history.settings)
    assert company.looks() == looks
    assert company.live() == live
    company.look()
    assert company.looks() == looks, "and nobody waits to be adopted"
    with company.database.write() as session:
        assert proving.settle(session, company.id, taught, history.settings.model_copy(update={"max_wrong": 0.2}))
    assert len(company.looks()) == len(looks) + 1, "another question is worth one"


def waiting(company: Company) -> None:
    """A candidate waits for its proof; 36 tickets that it would answer alike wait for their grades."""
    teach(company)
    assert not refit_without_labels(company)
    company.set(audit_share=1.0)
    for _ in range(36):
        company.handle(CLEAR)


@pytest.fixture
def contender(tmp_path: Path) -> Iterator[Company]:
    opened = Company(tmp_path, agent_harness.made(waiting))
    yield opened
    opened.close()


def open_tickets(company: Company) -> list[str]:
    with company.database.read() as session:
        return [sample.ticket_id for sample in proving.samples.since(session, company.id, 0)]


def test_a_candidate_is_adopted_when_audits_prove_it(contender: Company) -> None:
    before, candidate = version(contender), contender.newest_version()
    assert not contender.look().adopted, "nothing is graded"
    *most, last = open_tickets(contender)
    for ticket_id in most[:19]:
        contender.grade(ticket_id, "right")
    seen = len(contender.looks())
    assert not contender.look().adopted
    assert len(contender.looks()) == seen, "nineteen can prove nothing, so no look is spent on them"
    for ticket_id in [*most[19:], last]:
        contender.grade(ticket_id, "right")
    assert version(contender) == before
    assert contender.look().adopted
    assert version(contender) == candidate
    live = contender.live()
    assert live is not None
    assert (live.version, live.source, live.labels, live.errors, live.look) == (candidate, "audit", 36, 0, 1)
    assert contender.handle(CLEAR).status is TicketStatus.RESOLVED
    assert not contender.look().adopted, "nobody waits any more"


def test_a_candidate_that_would_have_been_wrong_is_not_adopted(contender: Company) -> None:
    for ticket_id in open_tickets(contender):
        contender.grade(ticket_id, "wrong", right_answer_id=contender.answer("refund").id)
    contender.look()
    assert version(contender) != contender.newest_version()


def test_late_grades_heal_nothing_for_the_candidate_either(contender: Company) -> None:
    tickets = open_tickets(contender)
    for ticket_id in tickets[:33]:
        contender.grade(ticket_id, "right")
    contender.clock.advance(15 * DAY)
    with contender.database.write() as session:
        assert audits.close_overdue(session, contender.id) == 3
    for ticket_id in tickets[33:]:
        contender.grade(ticket_id, "wrong", right_answer_id=contender.answer("password").id)
    assert not contender.look().adopted
    assert contender.looks()[-1].errors == 3
    assert version(contender) != contender.newest_version()


def test_a_candidate_is_not_looked_at_again_without_new_labels(company: Company) -> None:
    """However many of its tickets are of categories that do not count."""
    company.set(sensitive=["billing"], audit_share=1.0)
    more_history(company)
    assert company.refit().in_force
    assert company.look().proven == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refitting, "held_out", lambda *_: np.arange(40, 60))  # half of these are billing's
        company.clock.advance(1)
        assert not company.refit().in_force
    seen = company.looks()
    assert seen[-1].version == company.newest_version()
    assert 0 < proving.GROWTH * seen[-1].labels < 20
    for _ in range(3):
        company.look()
    company.grade(company.handle(CLEAR).id, "right")
    company.look()
    assert company.looks() == seen


def test_each_look_is_counted_and_costs_its_part(company: Company) -> None:
    for _ in range(3):
        proving.prove(company.deps, company.id)
    looks = company.looks()
    assert [one.look for one in looks] == [1, 2, 3, 4]
    assert [one.spent for one in looks] == sorted((one.spent for one in looks), reverse=True)
    assert sum(one.spent for one in looks) <= 0.2
    assert looks[0].threshold is not None
    assert looks[-1].threshold is None, "the same labels prove less"
    assert company.live() is not None, "what was proven once stays proven"


def test_a_proof_of_a_segment_leaves_the_others_alone(company: Company) -> None:
    company.set(category_max_wrong={"billing": 0.1})
    made = proving.prove(company.deps, company.id, "billing")
    assert [(one.segment, one.look) for one in made] == [("billing", 1)]
    assert made[0].labels < 15
    assert len(company.looks()) == 2


def test_nothing_learned_is_nothing_to_prove(newcomer: Company) -> None:
    assert proving.prove(newcomer.deps, newcomer.id) == []
    assert newcomer.look().proven == []
    assert newcomer.looks() == []


def test_no_look_is_spent_while_all_is_well(company: Company) -> None:
    graded(company, [True] * 100)
    for _ in range(3):
        company.look()
    assert len(company.looks()) == 1


def test_stricter_settings_stop_automation_until_a_certificate_fits(company: Company) -> None:
    company.set(max_wrong=0.05, audit_share=0.0)
    assert company.handle(CLEAR).status is TicketStatus.ESCALATED
    assert company.look().proven == []
    refused = company.looks()[-1]
    assert (refused.alpha, refused.threshold, refused.look) == (0.05, None, 2)
    company.look()
    assert len(company.looks()) == 2, "once for the new share, and again when there is more to see"
    told = company.decision(company.handle(CLEAR).id).decision.reasons
    assert any("more graded tickets" in reason for reason in told)
    for _ in range(20):
        graded(company, [True] * 20)
        if company.look().proven:
            break
    live = company.live()
    assert live is not None
    assert (live.alpha, live.source) == (0.05, "history and audit")
    assert len(company.looks()) == 3, "the refusal told how many it takes"
    assert company.handle(CLEAR).status is TicketStatus.RESOLVED


def test_after_a_refusal_a_look_waits_for_a_fifth_more_labels(company: Company) -> None:
    company.set(max_wrong=0.05)
    graded(company, ([True] * 9 + [False]) * 20, automatic=False)
    company.look()
    seen = len(company.looks())
    counted = company.looks()[-1].labels
    assert company.looks()[-1].threshold is None
    graded(company, [True] * (counted // 5 - 1), automatic=False)
    company.look()
    assert len(company.looks()) == seen
    graded(company, [False] * 2, automatic=False)
    for _ in range(2):
        company.look()
    assert len(company.looks()) <= seen + 1


def test_looser_settings_need_no_new_proof(company: Company) -> None:
    company.set(max_wrong=0.2)
    company.look()
    assert len(company.looks()) == 1


def test_a_refit_that_comes_in_between_is_not_undone(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    real = proving.segments.segments

    def meanwhile(rules: proving.Settings) -> list[str]:
        monkeypatch.undo()
        more_history(company)
        assert company.refit().in_force
        return real(rules)

    monkeypatch.setattr(proving.segments, "segments", meanwhile)
    assert proving.prove(company.deps, company.id) == []
    live = company.live()
    assert live is not None
    assert live.version == version(company)


EMPTY = NewTicket(subject="", body="...")


@pytest.mark.parametrize("new", [NOVEL, EMPTY], ids=["alien", "empty"])
def test_a_proof_on_answered_tickets_does_not_answer_what_no_answer_fits(company: Company, new: NewTicket) -> None:
    live = company.live()
    assert live is not None
    assert live.threshold is not None
    assert live.source == "history"
    ticket = company.handle(new)
    decision = company.decision(ticket.id).decision
    assert company.replies(ticket.id) == []
    assert decision.threshold is not None
    assert decision.threshold > live.threshold
    assert decision.confidence < decision.threshold
    assert decision.confidence >= live.threshold, "the certificate alone would have let it pass"


def test_the_guard_goes_with_a_proof_on_audits_and_not_with_a_single_one(company: Company) -> None:
    live = company.live()
    assert live is not None
    known = live.model_dump(include=set(NewCertificate.model_fields))
    for source, guarded in (("history and audit", True), ("audit", False)):
        with company.database.write() as session:
            certificates.add(session, company.id, NewCertificate.model_validate(known | {"source": source}), live=True)
        threshold = company.decision(company.handle(CLEAR).id).decision.threshold
        assert (threshold != live.threshold) == guarded


def test_an_analysis_is_decided_with_the_experience_it_was_made_with(company: Company) -> None:
    cache = company.deps.experience
    before = cache.get(company.id)
    cache.keep(before)
    change_password(company)
    company.clock.advance(1)
    now = cache.get(company.id)
    assert now.knowledge != before.knowledge
    assert cache.of_analysis(company.id, before.version, before.knowledge) is before
    assert cache.of_analysis(company.id, now.version, now.knowledge) is now
    assert cache.of_analysis(company.id, "unheard of", before.knowledge) is now


def change_password(company: Company) -> None:
    publishing.change_answer(
        company.database,
        company.deps.encoder,
        company.id,
        company.answer("password").id,
        "eve",
        body="Write to the trumpet department.",
        status=AnswerStatus.DRAFT,
    )


def test_answers_are_kept_once_for_each_state_and_come_back_as_they_were(company: Company) -> None:
    before = company.deps.experience.get(company.id)
    elsewhere = Company(company.folder)
    for cache in (company.deps.experience, company.deps.experience, elsewhere.deps.experience):
        cache.keep(cache.get(company.id))
    elsewhere.close()
    assert kept(company) == 1
    change_password(company)
    company.clock.advance(1)
    now = company.deps.experience.get(company.id)
    company.deps.experience.keep(now)
    assert kept(company) == 2
    with company.database.read() as session:
        past = with_past_answers(session, now, before.knowledge)
        with pytest.raises(NotFound):
            with_past_answers(session, now, "unheard of")
    assert past.knowledge == before.knowledge, "the same to the last bit"
    assert [answer.status for answer in past.answers] == [answer.status for answer in before.answers]
    assert (past.vectors == before.vectors).all()
    assert past.version == now.version


def kept(company: Company) -> int:
    with company.database.read() as session:
        return session.execute(select(func.count()).where(artefact.c.kind == ANSWERS)).scalar_one()


def test_complaints_alone_never_prove_anything(company: Company) -> None:
    """One reply in eight is wrong, six in ten of these draw a complaint, and nobody grades. Counting silence as
    success would certify that at most one in ten is wrong; counting it as it is counted never does."""
    with company.database.write() as session:
        certificates.end(session, company.id, None, "Only what is audited shall count.")
    assert refit_without_labels(company)
    rng = np.random.default_rng(8)
    wrong = rng.random(800) < 0.125
    complained = wrong & (rng.random(800) < 0.6)
    ids = drawn(company, rng.uniform(0.99, 0.9999, 800).tolist())
    with company.database.write() as session:
        for decision_id in np.array(ids)[complained].tolist():
            said = NewFeedback(kind=FeedbackKind.REOPENED)
            audits.hear(session, company.id, decision_id, said, "customer", error=True)
    for _ in range(20):
        company.clock.advance(DAY)
        assert company.look().proven == []
    assert company.live() is None
    assert all(one.threshold is None for one in proving.prove(company.deps, company.id))
    assert company.handle(CLEAR).status is TicketStatus.ESCALATED

    known = company.deps.experience.get(company.id)
    assert known.trained is not None
    silent = Graded(rng.uniform(0.99, 0.9999, 800), ~complained, np.full(800, "account"))
    honest = Graded(silent.confidences, ~wrong, silent.categories)
    look = certifying.look(known.version, known.trained, silent, known.settings, "", 1, "audit")
    assert look.threshold is not None, "this is what must not happen"
    look = certifying.look(known.version, known.trained, honest, known.settings, "", 1, "audit")
    assert look.threshold is None or look.coverage < 0.5
