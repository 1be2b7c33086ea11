"""What every test shares: the folder's modules can be imported, and databases on a server go back to their pool."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import databases


@pytest.fixture(autouse=True)
def _lent_databases(request: pytest.FixtureRequest) -> Iterator[None]:
    if databases.SERVER is None:
        yield
        return
    folder: Path = request.getfixturevalue("tmp_path")
    yield
    databases.take_back(folder)


def pytest_sessionfinish() -> None:
    if databases.SERVER is not None:
        databases.drop_all()
