"""The encoder inside the package: intact, deterministic, and clear when its files are not there."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ticketflow.embeddings import BundledEncoder
from ticketflow.embeddings.bundled import FOLDER
from ticketflow.errors import Misconfigured


@pytest.fixture(scope="module")
def encoder() -> BundledEncoder:
    return BundledEncoder()


def test_the_files_are_the_published_ones() -> None:
    assert BundledEncoder().verify() == []


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "minilm"
    shutil.copytree(FOLDER, folder)
    (folder / "tokenizer.json").write_text("{}")
    (folder / "config.json").unlink()
    assert sorted(BundledEncoder(folder=folder).verify()) == ["config.json", "tokenizer.json"]


def test_vectors_have_length_one_and_know_meaning(encoder: BundledEncoder) -> None:
    vectors = encoder.encode(["My card was declined", "The payment card got refused", "Where is my parcel?"])
    assert vectors.shape == (3, encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.6 > vectors[0] @ vectors[2] + 0.2


def test_a_vector_does_not_depend_on_its_neighbours(encoder: BundledEncoder) -> None:
    texts = [f"text number {number} " * (1 + number % 7) for number in range(40)]
    together = encoder.encode(texts)
    alone = np.stack([encoder.encode([text])[0] for text in texts])
    assert np.array_equal(together, alone)


def test_any_text_can_be_encoded(encoder: BundledEncoder) -> None:
    vectors = encoder.encode(["", " ", "\x00", "カードが使えません", "\U0001f525" * 50, "word " * 200_000])
    assert np.isfinite(vectors).all()
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_missing_and_damaged_files_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"lacks model\.onnx and tokenizer\.json") as missing:
        BundledEncoder(folder=tmp_path).encode(["text"])
    assert missing.value.remedy
    (tmp_path / "model.onnx").write_bytes(b"not a network")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(Misconfigured, match="cannot be read"):
        BundledEncoder(folder=tmp_path).load()


def test_importing_the_package_loads_no_runtime() -> None:
    code = "import sys, ticketflow.embeddings; sys.exit(bool({'onnxruntime', 'tokenizers'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
