"""What can be set, told as data; keys of providers, which are written and never shown; ETags."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import HttpUrl
from sqlalchemy import select
from test_api_problems import problem

from ticketflow.api.app import create_app
from ticketflow.api.schemas.settings import SettingsOut, SettingsPatch
from ticketflow.config import EncoderProvider, ModelProvider
from ticketflow.db.tables import metadata
from ticketflow.errors import EncoderUnavailable
from ticketflow.llm import trial
from ticketflow.runtime import Runtime
from ticketflow.store.settings import Category, SecretSettings, Settings
from ticketflow.testing import ModelServer

CANARY = "sk-canary-0123456789-abcdefgh-end9"
SCHEMA = "/v1/settings/schema"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture
def home(runtime: Runtime, server: ModelServer) -> Iterator[Runtime]:
    """The installation whose own workspace is `acme`, and whose language model waits for a key from the settings."""
    provider = ModelProvider(name="main", base_url=HttpUrl(server.url), model="m", key_setting="main")
    changed = runtime.config.model_copy(update={"workspace": "acme", "llm": (provider,)})
    made = replace(runtime, config=changed)
    yield made
    made.models.close()


@pytest.fixture
def app(home: Runtime) -> FastAPI:
    return create_app(home, max_body_bytes=20_000)


def keys(caller: Any) -> dict[str, Any]:
    return caller.get("/v1/settings").json()["provider_keys"]


def test_the_wire_has_every_setting_described_as_it_is_defined(acme: Any) -> None:
    defined = {**Settings.model_fields, **SecretSettings.model_fields}
    assert list(SettingsOut.model_fields) == list(SettingsPatch.model_fields) == list(defined)
    assert list(acme.get("/v1/settings").json()) == list(defined)
    for name, field in defined.items():
        assert SettingsOut.model_fields[name].description == field.description, name
        assert SettingsPatch.model_fields[name].description == field.description, name
        assert isinstance(field.json_schema_extra, dict)
        assert field.json_schema_extra["category"] in list(Category), name


def test_what_can_be_set_is_told_with_who_changed_it(acme: Any) -> None:
    acme.patch("/v1/settings", {"audit_days": 7})
    acme.patch("/v1/settings", {"audit_days": 8, "provider_keys": {"main": CANARY}})
    told = {one["name"]: one for one in acme.get(SCHEMA).json()["items"]}
    assert list(told) == [*Settings.model_fields, *SecretSettings.model_fields]
    days = told["audit_days"]
    assert (days["category"], days["type"], days["default"], days["secret"]) == ("audit", "integer", 14, False)
    assert days["accepts"] == {"type": "integer", "minimum": 1, "maximum": 365}
    assert days["version"] == 2
    assert days["updated_by"].startswith("key:")
    assert told["level"]["accepts"]["enum"] == ["off", "shadow", "assist", "auto"]
    assert (told["level"]["version"], told["level"]["updated_at"], told["level"]["updated_by"]) == (0, None, None)
    assert (told["provider_keys"]["secret"], told["provider_keys"]["version"]) == (True, 1)
    assert [name for name, one in told.items() if one["secret"]] == list(SecretSettings.model_fields)


def test_a_key_is_written_used_changed_and_removed_and_never_shown(
    acme: Any, home: Runtime, server: ModelServer
) -> None:
    assert keys(acme) == {"main": {"is_set": False, "last_four": None}}
    (gateway,) = home.models.gateways
    assert "key_setting" in trial.ask(gateway).sentence
    assert server.requests == []
    changed = acme.patch("/v1/settings", {"provider_keys": {"main": CANARY, "spare": "short"}})
    assert changed.json()["provider_keys"] == keys(acme)
    assert keys(acme) == {
        "main": {"is_set": True, "last_four": "end9"},
        "spare": {"is_set": True, "last_four": None},
    }
    assert trial.ask(gateway).good
    acme.patch("/v1/settings", {"provider_keys": {"main": f"{CANARY}2", "spare": None, "never": None}})
    assert keys(acme) == {"main": {"is_set": True, "last_four": "nd92"}}
    assert trial.ask(gateway).good
    assert [head for _, head in server.heads] == [f"Bearer {CANARY}", f"Bearer {CANARY}2"]
    acme.patch("/v1/settings", {"provider_keys": {"main": None}})
    assert "key_setting" in trial.ask(gateway).sentence


def test_an_encoder_takes_its_key_from_the_settings_as_well(acme: Any, home: Runtime, server: ModelServer) -> None:
    provider = EncoderProvider(
        name="far", kind="openai", model="m", dimension=16, base_url=HttpUrl(server.url), key_setting="far"
    )
    made = replace(home, config=home.config.model_copy(update={"encoders": (provider,)}))
    encoder = made.make_encoder("far")
    with pytest.raises(EncoderUnavailable, match="Store the key far in the setting provider_keys"):
        encoder.encode(["a kettle"])
    for key in ("first-key", "second-key"):
        acme.patch("/v1/settings", {"provider_keys": {"far": key}})
        assert encoder.encode([f"a kettle {key}"]).shape == (1, 16)
    assert [head for _, head in server.heads] == ["Bearer first-key", "Bearer second-key"]


def test_keys_belong_to_the_installations_own_workspace(caller: Callable[..., Any], acme: Any) -> None:
    other = caller("rival")
    refused = other.patch("/v1/settings", {"default_team": "x", "provider_keys": {"main": CANARY}})
    assert CANARY not in json.dumps(problem(refused, 403, "forbidden"))
    assert other.get("/v1/settings").json()["default_team"] == "support"
    assert keys(other) == {}
    assert keys(acme)["main"]["is_set"] is False


@pytest.mark.parametrize(
    "given", [{"main": f"{CANARY}\n"}, {"main": ""}, {" ": CANARY}, {"main": [CANARY]}, CANARY, [CANARY]]
)
def test_what_is_no_key_is_refused_without_being_repeated(acme: Any, given: Any) -> None:
    refused = acme.patch("/v1/settings", {"provider_keys": given})
    assert "canary" not in json.dumps(problem(refused, 422, "invalid_input")["detail"])
    assert keys(acme)["main"]["is_set"] is False


def test_a_lost_key_of_the_installation_stops_nothing_but_what_needs_it(
    acme: Any, home: Runtime, tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    acme.patch("/v1/settings", {"provider_keys": {"main": CANARY}})
    (tmp_path / "encryption.key").unlink()
    assert keys(acme)["main"] == {"is_set": True, "last_four": "end9"}
    (gateway,) = home.models.gateways
    assert not trial.ask(gateway).good
    printed = capsys.readouterr()
    assert "does not hold" in printed.out + printed.err
    assert acme.patch("/v1/settings", {"audit_days": 3}).status_code == 200
    problem(acme.patch("/v1/settings", {"provider_keys": {"main": CANARY}}), 500, "internal")


def test_no_value_of_a_secret_setting_is_found_anywhere(
    acme: Any,
    caller: Callable[..., Any],
    home: Runtime,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    tag = acme.get("/v1/settings").headers["ETag"]
    body = {"provider_keys": {"main": CANARY}}
    assert acme.patch("/v1/settings", {**body, "audit_days": 5}).status_code == 200
    answers = [
        acme("PATCH", "/v1/settings", json=body, headers={"If-Match": tag}),
        acme.patch("/v1/settings", {**body, "audit_days": "no"}),
        acme("PATCH", "/v1/settings", content=json.dumps(body)[:-1], headers={"Content-Type": "application/json"}),
        caller("rival").patch("/v1/settings", body),
        acme.get("/v1/settings"),
        acme.get(SCHEMA),
        acme.get("/v1/events"),
    ]
    assert [answer.status_code for answer in answers] == [412, 422, 400, 403, 200, 200, 200]
    assert home.models.gateways[0].provider.key_setting == "main"
    assert trial.ask(home.models.gateways[0]).good
    with home.database.read() as session:
        tables = {name: session.execute(select(table)).all() for name, table in metadata.tables.items()}
    audited = [row.detail for row in tables["audit_log"] if row.action == "settings.changed"]
    assert {"after": {"provider_keys": {"main": "set"}}} in audited
    assert {"names": ["provider_keys"]} in [row.data for row in tables["event"]]
    told = [answer.text for answer in answers] + [repr(tables), *capfd.readouterr(), caplog.text]
    home.database.close()
    told += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert len(told) >= 12
    assert [text for text in told if CANARY in text] == []


def test_an_etag_tells_states_apart_and_a_change_of_another_one_is_refused(acme: Any, caller: Any) -> None:
    first = acme.get("/v1/settings").headers["ETag"]
    assert acme.get("/v1/settings").headers["ETag"] == first
    made = acme("PATCH", "/v1/settings", json={"audit_days": 5}, headers={"If-Match": first})
    assert made.headers["ETag"] == acme.get("/v1/settings").headers["ETag"] != first
    refused = acme("PATCH", "/v1/settings", json={"audit_days": 6}, headers={"If-Match": first})
    problem(refused, 412, "precondition_failed")
    assert acme.get("/v1/settings").json()["audit_days"] == 5
    for tag in (f'"x", {made.headers["ETag"]}', "*"):
        assert acme("PATCH", "/v1/settings", json={"audit_days": 5}, headers={"If-Match": tag}).status_code == 200
    weak = {"If-Match": f"W/{made.headers['ETag']}"}
    problem(acme("PATCH", "/v1/settings", json={"audit_days": 6}, headers=weak), 412, "precondition_failed")
    acme.patch("/v1/settings", {"audit_days": 14})
    assert acme.get("/v1/settings").headers["ETag"] not in (first, made.headers["ETag"]), "a way back is a change"


def test_a_key_that_ends_as_the_one_before_is_another_state(acme: Any) -> None:
    acme.patch("/v1/settings", {"provider_keys": {"main": f"one-{CANARY}"}})
    before = acme.get("/v1/settings")
    acme.patch("/v1/settings", {"provider_keys": {"main": f"two-{CANARY}"}})
    after = acme.get("/v1/settings")
    assert before.json() == after.json()
    assert before.headers["ETag"] != after.headers["ETag"]


def test_articles_have_etags_too(acme: Any) -> None:
    made = acme.post("/v1/articles", {"title": "Kettles", "body": "They leak."}).json()
    path = f"/v1/articles/{made['id']}"
    first = acme.get(path).headers["ETag"]
    new = {"title": "Kettles", "body": "They are loud.", "version": made["version"]}
    revised = acme("PUT", path, json=new, headers={"If-Match": first})
    assert revised.headers["ETag"] == acme.get(path).headers["ETag"] != first
    problem(acme("PUT", path, json={**new, "version": 2}, headers={"If-Match": first}), 412, "precondition_failed")
    second = {"If-Match": revised.headers["ETag"]}
    problem(acme("PUT", path, json=new, headers=second), 412, "precondition_failed")
    problem(acme("PUT", path, json=new), 409, "conflict")
    assert acme.get(path).json()["version"] == 2
    assert acme("PUT", path, json={**new, "version": 2}, headers=second).status_code == 200
