"""Where channels lead, by kind; what is secret of it is kept apart (`channel:ID`) and never shown.

A new target comes with its secret, also where a channel is changed: whoever may change it must not be able to have a
stored password sent to a host of theirs.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from ticketflow.domain import Value
from ticketflow.errors import InvalidInput
from ticketflow.outbound import Client
from ticketflow.store.channels import ChannelKind

Address = Annotated[
    str,
    Field(max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$"),
]
"""A mail address in the plain form that every server takes."""

Security = Literal["starttls", "tls", "none"]


class SlackWebhook(Value):
    """An incoming webhook; its URL is the secret."""


class SlackBot(Value):
    """A bot that posts into a channel; its token is the secret."""

    channel: Annotated[str, Field(pattern=r"^[#A-Za-z0-9_-][A-Za-z0-9_-]{0,79}$")]


class Email(Value):
    """A server that takes mail. `security` is how the connection is encrypted; the password is the secret."""

    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Security = "starttls"
    username: Annotated[str, Field(max_length=254)] | None = None
    sender: Address
    recipients: Annotated[list[Address], Field(min_length=1, max_length=20)]


class Webhook(Value):
    """A URL that gets Standard Webhooks; the signing secret is ours, and shown once."""

    url: str


SECRET: dict[ChannelKind, str | None] = {
    ChannelKind.SLACK_WEBHOOK: "url",
    ChannelKind.SLACK_BOT: "token",
    ChannelKind.EMAIL: "password",
    ChannelKind.WEBHOOK: None,
}
"""What the secret is called in what people enter."""

_KINDS: dict[ChannelKind, type[Value]] = {
    ChannelKind.SLACK_WEBHOOK: SlackWebhook,
    ChannelKind.SLACK_BOT: SlackBot,
    ChannelKind.EMAIL: Email,
    ChannelKind.WEBHOOK: Webhook,
}
_HEADER = re.compile(r"[!-~]{1,500}")


def checked(kind: ChannelKind, entered: dict[str, Any], client: Client) -> tuple[dict[str, Any], str | None]:
    """What was entered, as a target and its secret apart from each other.

    Raises InvalidInput and AddressRefused; no error quotes a secret. Nothing is looked up or called.
    """
    given = {name: value for name, value in entered.items() if name != "kind"}
    name = SECRET[kind]
    secret = given.pop(name, None) if name else None
    try:
        target = _KINDS[kind].model_validate(given)
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        field = "/".join(["to", *map(str, wrong["loc"])])
        raise InvalidInput(
            f"{field}: {wrong['msg']}.", remedy="docs/guides/notifications.md shows one.", field=field
        ) from None
    if isinstance(target, Email):
        _check_mail(target, secret, client)
    elif isinstance(target, Webhook):
        target = Webhook(url=client.check(target.url))
    elif not secret or not _HEADER.fullmatch(secret):
        raise InvalidInput(
            f"The {name} is missing, or holds a space.", remedy="Copy it from Slack.", field=f"to/{name}"
        )
    elif isinstance(target, SlackWebhook):
        secret = client.check(secret)
    return target.model_dump(mode="json"), secret


def _check_mail(target: Email, secret: str | None, client: Client) -> None:
    client.check_mail(target.host, target.port)
    if (target.username is None) != (secret is None):
        raise InvalidInput("A user name needs a password, and the other way round.", field="to/password")
    if secret is not None and target.security == "none":
        raise InvalidInput(
            "A password is not sent in the clear.", remedy="Choose starttls or tls.", field="to/security"
        )
