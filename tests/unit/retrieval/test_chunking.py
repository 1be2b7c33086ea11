"""Passages: whole where they fit, split where a reader would, nothing lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.embeddings.bundled import FOLDER, MAX_TOKENS
from ticketflow.retrieval.chunking import Passage, embedded_text, split, tokens

ARTICLE = """# Returns

You can return anything within 30 days. {filler}

# Repairs

Repairs take two weeks. {filler}

## Costs

The first repair is free. {filler}
"""


def test_a_short_text_is_one_passage() -> None:
    assert split("  My card was declined.\n") == [Passage("My card was declined.")]
    assert split("") == [Passage("")]


def test_a_text_is_split_at_its_headings() -> None:
    passages = split(ARTICLE.format(filler="Keep the receipt in the box. " * 15))
    assert [passage.text.split("\n")[0] for passage in passages] == ["# Returns", "# Repairs", "## Costs"]
    assert all(passage.heading == "" for passage in passages)


def test_a_long_section_carries_its_heading_along() -> None:
    passages = split(ARTICLE.format(filler="Keep the receipt in the box, please. " * 80))
    inner = [passage for passage in passages if not passage.text.startswith("#")]
    assert inner
    assert {passage.heading for passage in inner} == {"# Returns", "# Repairs", "## Costs"}


def test_sentences_overlap_a_little() -> None:
    passages = split(" ".join(f"Sentence number {number} says something." for number in range(120)))
    for one, following in pairwise(passages):
        assert one.text.rsplit(".", 2)[-2].strip() in following.text


def test_the_title_stands_before_each_passage_once() -> None:
    assert embedded_text("Kettle", Passage("It leaks.", "# Base")) == "Kettle\n# Base\nIt leaks."
    assert embedded_text("Kettle", Passage("Kettle leaks.")) == "Kettle leaks."
    assert embedded_text("", Passage("It leaks.")) == "It leaks."


@given(st.text(alphabet="ab .\n!#カé", max_size=3_000), st.integers(20, 120))
def test_every_passage_fits_and_no_letter_is_lost(text: str, most: int) -> None:
    passages = split(text, most)
    assert passages
    assert all(tokens(passage.text) <= most + 8 for passage in passages)
    joined = "".join(passage.text for passage in passages)
    for letter in "abカé":
        assert joined.count(letter) >= text.count(letter)


@pytest.mark.parametrize(
    "text",
    [
        "Please return the damaged kettle in its original packaging, and keep the receipt. " * 60,
        "Die Rückerstattung erfolgt innerhalb von vierzehn Tagen auf das ursprüngliche Zahlungsmittel. " * 60,
        "カードが使えません。返金をお願いします。" * 60,
        "x" * 5_000,
        "A-1 B-2, C-3; " * 300,
    ],
)
def test_the_encoder_sees_each_passage_whole(text: str) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    sizes = [len(tokenizer.encode(embedded_text("Some title", passage)).ids) for passage in split(text)]
    assert max(sizes) <= MAX_TOKENS
