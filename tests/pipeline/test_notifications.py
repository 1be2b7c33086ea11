"""Channels are told of events: Slack, mail and webhooks on real sockets; what is held, what fails, what stays quiet."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from channel_harness import MailServer, Receiver, Scene
from standardwebhooks.webhooks import Webhook
from webhook_harness import Reply
from workflow_harness import Killed

from ticketflow.clock import DAY, SECOND
from ticketflow.errors import AddressRefused, Conflict, InvalidInput
from ticketflow.integrations.channels import asking, managing
from ticketflow.integrations.channels import mail as mailing
from ticketflow.integrations.channels.queueing import ChannelFollower
from ticketflow.store import audit
from ticketflow.store.channels import ChannelKind
from ticketflow.store.notifications import NotificationState
from ticketflow.workflow.queue import lane_of

NIGHTS = {"zone": "Europe/Berlin", "hours": [{"days": list(range(7)), "begins": "18:00", "ends": "08:00"}]}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    made.reply = Reply(200, body=b"ok")
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[MailServer]:
    made = MailServer()
    yield made
    made.close()


@pytest.fixture
def scene(tmp_path: Path, receiver: Receiver, server: MailServer) -> Iterator[Scene]:
    made = Scene(tmp_path, receiver, server)
    yield made
    made.close()


def texts(receiver: Receiver) -> list[str]:
    return [json.loads(one.body)["text"] for one in receiver.received]


def states(scene: Scene) -> list[tuple[str, int]]:
    return [(one.state.value, one.attempts) for one in scene.log()]


def test_slack_is_told_by_an_incoming_webhook(scene: Scene, receiver: Receiver) -> None:
    channel = scene.slack()
    ticket_id = scene.ticket("<!channel> & <http://evil.example|us>")
    assert scene.work() == 1
    assert receiver.received[0].path == "/hooks/T1/B1/secret"
    (text,) = texts(receiver)
    assert text.startswith("A ticket needs a human: &lt;!channel&gt; &amp; &lt;http://evil.example|us&gt;\n")
    assert ticket_id in text
    assert states(scene) == [("sent", 1)]
    assert "secret" not in scene.stored(channel).model_dump_json()
    with scene.database.read() as session:
        assert "T1" not in str([one.detail for one in audit.newest(session, scene.workspace.id)])


def test_slack_is_told_by_a_bot(scene: Scene, receiver: Receiver) -> None:
    receiver.replies = [
        Reply(429, headers=(("Retry-After", "77"),)),
        Reply(200, body=b'{"ok":false,"error":"internal_error"}'),
        Reply(200, body=b"<html>"),
        Reply(200, body=b'{"ok":true}'),
    ]
    scene.add(ChannelKind.SLACK_BOT, {"channel": "#ops", "token": "xoxb-1"})
    scene.ticket()
    scene.work()
    assert scene.log()[0].error == "Slack answered 429."
    assert 77 <= scene.to_next() < 78
    assert scene.work() == 1
    assert scene.log()[0].error == "Slack refused: internal_error."
    for _ in range(2):
        scene.to_next()
        scene.work()
    assert states(scene) == [("sent", 4)]
    first = receiver.received[0]
    assert (first.path, first.headers["authorization"]) == ("/api/chat.postMessage", "Bearer xoxb-1")
    assert json.loads(first.body)["channel"] == "#ops"


def test_what_slack_refuses_for_good_ends_at_once_with_one_notice(scene: Scene, receiver: Receiver) -> None:
    receiver.reply = Reply(200, body=b'{"ok":false,"error":"channel_not_found"}')
    scene.add(ChannelKind.SLACK_BOT, {"channel": "#ops", "token": "xoxb-1"})
    for _ in range(3):
        scene.ticket()
        scene.work()
    assert states(scene) == [("failed", 1)] * 3
    (notice,) = scene.notices()
    assert "channel_not_found" in notice
    receiver.reply = Reply(200, body=b'{"ok":true}')
    scene.ticket()
    scene.work()
    receiver.reply = Reply(200, body=b'{"ok":false,"error":"channel_not_found"}')
    scene.ticket()
    scene.work()
    assert len(scene.notices()) == 2  # it had worked in between


def test_a_webhook_is_signed_as_the_official_library_has_it(scene: Scene, receiver: Receiver) -> None:
    receiver.reply = Reply(204)
    scene.add(ChannelKind.WEBHOOK, {"url": receiver.url})
    ticket_id = scene.ticket()
    scene.work()
    (arrived,) = receiver.received
    sent_at, signature = arrived.headers["webhook-timestamp"], arrived.headers["webhook-signature"]
    assert int(sent_at) == scene.clock.now() // SECOND
    ours = Webhook(str(scene.shown)).sign(
        arrived.headers["webhook-id"], datetime.fromtimestamp(int(sent_at), UTC), arrived.body.decode()
    )
    assert signature == ours
    told = json.loads(arrived.body)
    assert told["type"] == "notification"
    assert told["data"]["events"] == [{"seq": 2, "type": "ticket.escalated", "ticket_id": ticket_id}]
    assert "needs a human: Where is <my> parcel?" in told["data"]["text"]


def test_mail_says_that_a_machine_wrote_it(scene: Scene, server: MailServer) -> None:
    server.codes = {"END": "451 later"}
    scene.email()
    scene.ticket("Größe\r\nBcc: everyone@example.com")
    scene.work()
    assert "451" in str(scene.log()[0].error)
    server.codes = {}
    scene.to_next()
    scene.work()
    first, second = server.mail
    assert first["Message-ID"] == second["Message-ID"]
    assert second["Message-ID"].endswith("@acme.example>")
    assert second["Auto-Submitted"] == "auto-generated"
    assert second["Subject"] == "A ticket needs a human: Größe Bcc: everyone@example.com"
    assert second["Bcc"] is None
    assert "priority: normal" in second.get_content()
    assert server.envelopes[1] == ("desk@acme.example", ["a@acme.example", "b@acme.example"])
    assert states(scene) == [("sent", 2)]


def test_mail_is_sent_under_starttls_with_a_login(tmp_path: Path, receiver: Receiver) -> None:
    server = MailServer(starttls=True)
    scene = Scene(tmp_path, receiver, server, lambda _host, _seconds: [ip_address("127.0.0.1")])
    to = {"host": "hooks.example", "security": "starttls", "username": "desk", "password": "s3cret"}
    channel = scene.email(to)
    assert "s3cret" not in scene.stored(channel).model_dump_json()
    scene.ticket()
    scene.work()
    assert states(scene) == [("sent", 1)], scene.log()
    assert (server.secured, server.logins) == ([True], [b"\0desk\0s3cret"])
    server.codes = {"AUTH": "535 5.7.8 no"}
    scene.ticket()
    scene.work()
    assert (scene.log()[1].state, scene.log()[1].error) == (
        NotificationState.FAILED,
        "The mail server answered 535: 5.7.8 no",
    )
    scene.close()
    server.close()


def test_a_server_without_starttls_gets_no_mail(scene: Scene, server: MailServer) -> None:
    scene.email({"security": "starttls"})
    scene.ticket()
    scene.work()
    assert "STARTTLS" in str(scene.log()[0].error)
    assert server.mail == []


def test_recipients_that_are_refused_are_told(scene: Scene, server: MailServer) -> None:
    server.codes = {"RCPT": "550 nobody here"}
    scene.email()
    scene.ticket()
    scene.work()
    assert scene.log()[0].error == "The mail server answered 550: nobody here"
    assert states(scene) == [("failed", 1)]


def test_a_mail_server_that_hangs_is_cut_off(scene: Scene, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "TOTAL_SECONDS", 0.1)
    server.hang = True
    scene.email()
    scene.ticket()
    scene.work()
    assert states(scene) == [("pending", 1)]
    assert "no usable answer" in str(scene.log()[0].error)


def test_a_message_ends_after_a_day_with_a_notice(scene: Scene, receiver: Receiver) -> None:
    receiver.reply = Reply(500, body=b"no")
    scene.slack()
    scene.ticket()
    began = scene.clock.now()
    scene.work()
    while scene.log()[0].state is NotificationState.PENDING:
        scene.to_next()
        scene.work()
    assert DAY * 0.9 < scene.clock.now() - began <= DAY
    assert 20 < scene.log()[0].attempts < 40
    assert len(scene.notices()) == 1
    assert scene.work() == 0


def test_a_channel_is_told_of_its_types_and_teams(scene: Scene, receiver: Receiver) -> None:
    scene.slack(teams=["billing"])
    scene.ticket("one", team="billing")
    scene.ticket("two", team="shipping")
    scene.ticket("three")
    scene.tell("automation.lowered", reason="x")
    scene.tell("message.added")
    scene.work()
    assert [text.split("\n")[0] for text in texts(receiver)] == ["A ticket needs a human: one"]


def test_quiet_hours_end_with_one_digest(scene: Scene, receiver: Receiver) -> None:
    channel = scene.slack(quiet=NIGHTS)
    scene.clock.advance(8 * 3600)  # 18:15 in Berlin
    for number in range(3):
        scene.ticket(f"late {number}")
        scene.work()
    assert receiver.received == []
    assert states(scene) == [("held", 0)] * 3
    assert len({one.run_id for one in scene.log()}) == 1
    with scene.database.write() as session:  # a test is not held
        asking.send_test(session, scene.workspace.id, channel.id, "test")
    scene.work()
    assert "test" in texts(receiver)[0]
    assert scene.to_next() == (13 * 60 + 45) * 60
    assert scene.work() == 1
    text = texts(receiver)[1].split("\n")
    assert text == ["3 notifications:", *(f"- A ticket needs a human: late {number}" for number in range(3))]
    assert states(scene)[:3] == [("sent", 1)] * 3


def test_what_fails_before_quiet_hours_waits_for_their_end(scene: Scene, receiver: Receiver) -> None:
    scene.slack(quiet=NIGHTS)
    receiver.replies = [Reply(500)]
    scene.clock.advance(8 * 3600 - 15 * 60 - 5)  # 5 seconds before
    scene.ticket("early")
    scene.work()
    scene.to_next()
    scene.work()
    assert states(scene) == [("held", 1)]
    scene.ticket("late")
    scene.work()
    scene.to_next()
    scene.work()
    assert texts(receiver)[1].startswith("2 notifications:")
    assert states(scene) == [("sent", 2), ("sent", 1)]


def test_more_than_an_hour_takes_come_as_a_digest(scene: Scene, receiver: Receiver) -> None:
    scene.slack(per_hour=2)
    for number in range(5):
        scene.ticket(f"number {number}")
        scene.work()
        scene.clock.advance(60)
    assert len(receiver.received) == 2
    assert scene.to_next() == 55 * 60
    scene.work()
    assert texts(receiver)[2].startswith("3 notifications:")
    scene.ticket("later")  # the second message and the digest are in this hour
    scene.work()
    assert len(receiver.received) == 3
    assert scene.to_next() == 60
    scene.work()
    assert len(receiver.received) == 4


def test_what_joins_a_digest_on_its_way_is_sent_after_it(scene: Scene, receiver: Receiver) -> None:
    channel = scene.slack(quiet=NIGHTS)
    scene.clock.advance(8 * 3600)
    scene.ticket("first")
    scene.work()
    scene.clock.advance(14 * 3600 - 15 * 60 - 0.5)
    scene.ticket("last")
    receiver.go_on.clear()
    scene.clock.advance(0.5)
    working = threading.Thread(target=scene.runner.run_one)
    working.start()
    while not receiver.received:
        pass
    scene.clock.advance(-0.25)  # a process whose clock is behind
    while scene.follow():
        pass
    scene.clock.advance(0.25)
    receiver.go_on.set()
    working.join()
    scene.work()
    assert [text.split("\n")[0] for text in texts(receiver)] == [
        "A ticket needs a human: first",
        "A ticket needs a human: last",
    ]
    assert [one.state for one in scene.log()] == [NotificationState.SENT] * 2
    assert lane_of(f"{channel.id}:x:y") == channel.id


@pytest.mark.parametrize("point", ["dispatch:before", "dispatch:in", "dispatch:committed"])
def test_a_follower_that_dies_neither_loses_nor_repeats(scene: Scene, receiver: Receiver, point: str) -> None:
    def checkpoint(reached: str) -> None:
        if reached == point:
            raise Killed

    scene.slack()
    scene.ticket()
    with pytest.raises(Killed):
        ChannelFollower(scene.database, checkpoint)()
    scene.work()
    assert len(receiver.received) == 1


def test_that_telling_failed_is_told_to_nobody_who_would_fail(scene: Scene, receiver: Receiver) -> None:
    channel = scene.slack()
    for workflow in ("notify", "deliver-webhook"):
        scene.tell("run.failed", workflow=workflow, error="x")
    scene.tell("channel.failing", channel_id=channel.id, reason="x")
    assert scene.work() == 0
    scene.tell("channel.failing", channel_id="another", reason="it is gone")
    scene.work()
    assert texts(receiver) == ["A notification channel does not work: it is gone"]


def test_a_notification_is_sent_again(scene: Scene, receiver: Receiver) -> None:
    channel = scene.slack()
    scene.ticket()
    scene.work()
    told = scene.log()[0].id
    with scene.database.write() as session:
        asking.resend(session, scene.workspace.id, told, "test")
    scene.work()
    assert len(receiver.received) == 2
    scene.change(channel, state="disabled")
    with scene.database.write() as session, pytest.raises(Conflict):
        asking.resend(session, scene.workspace.id, told, "test")
    scene.ticket()
    assert scene.work() == 0
    scene.change(channel, state="enabled")
    assert scene.work() == 0  # what happened meanwhile is not told later


def test_what_waits_for_a_channel_that_is_disabled_or_deleted_is_dropped(scene: Scene, receiver: Receiver) -> None:
    receiver.reply = Reply(500)
    channels = [scene.slack(teams=[]), scene.slack(types=[])]
    scene.ticket()
    scene.work()
    told = len(receiver.received)
    scene.change(channels[0], state="disabled")
    with scene.database.write() as session:
        managing.delete(session, scene.workspace.id, channels[1].id, scene.secrets, "test")
    scene.clock.advance(3600)
    while scene.runner.run_one():
        pass
    assert [one.state for one in scene.log()] == [NotificationState.DROPPED]
    assert len(receiver.received) == told


def test_own_templates_are_used(scene: Scene, receiver: Receiver) -> None:
    scene.slack(templates={"ticket.*": "{{{team}}} {subject}: {priority}", "*": "other"})
    scene.ticket("kettle")
    scene.tell("automation.lowered", reason="x")
    scene.work()
    assert texts(receiver) == ["{none} kettle: normal", "other"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"templates": {"*": "{subject.__class__}"}}, "no field"),
    ({"templates": {"*": "{fields[0]}"}}, "no field"),
    ({"templates": {"*": "{}"}}, "no field"),
    ({"templates": {"*": "{subject!r}"}}, "takes no format"),
    ({"templates": {"*": "{subject:>{team}}"}}, "takes no format"),
    ({"templates": {"*": "{subject"}}, "templates|expected"),
    ({"templates": {"*": " "}}, "characters"),
    ({"types": ["nonsense"]}, "event type"),
    ({"quiet": {**NIGHTS, "zone": "Mars/Olympus"}}, "time zone"),
    ({"quiet": {**NIGHTS, "zone": "../../etc/passwd"}}, "time zone"),
    ({"quiet": {"zone": "UTC", "hours": [{"days": [0], "begins": "25:00", "ends": "1:00"}]}}, "time of day"),
    ({"quiet": {"zone": "UTC", "hours": [{"days": list(range(7)), "begins": "00:00", "ends": "00:00"}]}}, "never end"),
]


@pytest.mark.parametrize(("more", "says"), WRONG)
def test_what_cannot_work_is_refused_when_it_is_saved(scene: Scene, more: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        scene.slack(**more)


def test_addresses_are_guarded(scene: Scene) -> None:
    refused: list[tuple[ChannelKind, dict[str, Any]]] = [
        (ChannelKind.SLACK_WEBHOOK, {"url": "http://hooks.slack.com/services/x"}),
        (ChannelKind.WEBHOOK, {"url": "https://127.0.0.1/"}),
    ]
    for kind, to in refused:
        with pytest.raises(AddressRefused) as error:
            scene.add(kind, to)
        assert "services" not in str(error.value)
    for host, port in (("10.0.0.1", 587), ("169.254.169.254", 25), ("mail.example", 6379), ("127.0.0.1", 25)):
        with pytest.raises(AddressRefused):
            scene.email({"host": host, "port": port})
    for wrong in ({"password": "x"}, {"username": "x"}, {"username": "x", "password": "y", "security": "none"}):
        with pytest.raises(InvalidInput):
            scene.email(wrong)
    with pytest.raises(InvalidInput):
        scene.email({"sender": "desk@acme.example\r\nBcc: x@y.example"})


def test_a_name_that_leads_inside_gets_no_mail(tmp_path: Path, receiver: Receiver, server: MailServer) -> None:
    scene = Scene(tmp_path, receiver, server, lambda _host, _seconds: [ip_address("169.254.169.254")])
    scene.email({"host": "mail.example", "port": 25})
    scene.ticket()
    scene.work()
    assert states(scene) == [("failed", 1)]
    assert "may not be called" in str(scene.log()[0].error)
    scene.close()
