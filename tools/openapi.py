"""Writes openapi.json and docs/reference/api.md from the routes. With --check: fails when either is out of date."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ticketflow.api.app import bare_app
from ticketflow.api.operations import Operation, Row, fields_of, operations
from ticketflow.api.problems import TITLES
from ticketflow.api.roles import least_role
from ticketflow.api.scopes import ALLOWS, Scope
from ticketflow.domain import Role

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both files, or compare them; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file is out of date")
    check = parser.parse_args(arguments).check
    files = wanted()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is out of date; run `python tools/openapi.py`.")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
            print(f"{path.relative_to(ROOT)} is written.")
    return 1 if check and stale else 0


def wanted() -> dict[Path, str]:
    """Each file with what it should hold."""
    document = bare_app().openapi()
    return {
        ROOT / "openapi.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        ROOT / "docs" / "reference" / "api.md": written(document),
    }


def written(document: dict[str, Any]) -> str:
    """The reference as Markdown."""
    parts = [
        "<!-- Written by tools/openapi.py; edit the routes and schemas instead. -->",
        "# The API",
        str(document["info"]["description"]).strip(),
        "A running server shows this page at `/docs` and the machine-readable description at `/openapi.json`.",
        "## Scopes",
        "Nothing is allowed that is not granted. `/`, `/healthz`, `/readyz`, `/docs`, `/openapi.json` and signing in "
        "need no key.",
        "\n".join(
            ["| Scope | Lets its holder | Roles that have it |", "|---|---|---|"]
            + [f"| `{scope}` | {words} | {_roles(scope)} |" for scope, words in ALLOWS.items()]
        ),
        "## Errors",
        "\n".join(
            ["| Code | Status | Title |", "|---|---|---|"]
            + [f"| `{code}` | {status} | {title} |" for code, (status, title) in TITLES.items()]
        ),
    ]
    tag = ""
    for operation in sorted(operations(document), key=lambda one: one.tag):
        if operation.tag != tag:
            tag = operation.tag
            parts.append(f"## {tag}")
        parts += _operation(operation, document)
    return "\n\n".join(parts) + "\n"


def _roles(scope: Scope) -> str:
    return ", ".join(role.value for role in Role if role.rank >= least_role(scope).rank)


def _operation(operation: Operation, document: dict[str, Any]) -> list[str]:
    parts = [f"### {operation.summary}", f"`{operation.method} {operation.path}`"]
    if operation.scope:
        parts[-1] += f" · scope `{operation.scope}`"
    parts.append(" ".join(operation.description.split("\n")).replace("  ", "\n\n"))
    if operation.parameters:
        parts.append(_table("Parameter", operation.parameters))
    if operation.body is not None:
        parts.append(_table("Body field", fields_of(operation.body, document)))
    parts.append(f"```sh\n{operation.curl}\n```")
    result = json.dumps(operation.result_example, indent=2, ensure_ascii=False)
    parts.append(f"Gives {operation.status}:\n\n```json\n{result}\n```")
    return parts


def _table(first: str, rows: list[Row]) -> str:
    head = [f"| {first} | Type | Meaning |", "|---|---|---|"]
    return "\n".join(
        head + [f"| `{name}` | {kind.replace('|', chr(92) + '|')} | {text} |" for name, kind, text in rows]
    )


if __name__ == "__main__":
    sys.exit(main())
