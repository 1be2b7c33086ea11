"""Languages are told with a confidence that short texts cannot reach."""

import pytest

from ticketflow.retrieval.language import SHORT_CONFIDENCE, SURE, detect, detected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I am still waiting on my card, when will it arrive?", "en"),
        ("Meine Karte ist immer noch nicht angekommen", "de"),
        ("Ma carte n'est pas encore arrivée, que faire ?", "fr"),
        ("¿Dónde está mi tarjeta? La pedí hace dos semanas", "es"),
        ("我的卡在哪里", "zh"),
        ("カードがまだ届きません", "ja"),
    ],
)
def test_sentences_are_recognised_with_confidence(text: str, language: str) -> None:
    guess = detect(text)
    assert guess.value == language
    assert SURE <= guess.confidence <= 1.0
    assert detected(text) == language


@pytest.mark.parametrize("text", ["ok", "hello", "thx!!!", "refund please"])
def test_one_or_two_words_are_never_sure(text: str) -> None:
    assert detect(text).confidence <= SHORT_CONFIDENCE
    assert detected(text) is None


@pytest.mark.parametrize("text", ["", "   ", "12345 67", "?!", "+49 30 1234567"])
def test_what_holds_no_words_has_no_language(text: str) -> None:
    guess = detect(text)
    assert (guess.value, guess.confidence) == (None, 0.0)
