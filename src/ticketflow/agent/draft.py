"""Step 6: for a ticket that goes to a person, a language model prepares the takeover and words a reply.

A person reads it and sends it or not; every sentence must have a source that says it, or there is no reply to suggest.
"""

import re
from typing import Any

from ticketflow.agent.asking import INVENTED, obstacle, seconds_left
from ticketflow.agent.deps import Deps
from ticketflow.agent.experience import Experience
from ticketflow.agent.fitting import fitted
from ticketflow.agent.support import doubt, stray
from ticketflow.domain import (
    Action,
    Analysis,
    AnswerStatus,
    Decision,
    Draft,
    DraftSentence,
    Findings,
    Intake,
    Level,
    Trigger,
)
from ticketflow.llm.chain import Told
from ticketflow.llm.facts import invents
from ticketflow.llm.tasks import HANDOFF, HandoffAnswer
from ticketflow.retrieval.cleaning import clean
from ticketflow.retrieval.language import detected
from ticketflow.retrieval.redaction import addresses
from ticketflow.store import tickets
from ticketflow.store.settings import Settings
from ticketflow.workflow.engine import State

ANSWERS, ARTICLES = 3, 3
"""Most of each that a model is shown."""
_REDACTED = re.compile(r"\[(?:email|iban|card)\]")
_ADDRESS = "[email]"


def draft(deps: Deps, state: State) -> Draft:
    """Have the takeover prepared; without a model that may be asked, say why there is none."""
    decision, analysis = state.output("decide", Decision), state.output("analyze", Analysis)
    if decision.action is Action.RESOLVE:
        return Draft(without="The agent replies by itself.")
    if decision.level.trust < Level.ASSIST.trust:
        return Draft(without="Nobody reads it: the agent leaves the ticket alone.")
    intake, left = state.output("ingest", Intake), seconds_left(deps, state)
    known = deps.known_to(state.run.workspace_id, intake, analysis)
    why_not = obstacle(deps, state, known.settings, intake, left)
    if why_not is not None:
        return Draft(without=why_not)
    sources = _sources(known, analysis, state.output("search", Findings))
    shown = fitted(
        {
            "ticket": {"text": intake.text},
            "reason": decision.reasons[0],
            "answers": [{"id": name, "text": text} for name, (_, text) in sources.items()],
            "cases": [],
        }
    )
    document = {"ticket": shown["ticket"], "reason": shown["reason"], "sources": shown["answers"]}
    with state.kept():
        told = deps.models.ask(HANDOFF, document, left)
    written = _checked(known.settings, intake, document, {name: one for name, (one, _) in sources.items()}, told)
    return _restored(written, _own_address(deps, state))


def _sources(known: Experience, analysis: Analysis, findings: Findings) -> dict[str, tuple[str, str]]:
    """What may be told to a customer, by short id: the id and text of approved answers and published articles."""
    found: list[tuple[str, str]] = []
    for candidate in analysis.candidates[:ANSWERS]:
        answer = known.answer(candidate.answer_id)
        if answer is not None and answer.status is AnswerStatus.APPROVED:
            found.append((answer.id, answer.text.replace("{requester_name}", "customer")))
    found += [(article.id, f"{article.title}\n{article.snippet}".strip()) for article in findings.articles[:ARTICLES]]
    return {f"S{number}": source for number, source in enumerate(found, 1)}


def _own_address(deps: Deps, state: State) -> str | None:
    """The requester's address where it is the only one that redaction took out of the ticket.

    Any other may be anybody's: a reply that names it could tell one person's matters to another.
    """
    trigger = Trigger.model_validate(state.run.payload)
    with deps.database.read() as session:
        own = tickets.get(session, state.run.workspace_id, state.run.ticket_id).requester_email
    held = {address.casefold() for address in addresses(clean(trigger.subject, trigger.words))}
    return own if own is not None and held == {own.casefold()} else None


def _restored(draft: Draft, address: str | None) -> Draft:
    """The draft with the customer's own address where the language model saw that there was one.

    A reply that holds anything else that was blacked out is of no use to anybody, so there is none.
    """
    reply = [one.model_copy(update={"text": one.text.replace(_ADDRESS, address or _ADDRESS)}) for one in draft.reply]
    left = [number for number, one in enumerate(reply, 1) if _REDACTED.search(one.text)]
    if left:
        doubts = [f"Sentence {number}: It holds what was blacked out." for number in left]
        return draft.model_copy(update={"reply": [], "doubts": [*draft.doubts, *doubts]})
    return draft.model_copy(update={"reply": reply})


def _checked(
    settings: Settings, intake: Intake, document: dict[str, Any], ids: dict[str, str], told: Told[HandoffAnswer]
) -> Draft:
    calls = list(told.calls)
    if told.value is None:
        return Draft(without=f"No usable answer: {calls[-1].verdict}.", calls=calls)
    value, texts = told.value, {source["id"]: source["text"] for source in document["sources"]}
    everything = [document["ticket"]["text"], *texts.values()]
    if invents((value.wants, value.tried, value.missing), everything):
        return Draft(without=INVENTED, calls=calls)
    doubts = _doubts(settings, intake, value, texts)
    reply = [] if doubts else value.reply
    return Draft(
        wants=value.wants,
        tried=value.tried,
        missing=value.missing,
        reply=[DraftSentence(text=one.text, sources=[ids[name] for name in one.sources]) for one in reply],
        doubts=doubts,
        without=None,
        calls=calls,
    )


def _doubts(settings: Settings, intake: Intake, value: HandoffAnswer, texts: dict[str, str]) -> list[str]:
    """What is wrong with the reply; one wrong sentence spoils it, for without it the rest may mean something else."""
    found: list[str] = []
    for number, sentence in enumerate(value.reply, 1):
        if not set(sentence.sources) <= texts.keys():
            found.append(f"Sentence {number} cites what was not shown.")
            continue
        problem = doubt(sentence.text, [texts[name] for name in sentence.sources])
        problem = problem or stray(settings, "It", sentence.text)
        if problem is not None:
            found.append(f"Sentence {number}: {problem}")
    language = detected(" ".join(sentence.text for sentence in value.reply))
    if language is not None and intake.language.value not in (None, language):
        found.append(f"It is written in {language!r}, the ticket in {intake.language.value!r}.")
    return found
