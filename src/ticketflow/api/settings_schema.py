"""What can be set, as data: from which a page of settings can be drawn without knowing them."""

from collections.abc import Mapping
from typing import Any, cast

from ticketflow.api.schemas.settings import SettingOut, SettingsPatch
from ticketflow.store.settings import Row, SecretSettings, Settings

_NOT_TOLD = {"title", "description", "default"}


def described(rows: Mapping[str, Row]) -> list[SettingOut]:
    """Every setting in the order in which they are defined; `rows` are those that were changed, by name."""
    document = SettingsPatch.model_json_schema()
    accepted = {name: _plain(one, document.get("$defs", {})) for name, one in document["properties"].items()}
    defaults = {**Settings().model_dump(mode="json"), **SecretSettings().model_dump(mode="json")}
    return [_one(name, accepted[name], default, rows.get(name)) for name, default in defaults.items()]


def _one(name: str, accepts: dict[str, Any], default: Any, row: Row | None) -> SettingOut:
    secret = name in SecretSettings.model_fields
    field = (SecretSettings if secret else Settings).model_fields[name]
    extra = cast(dict[str, Any], field.json_schema_extra)
    kinds = [accepts.get("type"), *(one.get("type") for one in accepts.get("anyOf", []))]
    return SettingOut(
        name=name,
        category=extra["category"],
        type=next(kind for kind in kinds if kind not in (None, "null")),
        description=field.description or "",
        default=default,
        accepts=accepts,
        secret=secret,
        version=row.version if row else 0,
        updated_at=row.updated_at if row else None,
        updated_by=row.updated_by if row else None,
    )


def _plain(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """A JSON schema that stands by itself: references are replaced by what they refer to."""
    if isinstance(schema, list):
        return [_plain(one, definitions) for one in cast(list[Any], schema)]
    if not isinstance(schema, dict):
        return schema
    found = cast(dict[str, Any], schema)
    if "$ref" in found:
        return _plain(definitions[found["$ref"].rpartition("/")[2]], definitions)
    return {name: _plain(one, definitions) for name, one in found.items() if name not in _NOT_TOLD}
