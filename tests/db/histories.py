"""How the state machines are run: twenty histories of twenty steps, the same ones each time."""

from hypothesis import HealthCheck, settings

HISTORIES = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
