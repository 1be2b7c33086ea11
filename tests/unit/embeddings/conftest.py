"""Tries follow one another at once: how long a pause is changes nothing that these tests are about."""

import pytest

from ticketflow.embeddings import endpoint


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(endpoint, "PAUSE_SECONDS", (0.0, 0.01))
