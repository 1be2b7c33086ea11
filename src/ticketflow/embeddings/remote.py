"""Encoders asked over the network: Jina's, and whatever speaks OpenAI's embeddings protocol.

A blank text is not sent, since endpoints refuse it: it gets the vector with all components equal, whoever is asked.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ticketflow.config import EncoderProvider
from ticketflow.embeddings.encoder import Role, Vectors
from ticketflow.embeddings.endpoint import Endpoint, Key, NotTaken
from ticketflow.embeddings.texts import SAFE_BYTES, batches, cleaned, parts, shortened
from ticketflow.errors import Misconfigured

TEXT_SECONDS = 6.0
"""What one text may wait in all, as that of a ticket does; a single try has the provider's `seconds`."""

BATCH_SECONDS = 60.0
"""What one request for several texts may take in all, its repetitions included; longer where `seconds` is more."""

BATCH_FACTOR = 5  # a try with several texts may take so many times `seconds`
MAX_ID = 64

JINA_URL = "https://api.jina.ai/v1"
OPENAI_URL = "https://api.openai.com/v1"


class RemoteEncoder:
    """What encoders over the network share. Safe to call from several threads, which wait side by side."""

    def __init__(self, provider: EncoderProvider, key: Key, *, base_url: str, id: str) -> None:  # noqa: A002
        if provider.dimension is None:
            raise Misconfigured(
                f"The encoder {provider.name} has no dimension.", remedy="Name the length of its vectors."
            )
        self.provider = provider
        self.id = identified(id)
        self.dimension = provider.dimension
        self._endpoint = Endpoint(provider, str(provider.base_url or base_url), key)

    def encode(self, texts: Sequence[str], role: Role = Role.QUERY) -> Vectors:
        """See Encoder.encode. Of a text, what is beyond MAX_CHARACTERS is not sent."""
        vectors = np.full((len(texts), self.dimension), self.dimension**-0.5, np.float32)
        sent = {row: text for row, text in enumerate(map(cleaned, texts)) if text}
        seconds, total = self.provider.seconds, TEXT_SECONDS
        if len(texts) > 1 or role is Role.DOCUMENT:
            seconds *= BATCH_FACTOR
            total = max(BATCH_SECONDS, 2 * seconds)
        for rows in self._requests(sent, role):
            vectors[rows] = self._ask([sent[row] for row in rows], role, seconds, time.monotonic() + total)
        return vectors

    def close(self) -> None:
        """Let go of the connections; a later call makes new ones."""
        self._endpoint.close()

    def _requests(self, texts: Mapping[int, str], role: Role) -> Iterable[list[int]]:
        return batches(texts, self.provider.batch)

    def _body(self, texts: list[str], role: Role) -> dict[str, Any]:
        raise NotImplementedError

    def _ask(self, texts: list[str], role: Role, seconds: float, deadline: float) -> Vectors:
        def ask(given: list[str]) -> Vectors:
            body = self._body(given, role)
            return self._endpoint.ask(body, len(given), self.dimension, seconds=seconds, deadline=deadline)

        try:
            return ask(texts)
        except NotTaken:
            if len(texts) > 1 or len(texts[0].encode()) <= SAFE_BYTES:
                raise
            return ask([shortened(texts[0])])  # it was alone, so that its vector still depends on it alone


class JinaEncoder(RemoteEncoder):
    """Jina's encoders, told whether a text asks or is asked for; with late chunking where the encoder offers it."""

    def __init__(self, provider: EncoderProvider, key: Key = None) -> None:
        # The second generation knows no tasks; late chunking is documented for the third alone.
        self._tasks = not provider.model.startswith("jina-embeddings-v2")
        self._late = provider.late_chunking and provider.model.startswith("jina-embeddings-v3")
        late = "+late" if self._late else ""
        named = f"jina:{provider.model}@{provider.dimension}{late}"
        super().__init__(provider, key, base_url=JINA_URL, id=named)

    def _requests(self, texts: Mapping[int, str], role: Role) -> Iterable[list[int]]:
        if self._late and role is Role.DOCUMENT:
            return parts(texts)  # the endpoint joins all that is in a request: only the passages of one document may be
        return super()._requests(texts, role)

    def _body(self, texts: list[str], role: Role) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.provider.model,
            "input": texts,
            "embedding_type": "float",
            "normalized": True,
            "truncate": True,  # what is beyond its context is left out instead of being an error
        }
        if self._tasks:
            body["task"] = "retrieval.query" if role is Role.QUERY else "retrieval.passage"
        if self.provider.send_dimensions:
            body["dimensions"] = self.dimension
        if self._late and role is Role.DOCUMENT:
            body["late_chunking"] = True
        return body


class OpenAIEncoder(RemoteEncoder):
    """Any endpoint that speaks OpenAI's embeddings protocol. It knows no roles."""

    def __init__(self, provider: EncoderProvider, key: Key = None) -> None:
        super().__init__(provider, key, base_url=OPENAI_URL, id=f"openai:{provider.model}@{provider.dimension}")

    def _body(self, texts: list[str], role: Role) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.provider.model, "input": texts, "encoding_format": "float"}
        if self.provider.send_dimensions:
            body["dimensions"] = self.dimension
        return body


def identified(name: str) -> str:
    """An encoder's id: `name`, or where that is longer than 64 characters its beginning and a hash of all of it."""
    if len(name) <= MAX_ID:
        return name
    digest = hashlib.blake2b(name.encode("utf-8"), digest_size=6).hexdigest()
    return f"{name[: MAX_ID - 1 - len(digest)]}~{digest}"
