"""Requests made from the API's description: paths, bodies and queries filled with the ids of a workspace's objects."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Place = tuple[str | int, ...]
"""Where a field stands in a body."""

NOT_OURS = {"external_id"}
"""Fields that end like an id and name nothing of ours: this one is the caller's own system's."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the description tells it."""

    method: str
    path: str
    spec: Json
    document: Json

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> list[str]:
        """The path's parameters."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def reads(self) -> bool:
        """Whether it only tells something: its own ids may be asked for at any time."""
        return self.method == "GET" or str(self.spec.get("x-scope", "")).endswith(":read")

    @property
    def query(self) -> list[Json]:
        return [one for one in self.spec.get("parameters", []) if one["in"] == "query"]

    @property
    def body(self) -> Any:
        """The example of its JSON body; None where it reads none."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return deepcopy(content["application/json"]["example"]) if "application/json" in content else None

    @property
    def body_schema(self) -> Json:
        return self.spec["requestBody"]["content"]["application/json"]["schema"]

    @property
    def readable(self) -> bool:
        """Whether body and response are JSON, and so can be tried by what is here."""
        parts = [self.spec.get("requestBody", {}), self.success]
        return all("application/json" in part.get("content", {"application/json": {}}) for part in parts)

    @property
    def success(self) -> Json:
        return next(response for status, response in self.spec["responses"].items() if status.startswith("2"))

    @property
    def lists(self) -> bool:
        """Whether it gives a list of objects."""
        schema = resolved(self.success.get("content", {}).get("application/json", {}).get("schema", {}), self.document)
        return any("$ref" in field.get("items", {}) for field in schema.get("properties", {}).values())


def operations(document: Json) -> list[Operation]:
    """Every operation of the description."""
    return [
        Operation(method.upper(), path, spec, document)
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]


def resolved(schema: Json, document: Json) -> Json:
    """The schema behind a reference, or behind the one choice that is not null."""
    if "$ref" in schema:
        return resolved(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    choices = [choice for choice in schema.get("anyOf", []) if choice.get("type") != "null"]
    return resolved(choices[0], document) if len(choices) == 1 else schema


def seed_of(name: str, seeds: Mapping[str, str]) -> str | None:
    """Which seeded id a field asks for by its name: `right_answer_id` and `answer_ids` ask for an `answer_id`."""
    one = name.removesuffix("s")
    return max((seed for seed in seeds if one == seed or one.endswith(f"_{seed}")), key=len, default=None)


def id_fields(operation: Operation) -> list[tuple[str, Place]]:
    """Every field of the body that names an object, by its name and by an example that looks like one of our ids."""
    if operation.body is None:
        return []
    return list(_id_fields(operation.body_schema, operation.document, operation.body, ()))


def _id_fields(schema: Json, document: Json, example: Any, at: Place) -> Iterator[tuple[str, Place]]:
    schema = resolved(schema, document)
    for name, field in schema.get("properties", {}).items():
        inner, sent = resolved(field, document), example.get(name) if isinstance(example, dict) else None
        kind = inner.get("type")
        if name not in NOT_OURS and (re.search(r"(^|_)ids?$", name) or _UUID.fullmatch(str(sent))):
            yield name, (*at, name, 0) if kind == "array" else (*at, name)
        elif kind == "array":
            first = sent[0] if isinstance(sent, list) and sent else None
            yield from _id_fields(inner.get("items", {}), document, first, (*at, name, 0))
        else:
            yield from _id_fields(inner, document, sent, (*at, name))


def put(body: Any, place: Place, value: Any) -> Any:
    """The body with a value at a place; what leads there is made where it is missing."""
    if not place:
        return value
    step, *rest = place
    if isinstance(step, int):
        return [put(body[0] if body else None, tuple(rest), value)]
    known = body or {}
    return {**known, step: put(known.get(step), tuple(rest), value)}


def texts_of(operation: Operation) -> list[str]:
    """The body's own fields that take any text, by name."""
    fields = resolved(operation.body_schema, operation.document).get("properties", {})
    return [name for name, field in fields.items() if is_free_text(resolved(field, operation.document))]


def is_free_text(schema: Json) -> bool:
    """Whether a schema takes any text."""
    return schema.get("type") == "string" and not schema.keys() & {"enum", "const", "pattern", "format"}


def widest(operation: Operation, name: str, schema: Json) -> Any:
    """The value of a field that lets most through: every choice of a list, the longest page; else None."""
    schema = resolved(schema, operation.document)
    if schema.get("type") == "array":
        choices = resolved(schema["items"], operation.document).get("enum")
        return choices[: schema.get("maxItems", len(choices))] if choices else None
    return schema.get("maximum") if name == "limit" else None
