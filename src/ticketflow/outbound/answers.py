"""What a request may cost, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a request may cost.

    connect_seconds  for finding the host and connecting to it, and once more for TLS
    read_seconds     between two pieces of the answer
    total_seconds    for everything, redirects included
    most_bytes       of the answer's body, before and after decompression
    cut              whether a longer answer is cut there; otherwise it is an error
    redirects        how many are followed, with GET and HEAD only; each goes through every check again
    """

    connect_seconds: float = 5.0
    read_seconds: float = 10.0
    total_seconds: float = 30.0
    most_bytes: int = 1_000_000
    cut: bool = False
    redirects: int = 0


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status; a redirect too where none may be followed.

    headers  by names in small letters; of several with one name, the values with commas between them
    content  decompressed
    url      where it came from in the end
    cut      whether there was more than `most_bytes`
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str
    cut: bool = False
