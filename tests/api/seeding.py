"""One object of every resource in a workspace, by the name that paths give its id.

The cross-workspace test and `make contract` fill paths from here: a route with a parameter that SEEDS does not name
fails both, until its resource is seeded.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ticketflow.agent import attaching
from ticketflow.api import sessions
from ticketflow.domain import ChunkKind, Workspace
from ticketflow.retrieval import chunks
from ticketflow.runtime import Runtime
from ticketflow.store import cases, certificates, notices, people
from ticketflow.store.certificates import NewCertificate
from ticketflow.testing import FrozenClock


class Asks(Protocol):
    """Whoever calls the API with a key that has every scope."""

    def get(self, path: str) -> Any: ...

    def post(self, path: str, body: Any) -> Any: ...

    def patch(self, path: str, body: Any) -> Any: ...


@dataclass
class Garden:
    """A workspace being seeded: who asks, the words its texts carry, and what is there so far."""

    someone: Asks
    runtime: Runtime
    workspace: Workspace
    words: str
    made: dict[str, str] = field(default_factory=dict)

    def created(self, path: str, body: Any) -> Any:
        """The response to a POST that must succeed."""
        response = self.someone.post(path, body)
        assert response.status_code in (200, 201, 202), f"seeding POST {path}: {response.text}"
        return response.json()


Seed = Callable[[Garden], str]


def settings(garden: Garden) -> str:
    """Every ticket is drawn for an audit; the settings' own texts carry the words as well."""
    shares = {garden.words: 0.05, "billing": 0.05}  # the examples of certificates speak of billing
    changes = {"audit_share": 1.0, "default_team": garden.words, "category_max_wrong": shares}
    response = garden.someone.patch("/v1/settings", changes)
    assert response.status_code == 200, response.text
    if isinstance(garden.runtime.clock, FrozenClock):
        garden.runtime.clock.advance(1)  # what the agent holds in memory is looked up again
    return ""


def ticket(garden: Garden) -> str:
    opened = garden.created(
        "/v1/tickets", {"subject": garden.words, "body": f"the {garden.words} is loud", "tags": [garden.words]}
    )
    while garden.runtime.runner.run_one():
        pass
    garden.made["run_id"] = opened["run_id"]
    garden.made["decision_id"] = garden.someone.get(f"/v1/tickets/{opened['ticket']['id']}").json()["decision"]["id"]
    return str(opened["ticket"]["id"])


def linked_ticket(garden: Garden) -> str:
    """A second ticket that belongs to the first."""
    other = str(garden.created("/v1/tickets", {"subject": garden.words, "body": garden.words})["ticket"]["id"])
    garden.created(f"/v1/tickets/{garden.made['ticket_id']}/links", {"other_ticket_id": other})
    return other


def attachment(garden: Garden) -> str:
    """A file that came with the ticket."""
    with garden.runtime.database.write() as session:
        content = f"a recording of the {garden.words}".encode()
        ticket_id = garden.made["ticket_id"]
        made = attaching.attach(session, garden.workspace.id, ticket_id, f"{garden.words}.txt", content, "test")
    return made.id


def article(garden: Garden) -> str:
    return str(garden.created("/v1/articles", {"title": garden.words, "body": f"{garden.words} care"})["id"])


def answer(garden: Garden) -> str:
    new = {"label": garden.words, "body": f"feed the {garden.words}", "status": "approved"}
    return str(garden.created("/v1/answers", new)["id"])


def case(garden: Garden) -> str:
    """A resolved ticket that search finds."""
    body = f"the {garden.words} was fed"
    new = cases.NewCase(
        body=body,
        answer_id=garden.made.get("answer_id"),
        category=garden.words,
        priority="normal",
        language="en",
        content_hash=chunks.content_hash(body),
        resolved_at=garden.runtime.clock.now(),
    )
    with garden.runtime.database.write() as session:
        (stored,) = cases.add_many(session, garden.workspace.id, [new])
    source = chunks.Source(ChunkKind.CASE, stored.id, "", body, category=garden.words, answer_id=stored.answer_id)
    prepared = chunks.prepare(garden.runtime.encoder, [source])
    with garden.runtime.database.write() as session:
        chunks.replace(session, garden.workspace, prepared)
    return stored.id


