"""Writes the table of docs/reference/settings.md from where the settings are defined. With --check: fails when it is
out of date."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from ticketflow.store.settings import SecretSettings, Settings

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "reference" / "settings.md"
HEAD = "| setting | category | default | what it does |\n|---|---|---|---|\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, or compare it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the file is out of date")
    check = parser.parse_args(arguments).check
    found = TARGET.read_text(encoding="utf-8")
    before, _, rest = found.partition(HEAD)
    after = rest.lstrip("\n") if not rest.startswith("|") else rest.partition("\n\n")[2]
    text = f"{before}{HEAD}{table()}\n{after}"
    if found == text:
        return 0
    if check:
        print(f"{TARGET.relative_to(ROOT)} is out of date; run `python tools/settings_reference.py`.")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)} is written.")
    return 0


def table() -> str:
    """A row for each setting, as Markdown."""
    rows = {**Settings.model_fields, **SecretSettings.model_fields}.items()
    return "".join(
        f"| `{name}` | {cast(dict[str, Any], field.json_schema_extra)['category']} | {_words(field.default)} "
        f"| {'secret: ' if name in SecretSettings.model_fields else ''}{_sentence(field.description or '')} |\n"
        for name, field in rows
    )


def _words(default: Any) -> str:
    if default is None or isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list):
        return ", ".join(map(str, cast(list[Any], default)))
    if isinstance(default, int | float):
        return f"{default:g}"
    return f"`{default}`" if isinstance(default, str) else str(default)


def _sentence(description: str) -> str:
    first = description[:1]
    return (first.lower() if description[1:2] != "E" else first) + description[1:].removesuffix(".").replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
