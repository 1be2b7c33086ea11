"""What a sentence may claim: what its sources say, in most of their words, without turning it round."""

import pytest

from ticketflow.agent.support import doubt, sentences

SOURCE = (
    "You can return a kettle within 30 days. Refunds arrive within five working days after the parcel has reached us.\n"
    "We do not refund descaling kits that were opened. The form lies at https://shop.example/returns."
)


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return the kettle within 30 days.",
        "A refund arrives within five working days after your parcel has reached us.",
        "Opened descaling kits are not refunded.",
        "We don't refund descaling kits that were opened.",
        "The form lies at https://shop.example/returns.",
    ],
)
def test_what_a_source_says_is_supported(sentence: str) -> None:
    assert doubt(sentence, [SOURCE]) is None


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        ("You can return a kettle within 300 days.", "holds '300'"),
        ("The form lies at https://evil.example/returns.", "holds 'https://evil.example/returns'"),
        ("Our manager will call you tomorrow and bring flowers.", "other words"),
        ("You cannot return a kettle within 30 days.", "denies"),
        ("We refund descaling kits that were opened.", "denies"),
        ("It is what it is.", "says nothing"),
    ],
)
def test_what_no_source_says_is_doubted(sentence: str, problem: str) -> None:
    assert problem in (doubt(sentence, [SOURCE]) or "")


def test_words_from_all_over_support_nothing() -> None:
    scattered = ["Red apples grow.", "Blue boats sail.", "Green doors close.", "Black cats sleep."]
    assert doubt("Apples sail, doors sleep.", scattered) == "No sentence of its sources says it."


def test_a_text_falls_into_its_sentences() -> None:
    assert sentences("One. Two!\nThree? Four") == ["One.", "Two!", "Three?", "Four"]
