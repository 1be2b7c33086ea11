"""Plain rules about a ticket's words: mood, urgency, and whether a machine sent it. No history needed."""

import re
from collections.abc import Mapping

from ticketflow.domain import Guess, Priority, Sentiment

_NEGATIVE = re.compile(
    r"\b(?:angry|annoyed|appalling|awful|broken|complain\w*|crap|disappoint\w*|disgust\w*|fed up|frustrat\w*|furious"
    r"|hate|horrible|incompeten\w*|joke|lied|mess|never again|nightmare|not happy|pathetic|poor|rage|ridiculous"
    r"|rubbish|scam\w*|shame\w*|shocking|sick of|terrible|unacceptable|unhappy|upset|useless|worst|wtf"
    r"|enttäusch\w*|frech\w*|unverschämt\w*|ärger\w*|sauer|déçue?|inadmissible|scandaleu\w*|nul"
    r"|decepcionad\w*|fatal|inaceptable|vergüenza|delus\w*|vergogna|inaccettabile|desilud\w*|péssim\w*)\b",
    re.I,
)
_POSITIVE = re.compile(
    r"\b(?:amazing|appreciate\w*|awesome|brilliant|delight\w*|excellent|fantastic|glad|great|happy|helpful|kind|love\w*"
    r"|lovely|perfect|pleased|superb|thank\w*|thanks|wonderful|cheers|danke\w*|super|toll|merci|parfait|gracias"
    r"|genial|perfecto|grazie|ottimo|obrigad[oa]|ótimo)\b",
    re.I,
)
_URGENT = re.compile(
    r"\b(?:asap|emergency|immediately|right now|urgent\w*|fire|smoke|burn(?:t|ed|ing)?|electric shock|hacked|stolen"
    r"|fraud\w*|unauthori[sz]ed|lawyer|legal action|(?-i:sue)|police|dringend|sofort|urgente?|urgence"
    r"|subito|emergencia)\b",
    re.I,
)
_HIGH = re.compile(
    r"\b(?:deadline|today|tonight|tomorrow|still waiting|third time|second time|again and again|no (?:one|body)"
    r" (?:answers|replies|responds)|can(?:no|')?t (?:log ?in|access|pay)|locked out|charged twice|double charge\w*"
    r"|heute|(?<!guten )morgen|hoy|mañana)\b",
    re.I,
)
_LOW = re.compile(
    r"\b(?:just (?:curious|wondering)|no (?:rush|hurry)|whenever you|feature request|suggestion|feedback|fyi"
    r"|kein stress)\b",
    re.I,
)


def sentiment(text: str) -> Guess:
    """The mood, by words, capitals and exclamation marks."""
    shouting = _shouting(text)
    negative = len(_NEGATIVE.findall(text)) + (1 if shouting else 0) + min(text.count("!!"), 2)
    positive = len(_POSITIVE.findall(text))
    balance = positive - 2 * negative
    if balance < 0:
        return Guess(value=Sentiment.NEGATIVE, confidence=min(0.95, 0.6 + 0.1 * negative), source="rules")
    if balance > 0:
        return Guess(value=Sentiment.POSITIVE, confidence=min(0.85, 0.5 + 0.1 * positive), source="rules")
    return Guess(value=Sentiment.NEUTRAL, confidence=0.6, source="rules")


def priority(text: str, mood: Guess) -> Guess:
    """How soon a human should look, by words and mood."""
    if _URGENT.search(text):
        return Guess(value=Priority.URGENT, confidence=0.7, source="rules")
    if _HIGH.search(text) or (mood.value == Sentiment.NEGATIVE and mood.confidence >= 0.8):
        return Guess(value=Priority.HIGH, confidence=0.6, source="rules")
    if _LOW.search(text):
        return Guess(value=Priority.LOW, confidence=0.6, source="rules")
    return Guess(value=Priority.NORMAL, confidence=0.6, source="rules")


def automatic(headers: Mapping[str, str]) -> str | None:
    """Why a mail looks machine-sent, by its headers; answering it could start a mail loop. None for a person's."""
    submitted = headers.get("auto-submitted", "no").strip().lower()
    if submitted.partition(";")[0].strip() != "no":
        return f"Auto-Submitted: {submitted}"
    if headers.get("return-path", "").strip() == "<>":
        return "Return-Path: <>"
    precedence = headers.get("precedence", "").strip().lower()
    if precedence in {"bulk", "junk", "list", "auto_reply"}:
        return f"Precedence: {precedence}"
    if "x-autoreply" in headers or "x-auto-response-suppress" in headers or "list-id" in headers:
        return "an automatic-reply header"
    return None


def _shouting(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return len(letters) >= 20 and sum(character.isupper() for character in letters) > 0.6 * len(letters)
