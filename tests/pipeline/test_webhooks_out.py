"""Events become webhooks that the official library verifies; what fails is tried again, who is gone is left alone."""

import base64
import json
import time
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from webhook_harness import Receiver, Reply, Scene

from ticketflow.clock import HOUR, SECOND, SystemClock
from ticketflow.errors import Conflict, InvalidInput
from ticketflow.integrations import delivering, endpoints, resending, schedule
from ticketflow.integrations.delivering import LANE_WIDTH
from ticketflow.integrations.dispatching import PAGE
from ticketflow.outbound import AllowList, Client, Limits
from ticketflow.store import notices
from ticketflow.store.webhook_deliveries import DeliveryState
from ticketflow.store.webhook_endpoints import EndpointState


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


def test_the_official_library_verifies_what_arrives(tmp_path: Path, receiver: Receiver) -> None:
    scene = Scene(tmp_path, receiver, SystemClock())  # the library goes by the machine's clock
    scene.tell(run_id="run-1", answer="secret words", decision_id="decision-1")
    assert scene.work() == 1
    (arrived,) = receiver.received
    told = Webhook(scene.secret).verify(arrived.body, arrived.headers)
    assert told["type"] == "ticket.resolved"
    assert told["data"] == {
        "workspace": "acme",
        "seq": 2,
        "ticket_id": "ticket-1",
        "run_id": "run-1",
        "decision_id": "decision-1",
    }
    assert arrived.headers["content-type"] == "application/json"
    (delivery,) = scene.deliveries()
    assert (delivery.state, delivery.attempts, delivery.status) == (DeliveryState.DELIVERED, 1, 204)
    assert arrived.headers["webhook-id"] == delivery.id
    with pytest.raises(WebhookVerificationError):
        Webhook(scene.secret).verify(arrived.body + b" ", arrived.headers)
    scene.close()


def test_every_event_is_told_once_and_in_order(scene: Scene, receiver: Receiver) -> None:
    count = PAGE + 20
    for number in range(count):
        scene.tell(ticket_id=f"ticket-{number}")
    assert scene.work() == count
    assert [one.seq for one in scene.deliveries()] == list(range(2, count + 2))
    assert len(set(receiver.ids)) == count
    assert scene.work() == 0


def test_an_endpoint_is_told_of_the_types_it_asks_for(scene: Scene) -> None:
    picky, _ = scene.add_endpoint(types=["ticket.resolved", "audit.*"])
    last = len(scene.log())
    for event_type in ("ticket.created", "ticket.resolved", "audit.graded", "auditing.begun"):
        scene.tell(event_type)
    scene.work()
    assert [one.type for one in scene.deliveries(picky.id)] == ["ticket.resolved", "audit.graded"]
    assert scene.endpoint_now(picky.id).position == last + 4
    scene.tell("message.added")
    assert not scene.dispatch()
    assert scene.endpoint_now(picky.id).position == last + 4  # nothing was written for what nobody wants


def test_what_nobody_wants_is_passed_in_the_end(scene: Scene) -> None:
    picky, _ = scene.add_endpoint(types=["audit.*"])
    for _ in range(PAGE):
        scene.tell("message.added")
    scene.tell("audit.graded")
    scene.work()
    assert [one.type for one in scene.deliveries(picky.id)] == ["audit.graded"]


def test_that_a_delivery_failed_for_good_is_no_news_for_endpoints(scene: Scene) -> None:
    scene.tell("run.failed", "", workflow="deliver-webhook", run_id="r")
    scene.tell("run.failed", "", workflow="refit", run_id="r")
    scene.work()
    assert [one.seq for one in scene.deliveries()] == [3]


@pytest.mark.parametrize("types", [["ticket"], ["*"], ["ticket.created "], ["Ticket.created"], ["ticket.*.x"], [""]])
def test_types_that_are_none_are_refused(scene: Scene, types: list[str]) -> None:
    with pytest.raises(InvalidInput, match="event type"):
        scene.add_endpoint(types=types)


