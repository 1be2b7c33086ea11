"""The encoder inside the package: all-MiniLM-L6-v2 as int8 ONNX. English; no network, no key.

Texts are run one at a time, each on one thread. The quantisation takes its scale from the whole input, so a text
in a batch would get a vector that depends on its neighbours (cosine 0.993 to its own on Banking77, 0.974 at worst).
"""

import hashlib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ticketflow.embeddings.encoder import Role, Vectors
from ticketflow.errors import Misconfigured

FOLDER = Path(__file__).parent / "minilm"
FILES = ("model.onnx", "tokenizer.json")
DIMENSION = 384
MAX_TOKENS = 256
MAX_CHARACTERS = 16_384  # far more than 256 tokens of real text; keeps a 10 MB body out of the tokenizer
SLICE = 16  # texts handed to a thread at a time


class BundledEncoder:
    """Loads at first use (about 0.1 s). `threads` bounds how many texts of one call are encoded at once."""

    id = "minilm-l6-v2-int8"
    dimension = DIMENSION

    def __init__(self, threads: int = 2, folder: Path = FOLDER) -> None:
        self._threads = threads
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._pool: ThreadPoolExecutor | None = None

    def load(self) -> None:
        """Load now instead of at first use. Raises Misconfigured when a file is missing or damaged."""
        self._runtime()

    def encode(self, texts: Sequence[str], role: Role = Role.QUERY) -> Vectors:
        """See Encoder.encode. Text beyond 256 tokens is not seen. Raises Misconfigured when the files are unfit."""
        session, tokenizer = self._runtime()
        vectors = np.empty((len(texts), DIMENSION), np.float32)

        def fill(start: int) -> None:
            for row in range(start, min(start + SLICE, len(texts))):
                vectors[row] = _encode_one(session, tokenizer, texts[row])

        starts = range(0, len(texts), SLICE)
        if len(starts) <= 1 or self._pool is None:
            for start in starts:
                fill(start)
        else:
            list(self._pool.map(fill, starts))
        return vectors

    def verify(self) -> list[str]:
        """Names of the files whose checksum is not the published one; empty when all is well."""
        wrong: list[str] = []
        for line in (self._folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
            digest, name = line.split()
            if _sha256(self._folder / name) != digest:
                wrong.append(name)
        return wrong

    def _runtime(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self._folder)
                if self._threads > 1:
                    self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="encoder")
            return self._loaded


def _load(folder: Path) -> tuple[Any, Any]:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise Misconfigured(
            f"The bundled encoder lacks {' and '.join(missing)} in {folder}.",
            remedy="Install the package again: its files are incomplete.",
        )
    # Here, because both libraries take longer to import than everything else together.
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:
        raise Misconfigured(
            f"The bundled encoder's files in {folder} cannot be read: {error}.",
            remedy="Install the package again: its files are damaged.",
        ) from error
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return session, tokenizer


def _encode_one(session: Any, tokenizer: Any, text: str) -> Vectors:
    tokens = np.array([tokenizer.encode(text[:MAX_CHARACTERS]).ids], np.int64)
    feed = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
    mean = session.run(None, feed)[0][0].mean(axis=0)
    return mean / np.linalg.norm(mean)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
