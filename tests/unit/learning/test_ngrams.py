import numpy as np
import pytest

from ticketflow.learning.ngrams import MAX_CHARACTERS, hashed_ngrams, normalise

BUCKETS = 2**16


def test_a_text_gives_the_same_row_alone_and_in_a_batch() -> None:
    texts = ["Where is my card?", "", "日本語のテキスト", "a", "Ünïcode déjà vu", "x " * 50]
    batch = hashed_ngrams(texts, BUCKETS)
    for row, text in enumerate(texts):
        alone = hashed_ngrams([text], BUCKETS)
        for whole, single in zip(batch, alone, strict=True):
            assert (whole[row] != single).nnz == 0


def test_word_and_pair_counts_are_those_of_the_text() -> None:
    words, _ = hashed_ngrams(["card card lost"], BUCKETS)
    # card (twice), lost, "card card", "card lost"
    assert sorted(words.data.tolist()) == [1.0, 1.0, 1.0, 2.0]


def test_pairs_never_span_two_texts() -> None:
    together, _ = hashed_ngrams(["alpha", "beta"], BUCKETS)
    assert np.diff(together.indptr).tolist() == [1, 1]


def test_case_width_forms_and_blanks_do_not_matter() -> None:
    first, second = hashed_ngrams(["Reset  PASSWORD\n", "reset password"], BUCKETS)[1]
    assert (first != second).nnz == 0
    assert normalise("ＡＢＣ") == normalise("abc")


def test_hashes_are_fixed_for_ever() -> None:
    words, characters = hashed_ngrams(["reset my password"], BUCKETS)
    assert (int(words.indices.sum()), int(characters.indices.sum()), characters.nnz) == (144851, 1653042, 54)


def test_only_the_head_of_a_long_text_is_read() -> None:
    long = "word " * MAX_CHARACTERS
    assert (hashed_ngrams([long], BUCKETS)[0] != hashed_ngrams([long + "other"], BUCKETS)[0]).nnz == 0


def test_lone_surrogates_do_no_harm() -> None:
    assert hashed_ngrams(["bad \ud800 text"], BUCKETS)[0].nnz > 0


def test_buckets_must_be_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="power of two"):
        hashed_ngrams(["a"], 1000)
