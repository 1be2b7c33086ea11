"""Encoders that run inside the process by the library fastembed, an extra: `pip install ticketflow[fastembed]`.

Texts are run one at a time, as the bundled encoder's are: many of the library's encoders are quantised, and in a batch
a text's vector would depend on its neighbours.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ticketflow.embeddings.answers import Unfit, unit
from ticketflow.embeddings.encoder import Role, Vectors
from ticketflow.embeddings.remote import identified
from ticketflow.embeddings.texts import MAX_CHARACTERS
from ticketflow.errors import EncoderUnavailable, Misconfigured


class FastembedEncoder:
    """Loads at first use, from `folder` or else downloading (once) what the library keeps in its cache.

    `dimension`, where it is given, must be the encoder's. Raises Misconfigured, from any call, when the library is not
    installed, knows no such encoder or cannot load it.
    """

    def __init__(
        self, model: str, *, threads: int = 2, folder: Path | None = None, dimension: int | None = None
    ) -> None:
        self.id = identified(f"fastembed:{model}")
        self._model = model
        self._threads = threads
        self._folder = folder
        self._wanted = dimension
        self._lock = threading.Lock()
        self._dimension: int | None = None
        self._loaded: Any = None

    @property
    def dimension(self) -> int:
        """Length of a vector, as the library's list has it; nothing is loaded for it."""
        if self._dimension is None:
            self._dimension = self._listed()
        return self._dimension

    def load(self) -> None:
        """Load now instead of at first use, and download where that must be."""
        self._runtime()

    def encode(self, texts: Sequence[str], role: Role = Role.QUERY) -> Vectors:
        """See Encoder.encode. How much of a text is seen is the encoder's affair."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        runtime = self._runtime()
        ask = runtime.query_embed if role is Role.QUERY else runtime.passage_embed
        found = np.array(list(ask([text[:MAX_CHARACTERS] for text in texts], batch_size=1)), np.float64)
        if found.shape != (len(texts), self.dimension):
            raise Misconfigured(
                f"The encoder {self._model} makes vectors of another length than {self.dimension}.",
                remedy="Check that the files in its folder are that encoder's.",
            )
        try:
            return unit(found)
        except Unfit as problem:
            raise EncoderUnavailable(f"The encoder {self._model} {problem}.") from problem

    def _listed(self) -> int:
        library = _library()
        try:
            found = int(library.get_embedding_size(self._model))
        except ValueError as error:
            raise Misconfigured(
                f"fastembed knows no encoder {self._model}.",
                remedy='List those it knows: python -c "import fastembed; '
                "print(*(m['model'] for m in fastembed.TextEmbedding.list_supported_models()), sep='\\n')\".",
            ) from error
        if self._wanted not in (None, found):
            raise Misconfigured(
                f"The encoder {self._model} makes vectors of length {found}, not {self._wanted}.",
                remedy="Set its dimension to that, or leave it out.",
            )
        return found

    def _runtime(self) -> Any:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Any:
        _ = self.dimension  # an unknown encoder is told apart from one that cannot be loaded
        folder = None if self._folder is None else str(self._folder)
        try:
            return _library()(
                model_name=self._model,
                threads=self._threads,
                providers=["CPUExecutionProvider"],
                specific_model_path=folder,
            )
        except Exception as error:  # the library raises what its downloaders, readers and runtime raise
            remedy = (
                "Let this machine reach huggingface.co once, or put the files into a folder and name it in `folder`."
                if folder is None
                else f"Check that {folder} holds the encoder's .onnx file, config.json, tokenizer.json, "
                "tokenizer_config.json and special_tokens_map.json."
            )
            raise Misconfigured(
                f"fastembed cannot load the encoder {self._model} ({type(error).__name__}).", remedy=remedy
            ) from error


def _library() -> Any:
    try:
        from fastembed import TextEmbedding  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise Misconfigured(
            "The library fastembed, which this encoder needs, is not installed.",
            remedy='Install the extra: pip install "ticketflow[fastembed]".',
        ) from error
    return TextEmbedding
