"""Fails when a file or a function outgrows its hard limit. The soft limits are for reviewers; see CONTRIBUTING.md."""

import ast
import subprocess
import sys
from pathlib import Path

FILE_LINES = 600
FUNCTION_LINES = 80
EXEMPT = (
    "src/ticketflow/db/migrations/versions/",  # a migration is one long list and is never edited again
    "clients/python/src/ticketflow_client/generated/",  # written by tools/client.py; nobody edits it
)


def main() -> int:
    """Check every tracked Python file; the exit code is the number of findings, at most 1."""
    listed = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout
    findings = [finding for name in listed.split() if not name.startswith(EXEMPT) for finding in check(Path(name))]
    print("\n".join(findings) or f"{len(listed.split())} files are within the limits")
    return min(len(findings), 1)


def check(path: Path) -> list[str]:
    """What is too long in one file."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    findings = [f"{path}: {lines} lines (limit {FILE_LINES})"] if lines > FILE_LINES else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                findings.append(f"{path}:{node.lineno}: {node.name} has {length} lines (limit {FUNCTION_LINES})")
    return findings


if __name__ == "__main__":
    sys.exit(main())
