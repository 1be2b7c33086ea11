"""Experiments on live tickets: a coin chooses the side, the side acts, grades decide, nothing unproven is allowed."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from agent_harness import CLEAR, TOPICS, Company, words

from ticketflow.agent import experiments, grading
from ticketflow.agent.experiments import DECISIVE, Result, fusion_for, plan, sides, threshold_floor, unproven
from ticketflow.domain import Action, Analysis, Decision, Grade, Guess, Priority, TicketStatus
from ticketflow.errors import Conflict, InvalidInput, NotFound
from ticketflow.retrieval.fusion import PRIOR, Fusion
from ticketflow.store import audit, audits, certificates, decisions
from ticketflow.store import experiments as stored
from ticketflow.store.audits import AuditState, NewSample
from ticketflow.store.experiments import Experiment, ExperimentState, Metric, NewExperiment
from ticketflow.store.tickets import NewTicket, Ticket

SECRET = b"a secret of the tests"
WEIGHTS = {"similarity": 1.0, "lexical": 0.0, "both": 0.0}
STRICTEST = plan("strictest", "threshold", "certified", 1.0)
SIMILAR = plan("similar", "fusion", "learned", WEIGHTS)
GUESS = Guess(value="x", confidence=0.5, source="test")
ANALYSIS = Analysis(
    candidates=[], category=GUESS, priority=GUESS, language=GUESS, sentiment=GUESS, novelty=0.1, version="v1"
)


def begin(company: Company, new: NewExperiment) -> Experiment:
    with company.database.write() as session:
        made = experiments.start(session, company.id, new, "eve")
    company.clock.advance(1)
    return made


def end(company: Company, one: Experiment) -> Experiment:
    with company.database.write() as session:
        ended = experiments.stop(session, company.id, one.id, "eve")
    company.clock.advance(1)
    return ended


def read(company: Company, one: Experiment) -> Result:
    with company.database.read() as session:
        return experiments.result(session, company.id, one)


def grade(company: Company, ticket_id: str, given: Grade) -> None:
    decision_id = company.decision(ticket_id).id
    with company.database.write() as session:
        grading.grade(session, company.id, decision_id, given, "gina")


def until_both_sides(company: Company, one: Experiment, new: NewTicket = CLEAR, most: int = 40) -> dict[str, Ticket]:
    """Handle tickets until one of each side is there."""
    found: dict[str, Ticket] = {}
    for _ in range(most):
        ticket = company.handle(new)
        found.setdefault(sides([one], company.deps.secret, ticket.id)[one.id], ticket)
        if len(found) == 2:
            return found
    raise AssertionError("one side only")


def experiment(new: NewExperiment, experiment_id: str = "e1") -> Experiment:
    return Experiment(
        id=experiment_id,
        state=ExperimentState.RUNNING,
        author="eve",
        created_at=0,
        ended_at=None,
        **new.model_dump(),
    )


# The coin.


def test_a_ticket_keeps_its_side_and_half_of_them_take_each() -> None:
    one = experiment(STRICTEST)
    tickets = [f"ticket {number}" for number in range(4_000)]
    chosen = [sides([one], SECRET, ticket)["e1"] for ticket in tickets]
    assert chosen == [sides([one], SECRET, ticket)["e1"] for ticket in tickets]
    assert Counter(chosen)["treatment"] == pytest.approx(2_000, abs=130)
    assert chosen != [sides([one], b"another secret", ticket)["e1"] for ticket in tickets]


def test_the_share_takes_part_and_the_sides_do_not_depend_on_it() -> None:
    some, every = experiment(STRICTEST.model_copy(update={"share": 0.25})), experiment(STRICTEST)
    tickets = [f"ticket {number}" for number in range(4_000)]
    chosen = {ticket: side for ticket in tickets for side in sides([some], SECRET, ticket).values()}
    assert len(chosen) == pytest.approx(1_000, abs=110)
    assert Counter(chosen.values())["treatment"] == pytest.approx(len(chosen) / 2, abs=70)
    assert all(sides([every], SECRET, ticket)["e1"] == side for ticket, side in chosen.items())


def test_two_experiments_throw_coins_that_know_nothing_of_each_other() -> None:
    both = [experiment(STRICTEST, "e1"), experiment(SIMILAR, "e2")]
    thrown = [sides(both, SECRET, f"ticket {number}") for number in range(4_000)]
    together = Counter((one["e1"], one["e2"]) for one in thrown)
    assert len(together) == 4
    assert all(count == pytest.approx(1_000, abs=120) for count in together.values())


# What sides apply.


def test_a_side_applies_its_value_and_the_word_for_what_is_in_force_changes_nothing() -> None:
    both = [experiment(STRICTEST, "e1"), experiment(SIMILAR, "e2")]
    assert threshold_floor(both, {"e1": "treatment"}) == 1.0
    assert threshold_floor(both, {"e1": "control"}) is None
    assert threshold_floor(both, {"e2": "treatment"}) is None
    assert fusion_for(both, {"e2": "treatment"}, PRIOR) == Fusion(**WEIGHTS)
    assert fusion_for(both, {"e2": "control", "e1": "treatment"}, PRIOR) == PRIOR
    assert threshold_floor([], {"e1": "treatment"}) is None
    assert unproven(both, {"e1": "treatment", "e2": "control"}) is None
    assert "no certificate" in (unproven(both, {"e2": "treatment"}) or "")


# What is refused.

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"factor": "encoder"}, "factor", "only one there is. Experiments compare threshold and fusion"),
    ({"factor": "prompt"}, "factor", "no step of the agent uses a prompt"),
    ({"factor": "weather"}, "factor", "no factor 'weather'"),
    ({"share": 0.0}, "share", "more than 0"),
    ({"share": 1.5}, "share", "at most 1"),
    ({"share": float("nan")}, "share", "share"),
    ({"name": " "}, "name", "name"),
    ({"name": "x" * 191}, "name", "name"),
    ({"note": "x" * 2_001}, "note", "note"),
    ({"treatment": "certified"}, "sides/treatment", "nothing to compare"),
    ({"treatment": 1.1}, "sides/treatment", "from 0 to 1"),
    ({"treatment": float("nan")}, "sides/treatment", "from 0 to 1"),
    ({"control": "learned"}, "sides/control", "from 0 to 1"),
    ({"treatment": WEIGHTS}, "sides/treatment", "from 0 to 1"),
    ({"metric": "right"}, "metric", "Choose resolved or wrong"),
    ({"metric": "happiness"}, "metric", "right, resolved, wrong"),
]
WRONG_WEIGHTS: list[Any] = [0.9, "certified", {}, {"speed": 1.0}, {"similarity": 0.0}, {"lexical": -1.0}]


@pytest.mark.parametrize(("change", "field", "says"), REFUSED)
def test_what_cannot_be_compared_is_refused_with_a_remedy(change: dict[str, Any], field: str, says: str) -> None:
    asked: dict[str, Any] = {"name": "x", "factor": "threshold", "control": "certified", "treatment": 0.9, **change}
    with pytest.raises(InvalidInput, match=says) as refused:
        plan(**asked)
    assert (refused.value.field, bool(refused.value.remedy or field in ("name", "note"))) == (field, True)


@pytest.mark.parametrize("value", [*WRONG_WEIGHTS, {"both": float("inf")}])
def test_weights_that_order_nothing_are_refused(value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan("x", "fusion", "learned", value)
    assert refused.value.field == "sides/treatment"


def test_fusion_is_compared_by_its_proposals_only() -> None:
    assert SIMILAR.metric is Metric.RIGHT
    assert plan("x", "fusion", "learned", {"similarity": 1}).sides.treatment == WEIGHTS
    with pytest.raises(InvalidInput, match="Choose right"):
        plan("x", "fusion", "learned", WEIGHTS, metric="resolved")


def test_a_threshold_below_the_certified_one_is_refused(company: Company) -> None:
    with company.database.read() as session:
        certified = certificates.live(session, company.id)[""].threshold
    assert certified is not None
    for loose in (
        plan("loose", "threshold", "certified", certified / 2),
        plan("loose", "threshold", certified / 2, "certified"),
    ):
        with pytest.raises(InvalidInput, match="nothing is proven there") as refused:
            begin(company, loose)
        assert refused.value.remedy is not None
        least = float(refused.value.remedy.split()[1])
        assert certified <= least <= certified + 0.001
    assert company.events()[-1].type != "experiment.started"
    assert begin(company, plan("strict", "threshold", "certified", min(1.0, certified + 0.001))).name == "strict"


def test_without_a_certificate_any_threshold_may_be_tried(newcomer: Company) -> None:
    assert begin(newcomer, plan("loose", "threshold", "certified", 0.1)).sides.treatment == 0.1


def test_one_experiment_on_a_factor_at_a_time_and_each_name_once(company: Company) -> None:
    first = begin(company, STRICTEST)
    with pytest.raises(Conflict, match="'strictest' on the threshold is running"):
        begin(company, plan("other", "threshold", "certified", 1.0))
    with pytest.raises(Conflict, match="named 'strictest' already"):
        begin(company, STRICTEST)
    assert begin(company, SIMILAR).state is ExperimentState.RUNNING
    end(company, first)
    with pytest.raises(Conflict, match="named 'strictest' already"):
        begin(company, STRICTEST)
    assert begin(company, plan("other", "threshold", "certified", 1.0)).state is ExperimentState.RUNNING


def test_who_started_and_stopped_it_is_on_record_and_stopping_twice_is_no_error(company: Company) -> None:
    one = begin(company, STRICTEST)
    ended = end(company, one)
    assert ended.state is ExperimentState.STOPPED
    assert end(company, one) == ended
    with pytest.raises(NotFound), company.database.write() as session:
        experiments.stop(session, company.id, "none", "eve")
    told = [event for event in company.events() if event.type.startswith("experiment.")]
    assert [event.type for event in told] == ["experiment.started", "experiment.stopped"]
    assert told[0].data == {
        "experiment_id": one.id,
        "name": "strictest",
        "factor": "threshold",
        "sides": {"control": "certified", "treatment": 1.0},
        "share": 1.0,
        "metric": "resolved",
    }
    with company.database.read() as session:
        entries = [entry for entry in audit.newest(session, company.id) if entry.object == one.id]
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("eve", "experiment.stopped"),
        ("eve", "experiment.started"),
    ]


# Live tickets.


def test_a_stricter_side_hands_over_what_the_other_answers(company: Company) -> None:
    before = company.handle(CLEAR)
    assert company.decision(before.id).decision.variants == {}
    one = begin(company, STRICTEST)
    for side, ticket in until_both_sides(company, one).items():
        decision = company.decision(ticket.id).decision
        assert decision.variants == {one.id: side}
        if side == "treatment":
            assert (ticket.status, decision.threshold) == (TicketStatus.ESCALATED, None), "no such threshold passed"
            assert "as strict as 1.000" in decision.reasons[0]
        else:
            assert ticket.status is TicketStatus.RESOLVED
    end(company, one)
    after = company.handle(CLEAR)
    assert (after.status, company.decision(after.id).decision.variants) == (TicketStatus.RESOLVED, {})


def test_search_weighs_as_the_side_says(company: Company) -> None:
    one = begin(company, SIMILAR)
    for side, ticket in until_both_sides(company, one).items():
        cases = company.steps(company.decision(ticket.id).run_id)[1].output["cases"]
        near = [hit for hit in cases if hit["similarity"] is not None]
        gaps = [abs(hit["score"] - hit["similarity"]) for hit in near]
        assert len(near) > 5
        assert (max(gaps) < 1e-4) == (side == "treatment")


def test_only_some_tickets_take_part_where_the_share_says_so(company: Company) -> None:
    one = begin(company, plan("few", "threshold", "certified", 1.0, share=1e-9))
    ticket = company.handle(CLEAR)
    assert company.decision(ticket.id).decision.variants == {}
    assert [side.tickets for side in read(company, one).sides.values()] == [0, 0]


def test_grades_make_the_result_and_each_ticket_counts_once(company: Company) -> None:
    company.set(audit_share=1.0)
    one = begin(company, STRICTEST)
    empty = read(company, one)
    assert empty.sentence == "Undecided: no ticket of control and treatment has a grade that counts yet."
    assert (empty.e_value, empty.verdict, empty.difference.estimate) == (1.0, "undecided", None)
    asked = [text for topic in TOPICS[:2] for text in words(topic)[:4]]
    handled = [company.handle(NewTicket(body=text)) for text in asked]
    for ticket in (handled[0], handled[1], *handled[3:]):
        grade(company, ticket.id, Grade.WRONG if ticket is handled[1] else Grade.RIGHT)

    waiting = read(company, one)
    assert (sum(side.outcomes for side in waiting.sides.values()), waiting.waiting) == (2, 6)
    grade(company, handled[2].id, Grade.RIGHT)
    company.say(handled[0].id, "And now?")
    company.work()
    found = read(company, one)
    assert found.waiting == 0
    expected = {"control": [0, 0], "treatment": [0, 0]}
    for ticket in handled:
        counted = expected[company.decision(ticket.id).decision.variants[one.id]]
        counted[0] += 1
        counted[1] += ticket.status is TicketStatus.RESOLVED and ticket is not handled[1]
    for name, (count, hits) in expected.items():
        side = found.sides[name]
        assert (side.tickets, side.outcomes) == (count, count)
        assert side.mean == (pytest.approx(hits / count) if count else None)
        assert side.interval.low <= (hits / count if count else 0.5) <= side.interval.high
    assert found.verdict == "undecided"


# Reading.


def outcomes(company: Company, one: Experiment, rates: dict[str, float], count: int, seed: int = 1) -> None:
    """Audited tickets of an experiment, `count` of them, of which each side replies wrongly to its rate."""
    rng = np.random.default_rng(seed)
    with company.database.write() as session:
        for number in range(count):
            side = str(rng.choice(["control", "treatment"]))
            made = Decision(
                action=Action.RESOLVE,
                answer_id="a",
                label="l",
                confidence=0.9,
                threshold=0.8,
                category=None,
                priority=Priority.NORMAL,
                team=None,
                reasons=[],
                version="v1",
                variants={one.id: side},
            )
            ticket_id, run_id = f"t{number}", f"r{number}"
            decision_id = decisions.add(session, company.id, ticket_id, run_id, made, ANALYSIS)
            new = NewSample(
                decision_id=decision_id,
                ticket_id=ticket_id,
                run_id=run_id,
                segment="",
                category=None,
                version="v1",
                answer_id="a",
                confidence=0.9,
                automatic=True,
                twice=False,
                due_at=0,
            )
            audits.draw(session, company.id, new)
            wrong = bool(rng.random() < rates[side])
            audits.change(session, company.id, decision_id, state=AuditState.GRADED, wrong=wrong)


@pytest.mark.parametrize("metric", ["wrong", "resolved"])
@pytest.mark.parametrize("better", ["control", "treatment"])
def test_a_large_difference_is_decided_for_the_better_side(newcomer: Company, metric: str, better: str) -> None:
    one = begin(newcomer, plan("x", "threshold", "certified", 0.9, metric=metric))
    outcomes(newcomer, one, {"control": 0.4, "treatment": 0.4, better: 0.1}, 500)
    found = read(newcomer, one)
    assert found.verdict == better
    assert found.e_value >= DECISIVE
    assert (found.certainty, found.decided_from) == (pytest.approx(0.95), 20)
    assert found.difference.estimate is not None
    assert found.difference.low <= found.difference.estimate <= found.difference.high
    assert (found.difference.low > 0) == ((metric == "resolved") == (better == "treatment"))
    assert found.sentence.startswith(better.capitalize())
    assert found.sentence.endswith("decided.")
    assert f"{100 * abs(found.difference.estimate):.1f} points" in found.sentence
    assert found.read_at == newcomer.clock.now()
    assert Result.model_validate_json(found.model_dump_json()) == found


def test_equal_sides_stay_undecided_and_the_sentence_says_how_wide_the_doubt_is(newcomer: Company) -> None:
    one = begin(newcomer, plan("x", "threshold", "certified", 0.9, metric="wrong"))
    outcomes(newcomer, one, {"control": 0.2, "treatment": 0.2}, 200)
    found = read(newcomer, one)
    assert found.verdict == "undecided"
    assert found.e_value < DECISIVE
    assert found.difference.low < 0 < found.difference.high
    assert found.sentence.startswith("Undecided after 200 graded tickets: ")
    assert f"from {100 * found.difference.low:+.1f} to {100 * found.difference.high:+.1f}" in found.sentence


def test_a_result_stays_readable_after_the_end(newcomer: Company) -> None:
    one = begin(newcomer, plan("x", "threshold", "certified", 0.9))
    outcomes(newcomer, one, {"control": 0.2, "treatment": 0.2}, 20)
    before = read(newcomer, one)
    end(newcomer, one)
    with newcomer.database.read() as session:
        after = experiments.result(session, newcomer.id, stored.get(session, newcomer.id, one.id))
    assert after.experiment.state is ExperimentState.STOPPED
    assert after.sides == before.sides