def test_a_failed_delivery_follows_the_schedule_to_its_end(scene: Scene, receiver: Receiver) -> None:
    receiver.reply = Reply(500, body=b"no \0thanks")
    scene.tell()
    scene.work()
    waited = [scene.to_next() for _ in _until_it_ends(scene)]
    assert len(waited) == len(schedule.WAITS)
    for seconds, planned in zip(waited, schedule.WAITS, strict=True):
        assert planned <= seconds * SECOND <= planned * (1 + schedule.JITTER)
    assert any(seconds * SECOND > planned for seconds, planned in zip(waited, schedule.WAITS, strict=True))
    (delivery,) = scene.deliveries()
    assert (delivery.state, delivery.attempts, delivery.next_at) == (DeliveryState.FAILED, 10, None)
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == 10
    times = [int(one.headers["webhook-timestamp"]) for one in receiver.received]
    assert times == sorted(set(times))  # each attempt is signed anew
    written = scene.attempts(delivery)
    assert [one.status for one in written] == [500] * 10
    assert {one.excerpt for one in written} == {"no thanks"}
    assert {one.error for one in written} == {"The endpoint answered 500."}


def _until_it_ends(scene: Scene) -> Iterator[None]:
    while scene.deliveries()[0].state is DeliveryState.PENDING:
        yield
        assert scene.work() == 1


def test_a_delivery_that_succeeds_later_ends_there(scene: Scene, receiver: Receiver) -> None:
    receiver.replies = [Reply(503), Reply(404)]
    scene.tell()
    scene.work()
    for _ in _until_it_ends(scene):
        scene.to_next()
    (delivery,) = scene.deliveries()
    assert (delivery.state, delivery.attempts, delivery.error) == (DeliveryState.DELIVERED, 3, None)
    assert scene.endpoint_now().failing_since is None


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [("600", 600, 600), ("1", 5, 6), ("999999999", 86_400, 86_400), ("never", 5, 6), ("-5", 5, 6), ("", 5, 6)],
)
def test_retry_after_is_honoured_within_bounds(
    scene: Scene, receiver: Receiver, asked: str, least: int, most: int
) -> None:
    receiver.replies = [Reply(429, (("Retry-After", asked),))]
    scene.tell()
    scene.work()
    assert least <= scene.to_next() <= most


def test_retry_after_may_be_a_date(scene: Scene, receiver: Receiver) -> None:
    from datetime import UTC, datetime

    later = datetime.fromtimestamp(scene.clock.now() / SECOND + 1_800, UTC)
    receiver.replies = [Reply(503, (("Retry-After", format_datetime(later, usegmt=True)),))]
    scene.tell()
    scene.work()
    assert scene.to_next() == 1_800


def test_an_endpoint_that_is_gone_is_disabled_at_once(scene: Scene, receiver: Receiver) -> None:
    receiver.replies = [Reply(410)]
    scene.tell()
    scene.tell()
    assert scene.work() == 2
    now = scene.endpoint_now()
    assert now.state is EndpointState.DISABLED
    assert now.reason
    assert "410" in now.reason
    assert sorted(one.state for one in scene.deliveries()) == [DeliveryState.DROPPED, DeliveryState.FAILED]
    assert len(receiver.received) == 1
    assert scene.log().count("webhook.disabled") == 1
    with scene.database.read() as session:
        (notice,) = notices.page(session, scene.workspace.id)
    assert notice.kind == "webhook.disabled"
    scene.tell()
    assert scene.work() == 0


def test_an_endpoint_that_took_nothing_for_five_days_is_disabled(scene: Scene, receiver: Receiver) -> None:
    receiver.reply = Reply(500)
    scene.tell()
    scene.work()
    scene.advance(119 * 3600)
    scene.work()
    assert scene.endpoint_now().state is EndpointState.ENABLED
    scene.advance(3600)
    scene.tell()
    scene.work()
    now = scene.endpoint_now()
    assert now.state is EndpointState.DISABLED
    assert now.reason == "It took nothing for 120 hours; lately: The endpoint answered 500."
    assert scene.log().count("webhook.disabled") == 1


def test_one_success_begins_the_five_days_anew(scene: Scene, receiver: Receiver) -> None:
    receiver.replies = [Reply(500), Reply(200), Reply(500)]
    scene.tell()
    scene.work()
    scene.advance(100 * 3600)
    scene.work()
    scene.tell()
    scene.work()
    scene.advance(100 * 3600)
    assert scene.endpoint_now().failing_since == scene.clock.now() - 100 * HOUR
    receiver.replies = [Reply(500)]
    scene.work()
    assert scene.endpoint_now().state is EndpointState.ENABLED


