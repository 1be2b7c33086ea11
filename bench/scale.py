"""Tickets a second, and how long a ticket waits, with 1, 2 and 4 worker processes on SQLite and on TiDB.

Every worker is `ticketflow worker --threads 1`, a process as an operator starts it, with one thread for its numerics.
The numbers of workers take turns, on both databases. Throughput is that of a backlog which becomes visible in one
commit, without its first tenth, and the best of its rounds: whatever else the machine does can only take away. The wait
is that of tickets which come one after the other at half of what one worker did at first, and the median of its rounds.
Both are read from the runs' own times, accepted and decided; the latter is when the last transaction began, so what its
lock and its commit take is not in a wait.

TiDB is measured beside SQLite where --tidb or TICKETFLOW_TEST_DATABASE_URL names one; its server then shares the cores.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import select

from common import ROOT, Bar, data, report, sample
from search_quality import banking77

sys.path.insert(0, str(ROOT / "tests"))

import databases
from ticketflow.agent import pipeline
from ticketflow.config import Config
from ticketflow.db.tables import run
from ticketflow.runtime import build
from ticketflow.store.tickets import NewTicket
from ticketflow.workflow import queue
from ticketflow.workflow.queue import RunState

SQLITE, TIDB = "SQLite", "TiDB"
WORKER = [sys.executable, "-m", "ticketflow", "worker", "--threads", "1", "--attached"]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TICKETFLOW_ENCODER_THREADS"), "1")
WARMING = 12  # tickets for each worker before anything is measured
PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Load:
    """How much is asked of each number of workers. `every` thins the history; `bar` is for two against one."""

    workers: tuple[int, ...]
    every: int
    backlog: int
    rounds: int
    steady_seconds: float
    bar: float


FULL = Load(workers=(1, 2, 4), every=4, backlog=240, rounds=5, steady_seconds=4, bar=1.3)
SHORT = Load(workers=(1, 2), every=20, backlog=100, rounds=2, steady_seconds=2, bar=1.1)


@dataclass
class Arm:
    """What so many workers did, by round: tickets a second, waits in ms, and the cores that others used meanwhile."""

    rates: list[float] = field(default_factory=list)
    waits: list[list[float]] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return max(self.rates)

    def wait(self, share: int) -> float:
        return statistics.median(float(np.percentile(waits, share)) for waits in self.waits)


@dataclass(frozen=True)
class Ended:
    """A run that has ended: when it was accepted and decided, in microseconds, and how often it was claimed."""

    accepted: int
    decided: int
    claims: int
    succeeded: bool


@dataclass(frozen=True)
class Spent:
    """Seconds: on the wall, of the machine's cores together, and of those what this bench and its workers used."""

    wall: float
    machine: float
    ours: float

    @classmethod
    def so_far(cls, processes: Sequence[subprocess.Popen[bytes]]) -> "Spent":
        """As Linux tells; elsewhere nobody is known to use anything."""
        if not Path("/proc/stat").exists():
            return cls(time.monotonic(), 0, 0)
        ticks = os.sysconf("SC_CLK_TCK")
        user, nice, system, _idle, _wait, *rest = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
        ours = sum(os.times()[:2])
        for process in processes:
            ours += sum(map(int, Path(f"/proc/{process.pid}/stat").read_text().split()[13:15])) / ticks
        return cls(time.monotonic(), (user + nice + system + sum(rest)) / ticks, ours)

    def by_others_since(self, before: "Spent") -> float:
        """Cores that everybody else used on average."""
        used = (self.machine - before.machine) - (self.ours - before.ours)
        return max(0.0, used / (self.wall - before.wall))


