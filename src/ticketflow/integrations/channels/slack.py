"""Slack: by an incoming webhook, whose URL is the secret, or as a bot with a token (chat.postMessage)."""

import json
from collections.abc import Mapping
from typing import Any

from ticketflow.integrations import schedule
from ticketflow.integrations.channels.sending import ASKED_AT_MOST, Answered, Message
from ticketflow.outbound import Answer, Client, Limits

API = "https://slack.com/api"
LIMITS = Limits(connect_seconds=5.0, read_seconds=10.0, total_seconds=10.0, most_bytes=20_000)
TOO_MANY = 429
GONE = {403, 404, 410}
"""An incoming webhook that was revoked, or whose channel is gone."""
RETRIED = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
"""Errors of Slack's methods that pass by themselves; any other is for a person to mend."""


def escape(text: str) -> str:
    """Text that is shown as it is: nobody is mentioned by it, and no link hides behind other words."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def post_to_webhook(client: Client, target: Mapping[str, Any], secret: str, message: Message) -> Answered:
    """See Send."""
    answer = _post(client, secret, {"text": message.text, "unfurl_links": False}, {})
    if 200 <= answer.status < 300:
        return Answered()
    said = answer.content.decode(errors="replace")[:ASKED_AT_MOST]
    return _failed(answer, message, f"Slack answered {answer.status}: {said}", final=answer.status in GONE)


def post_as_bot(client: Client, target: Mapping[str, Any], secret: str, message: Message, api: str = API) -> Answered:
    """See Send. Slack answers 200 to what it refuses as well, with `ok` false."""
    body = {
        "channel": target["channel"],
        "text": message.text,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    answer = _post(client, f"{api}/chat.postMessage", body, {"authorization": f"Bearer {secret}"})
    if answer.status != 200:
        return _failed(answer, message, f"Slack answered {answer.status}.")
    try:
        said: Any = json.loads(answer.content)
        taken, error = said["ok"] is True, str(said.get("error", "unknown"))[:ASKED_AT_MOST]
    except (ValueError, KeyError, TypeError, AttributeError):
        return Answered(error="Slack's answer cannot be read.")
    if taken:
        return Answered()
    return _failed(answer, message, f"Slack refused: {error}.", final=error not in RETRIED)


def _post(client: Client, url: str, body: dict[str, Any], headers: dict[str, str]) -> Answer:
    content = json.dumps(body).encode()
    sent = {"content-type": "application/json; charset=utf-8", **headers}
    return client.request("POST", url, headers=sent, content=content, limits=LIMITS)


def _failed(answer: Answer, message: Message, error: str, *, final: bool = False) -> Answered:
    return Answered(error=error, final=final, asked_us=schedule.asked_us(answer.headers, message.at))
