"""The generated part: it is current, covers every operation, and copes with descriptions that are still to come."""

import ast
import json
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import client_document
import client_methods
import client_schemas
import pytest

import ticketflow_client
from ticketflow import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "clients" / "python" / "src" / "ticketflow_client"
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "client.py"))


def test_the_generated_files_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert TOOL["main"](["--check"]) == 0, capsys.readouterr().out


def test_every_operation_is_a_method_of_both_clients() -> None:
    document = json.loads((ROOT / "openapi.json").read_text("utf-8"))
    wanted = sum(len(methods) for methods in document["paths"].values())
    for name in ("resources.py", "async_resources.py"):
        calls = [
            node
            for node in ast.walk(ast.parse((PACKAGE / "generated" / name).read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Call"
        ]
        assert len(calls) == wanted


def test_the_client_imports_nothing_of_the_server_and_only_what_it_declares() -> None:
    project = tomllib.loads((ROOT / "clients" / "python" / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {requirement.partition(">")[0] for requirement in project["dependencies"]}
    assert declared == {"httpx2", "pydantic", "standardwebhooks"}
    imported: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                imported.add((node.module or "").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == declared | {"ticketflow_client"}


def test_importing_the_client_loads_nothing_of_the_server() -> None:
    code = "import sys, ticketflow_client; print(sorted(n for n in sys.modules if n.split('.')[0] == 'ticketflow'))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_client_and_server_bear_one_version() -> None:
    assert ticketflow_client.__version__ == __version__


@pytest.mark.parametrize(
    ("operation", "resource", "name"),
    [
        ("open_ticket", "tickets", "open"),
        ("list_ticket_runs", "tickets", "list_runs"),
        ("similar_to_ticket", "tickets", "similar"),
        ("add_message", "tickets", "add_message"),
        ("search", "search", "__call__"),
        ("rotate_webhook_endpoint_secret", "webhook_endpoints", "rotate_secret"),
        ("read_entry", "entries", "read"),
        ("import_articles", "articles", "import_"),
        ("readyz", "health", "readyz"),
    ],
)
def test_methods_are_called_after_their_operations(operation: str, resource: str, name: str) -> None:
    assert client_document.method_name(operation, resource) == name


def operation(name: str, **members: Any) -> dict[str, Any]:
    return {"operationId": name, "tags": ["Things"], "summary": "Do it", "responses": {"204": {}}, **members}


def as_json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


TO_COME: dict[str, Any] = {
    "paths": {
        "/v1/things": {
            "post": operation(
                "make_thing",
                requestBody={"required": True, **as_json(ref("ThingIn"))},
                responses={"201": as_json(ref("api__one__Thing"))},
            ),
            "get": operation("list_things", responses={"200": as_json({"type": "array", "items": ref("ThingIn")})}),
        },
        "/v1/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "patch": operation(
                "change_thing",
                parameters=[
                    {"name": "If-Match", "in": "header", "schema": {"type": "string"}, "description": "Its tag."}
                ],
                requestBody=as_json(ref("ThingPatch")),
            ),
            "delete": operation("delete_thing"),
        },
        "/v1/things/{id}/file": {
            "put": operation(
                "put_thing_file",
                parameters=[{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                requestBody={"required": True, "content": {"application/octet-stream": {}}},
                responses={"200": {"content": {"text/csv": {}}}},
            ),
            "post": operation(
                "post_thing_file",
                parameters=[{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                requestBody={
                    "required": True,
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "required": ["file"],
                                "properties": {
                                    "file": {"type": "string", "format": "binary"},
                                    "id": {"type": "string"},
                                },
                            }
                        }
                    },
                },
            ),
        },
        "/v1/things/all": {
            "post": operation(
                "make_many_things",
                requestBody={"required": True, **as_json({"type": "array", "items": ref("ThingIn")})},
                responses={"200": as_json({"anyOf": [ref("ThingIn"), ref("api__one__Thing")]})},
            ),
        },
    },
    "components": {
        "schemas": {
            "Colour": {"type": "string", "enum": ["red", "blue"]},
            "ThingIn": {
                "type": "object",
                "required": ["from"],
                "properties": {
                    "from": {"type": ["string", "null"], "description": 'Says "so".'},
                    "colour": ref("Colour"),
                    "when": {"type": "string", "format": "date-time"},
                    "copy": {"type": "boolean", "default": False},
                },
            },
            "ThingPatch": {"type": "object", "properties": {"colour": {"anyOf": [ref("Colour"), {"type": "null"}]}}},
            "api__one__Thing": {
                "type": "object",
                "required": ["kind", "part"],
                "description": "A \\ thing.",
                "properties": {
                    "kind": {"const": "thing"},
                    "part": {"anyOf": [ref("api__one__Thing"), {"type": "null"}]},
                    "pair": {"type": "object", "additionalProperties": ref("Colour")},
                },
            },
        }
    },
}


def loaded(name: str, code: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(code, name, "exec"), module.__dict__)
    return module


class Kept:
    """A client that keeps the calls it is to send."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def send(self, call: Any) -> Any:
        self.calls.append(call)


def test_a_description_with_everything_that_may_come_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    api = client_document.read(TO_COME)
    schemas = loaded("coming_schemas", TOOL["laid_out"](client_schemas.module(api)), monkeypatch)
    monkeypatch.setattr("ticketflow_client.generated.schemas", schemas)
    code = TOOL["laid_out"](client_methods.module(api, client_methods.SYNC))
    kept = Kept()
    things = loaded("coming_resources", code, monkeypatch).Resources(kept).things

    thing = schemas.OneThing.model_validate(
        {"kind": "thing", "part": {"kind": "thing", "part": None}, "pair": {"a": "x"}}
    )
    assert (thing.part.kind, thing.pair) == ("thing", {"a": "x"})
    assert schemas.ThingIn(from_=None, copy_=True).model_dump(by_alias=True, exclude_unset=True) == {
        "from": None,
        "copy": True,
    }
    things.make(from_=None, colour="red", idempotency_key="k")
    things.list()
    things.change("a/b", if_match='"7"', colour=None)
    things.delete("1")
    things.put_file("1", body=ticketflow_client.Upload(b"x"))
    things.post_file("1", file=ticketflow_client.Upload(b"x"), id_form="2")
    things.make_many(body=[schemas.ThingIn(from_="a")])
    made, listed, changed, deleted, put, posted, many = kept.calls
    assert (made.body, made.idempotency_key, made.result) == ({"from": None, "colour": "red"}, "k", schemas.OneThing)
    assert listed.result == list[schemas.ThingIn]
    assert (changed.path, changed.headers, changed.body) == ("/v1/things/a%2Fb", {"If-Match": '"7"'}, {"colour": None})
    assert (deleted.method, deleted.result) == ("DELETE", type(None))
    assert (put.result, put.body.content) == (bytes, b"x")
    assert set(posted.form) == {"file", "id"}
    assert (many.method, len(many.body)) == ("POST", 1)


def test_two_schemas_of_one_name_are_refused() -> None:
    document = json.loads(json.dumps(TO_COME))
    document["components"]["schemas"]["OneThing"] = document["components"]["schemas"]["api__one__Thing"]
    document["components"]["schemas"]["ThingIn"]["properties"]["other"] = ref("OneThing")
    with pytest.raises(SystemExit, match="would both be called OneThing"):
        client_document.read(document)
