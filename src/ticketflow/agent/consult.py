"""Step 4: a language model reads the ticket, where one is set up. Words for people, and doubts; never a permission.

What it says counts only where it names what it was offered. Whatever goes wrong leaves the ticket without a reading.
"""

from typing import Any

from ticketflow.agent.asking import INVENTED, obstacle, seconds_left
from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import Experience
from ticketflow.agent.fitting import fitted
from ticketflow.domain import (
    Analysis,
    Consultation,
    Findings,
    Intake,
    Priority,
    Reading,
    Sentiment,
)
from ticketflow.llm.chain import Told
from ticketflow.llm.facts import invents
from ticketflow.llm.tasks import READING, ReadingAnswer
from ticketflow.retrieval.redaction import redact
from ticketflow.workflow.engine import State

CASES = 8
"""Most past tickets that a model is shown."""
CATEGORIES = 100
"""Most categories; of more, only the sensitive ones are asked for."""
TEAMS = 50
"""Most teams."""


def consult(deps: Deps, state: State) -> Consultation:
    """Have the ticket read; without a model that may be asked, say why there is none."""
    analysis, intake = state.output("analyze", Analysis), state.output("ingest", Intake)
    known = deps.known_to(state.run.workspace_id, intake, analysis)
    left = seconds_left(deps, state)
    why_not = obstacle(deps, state, known.settings, intake, left)
    if why_not is not None:
        return Consultation(reading=None, without=why_not)
    document = _document(known, intake, state.output("search", Findings), analysis)
    with state.kept():
        told = deps.models.ask(READING, document, left)
    return _consultation(known, analysis, state.output("search", Findings), told, document)


def _document(known: Experience, intake: Intake, findings: Findings, analysis: Analysis) -> dict[str, Any]:
    """What a model is shown, best evidence first, under short ids that mean nothing elsewhere.

    Customers' words are redacted, the ticket's by `ingest`; approved answers hold the company's own addresses.
    """
    answers: list[dict[str, Any]] = []
    short = {answer_id: name for name, answer_id in _answer_ids(analysis).items()}
    for candidate in analysis.candidates:
        answer = known.answer(candidate.answer_id)
        text = answer.text if answer else ""
        answers.append({"id": short[candidate.answer_id], "title": candidate.label, "text": text})
    cases = [
        {
            "id": f"C{number}",
            "text": redact(f"{case.title}\n{case.snippet}".strip())[0],
            "answer": short.get(case.answer_id or ""),
        }
        for number, case in enumerate(findings.cases[:CASES], 1)
    ]
    return fitted(
        {
            "ticket": {"text": intake.text},
            "guess": {
                "category": analysis.category.value,
                "priority": analysis.priority.value or Priority.NORMAL,
                "sentiment": analysis.sentiment.value or Sentiment.NEUTRAL,
                "language": analysis.language.value or "en",
            },
            "categories": _categories(known),
            "teams": _teams(known),
            "answers": answers,
            "cases": cases,
        }
    )


def _answer_ids(analysis: Analysis) -> dict[str, str]:
    """The candidates by the short ids under which a model sees them."""
    return {f"A{number}": candidate.answer_id for number, candidate in enumerate(analysis.candidates, 1)}


def _categories(known: Experience) -> list[str]:
    used = {answer.category for answer in known.answers if answer.category is not None}
    every = sorted(used.union(known.settings.sensitive))
    return every if len(every) <= CATEGORIES else sorted(known.settings.sensitive)


def _teams(known: Experience) -> list[str]:
    settings = known.settings
    used = {answer.team for answer in known.answers if answer.team is not None}
    return sorted(used.union(settings.teams.values(), [settings.default_team]))[:TEAMS]


def _consultation(
    known: Experience, analysis: Analysis, findings: Findings, told: Told[ReadingAnswer], document: dict[str, Any]
) -> Consultation:
    calls = list(told.calls)
    if told.value is None:
        return Consultation(reading=None, without=f"No usable answer: {calls[-1].verdict}.", calls=calls)
    value = told.value
    answers = _answer_ids(analysis)
    ids = answers | {f"C{number}": case.id for number, case in enumerate(findings.cases[:CASES], 1)}
    shown = {piece["id"] for piece in (*document["answers"], *document["cases"])}
    if unknown := [name for name in (value.answer, *value.evidence) if name is not None and name not in shown]:
        without = f"The language model named {', '.join(sorted(set(unknown)))}, which it was not shown."
        return Consultation(reading=None, without=without, calls=calls)
    sources = [document["ticket"]["text"], *(piece["text"] for piece in (*document["answers"], *document["cases"]))]
    if invents((value.summary, value.root_cause), sources):
        return Consultation(reading=None, without=INVENTED, calls=calls)
    reading = Reading(
        category=value.category if value.category in _categories(known) else None,
        priority=Priority(value.priority),
        sentiment=Sentiment(value.sentiment),
        language=value.language,
        team=value.team if value.team in _teams(known) else None,
        summary=value.summary,
        root_cause=value.root_cause,
        # A repaired output informs people; as a doubt it counts in full: it speaks for no answer.
        answer_id=None if told.repaired or value.answer is None else answers.get(value.answer),
        evidence=[ids[name] for name in dict.fromkeys(value.evidence)],
    )
    return Consultation(reading=reading, without=None, calls=calls)
