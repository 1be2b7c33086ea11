"""The watch: audited errors and early warnings lower automation by themselves; only a fresh certificate raises it."""

import numpy as np
import pytest
from agent_harness import CLEAR, NOVEL, Company
from audit_harness import arrived, drawn, grade, graded, more_history

from ticketflow.agent import proving
from ticketflow.agent.lookout import LEAST_ARRIVALS
from ticketflow.domain import Stage, TicketStatus
from ticketflow.learning.refitting import DECISION
from ticketflow.store import artefacts, decisions
from ticketflow.store.decisions import StoredDecision
from ticketflow.store.watches import Watch

TO_AMBER, TO_RED = 4, 6
"""Wrong replies in a row, where a tenth is accepted."""


def moves(company: Company) -> list[tuple[str, str]]:
    """The watch's events as (type, stage)."""
    return [
        (event.type, event.data.get("stage", ""))
        for event in company.events()
        if event.type.startswith("automation.") and event.type != "automation.stopped"
    ]


def test_errors_lead_to_amber_and_then_to_red_each_told_once(company: Company) -> None:
    before = company.live()
    assert before is not None
    for count in range(1, 10):
        graded(company, [False])
        stage = Stage.GREEN if count < TO_AMBER else Stage.AMBER if count < TO_RED else Stage.RED
        assert company.watch().stage is stage, count
        assert (company.live() is None) == (stage is Stage.RED)
    assert moves(company) == [("automation.lowered", "amber"), ("automation.lowered", "red")]
    assert [notice.kind for notice in company.notices()] == ["automation.lowered"] * 2
    assert "withdrawn" in company.notices()[-1].text
    with company.database.read() as session:
        ended = proving.certificates.get(session, company.id, before.id)
    assert not ended.live
    assert "more are wrong" in ended.ended_because

    ticket = company.handle(CLEAR)
    assert ticket.status is TicketStatus.ESCALATED
    assert company.decision(ticket.id).decision.stage is Stage.RED
    assert "withdrawn until a fresh certificate" in company.decision(ticket.id).decision.reasons[0]


def test_a_jump_may_go_straight_to_red(company: Company) -> None:
    with company.database.write() as session:
        proving.watches.put(session, company.id, "", Watch(suspicion=3.8))  # above amber's limit already
    graded(company, [False])
    assert moves(company) == [("automation.lowered", "red")]


def test_few_errors_among_many_right_ones_change_nothing(company: Company) -> None:
    graded(company, ([True] * 9 + [False]) * 10)
    assert company.watch().stage is Stage.GREEN
    assert company.watch().audits == 100
    assert company.notices() == []


def test_what_was_not_automatic_does_not_count(company: Company) -> None:
    graded(company, [False] * 20, automatic=False)
    assert (company.watch().stage, company.watch().audits) == (Stage.GREEN, 0)


def test_silence_and_complaints_count_and_once_for_each_reply(company: Company) -> None:
    company.set(audit_share=1.0)
    tickets = [company.handle(CLEAR) for _ in range(TO_AMBER)]
    for ticket in tickets[:2]:
        company.judge(ticket.id, kind="reopened")
        company.judge(ticket.id, kind="csat", score=1)
        company.grade(ticket.id, "wrong")
    assert company.watch().audits == 2
    company.clock.advance(15 * 86_400)
    company.look()
    assert company.watch().audits == TO_AMBER
    assert company.watch().stage is Stage.AMBER
    for ticket in tickets[2:]:
        company.grade(ticket.id, "wrong")
        company.judge(ticket.id, kind="reopened")
    assert company.watch().audits == TO_AMBER, "what is late was counted already"


def test_a_second_grader_who_disagrees_adds_an_error(company: Company) -> None:
    company.set(audit_share=1.0)
    ticket = company.handle(CLEAR)
    with company.database.write() as session:
        proving.samples.change(session, company.id, company_decision(session, company, ticket.id), twice=True)
    company.grade(ticket.id, "right")
    calm = company.watch().suspicion
    company.grade(ticket.id, "wrong", "ben")
    assert company.watch().suspicion > calm


def company_decision(session: object, company: Company, ticket_id: str) -> str:
    found = decisions.newest(session, company.id, ticket_id)  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found.id


def test_good_grades_alone_never_raise_it(company: Company) -> None:
    graded(company, [False] * TO_AMBER)
    graded(company, [True] * 200)
    assert company.watch().suspicion == 0.0
    assert company.watch().stage is Stage.AMBER
    graded(company, [False] * TO_RED)
    graded(company, [True] * 200)
    assert company.watch().stage is Stage.RED
    assert moves(company) == [("automation.lowered", "amber"), ("automation.lowered", "red")]


