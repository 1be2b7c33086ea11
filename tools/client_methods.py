"""Writes resources.py and async_resources.py: a class for each part of the API, a method for each operation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from client_document import Api, Argument, Json, Operation, ResourceOf
from client_schemas import MARK, quoted
from client_types import Use, annotation

OPTIONS = "idempotency_key"


@dataclass(frozen=True)
class Style:
    """What differs between the two files."""

    prefix: str
    define: str
    wait: str
    iterator: str
    about: str


SYNC = Style("", "def", "", "Iterator", "The API's operations, by resource.")
ASYNC = Style("Async", "async def", "await ", "AsyncIterator", "The API's operations, by resource, for asyncio.")

IMPORTS = """
import builtins
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import NoneType
from typing import Any, Literal, cast

from ticketflow_client.calls import OMITTED, Call, Omitted, Upload, given, segment
from ticketflow_client.following import Position
from ticketflow_client.generated import schemas
from ticketflow_client.resource import {prefix}Resource, {prefix}Sender
"""


def module(api: Api, style: Style) -> str:
    """The file: the resources by name, and what holds one of each."""
    head = f'"""{style.about}\n\n{MARK}\n"""\n{IMPORTS.format(prefix=style.prefix)}'
    classes = [_resource(resource, api, style) for resource in api.resources]
    return "\n\n\n".join([head, *classes, _holder(api, style)])


def _holder(api: Api, style: Style) -> str:
    lines = [
        f"class {style.prefix}Resources:",
        quoted("Every part of the API, each as an attribute.", "    "),
        "",
        f"    def __init__(self, sender: {style.prefix}Sender) -> None:",
    ]
    lines += [f"        self.{one.attribute} = {style.prefix}{one.class_name}(sender)" for one in api.resources]
    return "\n".join(lines)


def _resource(resource: ResourceOf, api: Api, style: Style) -> str:
    told = f"{resource.tag}: `client.{resource.attribute}`."
    parts = [f"class {style.prefix}{resource.class_name}({style.prefix}Resource):\n{quoted(told, '    ')}"]
    for name, operation in resource.operations.items():
        method = _Method(name, operation, api, style)
        parts.append(method.written())
        if method.item("cursor", "next_cursor"):
            parts.append(method.iterating())
        if method.item("after", "next_after") and "__call__" not in resource.operations:
            parts.append(method.following())
    return "\n\n".join(parts)


class _Method:
    """One operation as a method, and the iterators over it."""

    def __init__(self, name: str, operation: Operation, api: Api, style: Style) -> None:
        self.name = name
        self.operation = operation
        self.api = api
        self.style = style

    def written(self) -> str:
        """The method itself."""
        operation, style = self.operation, self.style
        lines = [
            f"    {style.define} {self.name}({self._signature(operation.arguments)}) -> {self._result()}:",
            self._docstring(operation.arguments),
            f"        return {style.wait}self._send(Call({', '.join(self._call())}))",
        ]
        return "\n".join(lines)

    def iterating(self) -> str:
        """The items of all pages."""
        arguments = [one for one in self.operation.arguments if one.name != "cursor"]
        given = f"{self.style.iterator}[{self.item('cursor', 'next_cursor')}]"
        name = re.sub(r"^list(?=_|$)", "iterate", self.name)
        name = name if name != self.name else f"iterate_{self.name}"
        passed = ", ".join([*_passed(arguments), "cursor=cursor"])
        head = f"Every item of `{self.name}`, page after page; `limit` is the length of a page."
        return "\n".join(
            [
                f"    def {name}({self._signature(arguments)}) -> {given}:",
                self._docstring([one for one in arguments if one.name != "limit"], head),
                f"        return self._pages(lambda cursor: self.{self.name}({passed}))",
            ]
        )

    def following(self) -> str:
        """The items of a log, for ever."""
        arguments = [one for one in self.operation.arguments if one.name != "after"]
        passed = ", ".join([*_passed(arguments), "after=after"])
        signature = self._signature(
            arguments, "after: int = 0, poll_seconds: float = 1.0, outage_seconds: float = 300.0"
        )
        head = (
            "Every event after `after`, and then each one as it happens; it ends when you stop iterating. To go on "
            "after a restart, keep the `seq` of the last event and pass it as `after`.\n\nWhile the server cannot be "
            "reached, up to `outage_seconds`, it waits and goes on where it was. `poll_seconds` is the pause when "
            "nothing is new, `limit` how many events are fetched at once."
        )
        return "\n".join(
            [
                f"    def __call__({signature}) -> {self.style.iterator}[{self.item('after', 'next_after')}]:",
                self._docstring([one for one in arguments if one.name != "limit"], head),
                "        position = Position(after, poll_seconds, outage_seconds)",
                f"        return self._follow(lambda after: self.{self.name}({passed}), position)",
            ]
        )

    def item(self, parameter: str, following: str) -> str:
        """The type of a page's items, where the operation gives pages that `parameter` leads through; else empty."""
        result = self.operation.result
        queried = {one.name for one in self.operation.arguments if one.place == "query"}
        if not isinstance(result, dict) or "$ref" not in result or parameter not in queried:
            return ""
        fields: Json = self.api.schemas[result["$ref"].rpartition("/")[2]].get("properties", {})
        if following not in fields or fields.get("items", {}).get("type") != "array":
            return ""
        return self._annotated(fields["items"]["items"])

    def _annotated(self, schema: Json) -> str:
        return annotation(schema, self.api.names, self.api.schemas, Use.ARGUMENT)

    def _result(self) -> str:
        result = self.operation.result
        if isinstance(result, dict):
            made = self._annotated(result)  # methods are called `list`, and would hide the type
            return made.replace("Sequence[", "builtins.list[").replace("Mapping[", "dict[")
        return result or "None"

    def _signature(self, arguments: Sequence[Argument], *others: str) -> str:
        positional = [f"{one.name}: str" for one in arguments if one.place == "path"]
        named = [one for one in arguments if one.place != "path"]
        keywords = [f"{one.name}: {self._annotated(one.schema)}" for one in named if one.required]
        keywords += [self._optional(one) for one in named if not one.required]
        keywords += others
        if self.operation.method == "POST":
            keywords.append(f"{OPTIONS}: str | None = None")
        return ", ".join(["self", *positional, *(["*", *keywords] if keywords else [])])

    def _optional(self, argument: Argument) -> str:
        made = self._annotated(argument.schema)
        if argument.place == "body":
            null = " | None" if made.endswith(" | None") else ""
            return f"{argument.name}: {made.removesuffix(' | None')} | Omitted{null} = OMITTED"
        return f"{argument.name}: {made.removesuffix(' | None')} | None = None"

    def _docstring(self, arguments: Sequence[Argument], head: str = "") -> str:
        operation = self.operation
        parts = [head or f"{operation.summary.rstrip('.')}.", "" if head else operation.description]
        parts += [f"- `{one.name}`: {one.description}" for one in arguments if one.description]
        if operation.method == "POST" and not head:
            parts.append(
                f"- `{OPTIONS}`: A name for this call; the same one again is not done twice. By default a new one."
            )
        if operation.scope and not head:
            parts.append(f"Needs the scope `{operation.scope}`.")
        return quoted("\n\n".join(part for part in parts if part), "        ")

    def _call(self) -> list[str]:
        operation = self.operation
        path, result = operation.path, self._result()
        for one in operation.arguments:
            if one.place == "path":
                path = path.replace(f"{{{one.sent}}}", f"{{segment({one.name})}}")
        made = {"None": "NoneType"}.get(result, result)
        made = f'cast("type[{made}]", {made})' if " | " in made else made
        parts = [f'"{operation.method}"', f'{"f" if "{" in path else ""}"{path}"', made]
        for place, keyword in (("query", "query"), ("header", "headers")):
            sent = _pairs([one for one in operation.arguments if one.place == place])
            if sent:
                parts.append(f"{keyword}={{{sent}}}")
        parts += self._body()
        return parts + ([f"{OPTIONS}={OPTIONS}"] if operation.method == "POST" else [])

    def _body(self) -> list[str]:
        operation = self.operation
        if operation.body in ("whole", "raw"):
            return ["body=body"]
        if operation.body == "form":
            return [f"form={{{_pairs([one for one in operation.arguments if one.place == 'form'])}}}"]
        if not operation.body:
            return []
        fields = [one for one in operation.arguments if one.place == "body"]
        always, optional = (
            _pairs([one for one in fields if one.required]),
            _pairs([one for one in fields if not one.required]),
        )
        if not optional:
            return [f"body={{{always}}}"]
        return [f"body={{{always}, **given({{{optional}}})}}" if always else f"body=given({{{optional}}})"]


def _pairs(arguments: Sequence[Argument]) -> str:
    return ", ".join(f'"{one.sent}": {one.name}' for one in arguments)


def _passed(arguments: Sequence[Argument]) -> list[str]:
    path = [one.name for one in arguments if one.place == "path"]
    return path + [f"{one.name}={one.name}" for one in arguments if one.place != "path"]
