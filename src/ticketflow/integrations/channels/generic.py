"""A webhook of one's own: the message and what it tells of, signed by Standard Webhooks."""

import json
from collections.abc import Mapping
from typing import Any

from ticketflow.clock import to_iso
from ticketflow.integrations import schedule, signatures
from ticketflow.integrations.channels.sending import Answered, Message
from ticketflow.outbound import Client, Limits

TYPE = "notification"
LIMITS = Limits(connect_seconds=5.0, read_seconds=10.0, total_seconds=10.0, most_bytes=4_000, cut=True)
GONE = 410


def post(client: Client, target: Mapping[str, Any], secret: str, message: Message) -> Answered:
    """See Send."""
    data = {
        "workspace": message.workspace,
        "subject": message.subject,
        "text": message.text,
        "events": message.events,
    }
    told = {"type": TYPE, "timestamp": to_iso(message.at), "data": data}
    body = json.dumps(told, separators=(",", ":")).encode()
    headers = {"content-type": "application/json", **signatures.signed([secret], message.id, message.at, body)}
    answer = client.request("POST", target["url"], headers=headers, content=body, limits=LIMITS)
    if 200 <= answer.status < 300:
        return Answered()
    return Answered(
        error=f"The webhook answered {answer.status}.",
        final=answer.status == GONE,
        asked_us=schedule.asked_us(answer.headers, message.at),
    )
