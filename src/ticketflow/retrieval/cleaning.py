"""From what a customer sent to the text that is embedded, indexed and learned from. Not for display."""

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailparser_reply import EmailReplyParser

MAX_CHARACTERS = 20_000
SEPARATOR = "\n\f\n"
"""Stands between the messages of a text that holds several: each is cleaned by itself."""
LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da"]

_UNSEEN = {"<!--": "-->", "<script": "</script>", "<style": "</style>", "<blockquote": "</blockquote>"}
_UNSEEN_START = re.compile("|".join(_UNSEEN), re.I)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^<>]{0,200}>", re.I)
_TAG = re.compile(r"</?(?![\w.+-]{1,64}@[\w.-]{1,190}>)[a-zA-Z][^<>]{0,2000}>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_SIGNATURE = re.compile(
    r"^-- ?$|^(?:sent from my |von meinem .{1,30} gesendet|envoyé de mon |enviado desde mi )", re.I | re.M
)
_BLANK_LINES = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[ \t\xa0]+")
_QUOTED = r"(?:El .{5,200} escribió|Op .{5,200} schreef .{1,100}|Em .{5,200} escreveu|.{5,200} napisał(?:\(a\)|a)?)"
_QUOTATION = re.compile(rf"^{_QUOTED} ?:\n\n?(?:>.*(?:\n|\Z))+", re.M)
"""What the reply parser misses of Spanish, Dutch, Portuguese and Polish."""
_FORWARDED = re.compile(
    r"^-{2,} ?(?:forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|messaggio inoltrato"
    r"|mensagem encaminhada|doorgestuurd bericht)",
    re.I | re.M,
)


def clean(subject: str, body: str) -> str:
    """Subject and the customer's own words, without mark-up, quoted mail and signature.

    A text that would be empty after that (a mail that is all quotation) is kept as it was, and so is a forwarded mail.
    At most MAX_CHARACTERS; of several messages the oldest are left out first.
    """
    own = "\n\n".join(reversed(list(_newest_first(body.split(SEPARATOR)))))
    subject = _SPACES.sub(" ", _CONTROL.sub("", subject).replace("\n", " ")).strip()
    text = own if not subject or own.lower().startswith(subject.lower()) else f"{subject}\n{own}"
    return text[:MAX_CHARACTERS].strip()


def _newest_first(messages: list[str]) -> Iterator[str]:
    room = MAX_CHARACTERS
    for message in reversed(messages):
        said = _said(message[: 2 * MAX_CHARACTERS])
        if len(said) > room < MAX_CHARACTERS:  # the newest always has room: it is cut
            return
        if said:
            yield said
        room -= len(said) + 2


def _said(message: str) -> str:
    plain = _plain(message)
    return _without_signature(_own_words(plain)) or plain or _plain(_TAG.sub(" ", message))


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "<" in text:
        text = unescape(_TAG.sub(" ", _BREAK.sub("\n", "".join(_seen(text)))))
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", _CONTROL.sub("", text))).strip()


def _seen(html: str) -> Iterator[str]:
    """The parts that a reader sees: no comments, scripts, styles and quotations. Linear, however they nest."""
    lowered = html.lower() if len(html.lower()) == len(html) else html
    position = 0
    hopeless: set[str] = set()  # what is not closed any more from here on
    for found in _UNSEEN_START.finditer(html):
        opening = found.group().lower()
        if found.start() < position or opening in hopeless:
            continue
        end = lowered.find(_UNSEEN[opening], found.end())
        if end < 0:
            hopeless.add(opening)
            continue
        yield html[position : found.start()] + " "
        position = end + len(_UNSEEN[opening])
    yield html[position:]


def _own_words(text: str) -> str:
    if "\n" not in text or _FORWARDED.search(text):
        return text
    return (_reply_parser().parse_reply(_QUOTATION.sub("", text)) or "").strip()


def _without_signature(text: str) -> str:
    found = _SIGNATURE.search(text)
    return text[: found.start()].strip() if found else text


@cache
def _reply_parser() -> "EmailReplyParser":
    from mailparser_reply import EmailReplyParser

    return EmailReplyParser(languages=LANGUAGES)
