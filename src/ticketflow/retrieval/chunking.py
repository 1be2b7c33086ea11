"""Long texts to passages that an encoder sees whole: split at headings, then paragraphs, sentences, words.

Works on characters, not on one encoder's tokens: the size of a passage is an estimate that errs on the safe side.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_TOKENS = 220  # of the encoder's 256; the rest is for the title and the estimate's error
OVERLAP_TOKENS = 30
TITLE_CHARACTERS = 200

_HEADING = re.compile(r"#{1,6}\s+\S.*|<h[1-6]\b.*", re.IGNORECASE)
_PARAGRAPH_END = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_PART = re.compile(r"[a-zA-Z0-9]+|[^\sa-zA-Z0-9]")
_WORD = re.compile(r"\s*\S+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a text. `heading` is the section it stands in, empty when that is within `text` or there is none."""

    text: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    tokens: float
    starts_section: bool
    heading: str
    separator: str


def tokens(text: str) -> float:
    """Estimate of an encoder's token count, on the high side: 3.2 characters a token in plain words, else 1."""
    return sum(max(1.0, len(part) / 3.2) for part in _PART.findall(text))


def embedded_text(title: str, passage: Passage) -> str:
    """What the encoder reads and full text indexes for a passage: title, heading, text."""
    head = title.strip()[:TITLE_CHARACTERS]
    if head and passage.text.startswith(head):
        head = ""
    return "\n".join(part for part in (head, passage.heading, passage.text) if part)


def split(text: str, max_tokens: float = MAX_TOKENS) -> list[Passage]:
    """Passages in order, at least one. A text that fits is one passage, unchanged but for outer white space."""
    whole = text.strip()
    if len(whole) <= max_tokens or tokens(whole) <= max_tokens:  # no character is more than a token
        return [Passage(whole)]
    return list(_pack(_pieces(whole, max_tokens), max_tokens))


def _pieces(text: str, max_tokens: float) -> Iterator[_Piece]:
    heading = ""
    for paragraph in _PARAGRAPH_END.split(text):
        lines = paragraph.strip().split("\n")
        starts = bool(_HEADING.fullmatch(lines[0].strip()))
        if starts:
            heading = lines[0].strip()[:TITLE_CHARACTERS]
        size = tokens(paragraph)
        if size <= max_tokens:
            if paragraph.strip():
                yield _Piece(paragraph.strip(), size, starts, heading, "\n\n")
            continue
        for number, sentence in enumerate(_sentences(paragraph, max_tokens)):
            yield _Piece(sentence, tokens(sentence), starts and number == 0, heading, " ")


def _sentences(paragraph: str, max_tokens: float) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(paragraph):
        if tokens(sentence) <= max_tokens:
            if sentence.strip():
                yield sentence.strip()
        else:
            yield from _runs(sentence, max_tokens)


def _runs(sentence: str, max_tokens: float) -> Iterator[str]:
    """Cuts at words, and inside a word that alone is too long."""
    step = max(int(max_tokens), 1)  # characters: one that is a token of its own still fits
    words = (word[at : at + step] for word in _WORD.findall(sentence) for at in range(0, len(word), step))
    run, size = "", 0.0
    for word in words:
        more = tokens(word)
        if run and size + more > max_tokens:
            yield run.strip()
            run, size = "", 0.0
        run, size = run + word, size + more
    if run.strip():
        yield run.strip()


def _pack(pieces: Iterable[_Piece], max_tokens: float) -> Iterator[Passage]:
    held: list[_Piece] = []
    size = 0.0
    for piece in pieces:
        full = size + piece.tokens > max_tokens
        if held and (full or (piece.starts_section and size > max_tokens / 4)):
            yield _passage(held)
            held = [] if piece.starts_section else _overlap(held, piece, max_tokens)
            size = sum(kept.tokens for kept in held)
        held.append(piece)
        size += piece.tokens
    if held:
        yield _passage(held)


def _overlap(held: list[_Piece], following: _Piece, max_tokens: float) -> list[_Piece]:
    last = held[-1]
    fits = last.tokens <= OVERLAP_TOKENS and last.tokens + following.tokens <= max_tokens
    return [last] if fits and len(held) > 1 and last.separator == " " else []


def _passage(held: list[_Piece]) -> Passage:
    text = held[0].text + "".join(piece.separator + piece.text for piece in held[1:])
    heading = held[0].heading
    return Passage(text, "" if text.startswith(heading) else heading)
