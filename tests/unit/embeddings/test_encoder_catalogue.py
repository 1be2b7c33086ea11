"""Encoders by name, and what the environment may say of them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ticketflow.config import Config, EncoderProvider
from ticketflow.embeddings import BundledEncoder, Encoder, FastembedEncoder, JinaEncoder, OpenAIEncoder
from ticketflow.embeddings.catalogue import make, names
from ticketflow.errors import InvalidInput, Misconfigured

FAR: dict[str, Any] = {"name": "far", "kind": "jina", "model": "jina-embeddings-v3", "dimension": 1024}
PROVIDERS = (
    EncoderProvider(**FAR, key_variable="FAR_KEY"),
    EncoderProvider(name="near", kind="openai", model="bge-m3", dimension=1024),
    EncoderProvider(name="inside", kind="fastembed", model="BAAI/bge-small-en-v1.5"),
)


def made(name: str, **keys: str) -> Encoder:
    return make(name, PROVIDERS, threads=1, key_of=keys.get)


def test_every_name_makes_its_encoder() -> None:
    assert names(PROVIDERS) == ["minilm", "far", "near", "inside"]
    found = [made(name, FAR_KEY="some-key") for name in names(PROVIDERS)]
    assert [type(one) for one in found] == [BundledEncoder, JinaEncoder, OpenAIEncoder, FastembedEncoder]
    assert [one.id for one in found] == [
        "minilm-l6-v2-int8",
        "jina:jina-embeddings-v3@1024",
        "openai:bge-m3@1024",
        "fastembed:BAAI/bge-small-en-v1.5",
    ]
    assert found[1].dimension == 1024
    assert made("fastembed:intfloat/multilingual-e5-large").id == "fastembed:intfloat/multilingual-e5-large"


@pytest.mark.parametrize("name", ["unknown", "", "fastembed:", "fastembed", "Minilm"])
def test_an_unknown_name_is_told_the_names_there_are(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"minilm, far, near, inside, or fastembed:") as raised:
        made(name)
    assert raised.value.field == "encoder"


@pytest.mark.parametrize("keys", [{}, {"FAR_KEY": " "}])
def test_a_missing_key_names_its_variable(keys: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match="Set the environment variable FAR_KEY"):
        made("far", **keys)


def test_the_environment_configures_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TICKETFLOW_ENCODERS", json.dumps([FAR | {"late_chunking": True}]))
    (provider,) = Config().encoders
    assert (provider.base_url, provider.batch, provider.seconds, provider.local) == (None, 64, 4.0, False)
    assert provider.late_chunking


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([FAR, FAR], "two encoders have the name far"),
        ([FAR | {"name": "minilm"}], "minilm is the bundled encoder's"),
        ([{"name": "near", "kind": "openai", "model": "m"}], "dimension is missing"),
        ([FAR | {"kind": "openai", "late_chunking": True}], "late_chunking is offered by kind jina alone"),
        ([FAR | {"folder": "/somewhere"}], "folder has no meaning for kind jina"),
        ([FAR | {"kind": "fastembed", "key_variable": "K"}], "key_variable has no meaning for kind fastembed"),
        ([FAR | {"kind": "fastembed", "late_chunking": True}], "not by fastembed"),
        ([FAR | {"dimension": 8}], "greater than or equal to 16"),
        ([FAR | {"batch": 0}], "greater than or equal to 1"),
        ([FAR | {"seconds": 0}], "greater than 0"),
        ([FAR | {"kind": "cohere"}], "'jina', 'openai' or 'fastembed'"),
        ([FAR | {"key": "in-the-clear"}], "Extra inputs are not permitted"),
        ([FAR | {"name": "Far Away"}], "should match pattern"),
        ("[{", "is no JSON"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, listed: object, words: str
) -> None:
    given = listed if isinstance(listed, str) else json.dumps(listed)
    monkeypatch.setitem(os.environ, "TICKETFLOW_ENCODERS", given)
    with pytest.raises(ValidationError) as raised:
        Config()
    assert words in str(raised.value)


def test_fastembed_may_have_a_folder_and_needs_no_dimension(tmp_path: Path) -> None:
    provider = EncoderProvider(name="inside", kind="fastembed", model="m", folder=tmp_path)
    assert (provider.folder, provider.dimension) == (tmp_path, None)
