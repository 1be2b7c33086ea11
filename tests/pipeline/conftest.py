"""The sample company of the agent's tests, taught once and copied for each of them."""

from collections.abc import Iterator
from pathlib import Path

import agent_harness
import pytest
from agent_harness import Company


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """A company that knows six answers and 150 resolved tickets, and has learned from them."""
    opened = Company(tmp_path, agent_harness.made(agent_harness.teach))
    yield opened
    opened.close()


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Company]:
    """A company without answers and history."""
    opened = Company(tmp_path, agent_harness.made(agent_harness.nothing))
    yield opened
    opened.close()
