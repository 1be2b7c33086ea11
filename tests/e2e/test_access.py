"""Access across real processes: the first link, what one process ends for another, and no secret in any log."""

import http.client
import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from e2e_harness import Command

Start = Callable[..., "subprocess.Popen[str]"]
WITHIN = 1.0  # seconds in which every process knows


class Server:
    """A running `ticketflow serve`, and the lines that it greets with where nobody has signed in yet."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.greeting = [process.stdout.readline() for _ in range(2)]
        assert self.greeting[0].startswith("TicketFlow at http://127.0.0.1:"), process.communicate()[1]
        self.url = self.greeting[0].split()[2].rstrip(",")

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
        """The status, the JSON and the headers of an answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.request(
                method,
                path,
                None if body is None else json.dumps(body),
                {**sent, **({"Content-Type": "application/json"} if body is not None else {})},
            )
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None, answer.headers
        finally:
            connection.close()

    def end(self) -> str:
        """Stop it; everything it wrote."""
        self.process.terminate()
        out, err = self.process.communicate(timeout=30)
        return "".join(self.greeting[:1]) + out + err


def refused_within(server: Server, path: str, **headers: str) -> float:
    """Seconds until the server answers 401; fails when that takes too long."""
    began = time.monotonic()
    while server("GET", path, **headers)[0] != 401:
        assert time.monotonic() - began < WITHIN
        time.sleep(0.01)
    return time.monotonic() - began


def signed_in(server: Server, link: str) -> tuple[str, dict[str, str]]:
    """The cookie and the headers of a browser that opened `link`."""
    token = link.partition("#")[2].strip()
    status, me, headers = server("POST", "/v1/sessions", {"token": token}, Origin=server.url)
    assert status == 201, me
    cookie = headers["set-cookie"].partition(";")[0]
    return cookie.partition("=")[2], {"Cookie": cookie, "Origin": server.url, "X_CSRF_Token": me["csrf_token"]}


def test_what_one_process_ends_another_refuses_and_no_log_holds_a_secret(
    command: Command, start: Start, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETFLOW_LOG_LEVEL", "DEBUG")
    command("db", "upgrade")
    processes = [start("serve", "--port", "0", "--workers", "0") for _ in range(2)]
    first, second = (Server(process) for process in processes)
    link = re.search(r"http://\S+/sign-in#\S+", first.greeting[1])
    assert link is not None
    assert link[0].startswith(first.url)
    cookie, owner = signed_in(first, link[0])
    there = {**owner, "Origin": second.url}
    key = first("POST", "/v1/keys", {"name": "desk", "scopes": ["articles:read"]}, **owner)[1]
    bearer = {"Authorization": f"Bearer {key['key']}"}

    assert second("GET", "/v1/articles", **bearer)[0] == 200
    assert first("POST", f"/v1/keys/{key['id']}/revoke", {}, **owner)[0] == 200
    key_seconds = refused_within(second, "/v1/articles", **bearer)

    nadia = second("POST", "/v1/people", {"email": "nadia@example.com", "role": "agent"}, **there)[1]
    made = command("person", "link", "nadia@example.com").out
    theirs, window = signed_in(second, made)
    assert first("GET", "/v1/me", **window)[0] == 200
    assert second("PATCH", f"/v1/people/{nadia['id']}", {"disabled": True}, **there)[0] == 200
    person_seconds = refused_within(first, "/v1/me", **window)

    assert second("GET", "/v1/me", **owner)[0] == 200
    assert first("DELETE", "/v1/sessions/current", **owner)[0] == 200
    session_seconds = refused_within(second, "/v1/me", **owner)
    print(
        f"refused after {key_seconds:.2f} s (key), {person_seconds:.2f} s (person), {session_seconds:.2f} s (session)"
    )

    secrets = {
        "key": key["key"].split("_")[3],
        "cookie": cookie,
        "their cookie": theirs,
        "link": link[0].partition("#")[2],
        "their link": made.partition("#")[2].strip(),
        "csrf token": owner["X_CSRF_Token"],
    }
    for name, secret in secrets.items():  # in every place where somebody may put one by mistake
        first("GET", f"/v1/articles?{name.replace(' ', '_')}={secret}", Authorization=f"Bearer {secret}")
        first("POST", "/v1/sessions", {"token": secret, "more": secret})
        first("POST", "/v1/sessions", {"token": secret})
        first("GET", f"/v1/keys/{secret}", Cookie=f"ticketflow_session={secret}")
    told = first.end() + second.end()
    assert "sign_in_refused" in told  # the log is there
    stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for name, secret in secrets.items():
        assert secret not in told, f"the {name} is in a log"
        assert secret.encode() not in stored, f"the {name} is in a file of the home folder"


def test_people_on_the_command_line(command: Command) -> None:
    added = json.loads(command("person", "add", "Boss@example.com", "--role", "owner", "--json").out)
    assert (added["email"], added["role"], added["state"]) == ("boss@example.com", "owner", "active")
    assert "last owner" in command("person", "role", "boss@example.com", "viewer").err
    assert "last owner" in command("person", "disable", "boss@example.com").err
    assert command("person", "add", "second@example.com", "--role", "owner", "--name", "Second").code == 0
    assert command("person", "role", "boss@example.com", "viewer").code == 0
    assert command("person", "disable", "boss@example.com").code == 0
    assert command("person", "link", "boss@example.com").code == 1
    listed = [json.loads(line) for line in command("person", "list", "--json").out.splitlines()]
    assert [(one["name"], one["role"], one["state"]) for one in listed] == [
        ("boss@example.com", "viewer", "disabled"),
        ("Second", "owner", "active"),
    ]
    assert command("person", "disable", "boss@example.com", "--undo").code == 0
    assert command("person", "link", "boss@example.com").out.startswith("http://127.0.0.1:8484/sign-in#")
    assert command("person", "link", "nobody@example.com").code == 2
    assert command("person", "add", "no address", "--role", "agent").code == 2
    assert "Second" in command("person", "list").out


def test_a_key_is_rotated_on_the_command_line(command: Command) -> None:
    old = json.loads(command("key", "create", "desk", "--scope", "tickets:read", "--json").out)
    new = json.loads(command("key", "rotate", old["id"], "--overlap", "7d", "--json").out)
    assert (new["replaces"], new["name"], new["scopes"]) == (old["id"], "desk", ["tickets:read"])
    refused = command("key", "rotate", new["id"])
    assert (refused.code, "at most two keys" in refused.err) == (1, True)
    states = {one["id"]: one for one in map(json.loads, command("key", "list", "--json").out.splitlines())}
    assert {one["state"] for one in states.values()} == {"live"}
    assert states[old["id"]]["expires_at"] is not None
