"""The decision is a pure function; each objection alone sends a ticket to a human; the team is the right one."""

from dataclasses import replace

import numpy as np
import pytest
from small_workspace import answer

from ticketflow.agent.decide import judge
from ticketflow.agent.experience import Experience
from ticketflow.agent.permission import NOTHING_LEARNED
from ticketflow.agent.understanding import understand
from ticketflow.agent.vectors import pack_vector
from ticketflow.domain import Action, Analysis, AnswerStatus, Evidence, Findings, Guess, Intake, Reading, Sentiment
from ticketflow.store.settings import Settings
from ticketflow.testing import HashEncoder

TEXT = "forgot password reset link expired login"


def intake(text: str, encoder: HashEncoder, automatic: str | None = None) -> Intake:
    return Intake(
        text=text,
        language=Guess(value="en", confidence=0.9, source="words"),
        sentiment=Guess(value=Sentiment.NEUTRAL, confidence=0.6, source="rules"),
        redactions=0,
        automatic=automatic,
        encoder=encoder.id,
        vector=pack_vector(encoder.encode([text])[0]),
    )


def case(number: int, similarity: float | None, label: str | None, **fields: object) -> Evidence:
    return Evidence.model_validate(
        {
            "kind": "case",
            "id": f"case-{number}",
            "score": similarity or 0.0,
            "label": label,
            "answer_id": label and f"id-{label}",
            "title": "",
            "snippet": "",
            "category": None,
            "similarity": similarity,
            "lexical": None,
        }
        | fields
    )


def findings(*cases: Evidence) -> Findings:
    return Findings(cases=list(cases), articles=[], answers=[])


@pytest.fixture
def seen(encoder: HashEncoder) -> Intake:
    return intake(TEXT, encoder)


@pytest.fixture
def clear(taught: Experience, seen: Intake) -> Analysis:
    found = findings(*(case(number, 0.95 - number / 100, "password", lexical=9.0) for number in range(20)))
    return understand(taught, seen, found)


def test_a_sure_approved_answer_is_sent(taught: Experience, seen: Intake, clear: Analysis) -> None:
    decision = judge(taught, seen, clear)
    assert (decision.action, decision.label) == (Action.RESOLVE, "password")
    assert decision.threshold == 0.5
    assert decision.confidence >= (decision.threshold or 1)
    assert decision.reasons == [
        f"Confidence {decision.confidence:.3f} reaches the certified threshold {decision.threshold:.3f}.",
    ]
    assert decision.version == "v1"


def test_the_same_input_gives_the_same_bytes(taught: Experience, seen: Intake, clear: Analysis) -> None:
    again = replace(taught)  # nothing cached
    first, second = (
        judge(taught, seen, clear),
        judge(again, seen, Analysis.model_validate_json(clear.model_dump_json())),
    )
    assert first.model_dump_json() == second.model_dump_json()


def test_deciding_changes_nothing_that_it_was_given(taught: Experience, seen: Intake, clear: Analysis) -> None:
    before = (seen.model_dump_json(), clear.model_dump_json())
    judge(taught, seen, clear)
    assert (seen.model_dump_json(), clear.model_dump_json()) == before


def with_answer(known: Experience, label: str, **fields: object) -> Experience:
    return replace(
        known,
        answers=tuple(each.model_copy(update=fields) if each.label == label else each for each in known.answers),
    )


def test_each_objection_alone_sends_it_to_a_human(taught: Experience, seen: Intake, clear: Analysis) -> None:
    assert taught.trained is not None
    sent_by_machine = seen.model_copy(update={"automatic": "Precedence: bulk"})
    off = replace(taught, settings=Settings(automation=False))
    strict = replace(taught, settings=Settings(max_wrong=0.0))
    draft = with_answer(taught, "password", status=AnswerStatus.DRAFT)
    archived = with_answer(taught, "password", status=AnswerStatus.ARCHIVED)
    untaught = replace(taught, trained=None)
    objections = {
        "sent by a machine (Precedence: bulk)": judge(taught, sent_by_machine, clear),
        "Automation is switched off": judge(off, seen, clear),
        "max_wrong": judge(strict, seen, clear),
        "draft that nobody has approved": judge(draft, seen, clear),
        "nobody has approved": judge(archived, seen, clear),
        NOTHING_LEARNED: judge(untaught, seen, clear),
    }
    for told, decision in objections.items():
        assert decision.action is Action.ESCALATE
        assert [told in reason for reason in decision.reasons] == [True], decision.reasons
        assert decision.label == "password", "it is proposed all the same"


def test_a_doubtful_candidate_goes_to_a_human(taught: Experience, encoder: HashEncoder) -> None:
    strange = intake("giraffes enjoy jazz concerts near volcanoes", encoder)
    decision = judge(taught, strange, understand(taught, strange, findings(case(1, 0.1, "refund"))))
    assert decision.action is Action.ESCALATE
    assert "is below the threshold" in decision.reasons[0]