class Company:
    """An installation with a history, the processes that work for it, and what was measured of them."""

    def __init__(self, name: str, url: str, home: Path, train: Path, questions: Sequence[str]) -> None:
        self.name = name
        self.arms: dict[int, Arm] = {}
        self.pace = 0.0
        self.ended: list[Ended] = []
        self._home = home
        self._environment = os.environ | ONE_THREAD | {"TICKETFLOW_DATABASE_URL": url, "TICKETFLOW_HOME": str(home)}
        self._command("import", str(train), "--text", "text", "--answer", "category", "--json")
        self.runtime = build(Config(home=home, database_url=url))
        self._workspace_id = self.runtime.workspace().id
        self._questions = questions
        self._asked = 0

    def turn(self, workers: int, load: Load) -> None:
        """One round of so many workers."""
        arm = self.arms.setdefault(workers, Arm())
        with self._working(workers) as processes:
            self._burst(WARMING * workers)
            before = Spent.so_far(processes)
            arm.rates.append(self._burst(load.backlog))
            arm.others.append(Spent.so_far(processes).by_others_since(before))
            self.pace = self.pace or arm.rates[0] / 2
            arm.waits.append(self._steady(self.pace, load.steady_seconds))

    def _burst(self, count: int) -> float:
        """Tickets a second of a backlog. Its first tenth is what the workers do until the last of them has seen it."""
        decided = sorted(each.decided for each in self._done(self._accept(count)))
        skipped = count // 10
        return (count - skipped - 1) / ((decided[-1] - decided[skipped]) / 1e6)

    def _steady(self, rate: float, seconds: float) -> list[float]:
        """The wait of each ticket, in ms, while one comes every 1 / `rate` s."""
        ids: list[str] = []
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            ids += self._accept(1)
            time.sleep(max(0.0, began + len(ids) / rate - time.monotonic()))
        return [(each.decided - each.accepted) / 1e3 for each in self._done(ids)]

    def _accept(self, count: int) -> list[str]:
        with self.runtime.database.write() as session:
            ids: list[str] = []
            for _ in range(count):
                new = NewTicket(body=self._questions[self._asked % len(self._questions)])
                self._asked += 1
                ids.append(pipeline.start(session, self._workspace_id, new)[1])
        return ids

    def _done(self, ids: list[str]) -> list[Ended]:
        """These runs, once no ticket is left to work on."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with self.runtime.database.read() as session:
                left = queue.next_due(session, {pipeline.TICKET_WORKFLOW.name: pipeline.TICKET_WORKFLOW.version})
                if left is None:
                    rows = session.execute(select(run).where(run.c.id.in_(ids))).all()
                    break
            time.sleep(LOOK_SECONDS)
        else:
            raise SystemExit(f"{self.name}: the workers did not end their tickets in time.{self._logged()}")
        ended = [
            Ended(row.created_at, row.updated_at, row.fence, row.state == RunState.SUCCEEDED.value) for row in rows
        ]
        self.ended += ended
        return ended

    @contextmanager
    def _working(self, number: int) -> Generator[list[subprocess.Popen[bytes]]]:
        """So many worker processes that have begun to look for work."""
        logs = [self._home / f"worker-{each}.log" for each in range(number)]
        started: list[subprocess.Popen[bytes]] = []
        try:
            for log in logs:
                with log.open("wb") as file:
                    process = subprocess.Popen(
                        WORKER,
                        env=self._environment,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.DEVNULL,
                        stderr=file,
                    )
                started.append(process)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not all("worker_started" in log.read_text() for log in logs):
                if time.monotonic() > deadline or any(process.poll() is not None for process in started):
                    raise SystemExit(f"{self.name}: a worker did not start.{self._logged()}")
                time.sleep(LOOK_SECONDS)
            yield started
        finally:
            for process in started:
                assert process.stdin is not None
                process.stdin.close()
            for process in started:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(30)
                process.kill()

    def _logged(self) -> str:
        return "".join(f"\n{log.name}: {log.read_text()[-500:]}" for log in sorted(self._home.glob("worker-*.log")))

    def _command(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "ticketflow", *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")


def main() -> int:
    """Run the bench; 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--short", action="store_true", help="1 and 2 workers, a small history and a wide bar.")
    options.add_argument("--tidb", metavar="URL", help="A TiDB server. [default: TICKETFLOW_TEST_DATABASE_URL]")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    folder = data("banking77")
    if folder is None:
        return 0
    databases.SERVER = chosen.tidb or databases.SERVER
    load = SHORT if chosen.short else FULL
    companies: list[Company] = []
    busy = os.getloadavg()[0]
    try:
        with tempfile.TemporaryDirectory(prefix="scale-") as place:
            train = sample(folder / "train.csv", Path(place) / "train.csv", load.every)
            history, questions = banking77()
            held, texts = len(history[:: load.every]), [text for text, _ in questions]
            for name, url in _places(Path(place)):
                companies.append(Company(name, url, Path(place) / name, train, texts))
            _measure(companies, load)
    finally:
        for company in companies:
            company.runtime.close()
        if databases.SERVER is not None:
            databases.drop_all()
    conditions = f"{load.rounds} backlogs of {load.backlog}, {held:,} cases, load {busy:.1f} at the start"
    if not chosen.json:
        _tell(companies, load, conditions)
    if databases.SERVER is None:
        _say("TiDB was not measured: neither --tidb nor TICKETFLOW_TEST_DATABASE_URL names one.", as_json=chosen.json)
    return _judged(companies, load, conditions, as_json=chosen.json)


