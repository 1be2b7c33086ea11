"""An answer's body, read up to a cap: of what arrives, and of what it is after decompression."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import httpx2

from ticketflow.errors import NoAnswer

CODINGS = {"identity", "gzip", "x-gzip", "deflate"}
ASKED_FOR = "gzip"


class Body(NamedTuple):
    """What was read; `cut` where the answer had more than the cap."""

    content: bytes
    cut: bool


def read(host: str, headers: httpx2.Headers, stream: Iterable[bytes], most_bytes: int) -> Body:
    """The first `most_bytes` of a body. Raises NoAnswer where it cannot be decompressed, and what the stream raises.

    No more is held than that and a piece of a megabyte, and no more of what arrives is read, though it decompress to
    nothing. Codings upon codings are refused: they multiply.
    """
    codings = [coding.strip().lower() for coding in headers.get_list("content-encoding", split_commas=True)]
    if len(codings) > 1 or not CODINGS.issuperset(codings):
        raise NoAnswer(f"{host} answered in a compression that was not asked for.", remedy="Check the URL.")
    arrived = _Arriving(stream, most_bytes)
    # The library is given the one coding by a name that it knows: what it does not know, it would pass on as it is.
    coding = {"content-encoding": codings[0].removeprefix("x-")} if codings else {}
    answer = httpx2.Response(200, headers=coding, stream=arrived)
    content = bytearray()
    try:
        for piece in answer.iter_bytes():
            content += piece[: most_bytes + 1 - len(content)]
            if len(content) > most_bytes:
                break
    except httpx2.DecodingError as error:
        raise NoAnswer(f"{host} answered with a damaged compression.", remedy="Check the URL.") from error
    return Body(bytes(content[:most_bytes]), arrived.cut or len(content) > most_bytes)


class _Arriving(httpx2.SyncByteStream):
    """The raw bytes, ended after the cap."""

    def __init__(self, stream: Iterable[bytes], most: int) -> None:
        self._stream = stream
        self._left = most + 1_024  # compressed, what fits may be a little longer
        self.cut = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            yield piece
            self._left -= len(piece)
            if self._left < 0:
                self.cut = True
                return