def test_an_answer_of_which_no_case_was_learned_is_not_sent(
    taught: Experience, seen: Intake, encoder: HashEncoder
) -> None:
    new = answer("sso")
    known = replace(
        taught,
        answers=(*taught.answers, new),
        vectors=np.vstack([taught.vectors, encoder.encode([TEXT])]),
    )
    analysis = understand(known, seen, findings(*(case(number, 0.99, "sso", lexical=9.0) for number in range(20))))
    assert analysis.candidates[0].label == "sso", "everything but the classifier speaks for it"
    decision = judge(known, seen, analysis)
    assert decision.action is Action.ESCALATE
    assert any("its confidence is a guess" in reason for reason in decision.reasons)


def test_nothing_alike_is_said_so(taught: Experience, seen: Intake) -> None:
    empty = replace(taught, answers=(), vectors=np.zeros((0, 64), np.float32), trained=None)
    decision = judge(empty, seen, understand(empty, seen, findings()))
    assert decision.reasons == ["No answer in the knowledge base resembles this ticket."]
    assert (decision.answer_id, decision.confidence, decision.team) == (None, 0.0, "support")


def categorised(clear: Analysis, category: str | None) -> Analysis:
    return clear.model_copy(update={"category": Guess(value=category, confidence=0.9, source="test")})


def test_the_team_is_the_settings_then_the_answers_then_the_categorys_then_the_default(
    taught: Experience, seen: Intake, clear: Analysis
) -> None:
    configured = replace(taught, settings=Settings(teams={"account": "identity"}, default_team="desk"))
    assert judge(configured, seen, categorised(clear, "account")).team == "identity"
    assert judge(taught, seen, categorised(clear, "account")).team == "password team"
    assert judge(taught, seen, categorised(clear, None)).team == "password team"
    assert judge(taught, seen, categorised(clear, "billing")).team == "refund team", "the answer is of another category"
    assert judge(configured, seen, categorised(clear, "unheard of")).team == "desk"


def test_similar_cases_vote_for_the_category_unless_they_are_not_alike(taught: Experience, seen: Intake) -> None:
    near = [case(1, 0.9, None, category="billing"), case(2, 0.5, None, category="care"), case(3, None, None)]
    guess = understand(taught, seen, findings(*near)).category
    assert (guess.value, guess.source) == ("billing", "similar cases")
    assert guess.confidence == pytest.approx(0.9**4 / (0.9**4 + 0.5**4), abs=1e-6)
    for similarity in (0.0, -0.2, None):
        guess = understand(taught, seen, findings(case(1, similarity, None, category="billing"))).category
        assert (guess.value, guess.source) == ("account", "proposed answer")


def test_novelty_is_the_distance_to_the_nearest_case(taught: Experience, seen: Intake) -> None:
    assert understand(taught, seen, findings()).novelty == 1.0
    assert understand(taught, seen, findings(case(1, 0.25, "refund"), case(2, 0.75, None))).novelty == 0.25
    assert understand(taught, seen, findings(case(1, -0.5, "refund"))).novelty == 1.0


def reading(**fields: object) -> Reading:
    said = {
        "category": None,
        "priority": "normal",
        "sentiment": "neutral",
        "language": "en",
        "summary": "-",
        "root_cause": "-",
        "answer_id": "id-password",
        "evidence": [],
    }
    return Reading.model_validate(said | fields)


def test_a_language_models_team_counts_only_where_no_rule_names_one(
    taught: Experience, seen: Intake, clear: Analysis
) -> None:
    configured = replace(taught, settings=Settings(teams={"account": "identity"}, default_team="desk"))
    said = reading(team="money")
    assert judge(configured, seen, categorised(clear, "unheard of"), reading=said).team == "money"
    assert judge(configured, seen, categorised(clear, "unheard of"), reading=reading(team=None)).team == "desk"
    assert judge(configured, seen, categorised(clear, "account"), reading=said).team == "identity"
    assert judge(taught, seen, categorised(clear, None), reading=said).team == "password team"


def test_an_answer_that_leads_where_none_may_lead_is_not_sent(
    taught: Experience, seen: Intake, clear: Analysis
) -> None:
    linked = with_answer(taught, "password", body="See https://login.shop.example/reset.")
    assert judge(linked, seen, clear).action is Action.RESOLVE
    within = replace(linked, settings=Settings(link_hosts=["shop.example"]))
    assert judge(within, seen, clear).action is Action.RESOLVE
    for hosts in (["other.example"], []):
        decision = judge(replace(linked, settings=Settings(link_hosts=hosts)), seen, clear)
        assert decision.action is Action.ESCALATE
        assert "leads to 'https://login.shop.example/reset'" in decision.reasons[0]
