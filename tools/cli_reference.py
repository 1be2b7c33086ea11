"""Writes docs/reference/cli.md from the commands' own help. With --check: fails when it is out of date."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from ticketflow.cli import app

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "reference" / "cli.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, or compare it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the file is out of date")
    check = parser.parse_args(arguments).check
    text = written()
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    if check:
        print(f"{TARGET.relative_to(ROOT)} is out of date; run `python tools/cli_reference.py`.")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)} is written.")
    return 0


def written() -> str:
    """The reference as Markdown."""
    root: Any = typer.main.get_command(app)
    parts = [
        "<!-- Written by tools/cli_reference.py; edit the commands in src/ticketflow/cli instead. -->",
        "# The command line",
        "Results are on standard output, everything else (progress, messages, the log) on standard error. "
        "With `--json`, standard output holds JSON only: one document, or one a line where there are many.",
        root.epilog,
        "Variables of the environment are in [config.md](config.md); an option wins over its variable.",
    ]
    for name, command in _commands(root, "ticketflow"):
        parts += _page(name, command)
    return "\n\n".join(parts) + "\n"


def _commands(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        called = f"{before} {name}"
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield called, command
            yield from _commands(command, called)
        else:
            yield called, command


def _page(name: str, command: Any) -> list[str]:
    shown = [one for one in command.params if not getattr(one, "hidden", False) and one.name != "help"]
    given = [one for one in shown if one.param_type_name == "argument"]
    options = [one for one in shown if one.param_type_name == "option"]
    usage = " ".join([name, *(_named(one) for one in given), *(["[OPTIONS]"] if options else [])])
    parts = [f"## {name}", f"```\n{usage}\n```", command.help]
    if command.epilog:
        parts.append(command.epilog)
    if given or options:
        rows = [f"| `{_named(one)}` | {_meaning(one)} |" for one in (*given, *options)]
        parts.append("\n".join(["| option | meaning |", "|---|---|", *rows]))
    return parts


def _named(one: Any) -> str:
    if one.param_type_name == "argument":
        return str(one.metavar or one.name.upper())
    called = ", ".join(one.opts)
    return called if one.is_flag else f"{called} {one.metavar or _kind(one)}"


def _kind(one: Any) -> str:
    """What an option takes, as its help shows it: `<int range> [1<=x<=64]` becomes `INT`."""
    words = re.sub(r"[<>]|list\[|\]| range.*", "", one.display_type(None))
    return words.replace("|", "/") if "|" in words else words.upper()


def _meaning(one: Any) -> str:
    text = str(one.help or "")
    if one.required and one.param_type_name == "option":
        text += " Required."
    low, high = getattr(one, "min", None), getattr(one, "max", None)
    if low is not None and high is not None:
        text += f" From {low} to {high}."
    if one.show_default and one.default is not None and not one.is_flag and "[default:" not in text:
        text += f" [default: {one.default}]"
    return re.sub(r" ?\[default: (.*)\]", r" Default: \1.", text.replace("|", "\\|")).strip()


if __name__ == "__main__":
    sys.exit(main())
