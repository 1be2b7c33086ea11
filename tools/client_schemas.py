"""Writes schemas.py: the objects that the API takes and gives."""

import textwrap
from collections.abc import Iterator
from typing import Any

from client_document import Api
from client_types import Json, Use, annotation, identifier, is_object, is_words
from pydantic import BaseModel

WIDTH = 112
MARK = "Written by tools/client.py from openapi.json; edit the API's routes and schemas instead."

HEAD = f'''"""The objects that the API takes and gives.

{MARK}

In objects that responses hold, a list of words ends in `| str`: a newer server may say a word that is not on it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, TypeAlias

from pydantic import Field

from ticketflow_client.calls import Upload
from ticketflow_client.schema import Schema
'''

RESERVED = frozenset(dir(BaseModel)) | {"etag", "with_etag"}


def module(api: Api) -> str:
    """The file: lists of words and other plain types first, then the objects, each by its name."""
    plain = [name for name in api.schemas if not is_object(api.schemas[name])]
    objects = [name for name in api.schemas if is_object(api.schemas[name])]
    parts = [HEAD, *(_alias(name, api) for name in plain), *(_class(name, api) for name in objects)]
    return "\n\n".join(parts)


def quoted(text: str, indent: str = "") -> str:
    """A text as a docstring: paragraphs are kept, lines are filled, and items of a list (`- `) stand close together."""
    safe = text.strip().replace("\\", "\\\\").replace('"""', "'''")
    filled = ""
    for paragraph in (" ".join(one.split()) for one in safe.split("\n\n") if one.strip()):
        item = paragraph.startswith("- ")
        close = item and filled.rpartition("\n\n")[2].startswith("- ")
        width = WIDTH - len(indent)
        lines = textwrap.fill(paragraph, width, break_long_words=False, subsequent_indent="  " if item else "")
        filled += ("" if not filled else "\n" if close else "\n\n") + lines
    closing = "\n" if "\n" in filled else " " if filled.endswith('"') else ""
    return textwrap.indent(f'"""{filled}{closing}"""', indent)


def _alias(name: str, api: Api) -> str:
    schema = api.schemas[name]
    use = Use.ASKED if is_words(schema) else _use(name, api)
    lines = [f"{api.names[name]}: TypeAlias = {_late(annotation(schema, api.names, api.schemas, use), schema)}"]
    if schema.get("description"):
        lines.append(quoted(schema["description"]))
    return "\n".join(lines)


def _late(made: str, schema: Json) -> str:
    """A type that names classes is written as a string: they stand further down."""
    return made if is_words(schema) else repr(made)


def _class(name: str, api: Api) -> str:
    schema = api.schemas[name]
    lines = [
        f"class {api.names[name]}(Schema):",
        quoted(schema.get("description") or f"{api.names[name]}.", "    "),
        "",
    ]
    for field in _fields(name, schema, api):
        lines += field
    return "\n".join(lines)


def _fields(name: str, schema: Json, api: Api) -> Iterator[list[str]]:
    required = set(schema.get("required", []))
    for sent, field in schema.get("properties", {}).items():
        made = annotation(field, api.names, api.schemas, _use(name, api))
        python = identifier(sent)
        python = f"{python}_" if python in RESERVED else python
        default = "" if sent in required else _default(field)
        if not default and sent not in required:
            made, default = made if made == "Any" or made.endswith("None") else f"{made} | None", "None"
        if python != sent:
            default = f"Field({default}{', ' if default else ''}alias={sent!r})" if "Field(" not in default else default
        lines = [f"    {python}: {made}" + (f" = {default}" if default else "")]
        if field.get("description"):
            lines.append(quoted(field["description"], "    "))
        yield lines


def _default(field: Json) -> str:
    """The default that the server would take; empty where there is none that can be written down."""
    default: Any = field.get("default")
    if isinstance(default, str | int | float):
        return repr(default)
    return ""


def _use(name: str, api: Api) -> Use:
    return Use.ANSWERED if name in api.answered else Use.ASKED
