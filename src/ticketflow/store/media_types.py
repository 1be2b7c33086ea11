"""What a file is, by its own first bytes: a sender may call it anything.

The table is short on purpose. Whatever it does not know, and whatever a browser would run as a page (HTML, SVG, XML),
is `application/octet-stream`, which no browser opens.
"""

import re

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
LOOKED_AT = 4_096
"""Bytes from the start that are looked at."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"OggS\x00", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_CONTAINERS: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/avi"),
)
"""What stands behind `RIFF` and a length: where, what, and which type that is."""
_MARKUP = re.compile(r"<\s*(?:!doctype|\?xml|html|head|body|script|svg|iframe|object|embed|img|style|meta|!--)", re.I)

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")

KNOWN = tuple(
    sorted(
        {kind for _, kind in _STARTS} | {kind for *_, kind in _CONTAINERS} | {"image/bmp", "video/mp4", TEXT, UNKNOWN}
    )
)
"""Every type that `sniffed` gives."""


def sniffed(content: bytes) -> str:
    """The media type of a file's content, one of KNOWN."""
    for start, kind in _STARTS:
        if content.startswith(start):
            return kind
    if content.startswith(b"RIFF"):
        return next((kind for at, mark, kind in _CONTAINERS if content[at : at + len(mark)] == mark), UNKNOWN)
    if content[4:8] == b"ftyp":
        return "video/mp4"
    if content.startswith(b"BM") and content[6:10] == b"\x00\x00\x00\x00":
        return "image/bmp"
    return TEXT if _is_text(content) else UNKNOWN


def _is_text(content: bytes) -> bool:
    """UTF-8 throughout, without control characters, and no page at its start."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    if _CONTROL.search(text):
        return False
    beginning = text[:LOOKED_AT]
    return not beginning.lstrip().startswith("<") and _MARKUP.search(beginning) is None
