"""One certified and one refused backtest that many tests look at."""

import pytest
from past_tickets import NEVER, backtested, dated, rows

from ticketflow.backtest.result import Backtest


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Backtest:
    """1,000 dated tickets, 100 of them for humans only, at most one wrong reply in twenty."""
    path = tmp_path_factory.mktemp("certified") / "past.csv"
    return backtested(path, dated(rows(1_000, never=100, mixed=0.01)), max_wrong=0.05, no_answer=(NEVER,))


@pytest.fixture(scope="session")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Backtest:
    """200 tickets: too few to prove one wrong reply in a hundred."""
    return backtested(tmp_path_factory.mktemp("refused") / "past.csv", rows(200), max_wrong=0.01)
