"""The database fails under a running installation: callers are told when to come back, nothing accepted is lost.

`make test-processes` runs this; `make test-tidb`, on TiDB.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import farm
import pytest
from farm import Answer, Farm, call, until
from proxy import Proxy
from sqlalchemy.engine import make_url

import databases
from ticketflow.db.tidb import ANSWER_SECONDS, CONNECT_SECONDS

sys.path.insert(0, str(Path(__file__).parent.parent / "tidb"))
import run as tidb

RECOVERS_SECONDS = 10.0
CROWD = 60
PASSWORD = "faults"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


class Company(Farm):
    """A farm of one server and one worker whose database may fail."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        super().__init__(folder, database_url)
        self.server, self.port = self.serve()
        self.worker = self.work()
        self.accepted: list[str] = []
        self.accept(1)
        with self.at_rest():
            pass  # both have begun their work: what cannot even start ends with an error

    def post(self, *, seconds: float = 60.0) -> Answer:
        """Post a ticket; what is accepted is remembered."""
        body = {"subject": "", "body": farm.TEXT.format(len(self.accepted))}
        answer = call(self.port, self.key, "POST", "/v1/tickets", body, seconds=seconds)
        if answer.status == 202:
            self.accepted.append(answer.body["ticket"]["id"])
        return answer

    def accept(self, count: int) -> None:
        for _ in range(count):
            assert self.post().status == 202

    def refuses(self, *, within: float, reads: bool = False) -> Answer:
        """The refusal that a caller gets, and that it comes in time. `reads`: what only reads may still be served."""
        began = time.monotonic()
        answer = self.post(seconds=within + 5)
        assert time.monotonic() - began < within
        assert answer.status == 503, answer
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.body["retryable"] is True
        assert answer.body["remedy"]
        assert "Traceback" not in str(answer.body)
        ready = call(self.port, self.key, "GET", "/readyz", seconds=within + 5)
        assert (ready.status, "retry-after" in ready.headers) in [(503, True), *([(200, False)] if reads else [])]
        assert call(self.port, self.key, "GET", "/healthz").status == 200
        return answer

    def refuses_a_crowd(self, *, within: float) -> None:
        """More callers than the server has threads and connections: all are told, and it says that it lives."""
        with ThreadPoolExecutor(CROWD) as pool:
            began = time.monotonic()
            asked = [pool.submit(self.post, seconds=within) for _ in range(CROWD)]
            time.sleep(1.0)
            for _ in range(3):
                assert call(self.port, self.key, "GET", "/healthz", seconds=2).status == 200
            answers = [one.result() for one in asked]
            assert time.monotonic() - began < within
        assert {answer.status for answer in answers} == {503}
        assert all("retry-after" in answer.headers for answer in answers)

    def recovers(self) -> float:
        """Everything goes on unaided; after how many seconds."""
        began = time.monotonic()
        until(lambda: self.post().status == 202, RECOVERS_SECONDS)
        took = time.monotonic() - began
        self.accept(3)
        until(lambda: call(self.port, self.key, "GET", "/readyz").status == 200, RECOVERS_SECONDS)
        assert self.server.poll() is None
        assert self.worker.poll() is None
        with self.at_rest(40) as database:
            assert farm.findings(database, self.accepted) == []
        return took


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 192 MB: with less than 100 MB of room a server is not ready."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("file systems cannot be mounted here (it takes root)")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@databases.on_sqlite_only
def test_a_full_disk(small_disk: Path) -> None:
    company = Company(small_disk)
    try:
        company.accept(3)
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        refused = _until_refused(company)
        assert "disk is full" in refused.body["detail"]
        company.refuses(within=10, reads=True)
        filler.unlink()
        company.recovers()
    finally:
        company.close()


def _until_refused(company: Company) -> Answer:
    for _ in range(50):  # the journal's file may have room for some more
        answer = company.post()
        if answer.status != 202:
            return answer
    raise AssertionError("the disk never filled")


@databases.on_sqlite_only
def test_a_database_that_somebody_locks_for_longer_than_anybody_waits(tmp_path: Path) -> None:
    company = Company(tmp_path)
    try:
        company.accept(3)
        file = make_url(company.url).database
        assert file is not None
        intruder = sqlite3.connect(file, isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")
        refused = company.refuses(within=40, reads=True)
        assert "locked" in refused.body["detail"]
        company.refuses_a_crowd(within=60)
        intruder.execute("ROLLBACK")
        intruder.close()
        company.recovers()
    finally:
        company.close()


@contextmanager
def behind_a_proxy(folder: Path) -> Iterator[tuple[Company, Proxy]]:
    """A company whose way to its TiDB can be cut, with some tickets."""
    behind = make_url(databases.url(folder / "farm.db"))
    proxy = Proxy(behind.port or 4000)
    company = Company(folder, behind.set(port=proxy.port).render_as_string(hide_password=False))
    try:
        company.accept(5)
        yield company, proxy
    finally:
        company.close()
        proxy.close()


@databases.on_tidb_only
def test_a_server_that_never_answers(tmp_path: Path) -> None:
    with behind_a_proxy(tmp_path) as (company, proxy):
        proxy.stall()
        refused = company.refuses(within=ANSWER_SECONDS + CONNECT_SECONDS + 5)
        assert "did not answer" in refused.body["detail"]
        company.refuses_a_crowd(within=60)
        proxy.mend()
        company.recovers()


@databases.on_tidb_only
def test_a_server_that_the_network_hides(tmp_path: Path) -> None:
    with behind_a_proxy(tmp_path) as (company, proxy):
        proxy.cut()
        refused = company.refuses(within=15)
        assert "did not answer" in refused.body["detail"]
        assert "secret" not in str(refused.body)
        proxy.mend()
        company.recovers()


@contextmanager
def server(data: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    process = tidb.start(data, PASSWORD, port)
    try:
        yield process
    finally:
        if process.poll() is None:
            tidb.stop(process)


@databases.on_tidb_only
@pytest.mark.skipif(not tidb.SERVER.exists(), reason="needs a server of its own to kill: make tidb")
def test_a_server_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    port, data = tidb.free_port(), tmp_path / "data"
    url = tidb.url(port, PASSWORD)
    with server(data, port) as killed:
        company = Company(tmp_path, url)
        try:
            company.accept(5)
            os.kill(killed.pid, signal.SIGKILL)
            killed.wait()
            company.refuses(within=15)
            with server(data, port):
                company.recovers()
        finally:
            company.close()
