"""What an archive says of itself: its version, whose it is, and each file's rows and SHA-256."""

from pydantic import ValidationError

from ticketflow.domain import Value
from ticketflow.errors import InvalidFile

NAME = "manifest.json"
FORMAT, VERSION = "ticketflow-workspace", 1
LARGEST = 1 << 20


class FileInfo(Value):
    """One file: how many rows, and the SHA-256 (hex) of its bytes."""

    rows: int
    sha256: str


class Manifest(Value):
    """`version` is the format's; `product` wrote it. `exported_at` is ISO 8601."""

    format: str
    version: int
    product: str
    workspace: dict[str, str]
    exported_at: str
    files: dict[str, FileInfo]

    @property
    def counts(self) -> dict[str, int]:
        """Rows by kind."""
        return {name.removesuffix(".jsonl"): info.rows for name, info in self.files.items()}


def parse(content: bytes) -> Manifest:
    """The manifest. Raises InvalidFile for anything that this release cannot restore."""
    try:
        made = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise InvalidFile(f"{NAME} cannot be read.", remedy="Name what `ticketflow export` wrote.") from error
    if made.format != FORMAT or made.version != VERSION:
        raise InvalidFile(
            f"The archive is of format {made.format} {made.version}; this release reads {FORMAT} {VERSION}.",
            remedy="Restore it with the release that wrote it, or a newer one.",
        )
    return made
