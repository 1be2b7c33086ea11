"""The guide to webhooks: what it shows works."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ticketflow.clock import SECOND, SystemClock
from ticketflow.integrations import schedule, signatures

GUIDE = (Path(__file__).parents[2] / "docs/guides/webhooks.md").read_text()


def shown(name: str) -> dict[str, Any]:
    """The names that the guide's Python with a function of this name defines."""
    found: dict[str, Any] = {}
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if f"def {name}(" in block]
    exec(code, found)
    return found


def test_the_receiver_takes_what_is_signed_once(capsys: Any) -> None:
    example = shown("receive")
    body = b'{"type":"ticket.resolved","data":{"ticket_id":"t"}}'
    headers = signatures.signed([example["SECRET"]], "message-1", SystemClock().now(), body)
    assert [example["receive"](headers, body) for _ in range(2)] == [204, 204]
    assert capsys.readouterr().out == "ticket.resolved t\n"
    for forged in ({"webhook-signature": "v1,AAAA"}, {"webhook-signature": "none"}, {"webhook-timestamp": "1"}):
        assert example["receive"](headers | forged, body) == 401


def test_what_the_sender_signs_is_taken() -> None:
    secret = signatures.NOBODYS
    headers, body = shown("signed")["signed"](secret, {"id": 1, "text": "Grüße"})
    now = round(datetime.now(UTC).timestamp() * SECOND)
    assert signatures.verified([secret], headers, body, now) == headers["webhook-id"]


def test_the_guide_tells_the_schedule() -> None:
    units = {"s": SECOND, "min": 60 * SECOND, "h": 3600 * SECOND}
    sentence = re.search(r"tried again after (.*?), each", GUIDE, re.DOTALL)
    assert sentence
    told = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)\b", sentence[1])]
    assert tuple(told) == schedule.WAITS
