"""What a source sends is stored whole or not at all, and once, whoever dies and however many take it in."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from webhook_harness import open_database
from workflow_harness import Killed

from ticketflow.agent import pipeline
from ticketflow.db import Database
from ticketflow.domain import Workspace
from ticketflow.integrations import intake, signatures, sources
from ticketflow.integrations.intake import Result, Taken
from ticketflow.integrations.signing_secrets import SigningSecrets
from ticketflow.store import tickets, workspaces
from ticketflow.store.keyring import Keyring
from ticketflow.store.secrets import Secrets
from ticketflow.testing import FrozenClock
from ticketflow.workflow import history

BATCH = [{"id": number, "text": f"Question {number}"} for number in range(10)]


class Place:
    """A workspace with a source."""

    def __init__(self, folder: Path) -> None:
        self.database: Database = open_database(folder / "intake.db", FrozenClock())
        self.secrets = SigningSecrets(Secrets(Keyring((), folder / "encryption.key")))
        rules = {"external_id": "$.id", "body": "$.text", "ticket": "$.of", "message": "$.message"}
        with self.database.write() as session:
            self.workspace: Workspace = workspaces.ensure(session, "acme")
            _, self.secret = sources.create(session, self.workspace.id, "shop", "Shop", rules, self.secrets, "test")

    def send(self, document: Any, message_id: str = "m") -> list[Taken]:
        body = json.dumps(document).encode()
        headers = signatures.signed([self.secret], message_id, self.database.clock.now(), body)
        return intake.receive(self.database, self.secrets, "acme_shop", headers, body)

    def opened(self) -> dict[str, int]:
        """How many runs each ticket has, by external id."""
        with self.database.read() as session:
            runs = Counter(run.ticket_id for run in history.of_workspace(session, self.workspace.id, limit=1_000))
            return {
                str(tickets.get(session, self.workspace.id, ticket_id).external_id): count
                for ticket_id, count in runs.items()
            }


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.database.close()


def test_a_process_that_dies_has_stored_nothing_of_a_message(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real, begun = pipeline.start, []

    def dies(*given: Any) -> Any:
        begun.append(given)
        if len(begun) == 5:
            raise Killed
        return real(*given)

    monkeypatch.setattr(pipeline, "start", dies)
    with pytest.raises(Killed):
        place.send(BATCH)
    assert place.opened() == {}
    taken = place.send(BATCH)
    assert {one.result for one in taken} == {Result.OPENED}
    assert place.opened() == {f"shop:{item['id']}": 1 for item in BATCH}


@pytest.mark.parametrize("same_message", [True, False])
def test_many_who_take_the_same_in_store_it_once(place: Place, same_message: bool) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda turn: place.send(BATCH, "m" if same_message else f"m{turn}"), range(6)))
    results = Counter(one.result for taken in answers for one in taken)
    assert results == {Result.OPENED: 10, Result.KNOWN: 50}
    assert len({tuple(one.ticket_id for one in taken) for taken in answers}) == 1
    assert place.opened() == {f"shop:{item['id']}": 1 for item in BATCH}


def test_a_message_that_many_take_in_is_added_once(place: Place) -> None:
    place.send(BATCH[:1], "first")
    asked = {"of": 0, "text": "Any news?", "message": "m1"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda turn: place.send([asked], f"m{turn}"), range(4)))
    assert Counter(one.result for (one,) in answers) == {Result.ADDED: 1, Result.KNOWN: 3}
    assert place.opened() == {"shop:0": 2}
