"""The embeddings endpoint of the local server: what Jina and OpenAI would send, with vectors made from the words alone.

Texts that share words are similar, as by `HashEncoder`. Jina's `task` moves all vectors a little, each task another
way, and `late_chunking` mixes in a bit of the other texts of the request, so that a test sees whether they were sent.
"""

from enum import StrEnum
from typing import Any

import numpy as np

from ticketflow.embeddings import Vectors
from ticketflow.testing.fakes import HashEncoder

DIMENSION = 64  # where the request names none
MAX_TEXTS = 2_048
MAX_TOKENS = 8_191
TASK_SHARE, NEIGHBOURS_SHARE = 0.1, 0.3


class VectorMode(StrEnum):
    """Ways to answer an embeddings request badly; all but SHUFFLED must be refused. To a chat request they are GOOD."""

    SHUFFLED = "shuffled"  # right, in another order than asked
    WRONG_COUNT = "wrong count"
    WRONG_PLACES = "wrong places"  # two embeddings with the same index
    WRONG_DIMENSION = "wrong dimension"
    NOT_A_NUMBER = "NaN"
    WORDS = "words"  # strings instead of numbers
    ZEROS = "zeros"
    NOT_TAKEN = "400"  # refused as it is


class RefusedRequest(Exception):
    """What a real endpoint would answer with status 400."""


def embeddings(request: dict[str, Any], mode: str) -> dict[str, Any]:
    """The answer's body. Raises RefusedRequest for what real endpoints refuse: blank, too long and too many texts."""
    texts = _texts(request)
    if mode == VectorMode.NOT_TAKEN:
        raise RefusedRequest(f"This cannot be taken: {texts}")  # real ones quote what they were sent, too
    dimension = int(request.get("dimensions", DIMENSION))
    rows: list[Any] = _spoilt(_vectors(texts, request, dimension), mode)
    data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
    if mode == VectorMode.SHUFFLED:
        data = data[1::2] + data[::2]
    if mode == VectorMode.WRONG_PLACES:
        data[-1]["index"] = 0 if len(data) > 1 else 1
    tokens = sum(map(_tokens, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": request.get("model"), "data": data, "usage": usage}


def _texts(request: dict[str, Any]) -> list[str]:
    given: Any = request.get("input")
    texts = [
        one["text"] if isinstance(one, dict) else str(one) for one in ([given] if isinstance(given, str) else given)
    ]
    if not 0 < len(texts) <= MAX_TEXTS or not all(text.strip() for text in texts):
        raise RefusedRequest("The input is empty, holds an empty text, or too many.")
    if not request.get("truncate") and max(map(_tokens, texts)) > MAX_TOKENS:
        raise RefusedRequest("The input is longer than the context.")
    return texts


def _tokens(text: str) -> int:
    plain = sum(map(str.isascii, text))
    return 1 + plain // 4 + len(text) - plain


def _vectors(texts: list[str], request: dict[str, Any], dimension: int) -> Vectors:
    encoder = HashEncoder(dimension)
    vectors = encoder.encode(texts)
    if "task" in request:
        vectors = vectors + TASK_SHARE * encoder.encode([f"task {request['task'].replace('.', ' ')}"])
    if request.get("late_chunking"):
        vectors = vectors + NEIGHBOURS_SHARE * vectors.mean(axis=0, keepdims=True)
    # Longer than one unless asked otherwise, as many are.
    scale = 1.0 if request.get("normalized") else 3.0
    return (scale * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _spoilt(vectors: Vectors, mode: str) -> list[Any]:
    rows: list[Any] = vectors.tolist()
    if mode == VectorMode.WRONG_COUNT:
        return [*rows, rows[0]]
    if mode == VectorMode.WRONG_DIMENSION:
        return [row[:-1] for row in rows]
    if mode == VectorMode.NOT_A_NUMBER:
        rows[-1][0] = float("nan")
    if mode == VectorMode.WORDS:
        rows[-1] = [str(number) for number in rows[-1]]
    if mode == VectorMode.ZEROS:
        rows[-1] = [0.0] * len(rows[-1])
    return [] if mode == "empty" else rows
