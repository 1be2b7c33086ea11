"""Which encoders there are, by name: the bundled one, those configured, and whatever fastembed knows."""

from collections.abc import Callable, Sequence

from ticketflow.config import BUNDLED_ENCODER, EncoderProvider
from ticketflow.embeddings.bundled import BundledEncoder
from ticketflow.embeddings.encoder import Encoder
from ticketflow.embeddings.endpoint import Key
from ticketflow.embeddings.fastembed import FastembedEncoder
from ticketflow.embeddings.remote import JinaEncoder, OpenAIEncoder
from ticketflow.errors import InvalidInput, Misconfigured

FASTEMBED = "fastembed:"
"""Before the name of an encoder that the library runs without being configured."""


def names(providers: Sequence[EncoderProvider]) -> list[str]:
    """The names that `make` knows, the bundled encoder's first; any after `fastembed:` comes on top."""
    return [BUNDLED_ENCODER, *(provider.name for provider in providers)]


def make(
    name: str,
    providers: Sequence[EncoderProvider],
    *,
    threads: int,
    key_of: Callable[[str], str | None],
    setting_of: Callable[[str], Callable[[], str | None]] | None = None,
) -> Encoder:
    """The encoder of that name; nothing is loaded or connected yet.

    `key_of` looks an environment variable up, `setting_of` gives what looks up a key among the settings. Raises
    InvalidInput for a name that there is not, and Misconfigured where the variable that should hold the key is empty.
    """
    if name == BUNDLED_ENCODER:
        return BundledEncoder(threads)
    for provider in providers:
        if provider.name == name:
            if provider.key_setting is not None and setting_of is not None:
                return _over_http(provider, setting_of(provider.key_setting))
            return _configured(provider, threads, key_of)
    model = name.removeprefix(FASTEMBED).strip()
    if name.startswith(FASTEMBED) and model:
        return FastembedEncoder(model, threads=threads)
    raise InvalidInput(
        f"There is no encoder {name!r}.",
        remedy=f"Choose one of {', '.join(names(providers))}, or {FASTEMBED} and an encoder that fastembed knows; "
        "others are configured in TICKETFLOW_ENCODERS.",
        field="encoder",
    )


def _configured(provider: EncoderProvider, threads: int, key_of: Callable[[str], str | None]) -> Encoder:
    if provider.kind == "fastembed":
        return FastembedEncoder(provider.model, threads=threads, folder=provider.folder, dimension=provider.dimension)
    key = None
    if provider.key_variable is not None:
        key = (key_of(provider.key_variable) or "").strip()
        if not key:
            raise Misconfigured(
                f"The encoder {provider.name} needs a key, and {provider.key_variable} holds none.",
                remedy=f"Set the environment variable {provider.key_variable}.",
            )
    return _over_http(provider, key)


def _over_http(provider: EncoderProvider, key: Key) -> Encoder:
    return JinaEncoder(provider, key) if provider.kind == "jina" else OpenAIEncoder(provider, key)
