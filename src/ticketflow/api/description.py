"""The API's description: what FastAPI derives, completed with errors, security and an example for every operation."""

from collections.abc import Iterator
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from ticketflow.api import csrf
from ticketflow.api.cookies import NAME
from ticketflow.api.documented import problem
from ticketflow.api.guard import COOKIE_SCHEME, SECURITY_SCHEME
from ticketflow.api.idempotency import HEADER, LONGEST
from ticketflow.api.problems import Problem
from ticketflow.api.schemas.base import In, Out
from ticketflow.api.scopes import ALLOWS

ABOUT = """Tickets in, decisions out: each one explained and measured.

Send an API key as `Authorization: Bearer tf_live_…`; `ticketflow key create` makes one. Every key belongs to one
workspace and sees nothing else; what belongs to another workspace does not exist for it (404).

Errors are RFC 9457 problem details (`application/problem+json`) with a stable `code`. Lists take `limit` and `cursor`
and give `next_cursor`. A POST takes an `Idempotency-Key`, so that it can be sent again after a lost answer. `RateLimit`
headers tell how often a caller may still ask. Times are ISO 8601 in UTC. An unknown field or parameter is an error,
never ignored.
"""

Json = dict[str, Any]

ID = "^[A-Za-z0-9_-]+$"
LONGEST_ID = 190

_SECURITY: Json = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "tf_live_<id>_<secret>_<crc>",
    "description": "An API key. Scopes:\n\n"
    + "\n".join(f"- `{scope}`: {meaning}" for scope, meaning in ALLOWS.items()),
}


_IDEMPOTENCY: Json = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Names this request, so that sending it again does nothing again and is answered as the first time; "
    "kept for 24 hours. A UUID will do.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]+$"},
}


_COOKIE: Json = {
    "type": "apiKey",
    "in": "cookie",
    "name": NAME,
    "description": "A person's browser, signed in by `POST /v1/sessions`; the scopes are those of the role. Over https "
    f"the name begins with `__Host-`. Whatever is no GET needs the header `{csrf.HEADER}`, from our own pages.",
}


def install(app: FastAPI) -> None:
    """Make `app.openapi()` give the completed description."""

    def described() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = described


def describe(app: FastAPI) -> Json:
    """The OpenAPI 3.1 document."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=list(app.routes))
    components = document["components"]
    components["securitySchemes"] = {SECURITY_SCHEME: _SECURITY, COOKIE_SCHEME: _COOKIE}
    schemas = cast(Json, components["schemas"])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _problem_schema(schemas)
    for name, examples in _whole_examples().items():
        if name in schemas:
            schemas[name]["examples"] = examples
    for schema in schemas.values():
        _drop_patch_defaults(schema)
    for path in document["paths"].values():
        if "security" in path.get("post", {}):
            path["post"].setdefault("parameters", []).append(_IDEMPOTENCY)
    for operation in _operations(document):
        _add_ids(operation)
        _add_errors(operation)
        _add_examples(operation, schemas)
    components["schemas"] = dict(sorted(schemas.items()))
    return document


def _problem_schema(schemas: Json) -> Json:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    return schema


def _drop_patch_defaults(schema: Json) -> None:
    """In a patch, a field that is left out stays as it is: its Python default means nothing and is not shown."""
    if schema.get("title", "").endswith("Patch"):
        for field in schema["properties"].values():
            field.pop("default", None)


def _operations(document: Json) -> Iterator[Json]:
    for path in document["paths"].values():
        yield from path.values()


def _add_ids(operation: Json) -> None:
    """What an id may look like, so that no generated client sends a path of other segments for one (`..`)."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["schema"].get("type") == "string":
            parameter["schema"] = {"pattern": ID, "maxLength": LONGEST_ID, **parameter["schema"]}


def _add_errors(operation: Json) -> None:
    found = [500, 503]
    if "security" in operation:
        found += [401, 403, 429]
    if _IDEMPOTENCY in operation.get("parameters", []):
        found += [409, 422]
    if "requestBody" in operation:
        found += [400, 413, 415]
    if "422" in operation["responses"]:
        found.append(422)
    for status in found:
        operation["responses"][str(status)] = problem(status)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _add_examples(operation: Json, schemas: Json) -> None:
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for body in [*bodies, *operation["responses"].values()]:
        content = body.get("content", {}).get("application/json", {})
        schema = schemas.get(content.get("schema", {}).get("$ref", "").rpartition("/")[2])
        if schema is None:
            continue
        if "examples" in schema:
            content["example"] = schema["examples"][0]
        if body.get("description") == "Successful Response":
            body["description"] = schema["description"]


def _whole_examples() -> dict[str, list[Json]]:
    """Each schema's examples by its name; FastAPI's own rendering leaves out what is null in them."""
    found: dict[str, list[Json]] = {}
    pending: list[type[BaseModel]] = [In, Out]
    while pending:
        schema = pending.pop()
        pending += schema.__subclasses__()
        extra = schema.model_config.get("json_schema_extra")
        if isinstance(extra, dict) and "examples" in extra:
            found[schema.__name__] = cast(list[Json], extra["examples"])
    return found
