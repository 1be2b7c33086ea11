"""Processes that dispatch and deliver webhooks end at every point where it matters: nothing is lost or queued twice."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from webhook_harness import LEASE_SECONDS, Receiver, Scene, dispatch_all, dispatch_and_die, process_harness
from workflow_harness import Killed

from ticketflow import events
from ticketflow.integrations.dispatching import DELIVER, Dispatcher
from ticketflow.store.webhook_deliveries import DeliveryState
from ticketflow.workflow import queue

DISPATCHING = ("dispatch:before", "dispatch:in", "dispatch:committed")
BEFORE_SENDING = ("claimed", "before:send")
AFTER_SENDING = ("computed:send", "before_commit:send", "applied:send", "in_commit:send")
AT_THE_END = ("committed:send",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def scene(tmp_path: Path, receiver: Receiver) -> Iterator[Scene]:
    made = Scene(tmp_path, receiver)
    yield made
    made.close()


def killing(point: str) -> Callable[[str], None]:
    def checkpoint(reached: str) -> None:
        if reached == point:
            raise Killed

    return checkpoint


@pytest.mark.parametrize("point", DISPATCHING)
def test_a_dispatcher_that_dies_neither_loses_nor_repeats(scene: Scene, receiver: Receiver, point: str) -> None:
    other, _ = scene.add_endpoint()
    for number in range(3):
        scene.tell(ticket_id=f"ticket-{number}")
    with pytest.raises(Killed):
        Dispatcher(scene.database, killing(point))()
    scene.work()
    told = len(scene.log()) - 1  # all but that the first endpoint was created
    assert [one.seq for one in scene.deliveries(scene.endpoint.id)] == list(range(2, told + 2))
    assert len(scene.deliveries(other.id)) == 3
    assert len(receiver.ids) == len(set(receiver.ids)) == told + 3


@pytest.mark.parametrize(
    ("point", "requests"),
    [*((point, 1) for point in (*BEFORE_SENDING, *AT_THE_END)), *((point, 2) for point in AFTER_SENDING)],
)
def test_a_delivery_whose_process_dies_arrives_under_one_id(
    scene: Scene, receiver: Receiver, point: str, requests: int
) -> None:
    scene.tell()
    while scene.dispatch():
        pass
    with pytest.raises(Killed):
        scene.new_runner(killing(point)).run_one()
    scene.work()
    scene.advance(LEASE_SECONDS + 1)
    scene.work()
    (delivery,) = scene.deliveries()
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 1)
    assert receiver.ids == [delivery.id] * requests


def test_every_point_of_a_delivery_is_tried(scene: Scene) -> None:
    reached: list[str] = []
    scene.tell()
    scene.dispatch()
    scene.new_runner(reached.append).run_one()
    assert tuple(reached) == (*BEFORE_SENDING, *AFTER_SENDING, *AT_THE_END)


def test_a_delivery_that_kills_every_worker_is_put_off_and_then_tried_again(scene: Scene, receiver: Receiver) -> None:
    scene.tell()
    scene.dispatch()
    for _ in range(5):
        with pytest.raises(Killed):
            scene.new_runner(killing("computed:send")).run_one()
        scene.advance(LEASE_SECONDS + 1)
    assert scene.work() == 1  # nothing is sent: the attempt is given up
    (delivery,) = scene.deliveries()
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 1)
    assert scene.log()[-1] == "run.failed"
    scene.to_next()
    scene.work()
    assert scene.deliveries()[0].state is DeliveryState.DELIVERED
    assert set(receiver.ids) == {delivery.id}
    assert len(scene.deliveries()) == 1  # that the run failed is told to no endpoint


def test_one_process_is_killed_and_many_dispatch_the_rest(scene: Scene) -> None:
    for number in range(150):
        scene.tell(ticket_id=f"ticket-{number}")
    victim = process_harness.CONTEXT.Process(target=dispatch_and_die, args=(scene.database.url,))
    victim.start()
    victim.join(30)  # it has no rival, who might leave it nothing to die over
    assert victim.exitcode == -signal.SIGKILL
    process_harness.in_processes(dispatch_all, [(scene.database.url,)] * 3)
    found = Counter(one.seq for one in scene.deliveries())
    assert sorted(found) == list(range(2, 152))
    assert set(found.values()) == {1}
    with scene.database.read() as session:
        assert queue.next_due(session, {DELIVER: 1}) is not None
        last = events.last_seq(session, scene.workspace.id)
    assert scene.endpoint_now().position == last
