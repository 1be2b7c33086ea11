"""Workers that answer outside and are killed, stopped or refused where it matters, against a provider that disappoints.

A selection of the matrix; bench/durability.py runs all of it.
"""

from pathlib import Path

import pytest
from outside_harness import CRUCIAL, RECOVERING, Case, all_cases, every_point, run_all, run_case
from outside_provider import MODES
from outside_worker import HARMS
from outside_workflow import OUTLETS


def selection(points: list[str]) -> list[Case]:
    """Every crucial point with every harm, and every provider, each combination of two about once."""
    crucial = [case for place, case in enumerate(all_cases(CRUCIAL, HARMS, ("ok",))) if place % 2 == 0 or place < 24]
    turns = [
        Case(CRUCIAL[place % len(CRUCIAL)], HARMS[place % 3], mode, name, hit=1 + place % 2)
        for place, (mode, name) in enumerate((mode, name) for mode in MODES[1:] for name in OUTLETS)
    ]
    recovering = [Case(point, "kill", "500_after", OUTLETS[1]) for point in RECOVERING]
    assert set(CRUCIAL) <= set(points)
    return crucial + turns + recovering


def test_nothing_is_sent_twice_and_nothing_lost(tmp_path: Path) -> None:
    points = every_point(tmp_path)
    assert len(points) == 25
    outcomes = run_all(selection(points), tmp_path)
    assert [(outcome.case, outcome.findings) for outcome in outcomes if outcome.findings] == []
    assert all(outcome.reached for outcome in outcomes if outcome.case.mode == "ok")


@pytest.mark.parametrize(
    ("mutant", "case", "invariant"),
    [
        ("intent_after_send", Case("called:send", "kill", "ok", "mail-c"), "I2"),
        ("intent_after_send", Case("claimed", "kill", "ok", "mail-b"), "I6"),
        ("resend_when_absent", Case("calling:send", "stop", "ok", "mail-c"), "I2"),
    ],
)
def test_a_guard_that_is_taken_out_is_missed(tmp_path: Path, mutant: str, case: Case, invariant: str) -> None:
    broken = Case(case.point, case.harm, case.mode, case.outlet, mutant=mutant)
    assert run_case(case, tmp_path / "sound").findings == []
    assert run_case(broken, tmp_path / "broken").count(invariant)