def test_while_secrets_rotate_both_sign_and_then_the_new_one_alone(scene: Scene, receiver: Receiver) -> None:
    with scene.database.write() as session:
        fresh = endpoints.rotate(session, scene.workspace.id, scene.endpoint.id, scene.secrets, "test")
    scene.tell()
    scene.work()
    scene.advance(24 * 3600)
    scene.tell()
    scene.work()
    with_both, with_new = receiver.received[0], receiver.received[-1]
    assert [_signs(secret, with_both) for secret in (scene.secret, fresh)] == [True, True]
    assert len(with_both.headers["webhook-signature"].split(" ")) == 2
    assert [_signs(secret, with_new) for secret in (scene.secret, fresh)] == [False, True]


def test_after_two_rotations_the_first_secret_signs_no_more(scene: Scene) -> None:
    newest = ""
    for _ in range(12):
        with scene.database.write() as session:
            newest = endpoints.rotate(session, scene.workspace.id, scene.endpoint.id, scene.secrets, "test")
    with scene.database.read() as session:
        live = scene.secrets.live(session, scene.workspace.id, endpoints.owner(scene.endpoint.id))
    assert len(live) == 2
    assert live[0] == newest
    assert len(base64.b64decode(newest.removeprefix("whsec_"))) == 32


def _signs(secret: str, received: object) -> bool:
    from datetime import UTC, datetime

    from webhook_harness import Received

    assert isinstance(received, Received)
    headers = received.headers
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    ours = Webhook(secret).sign(headers["webhook-id"], moment, received.body.decode())
    return ours in headers["webhook-signature"].split(" ")


def test_an_answer_that_takes_too_long_is_a_failure(
    scene: Scene, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert delivering.LIMITS.total_seconds == 10
    monkeypatch.setattr(delivering, "LIMITS", Limits(read_seconds=0.1, total_seconds=0.1))
    receiver.go_on.clear()
    scene.tell()
    scene.work()
    (delivery,) = scene.deliveries()
    assert (delivery.state, delivery.status) == (DeliveryState.PENDING, None)
    assert delivery.error
    assert "took too long" in delivery.error


def test_an_address_that_must_not_be_called_is_not(scene: Scene, receiver: Receiver) -> None:
    inside, _ = scene.add_endpoint("https://127.0.0.1/hooks")
    scene.tell()
    scene.work()
    (delivery,) = scene.deliveries(inside.id)
    assert delivery.error
    assert "loopback" in delivery.error
    assert len(receiver.received) == len(scene.deliveries(scene.endpoint.id))  # those of the other endpoint


def test_redirects_are_not_followed(scene: Scene, receiver: Receiver) -> None:
    receiver.replies = [Reply(307, (("Location", f"{receiver.url}/elsewhere"),))]
    scene.tell()
    scene.work()
    assert [one.path for one in receiver.received] == ["/hooks"]
    (delivery,) = scene.deliveries()
    assert delivery.error == "The endpoint answered 307. Redirects are not followed."


def test_without_its_secret_an_endpoint_is_told_nothing(scene: Scene, receiver: Receiver) -> None:
    with scene.database.write() as session:
        scene.secrets.forget(session, scene.workspace.id, endpoints.owner(scene.endpoint.id))
    scene.tell()
    scene.work()
    (delivery,) = scene.deliveries()
    assert delivery.error
    assert "no secret" in delivery.error
    assert receiver.received == []


def test_a_delivery_is_sent_again_under_the_same_id(scene: Scene, receiver: Receiver) -> None:
    scene.tell()
    scene.work()
    (delivery,) = scene.deliveries()
    with scene.database.write() as session:
        again = resending.resend(session, scene.workspace.id, delivery.id, "test")
    assert (again.state, again.attempts) == (DeliveryState.PENDING, 1)
    assert scene.work() == 1
    assert receiver.ids == [delivery.id] * 2
    assert scene.deliveries()[0].attempts == 2


def test_what_waits_for_its_next_attempt_can_be_sent_now(scene: Scene, receiver: Receiver) -> None:
    receiver.replies = [Reply(500), Reply(500)]
    scene.tell()
    scene.work()
    scene.to_next()
    scene.work()
    (delivery,) = scene.deliveries()
    with scene.database.write() as session:
        resending.resend(session, scene.workspace.id, delivery.id, "test")
    assert scene.work() == 1
    (delivery,) = scene.deliveries()
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 3)
    scene.advance(86_400)
    assert scene.work() == 0  # the attempt that waited is none any more


