"""What the scripted model says: drawn from the request alone, so that every word of it has a source in the request.

It reads the document that a prompt of `ticketflow.llm` sends, and does what a model would do with little effort: the
first answer offered, the first sentence of the ticket as summary, the first source's sentences as reply.
"""

import json
import re
from typing import Any

from ticketflow.llm.facts import links

MODEL = "scripted"
SENTENCES_IN_REPLY, SENTENCES_IN_ARTICLE = 4, 20
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")


def answer(request: dict[str, Any]) -> str:
    """The words of the answer to a chat request, as JSON; an empty object where the request holds no document."""
    document = _document(request)
    make = {"reading": _reading, "handoff": _handoff, "article": _article}.get(str(document.get("task")))
    return json.dumps(make(document) if make else {"ok": True})


def _document(request: dict[str, Any]) -> dict[str, Any]:
    for message in reversed(request.get("messages", [])):
        if message.get("role") != "user":
            continue
        try:
            found = json.loads(str(message.get("content")))
        except json.JSONDecodeError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def _reading(document: dict[str, Any]) -> dict[str, Any]:
    ticket, answers = document["ticket"], document["answers"]
    first = answers[0] if answers else None
    return {
        "category": document["guess"]["category"],
        "priority": document["guess"]["priority"],
        "sentiment": document["guess"]["sentiment"],
        "language": document["guess"]["language"],
        "team": None,
        "summary": _without_links(_first_sentences(ticket["text"], 1)) or "An empty message.",
        "root_cause": _without_links(f"As in: {first['title']}") if first else "Not known.",
        "answer": first["id"] if first else None,
        "evidence": [case["id"] for case in document["cases"][:2]],
    }


def _handoff(document: dict[str, Any]) -> dict[str, Any]:
    first = document["sources"][:1]
    return {
        "wants": _without_links(_first_sentences(document["ticket"]["text"], 1)) or "An empty message.",
        "tried": "Nothing that the ticket tells of.",
        "missing": "Nothing.",
        "reply": [
            {"text": sentence[:500], "sources": [source["id"]]}
            for source in first
            for sentence in _sentences(source["text"])[:SENTENCES_IN_REPLY]
        ],
    }


def _article(document: dict[str, Any]) -> dict[str, Any]:
    first = document["sources"][0]
    return {
        "title": first["text"].splitlines()[0][:120],
        "sentences": [
            {"text": sentence[:500], "sources": [first["id"]]}
            for sentence in _sentences(first["text"])[:SENTENCES_IN_ARTICLE]
        ],
    }


def _sentences(text: str) -> list[str]:
    return [found for found in (match.strip() for match in _SENTENCE.findall(text)) if found]


def _first_sentences(text: str, count: int) -> str:
    return " ".join(_sentences(text)[:count])[:300]


def _without_links(text: str) -> str:
    for found in links(text):
        text = text.replace(found, "a link")
    return "" if links(text) else text
