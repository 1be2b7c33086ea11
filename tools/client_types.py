"""Types of the description as Python annotations."""

import keyword
import re
from collections.abc import Iterable
from enum import Enum
from typing import Any

Json = dict[str, Any]

PLAIN = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
FORMATS = {"date-time": "datetime", "date": "date"}


class Use(Enum):
    """Where an annotation stands."""

    ANSWERED = "in an object that responses hold: lists of words may grow, so that any other word is read as well"
    ASKED = "in an object that only requests hold"
    ARGUMENT = "in a method's signature: whatever sequence or mapping there is may be given"


class Names:
    """The schemas' names as Python has them; those that FastAPI tells apart by module keep its last word."""

    def __init__(self, schemas: Iterable[str]) -> None:
        self._classes = {name: _class_of(name) for name in schemas}
        taken: dict[str, str] = {}
        for name, made in self._classes.items():
            if made in taken:
                raise SystemExit(f"The schemas {taken[made]} and {name} would both be called {made}.")
            taken[made] = name

    def __getitem__(self, name: str) -> str:
        return self._classes[name]


def class_name(words: str) -> str:
    """`webhook_endpoints` as a class: WebhookEndpoints."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", words))


def identifier(words: str) -> str:
    """Words, or a name on the wire, as a name in Python: `If-Match` is if_match, `from` is from_."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words)
    name = re.sub(r"[^A-Za-z0-9]+", "_", spaced).strip("_").lower()
    if keyword.iskeyword(name) or name == "self":
        return f"{name}_"
    return f"n{name}" if name[:1].isdigit() else name


def is_words(schema: Json) -> bool:
    """Whether a named schema is a list of words, and so no class."""
    return "enum" in schema


def is_object(schema: Json) -> bool:
    """Whether a named schema becomes a class of its own; others become another name for their type."""
    return schema.get("type") == "object" and "properties" in schema


def annotation(schema: Json, names: Names, schemas: dict[str, Json], use: Use) -> str:
    """The type of a value."""

    def of(inner: Json) -> str:
        return annotation(inner, names, schemas, use)

    if "$ref" in schema:
        return _reference(schema["$ref"].rpartition("/")[2], names, schemas, use)
    if "const" in schema:
        return _literal([schema["const"]])
    if "enum" in schema:
        return _lenient(_literal(schema["enum"]), schema["enum"], use)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _union(of(choice) for choice in schema[key])
    if len(schema.get("allOf", [])) == 1:
        return of(schema["allOf"][0])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union(of({**schema, "type": one}) for one in kind)
    if kind == "array":
        return f"{'Sequence' if use is Use.ARGUMENT else 'list'}[{of(schema.get('items', {}))}]"
    if kind == "object":
        values = schema.get("additionalProperties")
        inner = of(values) if isinstance(values, dict) else "Any"
        return f"{'Mapping' if use is Use.ARGUMENT else 'dict'}[str, {inner}]"
    if kind == "string":
        if schema.get("format") == "binary" or "contentMediaType" in schema:
            return "Upload"
        return FORMATS.get(schema.get("format", ""), "str")
    return PLAIN.get(str(kind), "Any")


def _reference(name: str, names: Names, schemas: dict[str, Json], use: Use) -> str:
    made = names[name] if use is not Use.ARGUMENT else f"schemas.{names[name]}"
    target = schemas[name]
    return _lenient(made, target["enum"], use) if is_words(target) else made


def _lenient(words: str, values: list[Any], use: Use) -> str:
    return f"{words} | str" if use is Use.ANSWERED and any(isinstance(value, str) for value in values) else words


def _literal(values: list[Any]) -> str:
    return f"Literal[{', '.join(repr(value) for value in values)}]"


def _union(parts: Iterable[str]) -> str:
    """Each type once, None last."""
    unique = dict.fromkeys(one for part in parts for one in _split(part))
    if "Any" in unique:
        return "Any"
    ordered = [part for part in unique if part != "None"] + [part for part in unique if part == "None"]
    return " | ".join(ordered)


def _split(part: str) -> list[str]:
    """A union's members, brackets respected."""
    members, depth, current = list[str](), 0, ""
    for piece in re.split(r"([\[\]]| \| )", part):
        depth += {"[": 1, "]": -1}.get(piece, 0)
        if piece == " | " and depth == 0:
            members.append(current)
            current = ""
        else:
            current += piece
    return [*members, current]


def _class_of(name: str) -> str:
    *modules, last = name.split("__")
    return class_name(f"{modules[-1]}_{last}" if modules else last)
