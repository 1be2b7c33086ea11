"""A prompt that was released never changes: stored calls name its version. A new wording is a new file."""

import json
from pathlib import Path
from typing import Any

import pytest

from ticketflow.llm import tasks
from ticketflow.llm.prompting import Prompt, fingerprint

SNAPSHOTS = Path(__file__).parent / "snapshots"
DOCUMENT = {"ticket": {"text": 'A "quoted" word,\na new line, \u0000 and }]}.'}}
PROMPTS = [prompt for prompt in vars(tasks).values() if isinstance(prompt, Prompt)]


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.id)
def test_what_is_sent_is_what_was_released(prompt: Prompt[Any]) -> None:
    sent = "\n---\n".join(f"{said.by}\n{said.text}" for said in prompt.conversation(DOCUMENT)) + "\n"
    snapshot = SNAPSHOTS / f"{prompt.id}.txt"
    assert snapshot.exists(), f"write {snapshot.name} with:\n{sent}"
    assert sent == snapshot.read_text(encoding="utf-8")


def test_there_are_prompts_and_each_has_its_file() -> None:
    assert {prompt.id for prompt in PROMPTS} == {path.stem for path in SNAPSHOTS.glob("*.txt")}
    assert len(PROMPTS) >= 2


def test_the_document_cannot_be_left() -> None:
    user = PROMPTS[0].conversation(DOCUMENT)[1].text
    assert json.loads(user) == {"task": PROMPTS[0].name, **DOCUMENT}
    assert "\n" not in user
    assert "\x00" not in user


def test_a_fingerprint_names_all_that_is_sent() -> None:
    first, second = (fingerprint(PROMPTS[0].conversation({"ticket": {"text": text}})) for text in ("a", "b"))
    assert first != second
    assert len(first) == 64
