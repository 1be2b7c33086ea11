"""An article proposed for the knowledge base, from an answer and what people replied with it.

Customers' words tell what is asked and are no source. Sentences that no source says are left out and told; a person
reads the rest and publishes it, or does not.
"""

from typing import Any

from ticketflow.agent.asking import capped, count
from ticketflow.agent.deps import Deps
from ticketflow.agent.fitting import fitted
from ticketflow.agent.support import doubt
from ticketflow.domain import ArticleStatus, DraftSentence, ModelCall, Value
from ticketflow.errors import NotFound, NotReady, TicketFlowError
from ticketflow.llm.facts import unsourced
from ticketflow.llm.tasks import ARTICLE, SentenceAnswer
from ticketflow.retrieval.redaction import redact
from ticketflow.store import answers, cases, settings
from ticketflow.store.answers import Answer
from ticketflow.store.articles import NewArticle

REPLIES = 8
"""Most past tickets that a language model is shown."""
SECONDS, TRY_SECONDS = 90.0, 60.0
"""An article is long, and nobody's ticket waits for it."""
SENTENCES_IN_PARAGRAPH = 4


class Proposal(Value):
    """A proposed article. Each sentence names the answer and cases that say it; `doubts` tell what was left out."""

    title: str
    sentences: list[DraftSentence]
    doubts: list[str]
    category: str | None
    language: str | None
    calls: list[ModelCall]

    @property
    def body(self) -> str:
        """The article's text, in paragraphs."""
        texts = [one.text for one in self.sentences]
        parts = [
            texts[first : first + SENTENCES_IN_PARAGRAPH] for first in range(0, len(texts), SENTENCES_IN_PARAGRAPH)
        ]
        return "\n\n".join(" ".join(part) for part in parts)

    def as_draft(self) -> NewArticle:
        """What is stored of it: a draft, which nothing cites before a person publishes it."""
        return NewArticle(
            title=self.title,
            body=self.body,
            status=ArticleStatus.DRAFT,
            category=self.category,
            language=self.language,
        )


def propose(deps: Deps, workspace_id: str, label: str) -> Proposal:
    """Have an article written about what the answer of this label answers.

    Raises NotFound where there is no such answer, NotReady where no language model may be asked, TicketFlowError where
    none wrote anything that its sources say.
    """
    with deps.database.read() as session:
        answer = answers.by_labels(session, workspace_id, [label]).get(label)
        rules = settings.get(session, workspace_id)
        past = cases.replies(session, workspace_id, answer.id, REPLIES) if answer else []
    if answer is None:
        raise NotFound(f"There is no answer labelled {label!r}.", remedy="`ticketflow search` finds answers.")
    if not deps.models or not rules.language_models:
        raise NotReady(
            "No language model may be asked.", remedy="Set TICKETFLOW_LLM, and the setting language_models to true."
        )
    if (why_not := capped(deps, workspace_id, rules)) is not None:
        raise NotReady(why_not, remedy="Try again tomorrow, or raise the limit in the settings.")
    sources = _sources(answer, past)
    document = _document(sources, past)
    told = deps.models.ask(ARTICLE, document, SECONDS, try_seconds=TRY_SECONDS)
    with deps.database.write() as session:
        count(session, workspace_id, told.calls)
    if told.value is None:
        raise TicketFlowError(f"The language model gave no usable answer: {told.calls[-1].verdict}.")
    texts = {source["id"]: source["text"] for source in document["sources"]}
    ids = {name: source_id for name, (source_id, _) in sources.items()}
    kept, doubts = _supported(told.value.sentences, texts, ids)
    if not kept:
        raise TicketFlowError(" ".join(["The language model wrote nothing that its sources say.", *doubts]))
    title = told.value.title
    return Proposal(
        title=answer.title if unsourced(title, texts.values()) else title,
        sentences=kept,
        doubts=doubts,
        category=answer.category,
        language=answer.language,
        calls=list(told.calls),
    )


def _sources(answer: Answer, past: list[cases.Case]) -> dict[str, tuple[str, str]]:
    """Id and words of what people of the help desk wrote, by short id, each wording once."""
    written = [(answer.id, answer.text)] + [(case.id, redact(case.resolution)[0]) for case in past]
    once = {text: source_id for source_id, text in reversed(written)}
    return {f"S{number}": (one, text) for number, (text, one) in enumerate(reversed(once.items()), 1)}


def _supported(
    written: list[SentenceAnswer], texts: dict[str, str], ids: dict[str, str]
) -> tuple[list[DraftSentence], list[str]]:
    """The sentences that their sources say, and what was wrong with the others."""
    kept: list[DraftSentence] = []
    doubts: list[str] = []
    for sentence in written:
        if set(sentence.sources) <= texts.keys():
            problem = doubt(sentence.text, [texts[name] for name in sentence.sources])
        else:
            problem = "It cites what was not shown."
        if problem is None:
            kept.append(DraftSentence(text=sentence.text, sources=[ids[name] for name in sentence.sources]))
        else:
            doubts.append(f"Left out: {sentence.text!r} {problem}")
    return kept, doubts


def _document(sources: dict[str, tuple[str, str]], past: list[cases.Case]) -> dict[str, Any]:
    questions = [redact(f"{case.subject}\n{case.body}".strip())[0] for case in past]
    shown = fitted(
        {
            "ticket": {"text": ""},
            "answers": [{"id": name, "text": text} for name, (_, text) in sources.items()],
            "cases": [{"text": text} for text in questions],
        }
    )
    return {"questions": [case["text"] for case in shown["cases"]], "sources": shown["answers"]}
