"""Every command that a page shows is one that there is, with options that it takes."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from ticketflow.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs" / "guides").glob("*.md")))]
SHOWN = re.compile(r"```(?:sh)?\n(.*?)```|`(ticketflow [^`]+)`", re.S)


def shown(page: str) -> list[str]:
    """The page's `ticketflow` command lines, from its blocks and from its prose."""
    found: list[str] = []
    for block, inline in SHOWN.findall((ROOT / page).read_text("utf-8")):
        lines = (block or inline).replace("\\\n", " ").splitlines()
        found += [line.strip() for line in lines if line.strip().startswith("ticketflow ")]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_shows_can_be_typed(page: str) -> None:
    for line in shown(page):
        words = shlex.split(line.partition(" > ")[0].partition(" | ")[0])[1:]
        command: Any = typer.main.get_command(app)
        while hasattr(command, "commands"):
            if command.invoke_without_command and (not words or words[0].startswith("--")):
                break  # such a group does something by itself
            assert words, line
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        options = {name for one in command.params for name in one.opts if name.startswith("--")}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_the_guides_show_the_commands_of_a_life_with_the_product() -> None:
    named = {line.split()[1] for page in PAGES for line in shown(page)}
    assert {"import", "process", "explain", "search", "serve", "worker", "key", "db", "doctor"} <= named
    assert {"automation", "certify", "audit"} <= named
