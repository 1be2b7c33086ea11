"""Steps, state and keys, without a database."""

import random
from typing import Any

import pytest

from ticketflow.clock import SECOND
from ticketflow.domain import Value
from ticketflow.testing import FrozenClock
from ticketflow.workflow import effects, queue
from ticketflow.workflow.engine import State, Step, Workflow, digest, fingerprint
from ticketflow.workflow.queue import Run, RunState

LEASE_US = 30 * SECOND


class Words(Value):
    text: str


class Number(Value):
    number: int


def state(clock: FrozenClock, renewals: list[int]) -> State:
    run = Run(
        id="run-1",
        workspace_id="workspace-1",
        ticket_id="ticket-1",
        trigger_id="created",
        workflow="letters",
        version=1,
        step="",
        state=RunState.LIVE,
        fence=1,
        attempt=1,
        due_at=clock.now() + LEASE_US,
        payload={},
        error=None,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    return State(run, clock, LEASE_US, lambda: renewals.append(clock.now()))


def test_an_output_comes_back_with_its_type() -> None:
    here = state(FrozenClock(), [])
    here.outputs["first"] = Words(text="hello")
    assert here.output("first", Words).text == "hello"
    with pytest.raises(LookupError, match="'first' has yielded no Number"):
        here.output("first", Number)
    with pytest.raises(LookupError, match="'second' has yielded no Words"):
        here.output("second", Words)


def test_renewing_writes_only_when_a_third_of_the_lease_is_over() -> None:
    clock, renewals = FrozenClock(), list[int]()
    here, began = state(clock, renewals), clock.now()
    for _ in range(60):
        clock.advance(1)
        here.renew()
    assert [(moment - began) // SECOND for moment in renewals] == [11, 22, 33, 44, 55]


def test_backoff_is_random_and_capped() -> None:
    rng = random.Random(3)
    for attempt in (1, 2, 5, 9, 40, 10_000):
        most = min(queue.BACKOFF_CAP_US, queue.BACKOFF_BASE_US * 2 ** min(attempt - 1, 60))
        waits = [queue.backoff_us(attempt, rng) for _ in range(300)]
        assert 0 <= min(waits) < most * 0.05
        assert most * 0.95 < max(waits) <= most


def test_an_effect_key_does_not_mix_its_parts_up() -> None:
    assert effects.effect_key("a", "bc", "d", "e") != effects.effect_key("ab", "c", "d", "e")
    assert len(effects.effect_key("a", "b", "c", "d")) == 64


def test_a_digest_follows_what_a_step_names_and_nothing_else() -> None:
    prints = {"first": fingerprint({"text": "a", "count": 1}), "ticket": fingerprint({"number": 1})}
    same = digest(["first"], {"first": fingerprint({"count": 1, "text": "a"})})
    assert digest(["first"], prints) == same
    assert digest(["first", "ticket"], prints) != same
    assert digest(["first"], {"first": fingerprint({"text": "a", "count": 2})}) != same
    assert digest(["second"], prints) == digest(["second"], {})


@pytest.mark.parametrize(
    "steps",
    [
        (Step("a", "1", None), Step("a", "1", None)),
        (Step("a", "1", None, inputs=("b",)), Step("b", "1", None)),
        (Step("ticket", "1", None),),
    ],
)
def test_a_workflow_that_cannot_be_read_back_is_refused(steps: tuple[Step[Any], ...]) -> None:
    with pytest.raises(ValueError, match="repeats a name or needs"):
        Workflow("letters", 1, steps, lambda _deps, _session, _run, _error: None)
