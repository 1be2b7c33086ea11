"""The machine's clock is set under a running installation: nothing is lost, done twice, or left until the time comes.

`make test-processes` runs this; `make test-tidb`, on TiDB, whose own time counts.
"""

import time
from pathlib import Path

import farm
import pytest
from farm import Client, Farm
from sqlalchemy import func, select

import databases
from ticketflow.clock import HOUR, SECOND
from ticketflow.db.tables import ticket

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_clock_goes_an_hour_ahead_back_and_behind(tmp_path: Path) -> None:
    company = Farm(tmp_path)
    began = time.time_ns() // 1_000
    try:
        servers = [company.serve(), company.serve()]
        workers = [company.work(), company.work()]
        client = Client([port for _, port in servers], company.key)
        with client.posting():
            for hours in (1, 0, -1, 0):
                company.set_clock(hours)
                client.goes_on()
                workers.pop(0).kill()  # its lease ends an hour late, or early, by the clock that comes next
                workers.append(company.work())
        assert client.failed == []
        with company.at_rest(30) as database:
            assert farm.findings(database, client.accepted) == []
            with database.read() as session:
                first, last = session.execute(
                    select(func.min(ticket.c.created_at), func.max(ticket.c.created_at))
                ).one()
        if databases.SERVER is None:
            assert first < began - HOUR / 2, "the processes did not see their clock set"
            assert last > began + HOUR / 2
        else:
            assert began - 5 * SECOND < first <= last < time.time_ns() // 1_000 + 5 * SECOND
    finally:
        company.close()
