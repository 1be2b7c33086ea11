"""What a model is shown fits its tokens, and the best of it stays."""

from typing import Any

from ticketflow.agent.fitting import CHARACTERS_PER_TOKEN, CUT, PIECE_CHARACTERS, TICKET_CHARACTERS, fitted


def document(ticket: str = "short", answers: int = 5, cases: int = 8, length: int = 100) -> dict[str, Any]:
    return {
        "ticket": {"text": ticket},
        "answers": [{"id": f"A{number}", "text": "a" * length} for number in range(1, answers + 1)],
        "cases": [{"id": f"C{number}", "text": "c" * length} for number in range(1, cases + 1)],
    }


def test_what_fits_stays_as_it_is() -> None:
    assert fitted(document()) == document()


def test_the_worst_cases_go_first_and_then_the_worst_answers() -> None:
    tight = fitted(document(length=800), most_tokens=2_000)
    assert [one["id"] for one in tight["answers"]] == ["A1", "A2", "A3", "A4", "A5"]
    assert [one["id"] for one in tight["cases"]] == ["C1", "C2"]
    assert len(str(tight)) <= 2_000 * CHARACTERS_PER_TOKEN
    tighter = fitted(document(length=800), most_tokens=1_000)
    assert [one["id"] for one in tighter["answers"]] == ["A1", "A2", "A3"]
    assert tighter["cases"] == []


def test_one_answer_stays_whatever_happens() -> None:
    assert [one["id"] for one in fitted(document(length=800), most_tokens=10)["answers"]] == ["A1"]


def test_long_texts_are_cut_in_the_middle() -> None:
    made = fitted(document(ticket="begin" + "x" * 10_000 + "end", answers=1, cases=0, length=5_000))
    text = made["ticket"]["text"]
    assert text.startswith("begin")
    assert text.endswith("end")
    assert CUT in text
    assert len(text) == TICKET_CHARACTERS + len(CUT)
    assert len(made["answers"][0]["text"]) == PIECE_CHARACTERS + len(CUT)