def _places(place: Path) -> list[tuple[str, str]]:
    found = [(SQLITE, f"sqlite:///{place}/scale.db")]
    return found if databases.SERVER is None else [*found, (TIDB, databases.url(place / "tidb.db"))]


def _measure(companies: Sequence[Company], load: Load) -> None:
    for number in range(load.rounds):
        for company in companies:
            for workers in load.workers if number % 2 == 0 else load.workers[::-1]:
                company.turn(workers, load)


def _against_one(company: Company, workers: int) -> float:
    return company.arms[workers].rate / company.arms[1].rate


def _typically(company: Company, workers: int) -> float:
    """The median over the rounds of so many workers against one, which others' work on the machine pulls down."""
    pairs = zip(company.arms[workers].rates, company.arms[1].rates, strict=True)
    return statistics.median(many / one for many, one in pairs)


def _tell(companies: Sequence[Company], load: Load, conditions: str) -> None:
    print(f"\n{conditions}; one thread a worker, steady arrivals for {load.rounds} x {load.steady_seconds:g} s")
    head = f"{'tickets/s':>10}{'median':>8}{'lowest':>8}{'against 1':>11}{'wait p50':>11}{'wait p95':>11}{'others':>10}"
    names = [f"{company.name}, a ticket every {1e3 / company.pace:.0f} ms" for company in companies]
    print(f"{'':8}" + "".join(f"  {name:>{len(head)}}" for name in names))
    print(f"{'workers':8}" + f"  {head}" * len(companies))
    for workers in load.workers:
        arms = [(company.arms[workers], _against_one(company, workers)) for company in companies]
        print(f"{workers:<8}" + "".join(f"  {_row(arm, against_one)}" for arm, against_one in arms))
    print("others: cores used by everything else during the backlogs, TiDB's server included; the median of the rounds")


def _row(arm: Arm, against_one: float) -> str:
    rates = f"{arm.rate:10.1f}{statistics.median(arm.rates):8.1f}{min(arm.rates):8.1f}{against_one:9.2f} x"
    return f"{rates}{arm.wait(50):8.0f} ms{arm.wait(95):8.0f} ms{statistics.median(arm.others):10.2f}"


def _judged(companies: Sequence[Company], load: Load, conditions: str, *, as_json: bool) -> int:
    bars: list[Bar] = []
    for company in companies:
        steady = f"a ticket every {1e3 / company.pace:.0f} ms, {load.rounds} x {load.steady_seconds:g} s"
        for workers, arm in company.arms.items() if as_json else ():  # otherwise the table has told it
            name = f"{company.name}, workers: {workers}"
            bars.append(Bar(name, arm.rate, None, "tickets/s", conditions))
            bars.append(Bar(f"{name}, median", statistics.median(arm.rates), None, "tickets/s", conditions))
            bars += [Bar(f"{name}, wait p{share}", arm.wait(share), None, "ms", steady) for share in (50, 95)]
            bars.append(Bar(f"{name}, others", statistics.median(arm.others), None, "cores", "during the backlogs"))
        for workers in load.workers[1:]:
            bar = load.bar if (company.name, workers) == (SQLITE, 2) else None
            ratio = _against_one(company, workers)
            bars.append(Bar(f"{company.name}, {workers} against 1", ratio, bar, "times", "best of the rounds"))
            bars.append(
                Bar(
                    f"{company.name}, {workers} against 1, typical",
                    _typically(company, workers),
                    None,
                    "times",
                    "median of each round's",
                )
            )
        told = f"of {len(company.ended):,} tickets"
        failed = sum(not each.succeeded for each in company.ended)
        again = sum(each.claims > 1 for each in company.ended)
        bars.append(Bar(f"{company.name}, not decided", failed, 0, "tickets", told, least=False))
        bars.append(Bar(f"{company.name}, claimed again", again, None, "tickets", told))
    status = report("Worker processes on one database", bars, as_json=as_json)
    busy = statistics.median(others for company in companies for arm in company.arms.values() for others in arm.others)
    for bar in bars:
        if not bar.met:
            told = f"Missed: {bar.name} is {bar.figure:.3g} {bar.unit}; the bar is {bar.bar:g}."
            _say(f"{told} Everything else used {busy:.1f} of {os.cpu_count()} cores meanwhile.", as_json=as_json)
    return status


def _say(sentence: str, *, as_json: bool) -> None:
    print(sentence, file=sys.stderr if as_json else sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
