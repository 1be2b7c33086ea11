"""What a text claims that can be looked up: addresses, numbers, codes. What no source holds, a model made up.

Links and addresses are found generously: a word too many costs a reading, one too few could carry a customer away.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

DIGITS = 3
"""From so many digits on a number is a fact; shorter ones count things in a sentence."""
_LINK = re.compile(r"(?:https?|ftp|mailto|javascript|data):\S+|www\.\S+|(?:[\w-]+\.)+[a-z]{2,24}\b(?:/\S*)?", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*")
_CODE = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w{4,}\b")
_NUMBER = re.compile(r"\+\d[\d ().,/-]*\d|(?<!\w)\d(?:[\d .,/-]*\d)?")
_AMOUNT = re.compile(
    r"(?:[€$£¥₹]|\b(?:eur|usd|gbp|chf))\s*\d[\d.,]*|\d[\d.,]*\s*(?:[€$£¥₹%]|(?:eur|usd|gbp|chf)\b)", re.I
)
_ENDING = ".,;:!?)]}>\"'"


def unsourced(text: str, sources: Iterable[str]) -> list[str]:
    """The facts in `text` that no source holds, as they are written there."""
    plain = _plain(text)
    held = "\n".join(_plain(source) for source in sources)
    bare = f"{_bare(held)}\n{_words(held)}"
    found = [claimed for claimed in links(text) if not _within(claimed.lower(), held.lower())]
    plain = _LINK.sub(" ", _EMAIL.sub(" ", plain))
    for match in _AMOUNT.finditer(plain):
        if not _whole(_bare(match.group()), bare):
            found.append(match.group().strip().rstrip(_ENDING))
    for match in (*_CODE.finditer(plain), *_NUMBER.finditer(plain)):
        claimed = _bare(match.group())
        if sum(character.isdigit() for character in claimed) >= DIGITS and not _whole(claimed, bare):
            found.append(match.group().strip())
    return list(dict.fromkeys(found))


def invents(texts: Iterable[str], sources: Sequence[str]) -> bool:
    """Whether words for a colleague hold what no source holds, or a link at all: nobody is to follow a stranger's."""
    return any(links(text) or unsourced(text, sources) for text in texts)


def strangers(text: str, hosts: Iterable[str]) -> list[str]:
    """The links and addresses in a text that lead to none of `hosts`, nor to a host under one of them."""
    known = [host.lower().strip(".") for host in hosts]
    found = ((link, _host(link)) for link in links(text))
    return [link for link, host in found if not any(host == one or host.endswith(f".{one}") for one in known)]


def links(text: str) -> list[str]:
    """Every link and address in a text, as it is written there."""
    plain = _plain(text)
    addresses = _EMAIL.findall(plain)
    return [found.rstrip(_ENDING) for found in (*addresses, *_LINK.findall(_EMAIL.sub(" ", plain)))]


def _host(link: str) -> str:
    """Whom a link or an address names; what cannot be read names nobody."""
    bare = re.sub(r"^(?:[a-z]+:)?(?://)?", "", link.lower())
    host = re.split(r"[/?#\\\s]", bare, maxsplit=1)[0].rpartition("@")[2]
    return re.sub(r":\d*$", "", host).rstrip(".")


def _plain(text: str) -> str:
    """One way to write each character: fullwidth letters and invisible ones are how filters are passed by."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(character for character in normal if unicodedata.category(character) != "Cf")


def _bare(text: str) -> str:
    """Without what is written between digits and inside codes, so that 12 345-6 is 123456; words stay apart."""
    return _words(re.sub(r"(?<=\d)[ ().,/-]+(?=\d)", "", text))


def _words(text: str) -> str:
    return re.sub(r"[^\w€$£¥₹%]+", " ", text).lower().strip()


def _whole(claimed: str, held: str) -> bool:
    """Whether a number or code occurs as a whole: 345 is not in 123456."""
    digits = "".join(character for character in claimed if character.isalnum())
    return re.search(rf"(?<![0-9a-z]){re.escape(digits)}(?![0-9a-z])", held) is not None


def _within(claimed: str, held: str) -> bool:
    """Whether an address occurs and does not go on: evil.example/shop is not in shop.example/evil."""
    return re.search(rf"(?<![\w.@-]){re.escape(claimed)}(?![\w/@-]|\.\w)", held) is not None