def test_nothing_is_sent_to_a_disabled_endpoint_by_hand(scene: Scene, receiver: Receiver) -> None:
    scene.tell()
    scene.work()
    with scene.database.write() as session:
        endpoints.change(session, scene.workspace.id, scene.endpoint.id, {"state": "disabled"}, "test")
    (delivery,) = scene.deliveries()
    with scene.database.write() as session, pytest.raises(Conflict, match="disabled"):
        resending.resend(session, scene.workspace.id, delivery.id, "test")
    with scene.database.write() as session, pytest.raises(Conflict, match="disabled"):
        resending.send_test(session, scene.workspace.id, scene.endpoint.id, "test")


def test_a_test_arrives_whatever_the_endpoint_asks_for(scene: Scene, receiver: Receiver) -> None:
    picky, _ = scene.add_endpoint(types=["audit.*"])
    with scene.database.write() as session:
        made = resending.send_test(session, scene.workspace.id, picky.id, "test")
    scene.work()
    arrived = next(one for one in receiver.received if one.headers["webhook-id"] == made.id)
    assert json.loads(arrived.body)["type"] == "webhook.test"


def test_an_endpoint_that_is_enabled_again_is_told_what_comes_then(scene: Scene, receiver: Receiver) -> None:
    with scene.database.write() as session:
        endpoints.change(session, scene.workspace.id, scene.endpoint.id, {"state": "disabled"}, "test")
    scene.tell("ticket.created")
    with scene.database.write() as session:
        endpoints.change(session, scene.workspace.id, scene.endpoint.id, {"state": "enabled"}, "test")
    scene.tell("ticket.escalated")
    scene.work()
    assert [one.type for one in scene.deliveries()] == ["webhook.changed", "ticket.escalated"]


def test_an_endpoint_may_be_told_the_past_again(scene: Scene, receiver: Receiver) -> None:
    scene.tell("ticket.created")
    scene.work()
    with scene.database.write() as session:
        endpoints.change(session, scene.workspace.id, scene.endpoint.id, {}, "test", after_seq=1)
    scene.work()
    assert [one.type for one in scene.deliveries()] == ["ticket.created", "ticket.created", "webhook.changed"]
    with scene.database.write() as session, pytest.raises(InvalidInput, match="newest"):
        endpoints.change(session, scene.workspace.id, scene.endpoint.id, {}, "test", after_seq=99)


def test_a_deleted_endpoint_leaves_nothing_behind(scene: Scene, receiver: Receiver) -> None:
    scene.tell()
    scene.dispatch()
    with scene.database.write() as session:
        endpoints.delete(session, scene.workspace.id, scene.endpoint.id, scene.secrets, "test")
    assert scene.work() == 1
    assert (scene.deliveries(), receiver.received) == ([], [])
    with scene.database.read() as session:
        assert scene.secrets.live(session, scene.workspace.id, endpoints.owner(scene.endpoint.id)) == []


def test_an_endpoint_that_hangs_holds_up_no_other(tmp_path: Path, receiver: Receiver) -> None:
    other = Receiver()
    scene = Scene(tmp_path, receiver, SystemClock())
    scene.client = Client(AllowList.of([f"127.0.0.1:{receiver.port}", f"127.0.0.1:{other.port}"]))
    receiver.go_on.clear()
    for _ in range(100):
        scene.tell()
    while scene.dispatch():
        pass
    sound, _ = scene.add_endpoint(other.url)
    scene.tell("ticket.created")
    while scene.dispatch():
        pass
    scene.runner.start(1)
    try:
        deadline = time.monotonic() + 5
        while not other.received and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(other.received) == 1
        assert len(receiver.received) <= LANE_WIDTH
        assert len(scene.deliveries(sound.id)) == 1
    finally:
        receiver.reply = Reply(410)  # the rest is dropped
        receiver.go_on.set()
        assert scene.runner.stop(10)
        other.close()
        scene.close()
