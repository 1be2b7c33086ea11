"""What is sent of a text to an encoder over the network, and how many texts go into one request."""

from collections.abc import Iterable, Mapping

MAX_CHARACTERS = 32_000
"""Of a text, what is beyond is not sent: about the 8,192 tokens that the encoders read of English."""

SAFE_BYTES = 8_000
"""A text of so many bytes in UTF-8 has no more than 8,191 tokens in any language: a token is a byte or more."""

REQUEST_BYTES = 256_000  # endpoints bound a request's tokens, OpenAI to 300,000
DOCUMENT_TOKENS = 8_000  # the context of jina-embeddings-v3 is 8,192, and the estimate below is one


def cleaned(text: str) -> str:
    """What is sent of a text; empty for a blank one, which is never sent."""
    # Half a surrogate pair is not UTF-8, and endpoints refuse the whole request for it.
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8") if text[:MAX_CHARACTERS].strip() else ""


def shortened(text: str) -> str:
    """The beginning of a text that every endpoint's context holds."""
    return text.encode("utf-8")[:SAFE_BYTES].decode("utf-8", "ignore")


def batches(texts: Mapping[int, str], most: int) -> Iterable[list[int]]:
    """The keys of `texts` by request: at most `most` in one, and a long text alone.

    Alone, because it may prove too long: then nothing but it is sent again, and no other text's vector depends on it.
    """
    batch: list[int] = []
    used = 0
    for key, text in texts.items():
        size = len(text.encode("utf-8"))
        if size > SAFE_BYTES:
            yield [key]
            continue
        if len(batch) == most or used + size > REQUEST_BYTES:
            yield batch
            batch, used = [], 0
        batch.append(key)
        used += size
    if batch:
        yield batch


def parts(texts: Mapping[int, str]) -> Iterable[list[int]]:
    """The keys of a document's passages by request, each within the context that late chunking reads at once."""
    part: list[int] = []
    used = 0.0
    for key, text in texts.items():
        size = _tokens(text)
        if part and used + size > DOCUMENT_TOKENS:
            yield part
            part, used = [], 0.0
        part.append(key)
        used += size
    if part:
        yield part


def _tokens(text: str) -> float:
    """An estimate from above: English has 4 characters a token and product codes 2.5, Chinese more than one."""
    plain = sum(map(str.isascii, text))
    return plain / 2.5 + (len(text) - plain) + 2
