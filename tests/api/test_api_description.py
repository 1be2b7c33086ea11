"""The description is whole, true to its examples, committed, and shown without loading anything from elsewhere."""

import importlib.util
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from ticketflow.api.app import bare_app
from ticketflow.api.problems import TITLES
from ticketflow.api.schemas.base import In, Out
from ticketflow.api.scopes import Scope

ROOT = Path(__file__).resolve().parents[2]

INTAKE = "POST /v1/intake/{source}"
"""Open to whoever signs; where there is no such source it says that the signature is wrong."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return bare_app().openapi()


def each_operation(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", spec)
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]


def test_every_operation_is_described_with_an_example(document: dict[str, Any]) -> None:
    for name, spec in each_operation(document):
        assert len(spec["description"]) > 30, name
        status, good = next(one for one in spec["responses"].items() if one[0].startswith("2"))
        assert "Successful Response" not in good["description"], name
        assert ("content" in good) == (status != "204"), name
        for part in (good, spec.get("requestBody", {})):
            for kind, content in part.get("content", {}).items():  # a file's bytes are their own example
                assert content.get("example") or kind != "application/json", (name, kind)


def test_every_operation_documents_its_errors(document: dict[str, Any]) -> None:
    for name, spec in each_operation(document):
        errors = {status for status in spec["responses"] if status[0] in "45"}
        assert {"500", "503"} <= errors, name
        if "/v1/" in name:
            assert {"401", "403"} <= errors, name
            scopes = [spec["x-scope"]] if "x-scope" in spec else []
            wanted = [{"api_key": scopes}, {"session": scopes}]
            assert spec.get("security") == (None if name in ("POST /v1/sessions", INTAKE) else wanted), name
        if "requestBody" in spec:
            assert {"400", "413", "415", "422"} <= errors, name
        if "{" in name:
            assert ("404" in errors) == (name != INTAKE), name
        for status in errors:
            (kind, content), *others = spec["responses"][status]["content"].items()
            assert (kind, others) == ("application/problem+json", []), name
            assert content["example"]["status"] == int(status)
    assert "HTTPValidationError" not in json.dumps(document)


def schemas_with_examples() -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    pending: list[type[BaseModel]] = [In, Out]
    while pending:
        schema = pending.pop()
        pending += schema.__subclasses__()
        if "json_schema_extra" in schema.__dict__.get("model_config", {}):
            found.append(schema)
    return found


@pytest.mark.parametrize("schema", schemas_with_examples(), ids=lambda schema: schema.__name__)
def test_examples_fit_their_schemas(schema: type[BaseModel]) -> None:
    extra: Any = schema.model_config["json_schema_extra"]
    for example in extra["examples"]:
        read = TypeAdapter(schema).validate_json(json.dumps(example), extra="forbid")
        if issubclass(schema, Out):
            assert json.loads(read.model_dump_json()) == example


def test_what_goes_out_has_no_defaults(document: dict[str, Any]) -> None:
    for schema in schemas_with_examples():
        if issubclass(schema, Out):
            assert [name for name, field in schema.model_fields.items() if not field.is_required()] == []


def test_a_patch_shows_no_defaults(document: dict[str, Any]) -> None:
    for name in ("AnswerPatch", "SettingsPatch"):
        fields = document["components"]["schemas"][name]
        assert "required" not in fields
        assert not [field for field in fields["properties"].values() if "default" in field]


def test_every_field_and_parameter_that_is_sent_is_explained(document: dict[str, Any]) -> None:
    for name, spec in each_operation(document):
        for parameter in spec.get("parameters", []):
            assert parameter.get("description") or parameter["in"] == "path", (name, parameter["name"])
    for name, schema in document["components"]["schemas"].items():
        if issubclass(next((s for s in schemas_with_examples() if s.__name__ == name), Out), In):
            assert [field for field, spec in schema["properties"].items() if not spec.get("description")] == [], name


KEYWORDS = {
    *("$ref", "additionalProperties", "anyOf", "const", "default", "description", "enum", "examples"),
    *("exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maxProperties", "maximum"),
    *("minItems", "minLength", "minProperties", "minimum", "pattern", "properties", "propertyNames", "required"),
    *("title", "type", "uniqueItems"),
}


def keywords(schema: Any) -> set[str]:
    """Every keyword of a schema and of those inside it."""
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inner += [schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict)]
    return set(schema).union(*map(keywords, inner))


def test_limits_are_written_as_json_schema_has_them(document: dict[str, Any]) -> None:
    """Pydantic writes a limit that it cannot translate under its own name (`ge`), where nobody reads it."""
    for name, schema in document["components"]["schemas"].items():
        assert keywords(schema) <= KEYWORDS, name


def test_ids_in_paths_are_one_segment(document: dict[str, Any]) -> None:
    for name, spec in each_operation(document):
        for parameter in spec.get("parameters", []):
            if parameter["in"] == "path":
                assert not re.match(parameter["schema"]["pattern"], ".."), name


def test_operation_names_are_short_and_unique(document: dict[str, Any]) -> None:
    names = [spec["operationId"] for _, spec in each_operation(document)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)


@pytest.fixture
def tool() -> ModuleType:
    """The script that writes the committed files."""
    spec = importlib.util.spec_from_file_location("openapi_tool", ROOT / "tools" / "openapi.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_description_is_this_one(tool: ModuleType) -> None:
    assert tool.main(["--check"]) == 0


def test_drift_is_reported_and_mended(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    assert tool.main(["--check"]) == 1
    assert list(tmp_path.iterdir()) == []
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0
    (tmp_path / "openapi.json").write_text("{}")
    assert tool.main(["--check"]) == 1


class Page(HTMLParser):
    """Collects a page's links, ids and open tags."""

    VOID = {"meta", "br", "hr", "link", "img", "input"}

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.tags: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name in ("src", "srcset", "action", "data", "style") or name.startswith("on"):
                self.sources.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_reference_page_is_whole_and_loads_nothing(client: Any, document: dict[str, Any]) -> None:
    response = client.get("/docs")
    page = Page()
    page.feed(response.text)
    assert page.open == []
    assert page.sources == []
    assert not page.tags & {"script", "link", "img", "iframe", "object"}
    assert "@import" not in response.text
    assert "url(" not in response.text
    assert len(set(page.ids)) == len(page.ids)
    for link in page.links:
        assert link.removeprefix("#") in page.ids if link.startswith("#") else link == "/openapi.json"
    assert {f"problem-{code}" for code in TITLES} <= set(page.ids)
    for _, spec in each_operation(document):
        assert spec["summary"].replace("'", "&#x27;") in response.text
    for scope in Scope:
        assert scope in response.text
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_policy_allows_the_style_that_the_page_carries(client: Any) -> None:
    import base64
    import hashlib

    response = client.get("/docs")
    style = response.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in response.headers["content-security-policy"]


def test_descriptions_are_shown_as_text() -> None:
    from ticketflow.api import reference

    document = bare_app().openapi()
    document["info"]["title"] = "<script>alert(1)</script>"
    assert "<script>" not in reference.page(document)
