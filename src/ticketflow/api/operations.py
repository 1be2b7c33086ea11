"""The OpenAPI document as a flat list of operations, for the reference page and the written reference."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Row = tuple[str, str, str]
"""A field's name, its type in words, and its meaning."""


@dataclass(frozen=True)
class Operation:
    """One method of one path. `body` and `result` are schemas, `errors` pairs of status and reason."""

    method: str
    path: str
    tag: str
    summary: str
    description: str
    scope: str | None
    secured: bool
    parameters: list[Row]
    body: Json | None
    body_example: Any
    status: str
    result: Json | None
    result_example: Any
    errors: list[tuple[str, str]]

    @property
    def anchor(self) -> str:
        """A fragment that names it on a page."""
        return "-".join([self.method.lower(), *(part.strip("{}") for part in self.path.split("/") if part)])

    @property
    def curl(self) -> str:
        """A command line that calls it."""
        lines = [f'curl -X {self.method} "$TICKETFLOW_URL{self.path}"']
        if self.secured:
            lines.append('-H "Authorization: Bearer $TICKETFLOW_KEY"')
        if self.body is not None:
            lines.append('-H "Content-Type: application/json"')
            lines.append(f"-d {shlex.quote(json.dumps(self.body_example, ensure_ascii=False))}")
        return " \\\n  ".join(lines)


def operations(document: Json) -> list[Operation]:
    """Every operation, in the document's order."""
    return [
        _operation(method.upper(), path, spec, document)
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]


def _operation(method: str, path: str, spec: Json, document: Json) -> Operation:
    body = _content(spec.get("requestBody", {}))
    status = next(status for status in spec["responses"] if status.startswith("2"))
    result = _content(spec["responses"][status])
    return Operation(
        method=method,
        path=path,
        tag=spec["tags"][0],
        summary=spec["summary"],
        description=spec.get("description", ""),
        scope=spec.get("x-scope"),
        secured="security" in spec,
        parameters=[_parameter(parameter, document) for parameter in spec.get("parameters", [])],
        body=body.get("schema"),
        body_example=body.get("example"),
        status=status,
        result=result.get("schema"),
        result_example=result.get("example"),
        errors=[(code, spec["responses"][code]["description"]) for code in spec["responses"] if code[0] in "45"],
    )


def _content(part: Json) -> Json:
    return next(iter(part.get("content", {}).values()), {})


def _parameter(parameter: Json, document: Json) -> Row:
    kind = _kind(parameter["schema"], document) + (", required" if parameter.get("required") else "")
    return parameter["name"], f"{kind} ({parameter['in']})", parameter.get("description", "")


def fields_of(schema: Json, document: Json) -> list[Row]:
    """A schema's fields, those of its parts indented by their path: `decision.confidence`."""
    return list(_fields(schema, document, "", ()))


def _fields(schema: Json, document: Json, prefix: str, seen: tuple[str, ...]) -> Iterator[Row]:
    resolved, name = _resolve(schema, document)
    if name in seen:
        return
    required = set(resolved.get("required", []))
    for field, spec in resolved.get("properties", {}).items():
        kind = _kind(spec, document) + (", required" if field in required and "default" not in spec else "")
        yield f"{prefix}{field}", kind, spec.get("description", "")
        for part, suffix in _parts(spec):
            yield from _fields(part, document, f"{prefix}{field}{suffix}.", (*seen, name))


def _parts(spec: Json) -> Iterator[tuple[Json, str]]:
    """The objects inside a field: itself, a choice of it, or the items of its list."""
    if "$ref" in spec:
        yield spec, ""
    for choice in spec.get("anyOf", []):
        yield from _parts(choice)
    if isinstance(spec.get("items"), dict):
        for part, _ in _parts(spec["items"]):
            yield part, "[]"


def _resolve(schema: Json, document: Json) -> tuple[Json, str]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return (document["components"]["schemas"][name], name) if name else (schema, "")


def _kind(spec: Json, document: Json) -> str:
    if "$ref" in spec:
        resolved, _ = _resolve(spec, document)
        return _kind(resolved, document)
    if "anyOf" in spec:
        return " or ".join(_kind(choice, document) for choice in spec["anyOf"])
    if "enum" in spec:
        return " | ".join(str(value) for value in spec["enum"])
    if "const" in spec:
        return str(spec["const"])
    if spec.get("type") == "array":
        return f"list of {_kind(spec.get('items', {}), document)}"
    if spec.get("format") == "date-time":
        return "time"
    return str(spec.get("type", "anything")) + _bounds(spec)


def _bounds(spec: Json) -> str:
    low, high = spec.get("minimum"), spec.get("maximum")
    if low is not None and high is not None:
        return f" {low} to {high}"
    if "maxLength" in spec:
        return f", at most {spec['maxLength']:,} characters"
    return f" from {low}" if low is not None else ""
