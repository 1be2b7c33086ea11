"""The client against the real server: tickets, lists, errors, events, and the same awaited."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from agent_harness import CLEAR, NOVEL
from served_harness import Served

from ticketflow.api.scopes import Scope
from ticketflow_client import AsyncTicketFlow, TicketFlow, errors, schemas
from ticketflow_client.generated.async_resources import AsyncResources
from ticketflow_client.generated.resources import Resources


def opened(client: TicketFlow, body: str = CLEAR.body) -> schemas.TicketDetail:
    """A ticket that the agent has decided."""
    ticket = client.tickets.read(client.tickets.open(subject=CLEAR.subject, body=body).ticket.id)
    deadline = time.monotonic() + 20
    while ticket.status == "processing" and time.monotonic() < deadline:
        time.sleep(0.01)
        ticket = client.tickets.read(ticket.id)
    return ticket


def test_a_ticket_is_opened_decided_and_read_with_its_types(client: TicketFlow) -> None:
    ticket = opened(client)
    assert (ticket.status, ticket.subject) == ("resolved", "Password")
    assert ticket.decision is not None
    assert (ticket.decision.action, ticket.decision.label) == ("resolve", "password")
    assert ticket.created_at == datetime(2023, 11, 14, 23, 13, 20, tzinfo=UTC), "the company's clock"
    assert [said.author for said in ticket.messages] == ["requester", "agent"]
    runs = client.tickets.list_runs(ticket.id)
    assert [client.runs.read(run.id).state for run in runs.items] == ["succeeded"]
    assert client.decisions.read(ticket.decision.id).id == ticket.decision.id


def test_pages_are_followed_to_the_end(client: TicketFlow) -> None:
    made = [client.articles.write(title=f"Page {number}", body="Some words.").id for number in range(5)]
    first = client.articles.list(limit=2)
    assert [article.id for article in first.items] == made[:2:-1]
    assert first.next_cursor is not None
    second = client.articles.list(limit=2, cursor=first.next_cursor)
    assert not {one.id for one in first.items} & {one.id for one in second.items}
    assert [article.id for article in client.articles.iterate(limit=2)] == made[::-1]
    assert [article.id for article in islice(client.articles.iterate(limit=1), 2)] == made[:2:-1]
    assert list(client.articles.iterate(status=["archived"])) == []


def test_what_is_left_out_stays_and_none_clears(client: TicketFlow) -> None:
    answer = client.answers.write(label="client", body="Words.", team="one", category="two")
    changed = client.answers.change(answer.id, team=None)
    assert (changed.team, changed.category, changed.body) == (None, "two", "Words.")


def test_objects_inside_a_body_are_sent_as_they_were_made(client: TicketFlow) -> None:
    sides = schemas.SidesIn(control="certified", treatment=0.95)
    experiment = client.experiments.start(name="stricter", factor="threshold", sides=sides, metric="resolved")
    assert (experiment.sides.control, experiment.sides.treatment) == ("certified", 0.95)
    assert client.experiments.stop(experiment.id).id == experiment.id


def test_settings_take_tables_and_search_is_called(client: TicketFlow) -> None:
    assert client.settings.change(teams={"billing": "money"}).teams == {"billing": "money"}
    assert client.settings.read().teams == {"billing": "money"}
    hits = client.search(text="where is my refund", kinds=["answer"], limit=1)
    assert [hit.kind for hit in hits.hits] == ["answer"]
    assert client.health.readyz().status == "ready"


def test_refusals_are_told_apart_and_say_what_to_do(client: TicketFlow, served: Served) -> None:
    with pytest.raises(errors.NotFound) as missing:
        client.tickets.read("0192f0c1-7a55-7cc0-8000-3f1a5e9b1c2d")
    assert (missing.value.status, missing.value.code, missing.value.retryable) == (404, "not_found", False)
    with pytest.raises(errors.InvalidInput) as invalid:
        client.tickets.open(subject="no body", body="")
    assert [(one.where, one.pointer) for one in invalid.value.errors] == [("body", "/body")]
    first = client.articles.write(title="One", body="Words.", external_id="a-1")
    with pytest.raises(errors.Conflict) as conflict:
        client.articles.write(title="Two", body="Words.", external_id="a-1")
    assert conflict.value.existing_id == first.id
    with TicketFlow(served.url, served.key_with(Scope.TICKETS_READ)) as reader, pytest.raises(errors.Forbidden):
        reader.settings.read()
    with TicketFlow(served.url, "tf_live_nobody") as stranger, pytest.raises(errors.Unauthenticated):
        stranger.tickets.list()


def test_an_id_that_leads_elsewhere_is_no_id(client: TicketFlow) -> None:
    for wrong in ("", ".", ".."):
        with pytest.raises(ValueError, match="is not an id"):
            client.tickets.read(wrong)
    with pytest.raises(errors.NotFound):
        client.tickets.read("../settings")
    with pytest.raises(errors.NotFound):
        client.tickets.read("x?limit=1#y")


def test_events_are_followed_from_a_seq_on_and_as_they_happen(client: TicketFlow) -> None:
    last = client.events.list(limit=1).last_seq
    waiting, seen = threading.Event(), list[schemas.EventOut]()

    def follow() -> None:
        for event in client.events(after=last, poll_seconds=0.01, limit=1):
            seen.append(event)
            waiting.set()
            if event.type == "ticket.resolved":
                return

    reader = threading.Thread(target=follow)
    reader.start()
    first = opened(client)
    assert waiting.wait(20)
    reader.join(20)
    assert [event.type for event in seen] == ["ticket.created", "decision.made", "ticket.resolved"]
    assert {event.ticket_id for event in seen} == {first.id}
    assert [event.seq for event in seen] == [last + 1, last + 2, last + 3]
    assert [event.seq for event in islice(client.events(after=last + 1), 2)] == [last + 2, last + 3], "a restart"


def test_the_async_client_does_the_same(served: Served) -> None:
    async def tried() -> None:
        async with AsyncTicketFlow(served.url, served.key) as client:
            made = await client.tickets.open(subject=NOVEL.subject, body=NOVEL.body)
            found = None
            async for event in client.events(poll_seconds=0.01, limit=50):
                if event.ticket_id == made.ticket.id and event.type == "ticket.escalated":
                    found = event
                    break
            assert found is not None
            assert (await client.tickets.read(made.ticket.id)).status == "escalated"
            read, listed = await asyncio.gather(client.settings.read(), client.tickets.list(limit=1))
            assert (read.max_wrong, len(listed.items)) == (0.1, 1)
            walked = [ticket.id async for ticket in client.tickets.iterate(limit=1)]
            assert made.ticket.id in walked
            assert len(set(walked)) == len(walked)
            with pytest.raises(errors.NotFound):
                await client.tickets.read("nobody")

    asyncio.run(within(tried()))


async def within(work: Coroutine[Any, Any, None]) -> None:
    await asyncio.wait_for(work, 30)


def test_both_clients_offer_the_same() -> None:
    class Nobody:
        pass

    sync, awaited = vars(Resources(Nobody())), vars(AsyncResources(Nobody()))  # pyright: ignore[reportArgumentType]
    assert list(sync) == list(awaited)

    def methods(resource: object) -> set[str]:
        return {name for name in vars(type(resource)) if name == "__call__" or not name.startswith("_")}

    assert {name: methods(one) for name, one in sync.items()} == {name: methods(one) for name, one in awaited.items()}
