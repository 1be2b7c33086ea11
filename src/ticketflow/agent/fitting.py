"""Keeps what a model is shown within its tokens: the ticket whole where it can be, then the best evidence."""

from typing import Any

CHARACTERS_PER_TOKEN = 3  # below what tokenizers make of English, so that the estimate errs on the safe side
MOST_TOKENS = 3_000
TICKET_CHARACTERS = 4_500
PIECE_CHARACTERS = 900
CUT = " […] "


def fitted(document: dict[str, Any], most_tokens: int = MOST_TOKENS) -> dict[str, Any]:
    """The document with long texts cut in the middle and, from the worst on, cases and then answers left out.

    `answers` and `cases` are best first. At least one answer stays.
    """
    left = most_tokens * CHARACTERS_PER_TOKEN
    text = _cut(document["ticket"]["text"], TICKET_CHARACTERS)
    made: dict[str, Any] = {**document, "ticket": {**document["ticket"], "text": text}, "answers": [], "cases": []}
    left -= len(str(made))
    for kind in ("answers", "cases"):
        for piece in document[kind]:
            short = {**piece, "text": _cut(piece["text"], PIECE_CHARACTERS)}
            left -= len(str(short))
            if left < 0 and (made["answers"] or kind == "cases"):
                break
            made[kind].append(short)
    return made


def _cut(text: str, most: int) -> str:
    """Both ends: people begin with their trouble and end with what they want."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    return text[:head] + CUT + text[len(text) - (most - head) :]
