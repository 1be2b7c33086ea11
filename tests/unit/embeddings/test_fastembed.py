"""The extra: clear when it is not installed, and with it the real library on the files of the bundled encoder."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ticketflow.embeddings import BundledEncoder, FastembedEncoder, Role
from ticketflow.embeddings.bundled import FOLDER
from ticketflow.errors import Misconfigured

NAME = "ticketflow/minilm-test"
SPECIAL = {
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
    "pad_token": "[PAD]",
    "sep_token": "[SEP]",
    "unk_token": "[UNK]",
}


def test_without_the_extra_the_remedy_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastembed", None)  # as if it were not there
    encoder = FastembedEncoder("BAAI/bge-small-en-v1.5")
    for ask in (lambda: encoder.dimension, encoder.load, lambda: encoder.encode(["text"])):
        with pytest.raises(Misconfigured, match=r"pip install .ticketflow\[fastembed\]"):
            ask()


@pytest.fixture(scope="module")
def library() -> Any:
    """The library, with the bundled encoder's files registered as an encoder of its own."""
    library = pytest.importorskip("fastembed")
    description = pytest.importorskip("fastembed.common.model_description")
    library.TextEmbedding.add_custom_model(
        model=NAME,
        pooling=description.PoolingType.MEAN,
        normalization=True,
        sources=description.ModelSource(hf="nobody/there-is-no-such-encoder"),
        dim=384,
        model_file="model.onnx",
    )
    return library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What fastembed wants to find in a folder."""
    there = tmp_path / "encoder"
    there.mkdir()
    for name in ("model.onnx", "tokenizer.json", "config.json"):
        shutil.copy(FOLDER / name, there / name)
    (there / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 256, **SPECIAL}))
    (there / "special_tokens_map.json").write_text(json.dumps(SPECIAL))
    return there


def test_it_loads_from_a_folder_and_encodes_as_the_bundled_one_does(library: Any, folder: Path) -> None:
    encoder = FastembedEncoder(NAME, threads=1, folder=folder, dimension=384)
    texts = ["My card was declined", "The payment card got refused", "Where is my parcel?", ""]
    for role in Role:
        vectors = encoder.encode(texts, role)
        assert (vectors.shape, vectors.dtype) == ((4, 384), np.float32)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert (np.sum(vectors * BundledEncoder().encode(texts), axis=1) > 0.999).all()
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.id == f"fastembed:{NAME}"


def test_a_vector_does_not_depend_on_neighbours(library: Any, folder: Path) -> None:
    encoder = FastembedEncoder(NAME, threads=1, folder=folder)
    texts = [f"text number {number} " * (1 + number % 7) for number in range(12)]
    alone = np.stack([encoder.encode([text])[0] for text in texts])
    assert np.array_equal(encoder.encode(texts), alone)


def test_unknown_unfit_and_missing_are_told_apart(library: Any, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="knows no encoder no/such"):
        _ = FastembedEncoder("no/such").dimension
    with pytest.raises(Misconfigured, match="of length 384, not 512"):
        FastembedEncoder(NAME, folder=folder, dimension=512).load()
    with pytest.raises(Misconfigured, match=r"tokenizer_config\.json"):
        FastembedEncoder(NAME, folder=tmp_path / "nothing").load()
    (folder / "model.onnx").write_bytes(b"not a network")
    with pytest.raises(Misconfigured, match="cannot load the encoder"):
        FastembedEncoder(NAME, folder=folder).load()


def test_what_cannot_be_downloaded_names_the_folder_as_the_way_out(
    library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match="name it in `folder`"):
        FastembedEncoder(NAME).load()