def experiment(garden: Garden) -> str:
    """One that is stopped, so that the next one can begin."""
    sides = {"control": "certified", "treatment": 0.99}
    made = garden.created("/v1/experiments", {"name": garden.words, "factor": "threshold", "sides": sides})
    garden.created(f"/v1/experiments/{made['id']}/stop", None)
    return str(made["id"])


def certificate(garden: Garden) -> str:
    """A refusal: what was looked at and proved nothing."""
    refusal = NewCertificate(
        segment="",
        version="untaught",
        standing="unreachable",
        alpha=0.05,
        delta=0.05,
        look=1,
        spent=0.03,
        threshold=None,
        coverage=0.0,
        wrong_share=0.0,
        upper_bound=1.0,
        labels=0,
        automatic=0,
        errors=0,
        needed=None,
        reason=f"the {garden.words} is too loud",
        passed=[],
        excluded=[],
        source="history",
    )
    with garden.runtime.database.write() as session:
        return certificates.add(session, garden.workspace.id, refusal, live=False).id


def notice(garden: Garden) -> str:
    with garden.runtime.database.write() as session:
        return notices.add(session, garden.workspace.id, "automation.lowered", f"the {garden.words} is wrong").id


def key(garden: Garden) -> str:
    return str(garden.created("/v1/keys", {"name": garden.words, "scopes": ["search:read"]})["id"])


def person(garden: Garden) -> str:
    """Somebody who is signed in."""
    address = f"{garden.words.replace(' ', '.')}@example.com"
    made = garden.created("/v1/people", {"email": address, "name": garden.words, "role": "viewer"})
    with garden.runtime.database.write() as session:
        who = people.get(session, garden.workspace.id, made["id"])
        sessions.begin(session, garden.runtime.secret, who)
    return str(made["id"])


def endpoint(garden: Garden) -> str:
    """With a test that is to be delivered to it."""
    new = {"url": "https://hooks.example.org/", "description": garden.words}
    made = garden.created("/v1/webhooks/endpoints", new)
    garden.made["delivery_id"] = str(garden.created(f"/v1/webhooks/endpoints/{made['id']}/test", None)["id"])
    return str(made["id"])


def source(garden: Garden) -> str:
    """Another system that may send tickets."""
    slug = garden.words.replace(" ", "-")
    made = garden.created("/v1/sources", {"slug": slug, "name": garden.words, "mapping": {"body": "$.text"}})
    garden.made["source"] = str(made["address"])
    return str(made["id"])


def export(garden: Garden) -> str:
    """One whose content can be downloaded."""
    made = garden.created("/v1/exports", None)
    while garden.runtime.runner.run_one():
        pass
    return str(made["id"])


SEEDS: dict[str, Seed] = {
    "": settings,
    "answer_id": answer,
    "article_id": article,
    "case_id": case,
    "ticket_id": ticket,  # and with it run_id and decision_id
    "other_ticket_id": linked_ticket,
    "attachment_id": attachment,
    "experiment_id": experiment,
    "certificate_id": certificate,
    "notice_id": notice,
    "export_id": export,
    "endpoint_id": endpoint,  # and with it delivery_id
    "source_id": source,  # and with it source, its address
    "key_id": key,
    "person_id": person,
}
"""What makes an object, by the name of the path parameter that asks for its id; in this order."""


def seeded(
    someone: Asks, runtime: Runtime, workspace: Workspace, words: str, *, rounds: int = 2
) -> list[dict[str, str]]:
    """So many objects of every resource, so that lists have a second page: ids by parameter name, the newest last.

    `someone` has a key of the workspace; every text of the objects holds `words`. No worker may be at work.
    """
    garden = Garden(someone, runtime, workspace, words)
    found: list[dict[str, str]] = []
    for turn in range(rounds):
        garden.words = words if turn == 0 else f"{words} {turn + 1}"
        for name, seed in SEEDS.items():
            garden.made[name] = seed(garden)
        garden.made.pop("")
        found.append(dict(garden.made))
    return found
