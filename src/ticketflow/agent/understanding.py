"""From evidence to candidates, category and priority: rules and learned artefacts, no language model. Pure."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ticketflow.agent import rules
from ticketflow.agent.experience import Experience
from ticketflow.agent.vectors import ticket_vector
from ticketflow.domain import Analysis, Candidate, Evidence, Findings, Guess, Intake, Priority
from ticketflow.learning.features import EMPTY, NO_ANSWER, Signals
from ticketflow.learning.signals import NEIGHBOURS, TEXT_HITS
from ticketflow.learning.training import propose
from ticketflow.retrieval import analyzer

SURE = 0.5
"""Confidence from which a learned attribute is preferred to a rule."""


def understand(known: Experience, intake: Intake, findings: Findings) -> Analysis:
    """The analysis of a ticket; the same inputs give the same analysis, bit for bit."""
    vector = ticket_vector(intake)
    if vector is None:
        vector = np.zeros(known.vectors.shape[1], np.float32)
    candidates = _candidates(known, intake, findings, vector)
    return Analysis(
        candidates=candidates,
        category=_category(known, intake, vector, findings.cases, candidates),
        priority=_priority(known, intake, vector),
        language=intake.language,
        sentiment=intake.sentiment,
        novelty=_novelty(findings.cases),
        version=known.version,
        knowledge=known.knowledge,
    )


def _candidates(known: Experience, intake: Intake, findings: Findings, vector: NDArray[np.float32]) -> list[Candidate]:
    proposal = propose(known.trained, _signals(known, intake, findings.cases, vector), known.offered)
    return [
        Candidate(answer_id=known.answers[number].id, label=known.answers[number].label, score=score, features=features)
        for number, score, features in zip(proposal.answers, proposal.scores, proposal.features, strict=True)
    ]


def _signals(known: Experience, intake: Intake, cases: Sequence[Evidence], vector: NDArray[np.float32]) -> Signals:
    similar = [(case, case.similarity) for case in cases if case.similarity is not None]
    worded = [(case, case.lexical) for case in cases if case.lexical is not None]
    case_answers, case_cosines = _voters(known, similar, NEIGHBOURS)
    text_answers, text_scores = _voters(known, worded, TEXT_HITS)
    own = known.vectors @ vector
    learned = known.learned_signals(intake.text, vector)
    _be_fair(known, learned["probabilities"][0], own, [*case_answers[0].tolist(), *text_answers[0].tolist()])
    return Signals(
        case_answers=case_answers,
        case_cosines=case_cosines,
        text_answers=text_answers,
        text_scores=text_scores,
        article_similarities=own[None, :],
        success_rates=known.success_rates[None, :],
        language_match=known.language_match(intake.language.value or "")[None, :],
        lengths=np.array([len(set(analyzer.terms(intake.text)))], np.float32),
        **learned,
    )


def _be_fair(known: Experience, probabilities: NDArray[np.float32], own: NDArray[np.float32], seen: list[int]) -> None:
    """Let answers that learning has seen no case of compete where something speaks for them: cases, or their own text.

    The classifier's zero would mean that it is sure they are wrong; here it abstains.
    """
    if known.unseen.any():
        nearest = int(np.nan_to_num(own, nan=-1.0).argmax())
        fresh = [answer for answer in (*seen, nearest) if answer >= 0 and known.unseen[answer]]
        probabilities[fresh] = probabilities.max()


def _voters(
    known: Experience, scored: Sequence[tuple[Evidence, float]], width: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The answers (1, width) of the best `width` cases and their scores (1, width)."""
    answers = np.full((1, width), EMPTY, np.int32)
    scores = np.zeros((1, width), np.float32)
    for column, (case, score) in enumerate(sorted(scored, key=lambda pair: -pair[1])[:width]):
        answers[0, column] = known.index_of.get(case.answer_id or "", NO_ANSWER)
        scores[0, column] = score
    return answers, scores


def _category(
    known: Experience,
    intake: Intake,
    vector: NDArray[np.float32],
    cases: Sequence[Evidence],
    candidates: Sequence[Candidate],
) -> Guess:
    """The learned guess; without one the vote of the similar cases, and then the category of the best answer."""
    learned = known.attributes.guess("category", intake.text, vector) if known.attributes else None
    if learned is not None:
        return learned
    votes: dict[str, float] = defaultdict(float)
    for case in cases:
        if case.category is not None and case.similarity is not None and case.similarity > 0:
            votes[case.category] += case.similarity**4
    if votes:
        best = max(votes, key=lambda category: votes[category])
        share = votes[best] / sum(votes.values())
        return Guess(value=best, confidence=round(share, 6), source="similar cases")
    answer = known.answer(candidates[0].answer_id) if candidates else None
    if answer is not None and answer.category is not None:
        return Guess(value=answer.category, confidence=SURE, source="proposed answer")
    return Guess(value=None, confidence=0.0, source="nothing known")


def _priority(known: Experience, intake: Intake, vector: NDArray[np.float32]) -> Guess:
    """Urgent words win; otherwise what this workspace's people did with such tickets; otherwise rules."""
    by_rule = rules.priority(intake.text, intake.sentiment)
    learned = known.attributes.guess("priority", intake.text, vector) if known.attributes else None
    if learned is None or learned.confidence < SURE or by_rule.value == Priority.URGENT:
        return by_rule
    return learned


def _novelty(cases: Sequence[Evidence]) -> float:
    nearest = max((case.similarity for case in cases if case.similarity is not None), default=0.0)
    return round(1.0 - max(nearest, 0.0), 6)