@pytest.mark.parametrize("errors", [TO_AMBER, TO_RED], ids=["amber", "red"])
def test_a_fresh_certificate_on_audits_since_the_alarm_raises_it(company: Company, errors: int) -> None:
    graded(company, [True] * 50)
    graded(company, [False] * errors)
    alarmed = company.watch().stage
    graded(company, [True] * 60)
    assert company.look().proven == [""]
    live = company.live()
    assert live is not None
    assert (live.source, live.labels, live.errors) == ("audit", 60, 0), "neither history nor what was before the alarm"
    assert company.watch().stage is Stage.GREEN
    assert company.watch().audits == 0
    lowered = [("automation.lowered", "amber"), ("automation.lowered", "red")][: 1 if alarmed is Stage.AMBER else 2]
    assert moves(company) == [*lowered, ("automation.raised", "")]
    assert company.notices()[-1].kind == "automation.raised"
    assert company.handle(CLEAR).status is TicketStatus.RESOLVED
    assert company.look().proven == [], "and once"


def test_labels_from_before_the_alarm_do_not_raise_it(company: Company) -> None:
    graded(company, [True] * 200)
    graded(company, [False] * TO_RED)
    seen = len(company.looks())
    assert company.look().proven == []
    assert len(company.looks()) == seen, "no look is spent on nothing"
    graded(company, [True] * 3)
    company.look()
    assert len(company.looks()) == seen, "nor on labels that can prove nothing"
    made = proving.prove(company.deps, company.id)  # somebody insists
    assert [(one.labels, one.threshold) for one in made] == [(3, None)]
    assert company.watch().stage is Stage.RED


def test_an_ungraded_sample_after_the_alarm_holds_the_proof_up(company: Company) -> None:
    graded(company, [False] * TO_RED)
    (first,) = drawn(company, [0.999])
    graded(company, [True] * 60)
    assert company.look().proven == []
    grade(company, first, True)
    assert company.look().proven == [""]


def test_learning_anew_does_not_raise_it(company: Company) -> None:
    """The tickets that a refit holds out are from before the alarm."""
    graded(company, [False] * TO_RED)
    more_history(company)
    made = company.refit()
    assert company.watch().stage is Stage.RED
    assert company.live() is None
    assert company.looks()[-1].version == made.version
    assert company.handle(CLEAR).status is TicketStatus.ESCALATED
    assert ("automation.raised", "") not in moves(company)


def test_learning_anew_in_amber_leaves_the_stricter_threshold_in_force(company: Company) -> None:
    before = company.live()
    graded(company, [False] * TO_AMBER)
    more_history(company)
    assert not company.refit().in_force
    assert company.live() == before
    assert company.watch().stage is Stage.AMBER


def test_each_segment_has_a_watch_of_its_own(company: Company) -> None:
    company.set(category_max_wrong={"billing": 0.1})
    graded(company, [False] * TO_RED, segment="billing")
    assert company.watch("billing").stage is Stage.RED
    assert company.watch().stage is Stage.GREEN
    assert company.live() is not None
    assert "in 'billing'" in company.notices()[-1].text


def test_in_amber_twice_as_many_are_audited(company: Company) -> None:
    company.set(audit_share=0.5)
    graded(company, [False] * TO_AMBER)
    for _ in range(8):
        run_id = company.decision(company.handle(CLEAR).id).run_id
        assert company.steps(run_id)[0].output["audited"] is True


def test_in_amber_the_threshold_is_one_notch_stricter(company: Company) -> None:
    usual = company.decision(company.handle(CLEAR).id).decision
    graded(company, [False] * TO_AMBER)
    strict = company.decision(company.handle(CLEAR).id).decision
    live = company.live()
    assert live is not None
    assert usual.threshold is not None
    assert strict.threshold == min(step for step in live.passed if step > usual.threshold)
    assert strict.stage is Stage.AMBER


@pytest.fixture
def past(company: Company) -> StoredDecision:
    """A decision like all those that arrive."""
    return company.decision(company.handle(CLEAR).id)


def proof(company: Company) -> tuple[np.ndarray, np.ndarray]:
    """Confidences of known and of novel tickets in learning."""
    trained = company.deps.experience.get(company.id).trained
    assert trained is not None
    return trained.proof.confidences[~trained.proof.novel], trained.proof.confidences[trained.proof.novel]


def mixture(company: Company, novel_share: float, count: int = 400) -> np.ndarray:
    known, novel = proof(company)
    rng = np.random.default_rng(3)
    drawn_novel = rng.random(count) < novel_share
    return np.where(drawn_novel, rng.choice(novel, count), rng.choice(known, count))


