"""Text to search terms: one analyzer for every database, so that all of them rank alike.

Words of all scripts, folded in case and accents, English-stemmed, without stop words. Scripts that write no spaces
give character pairs.
"""

import re
import threading
import unicodedata
from typing import Any

VERSION = "1"  # part of every chunk's content hash: raise it when the terms of a text change
MAX_TERM = 64
MAX_CHARACTERS = 200_000

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003134f"
)
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+")
# Vowel signs of the Indian scripts are no word characters to `re`, though words are full of them.
_LETTER = f"(?:[^\\W_{_UNSPACED}]|[\u0900-\u0963\u0966-\u0dff])"
_TOKEN = re.compile(f"[{_UNSPACED}]+|{_LETTER}+(?:['’]{_LETTER}+)*")
_FIRST_UNSPACED = re.compile(f"[{_UNSPACED}]")

_STOP_WORDS = """
    a about after again all also am an and any are arent as at be because been before being both but by came can cant
    could couldnt did didnt do does doesnt doing done dont each else ever every few for from further get gets getting
    go goes going got had hadnt has hasnt have havent having he hello her here hers hey hi him his how i id if ill im
    in into is isnt it its ive just know let lets like many may me might mine more most much must my myself need of
    off oh ok okay on once one only or other our ours out over own please re really s same shall she should shouldnt
    so some still such t than thank thanks that thats the their theirs them then there theres these they theyre this
    those though through till to too under until up us very want wanted was wasnt we well were weve what whats when
    where wheres whether which while who whom whose why will with within wont would wouldnt yes yet you your youre
    yours
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_local = threading.local()


def terms(text: str) -> list[str]:
    """The search terms of `text` in order, repeats kept. Empty when it holds nothing but stop words."""
    plain = _fold(text[:MAX_CHARACTERS])
    stem = _stemmer().stemWord
    found: list[str] = []
    for token in _TOKEN.findall(plain):
        if _FIRST_UNSPACED.match(token):
            found.extend(_pairs(token))
            continue
        bare = token.replace("'", "") if "'" in token else token
        if bare not in STOP_WORDS:
            stemmed = stem(token) if bare.isascii() else bare
            found.append(stemmed.replace("'", "")[:MAX_TERM])
    return found


def _fold(text: str) -> str:
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", decomposed)).casefold().replace("’", "'")


def _pairs(token: str) -> list[str]:
    return [token] if len(token) == 1 else [token[start : start + 2] for start in range(len(token) - 1)]


def _stemmer() -> Any:
    # A stemmer object keeps state while it works, so threads may not share one.
    stemmer = getattr(_local, "stemmer", None)
    if stemmer is None:
        import Stemmer

        stemmer = _local.stemmer = Stemmer.Stemmer("english")
    return stemmer
