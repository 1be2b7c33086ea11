"""Reading a file in one go, for the tests of the record readers."""

from pathlib import Path

from ticketflow.knowledge.records import BadRecord, Record, open_records


def read(tmp_path: Path, content: bytes | str, name: str = "tickets.csv") -> list[Record | BadRecord]:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(open_records(path))


def good(items: list[Record | BadRecord]) -> list[dict[str, str]]:
    return [item.fields for item in items if isinstance(item, Record)]


def bad(items: list[Record | BadRecord]) -> list[tuple[int, str]]:
    return [(item.number, item.reason) for item in items if isinstance(item, BadRecord)]
