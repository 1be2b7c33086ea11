"""openapi.json as the client's generator sees it: resources with methods, and the schemas that they need."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from client_types import Names, class_name, identifier

Json = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "patch")
OWN_HEADERS = {  # the hand-written part sends these, or reads what they would change
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "last-event-id",
    "x-request-id",
}
PREPOSITIONS = {"to", "of", "for", "from", "in", "on", "by", "with"}
JSON_TYPE = "application/json"
FORM_TYPE = "multipart/form-data"


@dataclass(frozen=True)
class Argument:
    """A parameter of a method. `sent` is its name on the wire, `place` one of path, query, header, body and form."""

    name: str
    sent: str
    place: str
    schema: Json
    required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    """One method of a resource. `result` is a schema, "bytes" for a body that is not JSON, or None for none.

    body  "" for none, "fields" for arguments that become an object, "whole" for a single argument `body`, "raw", "form"
    """

    id: str
    method: str
    path: str
    summary: str
    description: str
    scope: str | None
    arguments: list[Argument]
    body: str
    body_required: bool
    media_type: str
    result: Json | str | None


@dataclass
class ResourceOf:
    """A part of the API: its attribute on the client, its class, its operations by the names of their methods."""

    attribute: str
    class_name: str
    tag: str
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])


@dataclass(frozen=True)
class Api:
    """The whole description. `answered` are the schemas that responses hold, `schemas` all that the client needs."""

    resources: list[ResourceOf]
    schemas: dict[str, Json]
    names: Names
    answered: frozenset[str]


def read(document: Json) -> Api:
    """The description, in the order of resources' names."""
    schemas: dict[str, Json] = document["components"]["schemas"]
    found: dict[str, ResourceOf] = {}
    for path, methods in document["paths"].items():
        shared = methods.get("parameters", [])
        for method in (one for one in METHODS if one in methods):
            operation = _operation(path, method, methods[method], shared, document)
            tag = methods[method]["tags"][0]
            attribute = _resource(path, tag)
            resource = found.setdefault(attribute, ResourceOf(attribute, class_name(attribute), tag))
            name = method_name(operation.id, attribute)
            if name in resource.operations:
                name = identifier(operation.id)
            if name in resource.operations:
                raise SystemExit(f"Two operations are called {operation.id}; their routes need names of their own.")
            resource.operations[name] = operation
    operations = [one for resource in found.values() for one in resource.operations.values()]
    answered = _closure([one.result for one in operations if isinstance(one.result, dict)], schemas)
    asked = _closure([argument.schema for one in operations for argument in one.arguments], schemas)
    needed = {name: schemas[name] for name in sorted(answered | asked)}
    return Api([found[name] for name in sorted(found)], needed, Names(needed), frozenset(answered))


def method_name(operation_id: str, resource: str) -> str:
    """An operation's name inside its resource: `list_ticket_runs` of tickets is `list_runs`, `read_ticket` is `read`.
    `__call__` where nothing is left: `client.search(...)`.
    """
    words = operation_id.split("_")
    noun = resource.split("_")
    last = noun[-1]
    singular = f"{last[:-3]}y" if last.endswith("ies") else last.removesuffix("s")
    for wanted in (noun, [*noun[:-1], singular]):
        for start in range(len(words) - len(wanted) + 1):
            if words[start : start + len(wanted)] == wanted:
                words = words[:start] + words[start + len(wanted) :]
                break
    while words and words[-1] in PREPOSITIONS:
        words.pop()
    return identifier("_".join(words)) if words else "__call__"


def _resource(path: str, tag: str) -> str:
    """The first word below /v1; of what stands elsewhere, its tag."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["v1"] and len(parts) > 1:
        return identifier(parts[1])
    return identifier(tag)


def _operation(path: str, method: str, spec: Json, shared: list[Json], document: Json) -> Operation:
    arguments = list(_parameters([*shared, *spec.get("parameters", [])], document))
    body, media_type, parts = _body(spec, document)
    taken = {argument.name for argument in arguments}
    for part in parts:
        name = f"{part.name}_{part.place}" if part.name in taken else part.name
        arguments.append(Argument(name, part.sent, part.place, part.schema, part.required, part.description))
    return Operation(
        id=spec["operationId"],
        method=method.upper(),
        path=path,
        summary=spec.get("summary", ""),
        description=spec.get("description", ""),
        scope=spec.get("x-scope"),
        arguments=arguments,
        body=body,
        body_required=spec.get("requestBody", {}).get("required", False),
        media_type=media_type,
        result=_result(spec),
    )


def _parameters(parameters: list[Json], document: Json) -> Iterator[Argument]:
    for parameter in (resolved(one, document) for one in parameters):
        sent, place = parameter["name"], parameter["in"]
        if place == "cookie" or (place == "header" and sent.lower() in OWN_HEADERS):
            continue
        required = place == "path" or parameter.get("required", False)
        yield Argument(
            identifier(sent), sent, place, parameter.get("schema", {}), required, parameter.get("description", "")
        )


def _body(spec: Json, document: Json) -> tuple[str, str, list[Argument]]:
    content: Json = resolved(spec.get("requestBody", {}), document).get("content", {})
    required = spec.get("requestBody", {}).get("required", False)
    if JSON_TYPE in content:
        schema = content[JSON_TYPE].get("schema", {})
        target = resolved(schema, document)
        if target.get("type") == "object" and "properties" in target:
            return "fields", JSON_TYPE, list(_fields(target, "body", required))
        return "whole", JSON_TYPE, [Argument("body", "body", "body", schema, required, schema.get("description", ""))]
    if FORM_TYPE in content:
        target = resolved(content[FORM_TYPE].get("schema", {}), document)
        return "form", FORM_TYPE, list(_fields(target, "form", required))
    if content:
        media_type = next(iter(content))
        schema = {"type": "string", "format": "binary"}
        return (
            "raw",
            media_type,
            [Argument("body", "body", "body", schema, required, f"What to send, as {media_type}.")],
        )
    return "", "", []


def _fields(target: Json, place: str, required: bool) -> Iterator[Argument]:
    names = set(target.get("required", [])) if required else set[str]()
    for sent, schema in target.get("properties", {}).items():
        yield Argument(identifier(sent), sent, place, schema, sent in names, schema.get("description", ""))


def _result(spec: Json) -> Json | str | None:
    for status, response in spec["responses"].items():
        if status.startswith("2"):
            content: Json = response.get("content", {})
            if JSON_TYPE in content:
                return content[JSON_TYPE].get("schema", {})
            return "bytes" if content else None
    return None


def resolved(schema: Json, document: Json) -> Json:
    """What a reference leads to, or the schema itself."""
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def references(schema: Any) -> Iterator[str]:
    """The names of the schemas that a schema names. Examples and the names of keys are not types."""
    if isinstance(schema, list):
        for one in schema:
            yield from references(one)
    elif isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield re.sub(r"^#/components/schemas/", "", schema["$ref"])
        for key, value in schema.items():
            if key == "properties":
                for one in value.values():
                    yield from references(one)
            elif key not in ("$ref", "example", "examples", "default", "propertyNames", "discriminator"):
                yield from references(value)


def _closure(roots: list[Json], schemas: dict[str, Json]) -> set[str]:
    pending = [name for root in roots for name in references(root)]
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += references(schemas[name])
    return found
