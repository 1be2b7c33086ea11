"""From what a customer sent to the text that is embedded, indexed and learned from. Not for display."""

import re
from functools import cache
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailparser_reply import EmailReplyParser

MAX_CHARACTERS = 20_000
LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da"]

_TAG = re.compile(
    r"<(?:script|style)\b.{0,100000}?</(?:script|style)>|<!--.{0,100000}?-->|</?[a-zA-Z][^<>]{0,2000}>", re.S
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_SIGNATURE = re.compile(
    r"^-- ?$|^(?:sent from my |von meinem .{1,30} gesendet|envoyé de mon |enviado desde mi )", re.I | re.M
)
_BLANK_LINES = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[ \t]+")


def clean(subject: str, body: str) -> str:
    """Subject and the customer's own words, without mark-up, quoted mail and signature.

    A text that would be empty after that (a mail that is all quotation) is kept as it was. At most MAX_CHARACTERS.
    """
    plain = _plain(body[: 2 * MAX_CHARACTERS])
    own = _without_signature(_own_words(plain)) or plain
    subject = _SPACES.sub(" ", _CONTROL.sub("", subject).replace("\n", " ")).strip()
    text = own if not subject or own.lower().startswith(subject.lower()) else f"{subject}\n{own}"
    return text[:MAX_CHARACTERS].strip()


def _plain(text: str) -> str:
    if "<" in text:
        text = unescape(_TAG.sub(" ", text))
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", text)).strip()


def _own_words(text: str) -> str:
    if "\n" not in text:
        return text
    return (_reply_parser().parse_reply(text) or "").strip()


def _without_signature(text: str) -> str:
    found = _SIGNATURE.search(text)
    return text[: found.start()].strip() if found else text


@cache
def _reply_parser() -> "EmailReplyParser":
    from mailparser_reply import EmailReplyParser

    return EmailReplyParser(languages=LANGUAGES)
