"""How well the support check tells what a source says from what it does not, on sentences whose label is known.

Sources are replies of a help desk (Bitext). Supported are a source's own sentences, as they are and reworded by rules.
Unsupported are sentences of other replies and a source's sentences turned false: denied, with another number, with a
link, with an opposite word, put together from words all over it. The check of opposites has no bar: words cannot tell
"before" from "after", which is why people read drafts and no draft is ever sent by itself.
"""

import argparse
import csv
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from common import Bar, data, report
from ticketflow.agent.support import doubt, sentences
from ticketflow.retrieval.analyzer import terms

LEAST_TERMS = 5
"""Shorter sentences say too little to be told from others by anybody."""
SOURCES = 2
"""How many replies a draft is shown; the right one among them."""
REWORDED = (
    (r"\bcan't\b", "cannot"),
    (r"\bdon't\b", "do not"),
    (r"\bwe're\b", "we are"),
    (r"\byou're\b", "you are"),
    (r"\bI'm\b", "I am"),
    (r"\bI'll\b", "I will"),
    (r"\byou'll\b", "you will"),
    (r"\byour\b", "the"),
    (r"\bplease\b ?", ""),
    (r"\b(?:simply|kindly|just|also|really|very)\b ?", ""),
    (r"\bassist\b", "help"),
    (r"\brequire\b", "need"),
    (r"\bnavigate to\b", "go to"),
    (r"\blocate\b", "find"),
)
SAID_BY_ALL = re.compile(r"support|contact|reach|live chat|assist|hesitate|sign up|log ?in|account|website", re.I)
"""What stands in replies to everything is said by each of them: it is no stranger's sentence."""
OPPOSITES = (("before", "after"), ("open", "closed"), ("first", "last"), ("always", "never"), ("above", "below"))


@dataclass(frozen=True)
class Reply:
    """A source: the reply's sentences, and what it is about."""

    intent: str
    category: str
    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.parts)


def replies(every: int) -> list[Reply]:
    """Replies of the data set, their placeholders made plain words."""
    folder = data("bitext")
    if folder is None:
        return []
    found: list[Reply] = []
    with (folder / "tickets.csv").open(encoding="utf-8") as file:
        for row in list(csv.DictReader(file))[::every]:
            text = re.sub(r"\{\{([^}]*)\}\}", r"\1", row["response"])
            text = re.sub(r"(?m)^\s*\d+\.\s*", "", text)
            parts = tuple(part for part in sentences(text) if len(set(terms(part))) >= LEAST_TERMS)
            if parts:
                found.append(Reply(row["intent"], row["category"], parts))
    return found


def reworded(sentence: str, _reply: Reply, _rng: random.Random) -> str | None:
    text = sentence
    for pattern, other in REWORDED:
        text = re.sub(pattern, other, text, flags=re.I)
    return text if text != sentence else None


def shortened(sentence: str, _reply: Reply, _rng: random.Random) -> str | None:
    head = sentence.rpartition(", ")[0]
    return f"{head}." if len(set(terms(head))) >= LEAST_TERMS else None


def denied(sentence: str, _reply: Reply, _rng: random.Random) -> str | None:
    text = re.sub(r"\b(can|will|is|are|do|should|have|has)\b", r"\1 not", sentence, count=1, flags=re.I)
    already = re.search(r"\b(?:not|no|never|none|nobody|nothing|cannot|without)\b|n['’]t\b", sentence, re.I)
    return text if text != sentence and not already else None


def numbered(sentence: str, _reply: Reply, rng: random.Random) -> str | None:
    return f"{sentence.rstrip('.!')} within {rng.randint(100, 999)} days."


def linked(sentence: str, _reply: Reply, rng: random.Random) -> str | None:
    return f"{sentence.rstrip('.!')} at https://help{rng.randint(1, 99)}.example."


def opposite(sentence: str, _reply: Reply, _rng: random.Random) -> str | None:
    for one, other in OPPOSITES:
        text = re.sub(rf"\b{one}\b", other, sentence)
        if text != sentence:
            return text
    return None


def picked(sentence: str, reply: Reply, rng: random.Random) -> str | None:
    """As many words as the sentence has, from all over the reply."""
    words = [word for word in re.findall(r"[A-Za-z]{4,}", reply.text) if len(reply.parts) >= 6]
    return " ".join(rng.sample(words, min(len(words), len(sentence.split())))) if words else None


Make = Callable[[str, Reply, random.Random], str | None]
SUPPORTED: dict[str, Make] = {
    "as it is": lambda sentence, _reply, _rng: sentence,
    "reworded": reworded,
    "shortened": shortened,
}
UNSUPPORTED: dict[str, Make] = {
    "denied": denied,
    "another number": numbered,
    "a link": linked,
    "words from all over": picked,
    "an opposite word": opposite,
}


def cases(found: list[Reply], rng: random.Random) -> Iterator[tuple[str, str, list[str]]]:
    """Label, sentence and the sources that it cites."""
    for number, reply in enumerate(found):
        other = found[(number * 7 + 3) % len(found)]
        sources = [reply.text, other.text][:SOURCES]
        sentence = rng.choice(reply.parts)
        for name, make in (SUPPORTED | UNSUPPORTED).items():
            made = make(sentence, reply, rng)
            if made is not None:
                yield name, made, sources
        strangers = [one for one in (found[rng.randrange(len(found))] for _ in range(20)) if one.intent != reply.intent]
        if strangers:
            yield from _of_others("another matter", strangers[0], reply, rng)
        near = [one for one in strangers if one.category == reply.category]
        if near:
            yield from _of_others("a matter nearby", near[0], reply, rng)


def _of_others(name: str, other: Reply, reply: Reply, rng: random.Random) -> Iterator[tuple[str, str, list[str]]]:
    own = [part for part in other.parts if not SAID_BY_ALL.search(part)]
    if own:
        yield name, rng.choice(own), [reply.text]


BARS = {
    "as it is": 99,
    "reworded": 90,
    "shortened": 90,
    "denied": 95,
    "another number": 100,
    "a link": 100,
    "words from all over": 95,
    "another matter": 95,
    "a matter nearby": 90,
}


def main() -> int:
    """Print the shares; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = replies(every=8)
    if not found:
        return 0
    counted: dict[str, list[bool]] = {}
    for name, sentence, sources in cases(found, random.Random(7)):
        passed = doubt(sentence, sources) is None
        counted.setdefault(name, []).append(passed == (name in SUPPORTED))
    bars = [
        Bar(
            f"{'passed' if name in SUPPORTED else 'refused'}: {name}",
            100 * sum(right) / len(right),
            BARS.get(name),
            "%",
            f"of {len(right)} sentences",
        )
        for name, right in counted.items()
    ]
    return report(f"The support check on {len(found):,} replies", bars, as_json=options.json)


if __name__ == "__main__":
    raise SystemExit(main())
