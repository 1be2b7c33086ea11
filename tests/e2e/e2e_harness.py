"""How the end-to-end tests speak of commands. Not fixtures: those are in conftest.py."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

COMMAND = str(Path(sys.executable).with_name("ticketflow"))


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]
