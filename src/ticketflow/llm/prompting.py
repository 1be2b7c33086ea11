"""Prompts: files `prompts/NAME.vVERSION.md`, never edited once released, because a stored call names its version.

A request is the file's text as the system's words and one JSON document as the user's. JSON's own escapes keep a
ticket's text inside its field, whatever it holds.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from ticketflow.llm.gateway import Said

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True)
class Prompt(Generic[S]):
    """Instructions of one version, and the shape of what they ask for."""

    name: str
    version: int
    schema: type[S]

    @property
    def id(self) -> str:
        """As a stored call names it."""
        return f"{self.name}.v{self.version}"

    def conversation(self, document: Mapping[str, Any]) -> list[Said]:
        """The first messages to a model. The document says itself which task it is for."""
        told = json.dumps({"task": self.name, **document}, ensure_ascii=False, separators=(",", ":"))
        return [Said("system", self._instructions()), Said("user", told)]

    def _instructions(self) -> str:
        shape = json.dumps(self.schema.model_json_schema(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return f"{_text(self.id)}\nThe JSON object has this schema:\n{shape}"


def fingerprint(conversation: list[Said]) -> str:
    """SHA-256 (hex) of everything that is sent."""
    return hashlib.sha256(json.dumps(conversation).encode()).hexdigest()


@cache
def _text(name: str) -> str:
    return resources.files("ticketflow.llm").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
