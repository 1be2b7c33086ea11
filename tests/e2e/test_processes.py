"""Several servers and several workers on one database, none of them a leader, each restarted under load.

`make test-processes` runs this; `make test-tidb`, on TiDB.
"""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import farm
import pytest
from farm import Client, Farm, call, until
from sqlalchemy import select

from ticketflow.db.tables import run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Farm]:
    made = Farm(tmp_path)
    yield made
    made.close()


def test_two_servers_and_two_workers_are_restarted_in_turn_and_no_accepted_request_fails(company: Farm) -> None:
    servers = [company.serve(), company.serve()]
    workers = [company.work(), company.work()]
    ports = [port for _, port in servers]

    # What is written in one process is seen by the others: by the event log of the other server, and by a worker.
    first = call(ports[0], company.key, "POST", "/v1/tickets", {"subject": "", "body": "My parcel never came."})
    assert first.status == 202
    ticket_id = first.body["ticket"]["id"]

    def seen(kind: str) -> bool:
        page = call(ports[1], company.key, "GET", "/v1/events?limit=200").body
        return any(one["type"] == kind and one["ticket_id"] == ticket_id for one in page["items"])

    until(lambda: seen("ticket.created"), 5)
    until(lambda: seen("decision.made"), 20)

    client = Client(ports, company.key)
    with client.posting():
        for place in range(2):
            process, port = servers[place]
            process.send_signal(signal.SIGTERM)
            assert process.wait(25) == 0
            servers[place] = company.serve(port)
            workers[place].send_signal(signal.SIGTERM)
            assert workers[place].wait(25) == 0
            workers[place] = company.work()

    print(f"{len(client.accepted)} accepted, {client.elsewhere} sent to the other server, {len(client.failed)} failed")
    assert client.failed == []
    with company.at_rest() as database:
        assert farm.findings(database, [ticket_id, *client.accepted]) == []
        with database.read() as session:
            attempts = set(session.execute(select(run.c.attempt).where(run.c.workflow == "ticket")).scalars())
    assert attempts == {1}, "a worker that is asked to stop ends what it has begun"


def test_a_killed_worker_and_a_killed_server_lose_nothing(company: Farm) -> None:
    servers = [company.serve(), company.serve()]
    workers = [company.work(), company.work()]
    client = Client([port for _, port in servers], company.key)
    with client.posting():
        workers[0].kill()
        time.sleep(0.3)
        servers[0][0].kill()
    with company.at_rest() as database:
        assert farm.findings(database, client.accepted) == []