def enlarge_proof(company: Company, novel_share: float | None = None) -> None:
    """As if three times as many tickets had been scored in learning: an index needs some hundred."""
    with company.database.write() as session:
        now = artefacts.active(session, company.id, DECISION)
        assert now is not None
        arrays = artefacts.load(session, company.id, now.id)
        grown = {name: np.tile(array, 3) if name.startswith("proof.") else array for name, array in arrays.items()}
        if novel_share is not None:
            grown["settings.novel_share"] = np.array([novel_share])
        artefacts.put(session, company.id, DECISION, now.version, grown, now.provenance)
    company.clock.advance(1)


def test_what_arrives_as_expected_warns_of_nothing(company: Company, past: StoredDecision) -> None:
    enlarge_proof(company)
    arrived(company, past, mixture(company, 0.06, 1_000))
    company.look()
    seen = company.watch()
    assert seen.stage is Stage.GREEN
    assert seen.novel_share == pytest.approx(0.06, abs=0.05)
    assert seen.stability is not None
    assert seen.stability < 0.1
    assert seen.language_change == pytest.approx(0.0, abs=0.01)


def test_novel_tickets_that_learning_expected_are_no_shift(company: Company, past: StoredDecision) -> None:
    enlarge_proof(company, novel_share=0.4)
    arrived(company, past, mixture(company, 0.4, 1_000))
    company.look()
    assert company.watch().novel_share == pytest.approx(0.4, abs=0.1)
    assert company.watch().stage is Stage.GREEN, company.watch().reasons


def test_more_novel_tickets_than_expected_are_a_warning(company: Company, past: StoredDecision) -> None:
    arrived(company, past, mixture(company, 0.5))
    company.look()
    assert company.watch().novel_share == pytest.approx(0.5, abs=0.1)
    assert company.watch().stage is Stage.AMBER
    assert "fit no answer" in company.watch().reasons[0]
    assert "fit no answer" in company.notices()[0].text
    assert moves(company) == [("automation.lowered", "amber")]
    company.look()
    assert len(company.notices()) == 1, "told once"


def test_another_shape_of_confidences_is_a_warning(company: Company, past: StoredDecision) -> None:
    enlarge_proof(company)
    known, _ = proof(company)
    arrived(company, past, np.quantile(known, np.full(400, 0.5)))
    company.look()
    assert company.watch().stage is Stage.AMBER
    assert "is sure of other tickets" in company.watch().reasons[0]


def test_other_languages_are_a_warning(company: Company, past: StoredDecision) -> None:
    confidences = mixture(company, 0.06)
    arrived(company, past, confidences[:200], "de")
    arrived(company, past, confidences[200:], "en")
    company.look()
    assert company.watch().stage is Stage.AMBER
    assert company.watch().reasons == ["Tickets arrive in other languages than before."]


def test_too_few_arrivals_warn_of_nothing(company: Company, past: StoredDecision) -> None:
    arrived(company, past, mixture(company, 0.9, LEAST_ARRIVALS - 2), "de")
    company.look()
    assert company.watch().stage is Stage.GREEN
    assert company.watch().novel_share is None


def test_without_a_certificate_there_is_nothing_to_lose(company: Company, past: StoredDecision) -> None:
    with company.database.write() as session:
        proving.certificates.end(session, company.id, None, "Somebody ended it.")
    arrived(company, past, mixture(company, 0.5), "de")
    company.look()
    assert company.watch().stage is Stage.GREEN
    assert company.notices() == []


def test_in_shadow_languages_are_seen_though_the_ticket_stays_without_one(company: Company) -> None:
    company.set(level="shadow")
    ticket = company.handle(CLEAR)
    assert ticket.language is None
    version = company.decision(ticket.id).decision.version
    with company.database.read() as session:
        lately = decisions.lately(session, company.id, version, "", limit=10)
    assert [one.language for one in lately] == ["en"]


def test_a_shift_under_which_it_was_proven_anew_is_no_alarm_again(company: Company, past: StoredDecision) -> None:
    arrived(company, past, mixture(company, 0.06), "de")
    company.look()
    assert company.watch().stage is Stage.AMBER
    graded(company, [True] * 60)
    assert company.look().proven == [""]
    assert company.watch().stage is Stage.GREEN
    company.look()
    assert company.watch().stage is Stage.GREEN, "the proof is of tickets in these languages"
    arrived(company, past, mixture(company, 0.5), "de")
    company.look()
    assert company.watch().stage is Stage.AMBER, "another shift is one"


def test_novel_tickets_in_life_make_the_threshold_wary(company: Company, past: StoredDecision) -> None:
    usual = past.decision.threshold
    arrived(company, past, mixture(company, 0.35))
    company.look()
    strict = company.decision(company.handle(NOVEL).id).decision.threshold
    assert usual is not None
    assert strict is None or strict > usual
