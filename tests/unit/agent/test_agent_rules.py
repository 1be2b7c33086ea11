"""Mood and urgency by words in several languages, and mails that machines sent."""

import pytest

from ticketflow.agent import rules
from ticketflow.domain import Guess, Priority, Sentiment


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("This is unacceptable, I am furious.", Sentiment.NEGATIVE),
        ("I am not happy with this", Sentiment.NEGATIVE),
        ("Thanks, but it arrived broken.", Sentiment.NEGATIVE),
        ("WHY DOES NOBODY EVER ANSWER MY MAILS", Sentiment.NEGATIVE),
        ("Where is it!!", Sentiment.NEGATIVE),
        ("Ich bin sehr enttäuscht von dieser Frechheit", Sentiment.NEGATIVE),
        ("Je suis très déçue, c'est inadmissible", Sentiment.NEGATIVE),
        ("Estoy muy decepcionado, es inaceptable", Sentiment.NEGATIVE),
        ("È una vergogna, sono deluso", Sentiment.NEGATIVE),
        ("Thank you, the kettle is wonderful", Sentiment.POSITIVE),
        ("Vielen Dank, danke!", Sentiment.POSITIVE),
        ("Merci beaucoup, c'est parfait", Sentiment.POSITIVE),
        ("Muchas gracias, todo perfecto", Sentiment.POSITIVE),
        ("Where is my parcel?", Sentiment.NEUTRAL),
        ("The poster shows a messenger.", Sentiment.NEUTRAL),
        ("", Sentiment.NEUTRAL),
        ("OK", Sentiment.NEUTRAL),
    ],
)
def test_mood(text: str, mood: Sentiment) -> None:
    guess = rules.sentiment(text)
    assert guess.value == mood
    assert 0.5 <= guess.confidence <= 0.95


def test_more_anger_is_more_sure() -> None:
    assert rules.sentiment("awful, useless, broken").confidence > rules.sentiment("it is broken").confidence


CALM = Guess(value=Sentiment.NEUTRAL, confidence=0.6, source="rules")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("There is smoke coming out of it", Priority.URGENT),
        ("I will sue you", Priority.URGENT),
        ("Someone made an unauthorised payment", Priority.URGENT),
        ("Bitte antworten Sie dringend", Priority.URGENT),
        ("C'est urgent", Priority.URGENT),
        ("Es urgente", Priority.URGENT),
        ("I was charged twice", Priority.HIGH),
        ("I cannot log in, locked out", Priority.HIGH),
        ("Ich brauche es bis morgen", Priority.HIGH),
        ("Lo necesito hoy", Priority.HIGH),
        ("Just wondering, no rush", Priority.LOW),
        ("Where is my parcel?", Priority.NORMAL),
        ("Hello, my name is Sue Miller", Priority.NORMAL),
        ("Guten Morgen, wo ist mein Paket?", Priority.NORMAL),
        ("guten morgen, ich brauche es heute", Priority.HIGH),
        ("", Priority.NORMAL),
    ],
)
def test_urgency(text: str, level: Priority) -> None:
    assert rules.priority(text, CALM).value == level


def test_great_anger_raises_the_priority() -> None:
    text = "awful, useless, broken"
    assert rules.priority(text, rules.sentiment(text)).value == Priority.HIGH


@pytest.mark.parametrize(
    "headers",
    [
        {"auto-submitted": "auto-replied"},
        {"auto-submitted": "Auto-Generated"},
        {"auto-submitted": "auto-replied; owner-email=a@b.example"},
        {"precedence": "bulk"},
        {"precedence": " List "},
        {"precedence": "auto_reply"},
        {"x-autoreply": "yes"},
        {"x-auto-response-suppress": "All"},
        {"list-id": "<news.shop.example>"},
        {"return-path": "<>"},
    ],
)
def test_a_machines_mail_is_told_by_its_headers(headers: dict[str, str]) -> None:
    assert rules.automatic(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"auto-submitted": "no"},
        {"auto-submitted": " No "},
        {"auto-submitted": "no; reason=none"},
        {"precedence": "normal"},
        {"return-path": "<ana@example.org>"},
        {"subject": "Precedence: bulk"},
    ],
)
def test_a_persons_mail_is_not(headers: dict[str, str]) -> None:
    assert rules.automatic(headers) is None
