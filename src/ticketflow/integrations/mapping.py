"""From what another system sends to a ticket, or to a message of one that is there. Pure.

A mapping says for each field where its value stands in the JSON document: a path as in `$.customer.email`, a text that
stands for itself, or a path with translations of its values.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic import Field, ValidationError

from ticketflow.agent.speaking import Said
from ticketflow.domain import Author, Priority, Value
from ticketflow.errors import InvalidInput
from ticketflow.integrations import paths
from ticketflow.store.tickets import NewTicket

AUTHORS = {"requester": Author.REQUESTER, "agent": Author.USER}
"""Who wrote a message: the customer, or a human of the other system's team."""
FIELDS = (
    "subject",
    "body",
    "external_id",
    "channel",
    "requester_name",
    "requester_email",
    "priority",
    "tags",
    "ticket",
    "message",
    "author",
    "author_name",
    "internal",
)
MOST_TAGS = 50
_NAMES = ("requester_name", "requester_email", "author_name")
_LENGTHS = {"subject": 2_000, "external_id": 120, "ticket": 120, "message": 100, **dict.fromkeys(_NAMES, 190)}
_LONGEST_BODY = 200_000
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class Translated(Value):
    """A path whose values are other systems' words: `values` says what each of them is here, `default` all others."""

    path: str
    values: dict[str, str] = Field(default={}, max_length=200)
    default: str | None = Field(default=None, max_length=500)


Rule = str | Translated
Rules = Mapping[str, Rule]


class Mapped(Value):
    """What an item is: a ticket, or a message to the ticket with the external id `ticket`.

    Both external ids are the other system's. `message_id` is, where it gives one; a repetition is known by it.
    """

    ticket: NewTicket | None = None
    message: Said | None = None
    to: str | None = None
    message_id: str | None = None


def check(rules: Rules) -> None:
    """Raises InvalidInput for a field that is none, a path that is none, and where the body's is missing."""
    for name, rule in rules.items():
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise InvalidInput(f"A ticket has no field {name[:80]!r}.", remedy=f"Known: {known}.", field="mapping")
        path = rule.path if isinstance(rule, Translated) else rule
        if isinstance(rule, Translated) or path.startswith("$"):
            try:
                paths.parse(path)
            except InvalidInput as error:
                raise InvalidInput(error.message, remedy=error.remedy, field=f"mapping/{name}") from None
    if "body" not in rules:
        raise InvalidInput("A mapping says where the body stands.", remedy="Add `body`.", field="mapping")


def apply(rules: Rules, document: Any) -> Mapped:
    """What the document becomes. Raises InvalidInput, which names the field whose value does not fit."""
    found = {name: value for name, rule in rules.items() if (value := _value(rule, document)) is not None}
    texts = {name: _text(name, value) for name, value in found.items() if name not in ("tags", "internal")}
    if not texts.get("body", "").strip():
        raise _unfit("body", "there is none")
    return _message(texts, found) if texts.get("ticket") else _ticket(texts, found)


def _value(rule: Rule, document: Any) -> Any:
    if isinstance(rule, str):
        return paths.look_up(paths.parse(rule), document) if rule.startswith("$") else rule
    value = paths.look_up(paths.parse(rule.path), document)
    known = value if isinstance(value, str) else json.dumps(value)
    if rule.values:
        return rule.values.get(known, rule.default)
    return rule.default if value is None else value


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _unfit(name, "it is neither text nor a number")
    text = str(value).replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _unfit(name, "it holds half a character") from None
    if name == "subject":
        text = " ".join(text.split())
    most = _LENGTHS.get(name, _LONGEST_BODY)
    if len(text) > most:
        raise _unfit(name, f"it has more than {most:,} characters")
    return text


def _ticket(texts: Mapping[str, str], found: Mapping[str, Any]) -> Mapped:
    given = {name: texts[name] for name in NewTicket.model_fields if texts.get(name)}
    if not _CHANNEL.fullmatch(given.get("channel", "api")):
        raise _unfit("channel", "small letters, digits, hyphens and underscores, 32 of them at most")
    try:
        new = NewTicket.model_validate({"channel": "api", **given, "tags": _tags(found.get("tags"))})
    except ValidationError as error:
        first = error.errors()[0]
        allowed = ", ".join(Priority)
        name = str(first["loc"][0])
        raise _unfit(name, f"it is none of {allowed}" if name == "priority" else str(first["msg"])) from None
    return Mapped(ticket=new)


def _message(texts: Mapping[str, str], found: Mapping[str, Any]) -> Mapped:
    author = AUTHORS.get(texts.get("author", "requester"))
    if author is None:
        raise _unfit("author", f"it is none of {', '.join(AUTHORS)}")
    internal = found.get("internal") in (True, "true", "yes")
    if internal and author is Author.REQUESTER:
        raise _unfit("internal", "a customer writes no internal notes")
    said = Said(author=author, body=texts["body"], author_name=texts.get("author_name") or None, internal=internal)
    return Mapped(message=said, to=texts["ticket"], message_id=texts.get("message") or None)


def _tags(given: Any) -> list[str]:
    if given is None:
        return []
    listed = cast(list[Any], given) if isinstance(given, list) else str(given).split(",")
    tags = [_text("tags", tag).strip()[:64] for tag in listed]
    return list(dict.fromkeys(tag for tag in tags if tag))[:MOST_TAGS]


def _unfit(name: str, why: str) -> InvalidInput:
    return InvalidInput(f"The field {name} does not fit: {why}.", remedy="Change the mapping or the item.", field=name)
